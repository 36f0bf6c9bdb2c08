/*
 * client_call.c - starting a call, and waiting for it
 */
#include <errno.h>
#include <stdlib.h>
#include "client_impl.h"
#include "clock.h"

/* Whether there is a link to call over, and room in its queue. */
static inline bool can_call(const struct via_client *client) {
        return !client->dead.code && !(client->session->pump.conn.state & VIA_CONN_GOAWAY_SEEN) &&
               via_pump_queued(&client->session->pump) <= client->limits.v[VIA_LIMIT_QUEUE];
}

/* Says in words what is missing of that. */
__attribute__((cold))
static int cannot_call(struct via_client *client, const struct via_method *method,
                                             struct via_error *err) {
        if (client->dead.code)
                return via_client_fail(err, client, method, (int)client->dead.code, "%s",
                                       client->dead.message
                                               ? client->dead.message
                                               : via_code_text((int)client->dead.code));
        if (client->session->pump.conn.state & VIA_CONN_GOAWAY_SEEN)
                return via_client_fail(err, client, method, VIA_UNAVAILABLE,
                                       "the server is leaving: %s", client->session->pump.conn.why);
        return via_client_fail(err, client, method, VIA_RESOURCE_EXHAUSTED,
                               "%zu bytes are still waiting to be sent, more than max_queue, %llu",
                               via_pump_queued(&client->session->pump),
                               (unsigned long long)client->limits.v[VIA_LIMIT_QUEUE]);
}

static inline uint32_t timeout_of(const struct via_client *client,
                                  const struct via_method *method,
                                  const struct via_call_options *options) {
        if (options && options->timeout_ms)
                return options->timeout_ms;
        return method->timeout_ms ? method->timeout_ms : client->timeout_ms;
}

__attribute__((cold))
static int no_room(struct via_error *err, struct via_client *client,
                                         const struct via_method *method, int r) {
        if (r == VIA_CALLS_FULL)
                return via_client_fail(err, client, method, VIA_RESOURCE_EXHAUSTED,
                                       "%u calls are in flight, as many as max_calls allows",
                                       client->session->pump.conn.calls.max);
        return via_client_fail(err, client, method, VIA_RESOURCE_EXHAUSTED,
                               "no memory for the request");
}

/* Says in words what is wrong with a request. */
__attribute__((cold))
static int bad_request(struct via_error *err, struct via_client *client,
                                             const struct via_method *method, const void *request) {
        struct via_error why = VIA_ERROR_INIT;
        size_t size;
        int code;

        code = via_message_size(method->request, request, &size, &why);
        via_client_fail(err, client, method, code, "%s",
                        why.message ? why.message : via_code_text(code));
        via_error_fini(&why);
        return code;
}

__attribute__((cold))
static int big_request(struct via_error *err, struct via_client *client,
                                             const struct via_method *method, size_t size) {
        return via_client_fail(
                err, client, method, VIA_RESOURCE_EXHAUSTED,
                "the request has %zu bytes, more than the server's max_message, %llu", size,
                (unsigned long long)client->session->pump.conn.peer_message);
}

__attribute__((cold))
static int bad_priority(struct via_error *err, struct via_client *client,
                        const struct via_method *method, uint32_t priority) {
        return via_client_fail(err, client, method, VIA_INVALID_ARGUMENT,
                               "priority %u: there are 0, normal, and 1, high", priority);
}

/*
 * Queues a call whose answer goes to @pending (NULL: oneway, there is none). Whoever sleeps
 * next sends it. Header and request are written once, into the room that the pump lends.
 */
int via_client_begin(struct via_client *client, const struct via_method *method,
                     const struct via_call_options *options, const void *request,
                     struct via_pending *pending, struct via_error *err) {
        struct via_pump *pump = &client->session->pump;
        uint32_t timeout_ms = timeout_of(client, method, options), id = 0;
        uint32_t priority = options ? options->priority : VIA_NORMAL;
        uint8_t *room;
        size_t size;
        void *call;
        int r;

        if (!can_call(client))
                return cannot_call(client, method, err);
        if (priority >= VIA_PRIORITIES)
                return bad_priority(err, client, method, priority);
        if (via_message_size(method->request, request, &size, NULL) != VIA_OK)
                return bad_request(err, client, method, request);
        if (size + WIRE_METHOD > pump->conn.peer_message)
                return big_request(err, client, method, size + WIRE_METHOD);
        if (pending) {
                pending->method = method;
                pending->timeout_ms = timeout_ms;
                pending->high = priority == VIA_HIGH;
                r = via_calls_add(&pump->conn.calls, pending, via_clock_ms() + timeout_ms, &id);
                if (r)
                        return no_room(err, client, method, r);
        }
        room = via_pump_reserve_for(pump, priority == VIA_HIGH, WIRE_HEADER + WIRE_METHOD + size);
        if (!room) {
                if (pending)
                        via_calls_take(&pump->conn.calls, id, &call);
                return no_room(err, client, method, -ENOMEM);
        }
        wire_put_header(room, &(struct wire_header){ .length = (uint32_t)(WIRE_METHOD + size),
                                                     .type = WIRE_CALL,
                                                     .flags = pending ? 0 : WIRE_ONEWAY,
                                                     .id = id,
                                                     .value = timeout_ms });
        wire_put64(room + WIRE_HEADER, method->id);
        via_message_encode(method->request, request, room + WIRE_HEADER + WIRE_METHOD, size);
        via_pump_commit(pump, WIRE_HEADER + WIRE_METHOD + size);
        return VIA_OK;
}

/*
 * Only a blocking client may wait, and only outside of on_done: a turn within a turn would
 * overwrite the answer being read.
 */
static int can_wait(struct via_client *client, struct via_error *err) {
        if (client->loop)
                return via_error_set(err, VIA_FAILED_PRECONDITION,
                                     "%s: a client with a loop cannot block; start the call",
                                     client->endpoint);
        if (client->delivering)
                return via_error_set(err, VIA_FAILED_PRECONDITION,
                                     "%s: not from within on_done; start the call",
                                     client->endpoint);
        return VIA_OK;
}

static int send_oneway(struct via_client *client, const struct via_method *method,
                       const struct via_call_options *options, struct via_error *err) {
        int64_t due = via_clock_ms() + timeout_of(client, method, options);

        while (!client->dead.code) {
                int r = via_client_send(client, due);

                if (r == 0)
                        return VIA_OK;
                if (r == -EAGAIN)
                        return via_client_fail(err, client, method, VIA_DEADLINE_EXCEEDED,
                                               "could not be sent in time");
        }
        return cannot_call(client, method, err);
}

int via_client_call(struct via_client *client, const struct via_method *method,
                    const struct via_call_options *options, const void *request, void *response,
                    struct via_error *err) {
        struct via_sync sync = { .response = response,
                                 .arena = options ? options->arena : NULL,
                                 .err = err };
        struct via_pending pending = { .sync = &sync };
        int code;

        code = can_wait(client, err);
        if (!code)
                code = via_client_begin(client, method, options, request,
                                        method->response ? &pending : NULL, err);
        if (code)
                return code;
        if (!method->response)
                return send_oneway(client, method, options, err);
        while (!sync.done)
                via_client_sleep(client, INT64_MAX);
        return sync.code;
}

static struct via_pending *take_pending(struct via_client *client) {
        struct via_pending *pending = client->idle;

        if (!pending)
                return calloc(1, sizeof(*pending));
        client->idle = pending->next;
        return pending;
}

int via_client_start(struct via_client *client, const struct via_method *method,
                     const struct via_call_options *options, const void *request,
                     via_done_fn on_done, void *user, struct via_error *err) {
        struct via_pending *pending = NULL;
        int code;

        if (method->response) {
                pending = take_pending(client);
                if (!pending)
                        return no_room(err, client, method, -ENOMEM);
                pending->on_done = on_done;
                pending->user = user;
        }
        code = via_client_begin(client, method, options, request, pending, err);
        if (code && pending) {
                pending->next = client->idle;
                client->idle = pending;
        }
        if (!code && client->loop && !client->delivering)
                via_tail_run(client->tail);
        return code;
}

int via_client_turn(struct via_client *client, uint32_t timeout_ms, struct via_error *err) {
        int code = can_wait(client, err);

        if (code)
                return code;
        if (!client->dead.code && !via_client_sleep(client, via_clock_ms() + timeout_ms)) {
                int r = via_pump_flush(&client->session->pump);  /* what on_done has started */

                if (r >= 0)
                        return VIA_OK;
                via_client_lost(client, r);
        }
        return via_error_set(err, client->dead.code, "%s: %s", client->endpoint,
                             client->dead.message ? client->dead.message : "the link has ended");
}
