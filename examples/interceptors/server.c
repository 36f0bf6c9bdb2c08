/*
 * server.c - opens a vault to those who bring the token, and logs every call: server ENDPOINT TOKEN
 *
 * Two interceptors, in this order. The first sees the end of each call, whatever the second
 * makes of it; the second lets only those pass who know the token. The handler knows of neither.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <via/via.h>
#include "vault.h"

/* --- logging --- */

static void who(struct via_call *call, char *buf, size_t size) {
        struct via_peer peer;

        via_call_peer(call, &peer);
        if (peer.known)
                snprintf(buf, size, "pid %d of uid %u", (int)peer.pid, (unsigned)peer.uid);
        else
                snprintf(buf, size, "%s", *peer.address ? peer.address : "somebody");
}

static void log_call(void *user, struct via_call *call, int code,
                     const struct via_call_facts *facts) {
        char peer[80];

        who(call, peer, sizeof(peer));
        fprintf(user, "%s by %s: %s in %" PRIu64 " us, %" PRIu64 " bytes in, %" PRIu64 " out\n",
                via_call_method(call), peer, via_code_name(code), facts->us, facts->bytes_in,
                facts->bytes_out);
}

static const struct via_interceptor logging = { .after = log_call };

/* --- authentication --- */

/* How long it takes does not tell how much of it was right. */
static bool same(const char *a, const char *b) {
        size_t n = strlen(b);
        unsigned char differ = strlen(a) != n;

        for (size_t i = 0; !differ && i < n; i++)
                differ |= (unsigned char)(a[i] ^ b[i]);
        return !differ;
}

static int check_token(void *user, struct via_call *call) {
        const struct via_metadata *md = via_call_metadata(call);
        const char *said = md ? via_metadata_get(md, "authorization") : NULL;

        if (!said || strncmp(said, "Bearer ", 7) != 0)
                return via_call_fail(call, VIA_UNAUTHENTICATED, "who are you? no token came");
        if (!same(said + 7, user))
                return via_call_fail(call, VIA_UNAUTHENTICATED, "that is not the token");
        return VIA_OK;
}

static const struct via_interceptor authentication = { .before = check_token };

/* --- the service --- */

static int open_vault(struct via_call *call, const char *name, char **ret_result) {
        struct vault_Unknown unknown = { .name = (char *)name };

        if (strcmp(name, "gold") == 0)
                return via_call_strdup(call, ret_result, "is where the rainbow ends");
        return vault_Unknown_raise(call, &unknown);
}

static const struct vault_Vault_ops ops = { .open = open_vault };

int main(int argc, char **argv) {
        struct via_error err = VIA_ERROR_INIT;
        struct via_server *server;
        int code;

        if (argc != 3)
                return fprintf(stderr, "usage: server ENDPOINT TOKEN\n"), 2;

        server = via_server_new(NULL);
        if (vault_Vault_serve(server, &ops, NULL, &err) ||
            via_server_intercept(server, &logging, stderr, &err) ||
            via_server_intercept(server, &authentication, argv[2], &err) ||
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
