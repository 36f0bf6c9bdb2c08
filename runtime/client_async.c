/*
 * client_async.c - calls that nobody waits for: their handles, and how they are given up
 */
#include <stdlib.h>
#include "client_begin.h"

struct via_handle *via_handle_new(struct via_client *client) {
        struct via_handle *handle = calloc(1, sizeof(*handle));

        if (handle)
                handle->client = client;
        return handle;
}

/* Forgets what was told of @handle, and why it has ended by itself. */
void via_handle_told(struct via_client *client, struct via_handle *handle) {
        if (handle->outgoing)
                via_outgoing_put(client, handle);
        if (!handle->why)
                return;
        via_error_fini(handle->why);
        free(handle->why);
        handle->why = NULL;
}

static void append(struct via_handle **first, struct via_handle ***last,
                   struct via_handle *handle) {
        handle->next = NULL;
        if (!*first)
                *last = first;
        **last = handle;
        *last = &handle->next;
        handle->client->alert = true;
}

/* @handle ends in the next turn, by what it has: why, or its interceptor's answer. */
void via_handle_end_soon(struct via_handle *handle) {
        struct via_client *client = handle->client;

        append(&client->ending, &client->ending_last, handle);
        via_session_kick(client->session);
}

/* @handle ends by @why, which it takes over, in the next turn. */
static void end_soon(struct via_handle *handle, struct via_error *why) {
        handle->flying = false;
        handle->why = malloc(sizeof(*handle->why));
        if (handle->why)
                *handle->why = *why;
        else
                via_error_fini(why);
        via_handle_end_soon(handle);
}

/* Takes @handle out of the calls in flight and lets the server know: whether it was there. */
bool via_handle_give_up(struct via_handle *handle) {
        struct via_session *session = handle->client->session;
        void *call;

        if (handle->waiting) {
                via_waiting_remove(handle->client, handle);
                return true;
        }
        if (!handle->flying || via_calls_take(&session->pump.conn.calls, handle->id, &call) != 0)
                return false;
        handle->flying = false;
        via_session_put(session, handle->high,
                        &(struct wire_header){ .type = WIRE_CANCEL, .id = handle->id });
        return true;
}

void via_handle_cancel(struct via_handle *handle) {
        struct via_error why = VIA_ERROR_INIT;

        VIA_GUEST(handle ? handle->client->shared : NULL);
        if (!handle || !via_handle_give_up(handle))
                return;
        via_client_fail(&why, handle->client, handle->method, VIA_CANCELLED,
                        "the call was cancelled");
        end_soon(handle, &why);
}

/* @handle, of a oneway call, has ended when all that is queued now has been sent. */
void via_handle_leaving(struct via_client *client, struct via_handle *handle) {
        append(&client->leaving, &client->leaving_last, handle);
}

/* Nobody waits any more for @handle, which may be among those, to be sent. */
void via_handle_stay(struct via_client *client, struct via_handle *handle) {
        struct via_handle **at = &client->leaving;

        while (*at && *at != handle)
                at = &(*at)->next;
        if (!*at)
                return;
        *at = handle->next;
        if (!*at)
                client->leaving_last = at;
}

/* Begins a call of any kind; if it cannot be, it ends in the next turn. */
__attribute__((noinline)) static void begin_any(struct via_client *client,
                                                const struct via_method *method,
                                                const struct via_call_options *options,
                                                const void *request, struct via_handle *handle) {
        struct via_error why = VIA_ERROR_INIT;

        handle->method = method;
        if (via_client_begin(client, method, options, request, handle, &why)) {
                if (!why.code)
                        why.code = VIA_RESOURCE_EXHAUSTED;
                end_soon(handle, &why);
                return;
        }
        if (!method->response && !handle->waiting)
                via_handle_leaving(client, handle);
        via_session_kick(client->session);
}

static VIA_IN_LINE struct via_handle *begin(struct via_client *client,
                                            const struct via_method *method,
                                            const struct via_call_options *options,
                                            const void *request, via_reply_fn reply,
                                            via_any_fn on_done, void *user, bool plain) {
        static const struct via_error no_memory = { .code = VIA_RESOURCE_EXHAUSTED,
                                                    .message = (char *)(uintptr_t) "no memory" };
        struct via_handle *handle = via_handle_take(client);

        if (__builtin_expect(!handle, 0)) {
                reply(on_done, user, VIA_RESOURCE_EXHAUSTED, NULL, &no_memory);
                return NULL;
        }
        handle->reply = reply;
        handle->on_done = on_done;
        handle->user = user;
        if (__builtin_expect(plain && !options && method->response, 1) &&
            via_client_begin_plain(client, method, request, handle))
                via_session_kick(client->session);
        else
                begin_any(client, method, options, request, handle);
        return handle;
}

/* The same where other threads may be inside. */
__attribute__((noinline, cold)) static struct via_handle *
begin_shared(struct via_client *client, const struct via_method *method,
             const struct via_call_options *options, const void *request, via_reply_fn reply,
             via_any_fn on_done, void *user) {
        VIA_GUEST(client->shared);

        return begin(client, method, options, request, reply, on_done, user, false);
}

struct via_handle *via_client_async(struct via_client *client, const struct via_method *method,
                                    const struct via_call_options *options, const void *request,
                                    via_reply_fn reply, via_any_fn on_done, void *user) {
        if (__builtin_expect(client->shared != NULL, 0))
                return begin_shared(client, method, options, request, reply, on_done, user);
        return begin(client, method, options, request, reply, on_done, user, true);
}
