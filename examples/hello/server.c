/*
 * server.c - greets whoever has a name, at the endpoint given, until SIGTERM
 */
#include <stdio.h>
#include <via/via.h>
#include "hello.h"

static int greet(struct via_call *call, const char *name, char **ret_result) {
        struct hello_Nameless nameless = { .why = "say who you are" };

        if (!*name)
                return hello_Nameless_raise(call, &nameless);
        return via_call_printf(call, ret_result, "Hello, %s!", name);   /* lives like the call */
}

static const struct hello_Greeter_ops ops = { .greet = greet };

int main(int argc, char **argv) {
        struct via_error err = VIA_ERROR_INIT;
        struct via_server *server;
        int code;

        if (argc != 2)
                return fprintf(stderr, "usage: server ENDPOINT\n"), 2;

        server = via_server_new(NULL);
        if (hello_Greeter_serve(server, &ops, NULL, &err) ||
            via_server_listen(server, argv[1], &err) ||
            via_server_handle_signals(server, NULL, NULL, &err)) {
                via_server_free(server);
                return via_error_report(&err);
        }

        puts(via_server_endpoint(server, 0));
        fflush(stdout);
        code = via_server_run(server);
        via_server_free(server);
        return code;
}
