/*
 * serve.c - a call of the peer's comes: its request is decoded and its handler run
 *
 * The answer is queued in the turn that brought the request, unless the handler says that it
 * comes later. Whatever is wrong with a call ends that call only.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "metadata.h"
#include "serve.h"
#include "stream.h"

__attribute__((cold))
static int no_memory(struct via_call *call) {
        return via_call_fail(call, VIA_RESOURCE_EXHAUSTED, "the server has no memory for the call");
}

/*
 * Says in words why a request could not be decoded; the bytes may be the peer's, and others by
 * now.
 */
__attribute__((cold))
static int bad_request(struct via_call *call, const struct via_event *ev, void *request) {
        struct via_error why = VIA_ERROR_INIT;
        int code;

        code = via_message_decode(call->served->method->request, ev->body, ev->size,
                                  call->session->limits, &call->arena, request, &why);
        via_call_fail(call, code ? (enum via_code)code : VIA_INVALID_ARGUMENT,
                      "the request could not be decoded: %s", why.message ? why.message : "");
        via_error_fini(&why);
        return code ? code : VIA_INVALID_ARGUMENT;
}

/* Decodes the request into the call's arena. */
static VIA_IN_LINE int decode(struct via_call *call, const struct via_event *ev,
                              void **ret_request) {
        const struct via_type *type = call->served->method->request;
        int code = via_decode(type, ev->body, ev->size, call->session->limits, &call->arena,
                              ret_request);

        if (__builtin_expect(code, 0))
                return *ret_request ? bad_request(call, ev, *ret_request) : no_memory(call);
        return VIA_OK;
}

/* The same for those who want to see it before it is its turn. */
int via_serve_decode(struct via_call *call, const struct via_event *ev, void **ret_request) {
        return decode(call, ev, ret_request);
}

/* What a handler may return: a code, or a negative errno by habit. */
__attribute__((cold))
static int check_code(struct via_call *call, int code) {
        if (code == VIA_UNIMPLEMENTED && !call->text)
                return via_call_fail(call, VIA_UNIMPLEMENTED,
                                     "the server does not implement %s",
                                     call->served->method->name);
        if (code < 0)
                return via_call_fail(call, VIA_INTERNAL, "the handler failed: %s", strerror(-code));
        if (code > VIA_UNAUTHENTICATED && !call->text)
                return via_call_fail(call, VIA_UNKNOWN, "the handler returned %d, which is no code",
                                     code);
        return code > VIA_UNAUTHENTICATED ? VIA_UNKNOWN : code;
}

/* A streaming call is open from the beginning: its items may come at any time. */
int via_serve_stream(struct via_call *call) {
        const struct via_method *method = call->served->method;
        uint8_t state = (uint8_t)((method->out_item ? VIA_FLOW_SENDS : 0) |
                                  (method->in_item ? VIA_FLOW_RECEIVES : 0));
        struct via_stream *stream;
        int code;

        if (call->stream)                       /* an interceptor has seen to it */
                return VIA_OK;
        if (call->oneway)
                return via_call_fail(call, VIA_INVALID_ARGUMENT, "a stream cannot be oneway");
        stream = calloc(1, sizeof(*stream));
        if (!stream)
                return no_memory(call);
        stream->method = method;
        stream->served = true;
        stream->shared = call->dispatch->shared;
        stream->call = call;
        stream->high = call->high;
        stream->limits = call->session->limits;
        via_conn_flow(&call->session->pump.conn, &stream->flow, state);
        call->stream = stream;
        code = via_call_open(call);
        if (code) {
                call->stream = NULL;
                free(stream);
                return code;
        }
        via_stream_join(stream, call->session, call->id);
        return VIA_OK;
}

/* Runs the handler: what it has returned, or what has kept it from running. */
static VIA_IN_LINE int invoke(struct via_call *call, void *request, void **ret_response) {
        const struct via_method *method = call->served->method;
        void *response = NULL;
        int code;

        if (method->response) {
                response = via_call_message(call, method->response);
                if (!response)
                        return no_memory(call);
        }
        if (__builtin_expect(method->in_item || method->out_item, 0)) {
                code = via_serve_stream(call);
                if (code)
                        return code;
        }
        code = method->invoke(call, call->served->ops, request, response);
        *ret_response = response;
        if (__builtin_expect(code && !(code == VIA_DEFERRED && call->later), 0))
                return check_code(call, code);
        return code;
}

/* The same, if those who are asked before let it pass. */
__attribute__((noinline, cold)) static int run_seen(struct via_call *call,
                                                    const struct via_event *ev,
                                                    void **ret_response) {
        void *request = NULL;
        int code = VIA_OK;

        if (!via_intercept_before(call, ev, &code, &request, ret_response))
                return code;
        if (!request)
                code = via_serve_decode(call, ev, &request);
        return code ? code : invoke(call, request, ret_response);
}

static inline int run(struct via_call *call, const struct via_event *ev, void **ret_response) {
        void *request = NULL;
        int code;

        if (__builtin_expect(call->dispatch->intercept != NULL, 0))
                return run_seen(call, ev, ret_response);
        code = decode(call, ev, &request);
        return code ? code : invoke(call, request, ret_response);
}

/* There is no memory for another call, or nothing is served here: says so without one. */
__attribute__((cold))
static void turn_away(struct via_session *session, const struct via_event *ev, int code) {
        struct via_call call = { .session = session, .high = ev->high, .id = ev->id };

        via_arena_init(&call.arena, 0);
        if (code == VIA_UNIMPLEMENTED)
                via_call_fail(&call, VIA_UNIMPLEMENTED, "the client serves nothing");
        else
                no_memory(&call);
        if (!ev->oneway)
                via_call_say(&call, code, NULL);
        via_arena_fini(&call.arena);
}

__attribute__((cold))
static int too_big(struct via_call *call, const struct via_event *ev) {
        const struct via_conn *conn = &call->session->pump.conn;

        if (ev->meta_size > conn->max_metadata)
                return via_call_fail(call, VIA_RESOURCE_EXHAUSTED,
                                     "the metadata have %u bytes, more than the server's "
                                     "max_metadata, %u",
                                     ev->meta_size, conn->max_metadata);
        return via_call_fail(call, VIA_RESOURCE_EXHAUSTED,
                             "the request has %zu bytes, more than the server's max_message, %llu",
                             ev->size, (unsigned long long)conn->max_message);
}

__attribute__((cold))
static int take_metadata(struct via_call *call, const struct via_event *ev) {
        int r = -ENOMEM;

        if (!call->metadata)
                call->metadata = via_metadata_new();
        if (call->metadata)
                r = via_metadata_read(call->metadata, ev->meta, ev->meta_size);
        if (r == -ENOMEM)
                return no_memory(call);
        if (r < 0)
                return via_call_fail(call, VIA_INVALID_ARGUMENT, "the call's metadata are wrong");
        call->has_metadata = true;
        return VIA_OK;
}

/* What keeps the call @ev from being served, or VIA_OK. */
static inline int refuse(struct via_call *call, const struct via_event *ev, int64_t now) {
        if (__builtin_expect(ev->too_big, 0))
                return too_big(call, ev);
        if (__builtin_expect(!call->served, 0))
                return via_call_fail(call, VIA_UNIMPLEMENTED,
                                     "the server has no such method (number %016llx)",
                                     (unsigned long long)ev->method);
        if (__builtin_expect(call->session->closing, 0))
                return via_call_fail(call, VIA_UNAVAILABLE, "the server is shutting down");
        if (__builtin_expect(call->session->delivering > VIA_SESSION_NESTED_MAX, 0))
                return via_call_fail(call, VIA_RESOURCE_EXHAUSTED,
                                     "calls within calls are nested %d deep already",
                                     VIA_SESSION_NESTED_MAX);
        if (__builtin_expect(now >= call->due, 0))
                return via_call_fail(call, VIA_DEADLINE_EXCEEDED,
                                     "the call was overdue before its turn came");
        return __builtin_expect(ev->meta_size != 0, 0) ? take_metadata(call, ev) : VIA_OK;
}

static inline void call_init(struct via_call *call, struct via_session *session,
                             const struct via_event *ev, int64_t came) {
        const struct via_conn *conn = &session->pump.conn;

        via_arena_rewind(&call->arena);
        call->session = session;
        call->served = ev->too_big ? NULL
                                   : via_methods_find(&session->dispatch->methods, ev->method);
        call->due = came + ev->value;
        call->id = ev->id;
        call->high = ev->high;
        call->oneway = ev->oneway;
        call->has_metadata = call->has_extras = call->head_sent = false;
        call->later = false;
        call->state = VIA_CALL_RUNS;
        atomic_store_explicit(&call->over, VIA_OK, memory_order_relaxed);
        call->most = conn->peer_message < conn->max_message ? conn->peer_message
                                                            : conn->max_message;
        call->text = NULL;
        call->raised = NULL;
        call->on_cancel = NULL;
}

/* Serves the call @ev, which @came in a moment ago or, if others were before it, longer. */
void via_serve(struct via_session *session, const struct via_event *ev, int64_t came, int64_t now) {
        struct via_dispatch *dispatch = session->dispatch;
        struct via_call *call = dispatch ? via_dispatch_take(dispatch) : NULL;
        void *response = NULL;
        int code;

        if (__builtin_expect(!call, 0)) {
                turn_away(session, ev, dispatch ? VIA_RESOURCE_EXHAUSTED : VIA_UNIMPLEMENTED);
                return;
        }
        call_init(call, session, ev, came);
        code = refuse(call, ev, now);
        if (!code)
                code = run(call, ev, &response);
        else if (dispatch->intercept)
                via_intercept_turned_down(call, code);
        if (__builtin_expect(call->state != VIA_CALL_RUNS, 0)) {
                via_call_done(call, code, response);
                return;
        }
        if (!ev->oneway && (code || response) &&
            (__builtin_expect(code || call->has_extras, 0) || !via_call_respond(call, response)))
                via_call_say(call, code, response);
        via_dispatch_put(call);
}
