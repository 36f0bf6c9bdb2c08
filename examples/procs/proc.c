/*
 * proc.c - what /proc says of processes
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "proc.h"
#include "text.h"

/*
 * "PID (NAME) STATE PARENT ...". The name is whatever the process likes, "a) R 1 (b" for
 * example, and is not escaped: it ends at the last parenthesis, because after it there are only
 * numbers.
 */
int proc_parse_stat(const char *text, struct proc *ret_proc) {
        const char *open = strchr(text, '('), *close = strrchr(text, ')');
        uint64_t user, system, start, pages;
        long parent, threads;
        char state;

        if (!open || !close || close < open ||
            sscanf(close + 1, " %c %ld %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64
                   " %*d %*d %*d %*d %ld %*d %" SCNu64 " %*u %" SCNu64,
                   &state, &parent, &user, &system, &threads, &start, &pages) != 7)
                return -EPROTO;

        snprintf(ret_proc->name, sizeof(ret_proc->name), "%.*s", (int)(close - open - 1),
                 open + 1);
        text_clean(ret_proc->name);
        ret_proc->pid = (pid_t)strtol(text, NULL, 10);
        ret_proc->parent = (pid_t)parent;
        ret_proc->state = state;
        ret_proc->threads = threads > 0 ? (uint32_t)threads : 0;
        ret_proc->busy = (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
        ret_proc->start = (double)start / (double)sysconf(_SC_CLK_TCK);
        ret_proc->memory = pages * (uint64_t)sysconf(_SC_PAGESIZE);
        return 0;
}

/*
 * "Name:\tsh\n...Tgid:\t1\n...Pid:\t1\n...": here the kernel escapes the name, so that it
 * cannot forge a line.
 */
int proc_parse_status(const char *text, struct proc *ret_proc) {
        const char *tgid = strstr(text, "\nTgid:");
        const char *pid = strstr(text, "\nPid:");
        const char *uid = strstr(text, "\nUid:");
        unsigned real, effective;
        long leader, self;

        if (!tgid || !pid || !uid || sscanf(tgid, "\nTgid: %ld", &leader) != 1 ||
            sscanf(pid, "\nPid: %ld", &self) != 1 ||
            sscanf(uid, "\nUid: %u %u", &real, &effective) != 2)
                return -EPROTO;
        if (leader != self)                     /* /proc/ID opens for threads, too */
                return PROC_GONE;

        ret_proc->uid = effective;
        ret_proc->real_uid = real;
        return 0;
}

int proc_read(int root, pid_t pid, struct proc *ret_proc) {
        struct proc proc = { 0 };
        char buf[4096];                         /* what is asked for comes early in both */
        size_t n;
        int r;

        if (pid <= 0)
                return PROC_GONE;
        r = procfs_read_of(root, pid, "stat", buf, sizeof(buf), &n);
        if (!r)
                r = proc_parse_stat(buf, &proc);
        if (!r)
                r = procfs_read_of(root, pid, "status", buf, sizeof(buf), &n);
        if (!r)
                r = proc_parse_status(buf, &proc);
        if (!r)
                *ret_proc = proc;
        return r;
}

int proc_read_command(int root, pid_t pid, char *ret_command, size_t size) {
        size_t n;
        int r = procfs_read_of(root, pid, "cmdline", ret_command, size, &n);

        if (r)
                return r;
        while (n && !ret_command[n - 1])        /* each argument ends in a 0 */
                n--;
        for (size_t i = 0; i < n; i++)
                if (!ret_command[i])
                        ret_command[i] = ' ';
        text_clean(ret_command);
        return 0;
}

static int grow(struct proc **procs, size_t *room) {
        size_t wanted = *room ? *room * 2 : 256;
        struct proc *more = reallocarray(*procs, wanted, sizeof(*more));

        if (!more)
                return -ENOMEM;
        *procs = more;
        *room = wanted;
        return 0;
}

int proc_read_all(int root, struct proc **ret_procs, size_t *ret_n) {
        DIR *dir = procfs_open(root);
        struct proc *procs = NULL;
        size_t n = 0, room = 0;
        int r = 0;
        pid_t pid;

        if (!dir)
                return -errno;
        while (r >= 0 && (pid = procfs_next(dir))) {
                if (n == room)
                        r = grow(&procs, &room);
                if (r < 0)
                        break;
                r = proc_read(root, pid, &procs[n]);
                n += r == 0;                    /* PROC_GONE: since the folder was read */
        }
        closedir(dir);
        if (r < 0) {
                free(procs);
                return r;
        }
        *ret_procs = procs;
        *ret_n = n;
        return 0;
}

double proc_now(void) {
        struct timespec now = { 0 };

        clock_gettime(CLOCK_BOOTTIME, &now);
        return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

double proc_cpu(const struct proc *proc, double now) {
        double life = now - proc->start;

        /* A clock tick is coarse: it may seem not to have begun yet. */
        return life > 0 ? 100 * proc->busy / life : 0;
}
