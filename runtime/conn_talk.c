/*
 * conn_talk.c - what the machine says itself, and how long it waits for the peer
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "conn_impl.h"

/*
 * To be told at the end of each turn that brought bytes: @left of them wait for the rest of
 * their frame.
 */
void via_conn_rest(struct via_conn *conn, size_t left, int64_t now) {
        if (conn->state & VIA_CONN_HELLO_SEEN)
                conn->due = left || conn->skip ? now + conn->stall_ms : INT64_MAX;
}

/* A peer that we do not read cannot keep us waiting; once we do, via_conn_rest() is due. */
void via_conn_pause(struct via_conn *conn) {
        if (conn->state & VIA_CONN_HELLO_SEEN)
                conn->due = INT64_MAX;
}

/* Whether the peer has kept us waiting too long: 0, or -ETIMEDOUT (conn->why says for what). */
int via_conn_tick(struct via_conn *conn, int64_t now) {
        if (now < conn->due)
                return 0;
        if (conn->state & VIA_CONN_HELLO_SEEN)
                via_conn_fault(conn, "half a frame, then silence for %u ms", conn->stall_ms);
        else
                via_conn_fault(conn, "no hello within %u ms", conn->handshake_ms);
        return -ETIMEDOUT;
}

/* This end leaves, or turns the peer away: says so once, in via_conn_pull(). */
void via_conn_goaway(struct via_conn *conn, uint8_t code, const char *why) {
        if (conn->state & (VIA_CONN_GOAWAY_DUE | VIA_CONN_GOAWAY_SENT))
                return;
        if (why != conn->why && via_conn_words(conn))
                snprintf(conn->why, VIA_CONN_WHY, "%s", why);
        conn->goaway_code = code;
        conn->state |= VIA_CONN_GOAWAY_DUE;
}

/* Asks whether the peer is there; of several that are due the newest is sent. */
void via_conn_ping(struct via_conn *conn, uint32_t value) {
        conn->ping = value;
        conn->state |= VIA_CONN_PING_DUE;
}

static uint8_t *put_hello(const struct via_conn *conn, uint8_t *p) {
        wire_put_header(p, &(struct wire_header){ .length = WIRE_HELLO,
                                                  .type = WIRE_HELLO_FRAME,
                                                  .id = WIRE_MAGIC,
                                                  .value = WIRE_VERSION << 16 | WIRE_VERSION });
        wire_put32(p + WIRE_HEADER, (uint32_t)conn->max_message);
        wire_put32(p + WIRE_HEADER + 4, conn->max_calls);
        wire_put32(p + WIRE_HEADER + 8, conn->stream_credit);
        wire_put32(p + WIRE_HEADER + 12, conn->link.window);
        return p + WIRE_HEADER + WIRE_HELLO;
}

static uint8_t *put_empty(uint8_t *p, enum wire_type type, uint8_t flags, uint32_t value) {
        wire_put_header(p, &(struct wire_header){
                                   .type = (uint8_t)type, .flags = flags, .value = value });
        return p + WIRE_HEADER;
}

static uint8_t *put_goaway(const struct via_conn *conn, uint8_t *p) {
        size_t n = strlen(conn->why);

        wire_put_header(p, &(struct wire_header){ .length = (uint32_t)n,
                                                  .type = WIRE_GOAWAY,
                                                  .id = conn->last_id,
                                                  .value = conn->goaway_code });
        memcpy(p + WIRE_HEADER, conn->why, n);
        return p + WIRE_HEADER + n;
}

/*
 * Writes the control frames that are due into the VIA_CONN_PULL bytes at @buf; returns how many
 * it took.
 */
size_t via_conn_pull(struct via_conn *conn, uint8_t *buf) {
        uint8_t due = conn->state, *p = buf;
        uint32_t credit;

        conn->state &= (uint8_t) ~(VIA_CONN_HELLO_DUE | VIA_CONN_PONG_DUE | VIA_CONN_PING_DUE |
                                   VIA_CONN_CREDIT_DUE | VIA_CONN_GOAWAY_DUE);
        if (due & VIA_CONN_HELLO_DUE)
                p = put_hello(conn, p);
        if (due & VIA_CONN_PONG_DUE)
                p = put_empty(p, WIRE_PONG, 0, conn->pong);
        if (due & VIA_CONN_PING_DUE)
                p = put_empty(p, WIRE_PING, 0, conn->ping);
        if (due & VIA_CONN_CREDIT_DUE) {
                credit = via_conn_announce(conn);
                if (credit)
                        p = put_empty(p, WIRE_CREDIT, WIRE_LINK, credit);
        }
        if (due & VIA_CONN_GOAWAY_DUE) {
                p = put_goaway(conn, p);
                conn->state |= VIA_CONN_GOAWAY_SENT;
        }
        return (size_t)(p - buf);
}

/*
 * As via_conn_pull(), but for the goaway: what may overtake all else. A goaway is the last word,
 * behind everything.
 */
size_t via_conn_pull_early(struct via_conn *conn, uint8_t *buf) {
        uint8_t goaway = conn->state & VIA_CONN_GOAWAY_DUE;
        size_t n;

        conn->state &= (uint8_t)~VIA_CONN_GOAWAY_DUE;
        n = via_conn_pull(conn, buf);
        conn->state |= goaway;
        return n;
}
