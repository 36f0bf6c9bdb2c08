#pragma once
/*
 * pipe.h - what the transports have in common whose link is a pipe each way
 *
 * The functions fit into struct via_transport. Both descriptors do not block. A pipe raises
 * SIGPIPE where a socket can be told not to, so whoever writes to one holds a reading end of it
 * as well: see pipe.c.
 */
#include <stdbool.h>
#include <via/transport.h>

enum via_pipe_kind {
        VIA_PIPE_HELD,                  /* a reading end of what we write to is ours, too */
        VIA_PIPE_BARE,                  /* it could not be had */
        VIA_PIPE_SOCKET,                /* it is a socket after all */
};

struct via_pipe_link {
        struct via_link    link;
        int                in, out;
        enum via_pipe_kind kind;
        bool               grown;       /* out is as large as it becomes */
};

ssize_t via_pipe_send(struct via_link *link, const void *data, size_t size);
ssize_t via_pipe_recv(struct via_link *link, void *buf, size_t size);
ssize_t via_pipe_recv_wait(struct via_link *link, void *buf, size_t size, int timeout_ms);
int     via_pipe_arm(struct via_link *link, int want, struct via_wait *ret_wait);

/* Whether the peer is gone, or has shut its end; there may still be something to receive. */
bool    via_pipe_is_over(const struct via_pipe_link *self);

/* write(), but a result as send() has it, and never a SIGPIPE. Four system calls. */
ssize_t via_pipe_write(int fd, const void *data, size_t size);

/*
 * Lets whoever has the other end of @fd, which is open for writing, ask the kernel for our
 * process: as long as no descriptor of this pipe is closed here.
 */
void    via_pipe_sign(int fd);

/*
 * Who signed the pipe @fd: -ENOENT if nobody did. The kernel knows the process, and the file's
 * owner and group, which it took from the process that made the pipe.
 */
int     via_pipe_signer(int fd, struct via_peer *ret_peer);
