/*
 * serve.c - a call of the peer's comes: its request is decoded and its handler run
 *
 * The answer is queued in the turn that brought the request, unless the handler says that it
 * comes later. Whatever is wrong with a call ends that call only.
 */
#include <stdlib.h>
#include <string.h>
#include "serve.h"
#include "stream.h"

/* Decodes the request, @size bytes at @body, into memory of the call's. */
static VIA_IN_LINE int decode(struct via_call *call, const struct via_type *type,
                              const uint8_t *body, size_t size, void **ret_request) {
        void *request = via_call_room(call, type, &call->request);

        if (__builtin_expect(!request, 0))
                return via_serve_no_memory(call);
        *ret_request = request;
        if (__builtin_expect(via_decode_to(type, body, size, call->session->limits, &call->arena,
                                           request) != VIA_OK, 0))
                return via_serve_bad_request(call, body, size, request);
        return VIA_OK;
}

/* The same for those who want to see it before it is its turn. */
int via_serve_decode(struct via_call *call, const struct via_event *ev, void **ret_request) {
        return decode(call, call->served->method->request, ev->body, ev->size, ret_request);
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
                return via_serve_no_memory(call);
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
static VIA_IN_LINE int invoke(struct via_call *call, const struct via_served *served,
                              void *request, void **ret_response) {
        const struct via_method *method = served->method;
        void *response = NULL;
        int code;

        if (method->response) {
                response = via_call_room(call, method->response, &call->response);
                if (__builtin_expect(!response, 0))
                        return via_serve_no_memory(call);
                via_default(method->response, response);
        }
        if (__builtin_expect(method->in_item || method->out_item, 0)) {
                code = via_serve_stream(call);
                if (code)
                        return code;
        }
        code = method->invoke(call, served->ops, request, response);
        *ret_response = response;
        if (__builtin_expect(code && !(code == VIA_DEFERRED && call->later), 0))
                return check_code(call, code);
        return code;
}

/* Runs the handler with the request that is @size bytes at @body. */
static VIA_IN_LINE int run(struct via_call *call, const struct via_served *served,
                           const uint8_t *body, size_t size, void **ret_response) {
        void *request = NULL;
        int code = decode(call, served->method->request, body, size, &request);

        return code ? code : invoke(call, served, request, ret_response);
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
        return code ? code : invoke(call, call->served, request, ret_response);
}

/* A call that begins, of a peer who waits for it until @due. */
static VIA_IN_LINE void call_init(struct via_call *call, struct via_session *session,
                                  const struct via_served *served, uint32_t id, int64_t due) {
        const struct via_conn *conn = &session->pump.conn;

        via_arena_rewind(&call->arena);
        call->session = session;
        call->served = served;
        call->due = due;
        call->id = id;
        call->high = call->oneway = false;
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

/* The handler of @call has returned, or has not even run. */
static VIA_IN_LINE void finish(struct via_call *call, bool oneway, int code, void *response) {
        if (__builtin_expect(call->state != VIA_CALL_RUNS, 0)) {
                via_call_done(call, code, response);
                return;
        }
        if (!oneway && (code || response) &&
            (__builtin_expect(code || call->has_extras, 0) || !via_call_respond(call, response)))
                via_call_say(call, code, response);
        via_dispatch_put(call);
}

/* Serves the call @ev, which @came in a moment ago or, if others were before it, longer. */
void via_serve(struct via_session *session, const struct via_event *ev, int64_t came, int64_t now) {
        struct via_dispatch *dispatch = session->dispatch;
        struct via_call *call = dispatch ? via_dispatch_take(dispatch) : NULL;
        const struct via_served *served = NULL;
        void *response = NULL;
        int code;

        if (__builtin_expect(!call, 0)) {
                via_serve_turn_away(session, ev,
                                    dispatch ? VIA_RESOURCE_EXHAUSTED : VIA_UNIMPLEMENTED);
                return;
        }
        if (!ev->too_big)
                served = via_methods_find(&dispatch->methods, ev->method);
        call_init(call, session, served, ev->id, came + ev->value);
        call->high = ev->high;
        call->oneway = ev->oneway;
        code = via_serve_refuse(call, ev, now);
        if (code && dispatch->intercept)
                via_intercept_turned_down(call, code);
        else if (!code)
                code = dispatch->intercept
                               ? run_seen(call, ev, &response)
                               : run(call, served, ev->body, ev->size, &response);
        finish(call, ev->oneway, code, response);
}

/*
 * Serves the plain call @h, of a method that is @served, with nothing in its way: whether there was
 * memory for it.
 */
static VIA_IN_LINE bool serve_plain(struct via_session *session, const struct via_served *served,
                                    const struct wire_header *h, const uint8_t *body,
                                    int64_t due) {
        struct via_call *call = via_dispatch_take(session->dispatch);
        void *response = NULL;
        int code;

        if (__builtin_expect(!call, 0))
                return false;
        call_init(call, session, served, h->id, due);
        code = run(call, served, body + WIRE_METHOD, h->length - WIRE_METHOD, &response);
        finish(call, false, code, response);
        return true;
}

/*
 * Serves the events that were received, up to the first that is no plain call, as long as not more
 * than @serving->queue bytes of answers wait. What is unusual about one of them is via_serve()'s
 * business.
 */
void via_serve_plain(struct via_session *session, struct via_serving *serving) {
        struct via_dispatch *dispatch = session->dispatch;
        struct via_pump *pump = &session->pump;
        const struct via_served *served;
        struct via_event ev;
        struct wire_header h;
        const uint8_t *body;
        int64_t now;

        while (via_pump_queued(pump) <= serving->queue) {
                body = via_pump_plain(pump, &h);
                if (!body || __builtin_expect(h.type != WIRE_CALL, 0))
                        return;
                via_pump_took(pump, &h);
                via_conn_saw_call(&pump->conn, &h);
                now = via_serving_time(serving);
                served = via_methods_find(&dispatch->methods, wire_get64(body));
                if (__builtin_expect(!served || h.flags & WIRE_ONEWAY || session->closing ||
                                             dispatch->intercept || session->delivering ||
                                             now >= serving->came + h.value, 0) ||
                    !serve_plain(session, served, &h, body, serving->came + h.value)) {
                        via_conn_plain_call(&h, body, &ev);
                        via_serve(session, &ev, serving->came, now);
                }
        }
}
