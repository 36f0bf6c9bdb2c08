/*
 * client.c - opening and closing a client
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "client_impl.h"
#include "clock.h"
#include "endpoint.h"
#include "metadata.h"
#include "serve.h"
#include "stream.h"

static int enter_loop(struct via_client *client) {
        client->timer = via_timer_new(client->loop, via_client_wake, client);
        client->own.loop = client->loop;
        client->own.wake = via_client_tail;
        client->own.owner = client;
        if (!client->timer)
                return -ENOMEM;
        return via_session_kick(&client->own);  /* watches the link as soon as the loop runs */
}

/* Frees what every client holds, but the link. */
void via_client_forget(struct via_client *client) {
        via_metadata_free(client->onward);
        client->intercept = via_client_intercept_free(client->intercept);
        via_arena_fini(&client->arena);
        via_error_fini(&client->dead);
        while (client->idle) {
                struct via_handle *next = client->idle->next;

                free(client->idle->kept);
                free(client->idle);
                client->idle = next;
        }
}

void via_client_free(struct via_client *client) {
        uv_loop_t *polled = client->polled;

        client->watch = via_watch_close(client->watch);
        client->timer = via_timer_close(client->timer);
        via_session_end(&client->own);
        while (client->links.strays)
                via_stream_orphan(client->links.strays);
        via_pump_fini(&client->own.pump);
        via_pool_fini(&client->pool);
        via_dispatch_close(client->dispatch);
        via_client_forget(client);
        via_dial_drop(client);
        if (client->shared) {
                client->shared->client = NULL;
                via_shared_put(client->shared);
        }
        via_place_free(client->links.place);
        free(client->links.ended);
        free(client);
        via_polled_free(polled);
}

/* A client without a link. Takes over @place, in any case. */
static int client_new(struct via_place *place, const struct via_endpoint *endpoint,
                      const struct via_client_options *options, struct via_client **ret_client) {
        struct via_client *client = calloc(1, sizeof(*client));
        int r = client ? 0 : -ENOMEM;

        if (client && options->flags & VIA_CLIENT_EXTERNAL)
                r = via_polled_new(&client->polled);
        else if (client && options->flags & VIA_CLIENT_SHARED)
                r = via_shared_new(client, &client->shared);
        if (r < 0) {
                via_place_free(place);
                free(client);
                return r;
        }
        client->session = &client->own;
        client->own.limits = &client->limits;
        client->own.client = client;
        client->links.place = place;
        client->links.flags = options->flags;
        client->limits = endpoint->limits;
        client->timeout_ms = endpoint->timeout_ms ? endpoint->timeout_ms : place->timeout_ms;
        client->endpoint = client->own.endpoint = place->names.uris[0];
        via_arena_init(&client->arena, 0);
        via_error_set(&client->dead, VIA_UNAVAILABLE, "nothing has connected it yet");
        client->dead.code = VIA_UNAVAILABLE;
        client->alert = client->barred = true;
        via_links_leave(client);
        client->loop = client->polled ? client->polled : options->loop;
        client->odd = client->loop || client->shared;
        r = client->loop ? enter_loop(client) : 0;
        if (r < 0)
                via_client_free(client);
        else
                *ret_client = client;
        return r;
}

/* The first link. Unlike later ones it is asked for, and told why it cannot be. */
static int open_now(struct via_client *client, struct via_error *err) {
        struct via_endpoint endpoint;
        struct via_link *link;
        unsigned which;
        int code;

        via_links_try(client);
        code = via_place_connect(client->links.place, INT64_MAX, &endpoint, &link, &which, err);
        if (!code)
                via_links_join(client, link, &endpoint, which);
        return code;
}

int via_client_open(struct via_client **ret_client, const char *text,
                    const struct via_client_options *options, struct via_error *err) {
        static const struct via_client_options defaults;
        struct via_endpoint endpoint;
        struct via_client *client;
        struct via_place *place;
        int code, r;

        if (!options)
                options = &defaults;
        if (!!options->loop + !!(options->flags & VIA_CLIENT_EXTERNAL) +
                    !!(options->flags & VIA_CLIENT_SHARED) > 1)
                return via_error_set(err, VIA_INVALID_ARGUMENT,
                                     "connect %s: a loop, VIA_CLIENT_EXTERNAL and "
                                     "VIA_CLIENT_SHARED exclude each other", text);
        code = via_place_new(&place, text, options, err);
        if (code)
                return code;
        code = via_place_check(place, &endpoint, err);
        if (code) {
                via_place_free(place);
                return code;
        }
        r = client_new(place, &endpoint, options, &client);
        if (r < 0)
                return via_endpoint_error(err, "connect", text, r, NULL);
        if (!(options->flags & VIA_CLIENT_LAZY)) {
                code = open_now(client, err);
                if (code) {
                        via_client_free(client);
                        return code;
                }
        }
        *ret_client = client;
        return VIA_OK;
}

/* Ends all that is going on; the client is freed when nobody is inside any more. */
static void close_now(struct via_client *client) {
        bool alive = !client->dead.code;

        via_client_enter(client);
        client->closing = true;
        /* so that on_done can start nothing more */
        via_error_set(&client->dead, VIA_CANCELLED, "the client was closed");
        client->dead.code = VIA_CANCELLED;
        client->alert = client->barred = true;
        via_links_close(client);
        via_client_end_all(client, &client->dead);
        via_waiting_end(client, &client->dead, true);
        if (alive)
                /* a oneway call may still be waiting; too late to complain */
                via_pump_flush(&client->own.pump);
        via_client_leave(client);
}

int via_client_close(struct via_client *client) {
        struct via_shared *shared;

        if (!client || client->back)
                return 0;
        shared = client->shared;
        VIA_GUEST(shared);
        if (client->closing)
                return 0;
        close_now(client);
        /* Other threads learn of it where they wait, and are waited for. */
        while (shared && shared->depth == 1 && via_shared_others(shared)) {
                via_shared_wake(shared, true);
                via_shared_wait(shared, INT64_MAX);
        }
        return 0;
}

unsigned via_client_pending(const struct via_client *client) {
        VIA_GUEST(client->shared);

        return client->session->pump.conn.calls.n + client->links.n_waiting;
}

const char *via_client_endpoint(const struct via_client *client) {
        VIA_GUEST(client->shared);

        return client->endpoint;
}
