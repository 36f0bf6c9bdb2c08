/*
 * local.c - the service, in a thread of this process
 *
 * The server is prepared here and handed over as a whole: from then on only its thread touches
 * it, and only via_server_stop() reaches it from outside.
 */
#include <string.h>
#include <via/via.h>
#include "local.h"

static void *run(void *server) {
        via_server_run(server);
        return NULL;
}

static int prepare(struct local *local, const char *endpoint, struct via_error *err) {
        int r = service_init(&local->service);

        if (r)
                return via_error_set(err, VIA_INTERNAL, "/proc: %s", strerror(-r));
        local->server = via_server_new(NULL);
        if (!local->server)
                return via_error_set(err, VIA_RESOURCE_EXHAUSTED, "no memory for a server");
        r = service_add(&local->service, local->server, err);
        if (!r)
                r = via_server_listen(local->server, endpoint, err);
        return r;
}

static void tidy(struct local *local) {
        local->server = via_server_free(local->server);
        service_fini(&local->service);
}

int local_start(struct local *local, const char *endpoint, struct via_error *err) {
        int r = prepare(local, endpoint, err);

        if (!r) {
                r = pthread_create(&local->thread, NULL, run, local->server);
                if (r)
                        r = via_error_set(err, VIA_RESOURCE_EXHAUSTED, "no thread: %s",
                                          strerror(r));
        }
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
