#pragma once
/*
 * now.h - the time, for waits that have an end
 *
 * The clock that nobody sets. Who waits adds its timeout to it once, and sees after each wakeup how
 * much is left. Never sleeps.
 */
#include <stdint.h>
#include <time.h>

static inline int64_t via_now_ms(void) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
