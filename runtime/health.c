/*
 * health.c - via.Health: what services can be called, and who is told when that changes
 *
 * Statuses are set by any thread; who watches one is told by the thread of its link, which is
 * asked to look. It looks at what is so then, so that a watcher who is slow, or between two
 * looks, misses what was so meanwhile and never what is so now, and nothing is kept for it.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <via/services.h>
#include <via/stream.h>
#include "health.h"
#include "serve.h"
#include "server_impl.h"

struct service {
        struct service        *next;
        enum via_Health_Status status;
        char                   name[];
};

struct watcher {
        struct via_posted  posted;              /* first */
        struct via_health *health;
        struct via_call   *call;
        struct via_stream *stream;
        const char        *service;             /* of the call */
        int                told;                /* the last status that was written; -1: none */
        struct watcher    *next, **prev;        /* prev NULL: it is over */
};

struct via_health {
        pthread_mutex_t lock;
        struct service *services;               /* under the lock, as are these */
        struct watcher *watchers;               /* of all workers */
        bool            drains;
};

/* --- with the lock --- */

static struct service *find(const struct via_health *health, const char *name) {
        struct service *s = health->services;

        while (s && strcmp(s->name, name) != 0)
                s = s->next;
        return s;
}

static struct service *find_or_add(struct via_health *health, const char *name) {
        struct service *s = find(health, name);
        size_t n = strlen(name) + 1;

        if (s)
                return s;
        s = malloc(sizeof(*s) + n);
        if (!s)
                return NULL;
        memcpy(s->name, name, n);
        s->next = health->services;
        health->services = s;
        return s;
}

static enum via_Health_Status status_of(const struct via_health *health, const char *name) {
        const struct service *s = find(health, name);

        if (!s || s->status == via_Health_Status_SERVICE_UNKNOWN)
                return via_Health_Status_SERVICE_UNKNOWN;
        return health->drains ? via_Health_Status_NOT_SERVING : s->status;
}

/* --- watching, in the thread of the watcher's link --- */

static void unlink_watcher(struct watcher *w) {
        pthread_mutex_lock(&w->health->lock);
        if (w->prev) {
                *w->prev = w->next;
                if (w->next)
                        w->next->prev = w->prev;
                w->prev = NULL;
        }
        pthread_mutex_unlock(&w->health->lock);
}

/* @w is gone afterwards: it is a part of its call. */
static void end(struct watcher *w, int code) {
        struct via_call *call = w->call;

        unlink_watcher(w);
        via_dispatch_unpost(call->dispatch, &w->posted);
        via_stream_on_ready(w->stream, NULL, NULL);
        via_call_on_cancel(call, NULL, NULL);
        via_call_end(call, code);
}

/* Tells @w what is so now, if it does not know: VIA_OK, VIA_LATER, or why that cannot be. */
static int tell(struct watcher *w) {
        enum via_Health_Status status;
        int code;

        pthread_mutex_lock(&w->health->lock);
        status = status_of(w->health, w->service);
        pthread_mutex_unlock(&w->health->lock);
        if ((int)status == w->told)
                return VIA_OK;
        code = via_Health_watch_write(w->stream, status, NULL);
        if (code == VIA_OK)
                w->told = (int)status;
        return code;
}

static void look(struct watcher *w) {
        int code = tell(w);

        if (code != VIA_OK && code != VIA_LATER)
                end(w, code);
}

static void on_posted(struct via_posted *posted) {
        look((struct watcher *)posted);
}

static void on_ready(void *user, struct via_stream *stream) {
        (void)stream;
        look(user);
}

static void on_cancel(void *user, struct via_call *call) {
        (void)call;
        end(user, VIA_CANCELLED);
}

static int watch(struct via_call *call, const char *service, struct via_stream *stream) {
        struct via_health *health = via_call_self(call);
        struct watcher *w = via_call_alloc(call, sizeof(*w));
        int code = w ? via_call_defer(call) : VIA_RESOURCE_EXHAUSTED;

        if (code != VIA_DEFERRED)
                return code;
        *w = (struct watcher){ .posted.on_posted = on_posted,
                               .health = health,
                               .call = call,
                               .stream = stream,
                               .service = service,
                               .told = -1 };
        pthread_mutex_lock(&health->lock);
        w->next = health->watchers;
        w->prev = &health->watchers;
        if (w->next)
                w->next->prev = &w->next;
        health->watchers = w;
        pthread_mutex_unlock(&health->lock);
        via_call_on_cancel(call, on_cancel, w);
        via_stream_on_ready(stream, on_ready, w);       /* and it is called at once */
        return VIA_DEFERRED;
}

static int check(struct via_call *call, const char *service, enum via_Health_Status *ret_result) {
        struct via_health *health = via_call_self(call);

        pthread_mutex_lock(&health->lock);
        *ret_result = status_of(health, service);
        pthread_mutex_unlock(&health->lock);
        return VIA_OK;
}

static struct watcher *first_of(struct via_health *health, const struct via_dispatch *dispatch) {
        struct watcher *w;

        pthread_mutex_lock(&health->lock);
        for (w = health->watchers; w && w->call->dispatch != dispatch;)
                w = w->next;
        pthread_mutex_unlock(&health->lock);
        return w;
}

/* Nothing can be called any more: tells those who watch it at @dispatch, as the last thing. */
void via_health_drain(struct via_health *health, const struct via_dispatch *dispatch) {
        struct watcher *w;

        if (!health)
                return;
        pthread_mutex_lock(&health->lock);
        health->drains = true;
        pthread_mutex_unlock(&health->lock);
        while ((w = first_of(health, dispatch))) {
                tell(w);
                end(w, via_call_fail(w->call, VIA_UNAVAILABLE, "the server is shutting down"));
        }
}

/* --- its life --- */

struct via_health *via_health_free(struct via_health *health) {
        while (health && health->services) {
                struct service *next = health->services->next;

                free(health->services);
                health->services = next;
        }
        if (health)
                pthread_mutex_destroy(&health->lock);
        free(health);
        return NULL;
}

int via_health_serve(struct via_server *server, struct via_error *err) {
        static const struct via_Health_ops ops = { .check = check, .watch = watch };
        struct via_health *health = server ? calloc(1, sizeof(*health)) : NULL;
        int code;

        if (!health)
                return via_error_set(err, VIA_RESOURCE_EXHAUSTED, "no memory to serve via.Health");
        pthread_mutex_init(&health->lock, NULL);
        code = via_Health_serve(server, &ops, health, err);
        if (code) {
                via_health_free(health);
                return code;
        }
        server->health = health;
        if (via_health_set(server, "", via_Health_Status_SERVING))
                return via_error_set(err, VIA_RESOURCE_EXHAUSTED, "no memory to serve via.Health");
        return VIA_OK;
}

int via_health_set(struct via_server *server, const char *service, enum via_Health_Status status) {
        struct via_health *health = server->health;
        struct service *s;

        if (!health)
                return VIA_FAILED_PRECONDITION;
        if ((unsigned)status > via_Health_Status_SERVICE_UNKNOWN)
                return VIA_INVALID_ARGUMENT;
        if (!service)
                service = "";
        pthread_mutex_lock(&health->lock);
        s = find_or_add(health, service);
        if (s) {
                s->status = status;
                for (struct watcher *w = health->watchers; w; w = w->next)
                        if (strcmp(w->service, service) == 0)
                                via_dispatch_post(w->call->dispatch, &w->posted);
        }
        pthread_mutex_unlock(&health->lock);
        return s ? VIA_OK : VIA_RESOURCE_EXHAUSTED;
}
