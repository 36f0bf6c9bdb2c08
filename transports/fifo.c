/*
 * fifo.c - named pipes, fifo:/folder/name
 *
 * The FIFO that everybody knows is only for connecting. A client writes a card of fixed size
 * into it, which the kernel does not tear (it is smaller than PIPE_BUF), and which says where
 * the two FIFOs are that it has made for this link alone (see fifo_pair.h): one writer each, so
 * nothing is torn or mixed whatever its size. A client that has written its card is connected,
 * as one in the backlog of a socket is; the server opens the pair when it gets to it.
 *
 * Who may write to the FIFO may connect; who could read it could read the cards of others, so
 * reading is taken from group and others whatever ?mode= says. And neither end uses a folder in
 * which everybody may make files, /tmp above all: anybody could be the server there, or make the
 * file first, and no sticky bit and no fs.protected_fifos prevents that.
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
#include <time.h>
#include <unistd.h>
#include "access.h"
#include "fd.h"
#include "fifo_pair.h"
#include "lock.h"
#include "note.h"
#include "pipe.h"
#include "table.h"

enum {
        OPEN = O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC,
        CLOSE_MS = 1000,
        READS_MAX = 1000,                               /* for one card: as many as fit in */
};

struct fifo_link {
        struct via_pipe_link pipe;              /* first */
        struct via_peer      peer;
        /* of a client: the server's FIFO; an error on it says that the server has shut it */
        int                  door;
        bool                 waiting;           /* the server has not opened our pair yet */
        bool                 has_sent;
        struct via_fifo_pair pair;              /* while waiting */
};

struct fifo_listener {
        struct via_fd_listener fd;              /* first */
        struct via_lock        lock;
        struct stat            mine;
        union {
                struct via_fifo_card card;      /* the next, of which we have got so much: */
                char                 bytes[sizeof(struct via_fifo_card)];
        };
        size_t                 got;
        char                   path[VIA_URI_MAX];
};

_Static_assert(sizeof(struct via_fifo_card) <= PIPE_BUF, "a card is written in one piece");

static int check_folder(const struct via_lock *lock, struct via_note *note) {
        struct stat st;

        if (fstat(lock->dir, &st) < 0)
                return -errno;
        if (st.st_mode & S_IWOTH)
                return via_note(
                        note, -EPERM,
                        "everybody may make files in that folder, so anybody could pretend to be the server: take one of your own, such as $XDG_RUNTIME_DIR");
        return 0;
}

/* Opens the server's FIFO as a client does: -ENXIO if nobody reads it. */
static int open_door(const struct via_lock *lock, int *ret_fd) {
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

        if (open_door(lock, &fd))
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
        r = open_door(lock, &fd);
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
static int make(struct fifo_listener *self, struct via_access *access, struct via_note *note) {
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

static void fifo_shut(struct via_listener *listener) {
        struct fifo_listener *self = (struct fifo_listener *)listener;

        /* The file first, so that nobody comes any more; then those who wait are told. */
        via_lock_drop(&self->lock, &self->mine);
        via_fd_drop(&self->fd.fd, 0);
}

static int fifo_listen(struct via_listener *listener, const struct via_uri *uri,
                       struct via_note *note) {
        struct fifo_listener *self = (struct fifo_listener *)listener;
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
        r = check_folder(&self->lock, note);
        r = r ? r : clear_stale(&self->lock, note);
        r = r ? r : make(self, &access, note);
        if (r)
                fifo_shut(listener);
        return r;
}

static void fifo_name(const struct via_listener *listener, char *buf, size_t size) {
        char path[VIA_URI_MAX];

        via_uri_escape(((const struct fifo_listener *)listener)->path, path, sizeof(path));
        snprintf(buf, size, "fifo:%s", path);
}

/*
 * Gets the next card: 0 or -EAGAIN. Somebody who may write could write anything; we look for the
 * next place at which a card can begin.
 */
static int next_card(struct fifo_listener *self) {
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

static int fifo_accept(struct via_listener *listener, struct via_link *link) {
        struct fifo_listener *self = (struct fifo_listener *)listener;
        struct fifo_link *to = (struct fifo_link *)link;
        int r = next_card(self);

        if (r)
                return r;
        VIA_POINT("fifo: has a card");
        to->door = -1;
        r = via_fifo_pair_open(&self->card, self->lock.dir, &to->pipe.in, &to->pipe.out,
                               &to->peer);
        /* Back into the queue, so that we are woken for it; if that is full, we are anyhow. */
        if (r == 0 || r == -ECONNABORTED ||
            write(self->fd.fd, &self->card, sizeof(self->card)) == sizeof(self->card))
                self->got = 0;
        return r;
}

/* --- the client's end --- */

static int explain(const struct via_lock *lock, int r, struct via_note *note) {
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

static int64_t now_ms(void) {
        struct timespec ts;

        clock_gettime(CLOCK_MONOTONIC, &ts);
        return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Puts the card in, when there is room. Only here could the server leave under our hands. */
static int put_card(int door, const struct via_fifo_card *card, int timeout_ms) {
        struct pollfd pfd = { .fd = door, .events = POLLOUT };
        int64_t end = now_ms() + timeout_ms, left = timeout_ms;

        for (;;) {
                ssize_t n = via_pipe_write(door, card, sizeof(*card));

                if (n != -EAGAIN)
                        return n < 0 ? (int)n : 0;
                if (timeout_ms >= 0 && left <= 0)
                        return -ETIMEDOUT;
                if (poll(&pfd, 1, timeout_ms < 0 ? -1 : (int)left) < 0 && errno != EINTR)
                        return -errno;
                left = end - now_ms();
        }
}

static int enter(struct fifo_link *self, const struct via_lock *lock, int timeout_ms,
                 struct via_note *note) {
        struct stat st;
        int r;

        if (fstat(self->door, &st) < 0)
                return -errno;
        r = via_fifo_pair_make(&self->pair, lock->dir, st.st_uid != geteuid() && st.st_uid != 0,
                               &self->pipe.in, &self->pipe.out, note);
        if (r)
                return r;
        self->waiting = true;
        via_pipe_signer(self->door, &self->peer);
        VIA_POINT("fifo: the pair is there, no card");
        r = put_card(self->door, &self->pair.card, timeout_ms);
        VIA_POINT("fifo: the card is in");
        if (r == 0)
                return 0;
        via_fifo_pair_remove(&self->pair);
        via_fd_drop(&self->pipe.in, 0);
        via_fd_drop(&self->pipe.out, 0);
        return explain(lock, r, note);
}

static int fifo_connect(struct via_link *link, const struct via_uri *uri, int timeout_ms,
                        struct via_note *note) {
        struct fifo_link *self = (struct fifo_link *)link;
        int r = via_note_unless_path(uri, note);
        struct via_lock lock;

        self->door = -1;
        r = r ? r : via_lock_folder(&lock, uri->path, note);
        if (r)
                return r;
        r = check_folder(&lock, note);
        if (r == 0) {
                r = open_door(&lock, &self->door);
                VIA_POINT("fifo: the door is open");
                r = r ? explain(&lock, r, note) : enter(self, &lock, timeout_ms, note);
        }
        via_fd_drop(&lock.dir, 0);
        return r ? via_fd_drop(&self->door, r) : 0;
}

/* The server has both FIFOs: their names have done their duty. */
static void arrived(struct fifo_link *self) {
        self->waiting = false;
        VIA_POINT("fifo: the server has come");
        via_fifo_pair_remove(&self->pair);
}

/*
 * Whether the server has opened the FIFO in which it writes: 0; -EAGAIN: not yet; or it never
 * will. Said by the kernel: a read finds the end as long as there is no writer.
 */
static int look_for_server(struct fifo_link *self) {
        struct pollfd fds[2] = { { .fd = self->pipe.in }, { .fd = self->door } };

        if (poll(fds, 2, 0) < 0 || !(fds[0].revents | fds[1].revents))
                return -EAGAIN;
        return fds[0].revents & POLLHUP ? -EPIPE : -ECONNRESET;
}

static ssize_t fifo_recv(struct via_link *link, void *buf, size_t size) {
        struct fifo_link *self = (struct fifo_link *)link;
        ssize_t n = via_pipe_recv(link, buf, size);
        int r;

        if (!self->waiting)
                return n;
        if (n == 0) {
                r = look_for_server(self);
                if (r == -EAGAIN)
                        return r;
                n = via_pipe_recv(link, buf, size);     /* it may have come, and shut the door */
                if (n == 0 && r == -ECONNRESET)
                        return r;
        }
        arrived(self);
        return n;
}

static ssize_t fifo_send(struct via_link *link, const void *data, size_t size) {
        struct fifo_link *self = (struct fifo_link *)link;
        ssize_t n = via_pipe_send(link, data, size);

        self->has_sent = true;
        if (n == -EAGAIN && self->waiting && look_for_server(self) != -EAGAIN)
                return -EPIPE;
        return n;
}

static int fifo_arm(struct via_link *link, int want, struct via_wait *ret_wait) {
        struct fifo_link *self = (struct fifo_link *)link;
        int r = via_pipe_arm(link, want, ret_wait);

        if (self->waiting)                              /* nothing to read there, but an error */
                ret_wait->fds[ret_wait->n_fds++] =
                        (struct pollfd){ .fd = self->door, .events = POLLIN };
        return r;
}

static void fifo_peer(const struct via_link *link, struct via_peer *ret_peer) {
        *ret_peer = ((const struct fifo_link *)link)->peer;
}

/*
 * What is in a FIFO that nobody else has opened is lost with us. So one who has sent something
 * and leaves before the server has got to it waits, a second at most.
 */
static void fifo_close(struct via_link *link) {
        struct fifo_link *self = (struct fifo_link *)link;
        char waste[1];

        for (int i = 0; i < CLOSE_MS && self->waiting && self->has_sent; i++) {
                if (fifo_recv(link, waste, sizeof(waste)) != -EAGAIN || !self->waiting)
                        break;
                poll(NULL, 0, 1);
        }
        if (self->waiting)
                via_fifo_pair_remove(&self->pair);
        via_fd_drop(&self->pipe.in, 0);
        via_fd_drop(&self->pipe.out, 0);
        via_fd_drop(&self->door, 0);
}

const struct via_transport via_fifo = {
        .scheme = "fifo",
        .options = "mode group",
        .form = "fifo:/folder/name",
        .link_size = sizeof(struct fifo_link),
        .listener_size = sizeof(struct fifo_listener),
        .listen = fifo_listen,
        .accept = fifo_accept,
        .watch = via_fd_watch,
        .name = fifo_name,
        .shut = fifo_shut,
        .connect = fifo_connect,
        .send = fifo_send,
        .recv = fifo_recv,
        .recv_wait = via_pipe_recv_wait,
        .arm = fifo_arm,
        .peer = fifo_peer,
        .close = fifo_close,
};
