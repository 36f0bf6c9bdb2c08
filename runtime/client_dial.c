/*
 * client_dial.c - a client with a loop and without a link: connecting must not block the loop
 *
 * A transport's connect() may wait, for seconds. A thread of libuv's pool runs it, on a link that
 * nobody else knows yet. Whoever closes the client meanwhile leaves what the thread reads to it,
 * and what it makes is thrown away in the loop, by on_dialled().
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include "client_impl.h"
#include "clock.h"

struct via_dial {
        uv_work_t           uv;                 /* first */
        struct via_client  *client;             /* NULL: it was closed */
        struct via_place   *place;              /* the client's; owned once that was closed */
        atomic_bool         dropped;
        int                 code;
        struct via_endpoint endpoint;
        struct via_link    *link;
        unsigned            which;
        struct via_error    why;
};

static void hang_up(struct via_dial *dial) {
        if (dial->code || !dial->link)
                return;
        dial->link->by->close(dial->link);
        free(dial->link);
        dial->link = NULL;
}

/* In the pool. */
static void on_dial(uv_work_t *uv) {
        struct via_dial *dial = (struct via_dial *)uv;

        dial->code = via_place_connect(dial->place, INT64_MAX, &dial->endpoint, &dial->link,
                                       &dial->which, &dial->why);
        if (atomic_load(&dial->dropped))
                hang_up(dial);                  /* which may take a while, too */
}

static void on_dialled(uv_work_t *uv, int status) {
        struct via_dial *dial = (struct via_dial *)uv;
        struct via_client *client = dial->client;

        if (client) {
                via_client_enter(client);
                client->links.dial = NULL;
                if (status || dial->code)
                        via_links_failed(client, &dial->why);
                else
                        via_links_join(client, dial->link, &dial->endpoint, dial->which);
                via_waiting_end(client, &client->dead, false);
                via_client_tail(client);
                via_client_leave(client);
        } else {
                if (!status)
                        hang_up(dial);
                via_error_fini(&dial->why);
                via_place_free(dial->place);
        }
        free(dial);
}

/* Begins to connect, in the background: 0 or a negative errno, and then it has failed. */
static int start(struct via_client *client) {
        struct via_dial *dial = calloc(1, sizeof(*dial));
        int r;

        if (!dial)
                return -ENOMEM;
        dial->client = client;
        dial->place = client->links.place;
        r = uv_queue_work(client->loop, &dial->uv, on_dial, on_dialled);
        if (r < 0)
                free(dial);
        else
                client->links.dial = dial;
        return r;
}

/*
 * A turn of the loop driver without a link: what was on the old one leaves, and if calls wait for
 * another, it is looked for.
 */
void via_client_turn_down(struct via_client *client) {
        int64_t now = via_clock_ms(), due;

        via_client_settle_down(client);
        via_waiting_tick(client, now);
        if (client->links.waiting && !client->links.dial && via_links_may_try(client, now)) {
                via_links_try(client);
                if (start(client) < 0) {
                        struct via_error why = VIA_ERROR_INIT;

                        via_error_set(&why, VIA_RESOURCE_EXHAUSTED, "no memory to connect with");
                        via_links_failed(client, &why);
                        via_waiting_end(client, &client->dead, false);
                }
        }
        due = via_waiting_due(client);
        via_timer_stop(client->timer);
        if (due != INT64_MAX)
                via_timer_set(client->timer, due, now);
        via_timer_hold(client->timer, due != INT64_MAX);
}

/* The client is closed: an attempt that is being made is left to itself. */
void via_dial_drop(struct via_client *client) {
        struct via_dial *dial = client->links.dial;

        if (!dial)
                return;
        client->links.dial = NULL;
        client->links.place = NULL;             /* the dial's, from now on */
        dial->client = NULL;
        atomic_store(&dial->dropped, true);
        uv_cancel((uv_req_t *)&dial->uv);       /* if it has not begun */
}
