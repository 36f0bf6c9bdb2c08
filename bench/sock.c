/*
 * sock.c - the sockets and FIFOs of the floors: one listener, one connection
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "bench.h"
#include "sock.h"

/*
 * Room for a 1 MiB message: 2.4 times faster on two cores than in pieces, though 15 % slower on
 * one.
 */
#define UNIX_SNDBUF (1 << 20)

union address {
        struct sockaddr     any;
        struct sockaddr_in  in;
        struct sockaddr_un  un;
};

/* What is neither is memory, whose two sides meet at a Unix socket. */
static bool is_unix(const struct bench_side *side) {
        return strcmp(side->system->transport, "tcp") != 0;
}

/*
 * Unix sockets take what the kernel allows; TCP grows its own buffers as long as they are not
 * set.
 */
static void tune(const struct bench_side *side, int fd) {
        if (is_unix(side))
                setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &(int){ UNIX_SNDBUF }, sizeof(int));
        else
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
}

/* What bind() or connect() want, from side->address: a path or a port of 127.0.0.1. */
static socklen_t address_of(const struct bench_side *side, union address *ret) {
        *ret = (union address){ 0 };
        if (is_unix(side)) {
                ret->un.sun_family = AF_UNIX;
                snprintf(ret->un.sun_path, sizeof(ret->un.sun_path), "%.107s", side->address);
                return sizeof(ret->un);
        }
        ret->in.sin_family = AF_INET;
        ret->in.sin_port = htons((uint16_t)atoi(side->address));
        ret->in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return sizeof(ret->in);
}

static int listen_at(struct bench_side *side) {
        union address address;
        socklen_t len;
        int fd;

        snprintf(side->address, sizeof(side->address), "%s/raw-%d", side->dir, (int)getpid());
        if (!is_unix(side))
                strcpy(side->address, "0");
        len = address_of(side, &address);

        fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        if (bind(fd, &address.any, len) < 0 || listen(fd, 1) < 0 ||
            (!is_unix(side) && getsockname(fd, &address.any, &len) < 0)) {
                int r = -errno;

                close(fd);
                return r;
        }
        if (!is_unix(side))
                snprintf(side->address, sizeof(side->address), "%d",
                         ntohs(address.in.sin_port));
        return fd;
}

int sock_serve(struct bench_side *side) {
        int listener, fd, r;

        listener = listen_at(side);
        if (listener < 0)
                return side_fail(side, listener, "cannot listen");
        r = side_ready(side, side->address);
        if (r < 0) {
                close(listener);
                return side_fail(side, r, "cannot tell the client where");
        }

        fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        r = -errno;
        close(listener);
        if (is_unix(side))
                unlink(side->address);
        if (fd < 0)
                return side_fail(side, r, "cannot accept");
        tune(side, fd);
        return fd;
}

int sock_connect(struct bench_side *side) {
        union address address;
        socklen_t len = address_of(side, &address);
        int fd;

        fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || connect(fd, &address.any, len) < 0) {
                int r = -errno;

                if (fd >= 0)
                        close(fd);
                return side_fail(side, r, "cannot connect");
        }
        tune(side, fd);
        return fd;
}

/* --- FIFOs --- */

static bool is_fifo(const struct bench_side *side) {
        return strcmp(side->system->transport, "fifo") == 0;
}

struct fifo_paths {
        char to[200], from[200];                /* the server */
};

static struct fifo_paths fifo_paths(const struct bench_side *side) {
        struct fifo_paths paths;

        snprintf(paths.to, sizeof(paths.to), "%s-to", side->address);
        snprintf(paths.from, sizeof(paths.from), "%s-from", side->address);
        return paths;
}

/* Each open waits for the other side's. Room for a 1 MiB message, as much as pipes may have. */
static int open_both(const char *first, int first_how, const char *second, int second_how,
                     int *ret_first, int *ret_second) {
        int r;

        *ret_first = open(first, first_how | O_CLOEXEC);
        if (*ret_first < 0)
                return -errno;
        *ret_second = open(second, second_how | O_CLOEXEC);
        if (*ret_second < 0) {
                r = -errno;
                close(*ret_first);
                return r;
        }
        fcntl(*ret_first, F_SETPIPE_SZ, 1 << 20);
        fcntl(*ret_second, F_SETPIPE_SZ, 1 << 20);
        return 0;
}

static int fifo_serve(struct bench_side *side, int *ret_in, int *ret_out) {
        struct fifo_paths paths;
        int r;

        snprintf(side->address, sizeof(side->address), "%s/raw-%d", side->dir, (int)getpid());
        paths = fifo_paths(side);
        if (mkfifo(paths.to, 0600) < 0 || mkfifo(paths.from, 0600) < 0)
                return side_fail(side, -errno, "cannot make two FIFOs");
        r = side_ready(side, side->address);
        r = r ? r : open_both(paths.to, O_RDONLY, paths.from, O_WRONLY, ret_in, ret_out);
        unlink(paths.to);
        unlink(paths.from);
        return r ? side_fail(side, r, "cannot open the FIFOs") : 0;
}

int sock_serve_ends(struct bench_side *side, int *ret_in, int *ret_out) {
        if (is_fifo(side))
                return fifo_serve(side, ret_in, ret_out);
        *ret_in = *ret_out = sock_serve(side);
        return *ret_in < 0 ? *ret_in : 0;
}

int sock_connect_ends(struct bench_side *side, int *ret_in, int *ret_out) {
        struct fifo_paths paths = fifo_paths(side);
        int r;

        if (is_fifo(side)) {
                r = open_both(paths.to, O_WRONLY, paths.from, O_RDONLY, ret_out, ret_in);
                return r ? side_fail(side, r, "cannot open the FIFOs") : 0;
        }
        *ret_in = *ret_out = sock_connect(side);
        return *ret_in < 0 ? *ret_in : 0;
}

void sock_close_ends(int in, int out) {
        close(in);
        if (out != in)
                close(out);
}

int sock_read_all(int fd, void *buf, size_t len) {
        for (char *p = buf; len;) {
                ssize_t n = read(fd, p, len);

                if (n == 0)
                        return -ECONNRESET;
                if (n < 0) {
                        if (errno == EINTR)
                                continue;
                        return -errno;
                }
                p += n;
                len -= (size_t)n;
        }
        return 0;
}

int sock_write_all(int fd, const void *buf, size_t len) {
        for (const char *p = buf; len;) {
                ssize_t n = write(fd, p, len);

                if (n < 0) {
                        if (errno == EINTR)
                                continue;
                        return -errno;
                }
                p += n;
                len -= (size_t)n;
        }
        return 0;
}
