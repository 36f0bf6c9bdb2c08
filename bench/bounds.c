/*
 * bounds.c - what Via has promised, measured
 *
 * A bound is a line of the table: a cell, what it is divided by (nothing: the figure itself),
 * and a limit; beside them what it was before the last large change, on a machine that was quiet.
 * Two cells of one run are compared, never a figure of today with one of another
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
        double            former;       /* before streams and asynchronous calls; 0: not there */
};

static const struct bound on_one_core[] = {
        { "unix: 64 B, p50 to the raw ping-pong's",
          { "via", "unix", "64B" },
          { "raw", "unix", "64B" },
          BENCH_P50,
          false,
          1.15,
          1.06 },
        { "tcp: 64 B, p50 to the raw ping-pong's",
          { "via", "tcp", "64B" },
          { "raw", "tcp", "64B" },
          BENCH_P50,
          false,
          1.15,
          1.04 },
        { "unix: 64 B, 256 outstanding, calls/s to the hand-written floor's",
          { "via", "unix", "64B-x256" },
          { "hand", "unix", "64B-x256" },
          BENCH_RATE,
          true,
          0.4,
          0.437 },
        { "unix: 64 B, 256 outstanding by the stubs, calls/s to the hand-written floor's",
          { "via-async", "unix", "64B-x256" },
          { "hand", "unix", "64B-x256" },
          BENCH_RATE,
          true,
          0.6,
          0 },
        { "unix: a stream of 64 B, items/s to those of one write each",
          { "via", "unix", "64B-stream" },
          { "raw", "unix", "64B-stream" },
          BENCH_RATE,
          true,
          2,
          0 },
        { "unix: a stream of 1 MiB, items/s to those of one write each",
          { "via", "unix", "1MiB-stream" },
          { "raw", "unix", "1MiB-stream" },
          BENCH_RATE,
          true,
          0.8,
          0 },
        { "unix: 64 B, system calls of the client a call",
          { "via", "unix", "64B" },
          { 0 },
          BENCH_SYSCALLS_CLIENT,
          false,
          2,
          0 },
        { "unix: 64 B, system calls of the server a call",
          { "via", "unix", "64B" },
          { 0 },
          BENCH_SYSCALLS_SERVER,
          false,
          3,
          0 },
        { "tcp: 64 B, system calls of the client a call",
          { "via", "tcp", "64B" },
          { 0 },
          BENCH_SYSCALLS_CLIENT,
          false,
          2,
          0 },
        { "tcp: 64 B, system calls of the server a call",
          { "via", "tcp", "64B" },
          { 0 },
          BENCH_SYSCALLS_SERVER,
          false,
          3,
          0 },
        { "shm: 64 B, p50 to the raw ring's, which sleeps on an eventfd",
          { "via", "shm", "64B" },
          { "raw", "shm", "64B" },
          BENCH_P50,
          false,
          1.2,
          1.35 },
        { "unix, may spin: 64 B, CPU of the client a call to that without",
          { "via-spin", "unix", "64B" },
          { "via", "unix", "64B" },
          BENCH_CPU_CLIENT,
          false,
          1.15,
          0 },
        { "unix, may spin: 64 B, CPU of the server a call to that without",
          { "via-spin", "unix", "64B" },
          { "via", "unix", "64B" },
          BENCH_CPU_SERVER,
          false,
          1.15,
          0 },
        { "mq: 64 B, p50 to the raw ping-pong's",
          { "via", "mq", "64B" },
          { "raw", "mq", "64B" },
          BENCH_P50,
          false,
          1.2,
          1.25 },
        { "mq: 64 B, system calls of the client a call",
          { "via", "mq", "64B" },
          { 0 },
          BENCH_SYSCALLS_CLIENT,
          false,
          2,
          0 },
        { "mq: 64 B, system calls of the server a call",
          { "via", "mq", "64B" },
          { 0 },
          BENCH_SYSCALLS_SERVER,
          false,
          3,
          0 },
        { "fifo: 64 B, p50 to the raw ping-pong's",
          { "via", "fifo", "64B" },
          { "raw", "fifo", "64B" },
          BENCH_P50,
          false,
          1.2,
          1.34 },
        { "fifo: 64 B, system calls of the client a call",
          { "via", "fifo", "64B" },
          { 0 },
          BENCH_SYSCALLS_CLIENT,
          false,
          3,
          0 },
        { "fifo: 64 B, system calls of the server a call",
          { "via", "fifo", "64B" },
          { 0 },
          BENCH_SYSCALLS_SERVER,
          false,
          3,
          0 },
        { "idlc: seconds for an .idl of 10,000 lines",
          { "idlc", "-", "10000-lines" },
          { 0 },
          BENCH_SECONDS,
          false,
          0.3,
          0 },
};

static const struct bound on_two_cores[] = {
        { "unix, spinning: 64 B, p50 to the raw ping-pong's that spins",
          { "via-spin", "unix", "64B" },
          { "raw-spin", "unix", "64B" },
          BENCH_P50,
          false,
          1.5,
          1.07 },
        { "tcp, spinning: 64 B, p50 to the raw ping-pong's that spins",
          { "via-spin", "tcp", "64B" },
          { "raw-spin", "tcp", "64B" },
          BENCH_P50,
          false,
          1.3,
          1.07 },
        { "shm, spinning: 64 B, p50 to the raw ring's",
          { "via-spin", "shm", "64B" },
          { "raw-spin", "shm", "64B" },
          BENCH_P50,
          false,
          3,
          1.93 },
        { "shm, spinning: 64 B, p50 to that of unix, asleep",
          { "via-spin", "shm", "64B" },
          { "via", "unix", "64B" },
          BENCH_P50,
          false,
          0.05,
          0 },
        { "shm, spinning: 64 B, 256 outstanding, calls/s to the hand-written's",
          { "via-spin", "shm", "64B-x256" },
          { "hand-spin", "shm", "64B-x256" },
          BENCH_RATE,
          true,
          0.25,
          0 },
        { "shm, spinning: 1 MiB, p50 to the raw ring's copy in, copy out",
          { "via-spin", "shm", "1MiB" },
          { "raw-spin", "shm", "1MiB" },
          BENCH_P50,
          false,
          1.5,
          1.48 },
        { "shm, spinning: 64 B, system calls of the client a call",
          { "via-spin", "shm", "64B" },
          { 0 },
          BENCH_SYSCALLS_CLIENT,
          false,
          0.1,
          0 },
        { "shm, spinning: 64 B, system calls of the server a call",
          { "via-spin", "shm", "64B" },
          { 0 },
          BENCH_SYSCALLS_SERVER,
          false,
          0.1,
          0 },
        { "inproc, spinning: 64 B, p50 to the raw ring's of shared memory",
          { "via-spin", "inproc", "64B" },
          { "raw-spin", "shm", "64B" },
          BENCH_P50,
          false,
          3,
          1.93 },
        { "unix, may spin: CPU µs a second of an idle server",
          { "via-spin", "unix", "idle" },
          { 0 },
          BENCH_IDLE,
          false,
          10,
          0 },
        { "tcp, may spin: CPU µs a second of an idle server",
          { "via-spin", "tcp", "idle" },
          { 0 },
          BENCH_IDLE,
          false,
          10,
          0 },
        { "shm, may spin: CPU µs a second of an idle server",
          { "via-spin", "shm", "idle" },
          { 0 },
          BENCH_IDLE,
          false,
          10,
          0 },
        { "inproc, may spin: CPU µs a second of an idle server",
          { "via-spin", "inproc", "idle" },
          { 0 },
          BENCH_IDLE,
          false,
          10,
          0 },
};

static const struct table {
        enum bench_placement placement;
        const char          *title;
        const struct bound  *bounds;
        size_t               n;
} tables[] = {
        { BENCH_ONE_CORE, "both sides on one core", on_one_core,
          sizeof(on_one_core) / sizeof(*on_one_core) },
        { BENCH_TWO_CORES, "one core each", on_two_cores,
          sizeof(on_two_cores) / sizeof(*on_two_cores) },
};
enum { TABLES = sizeof(tables) / sizeof(*tables) };

static bool is_at(const struct place *place, const struct bench_system *system,
                  const char *kind) {
        return place->system && strcmp(place->system, system->name) == 0 &&
               strcmp(place->transport, system->transport) == 0 && strcmp(place->kind, kind) == 0;
}

bool bounds_need(const struct bench_system *system, enum bench_placement placement,
                 const char *kind) {
        for (const struct table *t = tables; t < tables + TABLES; t++)
                for (size_t i = 0; i < t->n && t->placement == placement; i++)
                        if (is_at(&t->bounds[i].cell, system, kind) ||
                            is_at(&t->bounds[i].base, system, kind))
                                return true;
        return false;
}

static struct bench_cell *find(const struct bench_plan *plan, const struct table *table,
                               const struct place *place) {
        return place->system ? plan_find(plan, place->system, place->transport, table->placement,
                                         place->kind)
                             : NULL;
}

static bool holds(const struct bound *bound, double value) {
        return bound->at_least ? value >= bound->limit : value <= bound->limit;
}

static unsigned print(const struct bench_plan *plan, const struct table *table, FILE *out) {
        unsigned missed = 0, n = 0;

        for (size_t i = 0; i < table->n; i++) {
                const struct bound *bound = &table->bounds[i];
                const struct bench_cell *cell = find(plan, table, &bound->cell);
                const struct bench_cell *base = find(plan, table, &bound->base);
                double value;

                if (!cell || (bound->base.system && !base))
                        continue;       /* left out by the user's choice of cells */
                if (strncmp(cell->why, "skipped", 7) == 0)
                        continue;       /* this machine has no such place */
                value = base ? plan_ratio(plan, cell, base, bound->metric)
                             : plan_median(plan, cell, bound->metric);
                missed += !holds(bound, value);
                if (!out)
                        continue;
                if (!n++)
                        fprintf(out, "\nbounds (%s)\n", table->title);
                fprintf(out, "  %-66s %s %-5.4g ", bound->text, bound->at_least ? "≥" : "≤",
                        bound->limit);
                if (isnan(value))
                        fprintf(out, "%8s  not measured", "–");
                else
                        fprintf(out, "%8.3g  %s", value,
                                holds(bound, value) ? "ok" : "MISSED");
                if (bound->former > 0 && !isnan(value))
                        fprintf(out, "%s(was %.3g)", holds(bound, value) ? "      " : "  ",
                                bound->former);
                fprintf(out, "\n");
        }
        return missed;
}

unsigned bounds_print(const struct bench_plan *plan, FILE *out) {
        unsigned missed = 0;

        for (const struct table *t = tables; t < tables + TABLES; t++)
                missed += print(plan, t, out);
        return missed;
}
