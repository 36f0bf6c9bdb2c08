/*
 * fd.c - what all transports have in common whose link is a connected stream socket
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include "fd.h"

static struct via_fd_link *fd_link(struct via_link *link) {
        return (struct via_fd_link *)link;
}

/* A signal is no reason to come back later. */
#define UNINTERRUPTED(call) ({ ssize_t n_; do n_ = (call); while (n_ < 0 && errno == EINTR); n_; })

static ssize_t result(ssize_t n) {
        return n >= 0 ? n : -errno;
}

ssize_t via_fd_send(struct via_link *link, const void *data, size_t size) {
        return result(UNINTERRUPTED(
                send(fd_link(link)->fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL)));
}

ssize_t via_fd_recv(struct via_link *link, void *buf, size_t size) {
        return result(UNINTERRUPTED(recv(fd_link(link)->fd, buf, size, MSG_DONTWAIT)));
}

/*
 * A call that waits costs this one system call, and mostly no other: the timeout in the kernel
 * is left as it is when it is close to the one wanted, since successive calls want about the
 * same. It may end 10 ms late, and in the middle at the earliest: the caller, who has the
 * clock, comes back then.
 */
ssize_t via_fd_recv_wait(struct via_link *link, void *buf, size_t size, int timeout_ms) {
        struct via_fd_link *self = fd_link(link);
        ssize_t n;

        if (timeout_ms == 0)
                return via_fd_recv(link, buf, size);
        if (timeout_ms < 0)
                timeout_ms = 0;                 /* the kernel's word for it */

        if (timeout_ms == 0 ? self->wait_ms != 0
                            : self->wait_ms == 0 || self->wait_ms - timeout_ms > 10 ||
                                      self->wait_ms < timeout_ms - self->wait_ms) {
                struct timeval tv = { .tv_sec = timeout_ms / 1000,
                                      .tv_usec = timeout_ms % 1000 * 1000 };

                if (setsockopt(self->fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) < 0)
                        return -errno;
                self->wait_ms = timeout_ms;
        }
        n = result(recv(self->fd, buf, size, 0));
        return n == -EINTR ? -EAGAIN : n;
}

/* The kernel remembers what is ready, so nothing can slip in between looking and sleeping. */
int via_fd_arm(struct via_link *link, int want, struct via_wait *ret_wait) {
        ret_wait->fds[0] = (struct pollfd){ .fd = fd_link(link)->fd, .events = (short)want };
        ret_wait->n_fds = 1;
        return 0;
}

/*
 * A socket closed with bytes unread tells the peer that it was reset, and TCP then even forgets
 * what we sent. So we say that nothing more comes, throw away what has come, within bounds, and
 * then close. What the peer sends after that may still reset TCP: who wants to be sure lets the
 * peer close first. Also ends the connection when a forked child holds a copy.
 */
void via_fd_close(struct via_link *link) {
        struct via_fd_link *self = fd_link(link);
        char waste[16 * 1024];

        shutdown(self->fd, SHUT_WR);
        VIA_POINT("fd: half closed");
        for (int i = 0; i < 64; i++)
                if (via_fd_recv(link, waste, sizeof(waste)) <= 0)
                        break;
        via_fd_drop(&self->fd, 0);
}

int via_fd_accept(int listening_fd, int *ret_fd) {
        int fd = (int)UNINTERRUPTED(accept4(listening_fd, NULL, NULL, SOCK_CLOEXEC));

        if (fd >= 0) {
                VIA_POINT("fd: accepted");
                *ret_fd = fd;
                return 0;
        }
        switch (errno) {
        case ENOBUFS:
                return -ENOMEM;

        /*
         * The errors of this one client's network, which Linux reports here, and its
         * firewall's.
         */
        case EPERM:
        case EPROTO:
        case ENETDOWN:
        case ENETUNREACH:
        case EHOSTDOWN:
        case EHOSTUNREACH:
        case ENONET:
        case ENOPROTOOPT:
        case EOPNOTSUPP:
        case ETIMEDOUT:
                return -ECONNABORTED;
        default:
                return -errno;
        }
}

void via_fd_watch(struct via_listener *listener, struct via_wait *ret_wait) {
        struct via_fd_listener *self = (struct via_fd_listener *)listener;

        ret_wait->fds[0] = (struct pollfd){ .fd = self->fd, .events = POLLIN };
        ret_wait->n_fds = 1;
}

static int get(int fd, int name) {
        int value;
        socklen_t size = sizeof(value);

        return getsockopt(fd, SOL_SOCKET, name, &value, &size) < 0 ? -1 : value;
}

int via_fd_adopt(int fd) {
        int flags;

        if (get(fd, SO_TYPE) != SOCK_STREAM || get(fd, SO_ACCEPTCONN) != 1)
                return -EAFNOSUPPORT;
        flags = fcntl(fd, F_GETFL);
        if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
            fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
                return -errno;
        return get(fd, SO_DOMAIN);
}

int via_fd_set(int fd, int level, int name, int value) {
        return setsockopt(fd, level, name, &value, sizeof(value)) < 0 ? -errno : 0;
}

int via_fd_drop(int *fd, int r) {
        if (*fd >= 0)
                close(*fd);
        *fd = -1;
        return r;
}
