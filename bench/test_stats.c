/*
 * test_stats.c - stats.c against what sorting says
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "stats.h"
#include "test.h"

static int compare(const void *a, const void *b) {
        uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

        return (x > y) - (x < y);
}

/*
 * Every rank of arrays of many sizes: few different values make ties, which partitions trip
 * over.
 */
TEST(percentiles_are_those_of_the_sorted_samples) {
        uint32_t seed = 1;

        for (uint32_t n = 1; n <= 100; n++) {
                for (uint32_t spread = 1; spread <= 1000000; spread *= 10) {
                        uint32_t v[100], sorted[100];

                        for (uint32_t i = 0; i < n; i++) {
                                seed = seed * 1664525 + 1013904223;
                                v[i] = (seed >> 8) % spread;
                        }
                        memcpy(sorted, v, sizeof(v));
                        qsort(sorted, n, sizeof(*sorted), compare);
                        for (uint32_t k = 1; k <= n; k++) {
                                double percent = (k - 0.5) * 100 / n;

                                CHECK(stats_percentile(v, n, percent) == sorted[k - 1]);
                        }
                        CHECK(stats_percentile(v, n, 0) == sorted[0]);
                        CHECK(stats_percentile(v, n, 100) == sorted[n - 1]);
                }
        }
}

TEST(a_median_passes_over_what_was_not_measured) {
        CHECK(stats_median((double[]){ 3, NAN, 1, 2 }, 4) == 2);
        CHECK(stats_median((double[]){ 4, 1, NAN, 2, 3 }, 5) == 2.5);
        CHECK(stats_median((double[]){ NAN, 7 }, 2) == 7);
        CHECK(isnan(stats_median((double[]){ NAN, NAN }, 2)));
        CHECK(isnan(stats_median(NULL, 0)));
}
