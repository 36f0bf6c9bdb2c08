/*
 * inproc.c - two ends in one process, inproc:name
 *
 * A link is a pair of rings in ordinary memory, one each way, and needs the kernel only to
 * sleep: each side has a bell (an eventfd), which the other rings if this side has said that it
 * sleeps. Saying so, looking again and only then sleeping loses no wakeup (see ring.h). The two
 * ends may be in two threads or in one. Whoever closes last frees the pair.
 *
 * The names that are listened at are the only state in the library that belongs to no object:
 * two ends that have nothing in common but a name must be able to find each other. A forked
 * child sees none of its parent's.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "fd.h"
#include "note.h"
#include "ring.h"
#include "table.h"

enum {
        RING_SIZE = 64 * 1024,
        NAME_SIZE_MAX = 64,
};

/* One of the two ends, as the other sees it. */
struct side {
        struct via_ring_position tail;          /* of the ring it writes into */
        struct via_ring_position head;          /* of the ring it reads from */
        unsigned char           *bytes;         /* what it writes into; from its first send() on */
        _Alignas(64) atomic_int  sleeping;      /* the events that it sleeps for, or 0 */
        /* 1: it closed; else 0, or why it never was there */
        atomic_int               gone;
        int                      bell;
};

struct pair {
        struct side  sides[2];                  /* client, server */
        atomic_int   users;
        struct pair *next;                      /* among those not yet accepted */
};

struct inproc_link {
        struct via_link        link;
        struct pair           *pair;
        struct side           *me, *peer;
        struct via_ring_writer out;
        struct via_ring_reader in;
        bool                   armed;           /* once: our bell may have rung since */
};

struct inproc_listener {
        struct via_listener     listener;
        struct inproc_listener *next;
        struct pair            *first, **last;  /* not yet accepted */
        unsigned                n_waiting, backlog;
        int                     bell;           /* rings while n_waiting > 0 */
        pid_t                   owner;
        char                    name[NAME_SIZE_MAX + 1];
};

static struct {
        pthread_mutex_t         mutex;
        struct inproc_listener *first;
} names = { .mutex = PTHREAD_MUTEX_INITIALIZER };

static int check_name(const struct via_uri *uri, struct via_note *note) {
        int r = via_note_unless_path(uri, note);
        size_t n = strlen(uri->path);

        if (r)
                return r;
        if (n > NAME_SIZE_MAX)
                return via_note(note, -ENAMETOOLONG, "the name has %zu letters, %d are allowed",
                                n, NAME_SIZE_MAX);
        for (const char *c = uri->path; *c; c++)
                if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                      (*c >= '0' && *c <= '9') || *c == '_' || *c == '-' ||
                      (*c == '.' && c > uri->path)))
                        return via_note(
                                note, -EINVAL,
                                "a name consists of letters, digits and - _ . (not at its start)");
        return 0;
}

static struct inproc_listener *find(const char *name) {
        pid_t me = getpid();

        for (struct inproc_listener *l = names.first; l; l = l->next)
                if (l->owner == me && strcmp(l->name, name) == 0)
                        return l;
        return NULL;
}

static void ring_bell(int bell) {
        uint64_t one = 1;

        if (write(bell, &one, sizeof(one)) < 0) {
                /* It can only be too full of rings to take one more. */
        }
}

static void hush_bell(int bell) {
        uint64_t count;

        if (read(bell, &count, sizeof(count)) < 0) {
                /* It has not rung. */
        }
}

/* Wakes @side if it sleeps for one of @events. */
static void wake(struct side *side, int events) {
        if ((atomic_load(&side->sleeping) & events) && atomic_exchange(&side->sleeping, 0))
                ring_bell(side->bell);
}

static int new_bell(int *ret_bell) {
        int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

        if (fd < 0)
                return -errno;
        *ret_bell = fd;
        return 0;
}

static void pair_free(struct pair *pair) {
        for (int i = 0; i < 2; i++) {
                close(pair->sides[i].bell);
                free(pair->sides[i].bytes);
        }
        free(pair);
}

static void pair_leave(struct pair *pair, int side, int why) {
        atomic_store(&pair->sides[side].gone, why);
        wake(&pair->sides[!side], POLLIN | POLLOUT | POLLHUP);
        if (atomic_fetch_sub(&pair->users, 1) == 1)
                pair_free(pair);
}

static int pair_new(struct pair **ret_pair) {
        struct pair *pair = aligned_alloc(_Alignof(struct pair), sizeof(*pair));
        int r;

        if (!pair)
                return -ENOMEM;
        memset(pair, 0, sizeof(*pair));
        atomic_init(&pair->users, 2);
        r = new_bell(&pair->sides[0].bell);
        if (r == 0) {
                r = new_bell(&pair->sides[1].bell);
                if (r)
                        close(pair->sides[0].bell);
        }
        if (r) {
                free(pair);
                return r;
        }
        *ret_pair = pair;
        return 0;
}

static void link_init(struct inproc_link *self, struct pair *pair, int side) {
        self->pair = pair;
        self->me = &pair->sides[side];
        self->peer = &pair->sides[!side];
        self->out = (struct via_ring_writer){
                .size = RING_SIZE, .ret_tail = &self->me->tail, .peer_head = &self->peer->head };
        self->in = (struct via_ring_reader){
                .size = RING_SIZE, .ret_head = &self->me->head, .peer_tail = &self->peer->tail };
}

static int inproc_listen(struct via_listener *listener, const struct via_uri *uri,
                         struct via_note *note) {
        struct inproc_listener *self = (struct inproc_listener *)listener;
        int r = check_name(uri, note);

        r = r ? r
              : via_note_unless_number(uri, "backlog", 1, VIA_BACKLOG_MAX, 128, &self->backlog,
                                       note);
        r = r ? r : new_bell(&self->bell);
        if (r)
                return r;
        memcpy(self->name, uri->path, strlen(uri->path) + 1);
        self->owner = getpid();
        self->last = &self->first;

        pthread_mutex_lock(&names.mutex);
        if (find(self->name)) {
                r = via_note(note, -EADDRINUSE, "this process listens there already");
        } else {
                self->next = names.first;
                names.first = self;
        }
        pthread_mutex_unlock(&names.mutex);
        return r ? via_fd_drop(&self->bell, r) : 0;
}

/* Takes the first of those that wait, or NULL. Under the mutex. */
static struct pair *next_waiting(struct inproc_listener *self) {
        struct pair *pair = self->first;

        if (!pair)
                return NULL;
        self->first = pair->next;
        if (!self->first) {
                self->last = &self->first;
                hush_bell(self->bell);
        }
        self->n_waiting--;
        return pair;
}

static int inproc_accept(struct via_listener *listener, struct via_link *link) {
        struct pair *pair;

        pthread_mutex_lock(&names.mutex);
        pair = next_waiting((struct inproc_listener *)listener);
        pthread_mutex_unlock(&names.mutex);
        if (!pair)
                return -EAGAIN;
        link_init((struct inproc_link *)link, pair, 1);
        return 0;
}

static void inproc_watch(struct via_listener *listener, struct via_wait *ret_wait) {
        ret_wait->fds[0] = (struct pollfd){ .fd = ((struct inproc_listener *)listener)->bell,
                                            .events = POLLIN };
        ret_wait->n_fds = 1;
}

static void inproc_name(const struct via_listener *listener, char *buf, size_t size) {
        snprintf(buf, size, "inproc:%s", ((const struct inproc_listener *)listener)->name);
}

static void inproc_shut(struct via_listener *listener) {
        struct inproc_listener *self = (struct inproc_listener *)listener, **at = &names.first;
        struct pair *pair;

        pthread_mutex_lock(&names.mutex);
        while (*at && *at != self)
                at = &(*at)->next;
        if (*at)
                *at = self->next;
        while ((pair = next_waiting(self)))
                pair_leave(pair, 1, -ECONNRESET);
        pthread_mutex_unlock(&names.mutex);
        via_fd_drop(&self->bell, 0);
}

/* Puts @pair before the listener at @name: 0, or -EAGAIN if too many wait there. */
static int enqueue(const char *name, struct pair *pair, struct via_note *note) {
        struct inproc_listener *listener;
        int r = 0;

        pthread_mutex_lock(&names.mutex);
        listener = find(name);
        if (!listener) {
                r = via_note(note, -ECONNREFUSED, "nobody in this process listens at that name");
        } else if (listener->n_waiting == listener->backlog) {
                r = -EAGAIN;
        } else {
                *listener->last = pair;
                listener->last = &pair->next;
                if (listener->n_waiting++ == 0)
                        ring_bell(listener->bell);
        }
        pthread_mutex_unlock(&names.mutex);
        return r;
}

static int inproc_connect(struct via_link *link, const struct via_uri *uri, int timeout_ms,
                          struct via_note *note) {
        struct pair *pair;
        int r = check_name(uri, note);

        r = r ? r : pair_new(&pair);
        if (r)
                return r;
        link_init((struct inproc_link *)link, pair, 0);

        /*
         * A full backlog is rare, and lasts long or is over at once: looking every millisecond
         * will do.
         */
        while ((r = enqueue(uri->path, pair, note)) == -EAGAIN && timeout_ms != 0) {
                poll(NULL, 0, 1);
                timeout_ms -= timeout_ms > 0;
        }
        if (r == 0)
                return 0;
        pair_free(pair);
        if (r == -EAGAIN)
                return via_note(note, -ETIMEDOUT,
                                "the server's backlog is full, and it accepts nobody");
        return r;
}

/* An idle link costs no ring: it is made when something is first to be sent. */
static int make_ring(struct inproc_link *self) {
        if (self->out.bytes)
                return 0;
        self->me->bytes = malloc(RING_SIZE);
        self->out.bytes = self->me->bytes;
        return self->out.bytes ? 0 : -ENOMEM;
}

static ssize_t inproc_send(struct via_link *link, const void *data, size_t size) {
        struct inproc_link *self = (struct inproc_link *)link;
        ssize_t n;

        if (atomic_load(&self->peer->gone))
                return -EPIPE;
        n = make_ring(self);
        if (n)
                return n;
        n = via_ring_write(&self->out, data, size);
        if (n > 0)
                wake(self->peer, POLLIN);
        return n == 0 ? -EAGAIN : n;
}

static uint8_t *inproc_reserve(struct via_link *link, size_t size) {
        struct inproc_link *self = (struct inproc_link *)link;
        unsigned char *room = NULL;

        if (make_ring(self) || via_ring_reserve(&self->out, size, &room) < (int64_t)size)
                return NULL;
        return room;
}

static void inproc_commit(struct via_link *link, size_t size) {
        struct inproc_link *self = (struct inproc_link *)link;

        via_ring_commit(&self->out, size);
        wake(self->peer, POLLIN);
}

static ssize_t inproc_peek(struct via_link *link, const uint8_t **ret_data) {
        struct inproc_link *self = (struct inproc_link *)link;
        /* Before looking into the ring: nothing comes after it. */
        int gone = atomic_load(&self->peer->gone);
        int64_t filled = via_ring_filled(&self->in, 1);

        if (filled == 0)
                return gone == 0 ? -EAGAIN : gone < 0 ? gone : 0;
        self->in.bytes = self->peer->bytes;     /* it was there before the first byte */
        return (ssize_t)via_ring_peek(&self->in, ret_data);
}

static void inproc_release(struct via_link *link, size_t size) {
        struct inproc_link *self = (struct inproc_link *)link;

        via_ring_release(&self->in, size);
        wake(self->peer, POLLOUT);
}

static ssize_t inproc_recv(struct via_link *link, void *buf, size_t size) {
        struct inproc_link *self = (struct inproc_link *)link;
        const uint8_t *data;
        ssize_t n = inproc_peek(link, &data);

        if (n <= 0)
                return n;
        n = via_ring_read(&self->in, buf, size);
        if (n > 0)
                wake(self->peer, POLLOUT);
        return n;
}

static bool is_ready(struct inproc_link *self, int want) {
        return atomic_load(&self->peer->gone) ||
               ((want & POLLIN) && via_ring_filled(&self->in, 1)) ||
               ((want & POLLOUT) && via_ring_room(&self->out, 1));
}

/*
 * First we say that we sleep, then we look: whoever sends in between sees the one, or we see the
 * other. A bell that is rung just then costs one look in vain later.
 */
static int inproc_arm(struct via_link *link, int want, struct via_wait *ret_wait) {
        struct inproc_link *self = (struct inproc_link *)link;

        if (self->armed)
                hush_bell(self->me->bell);
        self->armed = true;
        atomic_store(&self->me->sleeping, want | POLLHUP);      /* the peer's end wakes always */
        if (is_ready(self, want))
                return VIA_AWAKE;
        ret_wait->fds[0] = (struct pollfd){ .fd = self->me->bell, .events = POLLIN };
        ret_wait->n_fds = 1;
        return 0;
}

static void inproc_peer(const struct via_link *link, struct via_peer *ret_peer) {
        (void)link;
        ret_peer->known = true;
        ret_peer->uid = geteuid();
        ret_peer->gid = getegid();
        ret_peer->pid = getpid();
}

static void inproc_close(struct via_link *link) {
        struct inproc_link *self = (struct inproc_link *)link;

        pair_leave(self->pair, self->me == &self->pair->sides[1], 1);
}

static const struct via_loan loan = {
        .reserve = inproc_reserve,
        .commit = inproc_commit,
        .peek = inproc_peek,
        .release = inproc_release,
};

const struct via_transport via_inproc = {
        .scheme = "inproc",
        .options = "backlog",
        .form = "inproc:name",
        .traits = VIA_MEMORY,
        .link_size = sizeof(struct inproc_link),
        .listener_size = sizeof(struct inproc_listener),
        .listen = inproc_listen,
        .accept = inproc_accept,
        .watch = inproc_watch,
        .name = inproc_name,
        .shut = inproc_shut,
        .connect = inproc_connect,
        .send = inproc_send,
        .recv = inproc_recv,
        .arm = inproc_arm,
        .peer = inproc_peer,
        .close = inproc_close,
        .loan = &loan,
};
