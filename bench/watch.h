#pragma once
/*
 * watch.h - waits for a cell, but never for ever, and hears Ctrl-C meanwhile
 *
 * Blocks SIGINT, SIGTERM and SIGHUP between init and fini, and takes them from a descriptor.
 */
#include <stdbool.h>

struct bench_side;

enum { WATCH_INTERRUPTED = 1 };

struct watch {
        int fd;                         /* a signalfd */
        int cpu[2];
        int n_cpus;
};

int  watch_init(struct watch *watch);
void watch_fini(struct watch *watch);

/*
 * Runs @side's cell to its end; @count: counts its system calls instead of measuring its time.
 * 0: side->value is filled. Negative errno: it failed, side->why says how. WATCH_INTERRUPTED:
 * the user wants no more. Nothing runs on in any case.
 */
int watch_cell(struct watch *watch, struct bench_side *side, bool count);
