#pragma once
/*
 * local.h - Unix sockets that listen at a path or name, and who connects to them
 *
 * A path's permissions are those of its file, and there is no moment at which they are wider:
 * the socket has its mode before bind() gives it a name, so the umask can only narrow it, and
 * what the umask took is given back before listen() lets anybody in. One that is given to a
 * group is its owner's alone until it has been. An abstract name has no
 * permissions at all: everybody on this machine (in this network namespace) may connect. What a
 * killed server left at a path is cleaned as lock.h says.
 */
#include <sys/socket.h>
#include <sys/un.h>
#include "access.h"
#include "lock.h"

enum {
        VIA_LOCAL_PATH_MAX = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1,
};

struct via_local_address {
        struct sockaddr_un sun;
        socklen_t          size;
        bool               abstract;
        int                type;                        /* SOCK_STREAM or SOCK_SEQPACKET */
};

/* One that listens. */
struct via_local {
        int             fd;                             /* does not block */
        bool            has_lock;
        struct via_lock lock;                           /* of a path */
        struct stat     mine;                           /* the socket's file */
};

/* @path is a path, or @ and an abstract name. */
int  via_local_address(struct via_local_address *address, int type, const char *path,
                      struct via_note *note);

/*
 * The other way round, into @path: 0, or -EINVAL (no name, or one with zero bytes) or
 * -ENAMETOOLONG.
 */
int  via_local_name(const struct sockaddr_un *sun, socklen_t size,
                   char path[static VIA_LOCAL_PATH_MAX + 1], struct via_note *note);

/*
 * Listens at @address, with the options "mode" (or else @mode), "group" and "backlog" of @uri.
 * Errors are those of via_transport.listen.
 */
int  via_local_listen(struct via_local *self, const struct via_local_address *address,
                     const struct via_uri *uri, unsigned mode, struct via_note *note);
void via_local_shut(struct via_local *self);

/* Connects a blocking socket: as via_transport.connect. */
int  via_local_connect(const struct via_local_address *address, int timeout_ms, int *ret_fd,
                      struct via_note *note);

/* As via_transport.peer, of a connected socket. */
void via_local_peer(int fd, struct via_peer *ret_peer);
