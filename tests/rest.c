/*
 * rest.c - the end of a life in test_cable: all streams flow and are read, all calls are answered
 */
#include "side.h"

static bool both_open(void) {
        return life.sides[0].open && life.sides[1].open;
}

/* Every call at @side that has a stream the given way, one after the other; NULL at the end. */
static struct ledger_call *next_stream(int side, uint32_t *at, uint8_t way) {
        struct side *s = &life.sides[side];

        while (*at < s->n_made + s->n_served) {
                uint32_t i = (*at)++;
                struct ledger_call *call = i < s->n_made ? s->made[i] : s->served[i - s->n_made];

                if (call->ways & way && call->state == LEDGER_WAITS && !call->broken)
                        return call;
        }
        return NULL;
}

/* The other end of @call; NULL if it has ended there, or is not there yet. */
static struct ledger_call *other_end(int side, const struct ledger_call *call) {
        struct ledger_side *other = &life.ledger.sides[!side];
        struct ledger_call *end = &(call->made ? other->served : other->made)[call->number];

        return end->state == LEDGER_WAITS ? end : NULL;
}

/* Each writes as far as it shall, each reads that does not sulk; whether anything moved. */
static bool all_stream(int side) {
        bool moved = false;
        struct ledger_call *call;

        for (uint32_t at = 0; (call = next_stream(side, &at, VIA_FLOW_SENDS));)
                if (call->stream.item < call->stream.target || call->stream.at)
                        moved = side_write(side, call,
                                           (uint32_t)random_next(&life.cable.random), 1) ||
                                moved;
        for (uint32_t at = 0; (call = next_stream(side, &at, VIA_FLOW_RECEIVES));) {
                uint32_t taken = call->stream.taken;

                if (!call->stream.sulks && !call->stream.wants)
                        side_read(side, call, 1);
                moved = moved || call->stream.taken != taken;
        }
        return moved;
}

/* Answers one of those that are not streams; or, if @streams, of all. */
static bool answer_one(int side, bool streams) {
        struct side *s = &life.sides[side];
        struct step step = schedule_next(&life.schedule);

        for (uint32_t i = 0; i < s->n_served; i++) {
                struct ledger_call *call = s->served[i];

                if (streams || !call->ways || call->state == LEDGER_REFUSED) {
                        side_answer(side, &step, call);
                        return true;
                }
        }
        return false;
}

/* Until nothing moves and nothing is on its way. */
static void settle(bool streams) {
        for (bool moved = true; moved;) {
                moved = false;
                for (int side = 0; side < 2; side++) {
                        if (!life.sides[side].open)
                                continue;
                        moved = answer_one(side, streams) || moved;
                        moved = (!streams && all_stream(side)) || moved;
                        moved = side_turn(side) || moved;
                }
                if (cable_next(&life.cable) != INT64_MAX || via_pump_queued(&life.sides[0].pump) ||
                    via_pump_queued(&life.sides[1].pump)) {
                        side_pass_time(!moved);
                        moved = moved || both_open();
                }
        }
}

/* Some streams are read by nobody, as many as the link's window lets be. */
static void let_some_sulk(int side) {
        struct side *s = &life.sides[side];
        uint32_t left = s->link_window;
        struct ledger_call *call;

        for (uint32_t at = 0; (call = next_stream(side, &at, VIA_FLOW_RECEIVES));) {
                if (left <= s->stream_window + 100 || call->stream.wants ||
                    random_once(&life.cable.random, 2))
                        continue;
                call->stream.sulks = true;
                left -= s->stream_window;
        }
}

/* All shall write some items more, those to a reader that sulks as many as they can. */
static void set_targets(int side) {
        struct random *random = &life.cable.random;
        uint32_t most = random_once(random, 4) ? 300 : 4;
        struct ledger_call *call;

        for (uint32_t at = 0; (call = next_stream(side, &at, VIA_FLOW_SENDS));) {
                const struct ledger_call *reader = other_end(side, call);
                bool sulks = reader && reader->stream.sulks;

                call->stream.target =
                        sulks ? UINT32_MAX : call->stream.item + random_below(random, most);
        }
}

/* What has no reader stopped nobody else: whoever is not held up has sent, and was read. */
static void check_flowed(int side) {
        struct ledger_call *call;

        for (uint32_t at = 0; (call = next_stream(side, &at, VIA_FLOW_SENDS));) {
                const struct ledger_call *reader = other_end(side, call);

                if (call->stream.closed || !reader || reader->stream.sulks || reader->broken)
                        continue;
                if (call->stream.item < call->stream.target || call->stream.at)
                        ledger_wrong("a stream is stopped, and nobody stops it");
                if (reader->stream.taken != call->stream.item ||
                    reader->stream.whole != call->stream.item)
                        ledger_wrong("%u items were sent, %u came, %u were read", call->stream.item,
                                     reader->stream.whole, reader->stream.taken);
        }
        for (uint32_t i = 0; i < life.sides[side].n_made; i++) {
                const struct ledger_call *end = other_end(side, life.sides[side].made[i]);

                if (!life.sides[side].made[i]->ways && end)
                        ledger_wrong("a call was stopped by a stream");
        }
}

/* Now everything is read, and nobody writes. */
static void sulk_no_more(int side) {
        struct ledger_call *call;

        for (uint32_t at = 0; (call = next_stream(side, &at, VIA_FLOW_RECEIVES));)
                call->stream.sulks = false;
        for (uint32_t at = 0; (call = next_stream(side, &at, VIA_FLOW_SENDS));)
                call->stream.target = call->stream.item;
}

static void check_credit(const struct via_flow *from, const struct via_flow *to, uint64_t excess) {
        if (from->sent != to->received || to->received != to->taken)
                ledger_wrong("%llu bytes sent, %llu received, %llu taken",
                             (unsigned long long)from->sent, (unsigned long long)to->received,
                             (unsigned long long)to->taken);
        if (to->granted - to->received != to->window)
                ledger_wrong("of a window of %u, %llu bytes are granted", to->window,
                             (unsigned long long)(to->granted - to->received));
        if (from->allowed != to->announced)
                ledger_wrong("%llu bytes are announced, %llu allowed",
                             (unsigned long long)to->announced, (unsigned long long)from->allowed);
        if (to->announced > to->granted + excess ||
            (to->announced < to->granted && to->granted - to->announced >= to->window / 2 + 1))
                ledger_wrong("of %llu bytes granted %llu are announced",
                             (unsigned long long)to->granted, (unsigned long long)to->announced);
}

/* All is read and quiet: credit is back, of each stream that is open at both ends, and the link. */
static void check_all_credit(int side) {
        const struct side *from = &life.sides[side], *to = &life.sides[!side];
        struct ledger_call *call;
        bool alone = false;

        for (uint32_t at = 0; (call = next_stream(side, &at, VIA_FLOW_SENDS));) {
                const struct ledger_call *reader = other_end(side, call);

                if (!reader || reader->broken)
                        alone = true;
                else if (!reader->stream.ended)
                        check_credit(&call->stream.flow, &reader->stream.flow, 0);
        }
        for (uint32_t at = 0; (call = next_stream(!side, &at, VIA_FLOW_RECEIVES));)
                if (!other_end(!side, call) || call->broken)
                        alone = true;
        if (!alone)
                check_credit(&from->pump.conn.link, &to->pump.conn.link, to->excess);
}

static void check_at_rest(int side) {
        const struct side *s = &life.sides[side];

        ledger_complete(&life.ledger, side);
        if (s->pump.conn.calls.n || s->pump.conn.opens.n)
                ledger_wrong("all was answered, and %u and %u calls wait", s->pump.conn.calls.n,
                             s->pump.conn.opens.n);
        if (s->pump.in.data || s->pump.out.data || s->pump.high.in.data || s->pump.high.out.data)
                ledger_wrong("a buffer is kept for nothing");
        if (s->ponged != s->pinged)
                ledger_wrong("ping %u was not answered, but %u", s->pinged, s->ponged);
}

/*
 * First the streams flow, some of them unread; then all is read; then everybody answers. After
 * each nothing may be owed.
 */
void come_to_rest(void) {
        for (int side = 0; side < 2 && both_open(); side++)
                let_some_sulk(side);
        for (int side = 0; side < 2 && both_open(); side++)
                set_targets(side);
        settle(false);
        for (int side = 0; side < 2 && both_open(); side++)
                check_flowed(side);
        for (int side = 0; side < 2 && both_open(); side++)
                sulk_no_more(side);
        settle(false);
        for (int side = 0; side < 2 && both_open(); side++)
                check_all_credit(side);
        settle(true);
        for (int side = 0; side < 2 && both_open(); side++)
                check_all_credit(side);
        for (int side = 0; side < 2 && both_open(); side++)
                check_at_rest(side);
}
