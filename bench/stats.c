/*
 * stats.c - percentiles and medians
 */
#include <math.h>
#include <stdlib.h>
#include "stats.h"

/* Puts the @k-th smallest of v[0..n) where it would be if v were sorted, and returns it. */
static uint32_t select_kth(uint32_t *v, size_t n, size_t k) {
        size_t low = 0, high = n - 1;

        while (low < high) {
                uint32_t pivot = v[low + (high - low) / 2];
                size_t i = low - 1, j = high + 1;

                /* Ends with v[low..j] at most the pivot, v[j + 1..high] at least. */
                for (;;) {
                        do
                                i++;
                        while (v[i] < pivot);
                        do
                                j--;
                        while (v[j] > pivot);
                        if (i >= j)
                                break;
                        uint32_t t = v[i];
                        v[i] = v[j];
                        v[j] = t;
                }
                if (k <= j)
                        high = j;
                else
                        low = j + 1;
        }
        return v[k];
}

double stats_percentile(uint32_t *v, size_t n, double percent) {
        double rank = ceil(percent / 100 * (double)n);

        return select_kth(v, n, rank < 1 ? 0 : (size_t)rank - 1);
}

static int compare(const void *a, const void *b) {
        double x = *(const double *)a, y = *(const double *)b;

        return (x > y) - (x < y);
}

double stats_median(double *v, size_t n) {
        size_t m = 0;

        for (size_t i = 0; i < n; i++)
                if (!isnan(v[i]))
                        v[m++] = v[i];
        if (m == 0)
                return NAN;
        qsort(v, m, sizeof(*v), compare);
        return m % 2 ? v[m / 2] : (v[m / 2 - 1] + v[m / 2]) / 2;
}
