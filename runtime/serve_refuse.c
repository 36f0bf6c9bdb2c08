/*
 * serve_refuse.c - calls that are not served, and why, in words
 *
 * Whatever is wrong with a call ends that call only. What serve.c sees at once to be as usual does
 * not pass here.
 */
#include <errno.h>
#include "metadata.h"
#include "serve.h"

int via_serve_no_memory(struct via_call *call) {
        return via_call_fail(call, VIA_RESOURCE_EXHAUSTED, "the server has no memory for the call");
}

/*
 * Says in words why a request could not be decoded; the bytes may be the peer's, and others by
 * now.
 */
int via_serve_bad_request(struct via_call *call, const uint8_t *body, size_t size, void *request) {
        struct via_error why = VIA_ERROR_INIT;
        int code;

        code = via_message_decode(call->served->method->request, body, size, call->session->limits,
                                  &call->arena, request, &why);
        via_call_fail(call, code ? (enum via_code)code : VIA_INVALID_ARGUMENT,
                      "the request could not be decoded: %s", why.message ? why.message : "");
        via_error_fini(&why);
        return code ? code : VIA_INVALID_ARGUMENT;
}

/* There is no memory for another call, or nothing is served here: says so without one. */
void via_serve_turn_away(struct via_session *session, const struct via_event *ev, int code) {
        struct via_call call = { .session = session, .high = ev->high, .id = ev->id };

        via_arena_init(&call.arena, 0);
        if (code == VIA_UNIMPLEMENTED)
                via_call_fail(&call, VIA_UNIMPLEMENTED, "the client serves nothing");
        else
                via_serve_no_memory(&call);
        if (!ev->oneway)
                via_call_say(&call, code, NULL);
        via_arena_fini(&call.arena);
}

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

static int take_metadata(struct via_call *call, const struct via_event *ev) {
        int r = -ENOMEM;

        if (!call->metadata)
                call->metadata = via_metadata_new();
        if (call->metadata)
                r = via_metadata_read(call->metadata, ev->meta, ev->meta_size);
        if (r == -ENOMEM)
                return via_serve_no_memory(call);
        if (r < 0)
                return via_call_fail(call, VIA_INVALID_ARGUMENT, "the call's metadata are wrong");
        call->has_metadata = true;
        return VIA_OK;
}

/* What keeps the call @ev from being served, or VIA_OK. */
int via_serve_refuse(struct via_call *call, const struct via_event *ev, int64_t now) {
        if (ev->too_big)
                return too_big(call, ev);
        if (!call->served)
                return via_call_fail(call, VIA_UNIMPLEMENTED,
                                     "the server has no such method (number %016llx)",
                                     (unsigned long long)ev->method);
        if (call->session->closing)
                return via_call_fail(call, VIA_UNAVAILABLE, "the server is shutting down");
        if (call->session->delivering > VIA_SESSION_NESTED_MAX)
                return via_call_fail(call, VIA_RESOURCE_EXHAUSTED,
                                     "calls within calls are nested %d deep already",
                                     VIA_SESSION_NESTED_MAX);
        if (now >= call->due)
                return via_call_fail(call, VIA_DEADLINE_EXCEEDED,
                                     "the call was overdue before its turn came");
        return ev->meta_size != 0 ? take_metadata(call, ev) : VIA_OK;
}
