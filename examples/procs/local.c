/*
 * local.c - the service, in a thread of this process
 *
 * The server is prepared here and handed over as a whole: from then on only its thread touches
 * it, and only via_server_stop() reaches it from outside.
 */
#include <string.h>
#include <via/via.h>
#include "local.h"

static void *run(void *loop) {
        uv_run(loop, UV_RUN_DEFAULT);
        return NULL;
}

static int prepare(struct local *local, const char *endpoint, struct via_error *err) {
        struct via_server_options options = { .loop = &local->loop };
        int r;

        local->server = via_server_new(&options);
        r = service_add(&local->service, local->server, err);
        if (!r)
                r = via_server_listen(local->server, endpoint, err);
        if (!r) {
                r = pthread_create(&local->thread, NULL, run, &local->loop);
                if (r)
                        r = via_error_set(err, VIA_RESOURCE_EXHAUSTED, "no thread: %s",
                                          strerror(r));
        }
        return r;
}

static void tidy(struct local *local) {
        local->server = via_server_free(local->server);
        service_fini(&local->service);
        uv_run(&local->loop, UV_RUN_DEFAULT);   /* closes what the two had in it */
        uv_loop_close(&local->loop);
}

int local_start(struct local *local, const char *endpoint, struct via_error *err) {
        int r = uv_loop_init(&local->loop);

        if (r < 0)
                return via_error_set(err, VIA_RESOURCE_EXHAUSTED, "no loop: %s", uv_strerror(r));
        r = service_init(&local->service, &local->loop);
        if (r < 0) {
                uv_loop_close(&local->loop);
                return via_error_set(err, VIA_INTERNAL, "/proc: %s", strerror(-r));
        }
        r = prepare(local, endpoint, err);
        if (r)
                tidy(local);
        return r;
}

void local_stop(struct local *local) {
        if (!local->server)
                return;
        via_server_stop(local->server);
        pthread_join(local->thread, NULL);
        tidy(local);
}
