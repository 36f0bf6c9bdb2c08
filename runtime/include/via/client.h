#ifndef VIA_CLIENT_H
#define VIA_CLIENT_H
/*
 * via/client.h - a connection to a server, and calls over it
 *
 * A client has one link to one server at a time, with any number of calls in flight; only one
 * thread may use it at a time, but for VIA_CLIENT_SHARED. When its link ends, the calls that
 * the server may have seen end with VIA_UNAVAILABLE, and the next call connects again: to the
 * first URI of its endpoint where somebody answers. A call that the server has certainly never
 * seen is made again by itself. docs/connections.md says when, and how long it is waited for.
 *
 * Two drivers, the same semantics. Without a loop the client blocks: the calls it is waiting
 * for are the only thing that happens. With options.loop it never blocks after
 * via_client_open(), on_done functions run inside uv_run(), and what connects again is a thread
 * of libuv's pool.
 */
#include <stdint.h>
#include <via/error.h>
#include <via/limits.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

struct uv_loop_s;
struct via_arena;
struct via_call;
struct via_client;
struct via_handle;              /* a call in flight, for its caller */
struct via_interface;
struct via_metadata;
struct via_method;

enum {                                          /* via_client_options.flags */
        /* via_client_open() does not connect, but the first call does */
        VIA_CLIENT_LAZY    = 1,
        /* one link and no other: when it has ended, so has the client but for via_client_close() */
        VIA_CLIENT_ONCE    = 2,
        /* what comes with its client (exec:) is started anew, too, when it has ended */
        VIA_CLIENT_RESTART = 4,
        /* the server is asked whether it is there also while no calls are in flight */
        VIA_CLIENT_KEEPALIVE_IDLE = 8,
        /*
         * The client belongs into a loop that is not libuv's: it never blocks, as if it had
         * options.loop, which is NULL, and via_client_process() takes the place of uv_run().
         */
        VIA_CLIENT_EXTERNAL = 16,
        /*
         * A blocking client that several threads may use at once: all functions but
         * via_client_close(), and of each stream all but via_stream_finish(). Each call has its
         * own options, errors and deadline. What is called back runs in whichever thread waits,
         * and may not wait itself (VIA_FAILED_PRECONDITION): docs/connections.md. Not together
         * with options.loop or VIA_CLIENT_EXTERNAL (VIA_INVALID_ARGUMENT).
         */
        VIA_CLIENT_SHARED = 32,
};

struct via_client_options {
        struct via_limits  limits;              /* { 0 }: the defaults */
        /* borrowed until the client is closed; NULL: a blocking client */
        struct uv_loop_s  *loop;
        uint32_t           timeout_ms;          /* of each call that says nothing else; 0: 30,000 */
        uint32_t           connect_timeout_ms;  /* of each URI that is tried; 0: 5,000 */
        uint32_t           flags;               /* VIA_CLIENT_… */
        /*
         * After so long without a word from the server, while calls are in flight, it is asked
         * whether it is there; 0: it is not (but on a transport that cannot tell, after 20,000).
         */
        uint32_t           keepalive_ms;
        uint32_t           keepalive_timeout_ms;        /* for an answer to that; 0: 5,000 */
        uint32_t           spare;               /* zero */
        void              *reserved[4];         /* zero */
};

/*
 * The longest timeout_ms there is, 49 days: for a stream that is to go on until one of its ends
 * ends it.
 */
#define VIA_FOREVER UINT32_MAX

enum {                                          /* via_call_options.flags */
        /*
         * A call made while the link is down waits, at most its timeout, until there is one again,
         * instead of ending with VIA_UNAVAILABLE.
         */
        VIA_WAIT_FOR_READY = 1,
};

/* What a client's link is doing. */
enum via_client_state {
        VIA_CLIENT_IDLE,                        /* there is none; the next call connects */
        VIA_CLIENT_CONNECTING,
        VIA_CLIENT_READY,                       /* there is one, as far as is known */
        /* there is none, and it is too early to try again */
        VIA_CLIENT_BACKING_OFF,
        VIA_CLIENT_CLOSED,                      /* there will be none any more */
};

struct via_call_options {
        uint32_t           timeout_ms;          /* 0: the method's @deadline, else the client's */

        /*
         * 0: normal, 1: high. A high call and its reply overtake the normal ones that wait on
         * their way to the server and back, where the transport can do that: mq:. On all others
         * it changes nothing. What a handler has begun is never interrupted. A higher number is
         * VIA_INVALID_ARGUMENT.
         */
        uint32_t           priority;
        /* lent: results live here instead of on the heap; NULL: heap */
        struct via_arena  *arena;

        /*
         * borrowed until the call is started; the call that a handler is serving while it makes
         * this one, which then has no more time than that one has left, and goes on in its
         * trace; NULL: none
         */
        const struct via_call     *parent;
        /* borrowed until the call is started; sent with it; NULL: none */
        const struct via_metadata *metadata;
        /*
         * lent until the call has ended; what they held is replaced by what the server sent before
         * its first item or answer, and with its answer, also if that is a failure; NULL: dropped
         */
        struct via_metadata       *header;
        struct via_metadata       *trailer;
        uint32_t                   flags;       /* VIA_WAIT_FOR_READY */
        /*
         * How often at most the call is made again when it has ended with VIA_UNAVAILABLE, and the
         * server has certainly never seen it, or its method is @idempotent. One that was certainly
         * never seen is made again once even with 0, at once and if there is a link then. All of
         * it within the one timeout. Streams are not made again.
         */
        uint32_t                   retries;
        void                      *reserved[1]; /* zero */
};

/*
 * Opens a link to @endpoint, a URI ("unix:/run/hello", "tcp://host:7000", ...) or a name, which
 * stands for the first of its URIs where somebody answers (docs/endpoints.md); waits until it
 * is connected, at most the connect timeout, for each of them. @options (NULL: all defaults) is
 * read now and stays yours. On success *@ret_client is yours; close it with via_client_close().
 * What a name stands for is looked up now, and not again for later links.
 *
 * VIA_INVALID_ARGUMENT, VIA_OUT_OF_RANGE: the endpoint has a mistake (the error says which).
 * VIA_NOT_FOUND: nobody knows the name. VIA_RESOURCE_EXHAUSTED (descriptors, memory). Not with
 * VIA_CLIENT_LAZY: VIA_UNAVAILABLE: nobody answers there. VIA_PERMISSION_DENIED: the file may
 * not be opened. VIA_DEADLINE_EXCEEDED.
 */
int via_client_open(struct via_client **ret_client, const char *endpoint,
                    const struct via_client_options *options, struct via_error *err);

/*
 * Ends the link and frees @client; calls still in flight, or waiting for a link, end with
 * VIA_CANCELLED first (their on_done runs inside). Always 0, so that main() can return it. NULL
 * is allowed. With a loop, the loop must run (once more) for its handles to be closed; if it is
 * connecting, until that has come to its end, and a client of VIA_CLIENT_EXTERNAL waits for it.
 * One of VIA_CLIENT_SHARED waits until the other threads have left it, whose calls end
 * likewise; one that is just connecting has first to come to the end of that. From within an
 * on_done, an on_ready or a handler of the client's own it ends everything at once, and the
 * client is freed when the function of it that is on the stack has returned; a blocking call
 * there ends with VIA_CANCELLED.
 */
int via_client_close(struct via_client *client);

/* What the link is doing now, as far as it is known: a client that does nothing hears nothing. */
enum via_client_state via_client_state(const struct via_client *client);

/*
 * Calls @on_state with @user each time the state has changed, in the thread that uses the client
 * (of VIA_CLIENT_SHARED: in the one that finds out) and from within what it does just then; NULL:
 * no more. It may start calls, but neither wait for one nor close the client.
 */
void via_client_on_state(struct via_client *client,
                         void (*on_state)(void *user, struct via_client *client,
                                          enum via_client_state state),
                         void *user);

/*
 * Calls @method and waits for its answer: what every generated stub does. @request and
 * @response are messages of the method's types; both stay yours. If this succeeds, @response is
 * filled, and what it holds is on the heap and yours, or in options->arena. Otherwise @response
 * is untouched. For a oneway method @response is NULL, and success means sent.
 *
 * Blocking clients only, and not from within on_done, nor of VIA_CLIENT_SHARED from within anything
 * that is called back (VIA_FAILED_PRECONDITION). Codes: what the server answered;
 * VIA_DEADLINE_EXCEEDED; VIA_UNAVAILABLE, the link ended or there is none, and the sentence says
 * why and when it is worth trying again; VIA_INVALID_ARGUMENT, the request
 * breaks a rule of the .idl; VIA_RESOURCE_EXHAUSTED, the request is larger than the server
 * takes, or too many calls are in flight; VIA_INTERNAL, the answer could not be decoded.
 */
int via_client_call(struct via_client *client, const struct via_method *method,
                    const struct via_call_options *options, const void *request, void *response,
                    struct via_error *err);

/*
 * How a started call ends: once, always, never from within via_client_start(). @code is VIA_OK
 * and @response the answer, or @err says what went wrong and @response is NULL. Both are
 * borrowed until the function returns. It may start and cancel calls, and close the client.
 */
typedef void (*via_done_fn)(void *user, int code, const void *response,
                            const struct via_error *err);

/*
 * Starts a call of @method and returns; @on_done is called when it has ended, with @user.
 * @request is read now and stays yours. All calls started in one turn leave in one write.
 * options->arena is not used: the response lives until @on_done returns.
 *
 * Returns an error, and never calls @on_done, if the call could not be started: codes as for
 * via_client_call().
 */
int via_client_start(struct via_client *client, const struct via_method *method,
                     const struct via_call_options *options, const void *request,
                     via_done_fn on_done, void *user, struct via_error *err);

/* Any function: what a generated call back is kept as; it is cast back before it is called. */
typedef void (*via_any_fn)(void);

/*
 * How a call of via_client_async() ends: a generated function, which takes @response apart and
 * calls @on_done, cast to its real type, with @user and the results. Arguments otherwise as of
 * a via_done_fn; for a oneway method @response is always NULL.
 */
typedef void (*via_reply_fn)(via_any_fn on_done, void *user, int code, const void *response,
                             const struct via_error *err);

/*
 * Starts a call of @method and returns: what every generated X_async() does. @request and
 * @options (NULL: none) are read now and stay yours; options->arena is not used, and ->header
 * and ->trailer are lent until the call has ended. @reply is called exactly once with @on_done,
 * whatever happens, and never from within this function: when the call has ended (a oneway one:
 * when it has been sent), and in the next turn if it could not even be started, with the code
 * that via_client_call() would have returned. All calls started in one turn leave in one write.
 *
 * Returns the call, borrowed, good for via_handle_cancel() until @on_done returns. NULL only if
 * there is no memory at all, and only then @reply has been called, with VIA_RESOURCE_EXHAUSTED,
 * before this returns.
 *
 * With a loop turns are those of the loop; without one they are via_client_turn(), and any
 * blocking call of the same client.
 */
struct via_handle *via_client_async(struct via_client *client, const struct via_method *method,
                                    const struct via_call_options *options, const void *request,
                                    via_reply_fn reply, via_any_fn on_done, void *user);

/*
 * Gives a call up: its on_done is called with VIA_CANCELLED in the next turn, unless it has ended
 * before, and the server is told. May be called again. By the client's thread only, or any of
 * VIA_CLIENT_SHARED; @handle is valid until its on_done returns, which another of those may just be
 * running. NULL is allowed.
 */
void via_handle_cancel(struct via_handle *handle);

/*
 * Serves @interface by @ops on the client's own link, so that the server's handlers can call back
 * (via_call_client()); handlers get @self from via_call_self(). @interface, @ops and @self are
 * borrowed until the client is closed. The generated mod_Name_serve_client() calls this with the
 * right types. A blocking client serves while it waits for an answer, and in via_client_turn(); of
 * several threads whichever waits in the link, one handler after the other.
 * VIA_ALREADY_EXISTS: the interface is served. VIA_RESOURCE_EXHAUSTED: no memory.
 */
int via_client_add(struct via_client *client, const struct via_interface *interface,
                   const void *ops, void *self, struct via_error *err);

/*
 * One turn of a blocking client with started calls: sends what is waiting, waits for answers
 * (at most @timeout_ms; 0: not at all), ends the calls that were answered or are overdue, and
 * sends what their on_done functions started. Connects if calls wait for a link, which may take
 * the connect timeout. VIA_OK also if nothing happened; VIA_UNAVAILABLE if the link has ended
 * and no call waits for another one.
 */
int via_client_turn(struct via_client *client, uint32_t timeout_ms, struct via_error *err);

/*
 * --- any other loop: clients of VIA_CLIENT_EXTERNAL ---
 *
 * The loop sleeps on via_client_fd() until that is readable, and at most via_client_timeout(),
 * which it asks before each sleep; then it calls via_client_process().
 */

/* The one descriptor, the same as long as the client; -1 for all other clients. */
int via_client_fd(const struct via_client *client);

/* What to wait for on it: POLLIN, as poll.h has it. */
short via_client_events(const struct via_client *client);

/*
 * After how many ms via_client_process() must be called even if the descriptor is silent: 0, there
 * is something to do now, such as sending what has just been started; -1, none at all.
 */
int via_client_timeout(const struct via_client *client);

/*
 * Receives, ends the calls that were answered or are overdue, sends what is waiting, and sees to
 * it that there is a link if calls wait for one (which a thread of libuv's pool connects). Never
 * blocks; on_done functions run inside, and may not call it. May be called at any time. Returns as
 * via_client_turn().
 */
int via_client_process(struct via_client *client, struct via_error *err);

/* How many started calls have not ended yet. */
unsigned via_client_pending(const struct via_client *client);

/*
 * The URI it is connected to, was the last time or will try first; of a name the one that
 * answered. Lives as long as the client.
 */
const char *via_client_endpoint(const struct via_client *client);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop
#endif
