/*
 * serve_intercept.c - a server's interceptors: who is asked before a handler runs, and told after
 *
 * A call that is told about is marked (VIA_CALL_SEEN), and leaves the straight way through
 * via_serve() for that of calls which end in some other way; each of those passes here once.
 * The mark goes when the end was told. That is when the call is answered or its link ends,
 * whatever comes first: what a handler that goes on does afterwards is nobody's business, and
 * may happen when the server is no more.
 */
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "serve.h"
#include "server_impl.h"
#include "stats.h"
#include "stream.h"

int via_server_intercept(struct via_server *server, const struct via_interceptor *interceptor,
                         void *user, struct via_error *err) {
        struct via_intercept *intercept = server ? via_intercept_of(server->first.dispatch) : NULL;
        struct via_interception *v = NULL;

        if (intercept)
                v = realloc(intercept->v, (intercept->n + 1) * sizeof(*v));
        if (!v)
                return via_error_set(err, VIA_RESOURCE_EXHAUSTED, "no memory for an interceptor");
        intercept->v = v;
        v[intercept->n++] = (struct via_interception){ .by = interceptor, .user = user };
        return VIA_OK;
}

/* What @dispatch tells, made if there is nothing yet; NULL: no memory. */
struct via_intercept *via_intercept_of(struct via_dispatch *dispatch) {
        if (!dispatch->intercept)
                dispatch->intercept = calloc(1, sizeof(*dispatch->intercept));
        return dispatch->intercept;
}

/* Makes @dispatch, for another thread, tell whom @of tells: 0 or -1, no memory. */
int via_intercept_copy(struct via_dispatch *dispatch, const struct via_dispatch *of) {
        struct via_intercept *to;

        if (!of->intercept)
                return 0;
        to = via_intercept_of(dispatch);
        if (!to)
                return -1;
        to->v = calloc(of->intercept->n + 1, sizeof(*to->v));
        if (!to->v)
                return -1;
        to->n = of->intercept->n;
        if (to->n)
                memcpy(to->v, of->intercept->v, to->n * sizeof(*to->v));
        for (size_t i = 0; dispatch->methods.places && i <= dispatch->methods.mask; i++)
                dispatch->methods.places[i].count = NULL;       /* those are the other's */
        if (of->intercept->stats && via_stats_cover(of->intercept->stats, dispatch) < 0)
                return -1;
        via_tracing_set(&to->tracing, of->intercept->tracing.by, of->intercept->tracing.user);
        return 0;
}

struct via_intercept *via_intercept_free(struct via_intercept *intercept) {
        if (intercept)
                free(intercept->v);
        free(intercept);
        return NULL;
}

/* --- before --- */

/* What an interceptor may return. */
static int check_code(struct via_call *call, int code) {
        if (code == VIA_DEFERRED && !call->later)
                return via_call_fail(call, VIA_INTERNAL,
                                     "an interceptor did not defer the call that it put off");
        if (code < 0)
                return via_call_fail(call, VIA_INTERNAL, "an interceptor failed: %s",
                                     strerror(-code));
        if (code > VIA_UNAUTHENTICATED && code != VIA_DEFERRED && code != VIA_ANSWERED)
                return via_call_fail(call, VIA_UNKNOWN,
                                     "an interceptor returned %d, which is no code", code);
        return code;
}

/* Asks one after the other, while they let the call pass. The list may grow meanwhile. */
static int ask(struct via_call *call) {
        const struct via_intercept *intercept = call->dispatch->intercept;

        while (call->seen.n < intercept->n) {
                const struct via_interception *i = &intercept->v[call->seen.n++];
                int code = i->by->before ? check_code(call, i->by->before(i->user, call)) : VIA_OK;

                if (!code && (call->state & VIA_CALL_ANSWERED))
                        code = VIA_DEFERRED;    /* it was put off, and has been answered already */
                if (code)
                        return code;
        }
        return VIA_OK;
}

/*
 * Asks the interceptors about @call, whose request is in @ev: true if it may go on, with
 * *@ret_request, if that had to be decoded; else it ends by *@ret_code, with *@ret_response.
 */
bool via_intercept_before(struct via_call *call, const struct via_event *ev, int *ret_code,
                          void **ret_request, void **ret_response) {
        const struct via_method *method = call->served->method;
        struct via_seen *seen = &call->seen;
        int code = VIA_OK;

        /* Its items may come while it is put off, and must find a stream. */
        if (method->in_item || method->out_item)
                code = via_serve_stream(call);
        if (code) {
                *ret_code = code;
                return false;
        }
        *seen = (struct via_seen){ .ev = ev,
                                   .began = via_clock_us(),
                                   .count = call->served->count };
        if (seen->count)
                via_stats_begun(seen->count);
        seen->facts.bytes_in = WIRE_HEADER + WIRE_METHOD + ev->meta_size + ev->size;
        call->state |= VIA_CALL_SEEN;
        if (call->dispatch->intercept->tracing.by)
                via_tracing_serve(&call->dispatch->intercept->tracing, call);
        code = ask(call);
        seen->ev = NULL;
        *ret_request = seen->request;
        if (code == VIA_ANSWERED)
                *ret_response = (void *)(uintptr_t)seen->answer;
        *ret_code = code == VIA_ANSWERED ? VIA_OK : code;
        return code == VIA_OK;
}

int via_call_answer(struct via_call *call, const void *response) {
        const struct via_type *type = call->served->method->response;

        if (!response && type && !type->desc.n_fields)
                response = via_call_new(call, type);
        if (!response && type)
                return via_call_fail(call, VIA_INTERNAL, "the answer has no results");
        call->seen.answer = response;
        return VIA_ANSWERED;
}

const void *via_call_request(struct via_call *call) {
        struct via_seen *seen = &call->seen;

        if (!(call->state & VIA_CALL_SEEN) || !seen->ev)
                return NULL;
        if (!seen->request && via_serve_decode(call, seen->ev, &seen->request) != VIA_OK) {
                seen->request = NULL;
                call->text = NULL;              /* who asks may say something else */
        }
        return seen->request;
}

const struct via_method *via_call_table(const struct via_call *call) {
        return call->served->method;
}

/* --- after --- */

/* A call that nobody was asked about, because Via itself has turned it down. */
void via_intercept_turned_down(struct via_call *call, int code) {
        struct via_stats *stats = call->dispatch->intercept->stats;

        if (!stats)
                return;
        if (call->served && call->served->count)
                via_stats_turned_down(call->served->count, code);
        else
                via_stats_refused(stats);
}

/* Tells that @call has ended by @code, or by what kept it from being heard. */
void via_intercept_after(struct via_call *call, int code) {
        const struct via_intercept *intercept = call->dispatch->intercept;
        struct via_seen *seen = &call->seen;

        if (atomic_load(&call->over))
                code = atomic_load(&call->over);
        call->state &= (uint8_t)~VIA_CALL_SEEN;
        seen->facts.us = (uint64_t)(via_clock_us() - seen->began);
        if (call->stream) {
                seen->facts.bytes_in += call->stream->flow.received;
                seen->facts.bytes_out += call->stream->flow.sent;
        }
        while (seen->n) {
                const struct via_interception *i = &intercept->v[--seen->n];

                if (i->by->after)
                        i->by->after(i->user, call, code, &seen->facts);
        }
        via_tracing_end(&seen->span, code, &seen->facts);
        if (seen->count)
                via_stats_ended(seen->count, code, &seen->facts);
}

/* Answers a call that is an ordinary one, but that its end is told; it is idle then. */
void via_intercept_say(struct via_call *call, int code, const void *response) {
        size_t size = 0;

        if (!call->oneway && (code || response))
                code = via_call_tell(call, code, response, &size);
        call->seen.facts.bytes_out += size;
        via_intercept_after(call, code);
        via_dispatch_put(call);
}
