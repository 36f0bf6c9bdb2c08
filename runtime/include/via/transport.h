#ifndef VIA_TRANSPORT_H
#define VIA_TRANSPORT_H
/*
 * via/transport.h - the contract between Via and a way to move bytes
 *
 * A transport moves bytes between two processes, in order, and says when the other one is gone.
 * It knows nothing of frames, calls, time or limits, keeps no thread, and prints nothing: all
 * of that exists once, above. See docs/add-a-transport.md.
 *
 * A function returns 0 or more for progress, or a negative errno:
 *   -EAGAIN    nothing can move now: the caller arms, sleeps and comes back
 *   otherwise  the link (or listener) is dead, and this is why
 * recv() returning 0 says that the peer left in order. After death or departure nothing but
 * close() is called, once.
 *
 * Nothing blocks but connect(), recv_wait() and, within bounds, close(). One thread uses a link
 * or listener at a time. SIGPIPE is never raised. Every descriptor is close-on-exec.
 */
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <via/peer.h>
#include <via/uri.h>

/*
 * A place at which tests may end the process, to see that it leaves nothing behind. There are none
 * but in a build with -Dfaults=true, for a program that has a via_fault().
 */
#ifdef VIA_FAULTS
__attribute__((weak)) void via_fault(const char *point);
#define VIA_POINT(name) (via_fault ? via_fault(name) : (void)0)
#else
#define VIA_POINT(name) ((void)0)
#endif

struct via_transport;

enum {                                          /* via_transport.traits */
        VIA_MEMORY   = 1,                       /* recv() makes no system call: look often */
        VIA_PRIORITY = 2,                       /* a stream of its own for each priority */
        VIA_ALONE    = 4,                       /* one link a server: the one that comes with it */
        VIA_BLIND    = 8,                       /* nobody notices that a peer has gone: ask it */
        /* with one CPU for both ends, yielding takes less than sleeping: measured, not known */
        VIA_YIELD_CLIENT = 8,
        VIA_YIELD_SERVER = 16,
        VIA_YIELD    = VIA_YIELD_CLIENT | VIA_YIELD_SERVER,
};

/*
 * With VIA_PRIORITY a link is two streams of bytes each way, each in order; what is high may
 * overtake what is normal, and never the other way round. Without it there is one stream, and
 * the priority of a call changes nothing at all.
 */
enum { VIA_NORMAL, VIA_HIGH, VIA_PRIORITIES };

enum { VIA_AWAKE = 1 };                         /* from arm(): do not sleep, look again */

/*
 * What to sleep on: the descriptors, with the events that each is waited for: POLLIN, POLLOUT,
 * or POLLRDHUP for one that is watched only for its end.
 */
struct via_wait {
        struct pollfd fds[4];
        unsigned      n_fds;
};

/* One end of a connection; the first member of the transport's own struct. */
struct via_link {
        const struct via_transport *by;

        /*
         * VIA_PRIORITY: the stream that send() is to put its bytes into, which the core sets,
         * and the one that recv()'s last bytes came from, which the transport does.
         */
        uint8_t                     send_priority, recv_priority;
};

struct via_listener {
        const struct via_transport *by;
};

/*
 * A sentence for people about why listen() or connect() failed; "" if the errno says it all.
 * Lower case, no full stop.
 */
struct via_note {
        char text[240];
};

/*
 * What a transport over memory offers besides send() and recv(), so that a message is written
 * once, where the peer reads it. What is peeked at may change under the reader's hands, if the
 * peer is hostile: whoever reads it reads each byte once.
 */
struct via_loan {
        /*
         * Lends @size bytes that lie together, to be written; NULL: there are not so many (now,
         * or ever), use send(). Asked again before a commit, it lends a larger piece that
         * begins at the same place.
         */
        uint8_t *(*reserve)(struct via_link *link, size_t size);

        /* Sends the first @size bytes of what was lent, and wakes the peer if it sleeps. */
        void    (*commit)(struct via_link *link, size_t size);

        /*
         * What has come and lies together, as recv() would say; *@ret_data stays the
         * transport's.
         */
        ssize_t (*peek)(struct via_link *link, const uint8_t **ret_data);

        /* Done with the first @size bytes of what was peeked at. */
        void    (*release)(struct via_link *link, size_t size);
};

struct via_transport {
        const char *scheme;
        /* the query's keys it understands, separated by spaces */
        const char *options;
        const char *form;                       /* how its URIs look: "unix:/path or unix:@name" */
        unsigned    traits;
        size_t      link_size, listener_size;   /* the core allocates them, zeroed but for `by` */

        /*
         * Starts to listen at @uri. Takes over what a dead server left there; -EADDRINUSE if a
         * live one holds it.
         */
        int     (*listen)(struct via_listener *listener, const struct via_uri *uri,
                      struct via_note *note);

        /*
         * Takes one waiting client into @link. -EAGAIN: none; -ECONNABORTED: that one is gone,
         * try again; -EMFILE, -ENFILE, -ENOMEM: later; -ESHUTDOWN: nobody will come any more.
         */
        int     (*accept)(struct via_listener *listener, struct via_link *link);

        /* What to sleep on until accept() may find somebody: POLLIN on one descriptor. */
        void    (*watch)(struct via_listener *listener, struct via_wait *ret_wait);

        /*
         * Writes the URI a client must use (a port 0 has become the real one), without the
         * query, terminated, into @buf.
         */
        void    (*name)(const struct via_listener *listener, char *buf, size_t size);

        /* Ends the listener and removes what it left in the file system. Its links live on. */
        void    (*shut)(struct via_listener *listener);

        /*
         * Connects to @uri, waiting at most @timeout_ms (less than 0: without end); -ETIMEDOUT
         * then. -EINVAL (with a note) for a URI that cannot be one of its own, here and from
         * listen().
         */
        int     (*connect)(struct via_link *link, const struct via_uri *uri, int timeout_ms,
                       struct via_note *note);

        /* Sends some of @size > 0 bytes, as many as go now; returns how many (> 0). */
        ssize_t (*send)(struct via_link *link, const void *data, size_t size);

        /* Receives what is there, at most @size > 0 bytes. */
        ssize_t (*recv)(struct via_link *link, void *buf, size_t size);

        /*
         * recv() that waits inside the kernel, about @timeout_ms at most (less than 0: without
         * end). -EAGAIN: nothing came in that time, or a signal did. NULL: the driver polls,
         * then calls recv(). With a loan, @buf may be NULL: it only waits, and returns 0 when
         * there is something to look at.
         */
        ssize_t (*recv_wait)(struct via_link *link, void *buf, size_t size, int timeout_ms);

        /*
         * Gets ready to sleep until @want (POLLIN, POLLOUT or both) can be served, or the peer
         * dies; fills *@ret_wait. 0: safe to sleep. VIA_AWAKE: something came in the meantime,
         * look again.
         */
        int     (*arm)(struct via_link *link, int want, struct via_wait *ret_wait);

        /* Says who is at the other end; *@ret_peer is zeroed before. */
        void    (*peer)(const struct via_link *link, struct via_peer *ret_peer);

        /*
         * Ends the link: what was sent before is still delivered, then the peer's recv()
         * returns 0. May wait, a few seconds at most, for a peer that has not got hold of it
         * yet, or for a child to end. @link itself is the core's. Not called after a failed
         * accept() or connect(): these clean up after themselves.
         */
        void    (*close)(struct via_link *link);

        const struct via_loan *loan;            /* NULL: it has none */

        /*
         * Listens on @fd, which listens already, because whoever started this process has bound
         * it, and takes it over; shut() then leaves alone what it has in the file system.
         * -EAFNOSUPPORT: it is no such socket of this transport. NULL: none ever is.
         */
        int     (*adopt)(struct via_listener *listener, int fd, struct via_note *note);
};

/* All transports there are, ended by NULL: transports/table.c. */
extern const struct via_transport *const via_transports[];

#endif
