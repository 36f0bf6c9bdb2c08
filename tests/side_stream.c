/*
 * side_stream.c - what a side of test_cable does with streams, and what it makes of items
 */
#include <string.h>
#include "alloc.h"
#include "side.h"

/* Queues a frame and notes it; false: no memory, or the ledger has no room for it. */
bool side_say(int side, struct wire_header header, struct ledger_frame frame) {
        struct via_pump *pump = &life.sides[side].pump;
        bool call = frame.what == LEDGER_CALL || frame.what == LEDGER_ONEWAY;
        size_t length = frame.meta + (call ? (size_t)WIRE_METHOD : 0) + frame.size;
        uint8_t *room;

        frame.high = frame.high && life.cable.lanes;
        if (!ledger_has_room(&life.ledger, side))
                return false;
        room = via_pump_reserve_for(pump, frame.high, WIRE_HEADER + length);
        if (!room)
                return false;
        header.length = (uint32_t)length;
        header.meta = (uint16_t)frame.meta;
        header.id = frame.id;
        header.value = frame.value;
        wire_put_header(room, &header);
        ledger_fill(room + WIRE_HEADER, &frame);
        via_pump_commit(pump, WIRE_HEADER + length);
        ledger_sent(&life.ledger, side, frame);
        return true;
}

static uint32_t size_of(int receiver, const struct ledger_call *call, bool back, uint32_t item) {
        uint64_t cap = life.ledger.sides[receiver].max_message;

        return stream_item_size(call->number, back, item, (uint32_t)cap, life.big);
}

/* One of the calls at @side that lets items go @way; NULL: a few were looked at, and none does. */
struct ledger_call *side_pick(int side, uint32_t number, uint8_t way) {
        struct side *s = &life.sides[side];
        uint32_t n = s->n_made + s->n_served;

        for (uint32_t i = 0; i < n && i < 20; i++) {
                uint32_t at = (number + i) % n;
                struct ledger_call *call = at < s->n_made ? s->made[at] : s->served[at - s->n_made];

                if (call->ways & way && call->state == LEDGER_WAITS && !call->broken)
                        return call;
        }
        return NULL;
}

/* --- writing ---------------------------------------------------------------------------------- */

static void check_allowed(int side, const struct via_flow *flow, uint64_t credit, uint32_t window) {
        const struct via_conn *conn = &life.sides[side].pump.conn;
        uint32_t first = conn->state & VIA_CONN_HELLO_SEEN ? window : WIRE_FIRST_CREDIT;

        if (flow->allowed != first + credit)
                ledger_wrong("%llu bytes are allowed, not %llu", (unsigned long long)flow->allowed,
                             (unsigned long long)(first + credit));
        if (flow->sent > flow->allowed)
                ledger_wrong("%llu bytes were sent, %llu are allowed",
                             (unsigned long long)flow->sent, (unsigned long long)flow->allowed);
}

/* Sends the next piece of its next item, as large as credit and chance will have it. */
static bool write_piece(int side, struct ledger_call *call, uint32_t number) {
        struct stream *st = &call->stream;
        struct via_conn *conn = &life.sides[side].pump.conn;
        bool back = !call->made, first = st->at == 0;
        uint32_t whole = size_of(!side, call, back, st->item), left = whole - st->at, n = left;
        size_t room = via_conn_room(conn, &st->flow, first);
        struct ledger_frame frame;
        uint8_t flags;

        if (room == 0)
                return false;
        n = n < room ? n : (uint32_t)room;
        if (n > 1 && number % 3 == 0)
                n = 1 + number / 3 % n;
        if (n > 65536)
                n = 65536;
        flags = (uint8_t)((back ? WIRE_BACK : 0) | (first ? 0 : WIRE_REST) |
                          (n < left ? WIRE_MORE : 0));
        frame = (struct ledger_frame){ .what = LEDGER_PIECE,
                                       .number = call->number,
                                       .id = call->id,
                                       .size = n,
                                       .value = whole,
                                       .item = st->item,
                                       .at = st->at,
                                       .back = back,
                                       .high = call->high };
        if (!side_say(side, (struct wire_header){ .type = WIRE_ITEM, .flags = flags }, frame))
                return false;
        via_conn_sent(conn, &st->flow, n, first);
        check_allowed(side, &st->flow, st->granted, life.sides[!side].stream_window);
        check_allowed(side, &conn->link, life.sides[side].link_granted,
                      life.sides[!side].link_window);
        st->at += n;
        if (st->at == whole) {
                st->at = 0;
                st->item++;
        }
        return true;
}

/* Sends up to @pieces of them; whether one was. */
bool side_write(int side, struct ledger_call *call, uint32_t number, unsigned pieces) {
        bool sent = false;

        while (pieces-- && call->ways & VIA_FLOW_SENDS && !call->stream.closed &&
               via_pump_queued(&life.sides[side].pump) < QUEUE_MOST &&
               write_piece(side, call, number)) {
                number = number * 5 + 1;
                sent = true;
        }
        return sent;
}

/* The caller's half-close, unless an item is half sent. */
bool side_close(int side, struct ledger_call *call) {
        struct stream *st = &call->stream;
        struct ledger_frame frame = { .what = LEDGER_END,
                                      .number = call->number,
                                      .id = call->id,
                                      .high = call->high };

        if (!call->made || !(call->ways & VIA_FLOW_SENDS) || st->closed || st->at ||
            !side_say(side, (struct wire_header){ .type = WIRE_END }, frame))
                return false;
        st->closed = true;
        st->flow.state |= VIA_FLOW_CLOSED;
        return true;
}

void side_credit(int side, struct ledger_call *call, const struct via_event *ev) {
        struct side *s = &life.sides[side];

        if (!call) {
                s->link_granted += ev->value;
                check_allowed(side, &s->pump.conn.link, s->link_granted,
                              life.sides[!side].link_window);
                return;
        }
        call->stream.granted += ev->value;
        check_allowed(side, &call->stream.flow, call->stream.granted,
                      life.sides[!side].stream_window);
}

/* --- reading ---------------------------------------------------------------------------------- */

/* Sends the credit that is owed, if it can. */
static void pay(int side, struct ledger_call *call) {
        struct ledger_frame frame = { .what = LEDGER_CREDIT,
                                      .number = call->number,
                                      .id = call->id,
                                      .value = call->stream.owed,
                                      .back = !call->made,
                                      .high = call->high };
        uint8_t flags = call->made ? 0 : WIRE_BACK;

        if (call->stream.owed &&
            side_say(side, (struct wire_header){ .type = WIRE_CREDIT, .flags = flags }, frame))
                call->stream.owed = 0;
}

/* What the machine must say to a taken item, by our own count. */
static uint32_t credit_due(const struct ledger_call *call, uint32_t window, bool whole) {
        const struct stream *st = &call->stream;
        uint64_t more = st->cost_taken + window - st->announced;

        return !st->ended && (!whole || more >= window / 2) ? (uint32_t)more : 0;
}

/* Somebody asks for @more items; those that are there, or begun, are taken. */
void side_read(int side, struct ledger_call *call, uint32_t more) {
        struct stream *st = &call->stream;
        struct side *s = &life.sides[side];

        st->wants += more;
        while (st->wants && st->taken < st->begun && !call->broken) {
                uint32_t size = size_of(side, call, call->made, st->taken), due, credit;
                bool whole = st->taken < st->whole;

                st->wants--;
                st->taken++;
                st->cost_taken += size + WIRE_ITEM_COST;
                due = credit_due(call, s->stream_window, whole);
                credit = via_conn_take(&s->pump.conn, &st->flow, size, whole);
                if (credit != due)
                        ledger_wrong("%u bytes of credit are announced, not %u", credit, due);
                st->announced += credit;
                st->owed += credit;
        }
        pay(side, call);
}

static void check_unread(int side, const struct ledger_call *call) {
        const struct stream *st = &call->stream;
        const struct side *s = &life.sides[side];

        if (st->received != st->flow.received)
                ledger_wrong("%llu bytes came, the machine counts %llu",
                             (unsigned long long)st->received,
                             (unsigned long long)st->flow.received);
        if (st->received > st->cost_taken + s->stream_window)
                ledger_wrong("%llu bytes are not read, more than the window of %u",
                             (unsigned long long)(st->received - st->cost_taken), s->stream_window);
        if (s->pump.conn.link.received > s->pump.conn.link.taken + s->link_window + s->excess)
                ledger_wrong("more bytes are not read than the window of the link, %u",
                             s->link_window);
}

/* A piece of an item has come. */
void side_item(int side, struct ledger_call *call, const struct via_event *ev) {
        struct stream *st = &call->stream;
        uint32_t size = size_of(side, call, ev->back, st->begun - !ev->first);

        if (call->broken)                       /* and there was no memory to say so */
                return;
        if (ev->back != call->made)
                ledger_wrong("an item came back that was not");
        if (!(call->ways & VIA_FLOW_RECEIVES) || st->ended)
                ledger_wrong("an item came out of its time");
        if (ev->first != (st->begun == st->whole) || ev->value != size)
                ledger_wrong("the piece that came is not the next one");
        if (ev->too_big) {
                call->broken = true;
                return;
        }
        if (ev->first) {
                st->begun++;
                st->got = 0;
                st->received += WIRE_ITEM_COST;
        }
        st->got += (uint32_t)ev->size;
        st->received += ev->size;
        life.bytes += ev->size;
        if (st->got == size) {
                st->whole++;
                life.items++;
        }
        if (ev->more != (st->got < size))
                ledger_wrong("the last piece is none");
        check_unread(side, call);
        side_read(side, call, 0);
}

/* Its call has ended here, and is nowhere in the machine any more. */
void side_stream_ended(int side, struct ledger_call *call) {
        struct stream *st = &call->stream;

        if (!call->ways)
                return;
        if (!call->broken && st->cost_taken > st->received)
                life.sides[side].excess += st->cost_taken - st->received;
        via_conn_drop(&life.sides[side].pump.conn, &st->flow);
        if (st->flow.taken != st->flow.received)
                ledger_wrong("what was dropped is not given back");
        memset(&st->flow, 0xee, sizeof(st->flow));      /* nobody may look there again */
}
