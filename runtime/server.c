/*
 * server.c - the life of a server: new, listen, run, stop, free
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "server_impl.h"

enum { DRAIN_MS = 5000 };

static void on_async_closed(uv_handle_t *handle) {
        free(handle);
}

/* Tells every client that this end leaves, and waits for nobody who has nothing more to hear. */
static void drain(struct via_server *server) {
        int64_t now = via_clock_ms();

        if (server->drain_due != INT64_MAX)
                return;
        server->drain_due = now + server->drain_ms;
        for (struct via_listening *l = server->listening; l; l = l->next)
                via_listening_shut(l);
        for (struct via_server_link *link = server->links, *next; link; link = next) {
                next = link->next;
                via_server_link_leave(link, VIA_UNAVAILABLE, "the server is shutting down");
        }
        via_timer_set(server->timer, server->drain_due, now);
        via_server_settle(server);
}

static void on_stop(uv_async_t *async) {
        drain(async->data);
}

/* When the last link of a server that drains, or to which nobody comes, has gone, it is done. */
void via_server_settle(struct via_server *server) {
        bool ends = server->drain_due != INT64_MAX || server->deserted;

        if (!ends || server->links || server->stopped)
                return;
        server->stopped = true;
        if (server->own_loop)
                uv_stop(server->loop);
        else
                uv_unref((uv_handle_t *)server->stop);
}

/* Stops the timer if it has nothing to wait for. */
void via_server_rest(struct via_server *server) {
        bool waits = server->due || server->drain_due != INT64_MAX;

        for (struct via_listening *l = server->listening; l && !waits; l = l->next)
                waits = l->retry != INT64_MAX;
        if (!waits)
                via_timer_stop(server->timer);
}

static void on_timer(void *owner) {
        struct via_server *server = owner;
        int64_t now = via_clock_ms();

        for (struct via_listening *l = server->listening; l; l = l->next) {
                if (l->retry <= now)
                        via_listening_retry(l);
                via_timer_set(server->timer, l->retry, now);
        }
        via_server_links_tick(server, now);
        if (server->drain_due <= now)
                while (server->links)
                        via_server_link_end(server->links);
        else
                via_timer_set(server->timer, server->drain_due, now);
}

/* Makes what of a server lives in its loop. */
static int enter_loop(struct via_server *server) {
        uv_async_t *stop;

        server->timer = via_timer_new(server->loop, on_timer, server);
        if (!server->timer)
                return -ENOMEM;
        stop = malloc(sizeof(*stop));
        if (!stop || uv_async_init(server->loop, stop, on_stop) < 0) {
                free(stop);
                return -ENOMEM;
        }
        stop->data = server;
        server->stop = stop;
        return 0;
}

struct via_server *via_server_new(const struct via_server_options *options) {
        static const struct via_server_options defaults;
        struct via_server *server = calloc(1, sizeof(*server));

        if (!server)
                return NULL;
        if (!options)
                options = &defaults;
        server->limits = options->limits;
        server->drain_ms = options->drain_ms ? options->drain_ms : DRAIN_MS;
        server->drain_due = INT64_MAX;
        server->loop = options->loop;
        if (!server->loop) {
                if (uv_loop_init(&server->loop_of_ours) < 0) {
                        free(server);
                        return NULL;
                }
                server->loop = &server->loop_of_ours;
                server->own_loop = true;
        }
        server->dispatch = via_dispatch_new(server->loop);
        if (!server->dispatch || enter_loop(server) < 0)
                return via_server_free(server);
        return server;
}

struct via_server *via_server_free(struct via_server *server) {
        if (!server)
                return NULL;
        while (server->links)
                via_server_link_end(server->links);
        while (server->listening) {
                struct via_listening *next = server->listening->next;

                via_listening_free(server->listening);
                server->listening = next;
        }
        via_dispatch_close(server->dispatch);
        via_timer_close(server->timer);
        if (server->stop)
                uv_close((uv_handle_t *)server->stop, on_async_closed);
        if (server->own_loop) {
                uv_run(server->loop, UV_RUN_DEFAULT);   /* nothing is left but handles that close */
                uv_loop_close(server->loop);
        }
        via_pool_fini(&server->pool);
        free(server);
        return NULL;
}

int via_server_add(struct via_server *server, const struct via_interface *interface,
                   const void *ops, void *self, struct via_error *err) {
        if (!server)
                return via_error_set(err, VIA_RESOURCE_EXHAUSTED, "no memory for a server");
        return via_methods_add(&server->dispatch->methods, interface, ops, self, err);
}

static int listening_new(struct via_server *server, const struct via_endpoint *endpoint,
                         struct via_listening **ret) {
        struct via_listening *l = calloc(1, sizeof(*l));

        if (!l)
                return -ENOMEM;
        l->server = server;
        l->limits = endpoint->limits;
        l->spin_us = endpoint->spin_us;
        l->retry = INT64_MAX;
        *ret = l;
        return 0;
}

/* Listens on one URI: *@ret is in no list yet. */
static int listen_one(struct via_server *server, const char *uri, const struct via_names *names,
                      struct via_listening **ret, struct via_error *err) {
        struct via_listener *listener;
        struct via_endpoint endpoint;
        struct via_listening *l;
        struct via_note note = { "" };
        int r;

        r = via_endpoint_parse(&endpoint, uri, names, &server->limits, err);
        if (r)
                return r;
        if (listening_new(server, &endpoint, &l) < 0)
                return via_endpoint_error(err, "listen", uri, -ENOMEM, NULL);
        listener = calloc(1, endpoint.by->listener_size);
        if (!listener) {
                r = -ENOMEM;
        } else {
                listener->by = endpoint.by;
                r = endpoint.by->listen(listener, &endpoint.uri, &note);
                if (r < 0)
                        free(listener);
        }
        if (r == 0)
                r = via_listening_start(l, listener);
        if (r < 0) {
                via_listening_free(l);
                return via_endpoint_error(err, "listen", uri, r, &note);
        }
        *ret = l;
        return VIA_OK;
}

/* A name may stand for several URIs: all of them, or none. */
int via_server_listen(struct via_server *server, const char *text, struct via_error *err) {
        struct via_listening **first, **last;
        struct via_names names;
        int code;

        if (!server)
                return via_error_set(err, VIA_RESOURCE_EXHAUSTED, "no memory for a server");
        for (first = &server->listening; *first;)
                first = &(*first)->next;
        last = first;
        code = via_names_find(&names, text, err);
        for (unsigned i = 0; i < names.n_uris && !code; i++) {
                code = listen_one(server, names.uris[i], &names, last, err);
                if (code)
                        via_names_blame(&names, text, err);
                else
                        last = &(*last)->next;
        }
        while (code && *first) {
                struct via_listening *next = (*first)->next;

                via_listening_free(*first);
                *first = next;
        }
        if (!code)
                server->deserted = false;
        via_names_fini(&names);
        return code;
}

const char *via_server_endpoint(const struct via_server *server, unsigned index) {
        const struct via_listening *l = server->listening;

        while (l && index--)
                l = l->next;
        return l ? l->name : NULL;
}

int via_server_run(struct via_server *server) {
        if (!server->own_loop)
                return VIA_FAILED_PRECONDITION;
        uv_run(server->loop, UV_RUN_DEFAULT);
        return VIA_OK;
}

void via_server_stop(struct via_server *server) {
        uv_async_send(server->stop);
}

unsigned via_server_links(const struct via_server *server) {
        return server->n_links;
}
