#pragma once
/*
 * keepalive.h - whether the other end is still there, asked when it has been silent for long
 *
 * Something that comes is an answer, whatever it is. Time is an argument; what is asked is a ping
 * of the machine's, and what it means when nothing comes is its fault. Sends nothing, and reads no
 * clock.
 */
#include <stdbool.h>
#include <stdint.h>
#include "conn.h"

enum { VIA_KEEPALIVE_PING = 1 };                /* expected condition: there is something to send */

struct via_keepalive {
        uint32_t every_ms;                      /* of silence; 0: nobody asks */
        uint32_t timeout_ms;                    /* for an answer */
        bool     idle;                          /* also while no calls are in flight */
        bool     asked, late;
        int64_t  heard;                         /* when something came, or was asked, last */
};

void via_keepalive_init(struct via_keepalive *keepalive, uint32_t every_ms, uint32_t timeout_ms,
                        bool idle, int64_t now);
int  via_keepalive_tick(struct via_keepalive *keepalive, struct via_conn *conn, int64_t now);

/* Something has come. */
static inline void via_keepalive_heard(struct via_keepalive *keepalive, int64_t now) {
        keepalive->heard = now;
        keepalive->asked = keepalive->late = false;
}

/* When via_keepalive_tick() has something to do. */
static inline int64_t via_keepalive_due(const struct via_keepalive *keepalive,
                                        const struct via_conn *conn) {
        if (!keepalive->every_ms)
                return INT64_MAX;
        if (keepalive->asked)
                return keepalive->heard + keepalive->timeout_ms;
        return keepalive->idle || conn->calls.n ? keepalive->heard + keepalive->every_ms
                                                : INT64_MAX;
}
