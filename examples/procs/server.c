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
        "ends it at once.\n";

static struct via_server *server;               /* for the signal handler */

static void stop(int signal) {
        (void)signal;
        via_server_stop(server);
}

static void stop_on(int signal) {
        struct sigaction action = {
                .sa_handler = stop,
                .sa_flags = (int)(SA_RESTART | SA_RESETHAND),
        };

        sigaction(signal, &action, NULL);
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
        struct via_error err = VIA_ERROR_INIT;
        struct service service;
        int r;

        if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
                return fputs(usage, stdout), 0;
        if (argc < 2 || argv[1][0] == '-')
                return fputs(usage, stderr), 2;

        r = service_init(&service);
        if (r)
                return fprintf(stderr, "/proc: %s\n", strerror(-r)), EXIT_FAILURE;
        server = via_server_new(NULL);
        if (!server)
                return perror("via_server_new"), EXIT_FAILURE;
        stop_on(SIGTERM);
        stop_on(SIGINT);

        r = service_add(&service, server, &err);
        if (!r)
                r = listen_on(argv + 1, &err);
        if (!r)
                r = via_server_run(server);
        server = via_server_free(server);
        service_fini(&service);
        return err.code ? via_error_report(&err) : r ? EXIT_FAILURE : 0;
}
