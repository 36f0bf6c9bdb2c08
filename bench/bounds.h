#pragma once
/*
 * bounds.h - what Via has promised, measured
 */
#include <stdbool.h>
#include <stdio.h>
#include "bench.h"

struct bench_plan;

/*
 * Prints each bound of which the plan has the cells, what was measured and whether it holds;
 * returns how many do not, or could not be measured. @out NULL: only counts.
 */
unsigned bounds_print(const struct bench_plan *plan, FILE *out);

/* Whether a bound is about this cell, or compares another one with it. */
bool bounds_need(const struct bench_system *system, enum bench_placement placement,
                 const char *kind);
