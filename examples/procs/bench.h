#pragma once
/*
 * bench.h - how long a call takes
 */
#include "procs.h"

struct times {
        double p50, p99;                        /* us */
};

/*
 * Makes @n calls of get(1), one after the other, and measures each. What a call costs here is
 * mostly the reading of /proc; ./dev bench measures Via alone.
 */
int bench_run(struct via_client *client, uint32_t n, struct times *ret_times,
              struct via_error *err);
