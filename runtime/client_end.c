/*
 * client_end.c - how a call ends, whatever it ends by, and how whoever waits for it is told
 *
 * Each call ends once: whoever ends one has taken it out of those in flight before.
 */
#include <string.h>
#include "client_impl.h"
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
void via_handle_end(struct via_client *client, struct via_handle *handle, int code,
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
        via_handle_end(client, handle, (int)why->code, NULL, err);
        via_error_fini(&own);
}

/* The link is over, because of @why: so is the call, unless it is made again. */
static void lose(struct via_client *client, struct via_handle *handle,
                 const struct via_error *why) {
        bool unseen = via_client_unseen(client, handle);

        if (!handle->method->response && !unseen) {
                /* it was to be sent, and was */
                via_handle_end(client, handle, VIA_OK, NULL, NULL);
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
                        via_handle_end(client, handle, VIA_OK, handle->outgoing->answer, NULL);
                else
                        via_handle_end(client, handle,
                                       handle->why ? (int)handle->why->code : VIA_CANCELLED, NULL,
                                       handle->why ? handle->why : &none);
        }
        while (leaving) {
                struct via_handle *handle = leaving;

                leaving = handle->next;
                via_handle_end(client, handle, VIA_OK, NULL, NULL);
        }
}
