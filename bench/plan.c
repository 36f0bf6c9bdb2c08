/*
 * plan.c - which cells are run, and what each gave in each round
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bounds.h"
#include "plan.h"
#include "stats.h"

static bool wanted(const char *filter, const char *name) {
        return !filter || strcmp(filter, name) == 0;
}

/* Whether @system is the first of its transport: transports come in the order of the table. */
static bool is_first(const struct bench_system *system) {
        for (const struct bench_system *s = bench_systems; s < system; s++)
                if (strcmp(s->transport, system->transport) == 0)
                        return false;
        return true;
}

/* In a hurry only the cells that the bounds need are run, and the first case of each. */
static bool runs(const struct bench_options *options, const struct bench_system *system,
                 unsigned placement, unsigned kind) {
        if (options->quick && !options->kind && kind != 0 &&
            !bounds_need(system, (enum bench_placement)placement, bench_cases[kind].name))
                return false;
        return (system->placements >> placement & 1) && (system->cases >> kind & 1) &&
               wanted(options->system, system->name) &&
               wanted(options->transport, system->transport) &&
               wanted(options->placement, bench_placement_names[placement]) &&
               wanted(options->kind, bench_cases[kind].name);
}

/* Adds the cells of one placement and case on @first's transport; returns how many are listed. */
static size_t list_case(const struct bench_options *options, unsigned placement, unsigned kind,
                        const struct bench_system *first, struct bench_cell *cells, size_t n) {
        for (const struct bench_system *s = first; s < bench_systems + bench_n_systems; s++) {
                if (strcmp(s->transport, first->transport) != 0 ||
                    !runs(options, s, placement, kind))
                        continue;
                if (cells)
                        cells[n] = (struct bench_cell){
                                .system = s,
                                .kind = &bench_cases[kind],
                                .placement = (enum bench_placement)placement,
                        };
                n++;
        }
        return n;
}

/* Lists the wanted cells, in order, into @cells unless it is NULL; returns how many. */
static size_t list(const struct bench_options *options, struct bench_cell *cells) {
        size_t n = 0;

        for (unsigned placement = 0; placement < BENCH_PLACEMENTS; placement++) {
                for (unsigned i = 0; i < bench_n_systems; i++) {
                        const struct bench_system *first = &bench_systems[i];

                        for (unsigned kind = 0; is_first(first) && kind < bench_n_cases; kind++)
                                n = list_case(options, placement, kind, first, cells, n);
                }
        }
        return n;
}

int plan_init(struct bench_plan *plan, const struct bench_options *options, unsigned rounds) {
        size_t n = list(options, NULL), n_values = n * BENCH_METRICS * rounds;

        *plan = (struct bench_plan){ .n = n, .rounds = rounds };
        if (n == 0)
                return -ENOENT;
        plan->cells = calloc(n, sizeof(*plan->cells));
        plan->values = calloc(n_values, sizeof(*plan->values));
        if (!plan->cells || !plan->values)
                return -ENOMEM;

        list(options, plan->cells);
        for (size_t i = 0; i < n_values; i++)
                plan->values[i] = NAN;
        for (size_t i = 0; i < n * BENCH_METRICS; i++)
                plan->cells[i / BENCH_METRICS].value[i % BENCH_METRICS] = plan->values + i * rounds;
        return 0;
}

void plan_fini(struct bench_plan *plan) {
        free(plan->cells);
        free(plan->values);
        *plan = (struct bench_plan){ 0 };
}

struct bench_cell *plan_find(const struct bench_plan *plan, const char *system,
                             const char *transport, enum bench_placement placement,
                             const char *kind) {
        for (size_t i = 0; i < plan->n; i++) {
                struct bench_cell *cell = &plan->cells[i];

                if (cell->placement == placement && strcmp(cell->system->name, system) == 0 &&
                    strcmp(cell->system->transport, transport) == 0 &&
                    strcmp(cell->kind->name, kind) == 0)
                        return cell;
        }
        return NULL;
}

struct bench_cell *plan_floor(const struct bench_plan *plan, const struct bench_cell *cell) {
        char name[32];

        snprintf(name, sizeof(name), "%s%s", cell->kind->floor,
                 bench_spins(cell->system) ? "-spin" : "");
        return plan_find(plan, name, cell->system->transport, cell->placement,
                         cell->kind->name);
}

/* The median over the rounds of @v, or of @v over @base where there is one. */
static double median(const struct bench_plan *plan, const double *v, const double *base) {
        double *all = malloc(plan->rounds * sizeof(*all)), result;

        if (!all)
                return NAN;
        for (unsigned i = 0; i < plan->rounds; i++)
                all[i] = base ? v[i] / base[i] : v[i];
        result = stats_median(all, plan->rounds);
        free(all);
        return result;
}

double plan_median(const struct bench_plan *plan, const struct bench_cell *cell,
                   enum bench_metric metric) {
        return median(plan, cell->value[metric], NULL);
}

double plan_ratio(const struct bench_plan *plan, const struct bench_cell *cell,
                  const struct bench_cell *base, enum bench_metric metric) {
        return median(plan, cell->value[metric], base->value[metric]);
}
