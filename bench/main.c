/*
 * main.c - the benchmark: floors and calls, side by side in one run
 *
 * Real processes, real sockets, in a folder of its own that is gone afterwards, also after
 * Ctrl-C.
 */
#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "bounds.h"
#include "options.h"
#include "plan.h"
#include "report.h"
#include "run.h"
#include "watch.h"

enum { FAILED = 1, WRONG_OPTION = 2, INTERRUPTED = 128 + SIGINT };

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        (void)st, (void)type, (void)ftw;
        return remove(path) < 0 && errno != ENOENT ? -1 : 0;
}

static int dir_new(char *path, size_t size) {
        const char *tmp = getenv("TMPDIR");

        /* A socket's path has 108 bytes at most. */
        if (!tmp || !*tmp || strlen(tmp) > 60)
                tmp = "/tmp";
        snprintf(path, size, "%s/via-bench-XXXXXX", tmp);
        return mkdtemp(path) ? 0 : -errno;
}

static int report(const struct bench_plan *plan, const struct bench_options *options,
                  const struct watch *watch) {
        unsigned missed, failed;

        if (options->tsv) {
                report_tsv(plan, stdout);
                missed = bounds_print(plan, options->check ? stderr : NULL);
        } else {
                printf("medians of %u rounds\n", plan->done);
                report_table(plan, watch, stdout);
                missed = bounds_print(plan, stdout);
        }
        fflush(stdout);
        failed = report_failures(plan, stderr);
        return failed || (options->check && missed) ? FAILED : EXIT_SUCCESS;
}

int main(int argc, char **argv) {
        struct bench_options options;
        struct bench_plan plan = { 0 };
        struct watch watch = { .fd = -1 };
        char dir[96];
        int r;

        r = options_parse(&options, argc, argv);
        if (r != 0)
                return r < 0 ? WRONG_OPTION : EXIT_SUCCESS;

        r = plan_init(&plan, &options, run_rounds(&options));
        if (r < 0) {
                fprintf(stderr, "bench: %s\n", r == -ENOENT ? "no system does this case there"
                                                            : strerror(-r));
                plan_fini(&plan);
                return r == -ENOENT ? WRONG_OPTION : FAILED;
        }

        r = watch_init(&watch);
        if (r == 0)
                r = dir_new(dir, sizeof(dir));
        if (r < 0) {
                fprintf(stderr, "bench: cannot begin: %s\n", strerror(-r));
                r = FAILED;
        } else {
                /* names of servers that were killed go too */
                setenv("XDG_RUNTIME_DIR", dir, 1);
                r = run_all(&plan, &options, &watch, dir);
                nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
                r = r == WATCH_INTERRUPTED ? INTERRUPTED : report(&plan, &options, &watch);
        }
        watch_fini(&watch);
        plan_fini(&plan);
        return r;
}
