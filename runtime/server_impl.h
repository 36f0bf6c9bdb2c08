#pragma once
/*
 * server_impl.h - what the files of the server share
 *
 *      server.c          its life: new, add, run, stop, free
 *      server_listen.c   from an endpoint to listeners
 *      server_inherit.c  listeners that whoever started the process has made
 *      server_accept.c   listeners: who is let in
 *      server_count.c    how many links a listener has, of whom
 *      server_worker.c   one loop and the links in it; draining
 *      server_crew.c     more loops, in threads of their own
 *      server_signals.c  the signals that end it
 *      server_authorize.c  who may call what
 *      server_link.c     one link, and those that keep us waiting
 *      server_turn.c     what a link does with its turn
 *      health.c, stats_serve.c  what it serves itself
 */
#include <stdatomic.h>
#include "budget.h"
#include "endpoint.h"
#include "loop_uv.h"
#include "serve.h"

struct via_server_link {
        struct via_listening   *at;
        struct via_worker      *worker;                 /* whose loop it is in */
        struct via_session      session;
        struct via_watch       *watch;
        struct via_server_link *next, **prev;           /* all links of the worker */
        /* those whose peer must say something soon; prev_due NULL: not one */
        struct via_server_link *next_due, **prev_due;
        struct via_user        *user;                   /* of `at`: whose link it is */
        bool                    leaving;                /* only what is queued is still sent */
        bool                    again;                  /* its turn was cut short: no sleep yet */
};

/* Somebody with links at one listener, or with calls that are not over. */
struct via_user {
        struct via_budget calls;
        bool              known;                        /* whether the uid is */
        uid_t             uid;
        unsigned          n_links;                      /* under the listening's lock */
        struct via_user  *next;
};

/* Belongs to the server's own thread, but for what is under the lock. */
struct via_listening {
        struct via_server    *server;
        struct via_listener  *listener;                 /* NULL: shut */
        struct via_watch     *watch;
        struct via_limits     limits;
        int                   spin_us;
        uint32_t              keepalive_ms, keepalive_timeout_ms;       /* 0: off; the default */
        /* accept failed for want of something: again then; INT64_MAX: it did not */
        int64_t               retry;
        char                 *name;                     /* as a client must write it */
        struct via_listening *next;
        pthread_mutex_t       lock;                     /* links of any worker come and go */
        struct via_user      *users;
        unsigned              n_links, n_half_open;
};

/* One loop and the links in it. */
struct via_worker {
        struct via_server      *server;
        uv_loop_t              *loop;
        struct via_timer       *timer;
        struct via_dispatch    *dispatch;
        struct via_pool         pool;
        struct via_server_link *links, *due;
        unsigned                n_again;                /* links whose turn was cut short */
        uint16_t                next_misses, next_skip; /* see is_next() in server_link.c */
        int64_t                 drain_due;              /* INT64_MAX: not draining */
        bool                    own_loop, stopped;
        atomic_uint             n_links;                /* also those on their way to it */
};

/* Who is asked about each call; authorize NULL: nobody. */
struct via_authorization {
        int  (*authorize)(void *user, struct via_call *call);
        void  *user;
};

struct via_server {
        struct via_worker     first;                    /* the one that also accepts */
        struct via_crew      *crew;                     /* the others; NULL: none */
        uv_async_t           *stop;
        struct via_signals   *signals;                  /* NULL: the program's */
        struct via_authorization authorization;
        struct via_limits     limits;
        struct via_listening *listening;
        atomic_uint           n_calls;                  /* that are open */
        uint32_t              drain_ms;
        bool                  notifies; /* VIA_SERVER_NOTIFY */
        bool                  deserted; /* each listener says that nobody will come */
        struct via_health    *health;                   /* owned; NULL: not served */
        struct via_stats     *stats;                    /* owned; NULL: nothing is counted */
        atomic_ulong          accepted, turned_away;    /* links, so far */
        uv_loop_t             loop_of_ours;
};

void via_server_drain(struct via_server *server);
struct via_signals *via_signals_close(struct via_signals *signals);

struct via_listening *via_listening_new(struct via_server *server, const struct via_limits *limits,
                                        int spin_us);
void via_listenings_done(struct via_listening **first, int code);
int  via_listening_start(struct via_listening *l, struct via_listener *listener);
void via_listening_shut(struct via_listening *l);
void via_listening_free(struct via_listening *l);
void via_listening_retry(struct via_listening *l);
void via_listening_room(struct via_listening *l);

int  via_listening_join(struct via_listening *l, const struct via_peer *peer,
                       struct via_user **ret_user, char *why, size_t size);
void via_listening_greeted(struct via_listening *l);
void via_listening_left(struct via_listening *l, struct via_user *user, bool greeted);

int  via_server_link_new(struct via_listening *l, struct via_link *link, struct via_user *user);
void via_server_link_enter(struct via_server_link *link);
int  via_server_link_turn(struct via_server_link *link, int64_t now);
void via_server_link_end(struct via_server_link *link);
void via_server_link_leave(struct via_server_link *link, enum via_code code, const char *why);
void via_server_links_tick(struct via_worker *worker, int64_t now);

int  via_worker_init(struct via_worker *worker, struct via_server *server, uv_loop_t *loop,
                    via_wake_fn on_timer);
void via_worker_fini(struct via_worker *worker);
void via_worker_tick(struct via_worker *worker, int64_t now);
void via_worker_drain(struct via_worker *worker, int64_t due);
void via_worker_settle(struct via_worker *worker);
void via_worker_rest(struct via_worker *worker);

int  via_server_count(struct via_server *server);

struct via_worker *via_crew_choose(struct via_server *server, const struct via_transport *by);
void via_crew_give(struct via_server_link *link);
void via_crew_drain(struct via_crew *crew, int64_t due);
unsigned via_crew_links(const struct via_crew *crew);
