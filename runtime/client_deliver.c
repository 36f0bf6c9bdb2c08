/*
 * client_deliver.c - what has come is given to those who wait for it
 *
 * Hundreds of results may come at once, each for a function, and there is nothing else to say of
 * nearly all of them: these are dealt with here, from the bytes received to the call of the
 * function, in one piece. All else is client_reply.c's and session.c's business. Receives nothing
 * itself.
 */
#include "client_impl.h"
#include "codec_octets.h"
#include "serve.h"

/*
 * Tells the function that waits for @handle its result, @size bytes at @body. False: it cannot be
 * decoded, and nothing has been done.
 */
static VIA_IN_LINE bool tell_result(struct via_client *client, struct via_handle *handle,
                                    const uint8_t *body, size_t size) {
        const struct via_type *type = handle->method->response;
        struct via_octets octets;
        void *response = &octets;

        /* What was received stays where it is as long as somebody is being told. */
        if (client->session->pump.view_size ||
            !via_decode_here(type, body, size, &client->limits, &octets)) {
                via_arena_rewind(&client->arena);
                if (via_decode(type, body, size, &client->limits, &client->arena, &response))
                        return false;
        }
        handle->flying = false;
        via_handle_call_back(client, handle, VIA_OK, response, NULL);
        via_handle_put(client, handle);
        return true;
}

/* The next event, if it is a plain answer to a call that is there: whether it was. */
static VIA_IN_LINE bool deliver_reply(struct via_client *client) {
        struct via_pump *pump = &client->session->pump;
        struct wire_header h;
        const uint8_t *body = via_pump_plain(pump, &h);
        struct via_handle *handle;
        struct via_slot *slot;
        struct via_event ev;

        if (!body || __builtin_expect(h.type != WIRE_REPLY, 0))
                return false;
        slot = via_calls_find(&pump->conn.calls, h.id);
        if (__builtin_expect(!slot, 0))
                return false;
        handle = slot->call;
        via_calls_free(&pump->conn.calls, slot);
        via_pump_took(pump, &h);
        if (handle->sync || __builtin_expect(handle->special || h.value, 0) ||
            !tell_result(client, handle, body, h.length)) {
                via_conn_plain_reply(&h, body, handle, &ev);
                via_client_on_reply(client, &ev);
        }
        return true;
}

/*
 * Deals with everything that was received, up to the item that a blocking read waits for: what
 * is behind that stays where it is until the next turn. Returns 0, or the fault that ends the
 * link.
 */
int via_client_deliver(struct via_client *client) {
        struct via_session *session = client->session;
        struct via_event ev;
        int r = 0;

        session->halt = false;
        session->delivering++;
        via_dispatch_here(session->dispatch);
        while (!session->halt) {
                int64_t now;

                if (__builtin_expect(deliver_reply(client), 1))
                        continue;
                r = via_pump_next(&session->pump, &ev);
                if (r)
                        break;
                now = via_clock_ms();
                via_session_event(session, &ev, now, now);
        }
        client->held = session->halt;
        session->delivering--;
        via_client_late(client);
        if (client->swept > session->delivering)
                client->swept = session->delivering;
        return r < 0 ? r : 0;
}
