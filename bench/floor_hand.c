/*
 * floor_hand.c - the hand-written floor: the least an RPC can be
 *
 * What makes it fast is only that system calls are paid per batch: the server answers all that
 * one read brought with one write, the client sends the next calls for all that one read
 * completed with one write. Messages are parsed where they were read. Each payload is still
 * copied where a call must: from the caller, into the reply, to the caller.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>
#include "bench.h"
#include "floor_hand.h"
#include "meter.h"
#include "sock.h"

#define PAYLOAD_MAX 64
#define BATCH (256u << 10)              /* bytes read or written at once */
#define WINDOW_MAX 256u

struct header {
        uint32_t size;                  /* of what follows */
        uint32_t id;
        uint32_t method;                /* in a reply: the status */
};

struct hand {
        int     fd;
        size_t  have;                   /* bytes in in[] */
        size_t  out_len;
        char   *in, *out;               /* BATCH each */
};

static int hand_init(struct hand *hand) {
        *hand = (struct hand){ .fd = -1, .in = malloc(BATCH), .out = malloc(BATCH) };
        if (!hand->in || !hand->out)
                return -ENOMEM;
        memset(hand->in, 0, BATCH);
        memset(hand->out, 0, BATCH);
        return 0;
}

static void hand_fini(struct hand *hand) {
        if (hand->fd >= 0)
                close(hand->fd);
        free(hand->in);
        free(hand->out);
}

static int hand_fill(struct hand *hand) {
        ssize_t n = read(hand->fd, hand->in + hand->have, BATCH - hand->have);

        if (n <= 0)
                return n == 0 ? -ECONNRESET : -errno;
        hand->have += (size_t)n;
        return 0;
}

static int hand_flush(struct hand *hand) {
        size_t len = hand->out_len;

        hand->out_len = 0;
        return len ? sock_write_all(hand->fd, hand->out, len) : 0;
}

static inline void hand_put(struct hand *hand, struct header header, const void *payload) {
        char *p = hand->out + hand->out_len;

        memcpy(p, &header, sizeof(header));
        memcpy(p + sizeof(header), payload, header.size);
        hand->out_len += sizeof(header) + header.size;
}

/*
 * Takes the next whole message at *at: its header and payload, in place. Returns 1, 0 if there
 * is none, -EPROTO if it is too large.
 */
static inline int hand_next(struct hand *hand, size_t *at, struct header *ret,
                            char **ret_payload) {
        if (hand->have - *at < sizeof(*ret))
                return 0;
        memcpy(ret, hand->in + *at, sizeof(*ret));
        if (ret->size > PAYLOAD_MAX)
                return -EPROTO;
        if (hand->have - *at - sizeof(*ret) < ret->size)
                return 0;
        *ret_payload = hand->in + *at + sizeof(*ret);
        *at += sizeof(*ret) + ret->size;
        return 1;
}

/* Keeps what is left of a message cut in two by the end of a read. */
static void hand_shift(struct hand *hand, size_t at) {
        hand->have -= at;
        if (hand->have)
                memmove(hand->in, hand->in + at, hand->have);
}

static void echo(struct hand *hand, struct header header, const char *payload) {
        hand_put(hand, (struct header){ header.size, header.id, 0 }, payload);
}

static void (*const methods[])(struct hand *, struct header, const char *) = { NULL, echo };

/* One turn of the server: all that one read brings is answered by one write. */
static int hand_turn(struct hand *hand) {
        struct header header;
        char *payload;
        size_t at = 0;
        int r;

        r = hand_fill(hand);
        if (r < 0)
                return r;
        while ((r = hand_next(hand, &at, &header, &payload)) > 0) {
                if (header.method == 0 || header.method >= sizeof(methods) / sizeof(*methods))
                        return -EPROTO;
                methods[header.method](hand, header, payload);
        }
        hand_shift(hand, at);
        return r < 0 ? r : hand_flush(hand);
}

int hand_serve(struct bench_side *side) {
        struct epoll_event event = { .events = EPOLLIN };
        struct hand hand;
        int epoll, r;

        epoll = epoll_create1(EPOLL_CLOEXEC);
        if (epoll < 0 || hand_init(&hand) < 0)
                return side_fail(side, -ENOMEM, "cannot set up the server");
        hand.fd = sock_serve(side);
        if (hand.fd < 0)
                return hand.fd;

        r = epoll_ctl(epoll, EPOLL_CTL_ADD, hand.fd, &event) < 0 ? -errno : 0;
        while (r == 0) {
                if (epoll_wait(epoll, &event, 1, -1) == 1)
                        r = hand_turn(&hand);
                else if (errno != EINTR)
                        r = -errno;
        }
        hand_fini(&hand);
        close(epoll);
        return r == -ECONNRESET || r == -EPIPE ? 0 : side_fail(side, r, "serving");
}

struct slot {
        uint32_t id;
        char     request[PAYLOAD_MAX];
        char     result[PAYLOAD_MAX];
};

struct window {
        struct hand hand;
        struct slot slots[WINDOW_MAX];
        unsigned    n;
        size_t      size;
        uint64_t    calls;              /* completed */
};

/* Ids count up by the window, so that a slot is found by mask and a stale id finds nobody. */
static void window_call(struct window *window, struct slot *slot) {
        slot->id += WINDOW_MAX;
        hand_put(&window->hand, (struct header){ (uint32_t)window->size, slot->id, 1 },
                 slot->request);
}

/* The caller would look at its result here; without this the copy could be left out. */
static inline void used(const void *result) {
        __asm__ volatile("" ::"r"(result)
                         : "memory");
}

static int window_turn(struct window *window) {
        struct header header;
        char *payload;
        size_t at = 0;
        int r;

        r = hand_flush(&window->hand);
        if (r == 0)
                r = hand_fill(&window->hand);
        if (r < 0)
                return r;

        while ((r = hand_next(&window->hand, &at, &header, &payload)) > 0) {
                struct slot *slot = &window->slots[header.id % WINDOW_MAX];

                if (slot->id != header.id || header.method || header.size != window->size)
                        return -EPROTO;
                memcpy(slot->result, payload, header.size);
                used(slot->result);
                window->calls++;
                window_call(window, slot);
        }
        hand_shift(&window->hand, at);
        return r;
}

int hand_drive(struct bench_side *side) {
        struct window window = { .n = side->kind->window, .size = side->kind->size };
        struct meter meter;
        int r;

        if (hand_init(&window.hand) < 0 || meter_init(&meter, side) < 0)
                return side_fail(side, -ENOMEM, "no buffers");
        window.hand.fd = sock_connect(side);
        if (window.hand.fd < 0)
                return window.hand.fd;

        for (unsigned i = 0; i < window.n; i++) {
                window.slots[i].id = i;
                memset(window.slots[i].request, 'v', window.size);
                window_call(&window, &window.slots[i]);
        }
        r = 0;
        while (r == 0 && meter_more(&meter, window.calls))
                r = window_turn(&window);
        meter_fini(&meter);
        hand_fini(&window.hand);
        return r < 0 ? side_fail(side, r, "the hand-written calls failed") : 0;
}
