#pragma once
/*
 * mq_pair.h - two POSIX message queues without names, one each way
 *
 * Makes, passes, checks and uses them. On Linux a queue's descriptor is a file descriptor: it is
 * passed, polled and closed like any other. Knows nothing of links, and never waits longer than
 * it is told.
 */
#include "lifeline.h"

/* As the options "maxmsg" and "msgsize" of a client's URI have it. */
struct via_mq_size {
        uint32_t maxmsg, msgsize;
};

struct via_mq_pair {
        struct via_mq_size size;
        int                in, out;
};

enum {
        VIA_MQ_MSGS_DEFAULT = 4,                /* 24 clients of a uid, see docs/mq.md */
        VIA_MQ_SIZE_DEFAULT = 4096,
        VIA_MQ_SIZE_LEAST   = 64,
        VIA_MQ_SIZE_MOST    = 64 * 1024,        /* so much memory a client can make a server take */
};

int     via_mq_size_of(struct via_mq_size *size, const struct via_uri *uri, struct via_note *note);

/* Makes a pair that nobody else can open: 0, or a negative errno with a note about the limit. */
int     via_mq_pair_make(struct via_mq_pair *pair, const struct via_mq_size *size,
                     struct via_note *note);
void    via_mq_pair_close(struct via_mq_pair *pair);

/* Removes the name of a queue that a process of this user left when it was killed. */
void    via_mq_clean(void);

/* Writes the pair into a hello, seen from the other side; the descriptors stay the pair's. */
void    via_mq_pair_offer(const struct via_mq_pair *pair, struct via_hello *hello);

/*
 * The pair that a hello offers: 0, and its descriptors are the pair's, or -EPROTO if it is not
 * what it says.
 */
int     via_mq_pair_check(struct via_mq_pair *pair, const struct via_hello *hello);

/* Puts one message: 0, or -EAGAIN: the queue is full. */
int     via_mq_put(int queue, const void *data, size_t size, unsigned priority);

/*
 * Gets one message into @buf, which has room for any, waiting @timeout_ms: its size, -EAGAIN, or
 * -EINTR when a signal has ended the wait. If the peer meddles, -EAGAIN comes early.
 */
ssize_t via_mq_get(int queue, void *buf, size_t size, int timeout_ms, unsigned *ret_priority);
