/*
 * conn_life.c - the machine: how it begins and ends, and what the peer says of its own
 *
 * Both ends are the same machine. Each says hello in its first flush, together with whatever
 * else it has to say, and expects a hello before anything else from the peer.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "conn_impl.h"

static char no_words[1];                        /* of everybody, and never written to */

void via_conn_init(struct via_conn *conn, const struct via_limits *limits, int64_t now) {
        *conn = (struct via_conn){
                .max_message = via_limits_get(limits, VIA_LIMIT_MESSAGE),
                .handshake_ms = (uint32_t)via_limits_get(limits, VIA_LIMIT_HANDSHAKE),
                .stall_ms = (uint32_t)via_limits_get(limits, VIA_LIMIT_STALL),
                .state = VIA_CONN_HELLO_DUE,
                .why = no_words,
        };
        conn->peer_message = conn->max_message;
        conn->max_calls = (uint32_t)via_limits_get(limits, VIA_LIMIT_CALLS);
        conn->max_metadata = (uint16_t)via_limits_get(limits, VIA_LIMIT_METADATA);
        conn->due = now + conn->handshake_ms;
        via_calls_init(&conn->calls, conn->max_calls);
        via_opens_init(&conn->opens, conn->max_calls);
        via_conn_flows_init(conn, limits);
}

/* Forgets all calls without ending them: whoever made them takes them out first. */
void via_conn_fini(struct via_conn *conn) {
        via_calls_fini(&conn->calls);
        via_opens_fini(&conn->opens);
        if (conn->why != no_words)
                free(conn->why);
        conn->why = no_words;
}

char *via_conn_words(struct via_conn *conn) {
        char *words;

        if (conn->why != no_words)
                return conn->why;
        words = malloc(VIA_CONN_WHY);
        if (words)
                conn->why = words;
        return words;
}

int via_conn_fault(struct via_conn *conn, const char *format, ...) {
        char *words = via_conn_words(conn);
        va_list args;

        va_start(args, format);
        if (words)
                vsnprintf(words, VIA_CONN_WHY, format, args);
        va_end(args);
        return -EPROTO;
}

int via_conn_on_hello(struct via_conn *conn, const struct wire_header *h, const uint8_t *body) {
        unsigned oldest = h->value & 0xffff, newest = h->value >> 16;
        uint32_t calls = wire_read32(body + 4);
        int r;

        if (oldest > WIRE_VERSION || newest < WIRE_VERSION) {
                via_conn_fault(conn,
                               "it speaks version %u to %u of the protocol, this end version %d",
                               oldest, newest, WIRE_VERSION);
                return -EPROTONOSUPPORT;
        }
        r = via_conn_flows_hello(conn, wire_read32(body + 8), wire_read32(body + 12));
        if (r < 0)
                return r;
        conn->peer_message = wire_read32(body);
        if (calls < conn->calls.max)
                via_calls_limit(&conn->calls, calls);
        conn->state |= VIA_CONN_HELLO_SEEN;
        conn->due = INT64_MAX;
        return 0;
}

/*
 * A sentence of the peer's goes into our errors and onto terminals: nothing but printable text.
 * It is copied before it is looked at, because the peer may still write to what is shown.
 */
void via_conn_on_goaway(struct via_conn *conn, const struct wire_header *h, const uint8_t *body) {
        size_t n = h->length < VIA_CONN_WHY - 1 ? h->length : VIA_CONN_WHY - 1;
        char *words = via_conn_words(conn);

        if (words && n)
                memcpy(words, body, n);
        for (size_t i = 0; words && i < n; i++)
                if (words[i] < ' ' || words[i] > '~')
                        words[i] = '?';
        if (words)
                words[n] = 0;
        conn->goaway_code = h->value <= 16 ? (uint8_t)h->value : 2;
        conn->state |= VIA_CONN_GOAWAY_SEEN;
        if (conn->state & VIA_CONN_GOAWAY_DUE) {        /* its words are not ours to say */
                conn->state &= (uint8_t)~VIA_CONN_GOAWAY_DUE;
                conn->state |= VIA_CONN_GOAWAY_SENT;
        }
}
