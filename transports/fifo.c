/*
 * fifo.c - named pipes, fifo:/folder/name
 *
 * The FIFO that everybody knows is only for connecting (see fifo_door.h). A client writes a card
 * into it, which says where the two FIFOs are that it has made for this link alone (see
 * fifo_pair.h): one writer each, so nothing is torn or mixed whatever its size. A client that has
 * written its card is connected, as one in the backlog of a socket is; the server opens the pair
 * when it gets to it.
 */
#include <errno.h>
#include <unistd.h>
#include "fifo_door.h"
#include "note.h"
#include "pipe.h"
#include "table.h"

enum { CLOSE_MS = 1000 };

struct fifo_link {
        struct via_pipe_link pipe;              /* first */
        struct via_peer      peer;
        /* of a client: the server's FIFO; an error on it says that the server has shut it */
        int                  door;
        bool                 waiting;           /* the server has not opened our pair yet */
        bool                 has_sent;
        struct via_fifo_pair pair;              /* while waiting */
};

/* --- the server's end --- */

static int fifo_accept(struct via_listener *listener, struct via_link *link) {
        struct via_fifo_listener *self = (struct via_fifo_listener *)listener;
        struct fifo_link *to = (struct fifo_link *)link;
        int r = via_fifo_next_card(self);

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
        r = via_fifo_put_card(self->door, &self->pair.card, timeout_ms);
        VIA_POINT("fifo: the card is in");
        if (r == 0)
                return 0;
        via_fifo_pair_remove(&self->pair);
        via_fd_drop(&self->pipe.in, 0);
        via_fd_drop(&self->pipe.out, 0);
        return via_fifo_explain(lock, r, note);
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
        r = via_fifo_check_folder(&lock, note);
        if (r == 0) {
                r = via_fifo_open_door(&lock, &self->door);
                VIA_POINT("fifo: the door is open");
                r = r ? via_fifo_explain(&lock, r, note) : enter(self, &lock, timeout_ms, note);
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
        .traits = VIA_YIELD,
        .link_size = sizeof(struct fifo_link),
        .listener_size = sizeof(struct via_fifo_listener),
        .listen = via_fifo_listen,
        .accept = fifo_accept,
        .watch = via_fd_watch,
        .name = via_fifo_name,
        .shut = via_fifo_shut,
        .connect = fifo_connect,
        .send = fifo_send,
        .recv = fifo_recv,
        .recv_wait = via_pipe_recv_wait,
        .arm = fifo_arm,
        .peer = fifo_peer,
        .close = fifo_close,
};
