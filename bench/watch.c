/*
 * watch.c - waits for a cell, but never for ever, and hears Ctrl-C meanwhile
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include "bench.h"
#include "count.h"
#include "proc.h"
#include "watch.h"

#define PATIENCE_MS 5000                /* beyond twice the time a cell was given */

static void signals(sigset_t *ret) {
        sigemptyset(ret);
        sigaddset(ret, SIGINT);
        sigaddset(ret, SIGTERM);
        sigaddset(ret, SIGHUP);
}

int watch_init(struct watch *watch) {
        sigset_t set;

        signals(&set);
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
                return -errno;
        *watch = (struct watch){ .fd = signalfd(-1, &set, SFD_CLOEXEC) };
        if (watch->fd < 0)
                return -errno;
        watch->n_cpus = proc_cpus(watch->cpu);
        return 0;
}

void watch_fini(struct watch *watch) {
        sigset_t set;

        signals(&set);
        if (watch->fd >= 0)
                close(watch->fd);
        watch->fd = -1;
        sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* 0 when the outcome is there, WATCH_INTERRUPTED, or -ETIMEDOUT. */
static int await(struct watch *watch, int outcome_fd, int timeout_ms) {
        struct pollfd fds[] = {
                { .fd = outcome_fd, .events = POLLIN },
                { .fd = watch->fd,  .events = POLLIN },
        };
        int r = poll(fds, 2, timeout_ms);

        if (r < 0)
                return -errno;
        if (fds[1].revents)
                return WATCH_INTERRUPTED;
        return r == 0 ? -ETIMEDOUT : 0;
}

static int take_outcome(struct bench_side *side, int fd) {
        struct proc_outcome outcome;

        if (read(fd, &outcome, sizeof(outcome)) != sizeof(outcome))
                return -EPIPE;          /* proc_end() finds out what it died of */
        memcpy(side->value, outcome.value, sizeof(side->value));
        memcpy(side->why, outcome.why, sizeof(side->why));
        return outcome.r;
}

int watch_cell(struct watch *watch, struct bench_side *side, bool count) {
        int cpu[2] = { watch->cpu[0], watch->cpu[side->placement == BENCH_TWO_CORES] };
        int timeout_ms = (int)(side->slice_ns / 500000) + PATIENCE_MS;
        struct proc_pair pair;
        int r;

        side->why[0] = '\0';
        r = count ? count_start(side, cpu, &pair) : proc_start(side, cpu, false, &pair);
        if (r < 0)
                return side_fail(side, r, "cannot start");

        r = await(watch, pair.outcome_fd, timeout_ms);
        if (r == 0)
                r = take_outcome(side, pair.outcome_fd);
        else if (r == -ETIMEDOUT)
                snprintf(side->why, sizeof(side->why), "hung: nothing after %d s, killed",
                         timeout_ms / 1000);
        proc_end(&pair, side->why, r < 0 ? sizeof(side->why) : 0);
        return r;
}
