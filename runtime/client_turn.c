/*
 * client_turn.c - what a turn of either driver does with a client
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "block.h"
#include "client_impl.h"
#include "clock.h"
#include "serve.h"
#include "stream.h"

/* receives per wake in a loop: others want their turn */
enum { ROUNDS_MAX = 8 };

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
        room = via_arena_take(arena, WIRE_HEADER + (size_t)h.length, 1);
        if (room)
                via_pump_aim(pump, room, WIRE_HEADER + (size_t)h.length);
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

/* The first moment at which something of @client's is due. */
static int64_t due_of(const struct via_client *client) {
        const struct via_conn *conn = &client->session->pump.conn;

        return conn->calls.due < conn->opens.due ? conn->calls.due : conn->opens.due;
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
        if (due_of(client) < until)
                until = due_of(client);
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

static void set_timer(struct via_client *client, int64_t now) {
        int64_t due = due_of(client), other = via_keepalive_due(&client->session->keepalive,
                                                                &client->session->pump.conn);

        due = other < due ? other : due;
        other = client->links.waiting ? via_waiting_due(client) : INT64_MAX;
        via_timer_set(client->timer, other < due ? other : due, now);
}

/* The end of a turn of the loop driver: gives up what is overdue, sends, and sleeps again. */
static void settle(struct via_client *client) {
        struct via_session *session = client->session;
        struct via_pump *pump = &session->pump;
        int64_t now = via_clock_ms();
        struct via_wait wait;
        int r;

        session->turns++;
        via_session_tick(session, now);
        r = via_session_ask(session, now);
        if (r < 0)
                via_client_lost(client, r);
        via_session_ready(session);
        r = client->dead.code ? 0 : via_pump_flush(pump);
        if (r < 0)
                via_client_lost_sending(client, r);
        else
                via_session_room(session);
        session->turns--;
        if (via_session_has_news(session))      /* after a look at everybody else */
                via_session_kick(session);
        if (client->dead.code)
                return;
        if (!client->watch)                     /* the link is a new one */
                client->watch = via_watch_new(client->loop, via_client_wake, client);
        r = !client->watch  ? -ENOMEM
            : client->again ? VIA_AWAKE
                            : via_pump_arm(pump, true, &wait);
        client->awake = r == VIA_AWAKE;
        if (client->awake)
                via_session_kick(session);
        else if (r == 0)
                r = via_watch_sleep(client->watch, &wait);
        if (r < 0)
                via_client_lost(client, r);
        else
                set_timer(client, now);
        via_timer_hold(client->timer, false);   /* the link keeps the loop */
}

static void tail(struct via_client *client);

/*
 * A turn of the loop driver: receives and delivers what is there, and looks for more (see
 * spin.h), but not without end.
 */
static void wake(struct via_client *client) {
        struct via_pump *pump = &client->session->pump;
        bool look = client->again;
        int r = 0;

        if (client->dead.code) {
                tail(client);
                return;
        }
        client->again = false;
        if (!look)
                via_spin_forget(&client->session->spin);
        client->session->turns++;
        for (int i = 0; i < ROUNDS_MAX && r == 0; i++) {
                int got = look ? via_spin_look(&client->session->spin, pump, VIA_SPIN_TRIES)
                               : via_pump_drain(pump, 0);

                if (got == VIA_SPIN_ON)
                        continue;
                if (got == 0)
                        via_keepalive_heard(&client->session->keepalive, via_clock_ms());
                r = receive(client, got);
                look = !pump->full;
                if (client->dead.code || (look && !client->session->spin.budget_us))
                        break;
                if (r == 0)
                        via_pump_flush(pump);   /* what on_done started; a fault is found below */
        }
        client->session->turns--;
        client->again = r == 0 && look && client->session->spin.budget_us;
        if (r < 0 && r != -EAGAIN && !client->dead.code)
                via_client_lost(client, r);
        client->awake = false;
        tail(client);
}

/*
 * Before the loop sleeps: sends what was started outside of a turn, or receives what the last
 * turn left.
 */
static void tail(struct via_client *client) {
        if (client->closing)
                return;
        if (client->awake && !client->dead.code) {
                wake(client);
                return;
        }
        if (client->links.waiting && !client->dead.code)
                via_client_settle_down(client);
        if (!client->dead.code)
                settle(client);
        if (client->dead.code && !client->closing) {
                client->watch = via_watch_close(client->watch);
                via_session_ready(client->session);
                if (client->links.place)
                        via_client_turn_down(client);
                if (via_session_has_news(client->session))
                        via_session_kick(client->session);
        }
}

/* What libuv calls. In the end the client may be gone: whoever was told something closed it. */
void via_client_wake(void *owner) {
        struct via_client *client = owner;

        via_client_enter(client);
        wake(client);
        via_client_leave(client);
}

void via_client_tail(void *owner) {
        struct via_client *client = owner;

        via_client_enter(client);
        tail(client);
        via_client_leave(client);
}
