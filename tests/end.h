#pragma once
/*
 * end.h - one end of a connection without a link, for tests of what the machine makes of bytes
 */
#include "conn.h"
#include "frames.h"
#include "test.h"

/* One end: its machine, the bytes it was shown but not done with, and what was made of them. */
struct end {
        struct via_conn   conn;
        struct via_limits limits;
        uint8_t           held[65536];
        size_t            n_held;
        struct via_event  events[1200];
        unsigned          n_events;
        size_t            bodies;               /* a sum over all bytes of all bodies */
        size_t            metas;                /* and of all metadata */
        struct via_flow   flows[8];             /* for calls that are streams */
        int               r;
};

__attribute__((unused)) static void *sent[2000];        /* addresses to be calls */

static inline void start(struct end *end, uint64_t max_message) {
        memset(end, 0, sizeof(*end));
        via_limits_set(&end->limits, VIA_LIMIT_MESSAGE, max_message, NULL);
        via_limits_set(&end->limits, VIA_LIMIT_HANDSHAKE, 500, NULL);
        via_limits_set(&end->limits, VIA_LIMIT_STALL, 3000, NULL);
        via_limits_set(&end->limits, VIA_LIMIT_METADATA, 64, NULL);
        via_conn_init(&end->conn, &end->limits, 10000);
        end->r = VIA_CONN_MORE;
}

/* Shows the machine what it has not dealt with and @n bytes more, in memory of just that size. */
static inline void arrive(struct end *end, const void *bytes, size_t n) {
        uint8_t *shown;
        size_t at = 0, used;

        REQUIRE(n <= sizeof(end->held) - end->n_held);
        memcpy(end->held + end->n_held, bytes, n);
        end->n_held += n;
        shown = malloc(end->n_held);
        memcpy(shown, end->held, end->n_held);
        do {
                struct via_event *ev = &end->events[end->n_events];

                used = SIZE_MAX;
                end->r = via_conn_next(&end->conn, shown + at, end->n_held - at, &used, ev);
                REQUIRE(used <= end->n_held - at);
                at += used;
                if (end->r)
                        break;
                end->n_events++;
                REQUIRE(end->n_events < sizeof(end->events) / sizeof(end->events[0]));
                if (ev->too_big)
                        REQUIRE(!ev->body);
                else if (ev->size)
                        REQUIRE(ev->body >= shown && ev->body + ev->size <= shown + at);
                else if (ev->meta_size)
                        REQUIRE(ev->meta >= shown && ev->meta + ev->meta_size <= shown + at);
                for (size_t i = 0; !ev->too_big && i < ev->size; i++)
                        end->bodies += (i + 1) * ev->body[i];
                for (size_t i = 0; !ev->too_big && i < ev->meta_size; i++)
                        end->metas += (i + 1) * ev->meta[i];
                ev->body = NULL;
        } while (true);
        free(shown);
        end->n_held -= at;
        memmove(end->held, end->held + at, end->n_held);
}

static inline void arrive_all(struct end *end, struct frames *f) {
        arrive(end, f->data, f->n);
        f->n = 0;
}

/* An end that has been greeted. */
static inline void start_greeted(struct end *end) {
        struct frames f = { .n = 0 };

        start(end, 0);
        frames_hello(&f);
        arrive_all(end, &f);
        REQUIRE(end->r == VIA_CONN_MORE && end->n_held == 0);
}

/* What the machine of @end has to say, as frames that stand in @f. */
static inline unsigned pull(struct end *end, struct frames *f, struct wire_header headers[5]) {
        uint8_t *buf = malloc(VIA_CONN_PULL);
        unsigned n = 0;

        f->n = 0;
        frames_raw(f, buf, via_conn_pull(&end->conn, buf));
        free(buf);
        for (size_t i = 0; i < f->n; i += WIRE_HEADER + headers[n++].length) {
                REQUIRE(n < 5 && f->n - i >= WIRE_HEADER);
                headers[n] = wire_get_header(f->data + i);
                REQUIRE(f->n - i - WIRE_HEADER >= headers[n].length);
        }
        CHECK(!via_conn_talks(&end->conn));
        return n;
}

static inline uint32_t call(struct end *end, void *what, int64_t due) {
        uint32_t id = 0;

        REQUIRE(via_calls_add(&end->conn.calls, what, due, &id) == 0);
        return id;
}

/* A call of this end's that is a stream, with its flow. */
static inline uint32_t open_stream(struct end *end, void *what, uint8_t state,
                                   struct via_flow *flow) {
        uint32_t id = call(end, what, INT64_MAX);

        via_conn_flow(&end->conn, flow, state);
        via_calls_flow(&end->conn.calls, id, flow);
        return id;
}

/* A call of the peer's that stays open; with @flow, a stream. */
static inline void serve_stream(struct end *end, uint32_t id, void *what, uint8_t state,
                                struct via_flow *flow) {
        if (flow)
                via_conn_flow(&end->conn, flow, state);
        REQUIRE(via_opens_add(&end->conn.opens, id, what, INT64_MAX, flow) == 0);
}

static inline void stop(struct end *end) {
        via_conn_fini(&end->conn);
}

/* The first bytes that @f has must end the connection, and be described as @why. */
static inline void refused(struct frames *f, bool greeted, const char *why) {
        static struct end end;

        if (greeted)
                start_greeted(&end);
        else
                start(&end, 0);
        arrive_all(&end, f);
        CHECK_INT(end.r, ==, -EPROTO);
        CHECK_STR(end.conn.why, why);
        CHECK_INT(end.n_events, ==, 0);
        stop(&end);
}
