/*
 * notify.c - what the service manager is told, as sd_notify(3) does
 *
 * One datagram to the socket that $NOTIFY_SOCKET names. Needs no library of the manager's.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <via/server.h>

int via_notify(const char *state, struct via_error *err) {
        const char *path = getenv("NOTIFY_SOCKET");
        struct sockaddr_un sun = { .sun_family = AF_UNIX };
        size_t n = path ? strlen(path) : 0;
        ssize_t sent;
        int fd;

        if (!n)
                return via_error_set(err, VIA_NOT_FOUND,
                                     "no service manager wants to be told ($NOTIFY_SOCKET)");
        if ((path[0] != '/' && path[0] != '@') || n < 2 || n >= sizeof(sun.sun_path))
                return via_error_set(err, VIA_INVALID_ARGUMENT,
                                     "$NOTIFY_SOCKET is neither a path nor @ and a name: %s", path);
        memcpy(sun.sun_path, path, n);
        if (path[0] == '@')
                sun.sun_path[0] = 0;
        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return via_error_set(err, VIA_RESOURCE_EXHAUSTED, "no socket for %s: %s", path,
                                     strerror(errno));
        do
                sent = sendto(fd, state, strlen(state), MSG_NOSIGNAL,
                              (const struct sockaddr *)&sun,
                              (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
        while (sent < 0 && errno == EINTR);
        n = sent < 0 ? (size_t)errno : 0;
        close(fd);
        return n ? via_error_set(err, VIA_UNAVAILABLE,
                                 "the service manager cannot be told at %s: %s", path,
                                 strerror((int)n))
                 : VIA_OK;
}
