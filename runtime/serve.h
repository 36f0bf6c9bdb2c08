#pragma once
/*
 * serve.h - what an end of a link serves, and the calls that it is serving
 *
 *      serve.c         a call comes: its request, its handler
 *      serve_refuse.c  calls that are not served, and why
 *      serve_answer.c  what is said in return: results, failures, metadata
 *      serve_later.c   calls that outlive their handler: deferred, answered
 *      serve_over.c    calls that nobody waits for any more
 *      serve_work.c    handlers that block, in libuv's pool
 *      serve_intercept.c  who else is asked about a call, and told of its end
 *      dispatch.c      what is served, and answers that come from other threads
 *      call.c          what a handler may ask of its call
 *
 * A call is taken from the idle ones when it comes and is put back when it has been answered,
 * so that serving allocates nothing in the steady state, whatever is nested.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <via/idl.h>
#include "arena.h"
#include "clock.h"
#include "codec_octets.h"
#include "failure.h"
#include "intercept.h"
#include "methods.h"
#include "session.h"

struct via_budget;
struct via_metadata;
struct via_work;

enum {                                          /* via_call.state */
        VIA_CALL_RUNS     = 1,                  /* its handler is on the stack */
        VIA_CALL_OPEN     = 2,                  /* among the session's open ones */
        VIA_CALL_WORKS    = 4,                  /* its handler's work is in libuv's pool */
        VIA_CALL_ANSWERED = 8,                  /* its answer is known, perhaps not sent yet */
        VIA_CALL_REPLIED  = 16,                 /* nothing is to be sent any more */
        VIA_CALL_SEEN     = 32,                 /* its end is to be told to interceptors */
};

/* Something for the thread that serves to look at: first in what it is. */
struct via_posted {
        struct via_posted *next;
        void             (*on_posted)(struct via_posted *posted);
        bool               is;                  /* posted, and not yet looked at */
};

/* Room for a message that is not large, but for what it points to. */
struct via_small {
        _Alignas(VIA_ARENA_ALIGN) uint8_t bytes[64];
};

struct via_call {
        struct via_posted        posted;        /* first */
        struct via_session      *session;       /* NULL: its link has ended */
        struct via_dispatch     *dispatch;
        const struct via_served *served;
        /* what the handler makes, and what there is no room for in `request` and `response` */
        struct via_arena         arena;
        int64_t                  due;
        uint32_t                 id;
        bool                     high;          /* as it came, so goes its reply */
        bool                     oneway;
        bool                     has_metadata;  /* `metadata` came with it */
        bool                     has_extras;    /* there is a header or a trailer to be sent */
        bool                     head_sent;
        bool                     later;         /* it was deferred */
        uint8_t                  state;
        _Atomic int              over;          /* VIA_OK, or why nobody waits any more */
        uint64_t                 most;          /* bytes of a reply that the caller takes */
        char                    *text;          /* of a failure; in the arena */
        const struct via_type   *raised;
        const void              *exception;     /* in the arena */
        struct via_budget       *budget;        /* borrowed; NULL: it is not counted there */
        struct via_stream       *stream;        /* owned; or NULL */
        struct via_work         *work;          /* owned; or NULL */
        uint8_t                 *held;          /* owned: the reply's frame, not yet sent */
        size_t                   held_size;
        bool                     held_fails;
        void                   (*on_cancel)(void *user, struct via_call *call);
        void                    *user;
        struct via_metadata     *metadata, *header, *trailer;   /* owned, and kept for the next */
        struct via_call         *next, **prev;  /* idle, or open in the session, or posted */
        struct via_seen          seen;
        struct via_small         request, response;
};

/* What is served, by a server or a client. Counted: calls may outlive whoever made it. */
struct via_dispatch {
        struct via_methods methods;
        struct via_intercept *intercept;        /* owned; NULL: nobody else is told of calls */
        struct via_call   *idle;
        _Atomic pthread_t  thread;              /* that serves */
        bool               has_loop;            /* so that other threads may answer */
        struct via_shared *shared;              /* likewise: of a client of several; or NULL */
        atomic_uint        refs;                /* the owner's, and of calls that were deferred */
        atomic_bool        closed;              /* nobody serves any more */
        pthread_mutex_t    lock;
        struct via_posted *posted, **posted_last;       /* oldest first */
        uv_async_t        *async;               /* NULL: no loop, or closed */
};

enum { VIA_DISPATCH_CLOSED = 1, VIA_DISPATCH_DEAF };     /* expected conditions */

/* Memory for a message of @type that lives as long as @call: @small, if that is enough; or NULL. */
static inline void *via_call_room(struct via_call *call, const struct via_type *type,
                                  struct via_small *small) {
        size_t size = type->desc.sizeof_message;

        if (__builtin_expect(size <= sizeof(small->bytes), 1))
                return small->bytes;
        return via_arena_take(&call->arena, size, VIA_ARENA_ALIGN);
}

struct via_call *via_dispatch_new_call(struct via_dispatch *dispatch);
void via_dispatch_put_later(struct via_call *call);

/* A call, not initialised but for what it keeps from its last one; NULL: no memory. */
static inline struct via_call *via_dispatch_take(struct via_dispatch *dispatch) {
        struct via_call *call = dispatch->idle;

        if (__builtin_expect(!call, 0))
                return via_dispatch_new_call(dispatch);
        dispatch->idle = call->next;
        return call;
}

/* @call is over. */
static inline void via_dispatch_put(struct via_call *call) {
        struct via_dispatch *dispatch = call->dispatch;

        if (__builtin_expect(call->later, 0)) {
                via_dispatch_put_later(call);
                return;
        }
        call->next = dispatch->idle;
        dispatch->idle = call;
}

/* The calling thread serves. NULL is allowed. */
static inline void via_dispatch_here(struct via_dispatch *dispatch) {
        if (dispatch)
                atomic_store_explicit(&dispatch->thread, pthread_self(), memory_order_relaxed);
}

struct via_dispatch *via_dispatch_new(uv_loop_t *loop);
int  via_dispatch_copy(struct via_dispatch *dispatch, const struct via_dispatch *of);
void via_dispatch_close(struct via_dispatch *dispatch);
void via_dispatch_hold(struct via_call *call);
bool via_dispatch_is_here(const struct via_dispatch *dispatch);
int  via_dispatch_post(struct via_dispatch *dispatch, struct via_posted *posted);
void via_dispatch_unpost(struct via_dispatch *dispatch, struct via_posted *posted);

/* Calls that came together. */
struct via_serving {
        int64_t  came;
        int64_t  now;                           /* in the beginning: came */
        uint64_t queue;                         /* bytes of answers that may wait */
        unsigned n;                             /* calls until now */
        unsigned quick;                         /* how many of the last took no time */
};

enum { VIA_SERVING_QUICK = 16 };                /* calls that take no time, then the clock rests */

/*
 * A handler may have taken its time, so the next call may be overdue. While none takes any, not
 * every call asks the clock.
 */
static inline int64_t via_serving_time(struct via_serving *t) {
        int64_t now;

        if (t->n++ && (t->quick < VIA_SERVING_QUICK || t->n % VIA_SERVING_QUICK == 0)) {
                now = via_clock_ms();
                t->quick = now == t->now ? t->quick + 1 : 0;
                t->now = now;
        }
        return t->now;
}

void via_serve(struct via_session *session, const struct via_event *ev, int64_t came, int64_t now);
void via_serve_plain(struct via_session *session, struct via_serving *serving);
int  via_serve_no_memory(struct via_call *call) __attribute__((cold));
int  via_serve_bad_request(struct via_call *call, const uint8_t *body, size_t size, void *request)
        __attribute__((cold));
void via_serve_turn_away(struct via_session *session, const struct via_event *ev, int code)
        __attribute__((cold));
int  via_serve_refuse(struct via_call *call, const struct via_event *ev, int64_t now);
int  via_serve_decode(struct via_call *call, const struct via_event *ev, void **ret_request);
int  via_serve_stream(struct via_call *call);
struct via_intercept *via_intercept_of(struct via_dispatch *dispatch);
int  via_intercept_copy(struct via_dispatch *dispatch, const struct via_dispatch *of);

bool via_call_respond_large(struct via_call *call, const void *response, size_t size);

/* Queues a result without anything special about it: false if there is. */
static VIA_IN_LINE bool via_call_respond(struct via_call *call, const void *response) {
        const struct via_type *type = call->served->method->response;
        struct via_pump *pump = &call->session->pump;
        uint8_t *room;
        size_t size;

        if (via_size(type, response, &size) != VIA_OK || size > call->most)
                return false;
        if (__builtin_expect(size >= VIA_OCTETS_LARGE, 0) &&
            via_call_respond_large(call, response, size))
                return true;
        room = via_pump_reserve_for(pump, call->high, WIRE_HEADER + size);
        if (!room)
                return false;
        wire_put_header(room, &(struct wire_header){ .length = (uint32_t)size,
                                                     .type = WIRE_REPLY,
                                                     .id = call->id });
        via_encode(type, response, room + WIRE_HEADER, size);
        via_pump_commit(pump, WIRE_HEADER + size);
        return true;
}

int  via_call_open(struct via_call *call);
int  via_call_later(struct via_call *call);
void via_call_done(struct via_call *call, int code, const void *response);
int  via_call_hold(struct via_call *call, int code, const void *response);
void via_call_finish(struct via_call *call);
void via_call_leave(struct via_call *call);
void via_call_retire(struct via_call *call);
int  via_call_head(struct via_call *call);
void via_call_say(struct via_call *call, int code, const void *response);
int  via_call_tell(struct via_call *call, int code, const void *response, size_t *ret_size);

void via_call_items_left(struct via_call *call);
void via_call_items_end(struct via_call *call);
void via_call_given_up(struct via_call *call, int code);
void via_call_abort(struct via_call *call, int code, const char *text);
void via_call_lost(struct via_call *call);
int  via_call_over(const struct via_call *call, struct via_error *err);

void via_work_wake(struct via_work *work);
