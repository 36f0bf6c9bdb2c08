#pragma once
/*
 * lifeline_hello.h - what each end of a lifeline says once
 *
 * Some bytes of the transport's own, and descriptors, in one packet over a connected Unix socket
 * of packets. Never waits, and believes nothing but the form: who gets a hello looks at what it
 * says, and at what its descriptors are.
 */
#include <via/transport.h>

enum {
        VIA_HELLO_SIZE = 64,            /* of the transport's own part, always */
        VIA_HELLO_FDS  = 4,
};

struct via_hello {
        unsigned char bytes[VIA_HELLO_SIZE];
        int           fds[VIA_HELLO_FDS];
        unsigned      n_fds;
};

/* Says hello. The descriptors stay the caller's. Never waits: 0, or a negative errno. */
int  via_lifeline_say(int fd, const struct via_hello *hello);

/*
 * The peer's hello, whose descriptors become the caller's. -EAGAIN: not yet; -EMFILE: there is
 * no room for its descriptors, and it can be heard again; -ECONNRESET: the peer is gone;
 * -EPROTO: that was no hello. What comes is exactly one hello of this version, but how many
 * descriptors, and what they are, is still to be checked.
 */
int  via_lifeline_hear(int fd, struct via_hello *ret_hello);

/* Closes the descriptors; returns @r. */
int  via_hello_drop(struct via_hello *hello, int r);

/*
 * After both hellos: whether the peer is still there. 0, or -ECONNRESET when it has hung up.
 * Forgets packets that have come (a packet means no more than "look"). Never waits.
 */
int  via_lifeline_check(int fd);
