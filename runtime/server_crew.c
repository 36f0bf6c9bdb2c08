/*
 * server_crew.c - more workers than one: loops in threads of their own
 *
 * The first worker, in the thread that runs the server, accepts; a link then belongs to one worker
 * for all its life. What a worker is told from outside, links that are given to it and that it
 * drains, waits under a lock until its loop looks. Nothing here is on the way of a call.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "server_impl.h"

enum { WORKERS_MAX = 1024 };

struct member {
        struct via_worker       worker;         /* first */
        uv_loop_t               loop;
        uv_async_t              news;           /* something is under the lock */
        pthread_t               thread;
        bool                    runs;
        pthread_mutex_t         lock;
        struct via_server_link *arrivals, **last;       /* oldest first */
        int64_t                 drain_due;      /* INT64_MAX: not told to drain */
};

struct via_crew {
        unsigned      n;                        /* members, without the first worker */
        unsigned      turn;                     /* at whom choosing begins next */
        struct member members[];
};

/* --- in the thread of a member --- */

static void take_arrivals(struct member *member) {
        struct via_server_link *link, *next;

        pthread_mutex_lock(&member->lock);
        link = member->arrivals;
        member->arrivals = NULL;
        pthread_mutex_unlock(&member->lock);
        for (; link; link = next) {
                next = link->next;
                via_server_link_enter(link);
        }
}

static void on_news(uv_async_t *news) {
        struct member *member = news->data;
        int64_t due;

        take_arrivals(member);
        pthread_mutex_lock(&member->lock);
        due = member->drain_due;
        pthread_mutex_unlock(&member->lock);
        if (due != INT64_MAX && member->worker.drain_due == INT64_MAX)
                via_worker_drain(&member->worker, due);
}

static void on_timer(void *owner) {
        via_worker_tick(owner, via_clock_ms());
}

static void member_fini(struct member *member) {
        take_arrivals(member);
        via_worker_fini(&member->worker);
        if (member->news.data)
                uv_close((uv_handle_t *)&member->news, NULL);
        uv_run(&member->loop, UV_RUN_DEFAULT);  /* nothing is left but handles that close */
        uv_loop_close(&member->loop);
}

static void *member_main(void *arg) {
        struct member *member = arg;

        uv_run(&member->loop, UV_RUN_DEFAULT);
        member_fini(member);
        return NULL;
}

/* --- in the thread that runs the server --- */

/* Which worker the next link over @by is for: one that has the fewest. */
struct via_worker *via_crew_choose(struct via_server *server, const struct via_transport *by) {
        struct via_crew *crew = server->crew;
        struct via_worker *best = &server->first;

        if (!crew || by->traits & VIA_ALONE)    /* its end is the server's, see shut_for_good() */
                return best;
        crew->turn = (crew->turn + 1) % crew->n;
        for (unsigned i = 0; i < crew->n; i++) {
                struct via_worker *worker = &crew->members[(crew->turn + i) % crew->n].worker;

                if (worker->n_links < best->n_links)
                        best = worker;
        }
        return best;
}

/* Hands @link over to its worker, a member. */
void via_crew_give(struct via_server_link *link) {
        struct member *member = (struct member *)link->worker;

        link->next = NULL;
        pthread_mutex_lock(&member->lock);
        if (!member->arrivals)
                member->last = &member->arrivals;
        *member->last = link;
        member->last = &link->next;
        uv_async_send(&member->news);
        pthread_mutex_unlock(&member->lock);
}

/* Lets all members drain until @due. They get no more links. */
void via_crew_drain(struct via_crew *crew, int64_t due) {
        for (unsigned i = 0; i < crew->n; i++) {
                struct member *member = &crew->members[i];

                pthread_mutex_lock(&member->lock);
                if (member->drain_due == INT64_MAX) {
                        member->drain_due = due;
                        uv_async_send(&member->news);
                }
                pthread_mutex_unlock(&member->lock);
        }
}

unsigned via_crew_links(const struct via_crew *crew) {
        unsigned n = 0;

        for (unsigned i = 0; i < crew->n; i++)
                n += crew->members[i].worker.n_links;
        return n;
}

static int member_init(struct member *member, struct via_server *server) {
        int r = uv_loop_init(&member->loop);

        if (r < 0)
                return r;
        pthread_mutex_init(&member->lock, NULL);
        member->drain_due = INT64_MAX;
        r = via_worker_init(&member->worker, server, &member->loop, on_timer);
        if (r == 0)
                r = via_dispatch_copy(member->worker.dispatch, server->first.dispatch);
        if (r == 0)
                r = uv_async_init(&member->loop, &member->news, on_news);
        if (r == 0)
                member->news.data = member;
        member->worker.own_loop = true;
        return r;
}

/* Signals are for the threads that the program has started itself. */
static int member_start(struct member *member) {
        sigset_t all, old;
        int r;

        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &old);
        r = pthread_create(&member->thread, NULL, member_main, member);
        pthread_sigmask(SIG_SETMASK, &old, NULL);
        member->runs = r == 0;
        return -r;
}

/* All have been told to drain, or there is nobody whom they serve. */
static void crew_free(struct via_server *server) {
        struct via_crew *crew = server->crew;

        for (unsigned i = 0; i < crew->n; i++) {
                struct member *member = &crew->members[i];

                if (member->runs)
                        pthread_join(member->thread, NULL);
                pthread_mutex_destroy(&member->lock);
        }
        server->crew = NULL;
        free(crew);
}

/* One that could not be made, or not be started. */
static void member_drop(struct member *member) {
        if (!member->worker.server)             /* nothing of it was made */
                return;
        member_fini(member);
        pthread_mutex_destroy(&member->lock);
}

static int crew_new(struct via_server *server, unsigned n) {
        struct via_crew *crew = calloc(1, sizeof(*crew) + n * sizeof(struct member));
        int r = 0;

        if (!crew)
                return -ENOMEM;
        server->crew = crew;
        while (crew->n < n && r == 0) {
                struct member *member = &crew->members[crew->n];

                r = member_init(member, server);
                if (r == 0)
                        r = member_start(member);
                if (r == 0)
                        crew->n++;
                else
                        member_drop(member);
        }
        if (r == 0)
                return 0;
        via_crew_drain(crew, INT64_MIN);
        crew_free(server);
        return r;
}

int via_server_run_workers(struct via_server *server, unsigned n, struct via_error *err) {
        int code, r;

        if (!server->first.own_loop || server->crew)
                return via_error_set(
                        err, VIA_FAILED_PRECONDITION,
                        server->crew ? "the server runs"
                                     : "the loop is the application's, not the server's");
        if (n < 1 || n > WORKERS_MAX)
                return via_error_set(err, VIA_OUT_OF_RANGE, "%u workers: 1 to %d are possible", n,
                                     WORKERS_MAX);
        if (n > 1) {
                r = crew_new(server, n - 1);
                if (r < 0)
                        return via_error_set(err, VIA_RESOURCE_EXHAUSTED,
                                             "no thread for one of %u workers: %s", n,
                                             strerror(-r));
        }
        code = via_server_run(server);
        if (server->crew) {
                via_crew_drain(server->crew, via_clock_ms() + server->drain_ms);
                crew_free(server);
        }
        return code;
}
