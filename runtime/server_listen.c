/*
 * server_listen.c - from an endpoint to listeners
 */
#include <errno.h>
#include <stdlib.h>
#include "server_impl.h"

/* One of @server's that does not listen yet, with all of @limits set; NULL: no memory. */
struct via_listening *via_listening_new(struct via_server *server, const struct via_limits *limits,
                                        int spin_us) {
        struct via_listening *l = calloc(1, sizeof(*l));

        if (!l)
                return NULL;
        l->server = server;
        l->limits = *limits;
        l->spin_us = spin_us;
        l->retry = INT64_MAX;
        pthread_mutex_init(&l->lock, NULL);
        return l;
}

/* Listens on one URI: *@ret is in no list yet. */
static int listen_one(struct via_server *server, const char *uri, const struct via_names *names,
                      struct via_listening **ret, struct via_error *err) {
        struct via_listener *listener;
        struct via_endpoint endpoint;
        struct via_listening *l;
        struct via_note note = { "" };
        int r;

        r = via_endpoint_parse(&endpoint, uri, names, &server->limits, err);
        if (r)
                return r;
        l = via_listening_new(server, &endpoint.limits, endpoint.spin_us);
        if (!l)
                return via_endpoint_error(err, "listen", uri, -ENOMEM, NULL);
        l->keepalive_ms = via_endpoint_keepalive(&endpoint, 0);
        l->keepalive_timeout_ms = endpoint.keepalive_timeout_ms;
        listener = calloc(1, endpoint.by->listener_size);
        if (!listener) {
                r = -ENOMEM;
        } else {
                listener->by = endpoint.by;
                r = endpoint.by->listen(listener, &endpoint.uri, &note);
                if (r < 0)
                        free(listener);
        }
        if (r == 0)
                r = via_listening_start(l, listener);
        if (r < 0) {
                via_listening_free(l);
                return via_endpoint_error(err, "listen", uri, r, &note);
        }
        *ret = l;
        return VIA_OK;
}

/* What was added at @first, the end of the server's list, stays there, or goes if @code says so. */
void via_listenings_done(struct via_listening **first, int code) {
        if (!code && *first)
                (*first)->server->deserted = false;
        while (code && *first) {
                struct via_listening *next = (*first)->next;

                via_listening_free(*first);
                *first = next;
        }
}

/* A name may stand for several URIs: all of them, or none. */
int via_server_listen(struct via_server *server, const char *text, struct via_error *err) {
        struct via_listening **first, **last;
        struct via_names names;
        int code;

        if (!server)
                return via_error_set(err, VIA_RESOURCE_EXHAUSTED, "no memory for a server");
        for (first = &server->listening; *first;)
                first = &(*first)->next;
        last = first;
        code = via_names_find(&names, text, err);
        for (unsigned i = 0; i < names.n_uris && !code; i++) {
                code = listen_one(server, names.uris[i], &names, last, err);
                if (code)
                        via_names_blame(&names, text, err);
                else
                        last = &(*last)->next;
        }
        via_listenings_done(first, code);
        via_names_fini(&names);
        return code;
}

const char *via_server_endpoint(const struct via_server *server, unsigned index) {
        const struct via_listening *l = server->listening;

        while (l && index--)
                l = l->next;
        return l ? l->name : NULL;
}
