#pragma once
/*
 * run.h - the rounds: every cell once a round, side by side
 *
 * Noise of the machine then hits all systems alike, where measuring one after the other would
 * give a bad minute to one of them.
 */
struct bench_options;
struct bench_plan;
struct watch;

/* How many rounds are usual for @options. */
unsigned run_rounds(const struct bench_options *options);

/*
 * Runs all rounds of @plan; @dir is an empty folder of the benchmark's own. Says how far it is
 * on standard error if that is a terminal. 0, WATCH_INTERRUPTED, or negative errno; a cell that
 * failed is noted in the plan and fails nothing else.
 */
int run_all(struct bench_plan *plan, const struct bench_options *options, struct watch *watch,
            const char *dir);
