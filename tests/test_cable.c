/*
 * test_cable.c - two machines on a cable, through many short lives: test_cable [--seed N]
 * [--steps N]
 *
 * Each life has a seed, from which all of it follows: limits, what is tried (schedule.h), how
 * the cable cuts and delays (cable.h). Whatever happens, the ledger must balance: what was sent
 * comes out whole, in order and once; each call ends once; no more items are sent than there is
 * credit for, and all of that comes back; no memory is left. A life that goes wrong says its
 * seed, and --seed lives it again. (No test.h: one life is not one test.)
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "alloc.h"
#include "side.h"

struct life life;

/* Shared with the parent, which tells of a child that dies. */
static struct progress {
        uint64_t seed, step, steps, lives, items, bytes;
} *progress;

/* --- a life ----------------------------------------------------------------------------------- */

static void write_some(int side, const struct step *step) {
        struct ledger_call *call = side_pick(side, step->number, VIA_FLOW_SENDS);

        if (call)
                side_write(side, call, step->number, 1 + step->number % 5);
}

static void read_some(int side, const struct step *step) {
        struct ledger_call *call = side_pick(side, step->number, VIA_FLOW_RECEIVES);

        if (call)
                side_read(side, call, 1 + step->number % 5);
}

static void close_some(int side, const struct step *step) {
        struct ledger_call *call = side_pick(side, step->number, VIA_FLOW_SENDS);

        if (call)
                side_close(side, call);
}

static bool can_say(int side) {
        return via_pump_queued(&life.sides[side].pump) < QUEUE_MOST;
}

static void do_step(const struct step *step) {
        int side = step->side;

        if (step->type == STEP_PASS_TIME)
                life.cable.now += step->number % 20;
        if (step->type == STEP_CUT)
                cable_cut(&life.cable);
        if (!life.sides[side].open)
                return;
        if (step->type == STEP_TURN_SHORT_OF_MEMORY || step->type == STEP_CALL_SHORT_OF_MEMORY ||
            step->type == STEP_WRITE_SHORT_OF_MEMORY)
                alloc_fail(1 + step->number % 2);
        switch (step->type) {
        case STEP_TURN:
        case STEP_TURN_SHORT_OF_MEMORY: side_turn(side); break;
        case STEP_CALL:
        case STEP_CALL_SHORT_OF_MEMORY:
                if (can_say(side))
                        side_call(side, step, 0);
                break;
        case STEP_OPEN:
                if (can_say(side))
                        side_call(side, step, (uint8_t)(1 + step->number % 3));
                break;
        case STEP_ONEWAY:
                if (can_say(side))
                        side_oneway(side, step);
                break;
        case STEP_WRITE:
        case STEP_WRITE_SHORT_OF_MEMORY: write_some(side, step); break;
        case STEP_READ: read_some(side, step); break;
        case STEP_END: close_some(side, step); break;
        case STEP_CANCEL: side_cancel(side, step); break;
        case STEP_HEAD: side_head(side, step); break;
        case STEP_ANSWER: side_answer(side, step, NULL); break;
        case STEP_PING: side_ping(side); break;
        case STEP_GOAWAY: side_goaway(side, step); break;
        case STEP_CLOSE: side_leave(side); break;
        default: break;
        }
        alloc_fail(0);
}

/* --- coming to rest --------------------------------------------------------------------------- */

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

/* A little; or until something arrives. */
static void pass_time(bool until) {
        int64_t next = cable_next(&life.cable);

        life.cable.now++;
        if (until && next != INT64_MAX && next > life.cable.now)
                life.cable.now = next;
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
                        pass_time(!moved);
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
static void calm_down(void) {
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

/* --- a life's begin and end ------------------------------------------------------------------- */

static void start_side(struct random *random, int side) {
        struct via_limits limits = { .v = {
                [VIA_LIMIT_MESSAGE] = 64u << random_below(random, 12),
                [VIA_LIMIT_CALLS] = 1u << random_below(random, 11),
                [VIA_LIMIT_METADATA] = 64u << random_below(random, 5),
                [VIA_LIMIT_STREAM_CREDIT] = WIRE_FIRST_CREDIT + random_below(random, 100000),
                [VIA_LIMIT_LINK_CREDIT] = WIRE_FIRST_CREDIT + random_below(random, 400000),
        } };
        struct ledger_side *noted = &life.ledger.sides[side];
        struct side *s = &life.sides[side];

        if (random_once(random, 2))
                limits.v[VIA_LIMIT_STREAM_CREDIT] = WIRE_FIRST_CREDIT;
        if (random_once(random, 2))             /* so that one which sulks holds most of it */
                limits.v[VIA_LIMIT_LINK_CREDIT] = limits.v[VIA_LIMIT_STREAM_CREDIT] +
                                                  200 + random_below(random, 8000);
        via_pump_init(&s->pump, cable_link(&life.cable, side), &s->pool, &limits, life.cable.now);
        life.sides[!side].peer_calls = s->pump.conn.max_calls;
        if (random_once(random, 4))
                s->pump.conn.calls.next = UINT32_MAX - random_below(random, 100);
        noted->max_message = limits.v[VIA_LIMIT_MESSAGE];
        noted->max_metadata = (uint32_t)limits.v[VIA_LIMIT_METADATA];
        s->stream_window = (uint32_t)limits.v[VIA_LIMIT_STREAM_CREDIT];
        s->link_window = (uint32_t)limits.v[VIA_LIMIT_LINK_CREDIT];
        s->open = true;
        s->hears_all = false;
        s->n_made = s->n_served = s->pinged = s->ponged = 0;
        s->link_granted = s->excess = 0;
}

static void start(struct random *random, uint64_t seed) {
        cable_init(&life.cable, seed);
        schedule_init(&life.schedule, seed);
        ledger_init(&life.ledger);
        life.cable.now = 1000;
        life.cable.room = 1 + random_below(random, random_once(random, 4) ? 50 : CABLE_ROOM);
        life.cable.lends = random_once(random, 2);
        life.cable.lanes = !life.cable.lends && random_once(random, 2);
        life.cable.delay = random_below(random, 60);
        life.big = 1u << (6 + random_below(random, life.cable.room <= 50 ? 5 : 12));
        for (int side = 0; side < 2; side++)
                start_side(random, side);
}

static void finish(struct random *random) {
        for (int side = 0; side < 2; side++) {
                if (!life.sides[side].open)
                        continue;
                if (random_once(random, 2))
                        side_leave(side);
                for (int i = 0;
                     i < 100000 && life.sides[side].open && life.sides[side].hears_all; i++) {
                        side_turn(side);
                        pass_time(true);
                }
                side_end(side, 0);
        }
}

static void live(uint64_t seed) {
        struct random random = { seed ^ 0x5eed };
        long before = alloc_live();
        uint32_t steps;

        progress->seed = seed;
        progress->step = 0;
        start(&random, seed);
        for (steps = 20 + random_below(&random, 600); steps; steps--) {
                struct step step = schedule_next(&life.schedule);

                progress->step++;
                progress->steps++;
                do_step(&step);
        }
        if (random_once(&random, 2))
                calm_down();
        finish(&random);
        if (alloc_live() != before)
                ledger_wrong("%ld blocks of memory are left", alloc_live() - before);
        progress->items += life.items;
        progress->bytes += life.bytes;
        life.items = life.bytes = 0;
        progress->lives++;
}

/* --- the program ------------------------------------------------------------------------------ */

static int live_many(uint64_t seed, uint64_t steps) {
        if (seed)
                live(seed);
        for (seed = 1; steps && progress->steps < steps; seed++)
                live(seed);
        return 0;
}

/* In a child, so that even one that dies without a word is told with its seed. */
static int watch(uint64_t seed, uint64_t steps) {
        int status = 0;
        pid_t pid;

        fflush(stdout);
        pid = fork();
        if (pid == 0)
                exit(live_many(seed, steps));
        if (pid < 0 || waitpid(pid, &status, 0) != pid)
                return perror("test_cable"), 1;
        if (status == 0) {
                printf("count: %llu steps under the cable\n", (unsigned long long)progress->steps);
                printf("%llu lives, %llu items, %llu bytes of them\n",
                       (unsigned long long)progress->lives, (unsigned long long)progress->items,
                       (unsigned long long)progress->bytes);
                return 0;
        }
        printf("%s in step %llu of seed %llu; to see it again: test_cable --seed %llu\n",
               WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "wrong",
               (unsigned long long)progress->step, (unsigned long long)progress->seed,
               (unsigned long long)progress->seed);
        return 1;
}

int main(int argc, char **argv) {
        uint64_t seed = 0, steps = 1050000;

        for (int i = 1; i < argc; i += 2) {
                bool is_seed = strcmp(argv[i], "--seed") == 0;
                char *end_of = NULL;
                uint64_t number = i + 1 < argc ? strtoull(argv[i + 1], &end_of, 0) : 0;

                if ((!is_seed && strcmp(argv[i], "--steps") != 0) || number == 0 || *end_of) {
                        fprintf(stderr, "usage: test_cable [--seed N] [--steps N]\n");
                        return 2;
                }
                *(is_seed ? &seed : &steps) = number;
        }
        progress = mmap(NULL, sizeof(*progress), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (progress == MAP_FAILED)
                return perror("test_cable"), 1;
        return watch(seed, seed ? 0 : steps);
}
