/*
 * client_connect.c - from an endpoint or its name to a link
 *
 * The URIs of a name are tried in order, each with the whole connect timeout; if all fail, the
 * error says what each answered. Any thread may do this, but one at a time for each link.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "client_impl.h"
#include "clock.h"

enum { CONNECT_MS = 5000 };

/* Frees what a client knew of its place; returns NULL, which is allowed. */
struct via_place *via_place_free(struct via_place *place) {
        if (place) {
                via_names_fini(&place->names);
                free(place->text);
                free(place);
        }
        return NULL;
}

/* Looks up what @text stands for; nothing is connected. */
int via_place_new(struct via_place **ret_place, const char *text,
                  const struct via_client_options *options, struct via_error *err) {
        struct via_place *place = calloc(1, sizeof(*place));
        int code;

        if (!place)
                return via_error_set(err, VIA_RESOURCE_EXHAUSTED, "no memory for a client");
        place->limits = options->limits;
        place->timeout_ms = options->timeout_ms ? options->timeout_ms : VIA_CLIENT_TIMEOUT_MS;
        place->connect_timeout_ms = options->connect_timeout_ms ? options->connect_timeout_ms
                                                                : CONNECT_MS;
        place->keepalive_ms = options->keepalive_ms;
        place->keepalive_timeout_ms = options->keepalive_timeout_ms;
        code = via_names_find(&place->names, text, err);
        if (!code) {
                place->text = strdup(text);
                if (!place->text)
                        code = via_error_set(err, VIA_RESOURCE_EXHAUSTED, "connect %s: no memory",
                                             text);
        }
        if (code)
                via_place_free(place);
        else
                *ret_place = place;
        return code;
}

static int parse(const struct via_place *place, unsigned which, struct via_endpoint *endpoint,
                 struct via_error *err) {
        return via_endpoint_parse(endpoint, place->names.uris[which], &place->names,
                                  &place->limits, err);
}

/* Looks for mistakes in all URIs, without connecting; *@endpoint is the first one's. */
int via_place_check(const struct via_place *place, struct via_endpoint *endpoint,
                    struct via_error *err) {
        for (unsigned i = place->names.n_uris; i-- > 0;) {
                int code = parse(place, i, endpoint, err);

                if (code) {
                        via_names_blame(&place->names, place->text, err);
                        return code;
                }
        }
        return VIA_OK;
}

/* How long to wait for one URI: at least a moment, since what answers at once takes none. */
static int patience(const struct via_place *place, int64_t until) {
        int64_t ms = place->connect_timeout_ms & INT32_MAX;
        int64_t left = until == INT64_MAX ? ms : until - via_clock_ms();

        return (int)(left < 1 ? 1 : left < ms ? left : ms);
}

static int connect_one(const struct via_place *place, unsigned which, int64_t until,
                       struct via_endpoint *endpoint, struct via_link **ret_link,
                       struct via_error *err) {
        const char *uri = place->names.uris[which];
        struct via_note note = { "" };
        struct via_link *link;
        int r;

        r = parse(place, which, endpoint, err);
        if (r)
                return r;
        link = calloc(1, endpoint->by->link_size);
        if (!link)
                return via_endpoint_error(err, "connect", uri, -ENOMEM, NULL);
        link->by = endpoint->by;
        r = endpoint->by->connect(link, &endpoint->uri, patience(place, until), &note);
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
 * Connects to the first URI that answers, and tells which; waits until @until at most. The code
 * is what all of them had in common, or VIA_UNAVAILABLE.
 */
int via_place_connect(const struct via_place *place, int64_t until,
                      struct via_endpoint *endpoint, struct via_link **ret_link,
                      unsigned *ret_which, struct via_error *err) {
        const struct via_names *names = &place->names;
        int code = VIA_OK, common = VIA_OK;
        char *all = NULL;

        if (names->n_uris == 1 && !names->source) {
                *ret_which = 0;
                return connect_one(place, 0, until, endpoint, ret_link, err);
        }
        for (unsigned i = 0; i < names->n_uris; i++) {
                struct via_error answer = VIA_ERROR_INIT;

                code = connect_one(place, i, until, endpoint, ret_link, &answer);
                if (!code) {
                        free(all);
                        *ret_which = i;
                        return VIA_OK;
                }
                if (code == VIA_INVALID_ARGUMENT) {     /* a mistake, not an answer */
                        via_error_fini(err);
                        via_names_blame(names, place->text, &answer);
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
        via_names_blame(names, place->text, err);
        free(all);
        return common;
}
