#pragma once
/*
 * schedule.h - what happens next to two machines on a cable: one thing a step, from a seed
 *
 * Every seed has its own likings: some lives never see a ping, others little else. Only says
 * what is to be tried; whether it can be, and whether what comes of it is right, others know.
 */
#include "random.h"

#define STEPS(X) X(TURN) X(CALL) X(ONEWAY) X(ANSWER) X(PASS_TIME) X(PING) X(TURN_SHORT_OF_MEMORY) \
        X(CALL_SHORT_OF_MEMORY) X(GOAWAY) X(CLOSE) X(CUT)

enum step_type {
#define STEP_(name) STEP_##name,
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
                [STEP_TURN] = 400,
                [STEP_CALL] = 200,
                [STEP_ONEWAY] = 50,
                [STEP_ANSWER] = 200,
                [STEP_PASS_TIME] = 200,
                [STEP_PING] = 50,
                [STEP_TURN_SHORT_OF_MEMORY] = 4,
                [STEP_CALL_SHORT_OF_MEMORY] = 20,
                [STEP_GOAWAY] = 4,
                [STEP_CLOSE] = 4,
                [STEP_CUT] = 4,
        };

        *schedule = (struct schedule){ .random.state = ~seed };
        for (int i = 0; i < STEP_COUNT; i++) {
                bool never = i != STEP_TURN && random_once(&schedule->random, 3);

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
