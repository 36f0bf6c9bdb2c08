#pragma once
/*
 * client_impl.h - what the files of the client share
 *
 *      client.c        opening and closing
 *      client_connect.c  from an endpoint or its name to a link
 *      client_call.c   starting a call, and waiting for it
 *      client_async.c  calls that nobody waits for: their handles
 *      client_back.c   what a client serves, and the clients that a server has
 *      client_intercept.c  who is asked before a call is made, and told of its end
 *      client_turn.c   what a turn of either driver does with a client: answers, deadlines, the
 *      end of the link
 *      client_error.c  what went wrong, in words
 */
#include <via/client.h>
#include <via/idl.h>
#include "arena.h"
#include "endpoint.h"
#include "intercept.h"
#include "loop_uv.h"
#include "session.h"

/* A blocking call in progress: where its result goes. Lives on the stack of via_client_call(). */
struct via_sync {
        bool              done;
        int               code;
        void             *response;
        struct via_arena *arena;                /* NULL: heap */
        struct via_error *err;
};

/* How a call ends is told to one of: a blocking call, a stream, or a function. */
struct via_handle {
        const struct via_method *method;
        struct via_sync         *sync;
        struct via_stream       *stream;
        via_reply_fn             reply;         /* NULL: on_done is a via_done_fn */
        via_any_fn               on_done;
        void                    *user;
        struct via_metadata     *header, *trailer;      /* lent, or NULL */
        struct via_client       *client;
        /* owned; of one that ended by itself, not yet told */
        struct via_error        *why;
        struct via_outgoing     *outgoing;      /* owned: what interceptors see; or NULL */
        uint32_t                 timeout_ms;
        uint32_t                 id;
        bool                     high;
        bool                     flying;        /* among the calls in flight */
        bool                     special;       /* it has a stream, wants metadata, or is seen */
        struct via_handle       *next;          /* while idle, or ending */
};

enum { VIA_CLIENT_TIMEOUT_MS = 30000 };

struct via_client {
        struct via_session *session;
        struct via_session  own;                /* the one that it has opened itself */
        struct via_pool     pool;
        struct via_limits   limits;
        struct via_dispatch *dispatch;          /* what it serves; NULL: nothing */
        struct via_client_intercept *intercept; /* owned; NULL: nobody else is told of calls */
        struct via_metadata *onward;            /* owned: of a call that goes on in a trace */
        struct via_arena    arena;              /* of the response being delivered */
        /* why the link has ended; code VIA_OK: it has not */
        struct via_error    dead;
        struct via_handle  *idle;               /* to be used again */
        /* ended by themselves, and to be told so in the next turn, oldest first */
        struct via_handle  *ending, **ending_last;
        /* oneway ones that are on their way, oldest first */
        struct via_handle  *leaving, **leaving_last;
        char               *endpoint;
        uint32_t            timeout_ms;
        unsigned            delivering;         /* inside on_done */

        uv_loop_t          *loop;               /* NULL: a blocking client, and so are these */
        struct via_watch   *watch;
        struct via_timer   *timer;
        bool                back;               /* it is a server's, over a link of its own */
        bool                held;               /* there is more to be delivered */
        unsigned            swept;              /* session->delivering when that was so last */
        bool                awake;              /* the tail is to receive, not only to send */
        bool                again;              /* a turn was cut short while it looked for more */
};

/* How long a call of @method may take, if nobody shortens it. */
static inline uint32_t via_client_timeout(const struct via_client *client,
                                          const struct via_method *method,
                                          const struct via_call_options *options) {
        if (options && options->timeout_ms)
                return options->timeout_ms;
        return method->timeout_ms ? method->timeout_ms : client->timeout_ms;
}

int  via_client_connect(struct via_endpoint *endpoint, const struct via_names *names,
                       const char *text, const struct via_client_options *options,
                       struct via_link **ret_link, unsigned *ret_which, struct via_error *err);
int  via_client_begin(struct via_client *client, const struct via_method *method,
                     const struct via_call_options *options, const void *request,
                     struct via_handle *pending, struct via_error *err);

void via_client_wake(void *client);
void via_client_tail(void *client);
int  via_client_send(struct via_client *client, int64_t until);
int  via_client_sleep(struct via_client *client, int64_t until);
void via_client_on_reply(struct via_client *client, const struct via_event *ev);
void via_client_on_head(struct via_client *client, const struct via_event *ev);
void via_client_expire(struct via_client *client, int64_t now);
void via_client_tell(struct via_client *client);
void via_client_forget(struct via_client *client);

struct via_handle *via_handle_take(struct via_client *client);
void via_handle_put(struct via_client *client, struct via_handle *handle);
bool via_handle_give_up(struct via_handle *handle);
void via_handle_end_soon(struct via_handle *handle);

struct via_client *via_client_back(struct via_session *session);
void via_client_back_end(struct via_client *client);
void via_client_back_free(struct via_client *client);

void via_client_end_all(struct via_client *client, const struct via_error *why);

int  via_client_fail(struct via_error *err, const struct via_client *client,
                    const struct via_method *method, int code, const char *format, ...)
        __attribute__((format(printf, 5, 6)));
int  via_client_answer(struct via_error *err, const struct via_client *client,
                      const struct via_method *method, const struct via_event *ev);
void via_client_lost(struct via_client *client, int r);
