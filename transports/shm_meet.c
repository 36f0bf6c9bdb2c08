/*
 * shm_meet.c - how the two ends of a shm: link find each other
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>
#include "bell.h"
#include "fd.h"
#include "note.h"
#include "shm_meet.h"

enum { RING_DEFAULT = 2 * 1024 * 1024 };

/* What the bytes of a hello are; descriptors: the memory, and then perhaps the bell. */
struct greeting {
        uint64_t ring;
};

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

void via_shm_part(struct shm_link *self) {
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
                r = via_bell_new(&self->bell);
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
                via_shm_part(self);
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

int via_shm_check(struct shm_link *self, const struct via_hello *hello) {
        struct greeting greeting;

        memcpy(&greeting, hello->bytes, sizeof(greeting));
        if (hello->n_fds != 1 && (hello->n_fds != 2 || !is_bell(hello->fds[1])))
                return -EPROTO;
        return via_shm_take(&self->theirs, greeting.ring, hello->fds[0]);
}

void via_shm_join(struct shm_link *self, struct via_hello *hello) {
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

int via_shm_listen(struct via_listener *listener, const struct via_uri *uri,
                   struct via_note *note) {
        struct via_shm_listener *self = (struct via_shm_listener *)listener;
        int r = parse(uri, &self->ring, note);

        return r ? r : via_lifeline_listen(&self->lifeline, uri, uri->path, note);
}

int via_shm_accept(struct via_listener *listener, struct via_link *link) {
        struct via_shm_listener *at = (struct via_shm_listener *)listener;
        struct shm_link *self = shm_link(link);
        struct via_hello hello;
        int fd, r = via_lifeline_accept(&at->lifeline, &fd, &hello);

        if (r)
                return r;
        r = via_shm_check(self, &hello);
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
        via_shm_join(self, &hello);
        return 0;
}

void via_shm_watch(struct via_listener *listener, struct via_wait *ret_wait) {
        via_lifeline_watch(&((struct via_shm_listener *)listener)->lifeline, ret_wait);
}

void via_shm_name(const struct via_listener *listener, char *buf, size_t size) {
        snprintf(buf, size, "shm:%s", ((const struct via_shm_listener *)listener)->lifeline.name);
}

void via_shm_shut(struct via_listener *listener) {
        via_lifeline_shut(&((struct via_shm_listener *)listener)->lifeline);
}

/*
 * Edge-triggered, the bell need not be hushed: only its ringing counts, and one counter is good
 * for 2^64 of it.
 */
int via_shm_make_wait(struct shm_link *self) {
        struct epoll_event bell = { .events = EPOLLIN | EPOLLET };
        struct epoll_event lifeline = { .events = EPOLLIN };

        self->wait = epoll_create1(EPOLL_CLOEXEC);
        if (self->wait < 0 ||
            epoll_ctl(self->wait, EPOLL_CTL_ADD, self->fd, &lifeline) < 0 ||
            (self->bell >= 0 && epoll_ctl(self->wait, EPOLL_CTL_ADD, self->bell, &bell) < 0))
                return -errno;
        return 0;
}

int via_shm_connect(struct via_link *link, const struct via_uri *uri, int timeout_ms,
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
        r = via_shm_make_wait(self);
        if (r)
                via_shm_part(self);
        return r;
}

void via_shm_peer(const struct via_link *link, struct via_peer *ret_peer) {
        via_local_peer(((const struct shm_link *)link)->fd, ret_peer);
}
