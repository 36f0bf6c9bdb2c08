/*
 * server.c - greets whoever has a name, at the endpoint given, until SIGTERM
 */
#include <signal.h>
#include <stdio.h>
#include <via/via.h>
#include "hello.h"

static struct via_server *server;

static int greet(struct via_call *call, const char *name, char **ret_result) {
        struct hello_Nameless nameless = { .why = "say who you are" };

        if (!*name)
                return hello_Nameless_raise(call, &nameless);
        return via_call_printf(call, ret_result, "Hello, %s!", name);   /* lives like the call */
}

static const struct hello_Greeter_ops ops = { .greet = greet };

static void stop(int number) {
        signal(number, SIG_DFL);                /* a second one ends us at once */
        via_server_stop(server);
}

int main(int argc, char **argv) {
        struct via_error err = VIA_ERROR_INIT;
        int code;

        if (argc != 2)
                return fprintf(stderr, "usage: server ENDPOINT\n"), 2;

        server = via_server_new(NULL);
        if (hello_Greeter_serve(server, &ops, NULL, &err) ||
            via_server_listen(server, argv[1], &err)) {
                server = via_server_free(server);
                return via_error_report(&err);
        }

        signal(SIGTERM, stop);
        signal(SIGINT, stop);
        puts(via_server_endpoint(server, 0));
        fflush(stdout);
        code = via_server_run(server);
        server = via_server_free(server);
        return code;
}
