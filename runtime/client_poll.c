/*
 * client_poll.c - a client in any other loop: one descriptor, a timeout, and a function to call
 *
 * It has a libuv loop of its own, which nobody runs but via_client_process(), and never so that it
 * sleeps. libuv keeps all that the loop would sleep on in one epoll, whose descriptor stays the
 * same as long as the loop does, whatever becomes of the client's links.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include "client_impl.h"

/* The loop of a client that is polled. */
int via_polled_new(uv_loop_t **ret_loop) {
        uv_loop_t *loop = malloc(sizeof(*loop));
        int r = loop ? uv_loop_init(loop) : -ENOMEM;

        if (r < 0)
                free(loop);
        else
                *ret_loop = loop;
        return r;
}

/* When its client has gone, but for what libuv has still to let go of. NULL is allowed. */
void via_polled_free(uv_loop_t *loop) {
        if (!loop)
                return;
        uv_run(loop, UV_RUN_DEFAULT);
        uv_loop_close(loop);
        free(loop);
}

int via_client_fd(const struct via_client *client) {
        return client->polled ? uv_backend_fd(client->polled) : -1;
}

short via_client_events(const struct via_client *client) {
        return client->polled ? POLLIN : 0;
}

int via_client_timeout(const struct via_client *client) {
        if (!client->polled || !uv_loop_alive(client->polled))
                return -1;
        uv_update_time(client->polled);
        return uv_backend_timeout(client->polled);
}

int via_client_process(struct via_client *client, struct via_error *err) {
        int code = VIA_OK;

        VIA_GUEST(client->shared);
        if (!client->polled)
                return via_error_set(err, VIA_FAILED_PRECONDITION,
                                     "%s: only a client of VIA_CLIENT_EXTERNAL is processed",
                                     client->endpoint);
        if (client->delivering)
                return via_error_set(err, VIA_FAILED_PRECONDITION, "%s: not from within on_done",
                                     client->endpoint);
        via_client_enter(client);
        uv_run(client->polled, UV_RUN_NOWAIT);
        if (client->dead.code && !client->links.waiting)
                code = via_error_set(err, client->dead.code, "%s: %s", client->endpoint,
                                     client->dead.message ? client->dead.message
                                                          : "the link has ended");
        via_client_leave(client);               /* which may end it, outside of its loop */
        return code;
}
