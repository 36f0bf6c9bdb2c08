/*
 * fifo_door.c - the FIFO that everybody knows, and the cards that clients write into it
 *
 * The server has its FIFO open both ways, so it never sees the end of it, and a poll never
 * storms. A dead server's FIFO has no reader: opening it fails at once (ENXIO). The next server
 * removes it under the lock and makes a new one, because a client that waits at the old one must
 * see it end.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "access.h"
#include "fifo_door.h"
#include "note.h"
#include "now.h"
#include "pipe.h"

enum {
        OPEN = O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC,
        READS_MAX = 1000,                               /* for one card: as many as fit in */
};

_Static_assert(sizeof(struct via_fifo_card) <= PIPE_BUF, "a card is written in one piece");

/* --- both ends --- */

int via_fifo_check_folder(const struct via_lock *lock, struct via_note *note) {
        struct stat st;

        if (fstat(lock->dir, &st) < 0)
                return -errno;
        if (st.st_mode & S_IWOTH)
                return via_note(
                        note, -EPERM,
                        "everybody may make files in that folder, so anybody could pretend to be the server: take one of your own, such as $XDG_RUNTIME_DIR");
        return 0;
}

int via_fifo_open_door(const struct via_lock *lock, int *ret_fd) {
        struct stat st;
        int fd;

        if (fstatat(lock->dir, lock->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        if (!S_ISFIFO(st.st_mode))
                return -ENOTSOCK;
        fd = openat(lock->dir, lock->name, O_WRONLY | OPEN);
        if (fd < 0)
                return -errno;
        if (fstat(fd, &st) < 0 || !S_ISFIFO(st.st_mode))
                return via_fd_drop(&fd, -ENOTSOCK);
        *ret_fd = fd;
        return 0;
}

/* --- the server's end --- */

/* -EADDRINUSE, with the pid of who is there if that can be found out. */
static int in_use(const struct via_lock *lock, struct via_note *note) {
        struct via_peer peer = { .known = false };
        int fd;

        if (via_fifo_open_door(lock, &fd))
                return via_note(note, -EADDRINUSE, "another server is just starting there");
        via_pipe_signer(fd, &peer);
        close(fd);
        if (peer.known)
                return via_note(note, -EADDRINUSE, "process %d listens there", (int)peer.pid);
        return via_note(note, -EADDRINUSE, "another process listens there");
}

/* Removes what a dead server and its clients left. We hold the lock. */
static int clear_stale(const struct via_lock *lock, struct via_note *note) {
        struct stat old;
        int fd, r = via_lock_stat(lock, &old);

        via_fifo_sweep(lock->dir);
        if (r)
                return r == -ENOENT ? 0 : r;
        if (!S_ISFIFO(old.st_mode))
                return via_note(note, -EEXIST, "there is a file that is no FIFO; it is left alone");
        if (old.st_uid != geteuid() && geteuid() != 0)
                return via_note(note, -EEXIST, "there is a FIFO of uid %u; it is left alone",
                                old.st_uid);
        r = via_fifo_open_door(lock, &fd);
        if (r == 0) {
                close(fd);
                return in_use(lock, note);
        }
        if (r != -ENXIO)
                return via_note(note, r, "cannot tell whether a server is there: %s", strerror(-r));
        r = via_lock_unlink(lock);
        return r ? via_note(note, r, "cannot remove what a dead server left: %s", strerror(-r)) : 0;
}

/* Makes the FIFO; at no moment may more people write to it than in the end. */
static int make(struct via_fifo_listener *self, struct via_access *access, struct via_note *note) {
        const struct via_lock *lock = &self->lock;
        bool by_umask = access->mode == (unsigned)VIA_ACCESS_UMASK;
        struct stat st;

        access->mode = (access->mode & 0022) | 0600;
        if (mkfifoat(lock->dir, lock->name, by_umask ? 0622 : 0600) < 0)
                return via_note(note, -errno, "cannot make the FIFO: %s", strerror(errno));
        VIA_POINT("fifo: made, not open");
        self->fd.fd = openat(lock->dir, lock->name, O_RDWR | OPEN);
        if (self->fd.fd < 0)
                return via_note(note, -errno, "cannot open the FIFO just made: %s",
                                strerror(errno));
        if (fstat(self->fd.fd, &st) < 0 || !S_ISFIFO(st.st_mode) || st.st_uid != geteuid())
                return via_note(note, -EEXIST, "somebody else put a file there");
        self->mine = st;
        if (!by_umask) {
                int r = via_access_give(access, self->fd.fd, note);

                if (r)
                        return r;
        }
        VIA_POINT("fifo: open, not signed");
        via_pipe_sign(self->fd.fd);
        return 0;
}

void via_fifo_shut(struct via_listener *listener) {
        struct via_fifo_listener *self = (struct via_fifo_listener *)listener;

        /* The file first, so that nobody comes any more; then those who wait are told. */
        via_lock_drop(&self->lock, &self->mine);
        via_fd_drop(&self->fd.fd, 0);
}

int via_fifo_listen(struct via_listener *listener, const struct via_uri *uri,
                    struct via_note *note) {
        struct via_fifo_listener *self = (struct via_fifo_listener *)listener;
        struct via_access access;
        int r = via_note_unless_path(uri, note);

        r = r ? r : via_access_of(&access, uri, (unsigned)VIA_ACCESS_UMASK, note);
        if (r)
                return r;
        self->fd.fd = -1;
        snprintf(self->path, sizeof(self->path), "%s", uri->path);
        r = via_lock_take(&self->lock, self->path, note);
        if (r == -EADDRINUSE && via_lock_folder(&self->lock, self->path, NULL) == 0)
                return via_fd_drop(&self->lock.dir, in_use(&self->lock, note));
        if (r)
                return r;
        r = via_fifo_check_folder(&self->lock, note);
        r = r ? r : clear_stale(&self->lock, note);
        r = r ? r : make(self, &access, note);
        if (r)
                via_fifo_shut(listener);
        return r;
}

void via_fifo_name(const struct via_listener *listener, char *buf, size_t size) {
        char path[VIA_URI_MAX];

        via_uri_escape(((const struct via_fifo_listener *)listener)->path, path, sizeof(path));
        snprintf(buf, size, "fifo:%s", path);
}

/* Somebody who may write could write anything: we look for the next place of a card's beginning. */
int via_fifo_next_card(struct via_fifo_listener *self) {
        static const char magic[] = VIA_FIFO_MAGIC;
        int reads = 0;

        while (reads < READS_MAX) {
                size_t n = self->got < sizeof(magic) ? self->got : sizeof(magic);
                ssize_t got;

                if (memcmp(self->bytes, magic, n) != 0) {
                        memmove(self->bytes, self->bytes + 1, --self->got);
                        continue;
                }
                if (self->got == sizeof(self->card))
                        return 0;
                reads++;
                got = read(self->fd.fd, self->bytes + self->got, sizeof(self->card) - self->got);
                if (got <= 0)
                        return got == 0 || errno == EINTR ? -EAGAIN : -errno;
                self->got += (size_t)got;
        }
        return -EAGAIN;                                 /* others want their turn */
}

/* --- the client's end --- */

int via_fifo_explain(const struct via_lock *lock, int r, struct via_note *note) {
        struct stat st;

        switch (r) {
        case -ENXIO:
        case -EPIPE:
                return via_note(note, -ECONNREFUSED,
                                "nobody listens there: the server that made the FIFO is gone");
        case -ENOENT:
                return via_note(note, r, "there is no such file: is the server running?");
        case -ENOTSOCK:
        case -ELOOP:
                return via_note(note, -ECONNREFUSED, "that file is no FIFO");
        case -EACCES:
                if (via_lock_stat(lock, &st) == 0)
                        return via_access_denied(&st, "FIFO", note);
                return via_note(note, r, "a folder on the way to it is closed to uid %u",
                                geteuid());
        case -ETIMEDOUT:
                return via_note(note, r,
                                "the server's FIFO is full, and it accepts nobody: is it stuck?");
        default: return r;
        }
}

/* Only here could the server leave under our hands. */
int via_fifo_put_card(int door, const struct via_fifo_card *card, int timeout_ms) {
        struct pollfd pfd = { .fd = door, .events = POLLOUT };
        int64_t end = via_now_ms() + timeout_ms, left = timeout_ms;

        for (;;) {
                ssize_t n = via_pipe_write(door, card, sizeof(*card));

                if (n != -EAGAIN)
                        return n < 0 ? (int)n : 0;
                if (timeout_ms >= 0 && left <= 0)
                        return -ETIMEDOUT;
                if (poll(&pfd, 1, timeout_ms < 0 ? -1 : (int)left) < 0 && errno != EINTR)
                        return -errno;
                left = end - via_now_ms();
        }
}
