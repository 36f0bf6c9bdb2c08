/*
 * client.c - asks for what is in a vault, with the token in each call: client ENDPOINT TOKEN NAME
 *
 * Two interceptors: one logs how each call ended, the other adds the token. Without a token
 * ("") it does not even ask.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <via/via.h>
#include "vault.h"

static void log_call(void *user, struct via_outgoing *outgoing, int code,
                     const struct via_call_facts *facts) {
        fprintf(user, "%s at %s: %s in %" PRIu64 " us\n", via_outgoing_method(outgoing),
                via_outgoing_endpoint(outgoing), via_code_name(code), facts->us);
}

static const struct via_client_interceptor logging = { .after = log_call };

static int add_token(void *user, struct via_outgoing *outgoing) {
        const char *token = user;
        char value[256];

        if (!*token)
                return via_outgoing_fail(outgoing, VIA_UNAUTHENTICATED, "there is no token");
        snprintf(value, sizeof(value), "Bearer %s", token);
        return via_outgoing_add(outgoing, "authorization", value);
}

static const struct via_client_interceptor authentication = { .before = add_token };

int main(int argc, char **argv) {
        struct via_error err = VIA_ERROR_INIT;
        struct via_client *client = NULL;
        char *found;

        if (argc != 4)
                return fprintf(stderr, "usage: client ENDPOINT TOKEN NAME\n"), 2;

        if (via_client_open(&client, argv[1], NULL, &err) == 0 &&
            via_client_intercept(client, &logging, stderr, &err) == 0 &&
            via_client_intercept(client, &authentication, argv[2], &err) == 0 &&
            vault_Vault_open(client, argv[3], &found, &err) == 0) {
                printf("%s %s\n", argv[3], found);
                free(found);
        }
        via_client_close(client);
        return err.code ? via_error_report(&err) : 0;
}
