#pragma once
/*
 * plan.h - which cells are run, and what each gave in each round
 *
 * Cells that are compared with each other stand next to each other: placement, then transport,
 * then case, then system. Runs nothing itself.
 */
#include <stdbool.h>
#include <stddef.h>
#include "bench.h"

struct bench_cell {
        const struct bench_system *system;
        const struct bench_case   *kind;
        enum bench_placement       placement;
        double                    *value[BENCH_METRICS];        /* one a round; NAN: none */
        char                       why[200];    /* not empty: it failed, and is not run again */
};

struct bench_options {
        const char *system, *transport, *placement, *kind;      /* borrowed; NULL: all */
        const char *idlc;
        unsigned    rounds;             /* 0: as many as is usual */
        bool        quick, tsv, check;
};

struct bench_plan {
        struct bench_cell *cells;
        size_t             n;
        unsigned           rounds;      /* room for so many */
        unsigned           done;        /* rounds run, the last one perhaps not whole */
        double            *values;      /* all cells' */
};

/* 0, -ENOENT if the options leave no cell, or -ENOMEM. */
int  plan_init(struct bench_plan *plan, const struct bench_options *options, unsigned rounds);
void plan_fini(struct bench_plan *plan);

/* The cell of this place, or NULL if it is not in the plan. */
struct bench_cell *plan_find(const struct bench_plan *plan, const char *system,
                             const char *transport, enum bench_placement placement,
                             const char *kind);

/* The cell that @cell is measured against, or NULL. */
struct bench_cell *plan_floor(const struct bench_plan *plan, const struct bench_cell *cell);

/* The median over the rounds; NAN if there is none. */
double plan_median(const struct bench_plan *plan, const struct bench_cell *cell,
                   enum bench_metric metric);

/*
 * The median over the rounds of @cell's value divided by @base's of the same round, so that a
 * round in which the whole machine was slow counts like any other.
 */
double plan_ratio(const struct bench_plan *plan, const struct bench_cell *cell,
                  const struct bench_cell *base, enum bench_metric metric);
