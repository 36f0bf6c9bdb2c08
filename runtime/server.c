/*
 * server.c - the life of a server: new, add, run, stop, free
 */
#include <errno.h>
#include <stdlib.h>
#include "clock.h"
#include "health.h"
#include "server_impl.h"
#include "stats.h"

enum { DRAIN_MS = 5000 };

static void on_async_closed(uv_handle_t *handle) {
        free(handle);
}

/* Begins to end, once. */
void via_server_drain(struct via_server *server) {
        int64_t due = via_clock_ms() + server->drain_ms;

        if (server->first.drain_due != INT64_MAX)
                return;
        if (server->notifies)
                via_notify("STOPPING=1", NULL);
        for (struct via_listening *l = server->listening; l; l = l->next)
                via_listening_shut(l);
        if (server->crew)
                via_crew_drain(server->crew, due);
        via_worker_drain(&server->first, due);
}

static void on_stop(uv_async_t *async) {
        via_server_drain(async->data);
}

static void on_timer(void *owner) {
        struct via_worker *worker = owner;
        int64_t now = via_clock_ms();

        for (struct via_listening *l = worker->server->listening; l; l = l->next) {
                if (l->retry <= now)
                        via_listening_retry(l);
                via_timer_set(worker->timer, l->retry, now);
        }
        via_worker_tick(worker, now);
}

static int stop_init(struct via_server *server) {
        uv_async_t *stop = malloc(sizeof(*stop));

        if (!stop || uv_async_init(server->first.loop, stop, on_stop) < 0) {
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
        uv_loop_t *loop;

        if (!server)
                return NULL;
        if (!options)
                options = &defaults;
        server->limits = options->limits;
        server->notifies = options->flags & VIA_SERVER_NOTIFY;
        server->drain_ms = options->drain_ms ? options->drain_ms : DRAIN_MS;
        loop = options->loop;
        if (!loop) {
                if (uv_loop_init(&server->loop_of_ours) < 0) {
                        free(server);
                        return NULL;
                }
                loop = &server->loop_of_ours;
                server->first.own_loop = true;
        }
        if (via_worker_init(&server->first, server, loop, on_timer) < 0 || stop_init(server) < 0)
                return via_server_free(server);
        if (options->flags & VIA_SERVER_STATS && via_server_count(server) < 0)
                return via_server_free(server);
        return server;
}

struct via_server *via_server_free(struct via_server *server) {
        struct via_worker *first;

        if (!server)
                return NULL;
        first = &server->first;
        while (first->links)
                via_server_link_end(first->links);
        while (server->listening) {
                struct via_listening *next = server->listening->next;

                via_listening_free(server->listening);
                server->listening = next;
        }
        server->signals = via_signals_close(server->signals);
        via_worker_fini(first);
        server->health = via_health_free(server->health);
        server->stats = via_stats_free(server->stats);
        if (server->stop)
                uv_close((uv_handle_t *)server->stop, on_async_closed);
        if (first->own_loop) {
                uv_run(first->loop, UV_RUN_DEFAULT);    /* nothing is left but handles that close */
                uv_loop_close(first->loop);
        }
        free(server);
        return NULL;
}

int via_server_add(struct via_server *server, const struct via_interface *interface,
                   const void *ops, void *self, struct via_error *err) {
        int code;

        if (!server)
                return via_error_set(err, VIA_RESOURCE_EXHAUSTED, "no memory for a server");
        if (server->crew)
                return via_error_set(err, VIA_FAILED_PRECONDITION, "the server's workers run");
        code = via_methods_add(&server->first.dispatch->methods, interface, ops, self, err);
        if (!code && server->stats && via_server_count(server) < 0)
                code = via_error_set(err, VIA_RESOURCE_EXHAUSTED, "no memory for statistics");
        return code;
}

int via_server_run(struct via_server *server) {
        if (!server->first.own_loop)
                return VIA_FAILED_PRECONDITION;
        if (server->notifies)
                via_notify("READY=1", NULL);    /* whoever is not there cannot be told */
        if (!server->first.stopped)
                uv_run(server->first.loop, UV_RUN_DEFAULT);
        return VIA_OK;
}

void via_server_stop(struct via_server *server) {
        uv_async_send(server->stop);
}

unsigned via_server_links(const struct via_server *server) {
        return server->first.n_links + (server->crew ? via_crew_links(server->crew) : 0);
}
