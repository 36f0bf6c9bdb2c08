/*
 * fuzz_conn.c - whatever a peer sends, the machine makes the same of it however it is cut
 *
 * The first byte says how big a message and its metadata may be, the second and third how the
 * rest is cut. One connection is shown all of it at once, the next one in pieces, each in memory
 * of just its size; both must see the same events, end for the same reason, and say the same
 * themselves. Streams are open at both ends: calls of ours, and those that come are served.
 */
#include <errno.h>
#include <stdlib.h>
#include "conn.h"
#include "fuzz.h"
#include "metadata.h"
#include "random.h"

enum { CALLS = 10, SERVED = 20, BOTH = VIA_FLOW_SENDS | VIA_FLOW_RECEIVES };

/* One end of a call: of ours, or of one that has come. */
struct call {
        struct via_flow flow;
        uint32_t        id;
        bool            used;
};

/* What was made of the bytes so far. */
struct outcome {
        struct via_conn conn;
        struct call     calls[CALLS], served[SERVED];
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

/* The id of a call, its low bits, say what streams it has: 0 none. */
static void start(struct outcome *o, uint64_t max_message, uint64_t max_metadata) {
        struct via_limits limits = { .v = { [VIA_LIMIT_MESSAGE] = max_message,
                                            [VIA_LIMIT_METADATA] = max_metadata,
                                            [VIA_LIMIT_STREAM_CREDIT] = WIRE_FIRST_CREDIT,
                                            [VIA_LIMIT_LINK_CREDIT] = 20000,
                                            [VIA_LIMIT_CALLS] = 15 } };

        *o = (struct outcome){ .n_events = 0 };
        via_conn_init(&o->conn, &limits, 0);
        for (int i = 0; i < CALLS; i++) {
                struct call *call = &o->calls[i];

                must(via_calls_add(&o->conn.calls, call, INT64_MAX, &call->id) == 0);
                call->used = true;
                via_conn_flow(&o->conn, &call->flow, call->id & BOTH);
                if (call->id & BOTH)
                        via_calls_flow(&o->conn.calls, call->id, &call->flow);
        }
}

/* What is asked for, and who is answered, depends on nothing but the event. */
static void serve(struct outcome *o, uint32_t id) {
        struct call *call = o->served;

        while (call < o->served + SERVED && call->used)
                call++;
        if (call == o->served + SERVED)
                return;
        *call = (struct call){ .id = id };
        via_conn_flow(&o->conn, &call->flow, id & BOTH);
        call->used = via_opens_add(&o->conn.opens, id, call, INT64_MAX,
                                   id & BOTH ? &call->flow : NULL) == 0;
}

static void end_call(struct outcome *o, struct call *call, bool made) {
        void *taken = NULL;

        if (made)
                via_calls_take(&o->conn.calls, call->id, &taken);
        else
                via_opens_take(&o->conn.opens, call->id, &taken);
        must(taken == call);
        via_conn_drop(&o->conn, &call->flow);
        call->used = false;
}

static void read_item(struct outcome *o, struct call *call, const struct via_event *ev) {
        must(call->flow.state & VIA_FLOW_RECEIVES && !(call->flow.state & VIA_FLOW_ENDED));
        must(call->flow.received <= call->flow.announced);
        if (ev->too_big)
                end_call(o, call, ev->back);
        else if (ev->first && ev->value % 4)
                add_number(o, via_conn_take(&o->conn, &call->flow, ev->value, !ev->more));
}

static void react(struct outcome *o, const struct via_event *ev) {
        struct call *call = ev->call;

        if (ev->type != VIA_EVENT_CALL && call)
                must(call->used && call->id == ev->id);
        switch (ev->type) {
        case VIA_EVENT_CALL:
                if (!ev->oneway)
                        serve(o, ev->id);
                break;
        case VIA_EVENT_REPLY:
                must(call >= o->calls && call < o->calls + CALLS);
                via_conn_drop(&o->conn, &call->flow);
                call->used = false;
                break;
        case VIA_EVENT_ITEM: read_item(o, call, ev); break;
        case VIA_EVENT_END:
        case VIA_EVENT_CANCEL:
                if (ev->id % 8 < 4)
                        end_call(o, call, false);
                break;
        default: break;
        }
}

static void take_meta(struct outcome *o, const struct via_event *ev) {
        struct via_metadata *md = via_metadata_new();
        int r;

        must(md);
        r = via_metadata_read(md, ev->meta, ev->meta_size);
        must(r == via_metadata_check(ev->meta, ev->meta_size, o->conn.max_metadata));
        for (size_t i = 0; i < via_metadata_count(md); i++) {
                const char *key;
                const void *value;
                size_t size;

                must(via_metadata_at(md, i, &key, &value, &size));
                add(o, key, strlen(key));
                add(o, value, size);
        }
        via_metadata_free(md);
}

static void take(struct outcome *o, const struct via_event *ev, const uint8_t *from,
                 const uint8_t *to) {
        bool has_call = ev->type == VIA_EVENT_REPLY || ev->type == VIA_EVENT_CANCEL ||
                        ev->type == VIA_EVENT_HEAD || ev->type == VIA_EVENT_ITEM ||
                        ev->type == VIA_EVENT_END;

        o->n_events++;
        add_number(o, (uint64_t)ev->type << 32 | ev->id);
        add_number(o, (uint64_t)ev->value << 32 | ev->size);
        add_number(o, (uint64_t)ev->oneway | (uint64_t)ev->too_big << 1 | (uint64_t)ev->back << 2 |
                              (uint64_t)ev->first << 3 | (uint64_t)ev->more << 4);
        add_number(o, ev->type == VIA_EVENT_CALL ? ev->method : ev->meta_size);
        if (ev->type != VIA_EVENT_CALL && ev->type != VIA_EVENT_CREDIT)
                must(!ev->call == !has_call);
        if (ev->too_big) {
                must(!ev->body);
                must(ev->size > o->conn.max_message || ev->meta_size > o->conn.max_metadata);
                return;
        }
        if (ev->meta_size) {
                must(ev->meta >= from && ev->meta_size <= (size_t)(to - ev->meta));
                take_meta(o, ev);
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
                must(o->conn.link.received <= o->conn.link.announced);
                if (o->r == 0) {
                        take(o, &ev, copy, copy + at);
                        react(o, &ev);
                }
        } while (o->r == 0);
        must(o->r == VIA_CONN_MORE || o->r == -EPROTO || o->r == -EPROTONOSUPPORT);
        must(strlen(o->conn.why) < VIA_CONN_WHY);
        free(copy);
        return at;
}

static void stop(struct outcome *o) {
        if (o->r < 0)
                via_conn_goaway(&o->conn, 3, o->conn.why);
        o->n_said = via_conn_pull(&o->conn, o->said);
        must(o->n_said <= sizeof(o->said));
        must(!via_conn_talks(&o->conn));
        for (int i = 0; i < CALLS + SERVED; i++) {
                const struct call *call = i < CALLS ? &o->calls[i] : &o->served[i - CALLS];

                add(o, &call->flow, offsetof(struct via_flow, state) + 1);
        }
        add(o, &o->conn.link, offsetof(struct via_flow, state));
        add_number(o, (uint64_t)o->conn.opens.n << 32 | o->conn.last_id);
        via_conn_fini(&o->conn);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct outcome whole, pieces;
        struct random random;
        uint64_t max_message, max_metadata;
        size_t shown = 0, done = 0, n;

        if (size < 3)
                return 0;
        max_message = (uint64_t)64 << (data[0] & 7);
        max_metadata = (uint64_t)64 << (data[0] >> 3 & 3);
        random.state = (uint64_t)data[1] << 8 | data[2];
        data += 3;
        size -= 3;

        start(&whole, max_message, max_metadata);
        n = show(&whole, data, size);
        stop(&whole);

        start(&pieces, max_message, max_metadata);
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
