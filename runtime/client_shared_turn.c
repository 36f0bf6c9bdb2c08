/*
 * client_shared_turn.c - a blocking client that several threads use at once: who sleeps where
 *
 * The turn of a thread that waits. Nobody else touches the link's descriptors while one sleeps on
 * them, nor arms them anew: what the others send they send, and for all else they ring its bell.
 */
#include <errno.h>
#include <limits.h>
#include <unistd.h>
#include "client_impl.h"
#include "clock.h"

enum { ROUNDS_MAX = 8 };                        /* receives in a turn: others want the lock */

static int ms_until(int64_t until) {
        int64_t left = until == INT64_MAX ? -1 : until - via_clock_ms();

        if (until != INT64_MAX && left < 0)
                left = 0;
        return left > INT_MAX ? INT_MAX : (int)left;
}

/* When something of the client's is due, whoever has begun it; there is a link. */
int64_t via_shared_due(const struct via_client *client) {
        const struct via_conn *conn = &client->own.pump.conn;
        int64_t due[] = { conn->opens.due, via_waiting_due(client),
                          via_keepalive_due(&client->own.keepalive, conn) };
        int64_t first = conn->calls.due;

        for (size_t i = 0; i < sizeof(due) / sizeof(due[0]); i++)
                first = due[i] < first ? due[i] : first;
        return first;
}

/* Sleeps in the link, for all: 0, VIA_AWAKE if that was not to be, or the link's error. */
static int sleep_in_link(struct via_client *client, int64_t until) {
        struct via_shared *shared = client->shared;
        struct via_guest *me = shared->me;
        struct pollfd fds[5];
        struct via_wait wait;
        uint64_t rings;
        int r = via_pump_arm(&client->own.pump, true, &wait);

        if (r)
                return r;
        memcpy(fds, wait.fds, wait.n_fds * sizeof(*fds));
        fds[wait.n_fds] = (struct pollfd){ .fd = shared->bell, .events = POLLIN };
        shared->sleeper = me;
        shared->until = until;
        via_shared_out(shared);
        poll(fds, wait.n_fds + 1, ms_until(until));
        via_shared_in(shared, me);
        shared->sleeper = NULL;
        if (shared->rung && read(shared->bell, &rings, sizeof(rings)) < 0) {
                /* Nobody else reads it. */
        }
        shared->rung = false;
        return 0;
}

/* Receives what is there, for all. */
static void receive(struct via_client *client) {
        int r = 0;

        for (int i = 0; i < ROUNDS_MAX && r == 0 && !client->dead.code; i++)
                r = via_client_receive(client);
        if (r < 0 && r != -EAGAIN && !client->dead.code)
                via_client_lost(client, r);
}

/* Sends what can be sent: whether the link is still there. */
static bool flush(struct via_client *client) {
        int r = via_pump_flush(&client->own.pump);

        if (r < 0)
                via_client_lost_sending(client, r);
        else
                via_session_room(&client->own);
        return !client->dead.code;
}

/*
 * Ends what is overdue, and tells whoever is to be told. A thread whose call is overdue waits no
 * longer itself; one that turns the client for a call that was started is woken for it.
 */
static void tick(struct via_client *client) {
        struct via_session *own = &client->own;
        int64_t now = via_clock_ms();
        int r;

        if (!client->dead.code && via_shared_due(client) <= now) {
                via_session_tick(own, now);
                r = via_session_ask(own, now);
                if (r < 0)
                        via_client_lost(client, r);
        }
        if (via_session_has_news(own)) {
                via_session_ready(own);
                via_shared_wake(client->shared, false);
        }
}

/* Whether there is no reason to sleep: it may have come in this very turn. */
static bool has_reason(const struct via_client *client) {
        const bool *done = client->shared->me->done;

        return (done && *done) || via_session_has_news(&client->own);
}

/*
 * One turn of a thread that waits for something, until @until at most: in the link if nobody else
 * is there, else until it is woken.
 */
void via_shared_turn(struct via_client *client, int64_t until) {
        struct via_shared *shared = client->shared;
        int r = 0;

        tick(client);
        via_client_settle_down(client);
        if (client->dead.code) {
                via_client_sleep_down(client, until);
                return;
        }
        if (!flush(client) || has_reason(client))
                return;
        if (via_shared_due(client) < until)
                until = via_shared_due(client);
        if (shared->sleeper) {
                if (via_pump_queued(&client->own.pump))
                        via_shared_ring(shared);        /* it is to wait for room, too */
                via_shared_wait(shared, until);
                tick(client);
                return;
        }
        if (!client->held)
                r = sleep_in_link(client, until);
        if (!client->dead.code && r < 0)
                via_client_lost(client, r);
        receive(client);
        tick(client);
        if (!client->dead.code)
                flush(client);
        via_shared_wake(shared, client->dead.code != VIA_OK);
}

/* As via_client_send(). */
int via_shared_send(struct via_client *client, int64_t until) {
        int r = via_pump_flush(&client->own.pump);

        if (r < 0) {
                via_client_lost_sending(client, r);
                return r;
        }
        if (r == 0)
                return 0;
        if (until <= via_clock_ms())
                return -EAGAIN;
        via_shared_turn(client, until);
        return VIA_PUMP_BLOCKED;
}
