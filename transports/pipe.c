/*
 * pipe.c - what the transports have in common whose link is a pipe each way
 *
 * SIGPIPE comes when a pipe is written to that has no reader. So we are a reader ourselves, of
 * everything we write to, and never read from it: the last reader is gone only when we are. No
 * signal can come, no system call is spent on it, no other thread and no handler of the
 * application is touched, and it does not depend on the kernel's version. What is lost is that
 * write() says when the peer has died. But then what it writes to has no writer any more: recv()
 * returns 0, and poll() says POLLHUP, with which arm() wakes also who waits for room alone.
 *
 * Where no reading end can be had (stdio: in a process of another user), SIGPIPE is blocked in
 * this thread around each write, and taken out of its queue if it came. The kernel raises it for
 * the thread that writes, so others do not notice.
 *
 * A pipe has the 64 KiB that every pipe has until they do not suffice once: a user's pipes
 * together have a limit (fs.pipe-user-pages-soft), of which an idle link should take nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "pipe.h"

enum { SIZE = 1 << 20 };

bool via_pipe_is_over(const struct via_pipe_link *self) {
        struct pollfd in = { .fd = self->in };

        return poll(&in, 1, 0) > 0 && (in.revents & (POLLHUP | POLLERR));
}

ssize_t via_pipe_write(int fd, const void *data, size_t size) {
        static const struct timespec now;
        sigset_t sigpipe, old, before;
        ssize_t n;

        sigemptyset(&sigpipe);
        sigaddset(&sigpipe, SIGPIPE);
        pthread_sigmask(SIG_BLOCK, &sigpipe, &old);
        sigpending(&before);                            /* that one is somebody else's */
        n = write(fd, data, size);
        n = n < 0 ? -errno : n;
        if (n == -EPIPE && !sigismember(&before, SIGPIPE))
                while (sigtimedwait(&sigpipe, NULL, &now) < 0 && errno == EINTR)
                        ;
        pthread_sigmask(SIG_SETMASK, &old, NULL);
        return n;
}

static ssize_t put(const struct via_pipe_link *self, const void *data, size_t size) {
        ssize_t n;

        if (self->kind == VIA_PIPE_BARE)
                return via_pipe_write(self->out, data, size);
        do
                n = self->kind == VIA_PIPE_HELD
                            ? write(self->out, data, size)
                            : send(self->out, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
        while (n < 0 && errno == EINTR);
        return n < 0 ? -errno : n;
}

ssize_t via_pipe_send(struct via_link *link, const void *data, size_t size) {
        struct via_pipe_link *self = (struct via_pipe_link *)link;
        ssize_t n = put(self, data, size);

        if (n == (ssize_t)size || (n < 0 && n != -EAGAIN))
                return n;
        if (!self->grown) {
                self->grown = true;
                if (fcntl(self->out, F_SETPIPE_SZ, SIZE) > 0 && n < 0)  /* a wish */
                        n = put(self, data, size);
        }
        return n == -EAGAIN && via_pipe_is_over(self) ? -EPIPE : n;
}

ssize_t via_pipe_recv(struct via_link *link, void *buf, size_t size) {
        struct via_pipe_link *self = (struct via_pipe_link *)link;
        ssize_t n;

        do
                n = read(self->in, buf, size);
        while (n < 0 && errno == EINTR);
        return n < 0 ? -errno : n;
}

/* A pipe has no timeout of its own, as a socket has: so this is two system calls. */
ssize_t via_pipe_recv_wait(struct via_link *link, void *buf, size_t size, int timeout_ms) {
        struct via_wait wait;

        if (timeout_ms == 0)
                return link->by->recv(link, buf, size);
        link->by->arm(link, POLLIN, &wait);
        if (poll(wait.fds, wait.n_fds, timeout_ms) <= 0)
                return -EAGAIN;
        return link->by->recv(link, buf, size);
}

static void wait_for(struct via_wait *wait, int fd, int events) {
        wait->fds[wait->n_fds++] = (struct pollfd){ .fd = fd, .events = (short)events };
}

int via_pipe_arm(struct via_link *link, int want, struct via_wait *ret_wait) {
        struct via_pipe_link *self = (struct via_pipe_link *)link;

        ret_wait->n_fds = 0;
        if (want & POLLIN)
                wait_for(ret_wait, self->in, POLLIN);
        else if (self->kind == VIA_PIPE_HELD)
                wait_for(ret_wait, self->in, POLLRDHUP);        /* which brings POLLHUP */
        if (want & POLLOUT)
                wait_for(ret_wait, self->out, POLLOUT);
        return 0;
}

void via_pipe_sign(int fd) {
        struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

        fcntl(fd, F_SETLK, &lock);                      /* unless it can: then we stay unknown */
}

/* As the owner of an open file, so that the locks of our own process are in our way, too. */
int via_pipe_signer(int fd, struct via_peer *ret_peer) {
        struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
        struct stat st;

        if (fstat(fd, &st) < 0 || fcntl(fd, F_OFD_GETLK, &lock) < 0)
                return -errno;
        if (lock.l_type == F_UNLCK)
                return -ENOENT;
        if (lock.l_pid <= 0)                            /* of a namespace we do not see */
                return 0;
        *ret_peer = (struct via_peer){
                .known = true, .uid = st.st_uid, .gid = st.st_gid, .pid = lock.l_pid };
        return 0;
}
