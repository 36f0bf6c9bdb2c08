/*
 * block.c - the driver that sleeps in the kernel, for clients without a loop
 *
 * One turn of it is: flush (the caller's), arm, sleep, drain. Where the transport can sleep
 * inside its receive, arm and sleep are part of drain, and a call costs two system calls: send
 * and receive.
 */
#include <errno.h>
#include <limits.h>
#include "block.h"
#include "clock.h"

static int ms_until(int64_t until) {
        int64_t left = until == INT64_MAX ? INT_MAX : until - via_clock_ms();

        return left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

/* Sleeps until the link can be used: 0, -EAGAIN when it is @until, or the link's error. */
static int block_wait(struct via_pump *pump, bool read, int64_t until) {
        struct via_wait wait;
        int r;

        r = via_pump_arm(pump, read, &wait);
        if (r)
                return r < 0 ? r : 0;
        r = poll(wait.fds, wait.n_fds, ms_until(until));
        if (r < 0 && errno != EINTR)
                return -errno;
        return r == 0 ? -EAGAIN : 0;
}

/*
 * Receives, sleeping until something comes, and sends meanwhile what is still queued. Returns 0 if
 * bytes came, -EAGAIN if it is @until (and perhaps a little before), or as via_pump_drain().
 */
int via_block_drain(struct via_pump *pump, struct via_spin *spin, int64_t until) {
        int timeout = ms_until(until);
        int r = timeout > 0 ? via_spin_drain(spin, pump) : -EAGAIN;

        if (r != -EAGAIN)
                return r;
        if (timeout > 0 && pump->link->by->recv_wait && !via_pump_queued(pump))
                return via_pump_drain(pump, timeout);
        for (bool looked = timeout > 0;; looked = true) {
                /* who never sleeps looks, too: a peer's death may be seen nowhere else */
                if (looked) {
                        r = block_wait(pump, true, until);
                        if (r < 0)
                                return r;
                }
                r = via_pump_drain(pump, 0);
                if (r != -EAGAIN || (looked && timeout == 0))
                        return r;
                r = via_pump_flush(pump);
                if (r < 0)
                        return r;
        }
}

/*
 * Sends all that is queued: 0, -EAGAIN if it is @until, VIA_PUMP_BLOCKED when there is something to
 * receive first (a peer that waits for us to read its replies would never read our requests), or
 * the link's error.
 */
int via_block_flush(struct via_pump *pump, int64_t until) {
        for (;;) {
                size_t before = via_pump_queued(pump);
                struct via_wait wait;
                int r = via_pump_flush(pump);

                if (r != VIA_PUMP_BLOCKED)
                        return r;
                r = via_pump_arm(pump, true, &wait);
                if (r < 0)
                        return r;
                if (r == VIA_AWAKE) {
                        if (via_pump_queued(pump) == before)
                                return VIA_PUMP_BLOCKED;
                        continue;
                }
                r = poll(wait.fds, wait.n_fds, ms_until(until));
                if (r < 0 && errno != EINTR)
                        return -errno;
                if (r == 0)
                        return -EAGAIN;
                for (unsigned i = 0; r > 0 && i < wait.n_fds; i++)
                        if (wait.fds[i].revents & ~POLLOUT)
                                return VIA_PUMP_BLOCKED;
        }
}
