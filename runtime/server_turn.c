/*
 * server_turn.c - a turn of one link of a server: what its client has asked is served
 *
 * A turn is: drain, deliver, flush. Readable comes before writable, so an answer leaves in the turn
 * that asked, and all that became ready in a turn leaves in one write. A link whose client does
 * not read is not read either. It neither sleeps nor ends the link.
 */
#include <errno.h>
#include "clock.h"
#include "server_impl.h"

enum {
        ROUNDS_MAX = 16,                        /* receives in one turn: others want theirs */
        MEMORY_ROUNDS_MAX = 64,                 /* the same where they are no system calls */
        SHARED_ROUNDS_MAX = 4,                  /* and where each round is everybody's CPU */
        LOOK_MS_MAX = 2,                        /* a turn is no longer if it only looks for more */
        LAST_ROUNDS_MAX = 64,                   /* and of a client that is gone */
};

/*
 * Serves the events received, unless too much is queued: VIA_CONN_MORE, 0 if there may be more
 * events, or a fault.
 */
static int deliver(struct via_server_link *link, int64_t now) {
        struct via_listening *l = link->at;
        struct via_session *session = &link->session;
        struct via_pump *pump = &session->pump;
        bool greeted = pump->conn.state & VIA_CONN_HELLO_SEEN;
        struct via_serving serving = { .came = now,
                                       .now = now,
                                       .queue = l->limits.v[VIA_LIMIT_QUEUE] };
        struct via_event ev;
        int r = 0;

        via_dispatch_here(session->dispatch);
        for (;;) {
                via_serve_plain(session, &serving);
                if (via_pump_queued(pump) > serving.queue || (r = via_pump_next(pump, &ev)) != 0)
                        break;
                via_session_event(session, &ev, now, via_serving_time(&serving));
        }
        if (__builtin_expect(via_session_has_news(session), 0))
                via_session_ready(session);
        if (!greeted && (pump->conn.state & VIA_CONN_HELLO_SEEN))
                via_listening_greeted(l);
        return r;
}

/*
 * The client takes nothing more, because of @fault: what it sent before it left is still served,
 * though nobody hears the answers. Returns @fault.
 */
static int last_turn(struct via_server_link *link, int64_t now, int fault) {
        struct via_pump *pump = &link->session.pump;
        int got = 0, r = 0;

        for (int i = 0; i < LAST_ROUNDS_MAX && got == 0 && r >= 0; i++) {
                got = via_pump_drain(pump, 0);
                do {
                        via_pump_forget(pump);
                        r = deliver(link, now);
                } while (r == 0);
                if (got == 0)
                        via_pump_rest(pump, now);
        }
        return fault;
}

/* Says whether @link, whose turn ends, wants another one before it sleeps. */
static void go_on(struct via_server_link *link, bool again) {
        link->worker->n_again += (unsigned)again - (unsigned)link->again;
        link->again = again;
}

/*
 * A turn up to its sleep: 0 when all is sent, VIA_PUMP_BLOCKED when the client does not read,
 * or the fault that ends the link. Once something has come it looks for more (see spin.h), but
 * not without end: link->again says that it should go on when the others have had their turn.
 * Of several that look, each asks once a turn, so that none waits for another's client.
 */
int via_server_link_turn(struct via_server_link *link, int64_t now) {
        struct via_pump *pump = &link->session.pump;
        int r, sent = via_pump_idle(pump) ? 0 : via_pump_flush(pump);
        int rounds_max = pump->link->by->traits & VIA_MEMORY ? MEMORY_ROUNDS_MAX : ROUNDS_MAX;
        bool look = link->again, alone;
        int64_t start = now;

        if (link->session.spin.yields && link->worker->n_links > 1)
                rounds_max = SHARED_ROUNDS_MAX;
        go_on(link, false);
        alone = link->worker->n_again == 0;
        if (!look)
                via_spin_forget(&link->session.spin);
        for (int i = 0; i < rounds_max && sent == 0; i++) {
                int got = look ? via_spin_look(&link->session.spin, pump,
                                               alone ? VIA_SPIN_TRIES : 1)
                               : via_pump_drain(pump, 0);

                if (got == VIA_SPIN_ON) {
                        if (alone)
                                continue;
                        break;
                }
                if (look && got == 0)
                        now = via_clock_ms();
                if (got == 0)
                        via_keepalive_heard(&link->session.keepalive, now);
                do {
                        r = deliver(link, now);
                        sent = via_pump_flush(pump);
                        via_session_room(&link->session);
                } while (r == 0 && sent == 0);
                if (got == 0 || pump->conn.due == INT64_MAX)
                        via_pump_rest(pump, now);
                if (r < 0)
                        return r;
                if (sent < 0)
                        break;
                if (got < 0)
                        return got == -EAGAIN ? sent : got;
                look = !pump->full;
                if (look && !link->session.spin.budget_us)
                        return sent;
                if (look && now - start > LOOK_MS_MAX)
                        break;
        }
        if (sent < 0)
                return last_turn(link, now, sent);
        go_on(link, look && sent == 0);
        return sent;
}
