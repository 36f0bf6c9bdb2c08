#pragma once
/*
 * sum.h - FNV-1a, of bytes that come in pieces
 */
#include <stddef.h>
#include <stdint.h>

#define SUM_INIT UINT64_C(0xcbf29ce484222325)

static inline uint64_t sum_add(uint64_t sum, const uint8_t *data, size_t n) {
        for (size_t i = 0; i < n; i++)
                sum = (sum ^ data[i]) * UINT64_C(0x100000001b3);
        return sum;
}
