#ifndef VIA_INTERCEPTOR_H
#define VIA_INTERCEPTOR_H
/*
 * via/interceptor.h - what is done with every call, whatever its method: log, count, let in, add
 *
 * A server's interceptors stand between the link and the handlers, a client's between the program
 * and the link. Any number, in the order in which they were given: `before` runs from the first
 * to the last, `after` from the last to the first, exactly once for each `before` that ran, also
 * of the one that ended the call. Each runs in the thread that serves, or calls, and must not
 * block there; of a server with several workers (via_server_run_workers()) in all their threads.
 *
 * A server's do not see calls that Via itself turns down before a method is known or begun: no
 * such method, larger than max_message, wrong metadata, overdue, or shutting down. Nor are they
 * asked about calls back (via_call_client(), via_client_add()).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <via/error.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

struct via_call;
struct via_client;
struct via_metadata;
struct via_method;
struct via_outgoing;            /* a call on its way, for a client's interceptors */
struct via_server;

enum {
        /* from a `before`: the call has its answer, see via_call_answer(), via_outgoing_answer() */
        VIA_ANSWERED = 103,
};

/*
 * What is known of a call when it has ended. Bytes are those on the wire: headers, metadata,
 * request, items, answer. May grow at its end.
 */
struct via_call_facts {
        uint64_t us;            /* from the first `before` to the end */
        uint64_t bytes_in;      /* that came to this end */
        uint64_t bytes_out;     /* that left it, or were queued to */
};

/* --- of a server --- */

struct via_interceptor {
        /*
         * A call has come; its handler does not run yet, and its request is not decoded. What a
         * handler may ask of a call may be asked here, too; headers and trailers may be added.
         *
         * Returns VIA_OK: goes on to the next interceptor, and then the handler. A code, with
         * the words of via_call_fail() or an exception: that is the answer. What
         * via_call_answer() returned: that one. What via_call_defer() returned: it is answered
         * later, by via_call_reply() or via_call_end(); but a oneway call, which nobody waits
         * for, is let pass by that. In the last three cases the handler is
         * not run, nor the interceptors that come later. NULL: nothing to do.
         */
        int  (*before)(void *user, struct via_call *call);
        /*
         * The call has ended with @code, which is what its caller is told: queued to be sent;
         * or, if it is CANCELLED, DEADLINE_EXCEEDED or UNAVAILABLE, nobody was left to be told.
         * A call that was deferred ends when it is answered, or when its link ends, if that is
         * earlier; then its handler may still be busy with it in another thread, so @call is
         * only to be read. @facts is borrowed. NULL: nothing to do.
         */
        void (*after)(void *user, struct via_call *call, int code,
                      const struct via_call_facts *facts);
        void  *reserved[4];     /* zero */
};

/*
 * Asks @interceptor, with @user, about every call of @server from now on, after those that were
 * given before. Both are borrowed until via_server_free(). The server's thread only, and before
 * via_server_run_workers().
 * VIA_RESOURCE_EXHAUSTED: no memory, also for a @server that is NULL.
 */
int via_server_intercept(struct via_server *server, const struct via_interceptor *interceptor,
                         void *user, struct via_error *err);

/*
 * For `before` to return: answers @call with @response, a message of its method's type (NULL: an
 * operation without results), instead of its handler. @response is read after `before` has
 * returned, and so must live as long as the call (via_call_new(), via_call_alloc()) or be
 * static. Returns VIA_ANSWERED.
 */
int via_call_answer(struct via_call *call, const void *response);

/*
 * Within `before`: the request, decoded now, of the type via_call_table()->request; lives as
 * long as the call, and the handler gets the same. It is decoded once, whoever asks, so asking
 * costs only calls that are then not let pass. NULL: it cannot be decoded, and the call will
 * end so when it is let pass. Also NULL anywhere else.
 */
const void *via_call_request(struct via_call *call);

/* The table of the call's method: its types, its flags (via/idl.h). Constant. */
const struct via_method *via_call_table(const struct via_call *call);

/* --- of a client --- */

struct via_client_interceptor {
        /*
         * A call is about to be made, unary or a stream, blocking or not. Metadata may be added,
         * its time shortened.
         *
         * Returns VIA_OK: goes on to the next interceptor, and then to the server. A code, with
         * the words of via_outgoing_fail(): the call ends so, here. What via_outgoing_answer()
         * returned: it ends with that response. In both cases nothing is sent. NULL: nothing
         * to do.
         */
        int  (*before)(void *user, struct via_outgoing *outgoing);
        /*
         * The call has ended with @code, and whoever waits for it is told next. A stream has
         * ended when its answer comes, though there may be items to be read. May not close the
         * client. NULL: nothing to do.
         */
        void (*after)(void *user, struct via_outgoing *outgoing, int code,
                      const struct via_call_facts *facts);
        void  *reserved[4];     /* zero */
};

/*
 * Asks @interceptor, with @user, about every call of @client from now on, after those that were
 * given before. Both are borrowed until the client is closed. VIA_RESOURCE_EXHAUSTED: no memory.
 */
int via_client_intercept(struct via_client *client,
                         const struct via_client_interceptor *interceptor, void *user,
                         struct via_error *err);

/* The method called ("hello.Greeter/greet"), and where: as via_client_endpoint(). */
const char *via_outgoing_method(const struct via_outgoing *outgoing);
const char *via_outgoing_endpoint(const struct via_outgoing *outgoing);

/* The table of the method: its types, its flags. Constant. */
const struct via_method *via_outgoing_table(const struct via_outgoing *outgoing);

/* The client that calls. */
struct via_client *via_outgoing_client(const struct via_outgoing *outgoing);

/* Within `before`: the request, of the type via_outgoing_table()->request. Elsewhere NULL. */
const void *via_outgoing_request(const struct via_outgoing *outgoing);

/* The call that a handler is serving while it makes this one, within `before`; or NULL. */
const struct via_call *via_outgoing_parent(const struct via_outgoing *outgoing);

/* How many ms the call may take, from its beginning. */
uint32_t via_outgoing_timeout(const struct via_outgoing *outgoing);

/* Within `before`: it may take @timeout_ms and no more; no effect if it had less. */
void via_outgoing_shorten(struct via_outgoing *outgoing, uint32_t timeout_ms);

/* What is sent with the call, as of now; borrowed from it, within `before`. NULL: nothing. */
const struct via_metadata *via_outgoing_metadata(const struct via_outgoing *outgoing);

/*
 * Within `before`: adds an entry to what is sent with the call, as via_metadata_add() does; the
 * caller's own metadata are not touched. VIA_INVALID_ARGUMENT: not a key, or not a value.
 * VIA_RESOURCE_EXHAUSTED: too many, or no memory. VIA_FAILED_PRECONDITION: not within `before`.
 */
int via_outgoing_add(struct via_outgoing *outgoing, const char *key, const char *value);
int via_outgoing_add_bin(struct via_outgoing *outgoing, const char *key, const void *data,
                         size_t size);

/* For `before` to return: the call ends with @code and the sentence made by @format, here. */
int via_outgoing_fail(struct via_outgoing *outgoing, enum via_code code, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/*
 * For `before` to return: the call ends well, with @response, a message of its method's type,
 * which is read now and stays yours; the caller gets a copy. NULL: an operation without results.
 * Returns VIA_ANSWERED, or VIA_RESOURCE_EXHAUSTED if there is no memory.
 */
int via_outgoing_answer(struct via_outgoing *outgoing, const void *response);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop
#endif
