/*
 * client_links.c - the links of a client, one after the other: its states, and when it tries again
 *
 * Nothing here waits or connects. A link that has ended is only remembered as such at first (why
 * is in client->dead), because those who find out are in the middle of using it; it is closed
 * when nobody is, by via_links_leave().
 *
 * Attempts begin at least a back-off apart, counted from when the last one began, so that a server
 * that accepts and dies at once is not met by a storm, and one that was restarted in the night is
 * not waited for in the morning.
 */
#include <stdlib.h>
#include <string.h>
#include "client_impl.h"
#include "clock.h"
#include "serve.h"
#include "stream.h"

enum { DELAY_FIRST_MS = 1000, DELAY_MOST_MS = 120000 };

static void set_state(struct via_client *client, enum via_client_state state) {
        struct via_links *links = &client->links;

        if (links->state == state)
                return;
        links->state = state;
        if (client->shared)
                via_shared_wake(client->shared, true);
        if (!links->on_state)
                return;
        client->delivering++;                   /* it may not wait */
        links->on_state(links->user, client, state);
        client->delivering--;
}

/* A number that is as good as any, below @most. */
static uint32_t random_below(struct via_links *links, uint32_t most) {
        uint64_t x = links->random;

        if (!x)
                x = (uint64_t)via_clock_ms() << 20 ^ (uint64_t)(uintptr_t)links ^
                    0x9e3779b97f4a7c15;
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        links->random = x;
        return (uint32_t)(x % most);
}

/* The back-off that follows one of @delay_ms (0: none): 1.6 times as long, up to two minutes. */
uint32_t via_links_next_delay(uint32_t delay_ms) {
        if (!delay_ms)
                return DELAY_FIRST_MS;
        return delay_ms < DELAY_MOST_MS * 10 / 16 ? delay_ms * 16 / 10 : DELAY_MOST_MS;
}

/* @delay_ms, give or take a fifth, so that those who were cut off together do not come together. */
uint32_t via_links_jitter(struct via_links *links, uint32_t delay_ms) {
        return delay_ms - delay_ms / 5 + random_below(links, delay_ms / 5 * 2 + 1);
}

/* The last attempt came to nothing, or to a link that never was of use. */
static void back_off(struct via_client *client) {
        struct via_links *links = &client->links;

        links->delay_ms = via_links_next_delay(links->delay_ms);
        links->retry_at = links->begun + via_links_jitter(links, links->delay_ms);
        set_state(client, via_clock_ms() < links->retry_at ? VIA_CLIENT_BACKING_OFF
                                                           : VIA_CLIENT_IDLE);
}

/* The link has just ended, as client->dead says. What was on it has still to be ended. */
void via_links_lost(struct via_client *client) {
        const struct via_pump *pump = &client->own.pump;
        struct via_links *links = &client->links;

        if (!links->place || links->state == VIA_CLIENT_CLOSED)
                return;
        free(links->ended);
        links->ended = client->dead.message ? strdup(client->dead.message) : NULL;
        if (links->flags & VIA_CLIENT_ONCE ||
            (pump->link->by->traits & VIA_ALONE && !(links->flags & VIA_CLIENT_RESTART))) {
                set_state(client, VIA_CLIENT_CLOSED);
        } else if (pump->conn.state & VIA_CONN_HELLO_SEEN) {
                links->delay_ms = 0;
                links->retry_at = 0;
                set_state(client, VIA_CLIENT_IDLE);
        } else {
                back_off(client);
        }
}

/* There will be no link any more. */
void via_links_close(struct via_client *client) {
        if (client->links.place)
                set_state(client, VIA_CLIENT_CLOSED);
}

/* An attempt begins, here or elsewhere. */
void via_links_try(struct via_client *client) {
        client->links.begun = via_clock_ms();
        set_state(client, VIA_CLIENT_CONNECTING);
}

/* It has failed, by @why, which is taken over. */
void via_links_failed(struct via_client *client, struct via_error *why) {
        struct via_links *links = &client->links;
        struct via_error *dead = &client->dead;
        bool want = why->code == VIA_RESOURCE_EXHAUSTED;

        /* of our own want of something, or else nobody is there */
        via_error_set(dead, want ? VIA_RESOURCE_EXHAUSTED : VIA_UNAVAILABLE, "%s%s%s",
                      why->message ? why->message : "cannot connect",
                      links->ended ? "; before that: " : "", links->ended ? links->ended : "");
        dead->code = want ? VIA_RESOURCE_EXHAUSTED : VIA_UNAVAILABLE;
        via_error_fini(why);
        back_off(client);
}

/* It had less time than an attempt has, and another one may be made at once. */
void via_links_put_off(struct via_client *client) {
        set_state(client, VIA_CLIENT_IDLE);
}

/* It has succeeded: @link, at the URI @which, is taken over. There is no other one. */
void via_links_join(struct via_client *client, struct via_link *link,
                    const struct via_endpoint *endpoint, unsigned which) {
        struct via_links *links = &client->links;
        struct via_session *own = &client->own;

        via_pump_init(&own->pump, link, &client->pool, &endpoint->limits, via_clock_ms());
        if (!client->loop)
                own->pump.most = VIA_PUMP_LARGE;
        via_spin_init(&own->spin, endpoint->spin_us, link->by, false);
        via_keepalive_init(&own->keepalive,
                           via_endpoint_keepalive(endpoint, links->place->keepalive_ms),
                           endpoint->keepalive_timeout_ms ? endpoint->keepalive_timeout_ms
                                                          : links->place->keepalive_timeout_ms,
                           links->flags & VIA_CLIENT_KEEPALIVE_IDLE, via_clock_ms());
        client->alert = true;
        client->limits = endpoint->limits;
        client->timeout_ms = endpoint->timeout_ms ? endpoint->timeout_ms : links->place->timeout_ms;
        links->which = which;
        client->endpoint = own->endpoint = links->place->names.uris[which];
        via_error_fini(&client->dead);
        client->barred = false;
        set_state(client, VIA_CLIENT_READY);
        /*
         * The server gives every link only so long to say hello, and the first call may be far
         * off. What goes wrong here goes wrong again in that call, which can say so.
         */
        via_pump_flush(&own->pump);
}

/* Closes the link that has ended, when nothing looks at its bytes any more. */
void via_links_leave(struct via_client *client) {
        struct via_session *own = &client->own;
        struct via_pump *pump = &own->pump;

        if (pump->link) {
                client->watch = via_watch_close(client->watch);
                while (own->open)
                        via_call_lost(own->open);
                for (struct via_stream *s; (s = own->streams);) {
                        via_stream_leave(s);
                        if (!s->served)
                                via_stream_stray(s);
                        via_stream_mark(s);     /* it may not have heard yet */
                }
                own->crowded = own->halt = false;
                client->held = client->awake = client->again = false;
                via_pump_fini(pump);
        }
        *pump = (struct via_pump){ .pool = &client->pool };
        /* what may be asked for without a link */
        pump->conn.peer_message = client->limits.v[VIA_LIMIT_MESSAGE];
        pump->conn.calls.due = pump->conn.opens.due = INT64_MAX;
}

enum via_client_state via_client_state(const struct via_client *client) {
        VIA_GUEST(client->shared);

        return client->links.state;
}

void via_client_on_state(struct via_client *client,
                         void (*on_state)(void *user, struct via_client *client,
                                          enum via_client_state state),
                         void *user) {
        VIA_GUEST(client->shared);

        client->links.on_state = on_state;
        client->links.user = user;
}
