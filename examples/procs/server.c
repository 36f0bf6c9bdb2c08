/*
 * server.c - serves the processes of this machine, at any number of endpoints at once
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <via/via.h>
#include "service.h"

static const char usage[] =
        "usage: procs-server ENDPOINT...\n"
        "Serves procs.Table at each ENDPOINT: unix:PATH, unix:@NAME, tcp://HOST:PORT, ...\n"
        "\n"
        "Prints a line \"serving ENDPOINT\" for each once it can be called, as a client must\n"
        "write it: port 0 has become a real one. SIGTERM and SIGINT end it: it finishes the\n"
        "calls that are running, and waits up to 5 s for its clients to leave; a second one\n"
        "ends it at once. Those who watch are told.\n";

static struct via_server *server;
static struct service service;

static void stop(uv_signal_t *handle, int number) {
        (void)number;
        uv_signal_stop(handle);
        service_stop(&service);
        via_server_stop(server);
}

static void stop_on(uv_signal_t *handle, int number) {
        uv_signal_init(uv_default_loop(), handle);
        uv_signal_start(handle, stop, number);
        uv_unref((uv_handle_t *)handle);        /* does not keep the loop running */
}

static int listen_on(char **endpoints, struct via_error *err) {
        for (unsigned i = 0; endpoints[i]; i++) {
                int r = via_server_listen(server, endpoints[i], err);

                if (r)
                        return r;
                printf("serving %s\n", via_server_endpoint(server, i));
                fflush(stdout);
        }
        return VIA_OK;
}

int main(int argc, char **argv) {
        struct via_server_options options = { .loop = uv_default_loop() };
        struct via_error err = VIA_ERROR_INIT;
        uv_signal_t term, interrupt;
        int r;

        if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
                return fputs(usage, stdout), 0;
        if (argc < 2 || argv[1][0] == '-')
                return fputs(usage, stderr), 2;

        r = service_init(&service, options.loop);
        if (r)
                return fprintf(stderr, "/proc: %s\n", strerror(-r)), EXIT_FAILURE;
        stop_on(&term, SIGTERM);
        stop_on(&interrupt, SIGINT);

        server = via_server_new(&options);
        r = service_add(&service, server, &err);
        if (!r)
                r = listen_on(argv + 1, &err);
        if (!r)
                uv_run(options.loop, UV_RUN_DEFAULT);
        server = via_server_free(server);
        service_fini(&service);
        uv_run(options.loop, UV_RUN_DEFAULT);   /* closes what the two had in it */
        return r ? via_error_report(&err) : 0;
}
