/*
 * pump_lanes.c - a link with priorities: two streams each way, of which the high one overtakes
 *
 * Each stream has its own buffers, so that pieces of one frame never mix with another's. Where a
 * frame goes:
 *
 *      a call          as its caller wants it
 *      a reply         as its call came, because whoever hurries waits for the reply
 *      a cancel        as its call went: it must not arrive before that
 *      head, item, end, credit of a stream: as its call went
 *      credit of the link: high, it is for all of them
 *      hello           high. It must come before all else, and that stream is the one that
 *                      nothing overtakes
 *      ping, pong      high: they ask whether somebody is there, not how much waits
 *      goaway          normal, and sent last: it must come after all else
 *
 * Only what waits is overtaken: in the link, in a buffer. A frame too large for the link's
 * messages is overtaken between two of its pieces.
 */
#include <errno.h>
#include <string.h>
#include "pump.h"

/* What was received into @from behind its first @before bytes is @to's. There is room. */
static void move(struct via_buffer *from, size_t before, struct via_buffer *to) {
        size_t n = via_buffer_used(from) - before;

        if (before == 0 && !via_buffer_used(to)) {
                struct via_buffer swap = *to;

                *to = *from;
                *from = swap;
                return;
        }
        from->tail -= n;
        memcpy(to->data + to->tail, from->data + from->tail, n);
        to->tail += n;
}

static void give_idle(struct via_pump *pump, struct via_buffer *b) {
        if (b->data && !via_buffer_used(b))
                via_buffer_give(b, pump->pool);
}

/*
 * Which stream something comes from, the link tells with it. Where both buffers are in use, what
 * comes must be sure to find room in either.
 */
int via_lanes_drain(struct via_pump *pump, int timeout_ms) {
        struct via_buffer *high = &pump->high.in, *normal = &pump->in;
        bool to_high = via_buffer_used(high) && !via_buffer_used(normal);
        struct via_buffer *in = to_high ? high : normal, *other = to_high ? normal : high;
        size_t before = via_buffer_used(in), most = SIZE_MAX;
        int r;

        if (!before && !high->data && !other->data) {
                r = via_pump_receive(pump, in, most, timeout_ms);
                if (r == 0 && pump->link->recv_priority == VIA_HIGH)
                        move(in, 0, other);
                return r;
        }
        if (before) {
                r = via_buffer_room(other, pump->pool, 32768);
                if (r < 0)
                        return r;
                most = other->cap - other->tail;
        }
        r = via_pump_receive(pump, in, most, timeout_ms);
        if (r == 0 && (pump->link->recv_priority == VIA_HIGH) != to_high)
                move(in, before, other);
        give_idle(pump, other);
        return r;
}

static int next_in(struct via_pump *pump, struct via_buffer *in, struct via_event *ret_event) {
        size_t used;
        int r;

        if (!via_buffer_used(in))
                return VIA_CONN_MORE;
        r = via_conn_next(&pump->conn, in->data + in->head, via_buffer_used(in), &used, ret_event);
        in->head += used;
        return r;
}

/* What is left to be skipped of a frame too big is the stream's. */
static void swap_skip(struct via_pump *pump) {
        uint64_t skip = pump->conn.skip;

        pump->conn.skip = pump->high.skip;
        pump->high.skip = skip;
}

/* A call that was overtaken is not the last one of the peer's, though it comes last. */
static void keep_last(struct via_conn *conn, uint32_t before) {
        if (before && (int32_t)(conn->last_id - before) < 0)
                conn->last_id = before;
}

int via_lanes_next(struct via_pump *pump, struct via_event *ret_event) {
        uint32_t last_id = pump->conn.last_id;
        bool high = via_buffer_used(&pump->high.in) != 0;
        int r = VIA_CONN_MORE;

        if (high) {
                swap_skip(pump);
                r = next_in(pump, &pump->high.in, ret_event);
                swap_skip(pump);
        }
        if (r == VIA_CONN_MORE) {
                high = false;
                r = next_in(pump, &pump->in, ret_event);
        }
        if (r == 0)
                ret_event->high = high;
        keep_last(&pump->conn, last_id);
        return r;
}

/* How many bytes of the high stream wait for the rest of their frame, or of one too big. */
size_t via_lanes_rest(struct via_pump *pump) {
        give_idle(pump, &pump->high.in);
        return via_buffer_used(&pump->high.in) + (pump->high.skip != 0);
}

uint8_t *via_lanes_reserve(struct via_pump *pump, size_t size) {
        struct via_buffer *out = &pump->high.out;

        if (via_conn_talks(&pump->conn) && via_lanes_put_control(pump) < 0)
                return NULL;
        if (via_pump_room(pump, out, &pump->high.base, size) < 0)
                return NULL;
        pump->lending = VIA_LENDS_HIGH;
        return out->data + out->tail;
}

void via_lanes_forget(struct via_pump *pump) {
        if (pump->high.out.data)
                via_buffer_give(&pump->high.out, pump->pool);
}

/* Queues what the machine has to say, but for a goaway. */
int via_lanes_put_control(struct via_pump *pump) {
        struct via_buffer *out = &pump->high.out;
        int r = via_pump_room(pump, out, &pump->high.base, VIA_CONN_PULL);

        if (r < 0)
                return r;
        out->tail += via_conn_pull_early(&pump->conn, out->data + out->tail);
        return 0;
}

static int put_goaway(struct via_pump *pump) {
        int r = via_pump_room(pump, &pump->out, &pump->base, VIA_CONN_PULL);

        if (r < 0)
                return r;
        pump->out.tail += via_conn_pull(&pump->conn, pump->out.data + pump->out.tail);
        return 0;
}

int via_lanes_flush(struct via_pump *pump) {
        int r;

        if (pump->conn.state & VIA_CONN_GOAWAY_DUE) {
                r = put_goaway(pump);
                if (r < 0)
                        return r;
        }
        if (pump->high.out.data) {
                pump->link->send_priority = VIA_HIGH;
                r = via_pump_send(pump, &pump->high.out, &pump->high.base);
                if (r)
                        return r;
        }
        pump->link->send_priority = VIA_NORMAL;
        return via_pump_send(pump, &pump->out, &pump->base);
}
