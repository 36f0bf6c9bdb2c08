/*
 * bench.c - how long a call takes
 *
 * Lends an arena to each call, as a program does that makes many: the result lives in there,
 * and nothing is allocated.
 */
#include <stdlib.h>
#include <time.h>
#include <via/via.h>
#include "bench.h"

static double now_us(void) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int by_value(const void *a, const void *b) {
        double x = *(const double *)a, y = *(const double *)b;

        return (x > y) - (x < y);
}

static int measure(struct via_client *client, struct via_arena *arena, uint32_t n, double *took,
                   struct via_error *err) {
        struct via_call_options options = { .arena = arena };

        for (uint32_t i = 0; i < n; i++) {
                struct procs_Process *process;
                double start = now_us();
                int r = procs_Table_get_with(client, &options, 1, &process, err);

                if (r)
                        return r;
                took[i] = now_us() - start;
                via_arena_reset(arena);
        }
        return VIA_OK;
}

int bench_run(struct via_client *client, uint32_t n, struct times *ret_times,
              struct via_error *err) {
        struct via_arena *arena = via_arena_new(0);
        double *took = calloc(n, sizeof(*took));
        int r = VIA_OK;

        if (!arena || !took)
                r = via_error_set(err, VIA_RESOURCE_EXHAUSTED, "no memory for %u calls",
                                  (unsigned)n);
        if (!r)
                r = measure(client, arena, n / 10, took, err);  /* to get warm */
        if (!r)
                r = measure(client, arena, n, took, err);
        if (!r) {
                qsort(took, n, sizeof(*took), by_value);
                ret_times->p50 = took[n / 2];
                ret_times->p99 = took[(size_t)n * 99 / 100];
        }
        free(took);
        via_arena_free(arena);
        return r;
}
