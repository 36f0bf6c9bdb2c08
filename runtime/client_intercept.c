/*
 * client_intercept.c - a client's interceptors: who is asked before a call is made, and told after
 *
 * Any call begins in via_client_begin(), which comes here first if somebody is to be asked, and
 * is then called again with what they have made of it. How it ends is told by whoever ends
 * it, before anybody else hears. A call that an interceptor answers never gets as far as a link.
 */
#include <stdlib.h>
#include <string.h>
#include "client_impl.h"
#include "clock.h"
#include "metadata.h"
#include "stream.h"

int via_client_intercept(struct via_client *client,
                         const struct via_client_interceptor *interceptor, void *user,
                         struct via_error *err) {
        struct via_client_interception *v = NULL;
        struct via_client_intercept *intercept;

        VIA_GUEST(client->shared);
        intercept = via_client_intercept_of(client);
        if (intercept)
                v = realloc(intercept->v, (intercept->n + 1) * sizeof(*v));
        if (!v)
                return via_error_set(err, VIA_RESOURCE_EXHAUSTED, "no memory for an interceptor");
        intercept->v = v;
        v[intercept->n++] = (struct via_client_interception){ .by = interceptor, .user = user };
        return VIA_OK;
}

/* What @client tells, made if there is nothing yet; NULL: no memory. */
struct via_client_intercept *via_client_intercept_of(struct via_client *client) {
        if (!client->intercept)
                client->intercept = calloc(1, sizeof(*client->intercept));
        return client->intercept;
}

struct via_client_intercept *via_client_intercept_free(struct via_client_intercept *intercept) {
        struct via_outgoing *o;

        if (!intercept)
                return NULL;
        while ((o = intercept->idle)) {
                intercept->idle = o->next;
                via_metadata_free(o->metadata);
                via_arena_fini(&o->arena);
                free(o);
        }
        free(intercept->v);
        free(intercept);
        return NULL;
}

/* --- what is kept of a call --- */

static struct via_outgoing *take(struct via_client *client) {
        struct via_outgoing *o = client->intercept->idle;

        if (o) {
                client->intercept->idle = o->next;
                via_arena_rewind(&o->arena);
                return o;
        }
        o = calloc(1, sizeof(*o));
        if (o) {
                o->client = client;
                via_arena_init(&o->arena, 0);
        }
        return o;
}

/* It is not needed any more: all has been told. */
void via_outgoing_put(struct via_client *client, struct via_handle *handle) {
        struct via_outgoing *o = handle->outgoing;

        handle->outgoing = NULL;
        o->next = client->intercept->idle;
        client->intercept->idle = o;
}

static void outgoing_init(struct via_outgoing *o, const struct via_method *method,
                          const struct via_call_options *options, const void *request) {
        o->method = method;
        o->request = request;
        o->options = options;
        o->text = NULL;
        o->answer = NULL;
        o->has_metadata = o->answered = false;
        o->facts = (struct via_call_facts){ 0 };
        o->n = 0;
        o->span = (struct via_traced){ 0 };
        o->began = via_clock_us();
        o->timeout_ms = via_call_timeout(o->client, method, options);
        if (options->parent && via_call_time_left(options->parent) < o->timeout_ms)
                o->timeout_ms = via_call_time_left(options->parent);
}

/* --- before --- */

static int check_code(struct via_outgoing *o, int code) {
        if (code == VIA_ANSWERED && !o->answered)
                return via_outgoing_fail(o, VIA_INTERNAL, "an interceptor gave no answer");
        if (code < 0)
                return via_outgoing_fail(o, VIA_INTERNAL, "an interceptor failed: %s",
                                         strerror(-code));
        if (code > VIA_UNAUTHENTICATED && code != VIA_ANSWERED)
                return via_outgoing_fail(o, VIA_UNKNOWN,
                                         "an interceptor returned %d, which is no code", code);
        return code;
}

/* Asks one after the other, while they let the call pass. The list may grow meanwhile. */
static int ask(struct via_outgoing *o) {
        const struct via_client_intercept *intercept = o->client->intercept;

        while (o->n < intercept->n) {
                const struct via_client_interception *i = &intercept->v[o->n++];
                int code = i->by->before ? check_code(o, i->by->before(i->user, o)) : VIA_OK;

                if (code)
                        return code;
        }
        return VIA_OK;
}

/* A blocking call gets the answer at once. */
static int hand_over(struct via_sync *sync, const struct via_method *method, const void *answer) {
        void *copy;

        sync->done = true;
        sync->code = VIA_OK;
        if (!method->response)
                return VIA_OK;
        copy = via_message_dup(method->response, answer, sync->arena);
        if (!copy)
                return VIA_RESOURCE_EXHAUSTED;
        memcpy(sync->response, copy, method->response->desc.sizeof_message);
        if (!sync->arena)
                free(copy);
        return VIA_OK;
}

/* A stream keeps it, as it would the server's, until it is finished. */
static int keep(struct via_stream *stream, const struct via_method *method, const void *answer) {
        size_t size;
        int code = via_message_size(method->response, answer, &size, NULL);

        if (code || via_stream_keep_reply(stream, NULL, size) < 0)
                return code ? code : VIA_RESOURCE_EXHAUSTED;
        via_message_encode(method->response, answer, stream->reply, size);
        return VIA_OK;
}

/* @handle ends by the answer of an interceptor; of started calls that is told in the next turn. */
static int answered(struct via_handle *handle, struct via_error *err) {
        struct via_outgoing *o = handle->outgoing;
        const struct via_method *method = o->method;
        int code = VIA_OK;

        handle->method = method;
        if (handle->sync)
                code = hand_over(handle->sync, method, o->answer);
        else if (handle->stream)
                code = keep(handle->stream, method, o->answer);
        if (code)
                via_client_fail(err, o->client, method, code,
                                code == VIA_RESOURCE_EXHAUSTED
                                        ? "no memory for the response"
                                        : "the answer of an interceptor breaks the interface");
        via_outgoing_after(handle, code);
        if (code || handle->sync)
                via_outgoing_put(o->client, handle);
        else if (!handle->stream && method->response)
                via_handle_end_soon(handle);
        return code;
}

/* As via_client_begin(), for a client whose calls are told to others. */
int via_client_begin_seen(struct via_client *client, const struct via_method *method,
                          const struct via_call_options *options, const void *request,
                          struct via_handle *handle, struct via_error *err) {
        struct via_call_options with = options ? *options : (struct via_call_options){ 0 };
        struct via_outgoing *o = take(client);
        int code;

        if (!o)
                return via_client_fail(err, client, method, VIA_RESOURCE_EXHAUSTED,
                                       "no memory for the call");
        outgoing_init(o, method, &with, request);
        handle->outgoing = o;
        handle->header = handle->trailer = NULL;
        handle->special = true;
        if (client->intercept->tracing.by)
                via_tracing_make(&client->intercept->tracing, o);
        code = ask(o);
        o->request = NULL;
        o->options = NULL;
        if (code == VIA_ANSWERED)
                return answered(handle, err);
        with.timeout_ms = o->timeout_ms;
        if (o->has_metadata)
                with.metadata = o->metadata;
        if (code)
                via_client_fail(err, client, method, code, "%s",
                                o->text ? o->text : via_code_text(code));
        else if (!o->timeout_ms)
                code = via_client_fail(err, client, method, VIA_DEADLINE_EXCEEDED,
                                       "the call has no time left");
        else
                code = via_client_begin(client, method, &with, request, handle, err);
        if (code && !(handle->sync && handle->sync->again)) {
                via_outgoing_after(handle, code);
                via_outgoing_put(client, handle);
        }
        return code;
}

/* --- after --- */

/* The answer has come, or what comes before it. */
void via_outgoing_came(struct via_outgoing *o, const struct via_event *ev) {
        o->facts.bytes_in += WIRE_HEADER + ev->meta_size + ev->size;
}

/* Tells that the call of @handle has ended by @code; once. */
void via_outgoing_after(struct via_handle *handle, int code) {
        struct via_outgoing *o = handle->outgoing;
        const struct via_client_intercept *intercept = o->client->intercept;

        if (!o->n && !o->span.kept)
                return;
        o->facts.us = (uint64_t)(via_clock_us() - o->began);
        if (handle->stream) {
                o->facts.bytes_in += handle->stream->flow.received;
                o->facts.bytes_out += handle->stream->flow.sent;
        }
        o->client->delivering++;
        while (o->n) {
                const struct via_client_interception *i = &intercept->v[--o->n];

                if (i->by->after)
                        i->by->after(i->user, o, code, &o->facts);
        }
        via_tracing_end(&o->span, code, &o->facts);
        o->client->delivering--;
}
