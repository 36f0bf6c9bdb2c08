/*
 * server_link.c - one link of a server: when it has its turn, its end, and the links that keep us
 * waiting
 */
#include <errno.h>
#include <stdlib.h>
#include "client_impl.h"
#include "clock.h"
#include "server_impl.h"

enum {
        NEXT_MAX = 64,                          /* turns in a row without the loop */
        NEXT_MISSES_MAX = 10,                   /* then every 1024th chance is taken */
};

static void due_leave(struct via_server_link *link) {
        if (!link->prev_due)
                return;
        *link->prev_due = link->next_due;
        if (link->next_due)
                link->next_due->prev_due = link->prev_due;
        link->prev_due = NULL;
        via_worker_rest(link->worker);
}

/* Keeps the list of links whose peer must say something by a certain time. */
static void due_update(struct via_server_link *link, int64_t now) {
        struct via_worker *worker = link->worker;
        int64_t due = via_session_due(&link->session);

        if (due == INT64_MAX) {
                due_leave(link);
                return;
        }
        if (!link->prev_due) {
                link->next_due = worker->due;
                link->prev_due = &worker->due;
                if (worker->due)
                        worker->due->prev_due = &link->next_due;
                worker->due = link;
        }
        via_timer_set(worker->timer, due, now);
}

/* Ends @link at once, and frees it. */
void via_server_link_end(struct via_server_link *link) {
        struct via_worker *worker = link->worker;
        struct via_listening *l = link->at;

        due_leave(link);
        worker->n_again -= link->again;
        *link->prev = link->next;
        if (link->next)
                link->next->prev = link->prev;
        worker->n_links--;
        via_watch_close(link->watch);
        if (link->session.client)
                via_client_back_end(link->session.client);
        via_session_end(&link->session);
        via_client_back_free(link->session.client);
        via_listening_left(l, link->user, link->session.pump.conn.state & VIA_CONN_HELLO_SEEN);
        via_pump_fini(&link->session.pump);
        free(link);
        if (worker == &worker->server->first)   /* others leave it to the timer */
                via_listening_room(l);
        via_worker_settle(worker);
}

/*
 * Sleeps until there is more to do; or, if something came meanwhile, takes another turn after
 * the other links had theirs.
 */
static int settle(struct via_server_link *link, bool read) {
        struct via_wait wait;
        int r;

        r = link->again ? VIA_AWAKE : via_pump_arm(&link->session.pump, read, &wait);
        if (r != VIA_AWAKE)
                return r < 0 ? r : via_watch_sleep(link->watch, &wait);
        return via_session_kick(&link->session);
}

/* The peer has done something that ends the link: it is told what, if it can hear. */
static void link_fault(struct via_server_link *link, int r) {
        struct via_conn *conn = &link->session.pump.conn;

        if (r == -EPROTO || r == -EPROTONOSUPPORT || r == -ETIMEDOUT) {
                via_conn_goaway(conn,
                                r == -ETIMEDOUT ? VIA_DEADLINE_EXCEEDED : VIA_INVALID_ARGUMENT,
                                conn->why);
                via_pump_flush(&link->session.pump);
        }
        via_server_link_end(link);
}

/* Whether nothing is left to be done but to send what is queued. */
static bool is_over(const struct via_server_link *link) {
        return link->leaving && !link->session.open;
}

/* One turn of @link and all that belongs to it: whether it is still there. */
static bool take_turn(struct via_server_link *link) {
        int64_t now = via_clock_ms();
        bool read;
        int r;

        link->session.turns++;
        if (is_over(link))
                r = via_pump_flush(&link->session.pump);
        else
                r = via_server_link_turn(link, now);
        link->session.turns--;
        if (r < 0 || (is_over(link) && r == 0)) {
                link_fault(link, r);
                return false;
        }
        if (via_session_has_news(&link->session))       /* after a look at everybody else */
                via_session_kick(&link->session);
        read = !is_over(link) && r != VIA_PUMP_BLOCKED;
        if (!read)
                via_conn_pause(&link->session.pump.conn);
        r = settle(link, read);
        if (r < 0) {
                link_fault(link, r);
                return false;
        }
        due_update(link, now);
        return true;
}

/*
 * Whether the same client asks next, with nothing else to do in between: then the loop is not
 * needed. Where it usually is somebody else, this is soon asked no more.
 */
static bool is_next(struct via_server_link *link) {
        struct via_worker *worker = link->worker;

        if (!worker->own_loop || worker->drain_due != INT64_MAX || link->again || worker->n_again)
                return false;
        if (worker->next_skip) {
                worker->next_skip--;
                return false;
        }
        if (via_watch_wait(link->watch)) {
                worker->next_misses = 0;
                return true;
        }
        if (worker->next_misses < NEXT_MISSES_MAX)
                worker->next_misses++;
        worker->next_skip = (uint16_t)((1u << worker->next_misses) - 1);
        return false;
}

static void on_ready(void *owner) {
        struct via_server_link *link = owner;

        for (int i = 0; take_turn(link) && i < NEXT_MAX && is_next(link); i++)
                ;
}

/*
 * A turn that this end has asked for. Others may have been asked for as well, and libuv, which is
 * going through all of them, does not let us see those: so nobody sleeps in its place here.
 */
static void on_tail(void *owner) {
        take_turn(owner);
}

/*
 * Takes over @transport_link, which was accepted and is @user's, and hands it to a worker.
 * -ENOMEM: it still is the caller's.
 */
int via_server_link_new(struct via_listening *l, struct via_link *transport_link,
                        struct via_user *user) {
        struct via_server_link *link = calloc(1, sizeof(*link));
        struct via_worker *worker;

        if (!link)
                return -ENOMEM;
        worker = via_crew_choose(l->server, transport_link->by);
        worker->n_links++;
        link->at = l;
        link->worker = worker;
        link->user = user;
        link->session.limits = &l->limits;
        link->session.endpoint = l->name;
        link->session.budget = &user->calls;
        link->session.dispatch = worker->dispatch;
        link->session.loop = worker->loop;
        link->session.wake = on_tail;
        link->session.owner = link;
        via_pump_init(&link->session.pump, transport_link, &worker->pool, &l->limits,
                      via_clock_ms());
        via_spin_init(&link->session.spin, l->spin_us, transport_link->by, true);
        via_keepalive_init(&link->session.keepalive, l->keepalive_ms, l->keepalive_timeout_ms, true,
                           via_clock_ms());
        if (worker == &l->server->first)
                via_server_link_enter(link);
        else
                via_crew_give(link);
        return 0;
}

/* The worker's thread takes @link into its loop. */
void via_server_link_enter(struct via_server_link *link) {
        struct via_worker *worker = link->worker;

        link->next = worker->links;
        link->prev = &worker->links;
        if (worker->links)
                worker->links->prev = &link->next;
        worker->links = link;
        link->watch = via_watch_new(worker->loop, on_ready, link);
        if (!link->watch || settle(link, true) < 0)
                via_server_link_end(link);
        else
                due_update(link, via_clock_ms());
}

/*
 * This end leaves: serves what the client has sent so far, tells it @why, and ends the link
 * when the calls that are open have been answered, and all of that is sent.
 */
void via_server_link_leave(struct via_server_link *link, enum via_code code, const char *why) {
        int r;

        link->session.turns++;
        r = via_server_link_turn(link, via_clock_ms());
        link->session.turns--;
        link->leaving = true;
        link->session.closing = true;
        via_conn_goaway(&link->session.pump.conn, (uint8_t)code, why);
        if (r >= 0)
                r = via_pump_flush(&link->session.pump);
        if (r < 0 || (is_over(link) && r != VIA_PUMP_BLOCKED) || settle(link, !is_over(link)) < 0)
                via_server_link_end(link);
}

/* Ends the links whose peers have said nothing for too long, and sets the timer for the others. */
void via_server_links_tick(struct via_worker *worker, int64_t now) {
        for (struct via_server_link *link = worker->due, *next; link; link = next) {
                next = link->next_due;
                if (via_conn_tick(&link->session.pump.conn, now) < 0 ||
                    via_session_ask(&link->session, now) < 0) {
                        link_fault(link, -ETIMEDOUT);
                        continue;
                }
                via_session_tick(&link->session, now);
                due_update(link, now);
        }
}
