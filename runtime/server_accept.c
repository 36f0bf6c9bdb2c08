/*
 * server_accept.c - listeners: who is let in
 *
 * One error of one client ends that client; want of descriptors or memory makes the listener
 * wait and try again, without a busy loop; nothing here ends the server.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "server_impl.h"

enum {
        ACCEPTS_MAX = 64,                       /* in one turn: others want theirs */
        RETRY_MS    = 100,                      /* after EMFILE and the like */
};

/* Says goodbye to a client that may not stay, as far as one write goes, and closes. */
static void refuse(struct via_listening *l, struct via_link *link, const char *why) {
        struct via_pump pump;

        via_pump_init(&pump, link, &l->server->first.pool, &l->limits, 0);
        via_conn_goaway(&pump.conn, VIA_RESOURCE_EXHAUSTED, why);
        via_pump_flush(&pump);
        via_pump_fini(&pump);
}

static void let_in(struct via_listening *l, struct via_link *link) {
        struct via_peer peer = { 0 };
        struct via_user *user;
        char why[120];
        int r;

        link->by->peer(link, &peer);
        r = via_listening_join(l, &peer, &user, why, sizeof(why));
        if (r == 0) {
                r = via_server_link_new(l, link, user);
                if (r < 0)
                        via_listening_left(l, user, false);
        }
        atomic_fetch_add(r ? &l->server->turned_away : &l->server->accepted, 1);
        if (r)
                refuse(l, link, r < 0 ? "the server has no memory" : why);
}

static void pause_accepting(struct via_listening *l) {
        int64_t now = via_clock_ms();

        l->watch = via_watch_close(l->watch);
        l->retry = now + RETRY_MS;
        via_timer_set(l->server->first.timer, l->retry, now);
}

/* A server at which nobody can arrive any more ends with its last link. */
static void shut_for_good(struct via_listening *l) {
        struct via_server *server = l->server;

        via_listening_shut(l);
        server->deserted = true;
        for (l = server->listening; l; l = l->next)
                if (l->listener)
                        server->deserted = false;
        via_worker_settle(&server->first);
}

static void on_ready(void *owner) {
        struct via_listening *l = owner;

        for (int i = 0; i < ACCEPTS_MAX; i++) {
                struct via_link *link = calloc(1, l->listener->by->link_size);
                int r = -ENOMEM;

                if (link) {
                        link->by = l->listener->by;
                        r = link->by->accept(l->listener, link);
                        if (r == 0) {
                                let_in(l, link);
                                continue;
                        }
                        free(link);
                }
                if (r == -ECONNABORTED || r == -EINTR || r == -EPROTO)
                        continue;
                if (r == -ESHUTDOWN)
                        shut_for_good(l);
                else if (r != -EAGAIN)
                        pause_accepting(l);
                return;
        }
}

/* Waits for clients (again, after a pause). */
void via_listening_retry(struct via_listening *l) {
        struct via_wait wait = { .n_fds = 0 };

        l->retry = INT64_MAX;
        if (!l->listener)
                return;
        l->watch = via_watch_new(l->server->first.loop, on_ready, l);
        l->listener->by->watch(l->listener, &wait);
        if (!l->watch || via_watch_sleep(l->watch, &wait) < 0)
                pause_accepting(l);
}

/* A link has ended: who waits for a descriptor may have one now. */
void via_listening_room(struct via_listening *l) {
        if (l->retry != INT64_MAX && l->server->first.drain_due == INT64_MAX)
                via_listening_retry(l);
}

/* Takes over @listener, which listens. */
int via_listening_start(struct via_listening *l, struct via_listener *listener) {
        char name[VIA_URI_MAX];

        l->listener = listener;
        listener->by->name(listener, name, sizeof(name));
        l->name = strdup(name);
        if (!l->name)
                return -ENOMEM;
        via_listening_retry(l);
        return 0;
}

/* Stops listening; the links stay. */
void via_listening_shut(struct via_listening *l) {
        l->watch = via_watch_close(l->watch);
        l->retry = INT64_MAX;
        if (l->listener) {
                l->listener->by->shut(l->listener);
                free(l->listener);
                l->listener = NULL;
        }
}

/* Its links must have ended. */
void via_listening_free(struct via_listening *l) {
        via_listening_shut(l);
        while (l->users) {
                struct via_user *next = l->users->next;

                free(l->users);
                l->users = next;
        }
        pthread_mutex_destroy(&l->lock);
        free(l->name);
        free(l);
}
