/*
 * floor_pingpong.c - the least a round trip can be: bytes there, the same bytes back
 *
 * The server answers only when it has the whole message, as an RPC server must. For 64 bytes
 * that is epoll_wait, read, write on one side and write, read on the other: five system calls,
 * and it cannot be fewer while somebody sleeps.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "bench.h"
#include "floor_pingpong.h"
#include "meter.h"
#include "sock.h"

struct echo {
        int    in, out, epoll;                  /* of a socket, in is out */
        char  *data;
        size_t size;
        size_t got, sent;
};

/* A buffer whose pages exist, so that no page fault is measured. */
static char *buffer_new(size_t size) {
        char *data = malloc(size);

        return data ? memset(data, 'v', size) : NULL;
}

static int watch_one(const struct echo *echo, int op, int fd, uint32_t events) {
        struct epoll_event event = { .events = events };

        return epoll_ctl(echo->epoll, op, fd, &event) < 0 ? -errno : 0;
}

static int watch(const struct echo *echo, int op, uint32_t events) {
        int r;

        if (echo->in == echo->out)
                return watch_one(echo, op, echo->in, events);
        r = watch_one(echo, op, echo->in, events & EPOLLIN);
        return r ? r : watch_one(echo, op, echo->out, events & EPOLLOUT);
}

/* Sends what it can; what does not fit waits for room, and only then is EPOLLOUT asked for. */
static int echo_flush(struct echo *echo, bool was_full) {
        while (echo->sent < echo->size) {
                ssize_t n = write(echo->out, echo->data + echo->sent, echo->size - echo->sent);

                if (n < 0)
                        return errno != EAGAIN ? -errno :
                               was_full ? 0 : watch(echo, EPOLL_CTL_MOD, EPOLLOUT);
                echo->sent += (size_t)n;
        }
        echo->got = echo->sent = 0;
        return was_full ? watch(echo, EPOLL_CTL_MOD, EPOLLIN) : 0;
}

/* One turn: 0, -ECONNRESET when the client has left, or negative errno. */
static int echo_turn(struct echo *echo) {
        struct epoll_event event;
        ssize_t n;

        if (epoll_wait(echo->epoll, &event, 1, -1) < 0)
                return errno == EINTR ? 0 : -errno;
        if (echo->got == echo->size)
                return echo_flush(echo, true);

        n = read(echo->in, echo->data + echo->got, echo->size - echo->got);
        if (n <= 0)
                return n == 0 ? -ECONNRESET : errno == EAGAIN ? 0 : -errno;
        echo->got += (size_t)n;
        return echo->got == echo->size ? echo_flush(echo, false) : 0;
}

int pingpong_serve_epoll(struct bench_side *side) {
        struct echo echo = { .size = side->kind->size, .data = buffer_new(side->kind->size) };
        int r;

        echo.epoll = epoll_create1(EPOLL_CLOEXEC);
        if (!echo.data || echo.epoll < 0)
                return side_fail(side, -ENOMEM, "cannot set up the echo server");
        r = sock_serve_ends(side, &echo.in, &echo.out);
        if (r < 0)
                return r;
        fcntl(echo.in, F_SETFL, O_NONBLOCK);
        fcntl(echo.out, F_SETFL, O_NONBLOCK);

        r = watch(&echo, EPOLL_CTL_ADD, EPOLLIN);
        while (r == 0)
                r = echo_turn(&echo);
        sock_close_ends(echo.in, echo.out);
        close(echo.epoll);
        free(echo.data);
        return r == -ECONNRESET || r == -EPIPE ? 0 : side_fail(side, r, "echo");
}

/* As sock_read_all(), looking until it is there. */
static int spin_read_all(int fd, char *buf, size_t len) {
        while (len) {
                ssize_t n = recv(fd, buf, len, MSG_DONTWAIT);

                if (n == 0)
                        return -ECONNRESET;
                if (n < 0 && errno != EAGAIN)
                        return -errno;
                if (n > 0) {
                        buf += n;
                        len -= (size_t)n;
                }
        }
        return 0;
}

static int serve(struct bench_side *side, int (*read_all)(int fd, char *buf, size_t len)) {
        char *data = buffer_new(side->kind->size);
        int in, out, r;

        r = data ? sock_serve_ends(side, &in, &out) : side_fail(side, -ENOMEM, "no buffer");
        if (r < 0)
                return r;

        while (r == 0) {
                r = read_all(in, data, side->kind->size);
                if (r == 0)
                        r = sock_write_all(out, data, side->kind->size);
        }
        sock_close_ends(in, out);
        free(data);
        return r == -ECONNRESET || r == -EPIPE ? 0 : side_fail(side, r, "echo");
}

static int block_read_all(int fd, char *buf, size_t len) {
        return sock_read_all(fd, buf, len);
}

int pingpong_serve_blocking(struct bench_side *side) {
        return serve(side, block_read_all);
}

int pingpong_serve_spin(struct bench_side *side) {
        return serve(side, spin_read_all);
}

static int pingpong_call(void *self) {
        struct echo *echo = self;
        int r;

        r = sock_write_all(echo->out, echo->data, echo->size);
        return r < 0 ? r : sock_read_all(echo->in, echo->data, echo->size);
}

static int spin_call(void *self) {
        struct echo *echo = self;
        int r;

        r = sock_write_all(echo->out, echo->data, echo->size);
        return r < 0 ? r : spin_read_all(echo->in, echo->data, echo->size);
}

/* A pipe has no timeout as a socket has: whoever has a deadline must poll() before each read. */
static int pingpong_call_in_time(void *self) {
        struct echo *echo = self;
        struct pollfd in = { .fd = echo->in, .events = POLLIN };
        ssize_t n;
        int r;

        r = sock_write_all(echo->out, echo->data, echo->size);
        for (size_t got = 0; r == 0 && got < echo->size; got += (size_t)n) {
                if (poll(&in, 1, 30000) <= 0)
                        return -ETIMEDOUT;
                n = read(echo->in, echo->data + got, echo->size - got);
                if (n <= 0)
                        return n == 0 ? -ECONNRESET : -errno;
        }
        return r;
}

static int drive(struct bench_side *side, int (*call)(void *self)) {
        struct echo echo = { .size = side->kind->size, .data = buffer_new(side->kind->size) };
        int r;

        r = echo.data ? sock_connect_ends(side, &echo.in, &echo.out)
                      : side_fail(side, -ENOMEM, "no buffer");
        if (r < 0)
                return r;

        r = meter_sequential(side, call, &echo);
        sock_close_ends(echo.in, echo.out);
        free(echo.data);
        return r < 0 ? side_fail(side, r, "a round trip failed") : 0;
}

int pingpong_drive(struct bench_side *side) {
        return drive(side, pingpong_call);
}

int pingpong_drive_spin(struct bench_side *side) {
        return drive(side, spin_call);
}

int pingpong_drive_in_time(struct bench_side *side) {
        return drive(side, pingpong_call_in_time);
}
