/*
 * report.c - the results, for people or for programs
 */
#include <math.h>
#include <string.h>
#include "bench.h"
#include "plan.h"
#include "report.h"
#include "watch.h"

#define NONE "–"                        /* one column wide, three bytes */

static void put(FILE *out, int width, int digits, double value) {
        if (isnan(value))
                fprintf(out, "%*s", width + 2, NONE);
        else
                fprintf(out, "%*.*f", width, digits, value);
}

static int digits_of(double value) {
        return value < 100 ? 2 : value < 1000 ? 1 : 0;
}

/* What a case is about: how long with one call at a time, else how many a second. */
static enum bench_metric measure_of(const struct bench_cell *cell) {
        return cell->kind->window == 1 ? BENCH_P50 : BENCH_RATE;
}

static double ratio_to_floor(const struct bench_plan *plan, const struct bench_cell *cell) {
        const struct bench_cell *base = plan_floor(plan, cell);

        return base ? plan_ratio(plan, cell, base, measure_of(cell)) : NAN;
}

/* Whether rows follow. */
static bool header(const struct watch *watch, enum bench_placement placement, FILE *out) {
        if (placement == BENCH_ONE_CORE)
                fprintf(out, "\none-core: client and server on CPU %d\n\n", watch->cpu[0]);
        else if (watch->n_cpus < 2)
                fprintf(out, "\ntwo-cores: skipped, there is only one CPU to run on\n");
        else
                fprintf(out, "\ntwo-cores: client on CPU %d, server on CPU %d\n\n",
                        watch->cpu[0], watch->cpu[1]);
        if (placement == BENCH_TWO_CORES && watch->n_cpus < 2)
                return false;
        fprintf(out, "  %-9s %-9s %-13s%10s%10s%11s  %-16s%9s%9s%8s%8s\n", "", "", "", "p50",
                "p99", "", "ratio to", "CPU µs", "a call", "system", "calls");
        fprintf(out, "  %-9s %-9s %-13s%10s%10s%11s  %-16s%8s%9s%8s%8s\n", "transport", "case",
                "system", "µs", "µs", "calls/s", "the floor", "client", "server", "client",
                "server");
        return true;
}

static void row(const struct bench_plan *plan, const struct bench_cell *cell, FILE *out) {
        double p50 = plan_median(plan, cell, BENCH_P50);
        double p99 = plan_median(plan, cell, BENCH_P99);
        double idle = plan_median(plan, cell, BENCH_IDLE);
        const struct bench_cell *base = plan_floor(plan, cell);
        double ratio = ratio_to_floor(plan, cell);

        fprintf(out, "  %-9s %-9s %-13s", cell->system->transport, cell->kind->name,
                cell->system->name);
        if (cell->why[0]) {
                fprintf(out, " %s\n", cell->why);
                return;
        }
        if (!isnan(idle)) {
                fprintf(out, "  the server uses %.1f µs of CPU a second\n", idle);
                return;
        }
        put(out, 10, digits_of(p50), p50);
        put(out, 10, digits_of(p99), p99);
        put(out, 11, 0, plan_median(plan, cell, BENCH_RATE));
        if (isnan(ratio))
                fprintf(out, "  %-18s", NONE);
        else
                fprintf(out, "  %4.2f × %-9s", ratio, base->system->name);
        put(out, 8, 2, plan_median(plan, cell, BENCH_CPU_CLIENT));
        put(out, 9, 2, plan_median(plan, cell, BENCH_CPU_SERVER));
        put(out, 8, 1, plan_median(plan, cell, BENCH_SYSCALLS_CLIENT));
        put(out, 8, 1, plan_median(plan, cell, BENCH_SYSCALLS_SERVER));
        fputc('\n', out);
}

void report_table(const struct bench_plan *plan, const struct watch *watch, FILE *out) {
        const struct bench_cell *last = NULL;
        bool rows = false;

        for (size_t i = 0; i < plan->n; i++) {
                const struct bench_cell *cell = &plan->cells[i];

                if (!cell->system->serve)
                        continue;       /* not calls: its figure stands among the bounds */
                if (!last || last->placement != cell->placement)
                        rows = header(watch, cell->placement, out);
                if (rows && (!last || last->placement != cell->placement ||
                             strcmp(last->system->transport, cell->system->transport) != 0))
                        fputc('\n', out);
                if (rows)
                        row(plan, cell, out);
                last = cell;
        }
}

static void tsv(const struct bench_cell *cell, const char *metric, double value, FILE *out) {
        if (!isnan(value))
                fprintf(out, "%s\t%s\t%s\t%s\t%s\t%.9g\n", cell->system->name,
                        cell->system->transport, bench_placement_names[cell->placement],
                        cell->kind->name, metric, value);
}

void report_tsv(const struct bench_plan *plan, FILE *out) {
        for (size_t i = 0; i < plan->n; i++) {
                const struct bench_cell *cell = &plan->cells[i];

                for (unsigned m = 0; m < BENCH_METRICS; m++)
                        tsv(cell, bench_metric_names[m],
                            plan_median(plan, cell, (enum bench_metric)m), out);
                tsv(cell,
                    measure_of(cell) == BENCH_P50 ? "p50_to_floor" : "calls_per_s_to_floor",
                    ratio_to_floor(plan, cell), out);
        }
}

unsigned report_failures(const struct bench_plan *plan, FILE *out) {
        unsigned n = 0;

        for (size_t i = 0; i < plan->n; i++) {
                const struct bench_cell *cell = &plan->cells[i];

                if (!cell->why[0] || strncmp(cell->why, "skipped", 7) == 0)
                        continue;
                fprintf(out, "bench: %s %s %s %s failed: %s\n", cell->system->name,
                        cell->system->transport, bench_placement_names[cell->placement],
                        cell->kind->name, cell->why);
                n++;
        }
        return n;
}
