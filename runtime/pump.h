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

struct via_pump {
        struct via_conn   conn;
        struct via_link  *link;         /* owned */
        struct via_pool  *pool;         /* borrowed */
        struct via_buffer in, out;
        const uint8_t    *view;         /* lent by the link to be read, before anything in `in` */
        size_t            view_size, view_used;
        /* bytes written into the link's own room, not yet sent; they go before `out` */
        size_t            lent;
        bool              lending;      /* the room that reserve lent last was the link's own */
        /* the last receive filled all the room: there may be more */
        bool              full;
};

enum {                                  /* expected conditions */
        VIA_PUMP_BLOCKED = 1,           /* the link takes no more now */
};

void via_pump_init(struct via_pump *pump, struct via_link *link, struct via_pool *pool,
                   const struct via_limits *limits, int64_t now);
void via_pump_fini(struct via_pump *pump);

int  via_pump_drain(struct via_pump *pump, int timeout_ms);
int  via_pump_next(struct via_pump *pump, struct via_event *ret_event);
void via_pump_rest(struct via_pump *pump, int64_t now);

uint8_t *via_pump_reserve(struct via_pump *pump, size_t size);
void via_pump_commit(struct via_pump *pump, size_t size);
void via_pump_forget(struct via_pump *pump);
int  via_pump_flush(struct via_pump *pump);

int  via_pump_arm(struct via_pump *pump, bool read, struct via_wait *ret_wait);

/* Bytes written but not yet sent. */
static inline size_t via_pump_queued(const struct via_pump *pump) {
        return pump->lent + via_buffer_used(&pump->out);
}
