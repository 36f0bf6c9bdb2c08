/*
 * mq.c - POSIX message queues, mq:/name
 *
 * The name is that of a lifeline (see lifeline.h), and of nothing else: no queue is ever left
 * under it. A client makes two queues, one each way, takes their names away at once and passes
 * the descriptors in its hello, so the one who wants the link pays for it, out of its own
 * RLIMIT_MSGQUEUE, and a server trusts nothing but what it has looked at: that they are queues,
 * and how large.
 *
 * A stream is cut into messages, at most msgsize bytes each, of priority 0 or 1; each priority
 * is a stream of its own. A queue outlives its sender, so what somebody sent before it died or
 * left is there to be received; then the lifeline tells the end: a word in it says that it was
 * a polite one.
 *
 * Both ends share one open file, and with it O_NONBLOCK, which the peer or libuv may set or
 * clear at any time. So nothing here depends on it: what must not wait has a deadline long ago.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "fd.h"
#include "lifeline.h"
#include "mq_pair.h"
#include "note.h"
#include "table.h"

/*
 * recv_wait() sleeps in the queue alone for so long, then in poll(), which hears the lifeline
 * too: 0.5 us less a round trip of 2.7, and a death is known soon enough.
 */
enum { BLIND_MS = 20 };

enum { BYE_SIZE = 1 };                          /* the polite end: a packet in the lifeline */

struct mq_link {
        struct via_link     link;
        int                 lifeline;
        struct via_mq_pair  pair;
        bool                ended, polite;      /* the peer has; how */
        bool                full;               /* the queue was, when we last sent */
        unsigned            kept_priority;
        size_t              kept_at, kept_size; /* of a message that the caller has no room for */
        unsigned char      *kept;               /* msgsize bytes */
};

struct mq_listener {
        struct via_listener listener;
        struct via_lifeline lifeline;
};

static struct mq_link *mq_link(struct via_link *link) {
        return (struct mq_link *)link;
}

/* --- the two ends ----------------------------------------------------------------------------- */

/* mq_overview(7): a slash, then anything but a slash. The lifeline looks at the rest. */
static int check_name(const struct via_uri *uri, struct via_note *note) {
        int r = via_note_unless_path(uri, note);

        if (r)
                return r;
        if (uri->path[0] != '/')
                return via_note(note, -EINVAL, "the name of a queue begins with a slash: mq:/%s",
                                uri->path);
        if (strchr(uri->path + 1, '/'))
                return via_note(note, -EINVAL, "the name of a queue has one slash, its first");
        if (!uri->path[1])
                return via_note(note, -EINVAL, "a name should follow the slash");
        return 0;
}

static int mq_listen(struct via_listener *listener, const struct via_uri *uri,
                     struct via_note *note) {
        struct mq_listener *self = (struct mq_listener *)listener;
        struct via_mq_size size;
        int r = check_name(uri, note);

        r = r ? r : via_mq_size_of(&size, uri, note);
        r = r ? r : via_lifeline_listen(&self->lifeline, uri, uri->path + 1, note);
        if (r == 0)
                via_mq_clean();
        return r;
}

static void mq_watch(struct via_listener *listener, struct via_wait *ret_wait) {
        via_lifeline_watch(&((struct mq_listener *)listener)->lifeline, ret_wait);
}

static void mq_name(const struct via_listener *listener, char *buf, size_t size) {
        snprintf(buf, size, "mq:/%s", ((const struct mq_listener *)listener)->lifeline.name);
}

static void mq_shut(struct via_listener *listener) {
        via_lifeline_shut(&((struct mq_listener *)listener)->lifeline);
}

static int make_kept(struct mq_link *self) {
        self->kept = malloc(self->pair.size.msgsize);
        return self->kept ? 0 : -ENOMEM;
}

static int mq_accept(struct via_listener *listener, struct via_link *link) {
        struct mq_listener *at = (struct mq_listener *)listener;
        struct mq_link *self = mq_link(link);
        struct via_hello hello;
        int r = via_lifeline_accept(&at->lifeline, &self->lifeline, &hello);

        if (r)
                return r;
        VIA_POINT("mq: heard hello");
        r = via_mq_pair_check(&self->pair, &hello);
        if (r) {
                via_hello_drop(&hello, 0);
                return via_fd_drop(&self->lifeline, -ECONNABORTED);
        }
        r = make_kept(self);
        if (r)
                via_lifeline_put_back(&at->lifeline, self->lifeline, &hello);
        return r;
}

static int mq_connect(struct via_link *link, const struct via_uri *uri, int timeout_ms,
                      struct via_note *note) {
        struct mq_link *self = mq_link(link);
        struct via_hello hello = { .n_fds = 0 };
        struct via_mq_size size;
        int r = check_name(uri, note);

        r = r ? r : via_mq_size_of(&size, uri, note);
        r = r ? r : via_lifeline_connect(uri, uri->path + 1, timeout_ms, &self->lifeline, note);
        if (r)
                return r;
        r = via_mq_pair_make(&self->pair, &size, note);
        if (r)
                return via_fd_drop(&self->lifeline, r);
        via_mq_pair_offer(&self->pair, &hello);
        r = make_kept(self);
        VIA_POINT("mq: has queues, said nothing");
        r = r ? r : via_lifeline_say(self->lifeline, &hello);
        VIA_POINT("mq: said hello");
        if (r) {
                free(self->kept);
                via_mq_pair_close(&self->pair);
                return via_fd_drop(&self->lifeline, r);
        }
        return 0;
}

static void mq_close(struct via_link *link) {
        struct mq_link *self = mq_link(link);

        send(self->lifeline, "", BYE_SIZE, MSG_DONTWAIT | MSG_NOSIGNAL);
        VIA_POINT("mq: said goodbye");
        via_fd_drop(&self->lifeline, 0);
        via_mq_pair_close(&self->pair);
        free(self->kept);
        self->kept = NULL;
}

static void mq_peer(const struct via_link *link, struct via_peer *ret_peer) {
        via_local_peer(((const struct mq_link *)link)->lifeline, ret_peer);
}

/* --- bytes ------------------------------------------------------------------------------------ */

/* Whether the peer is gone: then nothing more will come into the queue. */
static bool has_ended(struct mq_link *self) {
        unsigned char word[16];

        for (int i = 0; i < 4 && !self->ended; i++) {
                ssize_t n = recv(self->lifeline, word, sizeof(word), MSG_DONTWAIT);

                if (n < 0 && (errno == EAGAIN || errno == EINTR))
                        return false;
                self->polite = n == BYE_SIZE;
                self->ended = true;
        }
        return self->ended;
}

static ssize_t mq_send_some(struct via_link *link, const void *data, size_t size) {
        struct mq_link *self = mq_link(link);
        size_t n = size < self->pair.size.msgsize ? size : self->pair.size.msgsize;
        bool still = self->full;
        int r = via_mq_put(self->pair.out, data, n, link->send_priority);

        self->full = r == -EAGAIN;
        if (r)                                  /* woken in vain: perhaps nobody empties it */
                return r == -EAGAIN && still && has_ended(self) ? -EPIPE : r;
        return (ssize_t)n;
}

static ssize_t take_kept(struct mq_link *self, void *buf, size_t size) {
        size_t n = self->kept_size - self->kept_at;

        n = n < size ? n : size;
        memcpy(buf, self->kept + self->kept_at, n);
        self->kept_at += n;
        self->link.recv_priority = (uint8_t)self->kept_priority;
        return (ssize_t)n;
}

/*
 * Receives one message: into @buf if it has room for any, else it is kept. More than one
 * priority above normal there is not, and an empty message nobody sends who means well.
 */
static ssize_t take(struct mq_link *self, void *buf, size_t size, int timeout_ms,
                    unsigned *ret_priority) {
        size_t most = self->pair.size.msgsize;
        ssize_t n = via_mq_get(self->pair.in, size < most ? self->kept : buf, most, timeout_ms,
                               ret_priority);

        if (n == 0)
                return -EPROTO;
        if (n < 0)
                return n;
        if (*ret_priority > VIA_HIGH)
                *ret_priority = VIA_HIGH;
        if (size >= most)
                return n;
        self->kept_at = 0;
        self->kept_size = (size_t)n;
        self->kept_priority = *ret_priority;
        return take_kept(self, buf, size);
}

/*
 * The message just taken had no room left: so there may be more, but hardly more than a queue
 * holds.
 */
static size_t take_more(struct mq_link *self, uint8_t *buf, size_t size, size_t got) {
        size_t most = self->pair.size.msgsize, last = got;
        unsigned priority;

        for (uint32_t i = 1; i < self->pair.size.maxmsg && last == most && size - got >= most;
             i++) {
                ssize_t n = via_mq_get(self->pair.in, buf + got, most, 0, &priority);

                if (n <= 0)
                        break;
                if (priority > VIA_HIGH)
                        priority = VIA_HIGH;
                if (priority != self->link.recv_priority) {
                        memcpy(self->kept, buf + got, (size_t)n);
                        self->kept_at = 0;
                        self->kept_size = (size_t)n;
                        self->kept_priority = priority;
                        break;
                }
                last = (size_t)n;
                got += last;
        }
        return got;
}

/*
 * Receives what is there. When the queue is empty and the peer gone, what it put there between
 * the two looks is still to come.
 */
static ssize_t receive(struct mq_link *self, void *buf, size_t size, int timeout_ms) {
        unsigned priority = VIA_NORMAL;
        ssize_t n;

        if (self->kept_at < self->kept_size)
                return take_kept(self, buf, size);
        n = take(self, buf, size, timeout_ms, &priority);
        if (n == -EAGAIN && has_ended(self)) {
                n = take(self, buf, size, 0, &priority);
                if (n == -EAGAIN)
                        return self->polite ? 0 : -ECONNRESET;
        }
        if (n <= 0)
                return n;
        self->link.recv_priority = (uint8_t)priority;
        return (ssize_t)take_more(self, buf, size, (size_t)n);
}

static ssize_t mq_recv(struct via_link *link, void *buf, size_t size) {
        return receive(mq_link(link), buf, size, 0);
}

static int mq_arm(struct via_link *link, int want, struct via_wait *ret_wait) {
        struct mq_link *self = mq_link(link);

        if (want & POLLIN && self->kept_at < self->kept_size)
                return VIA_AWAKE;
        ret_wait->fds[0] = (struct pollfd){ .fd = self->lifeline, .events = POLLIN };
        ret_wait->fds[1] = (struct pollfd){ .fd = self->pair.in, .events = (short)(want & POLLIN) };
        ret_wait->fds[2] = (struct pollfd){ .fd = self->pair.out, .events = POLLOUT };
        ret_wait->n_fds = want & POLLOUT ? 3 : 2;
        return 0;
}

static ssize_t mq_recv_wait(struct via_link *link, void *buf, size_t size, int timeout_ms) {
        struct mq_link *self = mq_link(link);
        int blind_ms = timeout_ms < 0 || timeout_ms > BLIND_MS ? BLIND_MS : timeout_ms;
        ssize_t n = receive(self, buf, size, blind_ms);
        struct via_wait wait;

        if (n == -EINTR)
                return -EAGAIN;
        if (n != -EAGAIN || timeout_ms == blind_ms)
                return n;
        mq_arm(link, POLLIN, &wait);
        if (poll(wait.fds, wait.n_fds, timeout_ms < 0 ? -1 : timeout_ms - blind_ms) <= 0)
                return -EAGAIN;
        return receive(self, buf, size, 0);
}

const struct via_transport via_mq = {
        .scheme = "mq",
        .options = "maxmsg msgsize mode group backlog",
        .form = "mq:/name",
        .traits = VIA_PRIORITY,
        .link_size = sizeof(struct mq_link),
        .listener_size = sizeof(struct mq_listener),
        .listen = mq_listen,
        .accept = mq_accept,
        .watch = mq_watch,
        .name = mq_name,
        .shut = mq_shut,
        .connect = mq_connect,
        .send = mq_send_some,
        .recv = mq_recv,
        .recv_wait = mq_recv_wait,
        .arm = mq_arm,
        .peer = mq_peer,
        .close = mq_close,
};
