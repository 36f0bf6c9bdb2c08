/*
 * folder.c - files that are in a folder whole, or not at all
 *
 * One that is not whole has a name with a dot before it, which nobody can ask for. Only if this
 * process is killed does that stay.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include "folder.h"

int incoming_open(struct incoming *incoming, int folder) {
        static unsigned long count;

        *incoming = (struct incoming){ .folder = folder };
        snprintf(incoming->temporary, sizeof(incoming->temporary), ".upload-%ld-%lu",
                 (long)getpid(), count++);
        incoming->fd = openat(folder, incoming->temporary,
                              O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (incoming->fd >= 0)
                return 0;
        incoming->temporary[0] = 0;
        return -errno;
}

int incoming_write(struct incoming *incoming, const void *data, size_t n) {
        const char *from = data;

        while (n) {
                ssize_t done = write(incoming->fd, from, n);

                if (done < 0 && errno == EINTR)
                        continue;
                if (done < 0)
                        return -errno;
                from += done;
                n -= (size_t)done;
        }
        return 0;
}

int incoming_keep(struct incoming *incoming, const char *name) {
        int fd = incoming->fd;

        incoming->fd = -1;
        if (close(fd) < 0)                      /* the last chance of a full disk to say so */
                return -errno;
        if (renameat(incoming->folder, incoming->temporary, incoming->folder, name) < 0)
                return -errno;
        incoming->temporary[0] = 0;
        return 0;
}

void incoming_drop(struct incoming *incoming) {
        if (incoming->fd >= 0)
                close(incoming->fd);
        if (incoming->temporary[0])
                unlinkat(incoming->folder, incoming->temporary, 0);
        incoming->temporary[0] = 0;
        incoming->fd = -1;
}
