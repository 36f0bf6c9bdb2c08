/*
 * bounds.c - what Via has promised, measured
 *
 * A bound is a line of the table: a cell, what it is divided by (nothing: the figure itself),
 * and a limit. Two cells of one run are compared, never a figure of today with one of another
 * machine.
 */
#include <math.h>
#include <string.h>
#include "bounds.h"
#include "plan.h"

struct place {
        const char *system, *transport, *kind;
};

struct bound {
        const char       *text;
        struct place      cell, base;   /* base.system NULL: there is none */
        enum bench_metric metric;
        bool              at_least;
        double            limit;
};

static const struct bound bounds[] = {
        { "unix: 64 B, p50 to the raw ping-pong's",
          { "via", "unix", "64B" }, { "raw", "unix", "64B" }, BENCH_P50, false, 1.15 },
        { "tcp: 64 B, p50 to the raw ping-pong's",
          { "via", "tcp", "64B" }, { "raw", "tcp", "64B" }, BENCH_P50, false, 1.15 },
        { "mq: 64 B, p50 to the raw ping-pong's",
          { "via", "mq", "64B" }, { "raw", "mq", "64B" }, BENCH_P50, false, 1.2 },
        { "unix: 64 B, 256 outstanding, calls/s to the hand-written floor's",
          { "via", "unix", "64B-x256" }, { "hand", "unix", "64B-x256" },
          BENCH_RATE, true, 0.4 },
        { "unix: 64 B, system calls of the client a call",
          { "via", "unix", "64B" }, { 0 }, BENCH_SYSCALLS_CLIENT, false, 2 },
        { "unix: 64 B, system calls of the server a call",
          { "via", "unix", "64B" }, { 0 }, BENCH_SYSCALLS_SERVER, false, 3 },
        { "tcp: 64 B, system calls of the client a call",
          { "via", "tcp", "64B" }, { 0 }, BENCH_SYSCALLS_CLIENT, false, 2 },
        { "tcp: 64 B, system calls of the server a call",
          { "via", "tcp", "64B" }, { 0 }, BENCH_SYSCALLS_SERVER, false, 3 },
        { "mq: 64 B, system calls of the client a call",
          { "via", "mq", "64B" }, { 0 }, BENCH_SYSCALLS_CLIENT, false, 2 },
        { "mq: 64 B, system calls of the server a call",
          { "via", "mq", "64B" }, { 0 }, BENCH_SYSCALLS_SERVER, false, 3 },
        { "fifo: 64 B, p50 to the raw ping-pong's",
          { "via", "fifo", "64B" }, { "raw", "fifo", "64B" }, BENCH_P50, false, 1.2 },
        { "fifo: 64 B, system calls of the client a call",
          { "via", "fifo", "64B" }, { 0 }, BENCH_SYSCALLS_CLIENT, false, 3 },
        { "fifo: 64 B, system calls of the server a call",
          { "via", "fifo", "64B" }, { 0 }, BENCH_SYSCALLS_SERVER, false, 3 },
        { "shm: 64 B, both asleep, p50 to the raw ring's with an eventfd",
          { "via", "shm", "64B" }, { "raw", "shm", "64B" }, BENCH_P50, false, 1.2 },
        { "shm: 64 B, 256 outstanding, calls/s to the raw ring's",
          { "via", "shm", "64B-x256" }, { "hand", "shm", "64B-x256" }, BENCH_RATE, true, 0.25 },
        { "shm: 1 MiB, p50 to the raw ring's copy in and copy out",
          { "via", "shm", "1MiB" }, { "raw", "shm", "1MiB" }, BENCH_P50, false, 1.5 },
        { "shm: 64 B, system calls of the client a call",
          { "via", "shm", "64B" }, { 0 }, BENCH_SYSCALLS_CLIENT, false, 2 },
        { "shm: 64 B, system calls of the server a call",
          { "via", "shm", "64B" }, { 0 }, BENCH_SYSCALLS_SERVER, false, 3 },
        { "idlc: seconds for an .idl of 10,000 lines",
          { "idlc", "-", "10000-lines" }, { 0 }, BENCH_SECONDS, false, 0.3 },
};

/* The same with a core for each side. */
static const struct bound apart[] = {
        { "shm: 64 B, a core each, both awake, p50 to the raw ring's",
          { "via", "shm", "64B" }, { "raw", "shm", "64B" }, BENCH_P50, false, 3 },
        { "shm: 64 B, a core each, p50 to that of unix:",
          { "via", "shm", "64B" }, { "via", "unix", "64B" }, BENCH_P50, false, 0.05 },
};

static struct bench_cell *find(const struct bench_plan *plan, const struct place *place,
                               enum bench_placement placement) {
        return place->system ? plan_find(plan, place->system, place->transport, placement,
                                         place->kind)
                             : NULL;
}

static bool holds(const struct bound *bound, double value) {
        return bound->at_least ? value >= bound->limit : value <= bound->limit;
}

/* One line, to @out if there is one; returns whether the bound is missed. */
static bool print_bound(const struct bench_plan *plan, const struct bound *bound,
                        enum bench_placement placement, unsigned *n, FILE *out) {
        const struct bench_cell *cell = find(plan, &bound->cell, placement);
        const struct bench_cell *base = find(plan, &bound->base, placement);
        double value;

        if (!cell || (bound->base.system && !base))
                return false;           /* left out by the user's choice of cells */
        value = base ? plan_ratio(plan, cell, base, bound->metric)
                     : plan_median(plan, cell, bound->metric);
        if (!out)
                return !holds(bound, value);
        if (!(*n)++)
                fprintf(out, "\nbounds (both sides on one core, unless a core each is said)\n");
        fprintf(out, "  %-66s %s %-5.4g ", bound->text, bound->at_least ? "≥" : "≤",
                bound->limit);
        if (isnan(value))
                fprintf(out, "%8s  not measured\n", "–");
        else
                fprintf(out, "%8.3g  %s\n", value, holds(bound, value) ? "ok" : "MISSED");
        return !holds(bound, value);
}

unsigned bounds_print(const struct bench_plan *plan, FILE *out) {
        unsigned missed = 0, n = 0;

        for (size_t i = 0; i < sizeof(bounds) / sizeof(*bounds); i++)
                missed += print_bound(plan, &bounds[i], BENCH_ONE_CORE, &n, out);
        for (size_t i = 0; i < sizeof(apart) / sizeof(*apart); i++)
                missed += print_bound(plan, &apart[i], BENCH_TWO_CORES, &n, out);
        return missed;
}
