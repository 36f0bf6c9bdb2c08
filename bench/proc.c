/*
 * proc.c - the two processes of a cell: made, pinned, told of each other
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bench.h"
#include "proc.h"
#include "side.h"

/* The number that the kernel has for @cpu's core, or @cpu itself if it does not say. */
static int core_of(int cpu) {
        char path[96];
        FILE *file;
        int core = cpu;

        snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/topology/core_id", cpu);
        file = fopen(path, "re");
        if (!file)
                return cpu;
        if (fscanf(file, "%d", &core) != 1)
                core = cpu;
        fclose(file);
        return core;
}

int proc_cpus(int ret_cpu[2]) {
        cpu_set_t set;
        int n = 0;

        ret_cpu[0] = ret_cpu[1] = 0;
        if (sched_getaffinity(0, sizeof(set), &set) < 0)
                return 1;
        for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
                if (!CPU_ISSET((size_t)cpu, &set))
                        continue;
                if (n == 0)
                        ret_cpu[0] = ret_cpu[1] = cpu;
                else if (n == 1 || core_of(ret_cpu[1]) == core_of(ret_cpu[0]))
                        ret_cpu[1] = cpu;
                n++;
        }
        return n;
}

void proc_tell(int fd, const struct bench_side *side, int r) {
        struct proc_outcome outcome = { .r = r };

        memcpy(outcome.value, side->value, sizeof(outcome.value));
        memcpy(outcome.why, side->why, sizeof(outcome.why));
        if (write(fd, &outcome, sizeof(outcome)) != sizeof(outcome))
                _exit(1);
}

pid_t proc_fork(bool traced) {
        sigset_t none;
        pid_t parent = getpid(), pid;

        pid = fork();
        if (pid != 0)
                return pid;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
                _exit(1);
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        signal(SIGPIPE, SIG_IGN);
        if (traced) {
                ptrace(PTRACE_TRACEME, 0, NULL, NULL);
                raise(SIGSTOP);
        }
        return 0;
}

int proc_start(struct bench_side *side, const int cpu[2], bool traced, struct proc_pair *ret) {
        struct proc_pair pair = { 0 };
        int ready[2], outcome[2];

        if (pipe2(ready, O_CLOEXEC) < 0)
                return -errno;
        if (pipe2(outcome, O_CLOEXEC) < 0) {
                int r = -errno;

                close(ready[0]);
                close(ready[1]);
                return r;
        }
        side->ready_fd = ready[1];

        if (side->system->serve && !side->system->threaded) {
                pair.server = proc_fork(traced);
                if (pair.server == 0) {
                        close(outcome[0]);
                        close(outcome[1]);
                        close(ready[0]);
                        _exit(side_serve(side, cpu[1]) < 0);
                }
        }
        if (pair.server >= 0)
                pair.client = proc_fork(traced);
        if (pair.client == 0 && pair.server >= 0) {
                close(outcome[0]);
                if (!side->system->threaded)
                        close(ready[1]);
                proc_tell(outcome[1], side, side_drive(side, cpu, pair.server, ready[0]));
                _exit(0);
        }
        close(ready[0]);
        close(ready[1]);
        close(outcome[1]);
        pair.outcome_fd = outcome[0];
        *ret = pair;
        return 0;
}

static void end_one(pid_t pid, const char *name, char *why, size_t size) {
        int status = 0;
        pid_t r;

        if (pid <= 0)
                return;
        r = waitpid(pid, &status, WNOHANG);
        if (r == 0) {
                kill(pid, SIGKILL);
                waitpid(pid, &status, 0);
        } else if (r == pid && WIFSIGNALED(status) && size) {
                size_t len = strlen(why);

                snprintf(why + len, size - len, "%sthe %s died: %s", len ? "; " : "", name,
                         strsignal(WTERMSIG(status)));
        }
}

void proc_end(struct proc_pair *pair, char *why, size_t size) {
        end_one(pair->client, "client", why, size);
        end_one(pair->server, "server", why, size);
        if (pair->outcome_fd >= 0)
                close(pair->outcome_fd);
        *pair = (struct proc_pair){ .outcome_fd = -1 };
}
