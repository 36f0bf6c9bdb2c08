/*
 * stream_client.c - a client's end of a streaming call: from its opening to its answer
 */
#include <stdlib.h>
#include <string.h>
#include "arena.h"
#include "client_impl.h"
#include "clock.h"
#include "serve.h"
#include "stream.h"

/* Its call has been sent: from now on the machine knows it. */
void via_stream_begin(struct via_stream *stream) {
        const struct via_method *method = stream->method;
        struct via_client *client = stream->client;
        uint8_t state = (uint8_t)((method->in_item ? VIA_FLOW_SENDS : 0) |
                                  (method->out_item ? VIA_FLOW_RECEIVES : 0));
        /* as it may have been closed already */
        uint8_t closed = stream->flow.state & VIA_FLOW_CLOSED;

        stream->high = stream->handle->high;
        via_conn_flow(&client->session->pump.conn, &stream->flow, state);
        stream->flow.state |= closed;
        via_calls_flow(&client->session->pump.conn.calls, stream->handle->id, &stream->flow);
        via_stream_join(stream, client->session, stream->handle->id);
        via_stream_end(stream);
        via_stream_mark(stream);                /* if its user was told to wait */
        via_session_kick(client->session);
}

int via_stream_open(struct via_client *client, const struct via_method *method,
                    const struct via_call_options *options, const void *request,
                    struct via_stream **ret_stream, struct via_error *err) {
        struct via_stream *stream = calloc(1, sizeof(*stream));
        struct via_handle *handle;
        int code;

        VIA_GUEST(client->shared);
        handle = via_handle_take(client);
        if (!stream || !handle) {
                if (handle)
                        via_handle_put_told(client, handle);
                free(stream);
                return via_client_fail(err, client, method, VIA_RESOURCE_EXHAUSTED,
                                       "no memory for the call");
        }
        stream->method = method;
        stream->client = client;
        stream->handle = handle;
        stream->limits = &client->limits;
        stream->pool = client->session->pump.pool;
        stream->arena = options ? options->arena : NULL;
        handle->stream = stream;
        handle->special = true;
        handle->header = handle->trailer = NULL;
        code = via_client_begin(client, method, options, request, handle, err);
        if (code) {
                via_handle_put_told(client, handle);
                free(stream);
                return code;
        }
        if (handle->outgoing && handle->outgoing->answered) {
                via_stream_join(stream, client->session, 0);
                via_stream_over(stream, VIA_OK, NULL);
                via_handle_put_told(client, handle);
        } else if (handle->waiting) {
                via_stream_stray(stream);
        } else {
                via_stream_begin(stream);
        }
        if (client->shared) {
                atomic_fetch_add(&client->shared->refs, 1);
                stream->shared = client->shared;
        }
        *ret_stream = stream;
        return VIA_OK;
}

/* Keeps the bytes of the answer for via_stream_finish(), or room for them: 0 or -1. */
int via_stream_keep_reply(struct via_stream *stream, const uint8_t *body, size_t size) {
        stream->reply = malloc(size + 1);
        if (!stream->reply)
                return -1;
        if (size && body)
                memcpy(stream->reply, body, size);
        stream->reply_size = size;
        return 0;
}

/* Its call has ended, with @code and, unless that is VIA_OK, @err. */
void via_stream_over(struct via_stream *stream, int code, const struct via_error *err) {
        stream->handle = NULL;
        stream->done = true;
        if (code) {
                via_error_copy(&stream->err, err);
                stream->err.code = (enum via_code)code;
        }
        via_stream_mark(stream);
}

/* Ends the call here, as the server cannot: it is told. */
static void end_here(struct via_stream *stream, int code, const char *text) {
        struct via_handle *handle = stream->handle;
        struct via_error why = VIA_ERROR_INIT;

        if (!handle || !via_handle_give_up(handle))
                return;
        via_client_fail(&why, stream->client, stream->method, code, "%s", text);
        if (handle->outgoing)
                via_outgoing_after(handle, code);
        via_stream_over(stream, code, &why);
        via_error_fini(&why);
        via_handle_put_told(stream->client, handle);
}

/* Something is wrong with @stream, a client's or a handler's, that ends its call. */
void via_stream_fail(struct via_stream *stream, int code, const char *text) {
        if (stream->served)
                via_call_abort(stream->call, code, text);
        else
                end_here(stream, code, text);
}

void via_stream_cancel(struct via_stream *stream) {
        VIA_GUEST(stream->shared);

        if (!stream->served)
                end_here(stream, VIA_CANCELLED, "the call was cancelled");
        if (stream->shared)                     /* another thread may wait for it */
                via_shared_wake(stream->shared, false);
}

bool via_stream_done(const struct via_stream *stream) {
        VIA_GUEST(stream->shared);

        return stream->done;
}

static void stream_free(struct via_stream *stream) {
        via_stream_leave(stream);
        via_stream_fini(stream);
        via_shared_put(stream->shared);
        free(stream);
}

int via_stream_close_send(struct via_stream *stream, struct via_error *err) {
        VIA_GUEST(stream->shared);

        if (stream->served || !stream->method->in_item)
                return via_error_set(err, VIA_FAILED_PRECONDITION,
                                     "only a client that may write can close its sending side");
        if (stream->done || (stream->flow.state & VIA_FLOW_CLOSED))
                return VIA_OK;
        stream->flow.state |= VIA_FLOW_CLOSED;
        via_stream_end(stream);
        if (via_client_may_wait(stream->client) && stream->session)
                via_client_send(stream->client, via_clock_ms());
        if (stream->shared)                     /* another thread may wait to write */
                via_shared_wake(stream->shared, false);
        return VIA_OK;
}

/* Fills @response by the answer that was kept. */
static int take_reply(struct via_stream *stream, void *response, struct via_error *err) {
        const struct via_type *type = stream->method->response;
        struct via_error why = VIA_ERROR_INIT;
        struct via_arena own, *arena = stream->arena ? stream->arena : &own;
        void *message, *copy = NULL;
        int code;

        via_arena_init(&own, 0);
        message = via_arena_alloc(arena, type->desc.sizeof_message);
        code = message ? via_message_decode(type, stream->reply, stream->reply_size,
                                            stream->limits, arena, message, &why)
                       : VIA_RESOURCE_EXHAUSTED;
        if (!code && !stream->arena) {
                copy = via_message_dup(type, message, NULL);
                code = copy ? VIA_OK : VIA_RESOURCE_EXHAUSTED;
        }
        if (!code)
                memcpy(response, copy ? copy : message, type->desc.sizeof_message);
        else
                code = via_client_fail(err, stream->client, stream->method,
                                       code == VIA_RESOURCE_EXHAUSTED ? code : VIA_INTERNAL,
                                       "the response could not be decoded: %s",
                                       why.message ? why.message : "no memory");
        free(copy);
        via_error_fini(&why);
        via_arena_fini(&own);
        return code;
}

/* Waits for the answer, and drops all that comes before: VIA_OK, or VIA_LATER with a loop. */
static int wait_for_answer(struct via_stream *stream) {
        if (!stream->dropping && stream->session)
                via_stream_drop(stream);
        while (!stream->done) {
                if (!via_client_may_wait(stream->client))
                        return VIA_LATER;
                via_client_sleep(stream->client, INT64_MAX);
        }
        return VIA_OK;
}

int via_stream_finish(struct via_stream *stream, const struct via_method *method, void *response,
                      struct via_error *err) {
        int code;

        VIA_GUEST(stream->shared);
        if (stream->served || stream->method != method)
                return via_error_set(err, VIA_FAILED_PRECONDITION,
                                     "this is not the stream of a client's call of %s",
                                     method->name);
        if (method->in_item)
                via_stream_close_send(stream, NULL);
        if (wait_for_answer(stream) == VIA_LATER)
                return VIA_LATER;
        code = (int)stream->err.code;
        if (code && err) {
                via_error_fini(err);
                *err = stream->err;
                stream->err = (struct via_error)VIA_ERROR_INIT;
        } else if (!code && response) {
                code = take_reply(stream, response, err);
        }
        stream_free(stream);
        return code;
}
