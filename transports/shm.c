/*
 * shm.c - shared memory between two processes, shm:name
 *
 * Each end has memory of its own: a ring that it writes, and some words. The other end reads all
 * of that, and can write none of it. How they meet is in shm_meet.h.
 *
 * Sleeping: say so in a word, look again, sleep; the other end publishes, then looks at that
 * word, and rings once for each sleep (tests/shm_wake.pml is the proof). While both are awake
 * there is no system call.
 *
 * Death is the lifeline's hang-up. It is asked for when we wake and nothing has come.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "shm_meet.h"
#include "table.h"

/* --- sleeping and waking --- */

/* 0 once the peer has said hello; -EAGAIN: not yet. */
static int meet(struct shm_link *self) {
        struct via_hello hello;
        int r;

        if (self->theirs.words)
                return 0;
        if (self->gone)
                return self->gone;
        r = via_lifeline_hear(self->fd, &hello);
        if (r == -EAGAIN || r == -EMFILE)
                return r;
        if (r == 0) {
                r = via_shm_check(self, &hello);
                if (r == 0)
                        via_shm_join(self, &hello);
                else
                        via_hello_drop(&hello, 0);
        }
        self->gone = r;
        return r;
}

static void ring_bell(struct shm_link *self) {
        uint64_t one = 1;
        ssize_t n = self->peer_bell >= 0 ? write(self->peer_bell, &one, sizeof(one))
                                         : send(self->fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);

        /* If it takes no more it has rung often enough; if the peer is gone, we shall see. */
        (void)n;
}

/*
 * To be called after something was published. A peer that has not said hello will look when it
 * does; one that has said it just now may sleep already, so it is asked last.
 */
static void wake(struct shm_link *self, int events) {
        uint64_t word;

        VIA_POINT("shm: published, not looked who sleeps");
        if (meet(self))
                return;
        word = atomic_load(&self->theirs.words->sleeping);
        if (!(word & (uint64_t)events) || word == self->rung)
                return;
        self->rung = word;
        VIA_POINT("shm: published, not rung");
        ring_bell(self);
        VIA_POINT("shm: rung");
}

static void rise(struct shm_link *self) {
        if (!self->asleep)
                return;
        atomic_store_explicit(&self->mine.words->sleeping, 0, memory_order_relaxed);
        self->asleep = false;
}

/*
 * Nothing can move: is the peer alive? It is asked once after each sleep. What it published
 * before it died is found by who looks after this.
 */
static void resolve_doubt(struct shm_link *self) {
        if (!self->doubt)
                return;
        self->doubt = false;
        if (!self->gone && via_lifeline_check(self->fd) < 0)
                self->gone = atomic_load(&self->theirs.words->left) ? 1 : -ECONNRESET;
}

static void hush(struct shm_link *self) {
        uint64_t count;

        if (!self->may_have_rung)
                return;
        self->may_have_rung = false;
        if (self->bell < 0 && self->theirs.words) {
                self->doubt = true;
                resolve_doubt(self);
        } else if (self->bell >= 0 && read(self->bell, &count, sizeof(count)) < 0) {
                /* It has not rung. */
        }
}

/* Room is worth a wakeup when it is a good part of the ring; so nobody sleeps over an empty one. */
static bool has_room(struct shm_link *self) {
        int64_t least = (int64_t)self->out.size / 4,
                room = via_ring_room(&self->out, (size_t)least);

        return room >= least || room < 0;
}

static bool is_ready(struct shm_link *self, int want) {
        return self->gone ||
               ((want & POLLIN) && self->theirs.words && via_ring_filled(&self->in, 1)) ||
               ((want & POLLOUT) && has_room(self));
}

/* Says that we sleep, then looks again: 0, or VIA_AWAKE. */
static int lie_down(struct shm_link *self, int want) {
        meet(self);
        self->may_have_rung = true;
        self->asleep = true;
        self->sleeps += 1 << 8;
        atomic_store(&self->mine.words->sleeping, self->sleeps | (uint64_t)want);
        if (is_ready(self, want)) {
                rise(self);
                return VIA_AWAKE;
        }
        self->doubt = self->theirs.words != NULL;
        VIA_POINT("shm: about to sleep");
        return 0;
}

static int shm_arm(struct via_link *link, int want, struct via_wait *ret_wait) {
        struct shm_link *self = shm_link(link);
        short events = POLLIN;

        /*
         * After a look that found something the bell has hardly ever rung, and if so it wakes
         * once.
         */
        if (self->armed)
                hush(self);
        self->armed = false;
        if (lie_down(self, want))
                return VIA_AWAKE;
        self->armed = true;
        ret_wait->n_fds = 0;
        if (self->bell >= 0)
                ret_wait->fds[ret_wait->n_fds++] =
                        (struct pollfd){ .fd = self->bell, .events = events };
        ret_wait->fds[ret_wait->n_fds++] = (struct pollfd){ .fd = self->fd, .events = events };
        return 0;
}

/* --- moving bytes --- */

static ssize_t shm_send(struct via_link *link, const void *data, size_t size) {
        struct shm_link *self = shm_link(link);
        ssize_t n = self->gone ? 0 : via_ring_write(&self->out, data, size);

        if (n > 0)
                wake(self, POLLIN);
        if (n != 0)
                return n;
        meet(self);
        resolve_doubt(self);
        return self->gone == 0 ? -EAGAIN : self->gone < 0 ? self->gone : -EPIPE;
}

static uint8_t *shm_reserve(struct via_link *link, size_t size) {
        struct shm_link *self = shm_link(link);

        if (via_ring_room(&self->out, size) < (int64_t)size)
                return NULL;
        return self->out.bytes + (self->out.tail & (self->out.size - 1));
}

static void shm_commit(struct via_link *link, size_t size) {
        struct shm_link *self = shm_link(link);

        via_ring_commit(&self->out, size);
        wake(self, POLLIN);
}

static ssize_t shm_peek(struct via_link *link, const uint8_t **ret_data) {
        struct shm_link *self = shm_link(link);
        int64_t filled;
        int r = meet(self);

        if (r)
                return r;
        rise(self);
        filled = via_ring_filled(&self->in, 1);
        if (filled == 0 && self->doubt) {
                resolve_doubt(self);
                filled = via_ring_filled(&self->in, 1);
        }
        if (filled == 0)
                return self->gone == 0 ? -EAGAIN : self->gone < 0 ? self->gone : 0;
        *ret_data = self->in.bytes + (self->in.head & (self->in.size - 1));
        return (ssize_t)filled;
}

static void shm_release(struct via_link *link, size_t size) {
        struct shm_link *self = shm_link(link);

        via_ring_release(&self->in, size);
        VIA_POINT("shm: released");
        if (self->in.size - (self->in.tail - self->in.head) >= self->in.size / 4)
                wake(self, POLLOUT);
}

static ssize_t shm_recv(struct via_link *link, void *buf, size_t size) {
        const uint8_t *data = NULL;
        ssize_t n = shm_peek(link, &data);

        if (n <= 0)
                return n;
        size = (size_t)n < size ? (size_t)n : size;
        memcpy(buf, data, size);
        shm_release(link, size);
        return (ssize_t)size;
}

static ssize_t shm_recv_wait(struct via_link *link, void *buf, size_t size, int timeout_ms) {
        struct shm_link *self = shm_link(link);
        struct epoll_event event;
        const uint8_t *data;
        ssize_t n;

        if (self->wait < 0 && (n = via_shm_make_wait(self)) < 0)
                return n;
        if (timeout_ms != 0 && lie_down(self, POLLIN) == 0 &&
            epoll_wait(self->wait, &event, 1, timeout_ms) < 0 && errno != EINTR)
                return -errno;
        if (buf)
                return shm_recv(link, buf, size);
        n = shm_peek(link, &data);
        return n > 0 ? 0 : n;
}

static void shm_close(struct via_link *link) {
        struct shm_link *self = shm_link(link);

        if (getpid() == self->owner) {
                atomic_store(&self->mine.words->left, 1);
                VIA_POINT("shm: says that it left");
                shutdown(self->fd, SHUT_RDWR);
        } else {
                self->mine.words = self->theirs.words = NULL;   /* a child never had them */
        }
        via_shm_part(self);
}

static const struct via_loan loan = {
        .reserve = shm_reserve,
        .commit = shm_commit,
        .peek = shm_peek,
        .release = shm_release,
};

const struct via_transport via_shm = {
        .scheme = "shm",
        .options = "mode group backlog ring",
        .form = "shm:name",
        .traits = VIA_MEMORY | VIA_YIELD,
        .link_size = sizeof(struct shm_link),
        .listener_size = sizeof(struct via_shm_listener),
        .listen = via_shm_listen,
        .accept = via_shm_accept,
        .watch = via_shm_watch,
        .name = via_shm_name,
        .shut = via_shm_shut,
        .connect = via_shm_connect,
        .send = shm_send,
        .recv = shm_recv,
        .recv_wait = shm_recv_wait,
        .arm = shm_arm,
        .peer = via_shm_peer,
        .close = shm_close,
        .loan = &loan,
};
