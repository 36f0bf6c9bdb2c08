/*
 * client_turn.c - what a turn of either driver does with a client: answers, deadlines, the end
 * of the link
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "block.h"
#include "client_impl.h"
#include "clock.h"

/* receives per wake in a loop: others want their turn */
enum { ROUNDS_MAX = 8 };

/* Ends @pending, which is no longer among the calls: tells whoever waits for it. */
static void end_pending(struct via_client *client, struct via_pending *pending, int code,
                        const void *response, const struct via_error *err) {
        via_done_fn on_done = pending->on_done;
        void *user = pending->user;

        if (pending->sync) {
                pending->sync->code = code;
                pending->sync->done = true;
                return;                         /* it lives on the stack, with its error */
        }
        pending->next = client->idle;
        client->idle = pending;
        client->delivering++;
        on_done(user, code, response, err);
        client->delivering--;
}

/* The copy of a shared reason that one call can own. */
static void copy_error(struct via_error *to, const struct via_client *client,
                       const struct via_method *method, const struct via_error *from) {
        via_client_fail(to, client, method, (int)from->code, "%s",
                        from->message ? from->message : via_code_text((int)from->code));
}

static void end_with(struct via_client *client, struct via_pending *pending,
                     const struct via_error *why) {
        struct via_error err = VIA_ERROR_INIT;

        copy_error(pending->sync ? pending->sync->err : &err, client, pending->method, why);
        end_pending(client, pending, (int)why->code, NULL, &err);
        via_error_fini(&err);
}

/* Ends every call in flight by @why. */
void via_client_end_all(struct via_client *client, const struct via_error *why) {
        void *pending;
        uint32_t id;

        while (via_calls_expire(&client->pump.conn.calls, INT64_MAX, &pending, &id) == 0)
                end_with(client, pending, why);
}

/*
 * Says in words why an answer could not be decoded; the bytes may be the peer's, and others by
 * now.
 */
__attribute__((cold))
static int bad_answer(struct via_client *client, const struct via_pending *pending, int code,
                                            const struct via_event *ev, struct via_error *err) {
        const struct via_method *method = pending->method;
        bool lent = pending->sync && pending->sync->arena;
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

/* Decodes an answer to where it is wanted. */
static inline int decode(struct via_client *client, struct via_pending *pending,
                         const struct via_event *ev, void **ret_response) {
        const struct via_type *type = pending->method->response;
        struct via_sync *sync = pending->sync;
        struct via_arena *arena = sync && sync->arena ? sync->arena : &client->arena;
        void *response;

        via_arena_rewind(&client->arena);
        response = via_arena_take(arena, type->desc.sizeof_message, VIA_ARENA_ALIGN);
        if (!response)
                return VIA_RESOURCE_EXHAUSTED;
        *ret_response = response;
        return via_message_decode(type, ev->body, ev->size, &client->limits, arena, response, NULL);
}

/*
 * What a blocking call has asked for becomes the caller's: in the arena that was lent, or on
 * the heap.
 */
static int hand_over(struct via_client *client, struct via_pending *pending, const void *response) {
        const struct via_type *type = pending->method->response;
        struct via_sync *sync = pending->sync;
        void *copy;

        if (sync->arena) {
                memcpy(sync->response, response, type->desc.sizeof_message);
                return VIA_OK;
        }
        copy = via_message_dup(type, response, NULL);
        if (!copy)
                return via_client_fail(sync->err, client, pending->method,
                                       VIA_RESOURCE_EXHAUSTED, "no memory for the response");
        memcpy(sync->response, copy, type->desc.sizeof_message);
        free(copy);
        return VIA_OK;
}

/* Ends a call whose answer is a failure, or fails to be one by @code. */
__attribute__((cold))
static void on_failure(struct via_client *client, const struct via_event *ev, int code) {
        struct via_pending *pending = ev->call;
        struct via_error own = VIA_ERROR_INIT;
        struct via_error *err = pending->sync ? pending->sync->err : &own;

        if (ev->too_big)
                code = via_client_fail(err, client, pending->method, VIA_RESOURCE_EXHAUSTED,
                                       "the response has %zu bytes, more than the client's "
                                       "max_message, %llu",
                                       ev->size,
                                       (unsigned long long)client->pump.conn.max_message);
        else if (ev->value)
                code = via_client_answer(err, client, pending->method, ev);
        else
                code = bad_answer(client, pending, code, ev, err);
        end_pending(client, pending, code, NULL, err);
        via_error_fini(&own);
}

static inline void on_reply(struct via_client *client, const struct via_event *ev) {
        struct via_pending *pending = ev->call;
        void *response = NULL;
        int code = 0;

        if (__builtin_expect(!ev->too_big && !ev->value, 1))
                code = decode(client, pending, ev, &response);
        if (__builtin_expect(code || !response, 0)) {
                on_failure(client, ev, code);
                return;
        }
        if (pending->sync)
                code = hand_over(client, pending, response);
        end_pending(client, pending, code, response, NULL);
}

/* Gives up the calls that are overdue, and lets the server know. */
static void expire(struct via_client *client, int64_t now) {
        struct via_pump *pump = &client->pump;
        void *call;
        uint32_t id;

        while (via_calls_expire(&pump->conn.calls, now, &call, &id) == 0) {
                struct via_pending *pending = call;
                struct via_error late = VIA_ERROR_INIT;
                uint8_t *room = via_pump_reserve_for(pump, pending->high, WIRE_HEADER);

                if (room) {
                        wire_put_header(room,
                                        &(struct wire_header){ .type = WIRE_CANCEL, .id = id });
                        via_pump_commit(pump, WIRE_HEADER);
                }
                via_error_set(&late, VIA_DEADLINE_EXCEEDED, "no response within %u ms",
                              pending->timeout_ms);
                end_with(client, pending, &late);
                via_error_fini(&late);
        }
}

/* Deals with everything that was received. Returns 0, or the fault that ends the link. */
static int deliver(struct via_client *client) {
        struct via_conn *conn = &client->pump.conn;
        struct via_event ev;
        int r;

        while ((r = via_pump_next(&client->pump, &ev)) == 0) {
                if (ev.type == VIA_EVENT_REPLY)
                        on_reply(client, &ev);
                else if (ev.type == VIA_EVENT_CALL)
                        return snprintf(conn->why, sizeof(conn->why), "it calls a client"), -EPROTO;
        }
        return r < 0 ? r : 0;
}

/* Receives once and deals with it: 0, -EAGAIN, or the fault that ends the link. */
static int receive(struct via_client *client, int r) {
        if (r == 0) {
                r = deliver(client);
                via_pump_rest(&client->pump, 0);
        }
        return r;
}

/*
 * The link cannot be written to: what the server said before it left may still be there, and
 * says why.
 */
static void lost_sending(struct via_client *client, int r) {
        while (receive(client, via_pump_drain(&client->pump, 0)) == 0)
                ;
        via_client_lost(client, r);
}

/*
 * Sends what is queued; a server that does not read because its answers wait is listened to
 * meanwhile. 0 when all is sent, VIA_PUMP_BLOCKED when it has to be called again, -EAGAIN when
 * it is @until, or the fault that has ended the link.
 */
int via_client_send(struct via_client *client, int64_t until) {
        struct via_pump *pump = &client->pump;
        int r = via_block_flush(pump, until);

        if (r < 0 && r != -EAGAIN) {
                lost_sending(client, r);
        } else if (r == VIA_PUMP_BLOCKED) {
                int got = receive(client, via_pump_drain(pump, 0));

                if (got < 0 && got != -EAGAIN) {
                        via_client_lost(client, got);
                        return got;
                }
        }
        return r;
}

/*
 * One turn of the blocking driver: sends what is queued, sleeps until something comes, it is
 * @until or a call is due, delivers. Returns VIA_OK or, after the link has ended, its code.
 */
int via_client_sleep(struct via_client *client, int64_t until) {
        struct via_pump *pump = &client->pump;
        int r;

        if (pump->conn.calls.due < until)
                until = pump->conn.calls.due;
        r = via_client_send(client, until);
        if (client->dead.code)
                return (int)client->dead.code;
        if (r != VIA_PUMP_BLOCKED) {
                r = receive(client, via_block_drain(pump, &client->spin, until));
                if (r < 0 && r != -EAGAIN)
                        via_client_lost(client, r);
        }
        if (!client->dead.code && pump->conn.calls.n)
                expire(client, via_clock_ms());
        return (int)client->dead.code;
}

/* The end of a turn of the loop driver: gives up what is overdue, sends, and sleeps again. */
static void settle(struct via_client *client) {
        struct via_pump *pump = &client->pump;
        int64_t now = via_clock_ms();
        struct via_wait wait;
        int r;

        if (client->dead.code)
                return;
        expire(client, now);
        r = via_pump_flush(pump);
        if (r < 0)
                lost_sending(client, r);
        else
                r = client->again ? VIA_AWAKE : via_pump_arm(pump, true, &wait);
        client->awake = r == VIA_AWAKE;
        if (client->awake)
                via_tail_run(client->tail);
        else if (r == 0)
                r = via_watch_sleep(client->watch, &wait);
        if (r < 0)
                via_client_lost(client, r);
        if (client->dead.code)
                client->watch = via_watch_close(client->watch);
        else
                via_timer_set(client->timer, pump->conn.calls.due, now);
}

/*
 * A turn of the loop driver: receives and delivers what is there, and looks for more (see
 * spin.h), but not without end.
 */
void via_client_wake(void *owner) {
        struct via_client *client = owner;
        struct via_pump *pump = &client->pump;
        bool look = client->again;
        int r = 0;

        client->again = false;
        if (!look)
                via_spin_forget(&client->spin);
        for (int i = 0; i < ROUNDS_MAX && r == 0; i++) {
                int got = look ? via_spin_look(&client->spin, pump, VIA_SPIN_TRIES)
                               : via_pump_drain(pump, 0);

                if (got == VIA_SPIN_ON)
                        continue;
                r = receive(client, got);
                look = !pump->full;
                if (client->dead.code || (look && !client->spin.budget_us))
                        break;
                if (r == 0)
                        via_pump_flush(pump);   /* what on_done started; a fault is found below */
        }
        client->again = r == 0 && look && client->spin.budget_us;
        if (r < 0 && r != -EAGAIN && !client->dead.code)
                via_client_lost(client, r);
        if (client->dead.code)
                client->watch = via_watch_close(client->watch);
        else
                settle(client);
}

/*
 * Before the loop sleeps: sends what was started outside of a turn, or receives what the last
 * turn left.
 */
void via_client_tail(void *owner) {
        struct via_client *client = owner;

        if (client->awake)
                via_client_wake(client);
        else
                settle(client);
}
