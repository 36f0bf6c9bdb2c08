#pragma once
/*
 * clock.h - the time, for those who sleep
 *
 * Coarse on purpose: deadlines are told in milliseconds, and this costs a few nanoseconds and
 * no system call. Its steps are those of the kernel's tick (1 to 10 ms).
 */
#include <stdint.h>
#include <time.h>

/* Monotonic microseconds since some past moment, exactly: to measure, some 20 ns each. */
static inline int64_t via_clock_us(void) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (int64_t)t.tv_sec * 1000000 + (int64_t)((uint64_t)t.tv_nsec / 1000);
}

/* Monotonic milliseconds since some past moment. */
static inline int64_t via_clock_ms(void) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
        return (int64_t)t.tv_sec * 1000 + (int64_t)((uint64_t)t.tv_nsec / 1000000);
}
