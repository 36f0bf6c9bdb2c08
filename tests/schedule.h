#pragma once
/*
 * schedule.h - what happens next to two machines on a cable: one thing a step, from a seed
 *
 * Every seed has its own likings: some lives never see a ping, others little else. Only says
 * what is to be tried; whether it can be, and whether what comes of it is right, others know.
 */
#include "random.h"

/* name, how likely at most */
#define STEPS(X) \
        X(TURN, 400) X(CALL, 100) X(ONEWAY, 30) X(ANSWER, 100) X(PASS_TIME, 200) X(PING, 30) \
        X(OPEN, 150) X(WRITE, 800) X(READ, 500) X(END, 30) X(CANCEL, 10) X(HEAD, 100) \
        X(TURN_SHORT_OF_MEMORY, 4) X(CALL_SHORT_OF_MEMORY, 20) X(WRITE_SHORT_OF_MEMORY, 10) \
        X(GOAWAY, 4) X(CLOSE, 4) X(CUT, 4)

enum step_type {
#define STEP_(name, most) STEP_##name,
        STEPS(STEP_)
#undef STEP_
        STEP_COUNT
};

struct step {
        enum step_type type;
        int            side;
        uint32_t       number, size;
};

struct schedule {
        struct random random;
        uint32_t      weights[STEP_COUNT], sum;
        uint32_t      big;                      /* the largest size, and one in so many is large */
        uint32_t      big_in;
};

static inline void schedule_init(struct schedule *schedule, uint64_t seed) {
        static const uint32_t most[STEP_COUNT] = {
#define STEP_(name, n) n,
                STEPS(STEP_)
#undef STEP_
        };

        *schedule = (struct schedule){ .random.state = ~seed };
        for (int i = 0; i < STEP_COUNT; i++) {
                bool streams = i == STEP_OPEN || i == STEP_WRITE || i == STEP_READ;
                bool never = i != STEP_TURN && random_once(&schedule->random, streams ? 10 : 3);

                schedule->weights[i] = never ? 0 : 1 + random_below(&schedule->random, most[i]);
                schedule->sum += schedule->weights[i];
        }
        schedule->big = 1u << (6 + random_below(&schedule->random, 12));
        schedule->big_in = 2 + random_below(&schedule->random, 30);
}

static inline struct step schedule_next(struct schedule *schedule) {
        uint32_t at = random_below(&schedule->random, schedule->sum);
        struct step step = { .type = STEP_TURN };

        while (at >= schedule->weights[step.type])
                at -= schedule->weights[step.type++];
        step.side = (int)random_below(&schedule->random, 2);
        step.number = (uint32_t)random_next(&schedule->random);
        step.size = random_below(&schedule->random, random_once(&schedule->random, schedule->big_in)
                                                            ? schedule->big
                                                            : 50);
        return step;
}
