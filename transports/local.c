/*
 * local.c - Unix sockets that listen at a path or name, and who connects to them
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "fd.h"
#include "local.h"
#include "note.h"

int via_local_address(struct via_local_address *address, int type, const char *path,
                      struct via_note *note) {
        size_t n = strlen(path);

        *address = (struct via_local_address){ .sun = { .sun_family = AF_UNIX },
                                               .abstract = path[0] == '@',
                                               .type = type };
        if (address->abstract && n == 1)
                return via_note(note, -EINVAL, "a name should follow the @");
        if (n > VIA_LOCAL_PATH_MAX)
                return via_note(note, -ENAMETOOLONG,
                                "the path has %zu bytes, the kernel allows %d", n,
                                (int)VIA_LOCAL_PATH_MAX);
        memcpy(address->sun.sun_path, path, n + 1);
        if (address->abstract)
                /* what makes it abstract; and it is not terminated */
                address->sun.sun_path[0] = 0;
        address->size =
                (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + !address->abstract);
        return 0;
}

int via_local_name(const struct sockaddr_un *sun, socklen_t size,
                   char path[static VIA_LOCAL_PATH_MAX + 1], struct via_note *note) {
        size_t most = size < sizeof(*sun) ? size : sizeof(*sun), n;

        n = most > offsetof(struct sockaddr_un, sun_path)
                    ? most - offsetof(struct sockaddr_un, sun_path)
                    : 0;
        if (n && sun->sun_path[0])              /* it may have zeros behind it */
                n = strnlen(sun->sun_path, n);
        if (n == 0 || (!sun->sun_path[0] && (n == 1 || memchr(sun->sun_path + 1, 0, n - 1))))
                return via_note(note, -EINVAL, "the socket has no name that can be written");
        if (n > VIA_LOCAL_PATH_MAX)
                return via_note(note, -ENAMETOOLONG, "the socket's name has %zu bytes", n);
        memcpy(path, sun->sun_path, n);
        path[n] = 0;
        if (!path[0])
                path[0] = '@';
        return 0;
}

static int open_socket(int type, int *ret_fd) {
        int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

        if (fd < 0)
                return -errno;
        *ret_fd = fd;
        return 0;
}

/* Is somebody there? 0: yes, of *@ret_pid (0: cannot be told); else why not. */
static int probe(const struct via_local_address *address, pid_t *ret_pid) {
        struct ucred cred = { 0 };
        socklen_t size = sizeof(cred);
        int fd, r = open_socket(address->type | SOCK_NONBLOCK, &fd);

        if (r)
                return r;
        if (connect(fd, (const struct sockaddr *)&address->sun, address->size) == 0)
                getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size);
        /* too busy, or of another type: alive */
        else if (errno != EAGAIN && errno != EPROTOTYPE)
                r = -errno;
        if (r == 0)
                *ret_pid = cred.pid;
        return via_fd_drop(&fd, r);
}

/* -EADDRINUSE, with the pid of who is there if that can be found out. */
static int in_use(const struct via_local_address *address, struct via_note *note) {
        pid_t pid = 0;
        int r = probe(address, &pid);

        if (r == 0 && pid > 0)
                return via_note(note, -EADDRINUSE, "process %d listens there", (int)pid);
        if (r == 0)
                return via_note(note, -EADDRINUSE, "another process listens there");
        return via_note(note, -EADDRINUSE, "another server is just starting there");
}

/* Removes what a dead server left. We hold the lock: whoever is not there now does not come. */
static int clear_stale(struct via_local *self, const struct via_local_address *address,
                       struct via_note *note) {
        struct stat old;
        pid_t pid;
        int r = via_lock_stat(&self->lock, &old);

        if (r)
                return r == -ENOENT ? 0 : r;
        if (!S_ISSOCK(old.st_mode))
                return via_note(note, -EEXIST,
                                "there is a file that is no socket; it is left alone");
        r = probe(address, &pid);
        if (r == 0)
                return in_use(address, note);
        if (r != -ECONNREFUSED)
                return via_note(note, r, "cannot tell whether a server is there: %s", strerror(-r));
        r = via_lock_unlink(&self->lock);
        return r ? via_note(note, r, "cannot remove what a dead server left: %s", strerror(-r)) : 0;
}

/*
 * Gives our file its group, and the mode that the umask may have narrowed. Through the
 * descriptor, so never something put in its place: nor another file of ours, for which somebody
 * made a second name.
 */
static int widen(struct via_local *self, const struct via_access *access, struct via_note *note) {
        struct stat *mine = &self->mine;
        int fd, r;

        if (!access->group && (mine->st_mode & 0777) == access->mode)
                return 0;
        fd = openat(self->lock.dir, self->lock.name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        if (fstat(fd, mine) < 0 || !S_ISSOCK(mine->st_mode) || mine->st_uid != geteuid() ||
            mine->st_nlink != 1)
                r = via_note(note, -EEXIST, "somebody else put a file there");
        else
                r = via_access_give(access, fd, note);
        if (r == 0 && fstat(fd, mine) < 0)
                r = -errno;
        return via_fd_drop(&fd, r);
}

static int bind_path(struct via_local *self, const struct via_local_address *address,
                     const struct via_access *access, struct via_note *note) {
        unsigned birth = via_access_at_birth(access);
        int r = via_lock_take(&self->lock, address->sun.sun_path, note);

        if (r == -EADDRINUSE)
                return in_use(address, note);
        if (r)
                return r;
        self->has_lock = true;
        VIA_POINT("local: locked");
        r = clear_stale(self, address, note);
        if (r)
                return r;
        if (birth != (unsigned)VIA_ACCESS_UMASK && fchmod(self->fd, birth) < 0)
                return -errno;
        if (bind(self->fd, (const struct sockaddr *)&address->sun, address->size) < 0)
                return via_note(note, -errno, "cannot make the socket: %s", strerror(errno));
        VIA_POINT("local: bound, not widened");
        r = via_lock_stat(&self->lock, &self->mine);
        if (r || birth == (unsigned)VIA_ACCESS_UMASK)
                return r;
        return widen(self, access, note);
}

static int bind_abstract(struct via_local *self, const struct via_local_address *address,
                         struct via_note *note) {
        if (bind(self->fd, (const struct sockaddr *)&address->sun, address->size) == 0)
                return 0;
        return errno == EADDRINUSE ? in_use(address, note) : -errno;
}

void via_local_shut(struct via_local *self) {
        /*
         * The file first: as long as the socket is open, no other file can have its inode
         * number.
         */
        if (self->has_lock)
                via_lock_drop(&self->lock, &self->mine);
        self->has_lock = false;
        via_fd_drop(&self->fd, 0);
}

static int no_access(const struct via_uri *uri, struct via_note *note) {
        static const char *const keys[] = { "mode", "group" };

        for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
                if (via_uri_option(uri, keys[i]))
                        return via_note(note, -EINVAL,
                                        "%s=%.64s: only a path has permissions, not a name",
                                        keys[i], via_uri_option(uri, keys[i]));
        return 0;
}

int via_local_listen(struct via_local *self, const struct via_local_address *address,
                     const struct via_uri *uri, unsigned mode, struct via_note *note) {
        struct via_access access;
        unsigned backlog;
        int r = address->abstract ? no_access(uri, note) : via_access_of(&access, uri, mode, note);

        r = r ? r
              : via_note_unless_number(uri, "backlog", 1, VIA_BACKLOG_MAX, VIA_BACKLOG_DEFAULT,
                                       &backlog, note);
        if (r)
                return r;
        r = open_socket(address->type | SOCK_NONBLOCK, &self->fd);
        if (r)
                return r;
        r = address->abstract ? bind_abstract(self, address, note)
                              : bind_path(self, address, &access, note);
        VIA_POINT("local: bound, not listening");
        if (r == 0 && listen(self->fd, (int)backlog) < 0)
                r = -errno;
        if (r)
                via_local_shut(self);
        return r;
}

/* Says in words why nobody answers at @address. */
static int explain(const struct via_local_address *address, int r, struct via_note *note) {
        const char *path = address->sun.sun_path;
        struct stat st;

        if (address->abstract)
                return r == -ECONNREFUSED
                               ? via_note(note, r,
                                          "nobody listens at that name: is the server running?")
                               : r;

        switch (r) {
        case -ENOENT:
                return via_note(note, r, "there is no such file: is the server running?");
        case -ECONNREFUSED:
                if (stat(path, &st) == 0 && !S_ISSOCK(st.st_mode))
                        return via_note(note, r, "that file is no socket");
                return via_note(
                        note, r,
                        "nobody listens there: the server that made the socket is gone");
        case -EPROTOTYPE:
                return via_note(note, r, "that socket is not a %s",
                                address->type == SOCK_STREAM ? "stream socket"
                                                             : "socket of packets");
        case -EACCES:
                if (stat(path, &st) == 0)
                        return via_access_denied(&st, "socket", note);
                return via_note(note, r, "a folder on the way to it is closed to uid %u",
                                geteuid());
        }
        return r;
}

int via_local_connect(const struct via_local_address *address, int timeout_ms, int *ret_fd,
                      struct via_note *note) {
        struct timeval tv = { .tv_sec = timeout_ms / 1000,
                              .tv_usec = timeout_ms % 1000 * 1000 + (timeout_ms == 0) };
        int fd, r = open_socket(address->type, &fd);

        if (r)
                return r;

        /*
         * connect() waits only if the backlog is full; SO_SNDTIMEO bounds that. After a signal
         * it waits anew.
         */
        if (timeout_ms >= 0 && setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) < 0)
                return via_fd_drop(&fd, -errno);
        do
                r = connect(fd, (const struct sockaddr *)&address->sun, address->size) < 0 ? -errno
                                                                                           : 0;
        while (r == -EINTR);

        if (r == -EAGAIN)
                r = via_note(
                        note, -ETIMEDOUT,
                        "the server's backlog is full, and it accepts nobody: is it stuck?");
        else if (r)
                r = explain(address, r, note);
        if (r)
                return via_fd_drop(&fd, r);
        *ret_fd = fd;
        return 0;
}

void via_local_peer(int fd, struct via_peer *ret_peer) {
        struct ucred cred;
        socklen_t size = sizeof(cred);

        /* Pid 0: it lives in a namespace whose numbers mean nothing here. */
        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred,
                       &size) < 0 ||
            cred.pid <= 0)
                return;
        ret_peer->known = true;
        ret_peer->uid = cred.uid;
        ret_peer->gid = cred.gid;
        ret_peer->pid = cred.pid;
}
