#pragma once
/*
 * proc.h - the two processes of a cell: made, pinned, told of each other
 *
 * The children's side only; who waits for them, and how long, is watch.h. A child dies with its
 * parent, whatever the parent dies of.
 */
#include <stdbool.h>
#include <sys/types.h>
#include "bench.h"

/* The client's last word, sent through a pipe in one piece. */
struct proc_outcome {
        int    r;
        double value[BENCH_METRICS];
        char   why[200];
};

struct proc_pair {
        pid_t server, client;           /* 0: there is none */
        int   outcome_fd;               /* struct proc_outcome, or its end if the client died */
};

/*
 * How many CPUs this process may use, of which the first two (of different cores) go to
 * @ret_cpu.
 */
int proc_cpus(int ret_cpu[2]);

/*
 * Starts server and client of @side, on @cpu[0] (client) and @cpu[1]. @traced: each stops first
 * and lets its parent trace it.
 */
int proc_start(struct bench_side *side, const int cpu[2], bool traced, struct proc_pair *ret);

/*
 * Kills what is left of the pair and waits for it. A signal that killed one before that is
 * added to @why of @size bytes; 0: not wanted.
 */
void proc_end(struct proc_pair *pair, char *why, size_t size);

/* Sends the outcome of @side, which ended with @r, in one write. */
void proc_tell(int fd, const struct bench_side *side, int r);

/*
 * fork(), and in the child: die with the parent, hear signals as ever, and @traced: stop to be
 * traced.
 */
pid_t proc_fork(bool traced);
