#pragma once
/*
 * pump.h - moves bytes between a machine and a transport's link
 *
 * Receives into a buffer, hands out the machine's events, lends room in which frames are
 * written, and sends what was written. Never waits, reads no clock and knows no calls. A pump
 * belongs to whoever drives it, together with its pool.
 */
#include <via/transport.h>
#include "buffer.h"
#include "conn.h"

/* What the room is that reserve has lent last. */
enum via_lending { VIA_LENDS_OUT, VIA_LENDS_LINK, VIA_LENDS_HIGH };

/* The stream of what is high, on links with VIA_PRIORITY; all others leave it empty. */
struct via_lane {
        struct via_buffer in, out;
        uint64_t          skip;         /* as via_conn.skip */
        uint64_t          base;         /* as via_pump.base */
};

struct via_pump {
        struct via_conn   conn;
        struct via_link  *link;         /* owned */
        const struct via_loan *loan;    /* of the link, or NULL */
        struct via_pool  *pool;         /* borrowed */
        struct via_buffer in, out;
        /* bytes received next while nothing waits for more: a frame's rest may be aimed */
        size_t            most;
        /* where a large frame is received at once, which `in` would end with: lent, or NULL */
        struct via_buffer aimed;
        const uint8_t    *view;         /* lent by the link to be read, before anything in `in` */
        size_t            view_size, view_used;
        /* bytes written into the link's own room, not yet sent; they go before `out` */
        size_t            lent;
        uint64_t          base;         /* bytes that were ever queued before out.data[0] */
        struct via_lane   high;
        uint8_t           lending;      /* enum via_lending */
        bool              lanes;        /* the link has priorities */
        bool              special;      /* the link has a loan or priorities */
        /* the last receive filled all the room: there may be more */
        bool              full;
        /* bytes of the last large frame in the link's own room, until its answer is waited for */
        uint32_t          large;
};

enum {                                  /* expected conditions */
        VIA_PUMP_BLOCKED = 1,           /* the link takes no more now */
};

enum {
        /* bytes of a frame that is worth receiving where it is to stay */
        VIA_PUMP_LARGE = 128 * 1024,
        /* of its octets so many are sent first, so that its header does not travel alone */
        VIA_PUMP_FIRST = 16 * 1024,
        /* room for it beyond its size: what is received last shall begin at a cache line */
        VIA_PUMP_SPARE = 63,
};

void via_pump_init(struct via_pump *pump, struct via_link *link, struct via_pool *pool,
                   const struct via_limits *limits, int64_t now);
void via_pump_fini(struct via_pump *pump);

int  via_pump_receive(struct via_pump *pump, struct via_buffer *in, size_t most, int timeout_ms);
int  via_pump_drain(struct via_pump *pump, int timeout_ms);
void via_pump_rest(struct via_pump *pump, int64_t now);

uint8_t *via_pump_reserve_more(struct via_pump *pump, size_t size);
void via_pump_forget(struct via_pump *pump);
int  via_pump_send(struct via_pump *pump, struct via_buffer *out, uint64_t *base);
int  via_pump_flush(struct via_pump *pump);
int  via_pump_put_large(struct via_pump *pump, const uint8_t *head, size_t head_size,
                       const uint8_t *data, size_t size);

int  via_pump_arm(struct via_pump *pump, bool read, struct via_wait *ret_wait);

/* pump_aim.c: large frames are received where they are to stay */
bool via_pump_half(const struct via_pump *pump, struct wire_header *ret_header);
void via_pump_aim(struct via_pump *pump, uint8_t *room, size_t size);
int  via_pump_unaim(struct via_pump *pump);
int  via_pump_next_aimed(struct via_pump *pump, struct via_event *ret_event);

/* pump_lanes.c: what the same are on a link with priorities. */
int  via_lanes_drain(struct via_pump *pump, int timeout_ms);
int  via_lanes_next(struct via_pump *pump, struct via_event *ret_event);
size_t via_lanes_rest(struct via_pump *pump);
uint8_t *via_lanes_reserve(struct via_pump *pump, size_t size);
void via_lanes_forget(struct via_pump *pump);
int  via_lanes_put_control(struct via_pump *pump);
int  via_lanes_flush(struct via_pump *pump);

/* via_buffer_room() for what is to be sent, which may be moved to the front by that. */
static inline int via_pump_room(struct via_pump *pump, struct via_buffer *out, uint64_t *base,
                                size_t size) {
        size_t head = out->head;
        int r = via_buffer_room(out, pump->pool, size);

        if (__builtin_expect(head != out->head, 0))
                *base += head - out->head;
        return r;
}

/*
 * The next event in what was received: as via_conn_next(). Its body is good until the next call
 * of this, or of via_pump_rest().
 */
static inline int via_pump_next(struct via_pump *pump, struct via_event *ret_event) {
        struct via_buffer *in = &pump->in;
        const uint8_t *from;
        size_t *at, end, used;
        int r;

        if (__builtin_expect(pump->lanes, 0))
                return via_lanes_next(pump, ret_event);
        if (pump->view_size) {
                from = pump->view;
                at = &pump->view_used;
                end = pump->view_size;
        } else {
                from = in->data;
                at = &in->head;
                end = in->tail;
        }
        if (*at == end)
                return __builtin_expect(pump->aimed.data && !pump->view_size, 0)
                               ? via_pump_next_aimed(pump, ret_event)
                               : VIA_CONN_MORE;
        r = via_conn_next(&pump->conn, from + *at, end - *at, &used, ret_event);
        *at += used;
        return r;
}

/*
 * The body of the next frame, if that is plain (see via_conn_is_plain()) and there is one stream
 * only; *@ret_header is its header. Whoever deals with it says via_pump_took(); NULL, or anybody
 * else: it is via_pump_next()'s. Good as long as an event's.
 */
static inline const uint8_t *via_pump_plain(const struct via_pump *pump,
                                            struct wire_header *ret_header) {
        const uint8_t *from = pump->in.data + pump->in.head;
        size_t size = via_buffer_used(&pump->in);

        if (__builtin_expect(pump->special, 0)) {
                if (pump->lanes)
                        return NULL;
                if (pump->view_size) {
                        from = pump->view + pump->view_used;
                        size = pump->view_size - pump->view_used;
                }
        }
        return via_conn_is_plain(&pump->conn, from, size, ret_header) ? from + WIRE_HEADER : NULL;
}

static inline void via_pump_took(struct via_pump *pump, const struct wire_header *h) {
        if (__builtin_expect(pump->view_size != 0, 0))
                pump->view_used += WIRE_HEADER + (size_t)h->length;
        else
                pump->in.head += WIRE_HEADER + (size_t)h->length;
}

/*
 * Lends @size bytes in which to write frames, the link's own if it has them; what was written is
 * then given to via_pump_commit(). Nothing else of the pump may be used in between. NULL: no
 * memory.
 */
static inline uint8_t *via_pump_reserve(struct via_pump *pump, size_t size) {
        const struct via_buffer *out = &pump->out;

        if (__builtin_expect(pump->special || via_conn_talks(&pump->conn) ||
                                     out->cap - out->tail < size, 0))
                return via_pump_reserve_more(pump, size);
        return out->data + out->tail;
}

/* The same for a frame that may overtake what is normal, where the link can do that. */
static inline uint8_t *via_pump_reserve_for(struct via_pump *pump, bool high, size_t size) {
        return __builtin_expect(high && pump->lanes, 0) ? via_lanes_reserve(pump, size)
                                                        : via_pump_reserve(pump, size);
}

/* Queues the first @size bytes of the room that was lent. */
static inline void via_pump_commit(struct via_pump *pump, size_t size) {
        if (__builtin_expect(pump->lending == VIA_LENDS_OUT, 1))
                pump->out.tail += size;
        else if (pump->lending == VIA_LENDS_LINK)
                pump->lent += size;
        else
                pump->high.out.tail += size;
}

/* Whether via_pump_put_large() may be tried. */
static inline bool via_pump_takes_large(const struct via_pump *pump) {
        return !pump->special;
}

/* Whether there is nothing to send. */
static inline bool via_pump_idle(const struct via_pump *pump) {
        return !pump->lent && !pump->out.data && !pump->high.out.data &&
               !via_conn_talks(&pump->conn);
}

/*
 * Where what was written last ends, in all that was ever queued of its stream: it has left as a
 * whole when via_pump_gone() is as much. What the link's own memory holds counts as gone.
 */
static inline uint64_t via_pump_mark(const struct via_pump *pump, bool high) {
        if (__builtin_expect(high && pump->lanes, 0))
                return pump->high.base + pump->high.out.tail;
        return pump->base + pump->out.tail;
}

static inline uint64_t via_pump_gone(const struct via_pump *pump, bool high) {
        if (high && pump->lanes)
                return pump->high.base + pump->high.out.head;
        return pump->base + pump->out.head;
}

/* Bytes written but not yet sent. */
static inline size_t via_pump_queued(const struct via_pump *pump) {
        size_t n = via_buffer_used(&pump->out);

        return pump->special ? n + pump->lent + via_buffer_used(&pump->high.out) : n;
}
