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

/* The entry of @uid, or one that is free and can become its entry; NULL: no memory. */
static struct via_uid_links *uid_entry(struct via_listening *l, uid_t uid) {
        struct via_uid_links *uids;

        for (unsigned i = 0; i < l->n_uids; i++)
                if (l->uids[i].n && l->uids[i].uid == uid)
                        return &l->uids[i];
        for (unsigned i = 0; i < l->n_uids; i++)
                if (!l->uids[i].n)
                        return &l->uids[i];
        uids = realloc(l->uids, (l->n_uids + 1) * sizeof(*uids));
        if (!uids)
                return NULL;
        l->uids = uids;
        uids[l->n_uids] = (struct via_uid_links){ .uid = uid };
        return &uids[l->n_uids++];
}

/*
 * Why the client on @link may not stay, or NULL. Which limit, and how much it is, goes to the
 * client.
 */
static const char *turn_away(struct via_listening *l, const struct via_peer *peer, char *buf,
                             size_t size) {
        static const struct {
                enum via_limit limit;
                const char *name;
        } checks[] = {
                { VIA_LIMIT_LINKS, "max_links" },
                { VIA_LIMIT_HALF_OPEN, "max_half_open" },
                { VIA_LIMIT_LINKS_PER_UID, "max_links_per_uid" },
        };
        unsigned n[] = { l->n_links, l->n_half_open, 0 };

        for (unsigned i = 0; peer->known && i < l->n_uids; i++)
                if (l->uids[i].uid == peer->uid)
                        n[2] = l->uids[i].n;

        for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
                uint64_t most = via_limits_get(&l->limits, checks[i].limit);

                if (n[i] >= most) {
                        snprintf(buf, size, "the server has %u links, as many as %s allows",
                                 n[i], checks[i].name);
                        return buf;
                }
        }
        return NULL;
}

/* Says goodbye to a client that may not stay, as far as one write goes, and closes. */
static void refuse(struct via_listening *l, struct via_link *link, const char *why) {
        struct via_pump pump;

        via_pump_init(&pump, link, &l->server->pool, &l->limits, 0);
        via_conn_goaway(&pump.conn, VIA_RESOURCE_EXHAUSTED, why);
        via_pump_flush(&pump);
        via_pump_fini(&pump);
}

static void let_in(struct via_listening *l, struct via_link *link) {
        struct via_peer peer = { 0 };
        char buf[120];
        const char *why;

        link->by->peer(link, &peer);
        why = turn_away(l, &peer, buf, sizeof(buf));
        if (why) {
                refuse(l, link, why);
                return;
        }
        if (via_server_link_new(l, link, &peer) < 0)
                refuse(l, link, "the server has no memory");
}

static void pause_accepting(struct via_listening *l) {
        int64_t now = via_clock_ms();

        l->watch = via_watch_close(l->watch);
        l->retry = now + RETRY_MS;
        via_timer_set(l->server->timer, l->retry, now);
}

/* A server at which nobody can arrive any more ends with its last link. */
static void shut_for_good(struct via_listening *l) {
        struct via_server *server = l->server;

        via_listening_shut(l);
        server->deserted = true;
        for (l = server->listening; l; l = l->next)
                if (l->listener)
                        server->deserted = false;
        via_server_settle(server);
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
        l->watch = via_watch_new(l->server->loop, on_ready, l);
        l->listener->by->watch(l->listener, &wait);
        if (!l->watch || via_watch_sleep(l->watch, &wait) < 0)
                pause_accepting(l);
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
        free(l->uids);
        free(l->name);
        free(l);
}

/* @link is let in: counts it. -ENOMEM: it is not. */
int via_listening_joined(struct via_listening *l, const struct via_server_link *link) {
        struct via_uid_links *entry;

        if (link->known) {
                entry = uid_entry(l, link->uid);
                if (!entry)
                        return -ENOMEM;
                entry->uid = link->uid;
                entry->n++;
        }
        l->n_links++;
        l->n_half_open++;
        return 0;
}

/* @link, which was let in, has ended: there is room again. */
void via_listening_left(struct via_listening *l, const struct via_server_link *link) {
        l->n_links--;
        if (!(link->session.pump.conn.state & VIA_CONN_HELLO_SEEN))
                l->n_half_open--;
        if (link->known)
                uid_entry(l, link->uid)->n--;
        if (l->retry != INT64_MAX && l->server->drain_due == INT64_MAX)
                via_listening_retry(l);
}
