#pragma once
/*
 * server_impl.h - what the files of the server share
 *
 *      server.c         its life: new, listen, run, stop, free
 *      server_accept.c  listeners: who is let in
 *      server_link.c    a turn of one link; links that keep us waiting; draining
 */
#include "endpoint.h"
#include "loop_uv.h"
#include "serve.h"

struct via_server_link {
        struct via_listening   *at;
        struct via_session      session;
        struct via_watch       *watch;
        struct via_server_link *next, **prev;           /* all links of the server */
        /* those whose peer must say something soon; prev_due NULL: not one */
        struct via_server_link *next_due, **prev_due;
        uid_t                   uid;
        bool                    known;                  /* whether the uid is */
        bool                    leaving;                /* only what is queued is still sent */
        bool                    again;                  /* its turn was cut short: no sleep yet */
};

/* How many links one uid has; 0 links: a free entry. */
struct via_uid_links {
        uid_t    uid;
        unsigned n;
};

struct via_listening {
        struct via_server    *server;
        struct via_listener  *listener;                 /* NULL: shut */
        struct via_watch     *watch;
        struct via_limits     limits;
        int                   spin_us;
        struct via_uid_links *uids;
        unsigned              n_uids, n_links, n_half_open;
        /* accept failed for want of something: again then; INT64_MAX: it did not */
        int64_t               retry;
        char                 *name;                     /* as a client must write it */
        struct via_listening *next;
};

struct via_server {
        uv_loop_t              *loop;
        uv_async_t             *stop;
        struct via_timer       *timer;
        struct via_limits       limits;
        struct via_dispatch    *dispatch;
        struct via_pool         pool;
        struct via_listening   *listening;
        struct via_server_link *links, *due;
        unsigned                n_links;
        unsigned                n_again;                /* links whose turn was cut short */
        uint16_t                next_misses, next_skip; /* see is_next() in server_link.c */
        uint32_t                drain_ms;
        int64_t                 drain_due;              /* INT64_MAX: not draining */
        bool                    own_loop, stopped;
        bool                    deserted;       /* each listener says that nobody will come */
        uv_loop_t               loop_of_ours;
};

int  via_listening_start(struct via_listening *l, struct via_listener *listener);
void via_listening_shut(struct via_listening *l);
void via_listening_free(struct via_listening *l);
void via_listening_retry(struct via_listening *l);
int  via_listening_joined(struct via_listening *l, const struct via_server_link *link);
void via_listening_left(struct via_listening *l, const struct via_server_link *link);

int  via_server_link_new(struct via_listening *l, struct via_link *link,
                        const struct via_peer *peer);
void via_server_link_end(struct via_server_link *link);
void via_server_link_leave(struct via_server_link *link, enum via_code code, const char *why);
void via_server_links_tick(struct via_server *server, int64_t now);

void via_server_settle(struct via_server *server);
void via_server_rest(struct via_server *server);
