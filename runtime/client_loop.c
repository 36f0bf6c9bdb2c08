/*
 * client_loop.c - a client in somebody's loop: what a turn is there
 *
 * A turn begins when libuv says that the link is ready, or with the tail, which runs before the
 * loop sleeps if something was started outside of a turn. It never waits.
 */
#include "client_impl.h"
#include "clock.h"

enum { ROUNDS_MAX = 8 };                        /* receives per wake: others want their turn */

static void set_timer(struct via_client *client, int64_t now) {
        int64_t due = via_client_due(client),
                other = via_keepalive_due(&client->session->keepalive,
                                          &client->session->pump.conn);

        due = other < due ? other : due;
        other = client->links.waiting ? via_waiting_due(client) : INT64_MAX;
        via_timer_set(client->timer, other < due ? other : due, now);
}

/* The end of a turn of the loop driver: gives up what is overdue, sends, and sleeps again. */
static void settle(struct via_client *client) {
        struct via_session *session = client->session;
        struct via_pump *pump = &session->pump;
        int64_t now = via_clock_ms();
        struct via_wait wait;
        int r;

        session->turns++;
        via_session_tick(session, now);
        r = via_session_ask(session, now);
        if (r < 0)
                via_client_lost(client, r);
        via_session_ready(session);
        r = client->dead.code ? 0 : via_pump_flush(pump);
        if (r < 0)
                via_client_lost_sending(client, r);
        else
                via_session_room(session);
        session->turns--;
        if (via_session_has_news(session))      /* after a look at everybody else */
                via_session_kick(session);
        if (client->dead.code)
                return;
        if (!client->watch)                     /* the link is a new one */
                client->watch = via_watch_new(client->loop, via_client_wake, client);
        r = !client->watch  ? -ENOMEM
            : client->again ? VIA_AWAKE
                            : via_pump_arm(pump, true, &wait);
        client->awake = r == VIA_AWAKE;
        if (client->awake)
                via_session_kick(session);
        else if (r == 0)
                r = via_watch_sleep(client->watch, &wait);
        if (r < 0)
                via_client_lost(client, r);
        else
                set_timer(client, now);
        via_timer_hold(client->timer, false);   /* the link keeps the loop */
}

static void tail(struct via_client *client);

/*
 * A turn of the loop driver: receives and delivers what is there, and looks for more (see
 * spin.h), but not without end.
 */
static void wake(struct via_client *client) {
        struct via_pump *pump = &client->session->pump;
        bool look = client->again;
        int r = 0;

        if (client->dead.code) {
                tail(client);
                return;
        }
        client->again = false;
        if (!look)
                via_spin_forget(&client->session->spin);
        client->session->turns++;
        for (int i = 0; i < ROUNDS_MAX && r == 0; i++) {
                int got = look ? via_spin_look(&client->session->spin, pump, VIA_SPIN_TRIES)
                               : via_pump_drain(pump, 0);

                if (got == VIA_SPIN_ON)
                        continue;
                if (got == 0)
                        via_keepalive_heard(&client->session->keepalive, via_clock_ms());
                r = via_client_received(client, got);
                look = !pump->full;
                if (client->dead.code || (look && !client->session->spin.budget_us))
                        break;
                if (r == 0)
                        via_pump_flush(pump);   /* what on_done started; a fault is found below */
        }
        client->session->turns--;
        client->again = r == 0 && look && client->session->spin.budget_us;
        if (r < 0 && r != -EAGAIN && !client->dead.code)
                via_client_lost(client, r);
        client->awake = false;
        tail(client);
}

/*
 * Before the loop sleeps: sends what was started outside of a turn, or receives what the last
 * turn left.
 */
static void tail(struct via_client *client) {
        if (client->closing)
                return;
        if (client->awake && !client->dead.code) {
                wake(client);
                return;
        }
        if (client->links.waiting && !client->dead.code)
                via_client_settle_down(client);
        if (!client->dead.code)
                settle(client);
        if (client->dead.code && !client->closing) {
                client->watch = via_watch_close(client->watch);
                via_session_ready(client->session);
                if (client->links.place)
                        via_client_turn_down(client);
                if (via_session_has_news(client->session))
                        via_session_kick(client->session);
        }
}

/* What libuv calls. In the end the client may be gone: whoever was told something closed it. */
void via_client_wake(void *owner) {
        struct via_client *client = owner;

        via_client_enter(client);
        wake(client);
        via_client_leave(client);
}

void via_client_tail(void *owner) {
        struct via_client *client = owner;

        via_client_enter(client);
        tail(client);
        via_client_leave(client);
}
