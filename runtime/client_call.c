/*
 * client_call.c - starting a call, and waiting for it
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "client_impl.h"
#include "clock.h"
#include "codec_octets.h"
#include "metadata.h"

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

static inline bool has_more(const struct via_call_options *options) {
        return options->parent || options->metadata || options->header || options->trailer;
}

/* What is not asked for by every call. */
static int more_of(struct via_client *client, const struct via_method *method,
                   const struct via_call_options *options, struct via_handle *handle,
                   uint32_t *timeout_ms, const uint8_t **ret_meta, size_t *ret_meta_size,
                   struct via_error *err) {
        uint64_t most = client->limits.v[VIA_LIMIT_METADATA];

        if (options->parent) {
                uint32_t left = via_call_time_left(options->parent);

                if (!left)
                        return via_client_fail(err, client, method, VIA_DEADLINE_EXCEEDED,
                                               "the call that this one is made for is overdue");
                *timeout_ms = left < *timeout_ms ? left : *timeout_ms;
        }
        if (options->metadata)
                *ret_meta = via_metadata_bytes(options->metadata, ret_meta_size);
        if (*ret_meta_size > most)
                return via_client_fail(err, client, method, VIA_RESOURCE_EXHAUSTED,
                                       "the metadata have %zu bytes, more than max_metadata, %llu",
                                       *ret_meta_size, (unsigned long long)most);
        if (options->header)
                via_metadata_clear(options->header);
        if (options->trailer)
                via_metadata_clear(options->trailer);
        if (handle) {
                handle->header = options->header;
                handle->trailer = options->trailer;
                handle->special = true;
        }
        return VIA_OK;
}

/*
 * Queues a call whose answer goes to @handle (NULL: oneway, there is none). Whoever sleeps
 * next sends it. Header and request are written once, into the room that the pump lends.
 */
int via_client_begin(struct via_client *client, const struct via_method *method,
                     const struct via_call_options *options, const void *request,
                     struct via_handle *handle, struct via_error *err) {
        struct via_pump *pump = &client->session->pump;
        uint32_t timeout_ms = timeout_of(client, method, options), id = 0;
        uint32_t priority = options ? options->priority : VIA_NORMAL;
        const uint8_t *meta = NULL;
        size_t size, meta_size = 0;
        uint8_t *room;
        void *call;
        int r;

        if (!can_call(client))
                return cannot_call(client, method, err);
        if (priority >= VIA_PRIORITIES)
                return bad_priority(err, client, method, priority);
        if (via_size(method->request, request, &size) != VIA_OK)
                return bad_request(err, client, method, request);
        if (options && __builtin_expect(has_more(options), 0)) {
                r = more_of(client, method, options, handle, &timeout_ms, &meta, &meta_size, err);
                if (r)
                        return r;
        }
        if (size + meta_size + WIRE_METHOD > pump->conn.peer_message)
                return big_request(err, client, method, size + meta_size + WIRE_METHOD);
        if (handle) {
                handle->method = method;
                handle->timeout_ms = timeout_ms;
                handle->high = priority == VIA_HIGH;
                r = via_calls_add(&pump->conn.calls, handle, via_clock_ms() + timeout_ms, &id);
                if (r)
                        return no_room(err, client, method, r);
                handle->id = id;
        }
        room = via_pump_reserve_for(pump, priority == VIA_HIGH,
                                    WIRE_HEADER + meta_size + WIRE_METHOD + size);
        if (!room) {
                if (handle)
                        via_calls_take(&pump->conn.calls, id, &call);
                return no_room(err, client, method, -ENOMEM);
        }
        wire_put_header(room,
                        &(struct wire_header){ .length = (uint32_t)(meta_size + WIRE_METHOD + size),
                                               .type = WIRE_CALL,
                                               .flags = handle ? 0 : WIRE_ONEWAY,
                                               .meta = (uint16_t)meta_size,
                                               .id = id,
                                               .value = timeout_ms });
        room += WIRE_HEADER;
        if (meta_size)
                room = (uint8_t *)mempcpy(room, meta, meta_size);
        wire_put64(room, method->id);
        via_encode(method->request, request, room + WIRE_METHOD, size);
        via_pump_commit(pump, WIRE_HEADER + meta_size + WIRE_METHOD + size);
        if (handle)
                handle->flying = true;
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
        struct via_handle handle;               /* as much of it as a blocking call needs */
        int code;

        handle.client = client;
        handle.sync = &sync;
        handle.stream = NULL;
        handle.special = false;
        code = can_wait(client, err);
        if (!code)
                code = via_client_begin(client, method, options, request,
                                        method->response ? &handle : NULL, err);
        if (code)
                return code;
        if (!method->response)
                return send_oneway(client, method, options, err);
        while (!sync.done)
                via_client_sleep(client, INT64_MAX);
        return sync.code;
}

int via_client_start(struct via_client *client, const struct via_method *method,
                     const struct via_call_options *options, const void *request,
                     via_done_fn on_done, void *user, struct via_error *err) {
        struct via_handle *handle = NULL;
        int code;

        if (method->response) {
                handle = via_handle_take(client);
                if (!handle)
                        return no_room(err, client, method, -ENOMEM);
                handle->on_done = (via_any_fn)on_done;
                handle->user = user;
        }
        code = via_client_begin(client, method, options, request, handle, err);
        if (code && handle)
                via_handle_put(client, handle);
        if (!code)
                via_session_kick(client->session);
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
