/*
 * pump.c - moves bytes between a machine and a transport's link
 */
#include <errno.h>
#include <stdlib.h>
#include "pump.h"

#define ROOM_LEAST ((size_t)32 * 1024)          /* to receive into: a batch */

/* Takes over @link, which is connected. Pair with via_pump_fini(). */
void via_pump_init(struct via_pump *pump, struct via_link *link, struct via_pool *pool,
                   const struct via_limits *limits, int64_t now) {
        *pump = (struct via_pump){ .link = link, .pool = pool };
        via_conn_init(&pump->conn, limits, now);
}

/* Closes and frees the link; forgets everything not sent. May be called twice. */
void via_pump_fini(struct via_pump *pump) {
        if (!pump->link)
                return;
        pump->link->by->close(pump->link);
        free(pump->link);
        via_buffer_give(&pump->in, pump->pool);
        via_buffer_give(&pump->out, pump->pool);
        via_conn_fini(&pump->conn);
        pump->link = NULL;
}

/*
 * Receives once, waiting at most about @timeout_ms in the link itself where it can do that (see
 * recv_wait). Returns 0 if bytes came,
 * -EAGAIN if none did, -EPIPE when the peer has left in order, or the link's error.
 */
int via_pump_drain(struct via_pump *pump, int timeout_ms) {
        struct via_link *link = pump->link;
        struct via_buffer *in = &pump->in;
        ssize_t n;
        int r;

        r = via_buffer_room(in, pump->pool, in->cap - in->tail >= ROOM_LEAST ? 1 : ROOM_LEAST);
        if (r < 0)
                return r;
        if (timeout_ms > 0 && link->by->recv_wait)
                n = link->by->recv_wait(link, in->data + in->tail, in->cap - in->tail, timeout_ms);
        else
                n = link->by->recv(link, in->data + in->tail, in->cap - in->tail);
        pump->full = n == (ssize_t)(in->cap - in->tail);
        if (n > 0)
                in->tail += (size_t)n;
        else if (!via_buffer_used(in))
                via_buffer_give(in, pump->pool);
        return n > 0 ? 0 : n == 0 ? -EPIPE : (int)n;
}

/*
 * The next event in what was received: as via_conn_next(). Its body is good until the next call
 * of this, or of drain.
 */
int via_pump_next(struct via_pump *pump, struct via_event *ret_event) {
        struct via_buffer *in = &pump->in;
        size_t used;
        int r;

        if (!via_buffer_used(in))
                return VIA_CONN_MORE;
        r = via_conn_next(&pump->conn, in->data + in->head, via_buffer_used(in), &used, ret_event);
        in->head += used;
        return r;
}

/* Ends a turn that received, at @now: gives the buffer back unless half a frame is in it. */
void via_pump_rest(struct via_pump *pump, int64_t now) {
        size_t left = via_buffer_used(&pump->in);

        if (!left && pump->in.data)
                via_buffer_give(&pump->in, pump->pool);
        via_conn_rest(&pump->conn, left, now);
}

static int put_control(struct via_pump *pump) {
        int r = via_buffer_room(&pump->out, pump->pool, VIA_CONN_PULL);

        if (r < 0)
                return r;
        pump->out.tail += via_conn_pull(&pump->conn, pump->out.data + pump->out.tail);
        return 0;
}

/*
 * Lends @size bytes in which to write frames; what was written is then given to
 * via_pump_commit(). Nothing else of the pump may be used in between. NULL: no memory.
 */
uint8_t *via_pump_reserve(struct via_pump *pump, size_t size) {
        if (via_conn_talks(&pump->conn) && put_control(pump) < 0)
                return NULL;
        if (via_buffer_room(&pump->out, pump->pool, size) < 0)
                return NULL;
        return pump->out.data + pump->out.tail;
}

/* Queues the first @size bytes of the room that was lent. */
void via_pump_commit(struct via_pump *pump, size_t size) {
        pump->out.tail += size;
}

/* Sends what is queued: 0 when all is gone, VIA_PUMP_BLOCKED, or the link's error. */
int via_pump_flush(struct via_pump *pump) {
        struct via_buffer *out = &pump->out;
        int r;

        if (via_conn_talks(&pump->conn)) {
                r = put_control(pump);
                if (r < 0)
                        return r;
        }
        while (via_buffer_used(out)) {
                ssize_t n = pump->link->by->send(pump->link, out->data + out->head,
                                                 via_buffer_used(out));

                if (n == -EAGAIN)
                        return VIA_PUMP_BLOCKED;
                if (n < 0)
                        return (int)n;
                out->head += (size_t)n;
        }
        if (out->data)
                via_buffer_give(out, pump->pool);
        return 0;
}

/*
 * Gets ready to sleep until bytes come (if @read), or those queued can leave. 0, VIA_AWAKE, or
 * the link's error.
 */
int via_pump_arm(struct via_pump *pump, bool read, struct via_wait *ret_wait) {
        int want = (read ? POLLIN : 0) | (via_pump_queued(pump) ? POLLOUT : 0);

        ret_wait->n_fds = 0;
        return pump->link->by->arm(pump->link, want, ret_wait);
}
