/*
 * client_turn.c - what a turn does with a client: it sends, sleeps, receives
 *
 * The blocking driver's turn, and what the others' have in common with it. What has come is
 * client_deliver.c's business.
 */
#include <errno.h>
#include <string.h>
#include "block.h"
#include "client_impl.h"
#include "clock.h"
#include "stream.h"

/*
 * If a large answer, or item, is on its way to somebody who waits for it and has lent an arena, it
 * is received into that.
 */
__attribute__((noinline)) static void aim(struct via_client *client) {
        struct via_pump *pump = &client->session->pump;
        struct via_arena *arena = NULL;
        const struct via_type *type = NULL;
        const struct via_handle *handle;
        const struct via_slot *slot;
        struct wire_header h;
        uint8_t *room;
        size_t size;

        if (!via_pump_half(pump, &h))
                return;
        slot = via_calls_find(&pump->conn.calls, h.id);
        handle = slot ? slot->call : NULL;
        if (handle && handle->sync && h.type == WIRE_REPLY && !h.meta && !h.value) {
                type = handle->method->response;
                arena = handle->sync->arena;
        } else if (handle && handle->stream && h.type == WIRE_ITEM && h.flags == WIRE_BACK) {
                type = via_stream_reads(handle->stream);
                arena = via_stream_takes(handle->stream) ? handle->stream->arena : NULL;
        }
        if (!arena || !type || !type->octets || h.length > pump->conn.max_message ||
            h.length > client->limits.v[VIA_LIMIT_MEMORY])
                return;
        size = WIRE_HEADER + (size_t)h.length;
        room = via_arena_take(arena, size + VIA_PUMP_SPARE, 1);
        if (room)
                via_pump_aim(pump, room, size);
}

/* Whoever waited does so no more: what he has lent is not received into. */
void via_client_unaim(struct via_client *client) {
        if (via_pump_unaim(&client->session->pump) < 0)
                via_client_lost(client, -ENOMEM);
}

/* Deals with what a drain said @r of: 0, -EAGAIN, or the fault that ends the link. */
static VIA_IN_LINE int receive(struct via_client *client, int r) {
        if (r == 0) {
                r = via_client_deliver(client);
                if (!client->held) {
                        if (via_buffer_used(&client->session->pump.in) >= WIRE_HEADER)
                                aim(client);
                        via_pump_rest(&client->session->pump, 0);
                }
        }
        return r;
}

/* The same for the loop driver. */
int via_client_received(struct via_client *client, int r) {
        return receive(client, r);
}

/* Receives what is there, unless the last turn has left something. */
int via_client_receive(struct via_client *client) {
        int r = client->held ? 0 : via_pump_drain(&client->session->pump, 0);

        if (r == 0)
                via_keepalive_heard(&client->session->keepalive, via_clock_ms());
        return receive(client, r);
}

/*
 * The link cannot be written to: what the server said before it left may still be there, and
 * says why.
 */
void via_client_lost_sending(struct via_client *client, int r) {
        while (via_client_receive(client) == 0)
                ;
        via_client_lost(client, r);
}

/*
 * Sends what is queued; a server that does not read because its answers wait is listened to
 * meanwhile. 0 when all is sent, VIA_PUMP_BLOCKED when it has to be called again, -EAGAIN when
 * it is @until, or the fault that has ended the link.
 */
static VIA_IN_LINE int send_now(struct via_client *client, int64_t until) {
        struct via_pump *pump = &client->session->pump;
        int r = via_block_flush(pump, until);

        if (r < 0 && r != -EAGAIN) {
                via_client_lost_sending(client, r);
        } else if (r == VIA_PUMP_BLOCKED) {
                int got = via_client_receive(client);

                if (got < 0 && got != -EAGAIN) {
                        via_client_lost(client, got);
                        return got;
                }
        }
        return r;
}

int via_client_send(struct via_client *client, int64_t until) {
        return client->shared ? via_shared_send(client, until) : send_now(client, until);
}

/*
 * A handler makes a call while it is served itself, out of bytes that are not dealt with yet:
 * before anything is received they are, once.
 */
static void sweep(struct via_client *client) {
        struct via_session *session = client->session;

        if (session->pump.view_size)            /* it is looked at by the turn below us, too */
                via_pump_rest(&session->pump, 0);
        client->swept = session->delivering;
        client->held = true;
}

/* What not every turn of the blocking driver ends with; @r is what it received. */
__attribute__((noinline, cold)) static void after(struct via_client *client, int r) {
        struct via_session *session = client->session;
        int64_t now = via_clock_ms();

        if (r == 0)
                via_keepalive_heard(&session->keepalive, now);
        if (!client->dead.code) {
                r = via_session_ask(session, now);
                if (r < 0)
                        via_client_lost(client, r);
        }
        if (via_session_has_news(session))
                via_session_ready(session);
}

/*
 * One turn of the blocking driver: sends what is queued, sleeps until something comes, it is
 * @until or a call is due, delivers. Returns VIA_OK or, after the link has ended, its code.
 */
int via_client_sleep(struct via_client *client, int64_t until) {
        struct via_session *session = client->session;
        struct via_pump *pump = &session->pump;
        int r;

        via_client_late(client);
        if (__builtin_expect(client->alert, 0)) {
                int64_t earlier = until;

                if (via_client_alert(client, &earlier))
                        return (int)client->dead.code;
                until = earlier;
        }
        if (__builtin_expect(session->delivering > client->swept, 0))
                sweep(client);
        if (via_client_due(client) < until)
                until = via_client_due(client);
        r = send_now(client, until);
        if (client->dead.code)
                return (int)client->dead.code;
        if (r != VIA_PUMP_BLOCKED) {
                r = receive(client, client->held ? 0
                                                 : via_block_drain(pump, &session->spin, until));
                if (r < 0 && r != -EAGAIN)
                        via_client_lost(client, r);
        }
        if (!client->dead.code && (pump->conn.calls.n || session->open))
                via_session_tick(session, via_clock_ms());
        if (__builtin_expect(session->ready || client->alert, 0))
                after(client, r);
        return (int)client->dead.code;
}
