/*
 * server.c - the room, open at each of the endpoints given until SIGTERM or SIGINT
 *
 * The loop is the program's own, so that a signal can end the calls of those who are in the
 * room; otherwise the server would wait for them to leave.
 */
#include <signal.h>
#include <stdio.h>
#include <uv.h>
#include <via/via.h>
#include "room.h"

static struct via_server *server;
static struct room room;

static void on_signal(uv_signal_t *handle, int number) {
        (void)number;
        uv_signal_stop(handle);                 /* a second one ends us at once */
        room_close(&room);
        via_server_stop(server);
}

static void stop_on(uv_signal_t *handle, int number) {
        uv_signal_init(uv_default_loop(), handle);
        uv_signal_start(handle, on_signal, number);
        uv_unref((uv_handle_t *)handle);        /* does not keep the loop running */
}

static int listen_on(char **endpoints, struct via_error *err) {
        for (unsigned i = 0; endpoints[i]; i++) {
                int code = via_server_listen(server, endpoints[i], err);

                if (code)
                        return code;
                puts(via_server_endpoint(server, i));
                fflush(stdout);
        }
        return VIA_OK;
}

int main(int argc, char **argv) {
        struct via_server_options options = { .loop = uv_default_loop() };
        struct via_error err = VIA_ERROR_INIT;
        uv_signal_t term, interrupt;

        if (argc < 2)
                return fprintf(stderr, "usage: server ENDPOINT...\n"), 2;

        server = via_server_new(&options);
        if (room_serve(&room, server, &err) == 0 && listen_on(argv + 1, &err) == 0) {
                stop_on(&term, SIGTERM);
                stop_on(&interrupt, SIGINT);
                uv_run(options.loop, UV_RUN_DEFAULT);
        }
        server = via_server_free(server);
        uv_run(options.loop, UV_RUN_NOWAIT);    /* closes what the server had in it */
        return err.code ? via_error_report(&err) : 0;
}
