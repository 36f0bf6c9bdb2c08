#pragma once
/*
 * serve.h - what an end of a link serves, and the calls that it is serving
 *
 * A call is taken from the idle ones when it comes and is put back when it has been answered,
 * so that serving allocates nothing in the steady state, whatever is nested.
 */
#include <via/idl.h>
#include "arena.h"
#include "codec.h"
#include "methods.h"
#include "session.h"

struct via_call {
        struct via_session      *session;
        struct via_dispatch     *dispatch;
        const struct via_served *served;
        /* request, response and what the handler makes */
        struct via_arena         arena;
        int64_t                  due;
        bool                     high;          /* as it came, so goes its reply */
        char                    *text;          /* of a failure; in the arena */
        const struct via_type   *raised;
        const void              *exception;     /* in the arena */
        struct via_call         *next;          /* while idle */
};

struct via_dispatch {
        struct via_methods methods;
        struct via_call   *idle;
};

/* A default message of @type that lives as long as @call, or NULL. */
static inline void *via_call_message(struct via_call *call, const struct via_type *type) {
        void *message = via_arena_take(&call->arena, type->desc.sizeof_message, VIA_ARENA_ALIGN);

        if (message)
                via_message_default(type, message);
        return message;
}

void via_dispatch_fini(struct via_dispatch *dispatch);

void via_serve(struct via_session *session, const struct via_event *ev, int64_t came, int64_t now);
