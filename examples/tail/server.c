/*
 * server.c - the files of a folder, to be followed at each of the endpoints given
 *
 * The loop is the program's own: a timer in it looks at the files, and a signal ends the calls.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>
#include <via/via.h>
#include "followers.h"

static struct via_server *server;
static struct followers followers;

static void on_signal(uv_signal_t *handle, int number) {
        (void)number;
        uv_signal_stop(handle);                 /* a second one ends us at once */
        followers_close(&followers);
        via_server_stop(server);
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
        uv_signal_t term;
        int folder;

        if (argc < 3)
                return fprintf(stderr, "usage: server FOLDER ENDPOINT...\n"), 2;
        folder = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (folder < 0)
                return fprintf(stderr, "%s: %s\n", argv[1], strerror(errno)), 1;

        server = via_server_new(&options);
        if (followers_serve(&followers, folder, options.loop, server, &err) == 0 &&
            listen_on(argv + 2, &err) == 0) {
                uv_signal_init(options.loop, &term);
                uv_signal_start(&term, on_signal, SIGTERM);
                uv_unref((uv_handle_t *)&term); /* does not keep the loop running */
                uv_run(options.loop, UV_RUN_DEFAULT);
        }
        server = via_server_free(server);
        uv_run(options.loop, UV_RUN_NOWAIT);    /* closes what the server had in it */
        return err.code ? via_error_report(&err) : 0;
}
