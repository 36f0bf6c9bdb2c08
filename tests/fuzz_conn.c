/*
 * fuzz_conn.c - whatever a peer sends, the machine makes the same of it however it is cut
 *
 * The first byte says how big a message may be, the second and third how the rest is cut. One
 * connection is shown all of it at once, the next one in pieces, each in memory of just its
 * size; both must see the same events, end for the same reason, and say the same themselves.
 */
#include <errno.h>
#include <stdlib.h>
#include "conn.h"
#include "fuzz.h"
#include "random.h"

enum { CALLS = 10 };

/* What was made of the bytes so far. */
struct outcome {
        struct via_conn conn;
        uint64_t        sum;                    /* over all events, in order */
        unsigned        n_events;
        uint8_t         said[VIA_CONN_PULL];
        size_t          n_said;
        int             r;
};

static void must(bool is) {
        if (!is)
                abort();
}

static void add(struct outcome *o, const void *bytes, size_t n) {
        for (size_t i = 0; i < n; i++)
                o->sum = (o->sum ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3;
}

static void add_number(struct outcome *o, uint64_t number) {
        add(o, &number, sizeof(number));
}

static void start(struct outcome *o, uint64_t max_message) {
        static char call[CALLS];
        struct via_limits limits = { .v = { [VIA_LIMIT_MESSAGE] = max_message } };
        uint32_t id;

        *o = (struct outcome){ .n_events = 0 };
        via_conn_init(&o->conn, &limits, 0);
        for (int i = 0; i < CALLS; i++)
                must(via_calls_add(&o->conn.calls, &call[i], INT64_MAX, &id) == 0);
}

static void take(struct outcome *o, const struct via_event *ev, const uint8_t *from,
                 const uint8_t *to) {
        o->n_events++;
        add_number(o, (uint64_t)ev->type << 32 | ev->id);
        add_number(o, (uint64_t)ev->value << 32 | ev->size);
        add_number(o, (uint64_t)ev->oneway | (uint64_t)ev->too_big << 1);
        add_number(o, ev->method);
        add_number(o, (uintptr_t)ev->call);
        must(!ev->call == (ev->type != VIA_EVENT_REPLY));
        if (ev->too_big) {
                must(!ev->body && ev->size > o->conn.max_message);
                return;
        }
        if (ev->size == 0)
                return;
        must(ev->body >= from && ev->body <= to && ev->size <= (size_t)(to - ev->body));
        must(ev->size <= o->conn.max_message || ev->size <= WIRE_TEXT_MAX);
        add(o, ev->body, ev->size);
}

/* Shows what is at @data, in memory of its own; returns how much of it is dealt with. */
static size_t show(struct outcome *o, const uint8_t *data, size_t size) {
        uint8_t *copy = malloc(size ? size : 1);
        size_t at = 0, used;

        must(copy);
        if (size)
                memcpy(copy, data, size);
        do {
                struct via_event ev = { .body = NULL };

                used = SIZE_MAX;
                o->r = via_conn_next(&o->conn, copy + at, size - at, &used, &ev);
                must(used <= size - at);
                at += used;
                if (o->r == 0)
                        take(o, &ev, copy, copy + at);
        } while (o->r == 0);
        must(o->r == VIA_CONN_MORE || o->r == -EPROTO || o->r == -EPROTONOSUPPORT);
        must(strlen(o->conn.why) < sizeof(o->conn.why));
        free(copy);
        return at;
}

static void stop(struct outcome *o) {
        if (o->r < 0)
                via_conn_goaway(&o->conn, 3, o->conn.why);
        o->n_said = via_conn_pull(&o->conn, o->said);
        must(o->n_said <= sizeof(o->said));
        must(!via_conn_talks(&o->conn));
        via_conn_fini(&o->conn);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct outcome whole, pieces;
        struct random random;
        uint64_t max_message;
        size_t shown = 0, done = 0, n;

        if (size < 3)
                return 0;
        max_message = (uint64_t)64 << (data[0] & 7);
        random.state = (uint64_t)data[1] << 8 | data[2];
        data += 3;
        size -= 3;

        start(&whole, max_message);
        n = show(&whole, data, size);
        stop(&whole);

        start(&pieces, max_message);
        pieces.r = VIA_CONN_MORE;
        while (shown < size && pieces.r == VIA_CONN_MORE) {
                shown += 1 + random_below(&random, random_once(&random, 2) ? 4 : 200);
                shown = shown < size ? shown : size;
                done += show(&pieces, data + done, shown - done);
                must(shown - done < WIRE_HEADER + (max_message > 4096 ? max_message : 4096));
        }
        stop(&pieces);

        must(done == n && pieces.r == (size ? whole.r : VIA_CONN_MORE));
        must(pieces.n_events == whole.n_events && pieces.sum == whole.sum);
        must(pieces.n_said == whole.n_said && memcmp(pieces.said, whole.said, whole.n_said) == 0);
        must(pieces.conn.state == whole.conn.state);
        return 0;
}
