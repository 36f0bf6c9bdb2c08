/*
 * client_wait.c - calls that wait for a link, each as the bytes of which it will be made
 *
 * The oldest goes first. As many wait as may be in flight, and as many bytes as may be queued.
 * The memory of one stays with its handle, for the next call that needs some.
 */
#include <stdlib.h>
#include <string.h>
#include "client_impl.h"
#include "clock.h"
#include "stream.h"

enum { KEPT_IDLE_MOST = 1 << 20 };              /* bytes that all idle handles keep together */

/* Memory for a frame of @size bytes: whether there is. */
static bool make_room(struct via_client *client, struct via_handle *handle, size_t size) {
        size_t before = handle->kept ? handle->kept->cap : 0, cap = size < 256 ? 256 : size;
        struct via_kept *kept = handle->kept;

        if (before < size) {
                kept = realloc(kept, sizeof(*kept) + cap);
                if (!kept)
                        return false;
                kept->cap = cap;
                handle->kept = kept;
                handle->hoards = cap > VIA_CLIENT_KEPT_SMALL;
                client->kept_bytes += cap - before;
        }
        kept->size = size;
        handle->keeps = true;
        return true;
}

/* @handle, which has kept much, is idle: that is not kept for ever. */
void via_kept_rest(struct via_client *client, struct via_handle *handle) {
        struct via_kept *kept = handle->kept;

        if (client->kept_bytes <= KEPT_IDLE_MOST)
                return;
        client->kept_bytes -= kept->cap;
        free(kept);
        handle->kept = NULL;
        handle->hoards = false;
}

/*
 * Makes room for a call that is being sent, with a frame of @size bytes, in case it has to be sent
 * again; a large one, or one among many, is not kept, and then will not be. Whether it is: then
 * via_kept_put() follows. It writes the request a second time, for bytes that were just written
 * are slow to be read.
 */
bool via_client_keep(struct via_client *client, struct via_handle *handle,
                     const struct via_call_options *options, size_t size) {
        if (!client->links.place || client->links.flags & VIA_CLIENT_ONCE || handle->stream ||
            size > VIA_CLIENT_KEPT_MAX ||
            client->kept_bytes + size > client->limits.v[VIA_LIMIT_QUEUE] ||
            !make_room(client, handle, size))
                return false;
        handle->kept->retries = options ? options->retries : 0;
        handle->kept->patient = options && options->flags & VIA_WAIT_FOR_READY;
        return true;
}

/* --- the queue --- */

/* @handle, whose frame is kept, waits for a link, and at least until @not_before. */
void via_waiting_add(struct via_client *client, struct via_handle *handle, int64_t not_before) {
        struct via_links *links = &client->links;

        if (!links->waiting)
                links->waiting_last = &links->waiting;
        handle->kept->next = NULL;
        handle->kept->prev = links->waiting_last;
        handle->kept->not_before = not_before;
        *links->waiting_last = handle;
        links->waiting_last = &handle->kept->next;
        links->n_waiting++;
        links->waiting_bytes += handle->kept->size;
        handle->waiting = client->alert = true;
        via_session_kick(client->session);
}

void via_waiting_remove(struct via_client *client, struct via_handle *handle) {
        struct via_links *links = &client->links;
        struct via_kept *kept = handle->kept;

        *kept->prev = kept->next;
        if (kept->next)
                kept->next->kept->prev = kept->prev;
        else
                links->waiting_last = kept->prev;
        links->n_waiting--;
        links->waiting_bytes -= kept->size;
        handle->waiting = false;
}

/* Puts a call into the queue: VIA_OK, or VIA_RESOURCE_EXHAUSTED. */
int via_client_queue(struct via_client *client, struct via_handle *handle,
                     const struct via_call_options *options, const struct via_asked *asked,
                     struct via_error *err) {
        const struct via_limits *limits = &client->limits;
        struct via_links *links = &client->links;
        struct via_handle *own = handle ? NULL : via_handle_take(client);
        size_t size = via_asked_size(asked);

        handle = handle ? handle : own;
        if (links->n_waiting >= limits->v[VIA_LIMIT_CALLS] ||
            links->waiting_bytes + size > limits->v[VIA_LIMIT_QUEUE] + VIA_CLIENT_KEPT_MAX ||
            !handle || !make_room(client, handle, size)) {
                if (own)
                        via_handle_put_told(client, own);
                return via_client_fail(err, client, asked->method, VIA_RESOURCE_EXHAUSTED,
                                       "%u calls with %zu bytes wait for a link already",
                                       links->n_waiting, links->waiting_bytes);
        }
        handle->method = asked->method;
        handle->timeout_ms = asked->timeout_ms;
        handle->high = asked->high;
        handle->due = via_clock_ms() + asked->timeout_ms;
        via_kept_put(handle->kept, asked);
        handle->kept->retries = options ? options->retries : 0;
        handle->kept->patient = options && options->flags & VIA_WAIT_FOR_READY;
        via_waiting_add(client, handle, 0);
        return VIA_OK;
}

/* --- what becomes of them --- */

/* Sends @handle's call over the link that there is now: VIA_OK, or a code with @why. */
static int send_kept(struct via_client *client, struct via_handle *handle, int64_t now,
                     struct via_error *why) {
        struct via_pump *pump = &client->session->pump;
        bool oneway = !handle->method->response;
        const struct via_kept *kept = handle->kept;
        struct via_asked asked = { .method = handle->method,
                                   .meta = kept->bytes,
                                   .meta_size = kept->meta_size,
                                   .size = kept->size - WIRE_HEADER - WIRE_METHOD -
                                           kept->meta_size,
                                   .timeout_ms = (uint32_t)(handle->due - now) };
        uint8_t *room;
        uint32_t id = 0;
        void *call;
        int r = 0;

        if (!oneway)
                r = via_calls_add(&pump->conn.calls, handle, handle->due, &id);
        room = r ? NULL : via_pump_reserve_for(pump, handle->high, kept->size);
        if (!room) {
                if (!r && !oneway)
                        via_calls_take(&pump->conn.calls, id, &call);
                return via_client_no_room(why, client, handle->method, r);
        }
        handle->id = id;
        memcpy(via_asked_head(&asked, id, room), kept->bytes + kept->meta_size, asked.size);
        via_pump_commit(pump, kept->size);
        handle->end = via_pump_mark(pump, handle->high);
        handle->flying = !oneway;
        if (oneway)
                via_handle_leaving(client, handle);
        if (handle->stream)
                via_stream_begin(handle->stream);
        return VIA_OK;
}

/* The first that @client has something to do for, because of the time or of a link. */
static struct via_handle *next_of(struct via_client *client, int64_t now) {
        bool ready = !client->dead.code &&
                     !(client->session->pump.conn.state & VIA_CONN_GOAWAY_SEEN);

        for (struct via_handle *h = client->links.waiting; h; h = h->kept->next)
                if (h->due <= now || (ready && h->kept->not_before <= now))
                        return h;
        return NULL;
}

/* Ends those that are overdue, and sends those that may be sent. */
void via_waiting_tick(struct via_client *client, int64_t now) {
        struct via_handle *handle;

        while ((handle = next_of(client, now))) {
                struct via_error why = VIA_ERROR_INIT;

                via_waiting_remove(client, handle);
                if (handle->due <= now)
                        via_client_end_late(client, handle);
                else if (send_kept(client, handle, now, &why) != VIA_OK)
                        via_client_end_one(client, handle, &why);
                via_error_fini(&why);
        }
}

/* Whether @handle goes on waiting after an attempt to connect that has failed. */
static bool goes_on(struct via_handle *handle) {
        if (handle->kept->patient)
                return true;
        if (handle->made >= handle->kept->retries)
                return false;
        handle->made++;
        return true;
}

/* There is no link, because of @why: ends those that do not wait for another attempt, or @all. */
void via_waiting_end(struct via_client *client, const struct via_error *why, bool all) {
        struct via_handle **at = &client->links.waiting;
        struct via_error said = VIA_ERROR_INIT;

        if (!why->code)
                return;
        for (struct via_handle *h = *at; h; h = h->kept->next)
                h->kept->not_before = !all && goes_on(h) ? 0 : -1;
        while (*at) {
                struct via_handle *handle = *at;

                if (handle->kept->not_before >= 0) {
                        at = &handle->kept->next;
                        continue;
                }
                via_waiting_remove(client, handle);
                if (!all)                       /* it is worth saying when to try again */
                        via_client_cannot(client, handle->method, &said);
                via_client_end_one(client, handle, all ? why : &said);
                at = &client->links.waiting;    /* whoever was told may have changed anything */
        }
        via_error_fini(&said);
}

/* When there is something to do for those that wait, but for connecting at once. */
int64_t via_waiting_due(const struct via_client *client) {
        bool down = client->dead.code;
        bool leaving = !down && (client->session->pump.conn.state & VIA_CONN_GOAWAY_SEEN);
        int64_t due = INT64_MAX;

        for (const struct via_handle *h = client->links.waiting; h; h = h->kept->next) {
                int64_t next = down ? client->links.retry_at : h->kept->not_before;

                if (client->links.state == VIA_CLIENT_CONNECTING || leaving || next > h->due)
                        next = h->due;
                if (next < due)
                        due = next;
        }
        return due;
}
