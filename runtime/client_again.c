/*
 * client_again.c - calls that are made again
 *
 * A call that the server has certainly never seen can be made again without harm: it had not left
 * when the link ended, or the server said in its goaway that it did not get so far. So can one of
 * an @idempotent method, if its caller wants that.
 */
#include <stdlib.h>
#include "client_impl.h"
#include "clock.h"

/* Whether the server cannot have seen all of the call, since not all of it has left. */
bool via_client_unseen(const struct via_client *client, const struct via_handle *handle) {
        return handle->end > via_pump_gone(&client->session->pump, handle->high);
}

static uint32_t retries_of(const struct via_handle *handle) {
        if (handle->sync)
                return handle->sync->options ? handle->sync->options->retries : 0;
        return handle->keeps ? handle->kept->retries : 0;
}

/* Whether it is allowed once more. Without being asked for it is, if that need not wait. */
static bool may(const struct via_client *client, const struct via_handle *handle, bool unseen,
                int code) {
        const struct via_links *links = &client->links;
        uint32_t retries = retries_of(handle);

        if (!links->place || links->state == VIA_CLIENT_CLOSED || links->flags & VIA_CLIENT_ONCE ||
            handle->stream || handle->made == UINT8_MAX)
                return false;
        if (!handle->sync && !handle->keeps)
                return false;
        if (unseen && handle->made == 0 && via_clock_ms() >= links->retry_at)
                return true;
        return handle->made < retries && code == VIA_UNAVAILABLE &&
               (unseen || handle->method->flags & VIA_METHOD_IDEMPOTENT);
}

/* The link is good, only the server was not able: so long it is let alone. */
static int64_t respite(struct via_client *client, unsigned made) {
        uint32_t delay = 0;

        for (unsigned i = 0; i < made; i++)
                delay = via_links_next_delay(delay);
        return via_clock_ms() + via_links_jitter(&client->links, delay);
}

/*
 * The call of @handle, which is no longer among those in flight, has ended with @code; @unseen, if
 * the server certainly never saw it. Whether it is made again: then it waits for that, or whoever
 * waits for it is told.
 */
bool via_client_again(struct via_client *client, struct via_handle *handle, bool unseen, int code) {
        int64_t not_before = 0;

        if (!may(client, handle, unseen, code))
                return false;
        handle->made++;
        handle->flying = false;
        if (!unseen && !client->dead.code)
                not_before = respite(client, handle->made);
        if (handle->sync) {
                handle->sync->again = true;
                handle->sync->not_before = client->dead.code ? client->links.retry_at : not_before;
                return true;
        }
        via_waiting_add(client, handle, not_before);
        return true;
}

/* Ends a call that the server will not look at any more; it may be made again. */
static void unseen(struct via_client *client, struct via_handle *handle) {
        struct via_error why = VIA_ERROR_INIT;
        const struct via_conn *conn = &client->session->pump.conn;
        enum via_code code = conn->goaway_code == VIA_RESOURCE_EXHAUSTED ? VIA_RESOURCE_EXHAUSTED
                                                                         : VIA_UNAVAILABLE;

        if (!via_client_again(client, handle, true, (int)code) || handle->sync) {
                via_error_set(&why, code, "the server is leaving: %s", conn->why);
                via_client_end_one(client, handle, &why);
                via_error_fini(&why);
        }
}

/* The server leaves, and has dealt with calls up to @last_id only (0: with none). */
void via_client_goaway(struct via_client *client, uint32_t last_id) {
        struct via_calls *calls = &client->session->pump.conn.calls;
        uint32_t at = 0;
        void *call;

        client->barred = true;
        if (!client->links.place || client->links.flags & VIA_CLIENT_ONCE)
                return;
        while (via_calls_later(calls, last_id, &at, &call) == 0)
                unseen(client, call);
}
