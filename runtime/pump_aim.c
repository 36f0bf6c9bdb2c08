/*
 * pump_aim.c - large frames are received where they are to stay
 *
 * Once the beginning of such a frame has come, whoever waits for it may lend the room for all of
 * it, so that it is not copied out of the pump's own buffer. Not on links that show their own
 * memory, or have priorities.
 */
#include <errno.h>
#include <string.h>
#include "pump.h"

/*
 * Whether the bytes received end in a large frame that has begun and is not whole; all events
 * before it have been pulled.
 */
bool via_pump_half(const struct via_pump *pump, struct wire_header *ret_header) {
        const struct via_buffer *in = &pump->in;

        if (pump->special || pump->conn.skip || via_buffer_used(in) < WIRE_HEADER)
                return false;
        *ret_header = wire_get_header(in->data + in->head);
        return ret_header->length >= VIA_PUMP_LARGE &&
               via_buffer_used(in) < WIRE_HEADER + (size_t)ret_header->length;
}

/*
 * The frame that via_pump_half() has found, of @size bytes, is received into @room from now on,
 * header and all, and its event's body is there. The room is VIA_PUMP_SPARE bytes larger than that,
 * because the kernel copies much faster to where a cache line begins. It stays yours, but must be
 * there until the frame is whole or via_pump_unaim().
 */
void via_pump_aim(struct via_pump *pump, uint8_t *room, size_t size) {
        struct via_buffer *in = &pump->in;
        size_t n = via_buffer_used(in);

        room += (0 - ((uintptr_t)room + n)) & VIA_PUMP_SPARE;
        memcpy(room, in->data + in->head, n);
        in->head = in->tail;
        pump->aimed = (struct via_buffer){ .data = room, .tail = n, .cap = size };
}

/* The room that was lent goes: what has come is kept here. 0 or -ENOMEM, and the link is over. */
int via_pump_unaim(struct via_pump *pump) {
        struct via_buffer *in = &pump->in, *from = &pump->aimed;
        size_t n = from->tail;

        if (!from->data)
                return 0;
        if (via_buffer_room(in, pump->pool, n) < 0)
                return -ENOMEM;
        memcpy(in->data + in->tail, from->data, n);
        in->tail += n;
        *from = (struct via_buffer){ 0 };
        return 0;
}

/* via_pump_next() where the next frame goes elsewhere. */
int via_pump_next_aimed(struct via_pump *pump, struct via_event *ret_event) {
        struct via_buffer from = pump->aimed;
        size_t used;
        int r;

        if (from.tail < from.cap)
                return VIA_CONN_MORE;
        pump->aimed = (struct via_buffer){ 0 };
        /*
         * There is likely to be another: of that only what its sender sends first, up to which the
         * kernel has it in one piece; the tag and the length of octets take 4 bytes.
         */
        if (pump->most == VIA_PUMP_LARGE)
                pump->most = WIRE_HEADER + 4 + VIA_PUMP_FIRST;
        r = via_conn_next(&pump->conn, from.data, from.cap, &used, ret_event);
        ret_event->placed = true;
        return r;
}
