/*
 * serve.c - one call of the peer's: decode, run the handler, encode its answer
 *
 * The answer is queued in the turn that brought the request. Whatever is wrong with a call ends
 * that call only.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "failure.h"
#include "serve.h"

/*
 * Queues the reply that says no: @code, the call's sentence, and the exception if one was
 * raised.
 */
__attribute__((cold))
static void reply_failure(struct via_call *call, uint32_t id, int code) {
        struct via_pump *pump = &call->session->pump;
        struct via_failure f = { .text = call->text };
        size_t size = 0;
        uint8_t *room;

        f.text_size = call->text ? strnlen(call->text, WIRE_TEXT_MAX) : 0;
        if (call->raised && via_message_size(call->raised, call->exception, &size, NULL) == 0) {
                f.exception = via_method_id(call->raised->desc.name);
                f.body_size = size;
        }
        if (via_failure_size(&f) > pump->conn.peer_message)     /* the code is what matters most */
                f = (struct via_failure){ 0 };
        room = via_pump_reserve_for(pump, call->high, WIRE_HEADER + via_failure_size(&f));
        if (!room)
                /* the caller's deadline will tell */
                return;
        wire_put_header(room, &(struct wire_header){ .length = (uint32_t)via_failure_size(&f),
                                                     .type = WIRE_REPLY,
                                                     .id = id,
                                                     .value = (uint32_t)code });
        size = via_failure_put(room + WIRE_HEADER, &f);
        if (f.exception)
                via_message_encode(call->raised, call->exception, room + WIRE_HEADER + size,
                                   f.body_size);
        via_pump_commit(pump, WIRE_HEADER + via_failure_size(&f));
}

/* Says in words what is wrong with a result. */
__attribute__((cold))
static int bad_response(struct via_call *call, const void *response) {
        struct via_error why = VIA_ERROR_INIT;
        size_t size;

        via_message_size(call->served->method->response, response, &size, &why);
        via_call_fail(call, VIA_INTERNAL, "the result breaks the interface: %s",
                      why.message ? why.message : "");
        via_error_fini(&why);
        return VIA_INTERNAL;
}

__attribute__((cold))
static int big_response(struct via_call *call, size_t size, const struct via_conn *conn) {
        bool clients = conn->peer_message < conn->max_message;

        return via_call_fail(call, VIA_RESOURCE_EXHAUSTED,
                             "the response has %zu bytes, more than the %s max_message, %llu", size,
                             clients ? "client's" : "server's",
                             (unsigned long long)(clients ? conn->peer_message
                                                          : conn->max_message));
}

__attribute__((cold))
static int no_memory(struct via_call *call) {
        return via_call_fail(call, VIA_RESOURCE_EXHAUSTED, "the server has no memory for the call");
}

/* Queues the answer; or returns why it cannot be sent. */
static int reply_response(struct via_call *call, uint32_t id, const void *response) {
        const struct via_type *type = call->served->method->response;
        struct via_pump *pump = &call->session->pump;
        const struct via_conn *conn = &pump->conn;
        uint8_t *room;
        size_t size;

        if (via_message_size(type, response, &size, NULL) != VIA_OK)
                return bad_response(call, response);
        if (size > conn->peer_message || size > conn->max_message)
                return big_response(call, size, conn);
        room = via_pump_reserve_for(pump, call->high, WIRE_HEADER + size);
        if (!room)
                return no_memory(call);
        wire_put_header(room, &(struct wire_header){
                                      .length = (uint32_t)size, .type = WIRE_REPLY, .id = id });
        via_message_encode(type, response, room + WIRE_HEADER, size);
        via_pump_commit(pump, WIRE_HEADER + size);
        return VIA_OK;
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
static inline int decode(struct via_call *call, const struct via_event *ev, void **ret_request) {
        const struct via_type *type = call->served->method->request;
        void *request = via_arena_take(&call->arena, type->desc.sizeof_message, VIA_ARENA_ALIGN);

        if (!request)
                return no_memory(call);
        if (via_message_decode(type, ev->body, ev->size, call->session->limits, &call->arena,
                               request, NULL) != VIA_OK)
                return bad_request(call, ev, request);
        *ret_request = request;
        return VIA_OK;
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

/* Runs the handler and queues its answer; or returns why not. */
static int run(struct via_call *call, const struct via_event *ev) {
        const struct via_method *method = call->served->method;
        void *request = NULL, *response = NULL;
        int code;

        code = decode(call, ev, &request);
        if (code)
                return code;
        if (method->response) {
                response = via_call_message(call, method->response);
                if (!response)
                        return no_memory(call);
        }
        code = method->invoke(call, call->served->ops, request, response);
        if (code)
                return check_code(call, code);
        return ev->oneway || !response ? VIA_OK : reply_response(call, ev->id, response);
}

static struct via_call *take_call(struct via_dispatch *dispatch) {
        struct via_call *call = dispatch->idle;

        if (call) {
                dispatch->idle = call->next;
                return call;
        }
        call = calloc(1, sizeof(*call));
        if (call)
                via_arena_init(&call->arena, 0);
        return call;
}

static void put_call(struct via_dispatch *dispatch, struct via_call *call) {
        call->next = dispatch->idle;
        dispatch->idle = call;
}

/* Frees the calls that are idle: none may be in progress. */
void via_dispatch_fini(struct via_dispatch *dispatch) {
        while (dispatch->idle) {
                struct via_call *call = dispatch->idle;

                dispatch->idle = call->next;
                via_arena_fini(&call->arena);
                free(call);
        }
        via_methods_fini(&dispatch->methods);
}

/* What keeps the call @ev from being served, or VIA_OK. */
static inline int refuse(struct via_call *call, const struct via_event *ev, int64_t now) {
        if (__builtin_expect(!call->served, 0))
                return via_call_fail(call, VIA_UNIMPLEMENTED,
                                     "the server has no such method (number %016llx)",
                                     (unsigned long long)ev->method);
        if (__builtin_expect(ev->too_big, 0))
                return via_call_fail(
                        call, VIA_RESOURCE_EXHAUSTED,
                        "the request has %zu bytes, more than the server's max_message, %llu",
                        ev->size, (unsigned long long)call->session->pump.conn.max_message);
        if (__builtin_expect(now >= call->due, 0))
                return via_call_fail(call, VIA_DEADLINE_EXCEEDED,
                                     "the call was overdue before its turn came");
        return VIA_OK;
}

/* There is no memory for another call: says so without one. */
__attribute__((cold)) static void no_call(struct via_session *session, const struct via_event *ev) {
        struct via_call call = { .session = session, .high = ev->high };

        if (!ev->oneway)
                reply_failure(&call, ev->id, no_memory(&call));
        via_arena_fini(&call.arena);
}

/*
 * Serves the call @ev, which @came in a moment ago or, if others were before it, longer.
 * Nothing of it is left afterwards but a reply that is queued.
 */
void via_serve(struct via_session *session, const struct via_event *ev, int64_t came, int64_t now) {
        struct via_dispatch *dispatch = session->dispatch;
        struct via_call *call = take_call(dispatch);
        int code;

        if (!call) {
                no_call(session, ev);
                return;
        }
        via_arena_rewind(&call->arena);
        call->session = session;
        call->dispatch = dispatch;
        call->served = via_methods_find(&dispatch->methods, ev->method);
        call->due = came + ev->value;
        call->high = ev->high;
        call->text = NULL;
        call->raised = NULL;
        code = refuse(call, ev, now);
        if (!code)
                code = run(call, ev);
        if (code && !ev->oneway)
                reply_failure(call, ev->id, code);
        put_call(dispatch, call);
}
