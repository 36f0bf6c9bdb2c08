#pragma once
/*
 * stats.h - percentiles and medians
 *
 * Pure functions over arrays; they reorder what they are given and allocate nothing.
 */
#include <stddef.h>
#include <stdint.h>

/* The smallest value that @percent of the @n are not above (nearest rank). @n is not 0. */
double stats_percentile(uint32_t *v, size_t n, double percent);

/* The median of those of the @n values that are not NAN; NAN if all are. */
double stats_median(double *v, size_t n);
