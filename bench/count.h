#pragma once
/*
 * count.h - how many system calls a call costs each side
 *
 * Runs a cell twice under ptrace, with few calls and with many; the difference is the calls'
 * own, free of start-up. Figures are to a tenth: a stray wake-up in a thousand calls is not a
 * call's. Threads are not followed, so a threaded system cannot be counted.
 */
struct bench_side;
struct proc_pair;

/* Starts the count, in a process of its own that ends as a cell does. */
int count_start(struct bench_side *side, const int cpu[2], struct proc_pair *ret);
