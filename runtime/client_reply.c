/*
 * client_reply.c - how a call ends, and how whoever waits for it is told
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "client_impl.h"
#include "clock.h"
#include "codec_octets.h"
#include "metadata.h"
#include "stream.h"

/* Tells whoever waits for @handle. */
static inline void tell(struct via_client *client, struct via_handle *handle, int code,
                        const void *response, const struct via_error *err) {
        if (handle->sync) {                     /* it lives on the stack, with its error */
                handle->sync->code = code;
                handle->sync->done = true;
                return;
        }
        if (!handle->stream) {
                via_handle_call_back(client, handle, code, response, err);
        } else {
                via_stream_over(handle->stream, code, err);
        }
        via_handle_put_told(client, handle);
}

/* The same, when others may have to be told first. */
__attribute__((noinline, cold)) static void tell_all(struct via_client *client,
                                                     struct via_handle *handle, int code,
                                                     const void *response,
                                                     const struct via_error *err) {
        if (handle->outgoing && !(handle->sync && handle->sync->again)) {
                via_outgoing_after(handle, code);
                if (handle->sync)
                        via_outgoing_put(client, handle);
        }
        tell(client, handle, code, response, err);
}

/* Ends @handle, which is no longer among the calls. */
static void end(struct via_client *client, struct via_handle *handle, int code,
                const void *response, const struct via_error *err) {
        if (__builtin_expect(handle->special, 0))
                tell_all(client, handle, code, response, err);
        else
                tell(client, handle, code, response, err);
}

/* Ends @handle, which is no longer among the calls, by @why. */
void via_client_end_one(struct via_client *client, struct via_handle *handle,
                        const struct via_error *why) {
        struct via_error own = VIA_ERROR_INIT;
        struct via_error *err = handle->sync ? handle->sync->err : &own;

        handle->flying = false;
        via_client_fail(err, client, handle->method, (int)why->code, "%s",
                        why->message ? why->message : via_code_text((int)why->code));
        end(client, handle, (int)why->code, NULL, err);
        via_error_fini(&own);
}

/* The link is over, because of @why: so is the call, unless it is made again. */
static void lose(struct via_client *client, struct via_handle *handle,
                 const struct via_error *why) {
        bool unseen = via_client_unseen(client, handle);

        if (!handle->method->response && !unseen) {
                end(client, handle, VIA_OK, NULL, NULL);        /* it was to be sent, and was */
                return;
        }
        if (!via_client_again(client, handle, unseen, (int)why->code) || handle->sync)
                via_client_end_one(client, handle, why);
}

/* Every call in flight is over because of @why, but for those that are made again. */
void via_client_end_all(struct via_client *client, const struct via_error *why) {
        struct via_calls *calls = &client->session->pump.conn.calls;
        void *handle;
        uint32_t id;

        via_client_tell(client);
        while (calls->n)                        /* a sweep may be going on below us: then another */
                while (via_calls_expire(calls, INT64_MAX, &handle, &id) == 0)
                        lose(client, handle, why);
        while (client->leaving) {
                struct via_handle *first = client->leaving;

                client->leaving = first->next;
                lose(client, first, why);
        }
}

/* Gives @handle up, which is no longer among the calls: it is overdue. */
void via_client_end_late(struct via_client *client, struct via_handle *handle) {
        const struct via_sync *sync = handle->sync;
        struct via_error late = VIA_ERROR_INIT;

        via_error_set(&late, VIA_DEADLINE_EXCEEDED, "no response within %u ms%s%s",
                      sync && sync->timeout_ms ? sync->timeout_ms : handle->timeout_ms,
                      client->dead.message ? ", and there is no link: " : "",
                      client->dead.message ? client->dead.message : "");
        via_client_end_one(client, handle, &late);
        via_error_fini(&late);
}

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
                end(client, handle, code, NULL, err);
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
        end(client, handle, code, NULL, code ? &err : NULL);
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
        end(client, handle, code, response, NULL);
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

/* Gives up the calls that are overdue, and lets the server know. */
void via_client_expire(struct via_client *client, int64_t now) {
        struct via_session *session = client->session;
        void *call;
        uint32_t id;

        while (via_calls_expire(&session->pump.conn.calls, now, &call, &id) == 0) {
                struct via_handle *handle = call;

                via_session_put(session, handle->high,
                                &(struct wire_header){ .type = WIRE_CANCEL, .id = id });
                via_client_end_late(client, handle);
        }
        if (__builtin_expect(client->links.waiting != NULL, 0))
                via_waiting_tick(client, now);
}

bool via_client_has_news(const struct via_client *client) {
        return client->ending ||
               (client->leaving && client->session && via_pump_idle(&client->session->pump));
}

/*
 * Tells those whose calls have ended by themselves, and the oneway ones that have been sent.
 * Whoever ends meanwhile is told the next time.
 */
void via_client_tell(struct via_client *client) {
        struct via_handle *ending = client->ending, *leaving = NULL;

        client->ending = NULL;
        if (client->leaving && client->session && via_pump_idle(&client->session->pump)) {
                leaving = client->leaving;
                client->leaving = NULL;
        }
        while (ending) {
                struct via_handle *handle = ending;
                struct via_error none = { .code = VIA_CANCELLED };

                ending = handle->next;
                if (handle->outgoing && handle->outgoing->answered)
                        end(client, handle, VIA_OK, handle->outgoing->answer, NULL);
                else
                        end(client, handle,
                            handle->why ? (int)handle->why->code : VIA_CANCELLED, NULL,
                            handle->why ? handle->why : &none);
        }
        while (leaving) {
                struct via_handle *handle = leaving;

                leaving = handle->next;
                end(client, handle, VIA_OK, NULL, NULL);
        }
}
