/*
 * inproc.c - two ends in one process, inproc:name
 *
 * A link is a pair of rings in ordinary memory, one each way, and needs the kernel only to
 * sleep: each side has a bell (an eventfd), which the other rings if this side has said that it
 * sleeps. Saying so, looking again and only then sleeping loses no wakeup (see ring.h). The two
 * ends may be in two threads or in one. Whoever closes last frees the pair.
 *
 * How they find each other is in inproc_names.h. Nothing here leaves the process, or is seen by a
 * forked child.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include "inproc_names.h"
#include "table.h"

struct inproc_link {
        struct via_link         link;
        struct via_inproc_pair *pair;
        struct via_inproc_side *me, *peer;
        struct via_ring_writer  out;
        struct via_ring_reader  in;
        bool                    armed;          /* once: our bell may have rung since */
};

static void link_init(struct inproc_link *self, struct via_inproc_pair *pair, int side) {
        self->pair = pair;
        self->me = &pair->sides[side];
        self->peer = &pair->sides[!side];
        self->out = (struct via_ring_writer){ .size = VIA_INPROC_RING_SIZE,
                                              .ret_tail = &self->me->tail,
                                              .peer_head = &self->peer->head };
        self->in = (struct via_ring_reader){ .size = VIA_INPROC_RING_SIZE,
                                             .ret_head = &self->me->head,
                                             .peer_tail = &self->peer->tail };
}

static int inproc_accept(struct via_listener *listener, struct via_link *link) {
        struct via_inproc_pair *pair = via_inproc_next((struct via_inproc_listener *)listener);

        if (!pair)
                return -EAGAIN;
        link_init((struct inproc_link *)link, pair, 1);
        return 0;
}

static void inproc_watch(struct via_listener *listener, struct via_wait *ret_wait) {
        ret_wait->fds[0] = (struct pollfd){ .fd = ((struct via_inproc_listener *)listener)->bell,
                                            .events = POLLIN };
        ret_wait->n_fds = 1;
}

static void inproc_name(const struct via_listener *listener, char *buf, size_t size) {
        snprintf(buf, size, "inproc:%s", ((const struct via_inproc_listener *)listener)->name);
}

static int inproc_connect(struct via_link *link, const struct via_uri *uri, int timeout_ms,
                          struct via_note *note) {
        struct via_inproc_pair *pair;
        int r = via_inproc_check_name(uri, note);

        r = r ? r : via_inproc_pair_new(&pair);
        if (r)
                return r;
        link_init((struct inproc_link *)link, pair, 0);

        /*
         * A full backlog is rare, and lasts long or is over at once: looking every millisecond
         * will do.
         */
        while ((r = via_inproc_enqueue(uri->path, pair, note)) == -EAGAIN && timeout_ms != 0) {
                poll(NULL, 0, 1);
                timeout_ms -= timeout_ms > 0;
        }
        if (r == 0)
                return 0;
        via_inproc_pair_free(pair);
        if (r == -EAGAIN)
                return via_note(note, -ETIMEDOUT,
                                "the server's backlog is full, and it accepts nobody");
        return r;
}

/* An idle link costs no ring: it is made when something is first to be sent. */
static int make_ring(struct inproc_link *self) {
        if (self->out.bytes)
                return 0;
        self->me->bytes = malloc(VIA_INPROC_RING_SIZE);
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
                via_inproc_wake(self->peer, POLLIN);
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
        via_inproc_wake(self->peer, POLLIN);
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
        via_inproc_wake(self->peer, POLLOUT);
}

static ssize_t inproc_recv(struct via_link *link, void *buf, size_t size) {
        struct inproc_link *self = (struct inproc_link *)link;
        const uint8_t *data;
        ssize_t n = inproc_peek(link, &data);

        if (n <= 0)
                return n;
        n = via_ring_read(&self->in, buf, size);
        if (n > 0)
                via_inproc_wake(self->peer, POLLOUT);
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
                via_bell_hush(self->me->bell);
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

        via_inproc_pair_leave(self->pair, self->me == &self->pair->sides[1], 1);
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
        .traits = VIA_MEMORY | VIA_YIELD,
        .link_size = sizeof(struct inproc_link),
        .listener_size = sizeof(struct via_inproc_listener),
        .listen = via_inproc_listen,
        .accept = inproc_accept,
        .watch = inproc_watch,
        .name = inproc_name,
        .shut = via_inproc_shut,
        .connect = inproc_connect,
        .send = inproc_send,
        .recv = inproc_recv,
        .arm = inproc_arm,
        .peer = inproc_peer,
        .close = inproc_close,
        .loan = &loan,
};
