#pragma once
/*
 * random.h - numbers that look random and are the same for the same seed, everywhere
 */
#include <stdbool.h>
#include <stdint.h>

struct random {
        uint64_t state;                         /* any seed will do */
};

/* Sixty-four bits: splitmix64, whose whole state is a counter. */
static inline uint64_t random_next(struct random *random) {
        uint64_t z = random->state += 0x9e3779b97f4a7c15;

        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
        z = (z ^ z >> 27) * 0x94d049bb133111eb;
        return z ^ z >> 31;
}

/* One of 0 to @n - 1. */
static inline uint32_t random_below(struct random *random, uint32_t n) {
        return (uint32_t)((random_next(random) >> 32) * n >> 32);
}

/* True once in @n times. */
static inline bool random_once(struct random *random, uint32_t n) {
        return random_below(random, n) == 0;
}
