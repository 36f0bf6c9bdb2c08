#pragma once
/*
 * proc.h - what /proc says of processes
 *
 * Reads anew each time and keeps nothing. A process may end between any two reads: then it is
 * PROC_GONE, never half a process. Returns 0, a negative errno, or PROC_GONE. @root is an open
 * descriptor of /proc, which stays yours.
 */
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "procfs.h"

struct proc {
        pid_t    pid, parent;
        uid_t    uid;                           /* effective: whom it runs as */
        uid_t    real_uid;                      /* whose it is, which says who may signal it */
        char     state;                         /* as in /proc/PID/stat: 'R', 'S', ... */
        char     name[64];                      /* clean, see text.h */
        double   busy;                          /* seconds on a core */
        double   start;                         /* seconds after boot */
        uint64_t memory;                        /* resident bytes */
        uint32_t threads;
};

/* Reads the process @pid. */
int proc_read(int root, pid_t pid, struct proc *ret_proc);

/* Reads them all, in no order. *@ret_procs is yours to free(). */
int proc_read_all(int root, struct proc **ret_procs, size_t *ret_n);

/*
 * Reads the command line of @pid, clean, with spaces between its arguments, cut to @size - 1
 * bytes. "" for a kernel thread or a zombie.
 */
int proc_read_command(int root, pid_t pid, char *ret_command, size_t size);

/* Seconds since boot: what @start counts from. */
double proc_now(void);

/*
 * The share of one core, in %, that @proc has used since it started: the average over its whole
 * life.
 */
double proc_cpu(const struct proc *proc, double now);

/*
 * The two texts that a process is read from, /proc/PID/stat and /proc/PID/status; each sets its
 * part of *@ret_proc. PROC_GONE: the text is of a thread, not of a process; -EPROTO: it is not
 * what the kernel writes.
 */
int proc_parse_stat(const char *text, struct proc *ret_proc);
int proc_parse_status(const char *text, struct proc *ret_proc);
