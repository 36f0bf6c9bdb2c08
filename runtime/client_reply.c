/*
 * client_reply.c - what the answer to a call is: a result, a failure, metadata
 *
 * Any answer but the plain ones of client_deliver.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "client_impl.h"
#include "codec_octets.h"
#include "metadata.h"
#include "stream.h"

/*
 * Says in words why an answer could not be decoded; the bytes may be the peer's, and others by
 * now.
 */
__attribute__((cold))
static int bad_answer(struct via_client *client, const struct via_handle *handle, int code,
                                            const struct via_event *ev, struct via_error *err) {
        const struct via_method *method = handle->method;
        bool lent = handle->sync && handle->sync->arena;
        struct via_error why = VIA_ERROR_INIT;
        struct via_arena arena;
        void *response;

        code = code == VIA_RESOURCE_EXHAUSTED ? code : VIA_INTERNAL;
        via_arena_init(&arena, 0);
        response = via_arena_alloc(&arena, method->response->desc.sizeof_message);
        if (response)
                via_message_decode(method->response, ev->body, ev->size, &client->limits, &arena,
                                   response, &why);
        via_client_fail(err, client, method, code, "the response could not be decoded: %s",
                        why.message ? why.message
                        : lent      ? "no room in the arena that was lent to the call"
                                    : "no memory");
        via_error_fini(&why);
        via_arena_fini(&arena);
        return code;
}

/* The same of one that is there already. */
__attribute__((noinline)) static int decode_placed(struct via_client *client,
                                                   const struct via_handle *handle,
                                                   const struct via_event *ev,
                                                   void **ret_response) {
        return via_decode_placed(handle->method->response, ev->body, ev->size, &client->limits,
                                 handle->sync->arena, ret_response);
}

/* Decodes an answer to where it is wanted. */
static inline int decode(struct via_client *client, struct via_handle *handle,
                         const struct via_event *ev, void **ret_response) {
        const struct via_type *type = handle->method->response;
        struct via_sync *sync = handle->sync;
        struct via_arena *arena = sync && sync->arena ? sync->arena : &client->arena;

        via_arena_rewind(&client->arena);
        if (__builtin_expect(ev->placed, 0))
                return decode_placed(client, handle, ev, ret_response);
        return via_decode(type, ev->body, ev->size, &client->limits, arena, ret_response);
}

/*
 * What a blocking call has asked for becomes the caller's: in the arena that was lent, or on
 * the heap.
 */
static int hand_over(struct via_client *client, struct via_handle *handle, const void *response) {
        const struct via_type *type = handle->method->response;
        struct via_sync *sync = handle->sync;
        void *copy;

        if (sync->arena) {
                memcpy(sync->response, response, type->desc.sizeof_message);
                return VIA_OK;
        }
        copy = via_message_dup(type, response, NULL);
        if (!copy)
                return via_client_fail(sync->err, client, handle->method,
                                       VIA_RESOURCE_EXHAUSTED, "no memory for the response");
        memcpy(sync->response, copy, type->desc.sizeof_message);
        free(copy);
        return VIA_OK;
}

static int big_answer(const struct via_client *client, const struct via_handle *handle,
                      const struct via_event *ev, struct via_error *err) {
        return via_client_fail(err, client, handle->method, VIA_RESOURCE_EXHAUSTED,
                               "the response has %zu bytes, more than the client's max_message, "
                               "%llu",
                               ev->size,
                               (unsigned long long)client->session->pump.conn.max_message);
}

/* Ends a call whose answer is a failure, or fails to be one by @code. */
__attribute__((cold))
static void on_failure(struct via_client *client, const struct via_event *ev, int code) {
        struct via_handle *handle = ev->call;
        struct via_error own = VIA_ERROR_INIT;
        struct via_error *err = handle->sync ? handle->sync->err : &own;

        if (ev->too_big)
                code = big_answer(client, handle, ev, err);
        else if (ev->value)
                code = via_client_answer(err, client, handle->method, ev);
        else
                code = bad_answer(client, handle, code, ev, err);
        if (code != VIA_UNAVAILABLE || !via_client_again(client, handle, false, code) ||
            handle->sync)
                via_handle_end(client, handle, code, NULL, err);
        via_error_fini(&own);
}

__attribute__((cold)) static void bad_metadata(struct via_client *client,
                                               struct via_handle *handle) {
        static const struct via_error why = {
                .code = VIA_INTERNAL,
                .message = (char *)(uintptr_t) "the server's metadata are wrong"
        };

        via_client_end_one(client, handle, &why);
}

/* The answer of a streaming call: kept until the stream is finished. */
static void on_stream_reply(struct via_client *client, struct via_handle *handle,
                            const struct via_event *ev) {
        struct via_error err = VIA_ERROR_INIT;
        int code = VIA_OK;

        if (ev->too_big)
                code = big_answer(client, handle, ev, &err);
        else if (ev->value)
                code = via_client_answer(&err, client, handle->method, ev);
        else if (via_stream_keep_reply(handle->stream, ev->body, ev->size) < 0)
                code = via_client_fail(&err, client, handle->method, VIA_RESOURCE_EXHAUSTED,
                                       "no memory for the response");
        via_handle_end(client, handle, code, NULL, code ? &err : NULL);
        via_error_fini(&err);
}

/* What came before the answer, or with it: 0, or a code if it is no metadata. */
static int take_metadata(struct via_metadata *to, const struct via_event *ev) {
        return to ? via_metadata_read(to, ev->meta, ev->meta_size) : 0;
}

/* What is not so with every answer: true if that was all. */
__attribute__((noinline))
static bool on_special_reply(struct via_client *client, const struct via_event *ev) {
        struct via_handle *handle = ev->call;

        if (handle->outgoing)
                via_outgoing_came(handle->outgoing, ev);
        if (take_metadata(handle->trailer, ev) < 0) {
                bad_metadata(client, handle);
                return true;
        }
        if (handle->stream)
                on_stream_reply(client, handle, ev);
        return handle->stream;
}

/* The answer to any of the client's calls, which is no longer among them. */
void via_client_on_reply(struct via_client *client, const struct via_event *ev) {
        struct via_handle *handle = ev->call;
        void *response = NULL;
        int code = 0;

        handle->flying = false;
        if (__builtin_expect(handle->special, 0) && on_special_reply(client, ev))
                return;
        if (__builtin_expect(!ev->too_big && !ev->value, 1))
                code = decode(client, handle, ev, &response);
        if (__builtin_expect(code || !response, 0)) {
                on_failure(client, ev, code);
                return;
        }
        if (handle->sync)
                code = hand_over(client, handle, response);
        via_handle_end(client, handle, code, response, NULL);
}

/* The server's metadata come before its first item, or before the answer. */
void via_client_on_head(struct via_client *client, const struct via_event *ev) {
        struct via_handle *handle = ev->call;
        void *call;

        if (handle->special && handle->outgoing)
                via_outgoing_came(handle->outgoing, ev);
        if (!handle->special || take_metadata(handle->header, ev) == 0)
                return;
        via_calls_take(&client->session->pump.conn.calls, handle->id, &call);
        handle->flying = false;
        bad_metadata(client, handle);
}
