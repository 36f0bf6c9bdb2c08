/*
 * run.c - the rounds: every cell once a round, side by side
 *
 * The time of a whole run is given, and shared among however many cells there are: floors added
 * later make each slice shorter, not `--quick` longer.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "bench.h"
#include "plan.h"
#include "run.h"
#include "watch.h"

#define SECOND INT64_C(1000000000)
#define QUICK_NS (42 * SECOND)          /* what is planned */
#define QUICK_MAX_NS (52 * SECOND)      /* no cell is started after this */
#define FULL_NS (240 * SECOND)
#define OVERHEAD_NS (SECOND / 100)      /* of a cell: two forks, buffers, connecting */
#define SLICE_MIN_NS (SECOND / 100)
#define SLICE_MAX_NS (SECOND / 2)

static int64_t now_ns(void) {
        struct timespec ts;

        clock_gettime(CLOCK_MONOTONIC, &ts);
        return ts.tv_sec * SECOND + ts.tv_nsec;
}

unsigned run_rounds(const struct bench_options *options) {
        return options->rounds ? options->rounds : options->quick ? 9 : 21;
}

static int64_t slice_of(const struct bench_plan *plan, const struct bench_options *options) {
        int64_t all = options->quick ? QUICK_NS : FULL_NS;
        int64_t slice = all / (int64_t)(plan->n * plan->rounds) - OVERHEAD_NS;

        return slice < SLICE_MIN_NS ? SLICE_MIN_NS :
               slice > SLICE_MAX_NS ? SLICE_MAX_NS : slice;
}

static void progress(const struct bench_plan *plan, unsigned round,
                     const struct bench_cell *cell) {
        if (!isatty(STDERR_FILENO))
                return;
        fprintf(stderr, "\r\033[Kround %u of %u: %s %s %s %s", round + 1, plan->rounds,
                cell->system->name, cell->system->transport,
                bench_placement_names[cell->placement], cell->kind->name);
        fflush(stderr);
}

static int run_cell(struct bench_cell *cell, unsigned round, struct bench_side side,
                    struct watch *watch, bool count) {
        int r;

        side.system = cell->system;
        side.kind = cell->kind;
        side.placement = cell->placement;
        for (unsigned m = 0; m < BENCH_METRICS; m++)
                side.value[m] = NAN;

        r = watch_cell(watch, &side, count);
        if (r < 0)
                snprintf(cell->why, sizeof(cell->why), "%s",
                         side.why[0] ? side.why : strerror(-r));
        if (r == 0)
                for (unsigned m = 0; m < BENCH_METRICS; m++)
                        if (!isnan(side.value[m]))
                                cell->value[m][round] = side.value[m];
        return r < 0 ? 0 : r;
}

/*
 * On one core; for who looks into memory where there is a core for each. How often somebody
 * looks at a socket is a matter of time.
 */
static bool is_counted(const struct bench_cell *cell) {
        return cell->placement == BENCH_ONE_CORE ||
               (bench_spins(cell->system) && strcmp(cell->system->transport, "shm") == 0);
}

/*
 * Counted once: system calls, unlike time, do not vary. A kernel that forbids tracing is no
 * failure.
 */
static int count_all(struct bench_plan *plan, struct bench_side side, struct watch *watch) {
        int r = 0;

        for (size_t i = 0; i < plan->n && r == 0; i++) {
                struct bench_cell *cell = &plan->cells[i], trial = *cell;

                if (!is_counted(cell) || cell->kind != &bench_cases[0] ||
                    cell->system->threaded || cell->why[0])
                        continue;
                r = run_cell(&trial, 0, side, watch, true);
        }
        return r;
}

static const char *skipped(const struct bench_cell *cell, const struct watch *watch) {
        if (cell->placement == BENCH_TWO_CORES && watch->n_cpus < 2)
                return "skipped: there is only one CPU to run on";
        return NULL;
}

int run_all(struct bench_plan *plan, const struct bench_options *options, struct watch *watch,
            const char *dir) {
        struct bench_side side = { .dir = dir, .idlc = options->idlc,
                                   .slice_ns = slice_of(plan, options), .peer_clock = -1 };
        int64_t begun = now_ns();
        int r;

        for (size_t i = 0; i < plan->n; i++)
                snprintf(plan->cells[i].why, sizeof(plan->cells[i].why), "%s",
                         skipped(&plan->cells[i], watch) ?: "");

        r = count_all(plan, side, watch);
        for (unsigned round = 0; round < plan->rounds && r == 0; round++) {
                for (size_t i = 0; i < plan->n && r == 0; i++) {
                        /* There and back, so that no system always runs after the same one. */
                        struct bench_cell *cell =
                                &plan->cells[round % 2 ? plan->n - 1 - i : i];

                        if (options->quick && now_ns() - begun > QUICK_MAX_NS)
                                goto out;
                        if (cell->why[0])
                                continue;
                        progress(plan, round, cell);
                        r = run_cell(cell, round, side, watch, false);
                }
                plan->done = round + 1;
        }
out:
        if (isatty(STDERR_FILENO))
                fputs("\r\033[K", stderr);
        return r;
}
