/*
 * procfs.c - files and pids below an open descriptor of /proc
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "procfs.h"

static int read_all(int fd, char *buf, size_t size, size_t *ret_n) {
        size_t n = 0;
        ssize_t r;

        do {
                r = read(fd, buf + n, size - n);
                if (r > 0)
                        n += (size_t)r;
        } while ((r > 0 && n < size) || (r < 0 && errno == EINTR));
        if (r < 0)
                return -errno;
        *ret_n = n;
        return 0;
}

int procfs_read(int root, const char *name, char *buf, size_t size, size_t *ret_n) {
        int fd = openat(root, name, O_RDONLY | O_CLOEXEC);
        int r = fd < 0 ? -errno : read_all(fd, buf, size - 1, ret_n);

        if (fd >= 0)
                close(fd);
        if (r == -ENOENT || r == -ESRCH || r == -EACCES || r == -EPERM)
                return PROC_GONE;               /* ESRCH: it ended while its file was open */
        if (!r)
                buf[*ret_n] = 0;
        return r;
}

int procfs_read_of(int root, pid_t pid, const char *file, char *buf, size_t size,
                   size_t *ret_n) {
        char name[32];

        snprintf(name, sizeof(name), "%d/%s", (int)pid, file);
        return procfs_read(root, name, buf, size, ret_n);
}

DIR *procfs_open(int root) {
        int fd = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *dir = fd < 0 ? NULL : fdopendir(fd);

        if (!dir && fd >= 0)
                close(fd);
        return dir;
}

pid_t procfs_next(DIR *dir) {
        struct dirent *entry;

        while ((entry = readdir(dir))) {
                char *end;
                long pid = strtol(entry->d_name, &end, 10);

                if (!*end && pid > 0 && pid <= INT32_MAX)
                        return (pid_t)pid;
        }
        return 0;
}
