#ifndef VIA_SERVER_H
#define VIA_SERVER_H
/*
 * via/server.h - interfaces served on any number of endpoints, and what a handler may ask of
 * its call
 *
 * A server belongs to one thread: the one that runs its loop. Only via_server_stop() may be
 * called from elsewhere, and what says so here of a deferred call. A handler runs in that
 * thread, to its end, before the next one does; with via_server_run_workers(), in the thread of
 * its link. docs/servers.md has more.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <via/error.h>
#include <via/limits.h>
#include <via/peer.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

struct uv_loop_s;
struct via_call;
struct via_client;
struct via_interface;
struct via_metadata;
struct via_server;
struct via_stream;
struct via_type;

enum {                                          /* via_server_options.flags */
        /* what is called, and how it goes, is counted: see via/services.h */
        VIA_SERVER_STATS  = 1,
        /*
         * tells the service manager READY=1 when via_server_run() begins, STOPPING=1 when the
         * server begins to drain, as via_notify() does; whether or not anybody hears
         */
        VIA_SERVER_NOTIFY = 2,
};

struct via_server_options {
        struct via_limits  limits;              /* { 0 }: the defaults */
        /* borrowed until via_server_free(); NULL: a loop of its own */
        struct uv_loop_s  *loop;
        /* how long, in ms, a stopped server waits for calls and for its clients; 0: 5,000 */
        uint32_t           drain_ms;
        uint32_t           flags;               /* VIA_SERVER_… */
        void              *reserved[6];         /* zero */
};

/*
 * A new server with no interface and no endpoint; yours, see via_server_free(). @options (NULL:
 * defaults) is read now. NULL: no memory.
 */
struct via_server *via_server_new(const struct via_server_options *options);

/*
 * Ends every listener and link, removes what they left in the file system, and frees @server;
 * returns NULL. NULL is allowed. On an application's loop, the loop must run once more so that
 * the handles close. Never from within a handler.
 */
struct via_server *via_server_free(struct via_server *server);

/*
 * Serves @interface by @ops (the generated struct of functions); each handler gets @self from
 * via_call_self(). All three are borrowed until via_server_free(). The generated
 * mod_Name_serve() calls this with the right types. VIA_ALREADY_EXISTS: the interface is
 * served. VIA_RESOURCE_EXHAUSTED: no memory, also for @server if that is NULL, so that what
 * via_server_new() returned need not be looked at before.
 */
int via_server_add(struct via_server *server, const struct via_interface *interface,
                   const void *ops, void *self, struct via_error *err);

/*
 * Listens on @endpoint too: a URI, or a name, and then on all that it stands for, or on none.
 * Codes: VIA_INVALID_ARGUMENT (not an endpoint, or an unknown option), VIA_OUT_OF_RANGE (an
 * option's value), VIA_ALREADY_EXISTS (another server is there), VIA_PERMISSION_DENIED,
 * VIA_NOT_FOUND (no such name, folder or host), VIA_RESOURCE_EXHAUSTED (also for a @server that
 * is NULL).
 */
int via_server_listen(struct via_server *server, const char *endpoint, struct via_error *err);

/*
 * Listens also on the sockets that whoever started this process has bound for it: those from
 * descriptor 3 on, as many as $LISTEN_FDS says, if $LISTEN_PID is this process, as
 * sd_listen_fds(3) has it. Takes them over, and unsets the variables in any case, so that no
 * child takes them for its own. Stream sockets of AF_UNIX are served as unix:, of AF_INET and
 * AF_INET6 as tcp:; via_server_endpoint() has where. What a unix socket has in the file system
 * stays there at the end. Limits are the server's. To be called before there are threads: it
 * changes the environment.
 *
 * VIA_NOT_FOUND: there are none, so that a program can go on with via_server_listen().
 * VIA_INVALID_ARGUMENT: the variables make no sense, or one is no stream socket that listens,
 * which the error names; then none is listened on. VIA_RESOURCE_EXHAUSTED.
 */
int via_server_listen_inherited(struct via_server *server, struct via_error *err);

/*
 * The @index-th endpoint listened on, counted from 0, as a client must write it: a port 0 has
 * become the real one. NULL past the last. Lives as long as the server.
 */
const char *via_server_endpoint(const struct via_server *server, unsigned index);

/*
 * Serves until via_server_stop(), then drains: it accepts nobody new, tells the clients, serves
 * what they have sent so far, finishes the calls and streams that are open, and returns 0 when
 * the answers have left; nobody waits for a client that is idle. When drain_ms has passed, calls
 * that are still open end with VIA_UNAVAILABLE, their handlers are told as by a cancel, and it
 * returns 0 too. Also when all endpoints have ended by themselves (stdio:, whose only client has
 * left).
 * VIA_FAILED_PRECONDITION if the loop is the application's, who runs it with uv_run().
 */
int via_server_run(struct via_server *server);

/*
 * As via_server_run(), on @n loops in as many threads: the caller's, and n - 1 that are started
 * here and have ended when this returns. They are the only threads that Via ever starts. The
 * caller's thread accepts; a link then stays with one of them, the one with the fewest.
 *
 * Handlers of different links then run at the same time, and handlers of one link one after the
 * other, as ever; on_cancel, on_ready, and what via_call_client() calls, run in the thread of the
 * link. What handlers share needs locks. Limits count the links of all threads together.
 * Interfaces and endpoints are added before. The new threads block all signals.
 *
 * VIA_FAILED_PRECONDITION as via_server_run(), or if the server runs; VIA_OUT_OF_RANGE: not 1 to
 * 1,024; VIA_RESOURCE_EXHAUSTED: no memory, or no thread may be started; then nobody was served.
 */
int via_server_run_workers(struct via_server *server, unsigned n, struct via_error *err);

/*
 * Makes the server drain and via_server_run() return. From any thread, and from a signal
 * handler. May be called again, which changes nothing.
 */
void via_server_stop(struct via_server *server);

/*
 * Lets signals end the server, by its loop: SIGTERM and SIGINT drain it, as via_server_stop()
 * does, and a second one ends the process at once, by the default action, whatever it is doing.
 * SIGHUP calls @on_hup with @user in the server's thread, to read configuration again or the like;
 * @on_hup NULL: SIGHUP is left alone. via_server_free() undoes it: the signals then have their
 * default action, whatever they had before. VIA_ALREADY_EXISTS: it has been called before;
 * VIA_RESOURCE_EXHAUSTED (also for a @server that is NULL).
 */
int via_server_handle_signals(struct via_server *server, void (*on_hup)(void *user), void *user,
                              struct via_error *err);

/*
 * Asks @authorize, with @user, about each call, before its request is decoded and before all
 * interceptors: who it is (via_call_peer(), via_call_metadata()), and what it wants
 * (via_call_method(), via_call_endpoint()). VIA_OK lets it pass; any code, with the words of
 * via_call_fail(), is the answer: VIA_PERMISSION_DENIED, VIA_UNAUTHENTICATED. It must not
 * block; with several workers it runs in all their threads. A oneway call that is not let pass
 * is dropped.
 *
 * Once, before there are clients: VIA_FAILED_PRECONDITION otherwise. VIA_RESOURCE_EXHAUSTED (also
 * for a @server that is NULL): then nobody is asked, and the server should not run.
 */
int via_server_authorize(struct via_server *server,
                         int (*authorize)(void *user, struct via_call *call), void *user,
                         struct via_error *err);

/*
 * Tells the service manager @state, as sd_notify(3) does: "READY=1", "STATUS=words",
 * "WATCHDOG=1"; several in lines. From any thread. VIA_NOT_FOUND: there is none ($NOTIFY_SOCKET
 * is not set), which most programs do not mind; VIA_INVALID_ARGUMENT: that is neither a path nor
 * @ and a name; VIA_UNAVAILABLE: it does not listen.
 */
int via_notify(const char *state, struct via_error *err);

/* How many links are open now. */
unsigned via_server_links(const struct via_server *server);

/*
 * --- inside a handler: everything below is valid until the handler returns, or, if it has
 * deferred, until the call is answered ---
 */

/* The @self that the interface was served with. */
void *via_call_self(const struct via_call *call);

/* Fills *@ret_peer; on transports that cannot tell, known is false. */
void via_call_peer(const struct via_call *call, struct via_peer *ret_peer);

/* The endpoint the call came in by, and the method called ("hello.Greeter/greet"). */
const char *via_call_endpoint(const struct via_call *call);
const char *via_call_method(const struct via_call *call);

/* How many ms are left until the caller gives up; 0 if it has. */
uint32_t via_call_time_left(const struct via_call *call);

/* @size bytes that live as long as the call; zeroed; NULL if there is no memory. */
void *via_call_alloc(struct via_call *call, size_t size);

/*
 * Makes a string that lives as long as the call and puts it into *@ret_string. Returns VIA_OK
 * or VIA_RESOURCE_EXHAUSTED, so that a handler can end with it.
 */
int via_call_printf(struct via_call *call, char **ret_string, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
int via_call_strdup(struct via_call *call, char **ret_string, const char *string);

/*
 * Ends the call with @code and a sentence: `return via_call_fail(call, VIA_NOT_FOUND, "no city
 * %s", name);`. Returns @code.
 */
int via_call_fail(struct via_call *call, enum via_code code, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/*
 * Ends the call with an exception, which is copied: what mod_Name_raise() does, for the handler
 * to return. An exception that the operation does not declare reaches the client as
 * VIA_INTERNAL.
 */
int via_call_raise(struct via_call *call, const struct via_type *type, const void *exception);

/*
 * The call's stream, borrowed; NULL if its method has none. Generated code passes it to the
 * handler.
 */
struct via_stream *via_call_stream(struct via_call *call);

/*
 * The caller as somebody to be called: a client over the link that the call came by, for the
 * interfaces that the caller serves (via_client_add()). Borrowed from the link: it lives as
 * long as that, also after the call, and is never closed; used by the server's thread only, and
 * always asynchronous. A call of it ends with VIA_UNAVAILABLE when the link ends.
 */
struct via_client *via_call_client(struct via_call *call);

/* What the caller sent with the call; borrowed from it. NULL: nothing. */
const struct via_metadata *via_call_metadata(const struct via_call *call);

/*
 * Adds an entry to what the caller gets as the call's header, before the first item or the
 * answer, or as its trailer, with the answer, also if that is a failure. Everything is copied.
 * Keys and values as in via_metadata_add(), with _bin as in via_metadata_add_bin():
 * VIA_INVALID_ARGUMENT otherwise. VIA_RESOURCE_EXHAUSTED: the caller's max_metadata, or no
 * memory. VIA_FAILED_PRECONDITION: a header after the first item has been written.
 */
int via_call_add_header(struct via_call *call, const char *key, const char *value);
int via_call_add_header_bin(struct via_call *call, const char *key, const void *data,
                            size_t size);
int via_call_add_trailer(struct via_call *call, const char *key, const char *value);
int via_call_add_trailer_bin(struct via_call *call, const char *key, const void *data,
                             size_t size);

/*
 * Whether nobody waits for the answer any more: the caller has given up, its link has ended, or
 * it is overdue. It must be answered all the same. From any thread, while the call lives.
 */
bool via_call_cancelled(const struct via_call *call);

/*
 * Calls @on_cancel with @user, once, in the server's thread, when via_call_cancelled() becomes
 * true; if it is already, before this returns; never after the call was answered, and not while
 * work of via_call_offload() has the call, which asks via_call_cancelled(). Replaces the one
 * before; NULL: none. Within it the call may be answered.
 */
void via_call_on_cancel(struct via_call *call,
                        void (*on_cancel)(void *user, struct via_call *call), void *user);

/* --- answering later --- */

/*
 * Lets the call outlive its handler: `return via_call_defer(call);`. The call, its arguments
 * and its stream then live until it is answered, by the generated X_op_reply(), by
 * via_call_reply() or by via_call_end(): exactly once, also if it is cancelled. A server that
 * drains waits for it. Returns VIA_DEFERRED; for a oneway operation VIA_OK, since nobody waits,
 * and for a call that is deferred already VIA_DEFERRED too. VIA_RESOURCE_EXHAUSTED: so many are
 * open that max_calls, max_calls_per_uid or max_open_calls forbids more; the call is not
 * deferred, so look before it is given to anybody.
 */
int via_call_defer(struct via_call *call);

/*
 * Answers a deferred call with @response, a message of the method's type, which is read now and
 * stays yours; it may hold what via_call_alloc() made. From any thread; @call is gone
 * afterwards, whatever is returned. Within via_call_offload() it only keeps the answer, for when
 * the work returns.
 *
 * VIA_INVALID_ARGUMENT, VIA_RESOURCE_EXHAUSTED: the response breaks a rule of the .idl or is
 * larger than the caller takes; the caller is then told VIA_INTERNAL or VIA_RESOURCE_EXHAUSTED.
 * VIA_CANCELLED: nobody waited for it. VIA_FAILED_PRECONDITION: the call was not deferred; then
 * it is not gone.
 */
int via_call_reply(struct via_call *call, const void *response);

/*
 * Ends a deferred call with @code, and with the sentence or exception that via_call_fail() or
 * via_call_raise() has set before. From any thread; @call is gone afterwards. VIA_OK as @code is
 * an answer without its results, and reaches the caller as VIA_INTERNAL. Returns as
 * via_call_reply().
 */
int via_call_end(struct via_call *call, int code);

/*
 * Runs @work with @user on libuv's thread pool, and ends the call when it returns: with what
 * X_op_reply() was given inside, if it returns VIA_OK, else with the code that it returns (and
 * the words of via_call_fail()). For the handler to return: `return via_call_offload(call,
 * count, self);`. @user is borrowed until @work has returned. The call belongs to the thread of
 * @work meanwhile; there via_stream_read() and via_stream_write() block. Returns VIA_DEFERRED,
 * or VIA_RESOURCE_EXHAUSTED if there is no memory, or as via_call_defer(); then @work is not run.
 */
int via_call_offload(struct via_call *call, int (*work)(struct via_call *call, void *user),
                     void *user);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop
#endif
