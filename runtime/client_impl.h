#pragma once
/*
 * client_impl.h - what the files of the client share
 *
 *      client.c        opening and closing
 *      client_connect.c  from an endpoint or its name to a link
 *      client_begin.c  starting a call
 *      client_call.c   waiting for its end
 *      client_async.c  calls that nobody waits for: their handles
 *      client_back.c   what a client serves, and the clients that a server has
 *      client_intercept.c  who is asked before a call is made, and told of its end
 *      client_turn.c   what a turn does with a client, and that of the blocking driver
 *      client_loop.c   a turn in somebody's loop
 *      client_deliver.c  what has come is given to those who wait for it
 *      client_reply.c  what the answer to a call is
 *      client_end.c    how a call ends, and how that is told
 *      client_links.c  links, one after the other: states, back-off
 *      client_ready.c  what becomes of a call while there is no link
 *      client_dial.c   connecting without blocking a loop
 *      client_wait.c   calls that wait for a link
 *      client_poll.c   clients in any other loop
 *      client_shared.c clients that several threads use at once
 *      client_again.c  calls that are made again
 *      client_error.c  what went wrong, in words
 */
#include <string.h>
#include <via/client.h>
#include <via/idl.h>
#include "arena.h"
#include "clock.h"
#include "codec_octets.h"
#include "codec.h"
#include "endpoint.h"
#include "intercept.h"
#include "loop_uv.h"
#include "session.h"
#include "shared.h"

/* A blocking call in progress: where its result goes. Lives on the stack of via_client_call(). */
struct via_sync {
        bool                           done;
        bool                           again;   /* it did not end, but is to be made again ... */
        int                            code;
        uint32_t                       timeout_ms;      /* of all attempts; 0: of this one */
        int64_t                        not_before;      /* ... then or later */
        void                          *response;
        struct via_arena              *arena;   /* NULL: heap */
        struct via_error              *err;
        const struct via_call_options *options; /* borrowed, or NULL */
};

/* A call that nobody waits for, until it is sent, or in case it is sent again. */
struct via_kept {
        struct via_handle  *next, **prev;       /* while it waits for a link */
        int64_t             not_before;         /* and at least until then */
        uint32_t            retries;            /* as the options say */
        bool                patient;            /* VIA_WAIT_FOR_READY */
        uint16_t            meta_size;
        size_t              size;               /* of its frame */
        size_t              cap;                /* of a frame that there is room for */
        uint8_t             bytes[];            /* metadata and request */
};

/* How a call ends is told to one of: a blocking call, a stream, or a function. */
struct via_handle {
        /* what the end of every call comes to: a cache line of each of hundreds in flight */
        struct via_sync         *sync;
        struct via_stream       *stream;
        const struct via_method *method;
        via_reply_fn             reply;         /* NULL: on_done is a via_done_fn */
        via_any_fn               on_done;
        void                    *user;
        struct via_handle       *next;          /* while idle, or ending */
        uint32_t                 id;
        bool                     flying;        /* among the calls in flight */
        bool                     special;       /* it has a stream, wants metadata, or is seen */
        bool                     keeps;         /* `kept` is of this call */
        bool                     hoards;        /* `kept` is large */

        uint32_t                 timeout_ms;
        bool                     high;
        uint8_t                  made;          /* times that it was made again */
        bool                     waiting;       /* among those that wait for a link */
        int64_t                  due;           /* of the first attempt; 0: not begun */
        uint64_t                 end;           /* see via_pump_mark() */
        struct via_kept         *kept;          /* owned, or NULL; memory that stays when idle */
        struct via_client       *client;
        /* owned; of one that ended by itself, not yet told; NULL while it is idle */
        struct via_error        *why;
        /* owned: what interceptors see; or NULL, as while it is idle */
        struct via_outgoing     *outgoing;
        struct via_metadata     *header, *trailer;      /* if special: lent, or NULL */
};

/* What a call asks for, looked at and found good: all that its frame is made of. */
struct via_asked {
        const struct via_method *method;
        const void              *request;
        const uint8_t           *meta;
        size_t                   size, meta_size;
        uint32_t                 timeout_ms;
        bool                     high;
};

static inline size_t via_asked_size(const struct via_asked *asked) {
        return WIRE_HEADER + asked->meta_size + WIRE_METHOD + asked->size;
}

/* Writes what is before the request of the call @id into @room; returns where the request goes. */
static VIA_IN_LINE uint8_t *via_asked_head(const struct via_asked *asked, uint32_t id,
                                           uint8_t *room) {
        const struct via_method *method = asked->method;

        wire_put_header(room, &(struct wire_header){
                                      .length = (uint32_t)(via_asked_size(asked) - WIRE_HEADER),
                                      .type = WIRE_CALL,
                                      .flags = method->response ? 0 : WIRE_ONEWAY,
                                      .meta = (uint16_t)asked->meta_size,
                                      .id = id,
                                      .value = asked->timeout_ms });
        room += WIRE_HEADER;
        if (asked->meta_size)
                memcpy(room, asked->meta, asked->meta_size);
        room += asked->meta_size;
        wire_put64(room, method->id);
        return room + WIRE_METHOD;
}

/* Writes the frame of the call @id into @room: header and request, once each. */
static VIA_IN_LINE void via_asked_put(const struct via_asked *asked, uint32_t id, uint8_t *room) {
        via_encode(asked->method->request, asked->request, via_asked_head(asked, id, room),
                   asked->size);
}

enum {
        VIA_CLIENT_TIMEOUT_MS = 30000,
        VIA_CLIENT_KEPT_MAX   = 65536,          /* bytes of a call that is kept for another time */
        VIA_CLIENT_KEPT_SMALL = 4096,           /* an idle handle keeps this much for the next */
};

/* Writes into @kept, which has room, what every attempt to send the call has in common. */
static VIA_IN_LINE void via_kept_put(struct via_kept *kept, const struct via_asked *asked) {
        kept->meta_size = (uint16_t)asked->meta_size;
        if (asked->meta_size)
                memcpy(kept->bytes, asked->meta, asked->meta_size);
        via_encode(asked->method->request, asked->request, kept->bytes + asked->meta_size,
                   asked->size);
}

/* Where a client connects. Does not change, so that a thread of a pool may read it. */
struct via_place {
        struct via_names   names;
        char              *text;                /* as the application has said it */
        struct via_limits  limits;
        uint32_t           timeout_ms, connect_timeout_ms, keepalive_ms, keepalive_timeout_ms;
};

/* The links of a client, one after the other. */
struct via_links {
        /* owned; NULL: the link is a server's, and the client with it */
        struct via_place      *place;
        struct via_dial       *dial;            /* an attempt that is being made elsewhere */
        unsigned               which;           /* of the place's URIs */
        uint32_t               flags;           /* VIA_CLIENT_… */
        enum via_client_state  state;
        /* of the last back-off; 0: the last link was good */
        uint32_t               delay_ms;
        int64_t                begun;           /* when the last attempt was */
        int64_t                retry_at;        /* the next one is not before */
        uint64_t               random;
        char                  *ended;           /* why the last link has, in words; or NULL */
        struct via_stream     *strays;          /* streams that have no link */
        struct via_handle     *waiting, **waiting_last; /* the oldest first */
        unsigned               n_waiting;
        size_t                 waiting_bytes;
        void                 (*on_state)(void *user, struct via_client *client,
                         enum via_client_state state);
        void                  *user;
};

struct via_client {
        struct via_session *session;
        struct via_session  own;                /* the one that it has opened itself */
        struct via_pool     pool;
        struct via_limits   limits;
        struct via_dispatch *dispatch;          /* what it serves; NULL: nothing */
        struct via_client_intercept *intercept; /* owned; NULL: nobody else is told of calls */
        struct via_metadata *onward;            /* owned: of a call that goes on in a trace */
        struct via_arena    arena;              /* of the response being delivered */
        /* why there is no link; code VIA_OK: there is one */
        struct via_error    dead;
        struct via_links    links;
        struct via_handle  *idle;               /* to be used again */
        /* ended by themselves, and to be told so in the next turn, oldest first */
        struct via_handle  *ending, **ending_last;
        /* oneway ones that are on their way, oldest first */
        struct via_handle  *leaving, **leaving_last;
        const char         *endpoint;           /* the place's; of a server's client, owned */
        uint32_t            timeout_ms;
        unsigned            delivering;         /* inside on_done */
        unsigned            entered;            /* functions of it that are on the stack */
        bool                closing;            /* it is freed when the last of them returns */
        bool                barred;             /* no link, or one whose server is leaving */
        /* it may have no link, or calls that wait, end or leave */
        bool                alert;
        size_t              kept_bytes;         /* memory of all that is kept for another time */
        /* when the first call was begun within this delivery, or 0; and its id */
        int64_t             now;
        uint32_t            first;

        uv_loop_t          *loop;               /* NULL: a blocking client, and so are these */
        uv_loop_t          *polled;             /* owned, and the same; or NULL */
        struct via_shared  *shared;             /* NULL: only one thread uses it */
        bool                odd;                /* it has one of these three */
        struct via_watch   *watch;
        struct via_timer   *timer;
        bool                back;               /* it is a server's, over a link of its own */
        bool                held;               /* there is more to be delivered */
        unsigned            swept;              /* session->delivering when that was so last */
        bool                awake;              /* the tail is to receive, not only to send */
        bool                again;              /* a turn was cut short while it looked for more */
};

/* Whether this thread may wait here: it is no loop's, nor in a function within another. */
static inline bool via_client_may_wait(const struct via_client *client) {
        return !client->odd || (client->shared && client->shared->depth == 1);
}

/* How long a call of @method may take, if nobody shortens it. */
static inline uint32_t via_call_timeout(const struct via_client *client,
                                        const struct via_method *method,
                                        const struct via_call_options *options) {
        if (options && options->timeout_ms)
                return options->timeout_ms;
        return method->timeout_ms ? method->timeout_ms : client->timeout_ms;
}

int  via_place_new(struct via_place **ret_place, const char *text,
                  const struct via_client_options *options, struct via_error *err);
struct via_place *via_place_free(struct via_place *place);
int  via_place_check(const struct via_place *place, struct via_endpoint *endpoint,
                    struct via_error *err);
int  via_place_connect(const struct via_place *place, int64_t until,
                      struct via_endpoint *endpoint, struct via_link **ret_link,
                      unsigned *ret_which, struct via_error *err);

void via_links_lost(struct via_client *client);
void via_links_close(struct via_client *client);
void via_links_try(struct via_client *client);
void via_links_put_off(struct via_client *client);
void via_links_failed(struct via_client *client, struct via_error *why);
void via_links_join(struct via_client *client, struct via_link *link,
                    const struct via_endpoint *endpoint, unsigned which);
void via_links_leave(struct via_client *client);
uint32_t via_links_next_delay(uint32_t delay_ms);
uint32_t via_links_jitter(struct via_links *links, uint32_t delay_ms);
bool via_links_may_try(const struct via_client *client, int64_t now);

int  via_client_ready(struct via_client *client, const struct via_method *method,
                     const struct via_call_options *options, struct via_handle *handle,
                     uint32_t *timeout_ms, struct via_error *err);
bool via_client_alert(struct via_client *client, int64_t *until);
int  via_client_sleep_down(struct via_client *client, int64_t until);
void via_client_settle_down(struct via_client *client);

void via_client_turn_down(struct via_client *client);
int  via_polled_new(uv_loop_t **ret_loop);
void via_polled_free(uv_loop_t *loop);

void via_dial_drop(struct via_client *client);

bool via_client_keep(struct via_client *client, struct via_handle *handle,
                     const struct via_call_options *options, size_t size);
int  via_client_queue(struct via_client *client, struct via_handle *handle,
                     const struct via_call_options *options, const struct via_asked *asked,
                     struct via_error *err);
void via_kept_rest(struct via_client *client, struct via_handle *handle);
void via_waiting_add(struct via_client *client, struct via_handle *handle, int64_t not_before);
void via_waiting_remove(struct via_client *client, struct via_handle *handle);
void via_waiting_tick(struct via_client *client, int64_t now);
void via_waiting_end(struct via_client *client, const struct via_error *why, bool all);
int64_t via_waiting_due(const struct via_client *client);

bool via_client_again(struct via_client *client, struct via_handle *handle, bool unseen, int code);
bool via_client_unseen(const struct via_client *client, const struct via_handle *handle);
void via_client_goaway(struct via_client *client, uint32_t last_id);

int  via_client_begin(struct via_client *client, const struct via_method *method,
                     const struct via_call_options *options, const void *request,
                     struct via_handle *pending, struct via_error *err);

/* Around all in which somebody may be told something, who may close the client. */
static inline void via_client_enter(struct via_client *client) {
        client->entered++;
}

void via_client_free(struct via_client *client);

static inline void via_client_leave(struct via_client *client) {
        if (__builtin_expect(--client->entered == 0 && client->closing, 0) && !client->shared)
                via_client_free(client);        /* a shared one, when nobody is inside */
}

void via_client_wake(void *client);
void via_client_tail(void *client);
int  via_client_send(struct via_client *client, int64_t until);
int  via_client_deliver(struct via_client *client);
int  via_client_receive(struct via_client *client);
int  via_client_received(struct via_client *client, int r);
void via_client_lost_sending(struct via_client *client, int r);
int  via_client_sleep(struct via_client *client, int64_t until);
void via_client_on_reply(struct via_client *client, const struct via_event *ev);
void via_client_on_head(struct via_client *client, const struct via_event *ev);
void via_client_expire(struct via_client *client, int64_t now);
void via_client_tell(struct via_client *client);
void via_client_forget(struct via_client *client);
void via_client_unaim(struct via_client *client);

struct via_handle *via_handle_new(struct via_client *client);
void via_handle_told(struct via_client *client, struct via_handle *handle);
bool via_handle_give_up(struct via_handle *handle);
void via_handle_end_soon(struct via_handle *handle);
void via_handle_leaving(struct via_client *client, struct via_handle *handle);
void via_handle_stay(struct via_client *client, struct via_handle *handle);

/* The time for a call: of those begun within on_done it is asked once, see below. */
static inline int64_t via_client_now(struct via_client *client) {
        int64_t now = client->now;

        if (__builtin_expect(!now, 0)) {
                now = via_clock_ms();
                if (client->delivering && client->session->delivering) {
                        client->now = now;
                        client->first = client->session->pump.conn.calls.next;
                }
        }
        return now;
}

/*
 * Calls begun within on_done were all counted from when the first of them was: others have taken
 * their time since, and they leave only now.
 */
static inline void via_client_late(struct via_client *client) {
        struct via_calls *calls = &client->session->pump.conn.calls;
        int64_t now;

        if (__builtin_expect(!client->now, 1))
                return;
        now = via_clock_ms();
        if (now != client->now && client->first != calls->next)
                via_calls_postpone(calls, client->first, now - client->now);
        client->now = 0;
}

/* The first moment at which something of @client's is due. */
static inline int64_t via_client_due(const struct via_client *client) {
        const struct via_conn *conn = &client->session->pump.conn;

        return conn->calls.due < conn->opens.due ? conn->calls.due : conn->opens.due;
}

/* A handle that has neither a stream nor anything special about it; NULL: no memory. */
static inline struct via_handle *via_handle_take(struct via_client *client) {
        struct via_handle *handle = client->idle;

        if (__builtin_expect(handle != NULL, 1))
                client->idle = handle->next;
        else
                handle = via_handle_new(client);
        if (__builtin_expect(!handle, 0))
                return NULL;
        handle->sync = NULL;
        handle->stream = NULL;
        handle->special = handle->flying = handle->keeps = false;
        handle->made = 0;
        handle->due = 0;
        return handle;
}

/* Tells the function that waits for @handle, which may begin other calls. */
static VIA_IN_LINE void via_handle_call_back(struct via_client *client, struct via_handle *handle,
                                             int code, const void *response,
                                             const struct via_error *err) {
        client->delivering++;
        if (__builtin_expect(handle->reply != NULL, 1))
                handle->reply(handle->on_done, handle->user, code, response, err);
        else if (handle->on_done)
                ((via_done_fn)handle->on_done)(handle->user, code, response, err);
        client->delivering--;
}

/* To be used again: the last one first, which is still in the cache. */
static inline void via_handle_put(struct via_client *client, struct via_handle *handle) {
        if (__builtin_expect(handle->hoards, 0))
                via_kept_rest(client, handle);
        handle->next = client->idle;
        client->idle = handle;
}

/* The same of one that was told of, or may have ended by itself. */
static inline void via_handle_put_told(struct via_client *client, struct via_handle *handle) {
        if (__builtin_expect(handle->why || handle->outgoing, 0))
                via_handle_told(client, handle);
        via_handle_put(client, handle);
}

struct via_client *via_client_back(struct via_session *session);
void via_client_back_end(struct via_client *client);
void via_client_back_free(struct via_client *client);

void via_handle_end(struct via_client *client, struct via_handle *handle, int code,
                    const void *response, const struct via_error *err);
void via_client_end_all(struct via_client *client, const struct via_error *why);
void via_client_end_one(struct via_client *client, struct via_handle *handle,
                        const struct via_error *why);
void via_client_end_late(struct via_client *client, struct via_handle *handle);
int  via_client_cannot(struct via_client *client, const struct via_method *method,
                      struct via_error *err);
int  via_client_no_room(struct via_error *err, struct via_client *client,
                       const struct via_method *method, int r);

int  via_client_fail(struct via_error *err, const struct via_client *client,
                    const struct via_method *method, int code, const char *format, ...)
        __attribute__((format(printf, 5, 6)));
int  via_client_answer(struct via_error *err, const struct via_client *client,
                      const struct via_method *method, const struct via_event *ev);
void via_client_lost(struct via_client *client, int r);
