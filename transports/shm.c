/*
 * shm.c - shared memory between two processes, shm:name
 *
 * Each end has memory of its own: a ring that it writes, and some words. The other end reads all
 * of that, and can write none of it. They meet at a lifeline, over which each hands its memory to
 * the other; the client does not wait for the server's, so until the server has accepted it, it
 * writes into its ring and nobody reads.
 *
 * Sleeping: say so in a word, look again, sleep; the other end publishes, then looks at that
 * word, and rings once for each sleep (tests/shm_wake.pml is the proof). While both are awake
 * there is no system call. The bell is an eventfd between processes of one user. A descriptor's
 * flags belong to all who share it, so a peer could make our ring block: one of the same user
 * could as well stop us with a signal, any other gets packets on the lifeline instead, which
 * cannot block.
 *
 * Death is the lifeline's hang-up. It is asked for when we wake and nothing has come.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "fd.h"
#include "lifeline.h"
#include "note.h"
#include "shm_memory.h"
#include "table.h"

enum { RING_DEFAULT = 2 * 1024 * 1024 };

struct shm_link {
        struct via_link          link;
        int                      fd;            /* the lifeline */
        int                      bell, peer_bell;       /* -1: packets on the lifeline */
        int                      wait;          /* a client's epoll of bell and lifeline, or -1 */
        pid_t                    owner;
        struct via_shm_memory    mine, theirs;  /* theirs: none until we have heard of it */
        struct via_ring_writer   out;
        struct via_ring_reader   in;
        struct via_ring_position nowhere;       /* where the peer has read to, until it is there */
        uint64_t                 sleeps;        /* the word of our last sleep */
        uint64_t                 rung;          /* the word of the peer's sleep that we ended */
        bool                     asleep;        /* as our word says */
        bool                     may_have_rung; /* our bell */
        bool                     doubt;         /* whether the peer still lives */
        int                      gone;          /* 1: it left; else 0, or why the link is dead */
};

struct shm_listener {
        struct via_listener listener;
        struct via_lifeline lifeline;
        size_t              ring;
};

/* What the bytes of a hello are; descriptors: the memory, and then perhaps the bell. */
struct greeting {
        uint64_t ring;
};

static struct shm_link *shm_link(struct via_link *link) {
        return (struct shm_link *)link;
}

/* --- meeting --- */

static int parse(const struct via_uri *uri, size_t *ret_ring, struct via_note *note) {
        unsigned ring;
        int r = via_note_unless_path(uri, note);

        r = r ? r : via_note_unless_number(uri, "ring", VIA_SHM_RING_LEAST, VIA_SHM_RING_MOST,
                                           RING_DEFAULT, &ring, note);
        if (r)
                return r;
        *ret_ring = (size_t)getpagesize();
        while (*ret_ring < ring)
                *ret_ring *= 2;
        return 0;
}

static void drop(struct shm_link *self) {
        via_shm_drop(&self->mine);
        via_shm_drop(&self->theirs);
        via_fd_drop(&self->bell, 0);
        via_fd_drop(&self->peer_bell, 0);
        via_fd_drop(&self->wait, 0);
        via_fd_drop(&self->fd, 0);
}

/* Bells are for those who could stop us anyway. */
static bool same_user(const struct shm_link *self) {
        struct via_peer peer = { .known = false };

        via_local_peer(self->fd, &peer);
        return peer.known && peer.uid == geteuid();
}

/* Makes our end, and says hello on @fd, which becomes ours only if this succeeds. */
static int start(struct shm_link *self, int fd, size_t ring) {
        struct via_hello hello = { .n_fds = 1 };
        struct greeting greeting = { .ring = ring };
        int r;

        self->fd = fd;
        self->bell = self->peer_bell = self->wait = -1;
        self->owner = getpid();
        r = via_shm_make(&self->mine, ring, &hello.fds[0]);
        if (r)
                return r;
        if (same_user(self)) {
                self->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
                if (self->bell < 0)
                        r = -errno;
                hello.fds[hello.n_fds++] = self->bell;
        }
        self->out = (struct via_ring_writer){ .bytes = self->mine.ring,
                                              .size = ring,
                                              .ret_tail = &self->mine.words->tail,
                                              .peer_head = &self->nowhere };
        memcpy(hello.bytes, &greeting, sizeof(greeting));
        VIA_POINT("shm: has memory, said nothing");
        r = r ? r : via_lifeline_say(fd, &hello);
        VIA_POINT("shm: said hello");
        via_fd_drop(&hello.fds[0], 0);
        if (r == -ECONNRESET) {
                self->doubt = true;             /* it may have written something before it left */
                r = 0;
        }
        if (r) {
                self->fd = -1;
                drop(self);
        }
        return r;
}

static bool is_bell(int fd) {
        char path[32], what[32];
        ssize_t n;

        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        n = readlink(path, what, sizeof(what) - 1);
        what[n < 0 ? 0 : n] = 0;
        return strcmp(what, "anon_inode:[eventfd]") == 0 && (fcntl(fd, F_GETFL) & O_NONBLOCK);
}

/* Maps what the peer has handed over, if nothing is wrong with it; its descriptors stay. */
static int check(struct shm_link *self, const struct via_hello *hello) {
        struct greeting greeting;

        memcpy(&greeting, hello->bytes, sizeof(greeting));
        if (hello->n_fds != 1 && (hello->n_fds != 2 || !is_bell(hello->fds[1])))
                return -EPROTO;
        return via_shm_take(&self->theirs, greeting.ring, hello->fds[0]);
}

/* Both ends are there: the descriptors are closed or kept. */
static void join(struct shm_link *self, struct via_hello *hello) {
        if (hello->n_fds == 2 && same_user(self))
                self->peer_bell = hello->fds[--hello->n_fds];
        via_hello_drop(hello, 0);
        VIA_POINT("shm: heard hello");
        self->out.peer_head = &self->theirs.words->head;
        self->in = (struct via_ring_reader){ .bytes = self->theirs.ring,
                                             .size = self->theirs.size,
                                             .ret_head = &self->mine.words->head,
                                             .peer_tail = &self->theirs.words->tail };
}

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
                r = check(self, &hello);
                if (r == 0)
                        join(self, &hello);
                else
                        via_hello_drop(&hello, 0);
        }
        self->gone = r;
        return r;
}

static int shm_listen(struct via_listener *listener, const struct via_uri *uri,
                      struct via_note *note) {
        struct shm_listener *self = (struct shm_listener *)listener;
        int r = parse(uri, &self->ring, note);

        return r ? r : via_lifeline_listen(&self->lifeline, uri, uri->path, note);
}

static int shm_accept(struct via_listener *listener, struct via_link *link) {
        struct shm_listener *at = (struct shm_listener *)listener;
        struct shm_link *self = shm_link(link);
        struct via_hello hello;
        int fd, r = via_lifeline_accept(&at->lifeline, &fd, &hello);

        if (r)
                return r;
        r = check(self, &hello);
        r = r ? r : start(self, fd, at->ring);
        if (r)
                via_shm_drop(&self->theirs);
        if (r == -EMFILE || r == -ENFILE || r == -ENOMEM) {
                via_lifeline_put_back(&at->lifeline, fd, &hello);
                return r;
        }
        if (r) {
                via_hello_drop(&hello, 0);
                return via_fd_drop(&fd, -ECONNABORTED);
        }
        join(self, &hello);
        return 0;
}

static void shm_watch(struct via_listener *listener, struct via_wait *ret_wait) {
        via_lifeline_watch(&((struct shm_listener *)listener)->lifeline, ret_wait);
}

static void shm_name(const struct via_listener *listener, char *buf, size_t size) {
        snprintf(buf, size, "shm:%s", ((const struct shm_listener *)listener)->lifeline.name);
}

static void shm_shut(struct via_listener *listener) {
        via_lifeline_shut(&((struct shm_listener *)listener)->lifeline);
}

/*
 * What a client sleeps in that has nothing else to wait for. Edge-triggered, the bell need not
 * be hushed: only its ringing counts, and one counter is good for 2^64 of it.
 */
static int make_wait(struct shm_link *self) {
        struct epoll_event bell = { .events = EPOLLIN | EPOLLET };
        struct epoll_event lifeline = { .events = EPOLLIN };

        self->wait = epoll_create1(EPOLL_CLOEXEC);
        if (self->wait < 0 ||
            epoll_ctl(self->wait, EPOLL_CTL_ADD, self->fd, &lifeline) < 0 ||
            (self->bell >= 0 && epoll_ctl(self->wait, EPOLL_CTL_ADD, self->bell, &bell) < 0))
                return -errno;
        return 0;
}

static int shm_connect(struct via_link *link, const struct via_uri *uri, int timeout_ms,
                       struct via_note *note) {
        struct shm_link *self = shm_link(link);
        size_t ring;
        int fd, r = parse(uri, &ring, note);

        r = r ? r : via_lifeline_connect(uri, uri->path, timeout_ms, &fd, note);
        if (r)
                return r;
        r = start(self, fd, ring);
        if (r)
                return via_fd_drop(&fd, r);
        r = make_wait(self);
        if (r)
                drop(self);
        return r;
}

/* --- sleeping and waking --- */

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

        hush(self);
        if (lie_down(self, want))
                return VIA_AWAKE;
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

        if (self->wait < 0 && (n = make_wait(self)) < 0)
                return n;
        if (timeout_ms != 0 && lie_down(self, POLLIN) == 0 &&
            epoll_wait(self->wait, &event, 1, timeout_ms) < 0 && errno != EINTR)
                return -errno;
        if (buf)
                return shm_recv(link, buf, size);
        n = shm_peek(link, &data);
        return n > 0 ? 0 : n;
}

static void shm_peer(const struct via_link *link, struct via_peer *ret_peer) {
        via_local_peer(((const struct shm_link *)link)->fd, ret_peer);
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
        drop(self);
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
        .traits = VIA_MEMORY,
        .link_size = sizeof(struct shm_link),
        .listener_size = sizeof(struct shm_listener),
        .listen = shm_listen,
        .accept = shm_accept,
        .watch = shm_watch,
        .name = shm_name,
        .shut = shm_shut,
        .connect = shm_connect,
        .send = shm_send,
        .recv = shm_recv,
        .recv_wait = shm_recv_wait,
        .arm = shm_arm,
        .peer = shm_peer,
        .close = shm_close,
        .loan = &loan,
};
