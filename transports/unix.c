/*
 * unix.c - Unix stream sockets, unix:/path and unix:@name
 *
 * What a path's or name's permissions are, and what becomes of what a killed server left, is in
 * local.h.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "fd.h"
#include "local.h"
#include "note.h"
#include "table.h"

enum {
        /*
         * What may wait in the kernel to be read, each way, if net.core.wmem_max lets us: the
         * default of 208 KiB makes a message of 1 MiB wait for the reader several times, each
         * at the price of two context switches. The kernel counts twice what is wished for,
         * and a message by its pages, so this is a little more than two of those: while one
         * is read the next of a stream can be taken whole, of which the rest would be copied.
         */
        SEND_BUFFER = 1152 * 1024,
};

struct unix_listener {
        struct via_fd_listener fd;              /* first; of local */
        struct via_local       local;
        char                   path[VIA_LOCAL_PATH_MAX + 1];
};

static int address_of(struct via_local_address *address, const struct via_uri *uri,
                      struct via_note *note) {
        int r = via_note_unless_path(uri, note);

        return r ? r : via_local_address(address, SOCK_STREAM, uri->path, note);
}

static int unix_listen(struct via_listener *listener, const struct via_uri *uri,
                       struct via_note *note) {
        struct unix_listener *self = (struct unix_listener *)listener;
        struct via_local_address address;
        int r = address_of(&address, uri, note);

        if (r)
                return r;
        memcpy(self->path, uri->path, strlen(uri->path) + 1);
        r = via_local_listen(&self->local, &address, uri, (unsigned)VIA_ACCESS_UMASK, note);
        self->fd.fd = self->local.fd;
        return r;
}

/* The file is whoever's who has made it. */
static int unix_adopt(struct via_listener *listener, int fd, struct via_note *note) {
        struct unix_listener *self = (struct unix_listener *)listener;
        struct sockaddr_un sun;
        socklen_t size = sizeof(sun);
        int r = via_fd_adopt(fd);

        if (r != AF_UNIX)
                return r < 0 ? r : -EAFNOSUPPORT;
        if (getsockname(fd, (struct sockaddr *)&sun, &size) < 0)
                return -errno;
        r = via_local_name(&sun, size, self->path, note);
        if (r < 0)
                return r;
        self->fd.fd = self->local.fd = fd;
        return 0;
}

static void unix_shut(struct via_listener *listener) {
        via_local_shut(&((struct unix_listener *)listener)->local);
}

static int unix_accept(struct via_listener *listener, struct via_link *link) {
        struct via_fd_link *self = (struct via_fd_link *)link;
        int r = via_fd_accept(((struct unix_listener *)listener)->fd.fd, &self->fd);

        if (r == 0)
                via_fd_set(self->fd, SOL_SOCKET, SO_SNDBUF, SEND_BUFFER);       /* a wish */
        return r;
}

static void unix_name(const struct via_listener *listener, char *buf, size_t size) {
        const struct unix_listener *self = (const struct unix_listener *)listener;
        char path[3 * VIA_LOCAL_PATH_MAX + 1];

        via_uri_escape(self->path, path, sizeof(path));
        snprintf(buf, size, "unix:%s", path);
}

static int unix_connect(struct via_link *link, const struct via_uri *uri, int timeout_ms,
                        struct via_note *note) {
        struct via_fd_link *self = (struct via_fd_link *)link;
        struct via_local_address address;
        int r = address_of(&address, uri, note);

        r = r ? r : via_local_connect(&address, timeout_ms, &self->fd, note);
        VIA_POINT("unix: connected");
        if (r == 0)
                via_fd_set(self->fd, SOL_SOCKET, SO_SNDBUF, SEND_BUFFER);       /* a wish */
        return r;
}

static void unix_peer(const struct via_link *link, struct via_peer *ret_peer) {
        via_local_peer(((const struct via_fd_link *)link)->fd, ret_peer);
}

const struct via_transport via_unix = {
        .scheme = "unix",
        .options = "mode group backlog",
        .form = "unix:/path or unix:@name",
        .link_size = sizeof(struct via_fd_link),
        .listener_size = sizeof(struct unix_listener),
        .listen = unix_listen,
        .accept = unix_accept,
        .watch = via_fd_watch,
        .name = unix_name,
        .shut = unix_shut,
        .connect = unix_connect,
        .send = via_fd_send,
        .recv = via_fd_recv,
        .recv_wait = via_fd_recv_wait,
        .arm = via_fd_arm,
        .peer = unix_peer,
        .close = via_fd_close,
        .adopt = unix_adopt,
};
