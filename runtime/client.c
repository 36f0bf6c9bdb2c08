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

static int enter_loop(struct via_client *client) {
        client->watch = via_watch_new(client->loop, via_client_wake, client);
        client->timer = via_timer_new(client->loop, via_client_wake, client);
        client->own.loop = client->loop;
        client->own.wake = via_client_tail;
        client->own.owner = client;
        if (!client->watch || !client->timer)
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

                free(client->idle);
                client->idle = next;
        }
        free(client->endpoint);
}

static void client_free(struct via_client *client) {
        client->watch = via_watch_close(client->watch);
        client->timer = via_timer_close(client->timer);
        via_session_end(&client->own);
        via_pump_fini(&client->own.pump);
        via_pool_fini(&client->pool);
        via_dispatch_close(client->dispatch);
        via_client_forget(client);
        free(client);
}

/* Takes over @link, in any case. */
static int client_new(struct via_link *link, const struct via_endpoint *endpoint, const char *uri,
                      const struct via_client_options *options, struct via_client **ret_client) {
        struct via_client *client = calloc(1, sizeof(*client));

        if (!client) {
                link->by->close(link);
                free(link);
                return -ENOMEM;
        }
        client->session = &client->own;
        client->own.limits = &client->limits;
        client->own.client = client;
        via_pump_init(&client->session->pump, link, &client->pool, &endpoint->limits,
                      via_clock_ms());
        via_arena_init(&client->arena, 0);
        via_spin_init(&client->session->spin, endpoint->spin_us, link->by,
                      false);
        client->limits = endpoint->limits;
        client->timeout_ms = endpoint->timeout_ms  ? endpoint->timeout_ms
                             : options->timeout_ms ? options->timeout_ms
                                                   : VIA_CLIENT_TIMEOUT_MS;
        client->loop = options->loop;
        client->endpoint = strdup(uri);
        client->own.endpoint = client->endpoint;
        /*
         * The server gives every link only so long to say hello, and the first call may be far
         * off. What goes wrong here goes wrong again in that call, which can say so.
         */
        via_pump_flush(&client->session->pump);
        if (!client->endpoint || (client->loop && enter_loop(client) < 0)) {
                client_free(client);
                return -ENOMEM;
        }
        *ret_client = client;
        return 0;
}

int via_client_open(struct via_client **ret_client, const char *text,
                    const struct via_client_options *options, struct via_error *err) {
        static const struct via_client_options defaults;
        struct via_endpoint endpoint;
        struct via_link *link = NULL;
        struct via_names names;
        unsigned which = 0;
        int code;

        if (!options)
                options = &defaults;
        code = via_names_find(&names, text, err);
        if (!code)
                code = via_client_connect(&endpoint, &names, text, options, &link, &which, err);
        if (!code && client_new(link, &endpoint, names.uris[which], options, ret_client) < 0)
                code = via_error_set(err, VIA_RESOURCE_EXHAUSTED, "connect %s: no memory", text);
        via_names_fini(&names);
        return code;
}

int via_client_close(struct via_client *client) {
        bool alive;

        if (!client)
                return 0;
        alive = !client->dead.code;
        if (alive)                              /* so that on_done can start nothing more */
                via_error_set(&client->dead, VIA_CANCELLED, "the client was closed");
        via_client_end_all(client, &client->dead);
        if (alive)
                /* a oneway call may still be waiting; too late to complain */
                via_pump_flush(&client->session->pump);
        client_free(client);
        return 0;
}

unsigned via_client_pending(const struct via_client *client) {
        return client->session->pump.conn.calls.n;
}

const char *via_client_endpoint(const struct via_client *client) {
        return client->endpoint;
}
