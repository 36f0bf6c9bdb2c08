#pragma once
/*
 * procfs.h - files and pids below an open descriptor of /proc
 *
 * A descriptor, so that a test can show a folder of its own instead. Returns 0, a negative
 * errno, or PROC_GONE.
 */
#include <dirent.h>
#include <stddef.h>
#include <sys/types.h>

enum {
        PROC_GONE = 1,                          /* no such process, or it is hidden from us */
};

/*
 * Reads at most @size - 1 bytes of the file @name into @buf and terminates them. A process that
 * ends meanwhile is PROC_GONE, and so is one that /proc hides (its option hidepid).
 */
int procfs_read(int root, const char *name, char *buf, size_t size, size_t *ret_n);

/* The same for the @file of one process. */
int procfs_read_of(int root, pid_t pid, const char *file, char *buf, size_t size,
                   size_t *ret_n);

/* The folder, for procfs_next(); yours to closedir(). NULL: see errno. */
DIR *procfs_open(int root);

/* The next pid in @dir, or 0 at its end. */
pid_t procfs_next(DIR *dir);
