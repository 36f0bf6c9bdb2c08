/*
 * lifeline.c - the socket beside a transport that has no connection of its own
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include "fd.h"
#include "lifeline.h"
#include "note.h"

#define MAGIC   0x4c616956u                     /* "ViaL" in memory of this machine's kind */
#define VERSION 1

/* What goes over the socket: never over a network, so as this machine writes numbers. */
struct packet {
        uint32_t      magic, version;
        unsigned char bytes[VIA_HELLO_SIZE];
};

/* --- where --- */

static int check_name(const char *name, struct via_note *note) {
        size_t n = strlen(name);

        if (n > VIA_LIFELINE_NAME_MAX)
                return via_note(note, -ENAMETOOLONG, "the name has %zu letters, %d are allowed",
                                n, VIA_LIFELINE_NAME_MAX);
        for (const char *c = name; *c || c == name; c++)
                if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                      (*c >= '0' && *c <= '9') || *c == '_' || *c == '-' ||
                      (*c == '.' && c > name)))
                        return via_note(
                                note, -EINVAL,
                                "a name consists of letters, digits and - _ . (not at its start)");
        return 0;
}

/* A folder's owner decides who can be met there: it must be one we trust. */
static int check_folder(const char *path, bool ours, struct via_note *note) {
        int fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), r = 0;
        struct stat st;

        if (fd < 0)
                return via_note(note, -errno, "cannot use the folder %s: %s", path,
                                strerror(errno));
        if (fstat(fd, &st) < 0)
                r = -errno;
        else if (st.st_uid != geteuid() && (ours || st.st_uid != 0))
                r = via_note(note, -EPERM, "the folder %s belongs to uid %u", path, st.st_uid);
        else if (st.st_mode & 022)
                r = via_note(note, -EPERM, "others can write to the folder %s (mode %04o)", path,
                             st.st_mode & 07777);
        return via_fd_drop(&fd, r);
}

#define SYSTEM_FOLDER "/run/via"

/* This process's own folder, and the mode it should have. */
static unsigned own_folder(char *buf, size_t size) {
        const char *runtime = secure_getenv("XDG_RUNTIME_DIR");

        if (runtime && *runtime == '/')
                snprintf(buf, size, "%s/via", runtime);
        else if (geteuid() == 0)
                snprintf(buf, size, SYSTEM_FOLDER);
        else
                snprintf(buf, size, "/tmp/via-%u", geteuid());
        return strcmp(buf, SYSTEM_FOLDER) == 0 ? 0755 : 0700;
}

static int make_folder(const char *path, unsigned mode, struct via_note *note) {
        if (mkdir(path, mode) < 0 && errno != EEXIST)
                return via_note(note, -errno, "cannot make the folder %s: %s", path,
                                strerror(errno));
        return check_folder(path, true, note);
}

static int address_in(const char *folder, const struct via_uri *uri, const char *name,
                      struct via_local_address *address, struct via_note *note) {
        char path[VIA_URI_MAX + 128];

        snprintf(path, sizeof(path), "%s/%s-%s.sock", folder, uri->scheme, name);
        return via_local_address(address, SOCK_SEQPACKET, path, note);
}

/* --- the two hellos --- */

int via_hello_drop(struct via_hello *hello, int r) {
        while (hello->n_fds)
                close(hello->fds[--hello->n_fds]);
        return r;
}

int via_lifeline_say(int fd, const struct via_hello *hello) {
        struct packet packet = { .magic = MAGIC, .version = VERSION };
        _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(hello->fds))] = { 0 };
        struct iovec iov = { .iov_base = &packet, .iov_len = sizeof(packet) };
        struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
        size_t size = hello->n_fds * sizeof(int);
        ssize_t n;

        memcpy(packet.bytes, hello->bytes, sizeof(packet.bytes));
        if (size) {
                struct cmsghdr *cmsg = (struct cmsghdr *)control;

                *cmsg = (struct cmsghdr){ .cmsg_len = CMSG_LEN(size),
                                          .cmsg_level = SOL_SOCKET,
                                          .cmsg_type = SCM_RIGHTS };
                memcpy(CMSG_DATA(cmsg), hello->fds, size);
                msg.msg_control = control;
                msg.msg_controllen = CMSG_SPACE(size);
        }
        do
                n = sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return errno == EPIPE ? -ECONNRESET : -errno;
        return 0;
}

/* Takes all descriptors out of @msg; those for which there is no room are closed. */
static unsigned take_fds(struct msghdr *msg, struct via_hello *hello) {
        unsigned n = 0;

        for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
                if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
                        continue;
                for (size_t at = 0; at + sizeof(int) <= cmsg->cmsg_len - CMSG_LEN(0);
                     at += sizeof(int)) {
                        int fd;

                        memcpy(&fd, CMSG_DATA(cmsg) + at, sizeof(fd));
                        if (n < VIA_HELLO_FDS)
                                hello->fds[n] = fd;
                        else
                                close(fd);
                        n++;
                }
        }
        hello->n_fds = n < VIA_HELLO_FDS ? n : VIA_HELLO_FDS;
        return n;
}

/*
 * Looks first and takes then: if the descriptors find no room in our table, the packet is still
 * there later. There is space for as many as the kernel ever passes, so that want of room in the
 * table is the one reason why some can be missing.
 */
int via_lifeline_hear(int fd, struct via_hello *ret_hello) {
        enum { MOST = 253 };
        _Alignas(struct cmsghdr) char control[CMSG_SPACE(MOST * sizeof(int))];
        struct packet packet;
        struct iovec iov = { .iov_base = &packet, .iov_len = sizeof(packet) };
        struct msghdr msg;
        ssize_t n;

        /* ECONNRESET comes once: it says that the peer left with something unread. */
        for (int tries = 0; tries < 2; tries++) {
                msg = (struct msghdr){ .msg_iov = &iov, .msg_iovlen = 1,
                                       .msg_control = control,
                                       .msg_controllen = sizeof(control) };
                do
                        n = recvmsg(fd, &msg, MSG_PEEK | MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
                while (n < 0 && errno == EINTR);
                if (n >= 0 || errno != ECONNRESET)
                        break;
        }
        if (n < 0)
                return -errno;

        /* A real hello has descriptors or bytes; nothing at all is the end. */
        if (take_fds(&msg, ret_hello) > VIA_HELLO_FDS)
                return via_hello_drop(ret_hello, -EPROTO);
        if (msg.msg_flags & MSG_CTRUNC)
                return via_hello_drop(ret_hello, -EMFILE);
        if (n == 0)
                return via_hello_drop(ret_hello, -ECONNRESET);
        if (n != sizeof(packet) || msg.msg_flags & MSG_TRUNC || packet.magic != MAGIC ||
            packet.version != VERSION)
                return via_hello_drop(ret_hello, -EPROTO);
        memcpy(ret_hello->bytes, packet.bytes, sizeof(ret_hello->bytes));
        if (recv(fd, &packet, sizeof(packet), MSG_DONTWAIT) < 0)
                return via_hello_drop(ret_hello, -errno);
        return 0;
}

int via_lifeline_check(int fd) {
        char waste[64];

        for (int i = 0; i < 16; i++) {
                ssize_t n = recv(fd, waste, sizeof(waste), MSG_DONTWAIT);

                if (n == 0)
                        return -ECONNRESET;
                if (n < 0 && errno != EINTR)
                        return errno == EAGAIN ? 0 : -ECONNRESET;
        }
        return 0;
}

/* --- the server --- */

static int64_t now_ms(void) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int watch_fd(struct via_lifeline *self, int fd) {
        struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };

        return epoll_ctl(self->ready, EPOLL_CTL_ADD, fd, &ev) < 0 ? -errno : 0;
}

/* The timer follows the oldest of the half-open. */
static void timer_update(struct via_lifeline *self) {
        int64_t due = self->n_half ? self->half[0].due : 0;
        struct itimerspec at = { .it_value = { .tv_sec = due / 1000,
                                               .tv_nsec = due % 1000 * 1000000 } };

        timerfd_settime(self->timer, TFD_TIMER_ABSTIME, &at, NULL);
}

/* Takes the one at @i out of the list: its socket is the caller's. */
static int half_take(struct via_lifeline *self, unsigned i) {
        int fd = self->half[i].fd;

        epoll_ctl(self->ready, EPOLL_CTL_DEL, fd, NULL);
        self->n_half--;
        memmove(&self->half[i], &self->half[i + 1], (self->n_half - i) * sizeof(self->half[0]));
        if (i == 0)
                timer_update(self);
        return fd;
}

static void half_drop(struct via_lifeline *self, unsigned i) {
        close(half_take(self, i));
}

/* Keeps @fd aside. If there are too many, the one that has been silent longest goes. */
static int half_add(struct via_lifeline *self, int fd) {
        int r;

        if (self->n_half == VIA_LIFELINE_HALF_OPEN)
                half_drop(self, 0);
        r = watch_fd(self, fd);
        if (r)
                return via_fd_drop(&fd, r);
        self->half[self->n_half++] =
                (struct via_half_open){ .fd = fd, .due = now_ms() + VIA_LIFELINE_HELLO_MS };
        if (self->n_half == 1)
                timer_update(self);
        return -EAGAIN;
}

static int expire(struct via_lifeline *self) {
        int64_t now = now_ms();

        while (self->n_half && self->half[0].due <= now)
                half_drop(self, 0);
        timer_update(self);                     /* and so the timer is quiet again */
        return -EAGAIN;
}

/* Most say hello before we look: they need not be kept aside. */
static int let_in(struct via_lifeline *self, int *ret_fd, struct via_hello *ret_hello) {
        int fd, r = via_fd_accept(self->local.fd, &fd);

        if (r)
                return r;
        VIA_POINT("lifeline: accepted, nothing heard");
        r = via_lifeline_hear(fd, ret_hello);
        VIA_POINT("lifeline: heard");
        if (r == -EAGAIN || r == -EMFILE) {
                int kept = half_add(self, fd);

                return kept == -EAGAIN ? r : kept;
        }
        if (r)
                return via_fd_drop(&fd, -EAGAIN);       /* it only knocked, or is no client */
        *ret_fd = fd;
        return 0;
}

static int hear_half(struct via_lifeline *self, int fd, int *ret_fd, struct via_hello *ret_hello) {
        unsigned i = 0;
        int r;

        while (i < self->n_half && self->half[i].fd != fd)
                i++;
        if (i == self->n_half)
                return -EAGAIN;
        r = via_lifeline_hear(fd, ret_hello);
        if (r == 0)
                *ret_fd = half_take(self, i);
        else if (r != -EAGAIN && r != -EMFILE)
                half_drop(self, i);
        return r == 0 || r == -EMFILE ? r : -EAGAIN;
}

void via_lifeline_put_back(struct via_lifeline *self, int fd, const struct via_hello *hello) {
        struct itimerspec now = { .it_value = { .tv_nsec = 1 } };

        self->back_fd = fd;
        self->back_hello = *hello;
        timerfd_settime(self->timer, TFD_TIMER_ABSTIME, &now, NULL);    /* somebody waits */
}

int via_lifeline_accept(struct via_lifeline *self, int *ret_fd, struct via_hello *ret_hello) {
        if (self->back_fd >= 0) {
                *ret_fd = self->back_fd;
                *ret_hello = self->back_hello;
                self->back_fd = -1;
                return 0;
        }

        /* Bounded: others want their turn, and what is ready stays so. */
        for (int i = 0; i < 2 * VIA_LIFELINE_HALF_OPEN; i++) {
                struct epoll_event ev;
                int r;

                if (epoll_wait(self->ready, &ev, 1, 0) < 1)
                        return -EAGAIN;
                if (ev.data.fd == self->timer)
                        r = expire(self);
                else if (ev.data.fd == self->local.fd)
                        r = let_in(self, ret_fd, ret_hello);
                else
                        r = hear_half(self, ev.data.fd, ret_fd, ret_hello);
                if (r != -EAGAIN)
                        return r;
        }
        return -EAGAIN;
}

void via_lifeline_watch(const struct via_lifeline *self, struct via_wait *ret_wait) {
        ret_wait->fds[0] = (struct pollfd){ .fd = self->ready, .events = POLLIN };
        ret_wait->n_fds = 1;
}

void via_lifeline_shut(struct via_lifeline *self) {
        while (self->n_half)
                half_drop(self, self->n_half - 1);
        if (self->back_fd >= 0)
                via_hello_drop(&self->back_hello, 0);
        via_fd_drop(&self->back_fd, 0);
        via_fd_drop(&self->timer, 0);
        via_fd_drop(&self->ready, 0);
        via_local_shut(&self->local);
}

int via_lifeline_listen(struct via_lifeline *self, const struct via_uri *uri, const char *name,
                        struct via_note *note) {
        struct via_local_address address;
        char folder[VIA_URI_MAX];
        unsigned mode = own_folder(folder, sizeof(folder));
        int r = check_name(name, note);

        self->local.fd = self->ready = self->timer = self->back_fd = -1;
        r = r ? r : make_folder(folder, mode, note);
        r = r ? r : address_in(folder, uri, name, &address, note);
        VIA_POINT("lifeline: the folder is there");
        r = r ? r : via_local_listen(&self->local, &address, uri, 0600, note);
        if (r)
                return r;
        VIA_POINT("lifeline: listens, the folder may be closed");
        snprintf(self->name, sizeof(self->name), "%s", name);
        self->ready = epoll_create1(EPOLL_CLOEXEC);
        self->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
        if (self->ready < 0 || self->timer < 0)
                r = -errno;
        /* Of other users, only those whom root serves go into a folder that is not theirs. */
        if (r == 0 && geteuid() == 0)
                r = via_access_pass(self->local.lock.dir, &self->local.mine, note);
        r = r ? r : watch_fd(self, self->timer);
        r = r ? r : watch_fd(self, self->local.fd);
        if (r)
                via_lifeline_shut(self);
        return r;
}

/* --- the client --- */

static int connect_in(const char *folder, const struct via_uri *uri, const char *name,
                      int timeout_ms, int *ret_fd, struct via_note *note) {
        struct via_local_address address;
        int r;

        if (access(folder, F_OK) < 0 && errno == ENOENT)
                return via_note(note, -ENOENT,
                                "there is no folder %s: is the server running, as this user?",
                                folder);
        r = check_folder(folder, false, note);
        r = r ? r : address_in(folder, uri, name, &address, note);
        r = r ? r : via_local_connect(&address, timeout_ms, ret_fd, note);
        VIA_POINT("lifeline: connected, nothing said");
        if (r == -ENOENT)
                return via_note(note, r, "nobody serves that name: there is no %s",
                                address.sun.sun_path);
        return r;
}

static bool is_absent(int r) {
        return r == -ENOENT || r == -ECONNREFUSED;
}

/* First what this user serves, then what the machine does. */
int via_lifeline_connect(const struct via_uri *uri, const char *name, int timeout_ms,
                         int *ret_fd, struct via_note *note) {
        char folder[VIA_URI_MAX];
        struct via_note other = { "" };
        int other_r, r = check_name(name, note);

        if (r)
                return r;
        own_folder(folder, sizeof(folder));
        r = connect_in(folder, uri, name, timeout_ms, ret_fd, note);
        if (!is_absent(r) || strcmp(folder, SYSTEM_FOLDER) == 0)
                return r;
        other_r = connect_in(SYSTEM_FOLDER, uri, name, timeout_ms, ret_fd, &other);
        if (is_absent(other_r))
                return r;
        return other_r ? via_note(note, other_r, "%s", other.text) : 0;
}
