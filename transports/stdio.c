/*
 * stdio.c - the other end of exec:, a server on its standard input and output, stdio:
 *
 * There is one client, who is there already, and after it nobody: then accept() says -ESHUTDOWN.
 * listen() takes descriptors 0 and 1 away and puts /dev/null and the standard error in their
 * place, so that a handler's printf() cannot get into the stream; that also makes it succeed
 * only once. Pipes and sockets will do, whoever made them: exec:, a shell, ssh, inetd.
 *
 * Pipes are opened anew if they can be, to be non-blocking without their other users noticing,
 * and to be held (see pipe.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "fd.h"
#include "note.h"
#include "pipe.h"
#include "table.h"

struct stdio_listener {
        struct via_fd_listener fd;              /* first; an eventfd, ready as we are */
        int                    in, out;         /* -1: accepted */
        enum via_pipe_kind     kind;
};

/* What else is open there must stay as it is, so a copy that does not block is a last resort. */
static int copy(int fd, int *ret_fd) {
        *ret_fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        return *ret_fd < 0 || fcntl(*ret_fd, F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
}

static int reopen(int fd, int how, int *ret_fd) {
        char path[32];

        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        *ret_fd = open(path, how | O_NONBLOCK | O_CLOEXEC);
        return *ret_fd < 0 ? -errno : 0;
}

static int take_over(struct stdio_listener *self, mode_t in_mode, mode_t out_mode) {
        int r;

        if (!S_ISFIFO(in_mode) || reopen(0, O_RDONLY, &self->in) < 0) {
                r = copy(0, &self->in);
                if (r)
                        return r;
        }
        self->kind = S_ISFIFO(out_mode) ? VIA_PIPE_HELD : VIA_PIPE_SOCKET;
        if (self->kind == VIA_PIPE_SOCKET)
                return copy(1, &self->out);
        if (reopen(1, O_RDWR, &self->out) == 0)
                return 0;
        self->kind = VIA_PIPE_BARE;
        return copy(1, &self->out);
}

/* Nobody else may find our stream at 0 and 1. A closed 2 is no reason to fail. */
static int give_way(void) {
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);

        if (null < 0)
                return -errno;
        if (dup2(null, 0) < 0 || (dup2(2, 1) < 0 && dup2(null, 1) < 0))
                return via_fd_drop(&null, -errno);
        close(null);
        return 0;
}

static void stdio_shut(struct via_listener *listener) {
        struct stdio_listener *self = (struct stdio_listener *)listener;

        via_fd_drop(&self->in, 0);
        via_fd_drop(&self->out, 0);
        via_fd_drop(&self->fd.fd, 0);
}

static int stdio_listen(struct via_listener *listener, const struct via_uri *uri,
                        struct via_note *note) {
        struct stdio_listener *self = (struct stdio_listener *)listener;
        struct stat in, out;
        int r;

        if (uri->port >= 0 || uri->host || *uri->path)
                return via_note(note, -EINVAL, "nothing may follow stdio:");
        if (fstat(0, &in) < 0 || fstat(1, &out) < 0 ||
            (!S_ISFIFO(in.st_mode) && !S_ISSOCK(in.st_mode)) ||
            (!S_ISFIFO(out.st_mode) && !S_ISSOCK(out.st_mode)))
                return via_note(
                        note, -EINVAL,
                        "standard input and output are no pipes: exec: starts a server at stdio:, with pipes that are used once");
        self->in = self->out = self->fd.fd = -1;
        r = take_over(self, in.st_mode, out.st_mode);
        VIA_POINT("stdio: taken over, still at 0 and 1");
        if (r == 0) {
                self->fd.fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
                r = self->fd.fd < 0 ? -errno : give_way();
        }
        if (r)
                stdio_shut(listener);
        return r;
}

static int stdio_accept(struct via_listener *listener, struct via_link *link) {
        struct stdio_listener *self = (struct stdio_listener *)listener;
        struct via_pipe_link *to = (struct via_pipe_link *)link;

        if (self->in < 0)
                return -ESHUTDOWN;
        VIA_POINT("stdio: accepts");
        to->in = self->in;
        to->out = self->out;
        to->kind = self->kind;
        self->in = self->out = -1;
        return 0;
}

static void stdio_name(const struct via_listener *listener, char *buf, size_t size) {
        (void)listener;
        snprintf(buf, size, "stdio:");
}

static int stdio_connect(struct via_link *link, const struct via_uri *uri, int timeout_ms,
                         struct via_note *note) {
        (void)link;
        (void)uri;
        (void)timeout_ms;
        return via_note(note, -EINVAL, "a server listens at stdio:, and its client is at exec:");
}

/* A client at exec: has signed the pipe; of others, sockets tell. */
static void stdio_peer(const struct via_link *link, struct via_peer *ret_peer) {
        const struct via_pipe_link *self = (const struct via_pipe_link *)link;
        struct ucred cred;
        socklen_t size = sizeof(cred);

        if (getsockopt(self->in, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0)
                via_pipe_signer(self->in, ret_peer);
        else if (cred.pid > 0)
                *ret_peer = (struct via_peer){
                        .known = true, .uid = cred.uid, .gid = cred.gid, .pid = cred.pid };
}

static void stdio_close(struct via_link *link) {
        struct via_pipe_link *self = (struct via_pipe_link *)link;

        if (self->kind == VIA_PIPE_SOCKET)
                shutdown(self->out, SHUT_WR);           /* whoever else has it */
        via_fd_drop(&self->in, 0);
        via_fd_drop(&self->out, 0);
}

const struct via_transport via_stdio = {
        .scheme = "stdio",
        .options = "",
        .form = "stdio:",
        .traits = VIA_ALONE | VIA_YIELD,
        .link_size = sizeof(struct via_pipe_link),
        .listener_size = sizeof(struct stdio_listener),
        .listen = stdio_listen,
        .accept = stdio_accept,
        .watch = via_fd_watch,
        .name = stdio_name,
        .shut = stdio_shut,
        .connect = stdio_connect,
        .send = via_pipe_send,
        .recv = via_pipe_recv,
        .recv_wait = via_pipe_recv_wait,
        .arm = via_pipe_arm,
        .peer = stdio_peer,
        .close = stdio_close,
};
