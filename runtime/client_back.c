/*
 * client_back.c - calls the other way round: what a client serves, and the client that a server
 * has at each of its links
 */
#include <stdlib.h>
#include <string.h>
#include "client_impl.h"
#include "serve.h"

int via_client_add(struct via_client *client, const struct via_interface *interface,
                   const void *ops, void *self, struct via_error *err) {
        struct via_session *session = client->session;

        VIA_GUEST(client->shared);
        if (client->back)
                return via_error_set(err, VIA_FAILED_PRECONDITION,
                                     "a server's interfaces are served by via_server_add()");
        if (!client->dispatch)
                client->dispatch = via_dispatch_new(client->loop);
        if (!client->dispatch)
                return via_error_set(err, VIA_RESOURCE_EXHAUSTED, "no memory");
        if (client->shared && !client->dispatch->shared) {
                atomic_fetch_add(&client->shared->refs, 1);
                client->dispatch->shared = client->shared;
        }
        session->dispatch = client->dispatch;
        return via_methods_add(&client->dispatch->methods, interface, ops, self, err);
}

/* The client over @session, whose calls its driver ends; NULL: no memory. */
struct via_client *via_client_back(struct via_session *session) {
        struct via_client *client = calloc(1, sizeof(*client));

        if (!client)
                return NULL;
        client->session = session;
        client->back = true;
        client->limits = *session->limits;
        client->timeout_ms = VIA_CLIENT_TIMEOUT_MS;
        client->loop = session->loop;
        client->odd = true;
        client->endpoint = strdup(session->endpoint);
        client->links.state = VIA_CLIENT_READY;
        if (!client->endpoint) {
                free(client);
                return NULL;
        }
        via_arena_init(&client->arena, 0);
        session->client = client;
        return client;
}

/* The link of @client, which via_client_back() made, ends: so do its calls, and they are told. */
void via_client_back_end(struct via_client *client) {
        if (!client->dead.code)
                via_error_set(&client->dead, VIA_UNAVAILABLE,
                              "the client closed the link, or died");
        client->dead.code = VIA_UNAVAILABLE;
        client->barred = true;
        via_client_end_all(client, &client->dead);
        via_session_ready(client->session);
}

/* Frees @client, whose link has ended. NULL is allowed. */
void via_client_back_free(struct via_client *client) {
        if (!client)
                return;
        via_client_forget(client);
        free((char *)(uintptr_t)client->endpoint);
        free(client);
}
