/*
 * floor_mq.c - the least a round trip over two POSIX message queues can be
 *
 * As floor_pingpong.c has it for sockets: epoll_wait, receive, send on one side, send and receive
 * on the other. Messages and queues are as large as those that Via makes.
 */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>
#include "bench.h"
#include "floor_mq.h"
#include "meter.h"

enum { MSGS = 4, MSG_SIZE = 4096 };

struct pair {
        mqd_t  in, out;
        char  *data;
        size_t size;
};

static int name_of(const struct bench_side *side, int which, char *name, size_t size) {
        return snprintf(name, size, "%.60s-%d", side->address, which);
}

static mqd_t open_queue(const struct bench_side *side, int which, int flags) {
        struct mq_attr attr = { .mq_maxmsg = MSGS, .mq_msgsize = MSG_SIZE };
        char name[80];

        name_of(side, which, name, sizeof(name));
        return mq_open(name, flags, 0600, &attr);
}

static void forget_names(const struct bench_side *side) {
        char name[80];

        for (int which = 0; which < 2; which++) {
                name_of(side, which, name, sizeof(name));
                mq_unlink(name);
        }
}

static int receive_all(struct pair *pair) {
        for (size_t got = 0; got < pair->size;) {
                /* a queue's reader must have room for any message */
                char last[MSG_SIZE];
                bool fits = pair->size - got >= MSG_SIZE;
                ssize_t n = mq_receive(pair->in, fits ? pair->data + got : last, MSG_SIZE, NULL);

                if (n < 0 && errno != EINTR)
                        return -errno;
                if (n > 0 && !fits)
                        memcpy(pair->data + got, last, (size_t)n);
                got += n > 0 ? (size_t)n : 0;
        }
        return 0;
}

static int send_all(struct pair *pair) {
        for (size_t sent = 0; sent < pair->size;) {
                size_t n = pair->size - sent < MSG_SIZE ? pair->size - sent : MSG_SIZE;

                if (mq_send(pair->out, pair->data + sent, n, 0) == 0)
                        sent += n;
                else if (errno != EINTR)
                        return -errno;
        }
        return 0;
}

static int pair_open(struct pair *pair, struct bench_side *side, bool server) {
        int flags = server ? O_CREAT | O_EXCL : 0;

        *pair = (struct pair){ .size = side->kind->size, .data = malloc(side->kind->size) };
        if (!pair->data)
                return side_fail(side, -ENOMEM, "no buffer");
        memset(pair->data, 'v', pair->size);
        pair->in = open_queue(side, server ? 0 : 1, flags | O_RDONLY);
        pair->out = open_queue(side, server ? 1 : 0, flags | O_WRONLY);
        if (pair->in < 0 || pair->out < 0) {
                int r = side_fail(side, -errno, "cannot open the queues");

                forget_names(side);
                return r;
        }
        return 0;
}

static void pair_close(struct pair *pair) {
        close(pair->in);
        close(pair->out);
        free(pair->data);
}

/* Nobody says when the client has left: this side is killed then. */
int mq_serve(struct bench_side *side) {
        struct epoll_event event = { .events = EPOLLIN };
        struct pair pair;
        int epoll, r;

        snprintf(side->address, sizeof(side->address), "/via-bench-%d", (int)getpid());
        r = pair_open(&pair, side, true);
        if (r)
                return r;
        epoll = epoll_create1(EPOLL_CLOEXEC);
        if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, pair.in, &event) < 0)
                r = -errno;
        r = r ? r : side_ready(side, side->address);
        while (r == 0) {
                if (epoll_wait(epoll, &event, 1, -1) < 0)
                        r = errno == EINTR ? 0 : -errno;
                else
                        r = receive_all(&pair);
                r = r ? r : send_all(&pair);
        }
        close(epoll);
        pair_close(&pair);
        forget_names(side);
        return side_fail(side, r, "echo");
}

static int mq_call(void *self) {
        int r = send_all(self);

        return r < 0 ? r : receive_all(self);
}

int mq_drive(struct bench_side *side) {
        struct pair pair;
        int r = pair_open(&pair, side, false);

        if (r)
                return r;
        forget_names(side);
        r = meter_sequential(side, mq_call, &pair);
        pair_close(&pair);
        return r < 0 ? side_fail(side, r, "a round trip failed") : 0;
}
