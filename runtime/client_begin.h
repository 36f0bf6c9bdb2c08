#pragma once
/*
 * client_begin.h - the beginning of a call, in line
 *
 * A call with nothing special about it is begun hundreds of times in a turn. What is special, or
 * wrong, is client_begin.c's business.
 */
#include "client_impl.h"
#include "codec_octets.h"

/* Whether there is a link to call over, and surely room in its queue. */
static inline bool via_client_can_call(const struct via_client *client) {
        const struct via_pump *pump = &client->session->pump;

        return !client->barred && pump->lent + pump->out.tail + pump->high.out.tail <=
                                          client->limits.v[VIA_LIMIT_QUEUE];
}

/* via_client_keep() where nothing is special. */
static inline bool via_client_keep_plain(struct via_client *client, struct via_handle *handle,
                                         size_t size) {
        struct via_kept *kept = handle->kept;

        if (__builtin_expect(!kept || kept->cap < size, 0)) {
                if (!via_client_keep(client, handle, NULL, size))
                        return false;
                kept = handle->kept;
        }
        handle->keeps = true;
        kept->size = size;
        kept->retries = 0;
        kept->patient = false;
        kept->meta_size = 0;
        return true;
}

/*
 * via_client_begin() for a call whose answer goes to @handle and that has no options. False:
 * nothing has been done, and via_client_begin() has to do it, or say what is wrong.
 */
static VIA_IN_LINE bool via_client_begin_plain(struct via_client *client,
                                               const struct via_method *method,
                                               const void *request, struct via_handle *handle) {
        struct via_pump *pump = &client->session->pump;
        struct via_asked asked = { .method = method, .request = request };
        uint32_t id;
        uint8_t *room;
        size_t size;
        void *call;

        if (__builtin_expect(client->intercept || !via_client_can_call(client), 0) ||
            via_size(method->request, request, &size) != VIA_OK ||
            size + WIRE_METHOD > pump->conn.peer_message || size >= VIA_OCTETS_LARGE)
                return false;
        asked.size = size;
        asked.timeout_ms = via_call_timeout(client, method, NULL);
        handle->due = via_client_now(client) + asked.timeout_ms;
        if (via_calls_add(&pump->conn.calls, handle, handle->due, &id) != 0)
                return false;
        size = via_asked_size(&asked);
        room = via_pump_reserve(pump, size);
        if (__builtin_expect(!room, 0)) {
                via_calls_take(&pump->conn.calls, id, &call);
                return false;
        }
        handle->method = method;
        handle->timeout_ms = asked.timeout_ms;
        handle->id = id;
        handle->high = false;
        handle->flying = true;
        room = via_asked_head(&asked, id, room);
        if (__builtin_expect(via_client_keep_plain(client, handle, size), 1))
                via_encode_twice(method->request, request, room, handle->kept->bytes, asked.size);
        else
                via_encode(method->request, request, room, asked.size);
        via_pump_commit(pump, size);
        handle->end = via_pump_mark(pump, false);
        return true;
}
