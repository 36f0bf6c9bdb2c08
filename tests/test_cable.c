/*
 * test_cable.c - two machines on a cable, through many short lives: test_cable [--seed N]
 * [--steps N]
 *
 * Each life has a seed, from which all of it follows: limits, what is tried (schedule.h), how
 * the cable cuts and delays (cable.h). Whatever happens, the ledger must balance: what was sent
 * comes out whole, in order and once; each call ends once; no memory is left. A life that goes
 * wrong says its seed, and --seed lives it again. (No test.h: one life is not one test.)
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "alloc.h"
#include "cable.h"
#include "ledger.h"
#include "pump.h"
#include "schedule.h"

enum { ASKED_MOST = 4096, QUEUE_MOST = 1 << 18 };

struct side {
        struct via_pump pump;
        struct via_pool pool;
        uint32_t        peer_calls;             /* as many as the other one allows */
        bool            open;
        bool            hears_all;              /* the other one closed when all was sent */
        struct ledger_frame asked[ASKED_MOST];  /* calls of the other's, not yet answered */
        uint32_t        n_asked;
};

static struct life {
        struct cable    cable;
        struct schedule schedule;
        struct ledger   ledger;
        struct side     sides[2];
} life;

/* Shared with the parent, which tells of a child that dies. */
static struct progress {
        uint64_t seed, step, steps, lives;
} *progress;

/* --- one side --------------------------------------------------------------------------------- */

/* Queues a frame and notes it; false: no memory. */
static bool say(int side, struct wire_header header, struct ledger_frame frame) {
        struct via_pump *pump = &life.sides[side].pump;
        bool call = frame.what == LEDGER_CALL || frame.what == LEDGER_ONEWAY;
        size_t before = call ? WIRE_METHOD : 0;
        uint8_t *room;

        frame.high = frame.high && life.cable.lanes;
        room = via_pump_reserve_for(pump, frame.high, WIRE_HEADER + before + frame.size);
        if (!room)
                return false;
        header.length = (uint32_t)(before + frame.size);
        header.id = frame.id;
        header.value = frame.value;
        wire_put_header(room, &header);
        if (call)
                wire_put64(room + WIRE_HEADER, ledger_method(frame.number));
        ledger_fill(room + WIRE_HEADER + before, &frame);
        via_pump_commit(pump, WIRE_HEADER + before + frame.size);
        ledger_sent(&life.ledger, side, frame);
        return true;
}

static void call(int side, const struct step *step) {
        struct via_conn *conn = &life.sides[side].pump.conn;
        struct ledger_call *call = ledger_call(&life.ledger, side);
        uint32_t timeout = 1 + step->number % (step->number & 1 << 20 ? 100 : 10000);
        struct ledger_frame frame = { .what = LEDGER_CALL,
                                      .number = call->number,
                                      .size = step->size,
                                      .value = timeout,
                                      .high = step->number & 1 << 19 };
        void *taken;
        int r;

        call->high = frame.high;
        call->due = step->number & 1 << 21 ? INT64_MAX : life.cable.now + timeout;
        r = via_calls_add(&conn->calls, call, call->due, &frame.id);
        if (r == VIA_CALLS_FULL && conn->calls.n < conn->calls.max)
                ledger_wrong("%u calls are taken for %u", conn->calls.n, conn->calls.max);
        if (r == 0 && conn->state & VIA_CONN_HELLO_SEEN &&
            conn->calls.n > life.sides[side].peer_calls)
                ledger_wrong("%u calls are more than the other one allows", conn->calls.n);
        if (r == -ENOMEM && !alloc_failed())
                ledger_wrong("no memory, they say");
        if (r == 0 && !say(side, (struct wire_header){ .type = WIRE_CALL }, frame))
                if (via_calls_take(&conn->calls, frame.id, &taken) || taken != call)
                        ledger_wrong("a call not made cannot be taken back");
}

static void oneway(int side, const struct step *step) {
        say(side, (struct wire_header){ .type = WIRE_CALL, .flags = WIRE_ONEWAY },
            (struct ledger_frame){ .what = LEDGER_ONEWAY,
                                   .number = step->number,
                                   .id = step->number,
                                   .size = step->size,
                                   .value = step->number,
                                   .high = step->number & 1 << 19 });
}

/* Answers one of those that are waiting, not the first as a rule. */
static void answer(int side, const struct step *step) {
        struct side *s = &life.sides[side];
        struct ledger_frame *asked, frame;

        if (!s->n_asked)
                return;
        asked = &s->asked[step->number % s->n_asked];
        frame = *asked;
        frame.what = LEDGER_REPLY;
        frame.size = step->size;
        frame.value = step->number % 17;
        if (say(side, (struct wire_header){ .type = WIRE_REPLY }, frame)) {
                void *open;

                via_opens_take(&s->pump.conn.opens, frame.id, &open);
                *asked = s->asked[--s->n_asked];
        }
}

static void ping(int side, const struct step *step) {
        uint8_t *room = via_pump_reserve(&life.sides[side].pump, WIRE_HEADER);

        if (!room)
                return;
        wire_put_header(room, &(struct wire_header){ .type = WIRE_PING, .value = step->number });
        via_pump_commit(&life.sides[side].pump, WIRE_HEADER);
}

static void goaway(int side, const struct step *step) {
        struct via_conn *conn = &life.sides[side].pump.conn;
        bool said = conn->state & VIA_CONN_GOAWAY_SENT;

        via_conn_goaway(conn, (uint8_t)(step->number % 17), "enough for today");
        if (life.cable.lanes)
                via_pump_flush(&life.sides[side].pump); /* where it is said last */
        else
                via_pump_reserve(&life.sides[side].pump, 0);
        if (!said && conn->state & VIA_CONN_GOAWAY_SENT)
                ledger_sent(&life.ledger, side,
                            (struct ledger_frame){ .what = LEDGER_GOAWAY,
                                                   .value = step->number % 17 });
}

/* Ends every call that is due, and lets the other one know of some. */
static void expire(int side, int64_t now, bool cancel) {
        struct via_calls *calls = &life.sides[side].pump.conn.calls;
        uint32_t id;
        void *call;

        while (via_calls_expire(calls, now, &call, &id) == 0) {
                bool high = ((struct ledger_call *)call)->high;

                ledger_expired(&life.ledger, side, call, id, now);
                if (cancel && id % 2)
                        say(side, (struct wire_header){ .type = WIRE_CANCEL },
                            (struct ledger_frame){ .what = LEDGER_CANCEL, .id = id, .high = high });
        }
        ledger_swept(&life.ledger, side, now);
}

static void deliver(int side) {
        struct side *s = &life.sides[side];
        struct via_event ev;
        int r;

        while ((r = via_pump_next(&s->pump, &ev)) == 0) {
                const struct ledger_frame *frame;

                if (ev.type == VIA_EVENT_PONG)
                        continue;
                frame = ledger_arrived(&life.ledger, side, &ev, s->pump.conn.max_message);
                if (ev.type != VIA_EVENT_CALL || ev.oneway)
                        continue;
                s->asked[s->n_asked++] = *frame;
                via_opens_add(&s->pump.conn.opens, ev.id, s, INT64_MAX, NULL);
        }
        if (r < 0)
                ledger_wrong("the other one is accused of this: %s", s->pump.conn.why);
        via_pump_rest(&s->pump, life.cable.now);
}

/* The link has ended by @r. What had arrived before is still dealt with. */
static void end(int side, int r) {
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
        ledger_over(&life.ledger, side);
        if (s->pump.conn.calls.n)
                ledger_wrong("%u calls are left", s->pump.conn.calls.n);
        via_pump_fini(&s->pump);
        via_pool_fini(&s->pool);
        s->open = false;
        s->n_asked = 0;
}

/* What a driver does: receive, deliver, expire, send. Returns whether anything moved. */
static bool turn(int side) {
        struct side *s = &life.sides[side];
        size_t queued = via_pump_queued(&s->pump);
        int r = via_pump_drain(&s->pump, 0), sent;

        if (r == 0)
                deliver(side);
        if (r < 0 && r != -EAGAIN) {
                end(side, r);
                return true;
        }
        expire(side, life.cable.now, true);
        sent = via_pump_flush(&s->pump);
        if (sent < 0)
                end(side, sent);
        else if (via_conn_tick(&s->pump.conn, life.cable.now) < 0)
                end(side, -ETIMEDOUT);
        return r == 0 || sent < 0 || via_pump_queued(&s->pump) < queued;
}

/* Leaves in order, if all can be sent at once; or else in disorder. */
static void leave(int side) {
        struct side *s = &life.sides[side], *other = &life.sides[!side];

        other->hears_all = via_pump_flush(&s->pump) == 0;
        end(side, 0);
}

/* --- a life ----------------------------------------------------------------------------------- */

static void do_step(const struct step *step) {
        int side = step->side;

        if (step->type == STEP_PASS_TIME)
                life.cable.now += step->number % 20;
        if (step->type == STEP_CUT)
                cable_cut(&life.cable);
        if (!life.sides[side].open)
                return;
        if (step->type == STEP_TURN_SHORT_OF_MEMORY || step->type == STEP_CALL_SHORT_OF_MEMORY)
                alloc_fail(1 + step->number % 2);
        switch (step->type) {
        case STEP_TURN:
        case STEP_TURN_SHORT_OF_MEMORY: turn(side); break;
        case STEP_CALL:
        case STEP_CALL_SHORT_OF_MEMORY:
                if (via_pump_queued(&life.sides[side].pump) < QUEUE_MOST)
                        call(side, step);
                break;
        case STEP_ONEWAY:
                if (via_pump_queued(&life.sides[side].pump) < QUEUE_MOST)
                        oneway(side, step);
                break;
        case STEP_ANSWER: answer(side, step); break;
        case STEP_PING: ping(side, step); break;
        case STEP_GOAWAY: goaway(side, step); break;
        case STEP_CLOSE: leave(side); break;
        default: break;
        }
        alloc_fail(0);
}

/* Everybody answers, nobody asks: then all must come to rest with nothing owed. */
static void calm_down(void) {
        for (bool moved = true; moved;) {
                moved = false;
                for (int side = 0; side < 2; side++) {
                        struct step step = schedule_next(&life.schedule);

                        if (life.sides[side].open && life.sides[side].n_asked) {
                                answer(side, &step);
                                moved = true;
                        }
                        moved = (life.sides[side].open && turn(side)) || moved;
                }
                if (cable_next(&life.cable) != INT64_MAX || via_pump_queued(&life.sides[0].pump) ||
                    via_pump_queued(&life.sides[1].pump)) {
                        life.cable.now++;
                        moved = moved || (life.sides[0].open && life.sides[1].open);
                }
        }
        for (int side = 0; side < 2; side++) {
                if (!life.sides[0].open || !life.sides[1].open)
                        continue;
                ledger_complete(&life.ledger, side);
                if (life.sides[side].pump.conn.calls.n)
                        ledger_wrong("all was answered, and %u calls wait",
                                     life.sides[side].pump.conn.calls.n);
                if (life.sides[side].pump.in.data || life.sides[side].pump.out.data ||
                    life.sides[side].pump.high.in.data || life.sides[side].pump.high.out.data)
                        ledger_wrong("a buffer is kept for nothing");
        }
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
        for (int side = 0; side < 2; side++) {
                struct via_limits limits = { .v = {
                        [VIA_LIMIT_MESSAGE] = 64u << random_below(random, 12),
                        [VIA_LIMIT_CALLS] = 1u << random_below(random, 11),
                } };
                struct side *s = &life.sides[side];

                via_pump_init(&s->pump, cable_link(&life.cable, side), &s->pool, &limits,
                              life.cable.now);
                life.sides[!side].peer_calls = s->pump.conn.max_calls;
                if (random_once(random, 4))
                        s->pump.conn.calls.next = UINT32_MAX - random_below(random, 100);
                life.ledger.sides[side].opens = &s->pump.conn.opens;
                s->open = true;
                s->hears_all = false;
                s->n_asked = 0;
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
        for (int side = 0; side < 2; side++) {
                if (!life.sides[side].open)
                        continue;
                if (random_once(&random, 2))
                        leave(side);
                for (int i = 0;
                     i < 100000 && life.sides[side].open && life.sides[side].hears_all; i++) {
                        turn(side);
                        life.cable.now++;
                }
                end(side, 0);
        }
        if (alloc_live() != before)
                ledger_wrong("%ld blocks of memory are left", alloc_live() - before);
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
                printf("%llu lives, %llu steps\n", (unsigned long long)progress->lives,
                       (unsigned long long)progress->steps);
                return 0;
        }
        printf("%s in step %llu of seed %llu; to see it again: test_cable --seed %llu\n",
               WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "wrong",
               (unsigned long long)progress->step, (unsigned long long)progress->seed,
               (unsigned long long)progress->seed);
        return 1;
}

int main(int argc, char **argv) {
        uint64_t seed = 0, steps = 400000;

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
