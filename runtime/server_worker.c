/*
 * server_worker.c - one loop and the links in it, and how it drains
 *
 * A server has one, its own, and more while via_server_run_workers() runs; what is in here is the
 * same for all of them. A worker and its links belong to the thread that runs its loop.
 */
#include <errno.h>
#include "clock.h"
#include "health.h"
#include "server_impl.h"

/*
 * Makes @worker ready to have links in @loop: 0 or -ENOMEM. @on_timer is to call
 * via_worker_tick(). Pair with via_worker_fini(), also after a failure.
 */
int via_worker_init(struct via_worker *worker, struct via_server *server, uv_loop_t *loop,
                    via_wake_fn on_timer) {
        worker->server = server;
        worker->loop = loop;
        worker->drain_due = INT64_MAX;
        worker->timer = via_timer_new(loop, on_timer, worker);
        worker->dispatch = via_dispatch_new(loop);
        return worker->timer && worker->dispatch ? 0 : -ENOMEM;
}

/* Ends all that is in @worker; the loop must run once more so that its handles close. */
void via_worker_fini(struct via_worker *worker) {
        while (worker->links)
                via_server_link_end(worker->links);
        via_dispatch_close(worker->dispatch);
        worker->dispatch = NULL;
        worker->timer = via_timer_close(worker->timer);
        via_pool_fini(&worker->pool);
}

static bool is_first(const struct via_worker *worker) {
        return worker == &worker->server->first;
}

/*
 * When the last link of a worker that drains, or to which nobody comes, has gone, it is done.
 */
void via_worker_settle(struct via_worker *worker) {
        struct via_server *server = worker->server;
        bool ends = worker->drain_due != INT64_MAX || (is_first(worker) && server->deserted);

        if (!ends || worker->links || worker->stopped)
                return;
        worker->stopped = true;
        if (worker->own_loop)
                uv_stop(worker->loop);
        else
                uv_unref((uv_handle_t *)server->stop);
}

/* Stops the timer if it has nothing to wait for. */
void via_worker_rest(struct via_worker *worker) {
        struct via_listening *l = is_first(worker) ? worker->server->listening : NULL;
        bool waits = worker->due || worker->drain_due != INT64_MAX;

        for (; l && !waits; l = l->next)
                waits = l->retry != INT64_MAX;
        if (!waits)
                via_timer_stop(worker->timer);
}

/* A call of @link that somebody still waits for, or NULL. */
static struct via_call *waited_for(const struct via_server_link *link) {
        struct via_call *call = link->session.open;

        while (call && (call->oneway || call->state & VIA_CALL_REPLIED || via_call_cancelled(call)))
                call = call->next;
        return call;
}

/*
 * No more time is left: says so to whoever still waits, as far as one write goes, and ends
 * @link.
 */
static void cut(struct via_server_link *link) {
        struct via_call *call;

        link->session.turns++;                  /* handlers are told, and may do what they like */
        while ((call = waited_for(link)))
                via_call_abort(call, VIA_UNAVAILABLE,
                               "the server is shutting down, and does not wait for this call "
                               "any longer");
        via_session_ready(&link->session);
        link->session.turns--;
        via_pump_flush(&link->session.pump);
        via_server_link_end(link);
}

/* Deals with all links that are due by @now, and with all links if no more time is left. */
void via_worker_tick(struct via_worker *worker, int64_t now) {
        via_server_links_tick(worker, now);
        if (worker->drain_due <= now)
                while (worker->links)
                        cut(worker->links);
        else
                via_timer_set(worker->timer, worker->drain_due, now);
}

/*
 * Tells every client that this end leaves, and waits, until @due, for nobody who has nothing more
 * to hear.
 */
void via_worker_drain(struct via_worker *worker, int64_t due) {
        worker->drain_due = due;
        via_health_drain(worker->server->health, worker->dispatch);
        for (struct via_server_link *link = worker->links, *next; link; link = next) {
                next = link->next;
                via_server_link_leave(link, VIA_UNAVAILABLE, "the server is shutting down");
        }
        via_timer_set(worker->timer, due, via_clock_ms());
        via_worker_settle(worker);
}
