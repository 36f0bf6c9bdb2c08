/*
 * pump.c - moves bytes between a machine and a transport's link
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "pump.h"

#define ROOM_LEAST ((size_t)32 * 1024)          /* to receive into: a batch */

/* Takes over @link, which is connected. Pair with via_pump_fini(). */
void via_pump_init(struct via_pump *pump, struct via_link *link, struct via_pool *pool,
                   const struct via_limits *limits, int64_t now) {
        *pump = (struct via_pump){ .link = link,
                                   .loan = link->by->loan,
                                   .pool = pool,
                                   .most = SIZE_MAX,
                                   .lanes = link->by->traits & VIA_PRIORITY };
        pump->special = pump->loan || pump->lanes;
        via_conn_init(&pump->conn, limits, now);
}

/* Closes and frees the link; forgets everything not sent. May be called twice. */
void via_pump_fini(struct via_pump *pump) {
        if (!pump->link)
                return;
        pump->link->by->close(pump->link);
        free(pump->link);
        via_buffer_give(&pump->in, pump->pool);
        pump->aimed = (struct via_buffer){ 0 };
        via_buffer_give(&pump->out, pump->pool);
        via_buffer_give(&pump->high.in, pump->pool);
        via_buffer_give(&pump->high.out, pump->pool);
        via_conn_fini(&pump->conn);
        pump->link = NULL;
}

/* Receives once, at most @room bytes, to the end of @to. */
static int receive(struct via_pump *pump, struct via_buffer *to, size_t room, int timeout_ms) {
        struct via_link *link = pump->link;
        ssize_t n;

        if (timeout_ms > 0 && link->by->recv_wait)
                n = link->by->recv_wait(link, to->data + to->tail, room, timeout_ms);
        else
                n = link->by->recv(link, to->data + to->tail, room);
        pump->full = n == (ssize_t)room;
        if (n > 0)
                to->tail += (size_t)n;
        return n > 0 ? 0 : n == 0 ? -EPIPE : (int)n;
}

/* via_pump_drain() into @in, @most bytes. */
int via_pump_receive(struct via_pump *pump, struct via_buffer *in, size_t most, int timeout_ms) {
        size_t room;
        int r;

        r = via_buffer_room(in, pump->pool, in->cap - in->tail >= ROOM_LEAST ? 1 : ROOM_LEAST);
        if (r < 0)
                return r;
        room = in->cap - in->tail < most ? in->cap - in->tail : most;
        r = receive(pump, in, room, timeout_ms);
        if (r < 0 && !via_buffer_used(in))
                via_buffer_give(in, pump->pool);
        return r;
}

/*
 * How much to receive into an empty buffer: less than usual only once, see
 * via_pump_next_aimed().
 */
static inline size_t most_now(struct via_pump *pump) {
        size_t most = pump->most;

        if (__builtin_expect(most < VIA_PUMP_LARGE, 0))
                pump->most = VIA_PUMP_LARGE;
        return most;
}

/*
 * Receives once, waiting at most about @timeout_ms in the link itself where it can do that (see
 * recv_wait). What the link can show is only looked at, unless half a frame waits for it.
 * Returns 0 if bytes came, -EAGAIN if none did, -EPIPE when the peer has left in order, or the
 * link's error.
 */
int via_pump_drain(struct via_pump *pump, int timeout_ms) {
        ssize_t n;

        if (pump->lanes)
                return via_lanes_drain(pump, timeout_ms);
        if (__builtin_expect(pump->aimed.data != NULL, 0))
                return receive(pump, &pump->aimed, pump->aimed.cap - pump->aimed.tail, timeout_ms);
        if (!pump->loan || via_buffer_used(&pump->in))
                return via_pump_receive(pump, &pump->in,
                                        via_buffer_used(&pump->in) ? SIZE_MAX : most_now(pump),
                                        timeout_ms);
        if (timeout_ms > 0 && pump->link->by->recv_wait) {
                n = pump->link->by->recv_wait(pump->link, NULL, 0, timeout_ms);
                if (n < 0)
                        return (int)n;
        }
        n = pump->loan->peek(pump->link, &pump->view);
        if (n <= 0)
                return n == 0 ? -EPIPE : (int)n;
        pump->view_size = (size_t)n;
        pump->view_used = 0;
        pump->full = false;
        return 0;
}

/* Ends the look at what the link has shown; what is left of it is kept here. */
static void view_rest(struct via_pump *pump) {
        size_t left = pump->view_size - pump->view_used;
        struct via_buffer *in = &pump->in;

        if (left && via_buffer_room(in, pump->pool, left) == 0) {
                memcpy(in->data + in->tail, pump->view + pump->view_used, left);
                in->tail += left;
                pump->view_used += left;
        }
        pump->loan->release(pump->link, pump->view_used);
        pump->view_size = 0;
}

/*
 * To be called after each drain that brought bytes, when their events have been dealt with, at
 * @now: gives the buffer back unless half a frame is in it.
 */
void via_pump_rest(struct via_pump *pump, int64_t now) {
        size_t left;

        if (pump->view_size)
                view_rest(pump);
        left = via_buffer_used(&pump->in);
        if (!left && pump->in.data)
                via_buffer_give(&pump->in, pump->pool);
        left += pump->aimed.tail;
        if (pump->lanes)
                left += via_lanes_rest(pump);
        via_conn_rest(&pump->conn, left, now);
}

static int put_control(struct via_pump *pump) {
        int r;

        if (pump->lanes)
                return via_lanes_put_control(pump);
        r = via_pump_room(pump, &pump->out, &pump->base, VIA_CONN_PULL);
        if (r < 0)
                return r;
        pump->out.tail += via_conn_pull(&pump->conn, pump->out.data + pump->out.tail);
        return 0;
}

/* via_pump_reserve() where it is not simply the buffer that has room. */
uint8_t *via_pump_reserve_more(struct via_pump *pump, size_t size) {
        uint8_t *room;

        if (via_conn_talks(&pump->conn) && put_control(pump) < 0)
                return NULL;
        pump->lending = VIA_LENDS_OUT;
        if (pump->loan && !via_buffer_used(&pump->out)) {
                room = pump->loan->reserve(pump->link, pump->lent + size);
                if (room) {
                        pump->lending = VIA_LENDS_LINK;
                        VIA_POINT("pump: room is reserved");
                        return room + pump->lent;
                }
        }
        if (via_pump_room(pump, &pump->out, &pump->base, size) < 0)
                return NULL;
        return pump->out.data + pump->out.tail;
}

/* Drops what is queued. */
void via_pump_forget(struct via_pump *pump) {
        pump->lent = 0;
        if (pump->out.data)
                via_buffer_give(&pump->out, pump->pool);
        via_lanes_forget(pump);
}

/* Sends what is in @out, which stays where it is: as via_pump_flush(). */
static inline int send_some(struct via_pump *pump, struct via_buffer *out) {
        while (via_buffer_used(out)) {
                ssize_t n = pump->link->by->send(pump->link, out->data + out->head,
                                                 via_buffer_used(out));

                if (n == -EAGAIN)
                        return VIA_PUMP_BLOCKED;
                if (n < 0)
                        return (int)n;
                out->head += (size_t)n;
                VIA_POINT("pump: a piece is sent");
        }
        return 0;
}

/* All of @out has left, before which *@base bytes were queued. */
static inline void out_rest(struct via_pump *pump, struct via_buffer *out, uint64_t *base) {
        *base += out->tail;
        via_buffer_give(out, pump->pool);
}

/* Sends what is in @out, before which *@base bytes were queued: as via_pump_flush(). */
int via_pump_send(struct via_pump *pump, struct via_buffer *out, uint64_t *base) {
        int r = send_some(pump, out);

        if (r == 0 && out->data)
                out_rest(pump, out, base);
        return r;
}

/* Sends what is queued: 0 when all is gone, VIA_PUMP_BLOCKED, or the link's error. */
int via_pump_flush(struct via_pump *pump) {
        int r;

        if (via_conn_talks(&pump->conn)) {
                r = put_control(pump);
                if (r < 0)
                        return r;
        }
        if (pump->lent) {
                VIA_POINT("pump: written, not committed");
                pump->loan->commit(pump->link, pump->lent);
                if (pump->lent >= VIA_PUMP_LARGE)
                        pump->large = (uint32_t)pump->lent;
                pump->lent = 0;
        }
        if (pump->lanes)
                return via_lanes_flush(pump);
        return via_pump_send(pump, &pump->out, &pump->base);
}

/*
 * Sends a frame that ends in @size bytes of the caller's at @data, after what is queued, and keeps
 * a copy only of what the link does not take now. 0; VIA_PUMP_BLOCKED, what is queued has not left,
 * or -ENOMEM, and then nothing has been sent of it or kept.
 */
int via_pump_put_large(struct via_pump *pump, const uint8_t *head, size_t head_size,
                       const uint8_t *data, size_t size) {
        size_t first = size < VIA_PUMP_FIRST ? size : VIA_PUMP_FIRST;
        struct via_buffer *out = &pump->out;
        ssize_t n = 0;

        /* a fault is found again by whoever flushes next */
        if (via_pump_flush(pump) != 0)
                return VIA_PUMP_BLOCKED;
        /* before anything is sent, for half a frame would be the end of the link */
        if (via_buffer_room(out, pump->pool, head_size + size) < 0) {
                if (out->data)
                        via_buffer_give(out, pump->pool);
                return -ENOMEM;
        }
        pump->lending = VIA_LENDS_OUT;
        memcpy(out->data + out->tail, head, head_size);
        memcpy(out->data + out->tail + head_size, data, first);
        out->tail += head_size + first;
        data += first;
        size -= first;
        if (send_some(pump, out) == 0) {
                while (size && n >= 0) {
                        VIA_POINT("pump: a piece is sent");
                        n = pump->link->by->send(pump->link, data, size);
                        data += n > 0 ? n : 0;
                        size -= n > 0 ? (size_t)n : 0;
                }
        }
        memcpy(out->data + out->tail, data, size);
        out->tail += size;
        if (!via_buffer_used(out))
                out_rest(pump, out, &pump->base);
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
