#pragma once
/*
 * near.h - "did you mean": the name a person probably had in mind
 *
 * Offer candidates one by one; what is left at the end is the nearest, or NULL if none is near
 * enough.
 */
#include <stddef.h>

struct near {
        const char *wanted;
        size_t      len;
        const char *best;               /* borrowed from the candidates */
        unsigned    distance;
};

struct near near_start(const char *wanted, size_t len);
void near_offer(struct near *near, const char *candidate);
