/*
 * client_connect.c - from an endpoint or its name to a link
 *
 * The URIs of a name are tried in order, each with the whole connect timeout; if all fail, the
 * error says what each answered.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "client_impl.h"

enum { CONNECT_MS = 5000 };

static int connect_one(struct via_endpoint *endpoint, const struct via_names *names,
                       const char *uri, const struct via_client_options *options,
                       struct via_link **ret_link, struct via_error *err) {
        struct via_note note = { "" };
        struct via_link *link;
        int r;

        r = via_endpoint_parse(endpoint, uri, names, &options->limits, err);
        if (r)
                return r;
        link = calloc(1, endpoint->by->link_size);
        if (!link)
                return via_endpoint_error(err, "connect", uri, -ENOMEM, NULL);
        link->by = endpoint->by;
        r = endpoint->by->connect(link, &endpoint->uri,
                                  options->connect_timeout_ms
                                          ? (int)(options->connect_timeout_ms & INT32_MAX)
                                          : CONNECT_MS,
                                  &note);
        if (r < 0) {
                free(link);
                return via_endpoint_error(err, "connect", uri, r, &note);
        }
        *ret_link = link;
        return VIA_OK;
}

/* One more answer to what all of them said: "a; b; c". */
static void append(char **all, const struct via_error *answer) {
        char *text;

        if (answer->message &&
            asprintf(&text, "%s%s%s", *all ? *all : "", *all ? "; " : "", answer->message) >= 0) {
                free(*all);
                *all = text;
        }
}

/*
 * Connects to the first URI of @names that answers, and tells which. The code is what all of
 * them had in common, or VIA_UNAVAILABLE.
 */
int via_client_connect(struct via_endpoint *endpoint, const struct via_names *names,
                       const char *text, const struct via_client_options *options,
                       struct via_link **ret_link, unsigned *ret_which, struct via_error *err) {
        int code = VIA_OK, common = VIA_OK;
        char *all = NULL;

        if (names->n_uris == 1 && !names->source) {
                *ret_which = 0;
                return connect_one(endpoint, names, names->uris[0], options, ret_link, err);
        }
        for (unsigned i = 0; i < names->n_uris; i++) {
                struct via_error answer = VIA_ERROR_INIT;

                code = connect_one(endpoint, names, names->uris[i], options, ret_link, &answer);
                if (!code) {
                        free(all);
                        *ret_which = i;
                        return VIA_OK;
                }
                if (code == VIA_INVALID_ARGUMENT) {     /* a mistake, not an answer */
                        via_error_fini(err);
                        via_names_blame(names, text, &answer);
                        if (err)
                                *err = answer;
                        else
                                via_error_fini(&answer);
                        free(all);
                        return code;
                }
                common = common == VIA_OK || common == code ? code : VIA_UNAVAILABLE;
                append(&all, &answer);
                via_error_fini(&answer);
        }
        via_error_set(err, (enum via_code)common, "%s", all ? all : "no memory");
        via_names_blame(names, text, err);
        free(all);
        return common;
}
