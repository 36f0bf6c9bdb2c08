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
                        side_pass_time(true);
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
                come_to_rest();
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
