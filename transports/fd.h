#pragma once
/*
 * fd.h - what all transports have in common whose link is a connected stream socket
 *
 * The functions fit into struct via_transport. The socket stays in blocking mode, for
 * recv_wait(); all else asks not to wait call by call. That a loop sets O_NONBLOCK behind our
 * back changes nothing, but that recv_wait() must not be used.
 */
#include <sys/socket.h>
#include <via/transport.h>

struct via_fd_link {
        struct via_link link;
        int             fd;
        /* what SO_RCVTIMEO is set to; 0, as at birth: without end */
        int             wait_ms;
};

struct via_fd_listener {
        struct via_listener listener;
        int                 fd;
};

/*
 * How many clients may wait to be accepted, as the option "backlog" has it. The kernel takes
 * net.core.somaxconn if that is less.
 */
enum { VIA_BACKLOG_MAX = 65535, VIA_BACKLOG_DEFAULT = SOMAXCONN };

ssize_t via_fd_send(struct via_link *link, const void *data, size_t size);
ssize_t via_fd_recv(struct via_link *link, void *buf, size_t size);
ssize_t via_fd_recv_wait(struct via_link *link, void *buf, size_t size, int timeout_ms);
int     via_fd_arm(struct via_link *link, int want, struct via_wait *ret_wait);
void    via_fd_close(struct via_link *link);

/*
 * Takes a client from a non-blocking listening socket. The errors are those of
 * via_transport.accept.
 */
int     via_fd_accept(int listening_fd, int *ret_fd);
void    via_fd_watch(struct via_listener *listener, struct via_wait *ret_wait);

/*
 * What @fd listens to: its domain, AF_UNIX or the like, and from now on it does not block and is
 * closed on exec. -EAFNOSUPPORT: it is no stream socket that listens.
 */
int     via_fd_adopt(int fd);

/* Sets an option of the kind that is an int; 0 or a negative errno. */
int     via_fd_set(int fd, int level, int name, int value);

/* Closes *@fd unless it is -1, which it then is; returns @r. */
int     via_fd_drop(int *fd, int r);
