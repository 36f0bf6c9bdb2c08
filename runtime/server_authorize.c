/*
 * server_authorize.c - who may call what: a function that is asked about each call
 *
 * It is an interceptor that comes before all others, so that these see only calls that are let in.
 */
#include <stdlib.h>
#include <string.h>
#include "server_impl.h"

static int before(void *user, struct via_call *call) {
        const struct via_authorization *by = user;
        int code = by->authorize(by->user, call);

        if (code <= VIA_UNAUTHENTICATED)
                return code;
        return via_call_fail(call, VIA_INTERNAL, "authorize() returned %d, which is no code", code);
}

int via_server_authorize(struct via_server *server,
                         int (*authorize)(void *user, struct via_call *call), void *user,
                         struct via_error *err) {
        static const struct via_interceptor interceptor = { .before = before };
        struct via_intercept *intercept;
        int code;

        if (!server)
                return via_error_set(err, VIA_RESOURCE_EXHAUSTED, "no memory for a server");
        if (server->authorization.authorize || via_server_links(server))
                return via_error_set(
                        err, VIA_FAILED_PRECONDITION,
                        server->authorization.authorize
                                ? "the server asks somebody already"
                                : "the server has clients that nobody was asked about");
        code = via_server_intercept(server, &interceptor, &server->authorization, err);
        if (code)
                return code;
        server->authorization = (struct via_authorization){ .authorize = authorize, .user = user };
        intercept = server->first.dispatch->intercept;
        for (unsigned i = intercept->n - 1; i > 0; i--) {
                struct via_interception later = intercept->v[i - 1];

                intercept->v[i - 1] = intercept->v[i];
                intercept->v[i] = later;
        }
        return VIA_OK;
}
