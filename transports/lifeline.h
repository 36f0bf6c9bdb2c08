#pragma once
/*
 * lifeline.h - the socket beside a transport that has no connection of its own
 *
 * Client and server of shm: and mq: meet at a Unix socket of packets, SCHEME-NAME.sock in
 * $XDG_RUNTIME_DIR/via (without that variable /run/via for root, a folder of their own in /tmp
 * for others). Each says hello once: some bytes of the transport's own, and descriptors. From
 * then on the socket proves who the other one is, and hangs up when it dies.
 *
 * Nothing waits but via_lifeline_connect(), and that only for a full backlog: the client's hello
 * is sent before anybody has accepted it, and the server's is heard when it comes. Clients that
 * connect and say nothing are kept aside, so many and so long, and bother nobody.
 */
#include "lifeline_hello.h"
#include "local.h"

enum {
        VIA_LIFELINE_NAME_MAX  = 64,
        VIA_LIFELINE_HALF_OPEN = 64,    /* who have connected and said nothing */
        VIA_LIFELINE_HELLO_MS  = 5000,  /* for so long */
};

struct via_half_open {
        int     fd;
        int64_t due;                    /* monotonic ms */
};

/* The listening end. */
struct via_lifeline {
        struct via_local     local;
        int                  ready;     /* an epoll of the socket, the half-open, and the timer */
        int                  timer;
        unsigned             n_half;
        struct via_half_open half[VIA_LIFELINE_HALF_OPEN];      /* the oldest first */
        int                  back_fd;   /* of a client that was put back, or -1 */
        struct via_hello     back_hello;
        char                 name[VIA_LIFELINE_NAME_MAX + 1];
};

/*
 * Listens for clients of @uri's scheme and @name (letters, digits, and - _ . but not first),
 * with its options "mode", "group" and "backlog", as unix: has them; without "mode" it is 0600.
 * Errors are those of via_transport.listen.
 */
int  via_lifeline_listen(struct via_lifeline *self, const struct via_uri *uri, const char *name,
                        struct via_note *note);
void via_lifeline_watch(const struct via_lifeline *self, struct via_wait *ret_wait);
void via_lifeline_shut(struct via_lifeline *self);

/*
 * A client that has said hello: its socket, and what it said; both become the caller's. Errors
 * are those of via_transport.accept.
 */
int  via_lifeline_accept(struct via_lifeline *self, int *ret_fd, struct via_hello *ret_hello);

/*
 * There is no descriptor or memory for the client that was just accepted: it goes back, and will
 * be accepted first.
 */
void via_lifeline_put_back(struct via_lifeline *self, int fd, const struct via_hello *hello);

/* As via_transport.connect; nothing is said yet. */
int  via_lifeline_connect(const struct via_uri *uri, const char *name, int timeout_ms,
                         int *ret_fd, struct via_note *note);
