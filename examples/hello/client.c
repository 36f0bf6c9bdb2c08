/*
 * client.c - asks the server at the endpoint given for one greeting
 */
#include <stdio.h>
#include <stdlib.h>
#include <via/via.h>
#include "hello.h"

int main(int argc, char **argv) {
        struct via_error err = VIA_ERROR_INIT;
        struct via_client *client = NULL;
        char *greeting;

        if (argc != 3)
                return fprintf(stderr, "usage: client ENDPOINT NAME\n"), 2;

        if (via_client_open(&client, argv[1], NULL, &err) == 0 &&
            hello_Greeter_greet(client, argv[2], &greeting, &err) == 0) {
                puts(greeting);
                free(greeting);                 /* what a call returns is yours */
        }
        via_client_close(client);
        return err.code ? via_error_report(&err) : 0;
}
