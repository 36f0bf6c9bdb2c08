/*
 * keepalive.c - whether the other end is still there, asked when it has been silent for long
 */
#include <errno.h>
#include "conn_impl.h"
#include "keepalive.h"

enum {
        TIMEOUT_MS = 5000,
        /* we may have been busy ourselves, with the answer before the door: one more look */
        LATE_MS    = 10,
};

/* @every_ms 0: never asks; @timeout_ms 0: the default. */
void via_keepalive_init(struct via_keepalive *keepalive, uint32_t every_ms, uint32_t timeout_ms,
                        bool idle, int64_t now) {
        *keepalive = (struct via_keepalive){ .every_ms = every_ms,
                                             .timeout_ms = timeout_ms ? timeout_ms : TIMEOUT_MS,
                                             .idle = idle,
                                             .heard = now };
}

/*
 * Asks if it is time to, and there is a reason: VIA_KEEPALIVE_PING, 0, or -ETIMEDOUT (conn->why
 * says it) when nobody has answered.
 */
int via_keepalive_tick(struct via_keepalive *keepalive, struct via_conn *conn, int64_t now) {
        if (now < via_keepalive_due(keepalive, conn))
                return 0;
        if (!keepalive->asked) {
                via_conn_ping(conn, (uint32_t)now);
                keepalive->asked = true;
                keepalive->heard = now;
                return VIA_KEEPALIVE_PING;
        }
        if (!keepalive->late) {
                keepalive->late = true;
                keepalive->heard = now - keepalive->timeout_ms + LATE_MS;
                return 0;
        }
        via_conn_fault(conn, "no answer to a ping within %u ms", keepalive->timeout_ms);
        return -ETIMEDOUT;
}
