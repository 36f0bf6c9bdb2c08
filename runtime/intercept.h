#pragma once
/*
 * intercept.h - what is told of every call beside its handler, or whoever waits for it
 *
 *      serve_intercept.c       a server's interceptors, before and after
 *      client_intercept.c      a client's
 *      outgoing.c              what a client's interceptors may ask of a call
 *      tracing.c               who is told of spans, and how traces go on
 *
 * One pointer of a dispatch, or of a client, leads here, and is NULL where nobody has asked to be
 * told: all that a call then costs is to look. What is kept of a call is a part of it, or is
 * used again for the next, so that telling allocates nothing.
 */
#include <via/idl.h>
#include <via/interceptor.h>
#include "arena.h"
#include "tracing.h"

struct via_event;
struct via_handle;

/* Who is told of the calls that come, in order. Owned by a dispatch. */
struct via_intercept {
        struct via_interception {
                const struct via_interceptor *by;
                void                         *user;
        }                 *v;
        unsigned           n;
        struct via_tracing tracing;
        struct via_stats  *stats;               /* borrowed; NULL: nothing is counted */
};

/* What is kept of a call while it is told about, as a part of it. */
struct via_seen {
        const struct via_event *ev;             /* while `before` runs: where the request is */
        void                   *request;        /* decoded before its turn, in the arena */
        const void             *answer;         /* of via_call_answer() */
        struct via_call_facts   facts;
        int64_t                 began;          /* µs */
        unsigned                n;              /* whose `before` has run */
        int                     code;           /* that was said, or is held to be */
        struct via_traced       span;
        struct via_count       *count;          /* borrowed; NULL: it is not counted */
};

struct via_intercept *via_intercept_free(struct via_intercept *intercept);

bool via_intercept_before(struct via_call *call, const struct via_event *ev, int *ret_code,
                          void **ret_request, void **ret_response);
void via_intercept_say(struct via_call *call, int code, const void *response);
void via_intercept_after(struct via_call *call, int code);
void via_intercept_turned_down(struct via_call *call, int code);

/* Who is told of the calls that a client makes. Owned by it. */
struct via_client_intercept {
        struct via_client_interception {
                const struct via_client_interceptor *by;
                void                                *user;
        }                   *v;
        unsigned             n;
        struct via_tracing   tracing;
        struct via_outgoing *idle;              /* to be used again */
};

/* What is kept of a call that a client makes, from its beginning until its end was told. */
struct via_outgoing {
        struct via_client             *client;
        const struct via_method       *method;
        const void                    *request; /* while `before` runs, as are these */
        const struct via_call_options *options;
        struct via_metadata           *metadata;        /* owned: what is sent, if has_metadata */
        struct via_arena               arena;   /* words of a failure, or the answer */
        char                          *text;
        void                          *answer;  /* a message, in the arena */
        struct via_call_facts          facts;
        int64_t                        began;   /* µs */
        uint32_t                       timeout_ms;
        unsigned                       n;       /* whose `before` has run */
        struct via_traced                span;
        bool                           has_metadata;
        bool                           answered;
        struct via_outgoing           *next;    /* while idle */
};

struct via_client_intercept *via_client_intercept_of(struct via_client *client);
struct via_client_intercept *via_client_intercept_free(struct via_client_intercept *intercept);

int  via_client_begin_seen(struct via_client *client, const struct via_method *method,
                          const struct via_call_options *options, const void *request,
                          struct via_handle *handle, struct via_error *err);
int  via_outgoing_own_metadata(struct via_outgoing *outgoing);
void via_outgoing_came(struct via_outgoing *outgoing, const struct via_event *ev);
void via_outgoing_after(struct via_handle *handle, int code);
void via_outgoing_put(struct via_client *client, struct via_handle *handle);
