/*
 * client_begin.c - starting a call: what is asked for, and whether it may be
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include "client_begin.h"
#include "clock.h"
#include "metadata.h"

/* Says in words why via_client_can_call() is false. */
__attribute__((cold))
int via_client_cannot(struct via_client *client, const struct via_method *method,
                                            struct via_error *err) {
        int64_t left = client->links.retry_at - via_clock_ms();
        char when[64] = "";

        if (client->links.state == VIA_CLIENT_BACKING_OFF && left > 0)
                snprintf(when, sizeof(when), "; connecting is tried again in %lld ms",
                         (long long)left);
        if (client->dead.code)
                return via_client_fail(err, client, method, (int)client->dead.code, "%s%s",
                                       client->dead.message
                                               ? client->dead.message
                                               : via_code_text((int)client->dead.code), when);
        if (client->session->pump.conn.state & VIA_CONN_GOAWAY_SEEN)
                return via_client_fail(err, client, method, VIA_UNAVAILABLE,
                                       "the server is leaving: %s", client->session->pump.conn.why);
        return via_client_fail(err, client, method, VIA_RESOURCE_EXHAUSTED,
                               "%zu bytes are still waiting to be sent, more than max_queue, %llu",
                               via_pump_queued(&client->session->pump),
                               (unsigned long long)client->limits.v[VIA_LIMIT_QUEUE]);
}

__attribute__((cold))
int via_client_no_room(struct via_error *err, struct via_client *client,
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

/* What is not asked for by every call: metadata, and a timeout that may become shorter. */
__attribute__((noinline, cold)) static int
more_of(struct via_client *client, const struct via_method *method,
        const struct via_call_options *options, struct via_handle *handle,
        struct via_asked *asked, struct via_error *err) {
        const struct via_metadata *md = options->metadata;
        uint64_t most = client->limits.v[VIA_LIMIT_METADATA];

        if (options->parent) {
                uint32_t left = via_call_time_left(options->parent);

                if (!left)
                        return via_client_fail(err, client, method, VIA_DEADLINE_EXCEEDED,
                                               "the call that this one is made for is overdue");
                asked->timeout_ms = left < asked->timeout_ms ? left : asked->timeout_ms;
        }
        if (options->parent)
                md = via_tracing_hand_on(options->parent, md, &client->onward, most);
        if (md)
                asked->meta = via_metadata_bytes(md, &asked->meta_size);
        if (asked->meta_size > most)
                return via_client_fail(err, client, method, VIA_RESOURCE_EXHAUSTED,
                                       "the metadata have %zu bytes, more than max_metadata, %llu",
                                       asked->meta_size, (unsigned long long)most);
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
 * Looks at what a call asks for, and fills *@asked, which has a timeout, or says what is wrong. In
 * the usual case *@asked is never in memory.
 */
static VIA_IN_LINE int look_at(struct via_client *client, const struct via_method *method,
                               const struct via_call_options *options, const void *request,
                               struct via_handle *handle, struct via_asked *asked,
                               struct via_error *err) {
        uint32_t priority = options ? options->priority : VIA_NORMAL;
        size_t size;
        int r;

        asked->method = method;
        asked->request = request;
        asked->meta = NULL;
        asked->size = asked->meta_size = 0;
        if (priority >= VIA_PRIORITIES)
                return bad_priority(err, client, method, priority);
        asked->high = priority == VIA_HIGH;
        if (via_size(method->request, request, &size) != VIA_OK)
                return bad_request(err, client, method, request);
        asked->size = size;
        if (__builtin_expect(options && has_more(options), 0)) {
                struct via_asked more = { .timeout_ms = asked->timeout_ms };

                r = more_of(client, method, options, handle, &more, err);
                if (r)
                        return r;
                asked->timeout_ms = more.timeout_ms;
                asked->meta = more.meta;
                asked->meta_size = more.meta_size;
        }
        size = via_asked_size(asked) - WIRE_HEADER;
        if (size > client->session->pump.conn.peer_message)
                return big_request(err, client, method, size);
        return VIA_OK;
}

/* There is no link, but the call may wait for one. */
__attribute__((noinline, cold)) static int queue(struct via_client *client,
                                                 const struct via_method *method,
                                                 const struct via_call_options *options,
                                                 const void *request, struct via_handle *handle,
                                                 uint32_t timeout_ms, struct via_error *err) {
        struct via_asked asked = { .timeout_ms = timeout_ms };
        int code = look_at(client, method, options, request, handle, &asked, err);

        return code ? code : via_client_queue(client, handle, options, &asked, err);
}

/* It would have to be lying together to be kept. */
_Static_assert((int)VIA_OCTETS_LARGE > (int)VIA_CLIENT_KEPT_MAX, "");

/*
 * A request that is mostly octets: they go from where they are, as far as the link takes them now.
 * False: that cannot be, and nothing has been done.
 */
__attribute__((noinline)) static bool send_large(struct via_client *client,
                                                 struct via_asked asked, uint32_t id) {
        const struct via_type *type = asked.method->request;
        const struct via_octets *octets = via_octets_large(type, asked.request);
        struct via_pump *pump = &client->session->pump;
        uint8_t head[WIRE_HEADER + WIRE_METHOD + VIA_OCTETS_HEAD], *p;

        if (!octets || asked.meta_size || !via_pump_takes_large(pump))
                return false;
        p = via_octets_head(type, octets->data.len, via_asked_head(&asked, id, head));
        return via_pump_put_large(pump, head, (size_t)(p - head), octets->data.data,
                                  octets->data.len) == 0;
}

/*
 * Queues a call whose answer goes to @handle, if there is one: not of a oneway method. Whoever
 * sleeps next sends it. Header and request are written once, into the room that the pump lends.
 * While there is no link the call may be queued for the next one.
 */
int via_client_begin(struct via_client *client, const struct via_method *method,
                     const struct via_call_options *options, const void *request,
                     struct via_handle *handle, struct via_error *err) {
        struct via_pump *pump = &client->session->pump;
        struct via_asked asked;
        uint32_t timeout_ms = via_call_timeout(client, method, options), id = 0;
        uint8_t *room;
        size_t size;
        void *call;
        bool high;
        int r;

        if (__builtin_expect(client->intercept && !handle->outgoing, 0))
                return via_client_begin_seen(client, method, options, request, handle, err);
        if (__builtin_expect(!via_client_can_call(client), 0)) {
                uint32_t left_ms = timeout_ms;

                r = via_client_ready(client, method, options, handle, &left_ms, err);
                if (r)
                        return r == VIA_LATER ? queue(client, method, options, request, handle,
                                                      left_ms, err)
                                              : r;
                timeout_ms = left_ms;
        }
        asked.timeout_ms = timeout_ms;
        r = look_at(client, method, options, request, handle, &asked, err);
        if (__builtin_expect(r, 0))
                return r;
        high = options && options->priority == VIA_HIGH;
        size = via_asked_size(&asked);
        handle->method = method;
        handle->timeout_ms = timeout_ms = asked.timeout_ms;
        handle->high = high;
        handle->due = via_client_now(client) + timeout_ms;
        if (method->response) {
                r = via_calls_add(&pump->conn.calls, handle, handle->due, &id);
                if (r)
                        return via_client_no_room(err, client, method, r);
                handle->id = id;
        }
        if (__builtin_expect(asked.size >= VIA_OCTETS_LARGE, 0) && send_large(client, asked, id)) {
                room = NULL;
        } else {
                room = via_pump_reserve_for(pump, high, size);
                if (!room) {
                        if (method->response)
                                via_calls_take(&pump->conn.calls, id, &call);
                        return via_client_no_room(err, client, method, -ENOMEM);
                }
                via_asked_put(&asked, id, room);
                via_pump_commit(pump, size);
        }
        handle->flying = method->response != NULL;
        handle->end = via_pump_mark(pump, high);
        if (!handle->sync && room && via_client_keep(client, handle, options, size)) {
                struct via_asked kept = asked;

                via_kept_put(handle->kept, &kept);
        }
        if (__builtin_expect(handle->outgoing != NULL, 0))
                handle->outgoing->facts.bytes_out = size;
        return VIA_OK;
}
