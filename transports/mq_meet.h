#pragma once
/*
 * mq_meet.h - how the two ends of a mq: link find each other, and part
 *
 * The name is that of a lifeline (see lifeline.h), and of nothing else: no queue is ever left
 * under it. A client makes two queues, one each way, takes their names away at once and passes
 * the descriptors in its hello, so the one who wants the link pays for it, out of its own
 * RLIMIT_MSGQUEUE, and a server trusts nothing but what it has looked at: that they are queues,
 * and how large. Puts nothing into a queue.
 */
#include "lifeline.h"
#include "mq_pair.h"

/* The polite end: a packet in the lifeline. */
enum { VIA_MQ_BYE_SIZE = 1 };

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

struct via_mq_listener {
        struct via_listener listener;
        struct via_lifeline lifeline;
};

static inline struct mq_link *mq_link(struct via_link *link) {
        return (struct mq_link *)link;
}

/* As those of via_transport. */
int  via_mq_listen(struct via_listener *listener, const struct via_uri *uri,
                  struct via_note *note);
int  via_mq_accept(struct via_listener *listener, struct via_link *link);
void via_mq_watch(struct via_listener *listener, struct via_wait *ret_wait);
void via_mq_name(const struct via_listener *listener, char *buf, size_t size);
void via_mq_shut(struct via_listener *listener);
int  via_mq_connect(struct via_link *link, const struct via_uri *uri, int timeout_ms,
                   struct via_note *note);
void via_mq_close(struct via_link *link);
void via_mq_peer(const struct via_link *link, struct via_peer *ret_peer);
