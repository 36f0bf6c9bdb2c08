/*
 * mq.c - POSIX message queues, mq:/name
 *
 * How the two ends come to a queue each way is in mq_meet.h.
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
#include <string.h>
#include <sys/socket.h>
#include "mq_meet.h"
#include "table.h"

/*
 * recv_wait() sleeps in the queue alone for so long, then in poll(), which hears the lifeline
 * too: 0.5 us less a round trip of 2.7, and a death is known soon enough.
 */
enum { BLIND_MS = 20 };

/* Whether the peer is gone: then nothing more will come into the queue. */
static bool has_ended(struct mq_link *self) {
        unsigned char word[16];

        for (int i = 0; i < 4 && !self->ended; i++) {
                ssize_t n = recv(self->lifeline, word, sizeof(word), MSG_DONTWAIT);

                if (n < 0 && (errno == EAGAIN || errno == EINTR))
                        return false;
                self->polite = n == VIA_MQ_BYE_SIZE;
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
        .traits = VIA_PRIORITY | VIA_YIELD_SERVER,
        .link_size = sizeof(struct mq_link),
        .listener_size = sizeof(struct via_mq_listener),
        .listen = via_mq_listen,
        .accept = via_mq_accept,
        .watch = via_mq_watch,
        .name = via_mq_name,
        .shut = via_mq_shut,
        .connect = via_mq_connect,
        .send = mq_send_some,
        .recv = mq_recv,
        .recv_wait = mq_recv_wait,
        .arm = mq_arm,
        .peer = via_mq_peer,
        .close = via_mq_close,
};
