/*
 * tcp.c - TCP, tcp://host:port, IPv4 and IPv6
 *
 * A name may have several addresses: a client tries them in turn and divides its time fairly
 * among those left; a server takes the first that it can have.
 *
 * A peer that vanished without a word (power, cable) is noticed by keepalive after about a
 * minute of silence. TCP_USER_TIMEOUT would be sooner when data are under way, but would also
 * end a link whose reader merely takes its time (the kernel counts a closed window as silence),
 * which no other transport does; calls have deadlines for that.
 *
 * The kernel sizes TCP's buffers itself; asking for a size ends that, and was not measurably
 * faster.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "fd.h"
#include "note.h"
#include "now.h"
#include "table.h"
#include "tcp_address.h"

enum {
        KEEPALIVE_IDLE_S = 30,                  /* silent that long: ask */
        KEEPALIVE_INTERVAL_S = 10,              /* again after */
        KEEPALIVE_COUNT = 3,                    /* unanswered that often: dead */
};

/*
 * Accepted sockets inherit these from the listening one, so that an accept() costs no more than
 * itself.
 */
static int set_options(int fd) {
        int r = via_fd_set(fd, IPPROTO_TCP, TCP_NODELAY, 1);

        r = r ? r : via_fd_set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
        r = r ? r : via_fd_set(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
        r = r ? r : via_fd_set(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
        return r ? r : via_fd_set(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_COUNT);
}

/*
 * SO_REUSEADDR lets a server start again while connections of the last one are ending; a port
 * that is listened at stays taken. The connections must have it too, and inherit it. A port 0
 * gets it only after bind(), which would else choose a port in use.
 */
static int listen_at(int *fd, const struct addrinfo *at, bool both, int backlog) {
        bool choose = ((const struct sockaddr_in *)at->ai_addr)->sin_port == 0;
        int r;

        *fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (*fd < 0)
                return -errno;
        r = set_options(*fd);
        if (r == 0 && both)
                r = via_fd_set(*fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
        if (r == 0 && !choose)
                r = via_fd_set(*fd, SOL_SOCKET, SO_REUSEADDR, 1);
        if (r == 0 && bind(*fd, at->ai_addr, at->ai_addrlen) < 0)
                r = -errno;
        if (r == 0 && choose)
                r = via_fd_set(*fd, SOL_SOCKET, SO_REUSEADDR, 1);
        VIA_POINT("tcp: bound, not listening");
        if (r == 0 && listen(*fd, backlog) < 0)
                r = -errno;
        return r ? via_fd_drop(fd, r) : 0;
}

static int explain_listen(const struct via_uri *uri, int r, struct via_note *note) {
        switch (r) {
        case -EADDRINUSE:
                return via_note(note, r, "port %d is taken by another process", uri->port);
        case -EADDRNOTAVAIL:
                return via_note(note, r, "this machine does not have the address %s", uri->host);
        case -EACCES:
                return via_note(note, r, "port %d needs a privilege (ports below 1024 do)",
                                uri->port);
        }
        return r;
}

static int tcp_listen(struct via_listener *listener, const struct via_uri *uri,
                      struct via_note *note) {
        struct via_fd_listener *self = (struct via_fd_listener *)listener;
        bool any = uri->host && !*uri->host;
        struct addrinfo *list, *at;
        unsigned backlog;
        int r;

        r = via_note_unless_number(uri, "backlog", 1, VIA_BACKLOG_MAX, VIA_BACKLOG_DEFAULT,
                                   &backlog, note);
        if (r)
                return r;
        r = via_tcp_resolve(uri, AI_PASSIVE, &list, note);
        if (r)
                return r;

        /*
         * "No host" is all of them: one IPv6 socket serves IPv4 as well, so that goes first, if
         * there is IPv6.
         */
        for (at = list; at && any && at->ai_family != AF_INET6; at = at->ai_next)
                ;
        r = at ? listen_at(&self->fd, at, true, (int)backlog) : -EAFNOSUPPORT;
        for (at = list; at && r && r != -EADDRINUSE; at = at->ai_next)
                r = listen_at(&self->fd, at, false, (int)backlog);
        freeaddrinfo(list);
        return r ? explain_listen(uri, r, note) : 0;
}

static int tcp_adopt(struct via_listener *listener, int fd, struct via_note *note) {
        int r = via_fd_adopt(fd);

        (void)note;
        if (r != AF_INET && r != AF_INET6)
                return r < 0 ? r : -EAFNOSUPPORT;
        r = set_options(fd);
        if (r == 0)
                ((struct via_fd_listener *)listener)->fd = fd;
        return r;
}

static int tcp_accept(struct via_listener *listener, struct via_link *link) {
        return via_fd_accept(((struct via_fd_listener *)listener)->fd,
                             &((struct via_fd_link *)link)->fd);
}

static void tcp_name(const struct via_listener *listener, char *buf, size_t size) {
        struct sockaddr_storage sa = { 0 };
        socklen_t sa_size = sizeof(sa);
        char address[VIA_TCP_ADDRESS_SIZE], escaped[3 * VIA_TCP_ADDRESS_SIZE];

        getsockname(((const struct via_fd_listener *)listener)->fd, (struct sockaddr *)&sa,
                    &sa_size);
        via_tcp_format((struct sockaddr *)&sa, sa_size, address);
        /* the percent sign before a scope */
        via_uri_escape(address, escaped, sizeof(escaped));
        snprintf(buf, size, "tcp://%s", escaped);
}

static void tcp_shut(struct via_listener *listener) {
        via_fd_drop(&((struct via_fd_listener *)listener)->fd, 0);
}

/* Waits until the connection is made or refused; less than 0: without end. */
static int finish_connect(int fd, int timeout_ms) {
        int64_t end = via_now_ms() + timeout_ms;
        struct pollfd pfd = { .fd = fd, .events = POLLOUT };
        socklen_t size = sizeof(int);
        int n, error, left;

        do {
                left = timeout_ms < 0 ? -1 : (int)(end - via_now_ms());
                n = poll(&pfd, 1, timeout_ms >= 0 && left < 0 ? 0 : left);
        } while (n < 0 && errno == EINTR);
        if (n <= 0)
                return n < 0 ? -errno : -ETIMEDOUT;
        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
                return -errno;
        return -error;
}

/*
 * A connection to a port of this machine at which nobody listens, but which the kernel chooses
 * for our own end by accident, is made: with ourselves.
 */
static bool is_own_echo(int fd) {
        struct sockaddr_storage here = { 0 }, there = { 0 };
        socklen_t here_size = sizeof(here), there_size = sizeof(there);

        return getsockname(fd, (struct sockaddr *)&here, &here_size) == 0 &&
               getpeername(fd, (struct sockaddr *)&there, &there_size) == 0 &&
               here_size == there_size && memcmp(&here, &there, here_size) == 0;
}

static int connect_to(int *fd, const struct addrinfo *at, int timeout_ms) {
        int r;

        *fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (*fd < 0)
                return -errno;
        r = set_options(*fd);
        if (r == 0 && connect(*fd, at->ai_addr, at->ai_addrlen) < 0)
                r = errno == EINPROGRESS || errno == EINTR ? finish_connect(*fd, timeout_ms)
                                                           : -errno;
        VIA_POINT("tcp: connected");
        if (r == 0 && is_own_echo(*fd))
                r = -ECONNREFUSED;
        if (r == 0 && fcntl(*fd, F_SETFL, O_RDWR) < 0)          /* for recv_wait() */
                r = -errno;
        return r ? via_fd_drop(fd, r) : 0;
}

static int explain_connect(const struct addrinfo *at, int n_others, int r, int timeout_ms,
                           struct via_note *note) {
        char address[VIA_TCP_ADDRESS_SIZE], others[32] = "";

        via_tcp_format(at->ai_addr, at->ai_addrlen, address);
        if (n_others > 0)
                snprintf(others, sizeof(others), ", nor %d more", n_others);
        switch (r) {
        case -ECONNREFUSED:
                return via_note(note, r, "nobody listens at %s%s: is the server running?",
                                address, others);
        case -ETIMEDOUT:
                if (timeout_ms >= 0)
                        return via_note(note, r, "%s did not answer within %d ms%s", address,
                                        timeout_ms, others);
                return via_note(note, r, "%s does not answer%s", address, others);
        case -ENETUNREACH:
        case -EHOSTUNREACH:
                return via_note(note, r, "there is no way to %s%s", address, others);
        }
        return via_note(note, r, "%s: %s", address, strerror(-r));
}

static int tcp_connect(struct via_link *link, const struct via_uri *uri, int timeout_ms,
                       struct via_note *note) {
        struct via_fd_link *self = (struct via_fd_link *)link;
        int64_t end = via_now_ms() + timeout_ms;
        struct addrinfo *list, *at, *last;
        int n = 0, tried = 0, left, share = -1;
        int r = via_tcp_resolve(uri, 0, &list, note);

        if (r)
                return r;
        for (at = list; at; at = at->ai_next)
                n++;
        r = -ECONNREFUSED;
        for (at = last = list; at && r; at = at->ai_next, tried++) {
                if (timeout_ms >= 0) {
                        left = (int)(end - via_now_ms());
                        share = left > 0 ? left / (n - tried) : 0;
                }
                r = connect_to(&self->fd, last = at, share);
        }
        if (r)
                explain_connect(last, n - 1, r, timeout_ms, note);
        freeaddrinfo(list);
        return r;
}

static void tcp_peer(const struct via_link *link, struct via_peer *ret_peer) {
        struct sockaddr_storage sa = { 0 };
        socklen_t size = sizeof(sa);

        if (getpeername(((const struct via_fd_link *)link)->fd, (struct sockaddr *)&sa, &size) == 0)
                via_tcp_format((struct sockaddr *)&sa, size, ret_peer->address);
}

const struct via_transport via_tcp = {
        .scheme = "tcp",
        .options = "backlog",
        .form = "tcp://host:port",
        .link_size = sizeof(struct via_fd_link),
        .listener_size = sizeof(struct via_fd_listener),
        .listen = tcp_listen,
        .accept = tcp_accept,
        .watch = via_fd_watch,
        .name = tcp_name,
        .shut = tcp_shut,
        .connect = tcp_connect,
        .send = via_fd_send,
        .recv = via_fd_recv,
        .recv_wait = via_fd_recv_wait,
        .arm = via_fd_arm,
        .peer = tcp_peer,
        .close = via_fd_close,
        .adopt = tcp_adopt,
};
