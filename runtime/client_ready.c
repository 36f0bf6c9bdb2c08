/*
 * client_ready.c - what becomes of a call while there is no link
 *
 * A blocking call connects, or waits until it may. All others wait in a queue (client_wait.c) for
 * whoever turns the client next: its loop, or a thread that blocks. Either way a call that comes
 * while it is too early to try again ends at once, unless it asks for patience.
 */
#include <stdlib.h>
#include <string.h>
#include "client_impl.h"
#include "clock.h"

/* Whether an attempt may be made, now that somebody wants it. */
bool via_links_may_try(const struct via_client *client, int64_t now) {
        const struct via_links *links = &client->links;

        return links->place && links->state != VIA_CLIENT_CLOSED && now >= links->retry_at;
}

/* The server leaves and answers no new calls, only those that it has. */
static bool is_leaving(const struct via_client *client) {
        return !client->dead.code && (client->session->pump.conn.state & VIA_CONN_GOAWAY_SEEN);
}

/* Whether nobody needs the link any more that its server is leaving. */
static bool has_left(const struct via_client *client) {
        return is_leaving(client) && !client->session->pump.conn.calls.n && !client->session->open;
}

/* What came of an attempt that nobody wants any more. */
static void drop(struct via_link *link, struct via_error *why) {
        if (link) {
                link->by->close(link);
                free(link);
        }
        via_error_fini(why);
}

/*
 * Connects here, which takes until @until at most. Whether an attempt has been made: not so if
 * another thread's still goes on, or had less time than its call's than attempts have.
 */
static bool connect_now(struct via_client *client, int64_t until) {
        const struct via_place *place = client->links.place;
        struct via_shared *shared = client->shared;
        struct via_guest *me = shared ? shared->me : NULL;
        struct via_error why = VIA_ERROR_INIT;
        struct via_endpoint endpoint;
        struct via_link *link;
        unsigned which;
        int code;

        if (shared && shared->connecting) {     /* another thread's attempt is ours */
                unsigned before = shared->attempts;

                shared->hoping++;
                via_shared_wait(shared, until);
                shared->hoping--;
                return shared->attempts != before;
        }
        via_links_try(client);
        if (shared) {
                shared->connecting = true;
                via_shared_out(shared);
        }
        code = via_place_connect(place, until, &endpoint, &link, &which, &why);
        if (shared) {
                via_shared_in(shared, me);
                shared->connecting = false;
        }
        if (client->closing) {                  /* by another thread, meanwhile */
                drop(code ? NULL : link, &why);
        } else if (code == VIA_DEADLINE_EXCEEDED && shared && shared->hoping &&
                   until - client->links.begun < place->connect_timeout_ms) {
                via_error_fini(&why);           /* ours, but others have more time */
                via_links_put_off(client);
                return false;
        } else if (code) {
                via_links_failed(client, &why);
        } else {
                via_links_join(client, link, &endpoint, which);
        }
        if (shared)
                shared->attempts++;
        if (client->links.waiting)
                via_waiting_end(client, &client->dead, false);
        return true;
}

static void nap(struct via_client *client, int64_t until) {
        int64_t left = until - via_clock_ms();
        struct timespec t = { .tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000 };

        if (client->shared)
                via_shared_wait(client->shared, until);
        else if (left > 0)
                nanosleep(&t, NULL);
}

/*
 * To be called when nothing of @client is on the stack: closes a link that has ended, and tells
 * those who do not know it yet.
 */
void via_client_settle_down(struct via_client *client) {
        if (client->session->delivering || client->delivering)
                return;
        if (has_left(client) && client->links.waiting)
                via_client_lost(client, 0);
        if (client->shared && client->shared->sleeper)
                return;                         /* it was woken, and has to come out first */
        if (client->dead.code && client->links.place)
                via_links_leave(client);
}

/*
 * A turn of the blocking driver without a link: connects if calls wait for that and it is time,
 * else sleeps, at most until @until. Returns VIA_OK if there is a link now, or why there is none.
 */
int via_client_sleep_down(struct via_client *client, int64_t until) {
        int64_t now = via_clock_ms(), due;

        via_client_settle_down(client);
        if (via_session_has_news(client->session)) {
                via_session_ready(client->session);
                return (int)client->dead.code;
        }
        if (client->session->delivering || client->delivering || !client->links.place)
                return (int)client->dead.code;
        via_waiting_tick(client, now);
        due = via_waiting_due(client);
        if (due < until)
                until = due;
        if (client->own.pump.link)              /* somebody sleeps in the old one */
                nap(client, until);
        else if (client->links.waiting && via_links_may_try(client, now))
                connect_now(client, until);
        else if (until != INT64_MAX)
                nap(client, until);
        return (int)client->dead.code;
}

/*
 * Before the blocking driver sleeps, if client->alert is set: whether it shall not, because
 * something has happened already, or did so instead. *@until may become an earlier moment.
 */
bool via_client_alert(struct via_client *client, int64_t *until) {
        int64_t due;

        if (client->shared) {                   /* all of it is another matter */
                via_shared_turn(client, *until);
                return true;
        }
        if (client->ending) {
                via_session_ready(client->session);     /* that is something to return with */
                return true;
        }
        via_client_settle_down(client);
        if (client->dead.code) {
                via_client_sleep_down(client, *until);
                return true;
        }
        if (client->links.waiting)
                via_waiting_tick(client, via_clock_ms());
        due = via_waiting_due(client);
        if (due < *until)
                *until = due;
        due = via_keepalive_due(&client->session->keepalive, &client->session->pump.conn);
        if (due < *until)
                *until = due;
        client->alert = client->links.waiting || client->dead.code || client->ending ||
                        client->leaving || client->session->keepalive.every_ms;
        return client->dead.code || client->ending;
}

/* There is no link for the call, as client->dead says: whoever waits for it may try again. */
static int fail(struct via_client *client, const struct via_method *method,
                struct via_handle *handle, struct via_error *err) {
        int code = via_client_cannot(client, method, err);

        if (client->dead.code && handle && handle->sync)
                via_client_again(client, handle, true, code);
        return code;
}

/* Bytes of other threads are in the way, which leave by themselves. */
static bool is_full(const struct via_client *client) {
        return client->shared && !client->barred &&
               via_pump_queued(&client->session->pump) > client->limits.v[VIA_LIMIT_QUEUE];
}

static int overdue(struct via_client *client, const struct via_handle *handle,
                   struct via_error *err) {
        const struct via_sync *sync = handle->sync;
        uint32_t timeout_ms = sync && sync->timeout_ms ? sync->timeout_ms : handle->timeout_ms;
        const char *why = client->dead.message ? client->dead.message
                          : is_leaving(client) ? client->session->pump.conn.why
                                               : "";

        if (is_full(client))
                return via_client_fail(err, client, handle->method, VIA_DEADLINE_EXCEEDED,
                                       "%zu bytes of other calls were still to be sent after %u ms",
                                       via_pump_queued(&client->session->pump), timeout_ms);
        return via_client_fail(err, client, handle->method, VIA_DEADLINE_EXCEEDED,
                               "there was no link within %u ms: %s", timeout_ms, why);
}

/* Waits for a link, and for room in its queue, or for the end of @due's time. */
static int wait_here(struct via_client *client, const struct via_method *method, bool patient,
                     struct via_handle *handle, struct via_error *err) {
        int64_t due = handle->due;
        bool tried = false;

        while (client->dead.code || is_leaving(client) || is_full(client)) {
                int64_t now = via_clock_ms(), retry_at = client->links.retry_at;

                if (has_left(client))
                        via_client_lost(client, 0);
                if (client->links.state == VIA_CLIENT_CLOSED)
                        return fail(client, method, handle, err);
                if (now >= due)
                        return overdue(client, handle, err);
                if (!client->dead.code) {
                        via_client_sleep(client, due);
                        continue;
                }
                via_client_settle_down(client);
                if (client->own.pump.link) {
                        nap(client, due);
                } else if (!via_links_may_try(client, now)) {
                        if (!patient)
                                return fail(client, method, handle, err);
                        via_client_sleep_down(client, retry_at < due ? retry_at : due);
                } else if (tried && !patient) {
                        return fail(client, method, handle, err);
                } else {
                        tried = connect_now(client, due) || tried;
                }
        }
        return VIA_OK;
}

/* Whether the call may wait in the queue, for an attempt that is due or because it is patient. */
static bool may_queue(const struct via_client *client, const struct via_call_options *options) {
        if (is_leaving(client) || via_links_may_try(client, via_clock_ms()))
                return true;
        return options && (options->flags & VIA_WAIT_FOR_READY || options->retries);
}

/*
 * There is no link to call over, or its queue is full. VIA_OK if there is one now; VIA_LATER if
 * the call is to be queued; or a code, with @err. What waiting took is gone from @timeout_ms.
 */
int via_client_ready(struct via_client *client, const struct via_method *method,
                     const struct via_call_options *options, struct via_handle *handle,
                     uint32_t *timeout_ms, struct via_error *err) {
        bool patient = options && options->flags & VIA_WAIT_FOR_READY;
        bool here = handle && (handle->sync || handle->stream) && via_client_may_wait(client) &&
                    !client->delivering && !client->session->delivering;
        const struct via_pump *pump = &client->session->pump;
        struct via_links *links = &client->links;
        int64_t due, left;
        int code;

        if (!client->barred && via_pump_queued(pump) <= client->limits.v[VIA_LIMIT_QUEUE])
                return VIA_OK;
        if (client->barred ? !links->place || links->state == VIA_CLIENT_CLOSED ||
                                     (links->flags & VIA_CLIENT_ONCE)
                           : !here || !client->shared)
                return via_client_cannot(client, method, err);
        if (!here) {
                if (handle && handle->sync)     /* from within a handler, or on_done */
                        return via_client_cannot(client, method, err);
                return may_queue(client, options) ? VIA_LATER
                                                  : via_client_cannot(client, method, err);
        }
        due = handle->due ? handle->due : via_clock_ms() + *timeout_ms;
        handle->method = method;
        handle->due = due;
        handle->timeout_ms = *timeout_ms;
        code = wait_here(client, method, patient, handle, err);
        if (code)
                return code;
        left = due - via_clock_ms();
        *timeout_ms = left > 0 ? (uint32_t)left : 1;
        return VIA_OK;
}
