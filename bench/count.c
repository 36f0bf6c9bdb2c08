/*
 * count.c - how many system calls a call costs each side
 *
 * The counting process is the parent and tracer of both sides. It counts entries only (every
 * second stop of a process), and is told of nothing else: signals are passed on.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bench.h"
#include "count.h"
#include "proc.h"

#define FEW 200
#define MANY 1200
#define SYSCALL_STOP (SIGTRAP | 0x80)

struct count {
        pid_t    pid;
        uint64_t stops;
};

static int attach(pid_t pid) {
        uintptr_t how = PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL;
        int status;

        if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
                return -ECHILD;
        if (ptrace(PTRACE_SETOPTIONS, pid, NULL, how) < 0 ||
            ptrace(PTRACE_SYSCALL, pid, NULL, NULL) < 0)
                return -errno;
        return 0;
}

/* Lets both run until the client has exited. */
static int trace(struct count *client, struct count *server) {
        for (;;) {
                int status, signo = 0;
                pid_t pid = waitpid(-1, &status, 0);

                if (pid < 0)
                        return -errno;
                if (!WIFSTOPPED(status)) {
                        if (pid == client->pid)
                                return 0;
                        continue;
                }
                if (WSTOPSIG(status) != SYSCALL_STOP)
                        signo = WSTOPSIG(status);
                else if (pid == client->pid)
                        client->stops++;
                else if (pid == server->pid)
                        server->stops++;
                if (ptrace(PTRACE_SYSCALL, pid, NULL, signo) < 0 && errno != ESRCH)
                        return -errno;
        }
}

/*
 * One traced run of @calls calls: the system calls of both sides, from their first to their
 * last.
 */
static int count_once(struct bench_side *side, const int cpu[2], uint64_t calls,
                      uint64_t ret[2]) {
        struct count client, server;
        struct proc_outcome outcome = { .r = -EPIPE };
        struct proc_pair pair;
        int r;

        side->exact = calls;
        r = proc_start(side, cpu, true, &pair);
        if (r < 0)
                return r;
        client = (struct count){ .pid = pair.client };
        server = (struct count){ .pid = pair.server };
        r = attach(pair.server);
        if (r == 0)
                r = attach(pair.client);
        if (r == 0)
                r = trace(&client, &server);
        if (r == 0 && read(pair.outcome_fd, &outcome, sizeof(outcome)) == sizeof(outcome))
                r = outcome.r;
        memcpy(side->why, outcome.why, sizeof(side->why));
        proc_end(&pair, side->why, 0);
        ret[0] = client.stops / 2;
        ret[1] = server.stops / 2;
        return r;
}

static double per_call(uint64_t few, uint64_t many) {
        return round(10 * ((double)many - (double)few) / (MANY - FEW)) / 10;
}

static int count(struct bench_side *side, const int cpu[2]) {
        uint64_t few[2], many[2];
        int r;

        r = count_once(side, cpu, FEW, few);
        if (r == 0)
                r = count_once(side, cpu, MANY, many);
        if (r < 0)
                return side_fail(side, r, "cannot trace");
        side->value[BENCH_SYSCALLS_CLIENT] = per_call(few[0], many[0]);
        side->value[BENCH_SYSCALLS_SERVER] = per_call(few[1], many[1]);
        return 0;
}

int count_start(struct bench_side *side, const int cpu[2], struct proc_pair *ret) {
        struct proc_pair pair = { 0 };
        int fds[2];

        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        pair.outcome_fd = fds[0];
        pair.client = proc_fork(false);
        if (pair.client == 0) {
                close(fds[0]);
                proc_tell(fds[1], side, count(side, cpu));
                _exit(0);
        }
        close(fds[1]);
        *ret = pair;
        return 0;
}
