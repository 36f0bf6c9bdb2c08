/*
 * side.c - one side of a life in test_cable: what it does when the schedule says so
 */
#include <errno.h>
#include "alloc.h"
#include "side.h"

static void enter(struct ledger_call **list, uint32_t *n, struct ledger_call *call) {
        call->place = *n;
        list[(*n)++] = call;
}

static void leave_list(struct ledger_call **list, uint32_t *n, const struct ledger_call *call) {
        list[call->place] = list[--*n];
        list[call->place]->place = call->place;
}

/* A call ends at this end, and is not in the machine any more. */
static void ended(int side, struct ledger_call *call) {
        struct side *s = &life.sides[side];

        if (call->made)
                leave_list(s->made, &s->n_made, call);
        else
                leave_list(s->served, &s->n_served, call);
        side_stream_ended(side, call);
}

static uint32_t meta_of(const struct step *step) {
        return step->number & 3 ? 0 : step->size % 150;
}

/* --- as a caller ------------------------------------------------------------------------------ */

void side_call(int side, const struct step *step, uint8_t ways) {
        struct side *s = &life.sides[side];
        struct via_conn *conn = &s->pump.conn;
        struct ledger_call *call = ledger_call(&life.ledger, side);
        uint32_t timeout = 1 + step->number % (step->number & 1 << 20 ? 100 : 10000);
        struct ledger_frame frame = { .what = LEDGER_CALL,
                                      .number = call->number,
                                      .size = step->size,
                                      .meta = meta_of(step),
                                      .value = timeout,
                                      .high = step->number & 1 << 19 };
        void *taken;
        int r;

        call->high = frame.high;
        call->ways = ways;
        call->due = step->number & 1 << 21 ? INT64_MAX : life.cable.now + timeout;
        r = via_calls_add(&conn->calls, call, call->due, &frame.id);
        if (r == VIA_CALLS_FULL && conn->calls.n < conn->calls.max)
                ledger_wrong("%u calls are taken for %u", conn->calls.n, conn->calls.max);
        if (r == 0 && conn->state & VIA_CONN_HELLO_SEEN && conn->calls.n > s->peer_calls)
                ledger_wrong("%u calls are more than the other one allows", conn->calls.n);
        if (r == -ENOMEM && !alloc_failed())
                ledger_wrong("no memory, they say");
        if (r)
                return;
        if (ways) {
                via_conn_flow(conn, &call->stream.flow, ways);
                via_calls_flow(&conn->calls, frame.id, &call->stream.flow);
                call->stream.announced = s->stream_window;
        }
        if (side_say(side, (struct wire_header){ .type = WIRE_CALL }, frame))
                enter(s->made, &s->n_made, call);
        else if (via_calls_take(&conn->calls, frame.id, &taken) || taken != call)
                ledger_wrong("a call not made cannot be taken back");
}

void side_oneway(int side, const struct step *step) {
        side_say(side, (struct wire_header){ .type = WIRE_CALL, .flags = WIRE_ONEWAY },
                 (struct ledger_frame){ .what = LEDGER_ONEWAY,
                                        .number = step->number,
                                        .id = step->number,
                                        .size = step->size,
                                        .meta = meta_of(step),
                                        .value = step->number,
                                        .high = step->number & 1 << 19 });
}

static void say_cancel(int side, const struct ledger_call *call) {
        side_say(side, (struct wire_header){ .type = WIRE_CANCEL },
                 (struct ledger_frame){ .what = LEDGER_CANCEL,
                                        .number = call->number,
                                        .id = call->id,
                                        .high = call->high });
}

static void give_up(int side, struct ledger_call *call) {
        void *taken;

        if (via_calls_take(&life.sides[side].pump.conn.calls, call->id, &taken) || taken != call)
                ledger_wrong("call %u is given up, and was not there", call->number);
        ledger_ended(call);
        ended(side, call);
        say_cancel(side, call);
}

void side_cancel(int side, const struct step *step) {
        struct side *s = &life.sides[side];

        if (s->n_made)
                give_up(side, s->made[step->number % s->n_made]);
}

/* Ends every call that is due, and lets the other one know of some. */
static void expire(int side, int64_t now, bool cancel) {
        uint32_t id;
        void *call;

        while (via_calls_expire(&life.sides[side].pump.conn.calls, now, &call, &id) == 0) {
                ledger_expired(&life.ledger, side, call, id, now);
                ended(side, call);
                if (cancel && id % 2)
                        say_cancel(side, call);
        }
}

/* --- as the one who is called ----------------------------------------------------------------- */

/* Answers @call, or one of those that are waiting: not the first as a rule. */
void side_answer(int side, const struct step *step, struct ledger_call *call) {
        struct side *s = &life.sides[side];
        struct ledger_frame frame;
        void *taken;

        if (!call && s->n_served)
                call = s->served[step->number % s->n_served];
        if (!call)
                return;
        frame = (struct ledger_frame){ .what = LEDGER_REPLY,
                                       .number = call->number,
                                       .id = call->id,
                                       .size = step->size,
                                       .meta = meta_of(step),
                                       .value = step->number % 17,
                                       .high = call->high };
        if (!side_say(side, (struct wire_header){ .type = WIRE_REPLY }, frame))
                return;
        if (call->state == LEDGER_WAITS &&
            (via_opens_take(&s->pump.conn.opens, call->id, &taken) || taken != call))
                ledger_wrong("call %u is answered, and was not there", call->number);
        ledger_ended(call);
        ended(side, call);
}

void side_head(int side, const struct step *step) {
        struct side *s = &life.sides[side];
        struct ledger_frame frame = { .what = LEDGER_HEAD, .meta = step->size % 150 };
        struct ledger_call *call = NULL;

        for (uint32_t i = 0; i < s->n_served && !call; i++) {
                call = s->served[(step->number + i) % s->n_served];
                if (call->headed || call->stream.item || call->stream.at)
                        call = NULL;
        }
        if (!call)
                return;
        frame.number = call->number;
        frame.id = call->id;
        frame.high = call->high;
        call->headed = side_say(side, (struct wire_header){ .type = WIRE_HEAD }, frame);
}

/* Those that are overdue hear of it, and some are answered for that. */
static void expire_served(int side, int64_t now) {
        struct via_opens *opens = &life.sides[side].pump.conn.opens;
        struct step step = { .size = 0 };
        uint32_t id;
        void *told;

        while (via_opens_expire(opens, now, &told, &id) == 0) {
                struct ledger_call *call = told;

                if (call->id != id || call->due > now || call->told ||
                    call->state != LEDGER_WAITS)
                        ledger_wrong("call %u is told that it is overdue", call->number);
                call->told = true;
                if (id % 2)
                        side_answer(side, &step, call);
        }
}

/* A call has come: it waits in the machine, if that has room and memory for it. */
static void serve(int side, const struct via_event *ev, const struct ledger_frame *frame) {
        static const uint8_t other_way[] = { 0, VIA_FLOW_RECEIVES, VIA_FLOW_SENDS,
                                             VIA_FLOW_SENDS | VIA_FLOW_RECEIVES };
        const struct ledger_call *from = &life.ledger.sides[!side].made[frame->number];
        struct ledger_call *call = &life.ledger.sides[side].served[frame->number];
        struct side *s = &life.sides[side];
        struct via_conn *conn = &s->pump.conn;
        int r;

        *call = (struct ledger_call){ .number = frame->number,
                                      .id = ev->id,
                                      .due = life.cable.now + ev->value,
                                      .high = ev->high,
                                      .ways = other_way[from->ways],
                                      .state = LEDGER_WAITS };
        via_conn_flow(conn, &call->stream.flow, call->ways);
        call->stream.announced = s->stream_window;
        r = via_opens_add(&conn->opens, ev->id, call, call->due,
                          call->ways ? &call->stream.flow : NULL);
        if (r)
                call->state = LEDGER_REFUSED;
        if (r == VIA_CALLS_FULL ? conn->opens.n < conn->max_calls : r && !alloc_failed())
                ledger_wrong("a call of the other's is not taken: %d", r);
        enter(s->served, &s->n_served, call);
}

/* --- what comes in ---------------------------------------------------------------------------- */

static void on_pong(struct side *s, uint32_t value) {
        if (value <= s->ponged || value > s->pinged)
                ledger_wrong("the answer to ping %u comes after that to %u of %u", value, s->ponged,
                             s->pinged);
        s->ponged = value;
}

static void on_event(int side, const struct via_event *ev) {
        struct side *s = &life.sides[side];
        struct ledger_call *call = ev->call;
        struct step step = { .size = 10, .number = ev->id };
        const struct ledger_frame *frame;

        if (ev->type == VIA_EVENT_PONG) {
                on_pong(s, ev->value);
                return;
        }
        if (ev->type == VIA_EVENT_CREDIT && !call) {
                side_credit(side, NULL, ev);
                return;
        }
        frame = ledger_arrived(&life.ledger, side, ev);
        switch (ev->type) {
        case VIA_EVENT_CALL:
                if (!ev->oneway)
                        serve(side, ev, frame);
                break;
        case VIA_EVENT_REPLY: ended(side, call); break;
        case VIA_EVENT_CANCEL:
                if (ev->id % 3)
                        side_answer(side, &step, call);
                break;
        case VIA_EVENT_ITEM:
                side_item(side, call, ev);
                if (call->broken && call->made)
                        give_up(side, call);
                else if (call->broken)
                        side_answer(side, &step, call);
                break;
        case VIA_EVENT_END: call->stream.ended = true; break;
        case VIA_EVENT_CREDIT: side_credit(side, call, ev); break;
        default: break;
        }
}

static void deliver(int side) {
        struct side *s = &life.sides[side];
        struct via_event ev;
        int r;

        while ((r = via_pump_next(&s->pump, &ev)) == 0)
                on_event(side, &ev);
        if (r < 0)
                ledger_wrong("the other one is accused of this: %s", s->pump.conn.why);
        via_pump_rest(&s->pump, life.cable.now);
}

/* --- turns and ends --------------------------------------------------------------------------- */

void side_ping(int side) {
        struct side *s = &life.sides[side];

        via_conn_ping(&s->pump.conn, ++s->pinged);
}

void side_goaway(int side, const struct step *step) {
        struct via_conn *conn = &life.sides[side].pump.conn;
        bool said = conn->state & VIA_CONN_GOAWAY_SENT;

        if (!ledger_has_room(&life.ledger, side))
                return;
        via_conn_goaway(conn, (uint8_t)(step->number % 17), "enough for today");
        if (life.cable.lanes)
                via_pump_flush(&life.sides[side].pump); /* where it is said last */
        else
                via_pump_reserve(&life.sides[side].pump, 0);
        if (!said && conn->state & VIA_CONN_GOAWAY_SENT)
                ledger_sent(&life.ledger, side,
                            (struct ledger_frame){ .what = LEDGER_GOAWAY,
                                                   .id = life.ledger.sides[side].last_id,
                                                   .value = step->number % 17 });
}

/* Takes out what the machine has of the other's calls, each once. */
static void end_served(int side) {
        struct side *s = &life.sides[side];
        uint32_t id;
        void *told, *taken;

        while (via_opens_expire(&s->pump.conn.opens, INT64_MAX, &told, &id) == 0) {
                struct ledger_call *call = told;

                if (via_opens_take(&s->pump.conn.opens, id, &taken) || taken != call ||
                    call->state != LEDGER_WAITS)
                        ledger_wrong("call %u ends with the link, and was not there", call->number);
                ledger_ended(call);
                ended(side, call);
        }
        while (s->n_served) {
                struct ledger_call *call = s->served[0];

                if (call->state != LEDGER_REFUSED)
                        ledger_wrong("call %u did not end with the link", call->number);
                ledger_ended(call);
                ended(side, call);
        }
}

/* The link has ended by @r. What had arrived before is still dealt with. */
void side_end(int side, int r) {
        struct side *s = &life.sides[side];
        int got = r;

        if (!s->open)
                return;
        if (r == -EPIPE)
                while ((got = via_pump_drain(&s->pump, 0)) == 0)
                        deliver(side);
        if (s->hears_all && got == -EPIPE)
                ledger_complete(&life.ledger, side);
        expire(side, INT64_MAX, false);
        end_served(side);
        ledger_over(&life.ledger, side);
        if (s->pump.conn.calls.n || s->pump.conn.opens.n || s->n_made)
                ledger_wrong("%u and %u calls are left", s->pump.conn.calls.n,
                             s->pump.conn.opens.n);
        via_pump_fini(&s->pump);
        via_pool_fini(&s->pool);
        s->open = false;
}

/* Streams to whom credit is owed, because there was no memory to say it. */
static void pay_all(int side) {
        struct side *s = &life.sides[side];

        for (uint32_t i = 0; i < s->n_made + s->n_served; i++) {
                struct ledger_call *call = i < s->n_made ? s->made[i] : s->served[i - s->n_made];

                if (call->stream.owed && call->state == LEDGER_WAITS)
                        side_read(side, call, 0);
        }
}

/* What a driver does: receive, deliver, expire, send. Returns whether anything moved. */
bool side_turn(int side) {
        struct side *s = &life.sides[side];
        size_t queued = via_pump_queued(&s->pump);
        int r = via_pump_drain(&s->pump, 0), sent;

        if (r == 0)
                deliver(side);
        if (r < 0 && r != -EAGAIN) {
                side_end(side, r);
                return true;
        }
        expire(side, life.cable.now, true);
        expire_served(side, life.cable.now);
        ledger_swept(&life.ledger, side, life.cable.now);
        pay_all(side);
        sent = via_pump_flush(&s->pump);
        if (sent < 0)
                side_end(side, sent);
        else if (via_conn_tick(&s->pump.conn, life.cable.now) < 0)
                side_end(side, -ETIMEDOUT);
        return r == 0 || sent < 0 || via_pump_queued(&s->pump) < queued;
}

/* Leaves in order, if all can be sent at once; or else in disorder. */
void side_leave(int side) {
        struct side *s = &life.sides[side], *other = &life.sides[!side];

        other->hears_all = via_pump_flush(&s->pump) == 0;
        side_end(side, 0);
}

/* A little; or until something arrives. */
void side_pass_time(bool until) {
        int64_t next = cable_next(&life.cable);

        life.cable.now++;
        if (until && next != INT64_MAX && next > life.cable.now)
                life.cable.now = next;
}
