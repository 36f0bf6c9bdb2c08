/*
 * syscalls.c - the smallest client and server for syscalls.sh to look at
 *
 *      syscalls serve ENDPOINT         says where, and serves until SIGTERM
 *      syscalls call ENDPOINT N        N calls, one after the other
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include "service.h"

static struct via_server *server;

static void on_term(int signo) {
        (void)signo;
        via_server_stop(server);
}

static int serve(const char *endpoint) {
        static struct service service;
        struct via_error err = VIA_ERROR_INIT;

        server = via_server_new(NULL);
        signal(SIGTERM, on_term);
        if (service_add(server, &service, &err) || via_server_listen(server, endpoint, &err))
                return via_error_report(&err);
        printf("%s\n", via_server_endpoint(server, 0));
        fflush(stdout);
        via_server_run(server);
        via_server_free(server);
        return 0;
}

static int call(const char *endpoint, long n) {
        struct via_error err = VIA_ERROR_INIT;
        struct via_client *client;
        uint8_t data[64] = { 0 };

        if (via_client_open(&client, endpoint, NULL, &err))
                return via_error_report(&err);
        while (n-- > 0)
                if (conf_Basic_echo(client, sizeof(data), data, NULL, NULL, &err))
                        return via_error_report(&err);
        return via_client_close(client);
}

int main(int argc, char **argv) {
        if (argc == 3 && strcmp(argv[1], "serve") == 0)
                return serve(argv[2]);
        if (argc == 4 && strcmp(argv[1], "call") == 0)
                return call(argv[2], atol(argv[3]));
        return 2;
}
