#pragma once
/*
 * names.h - from what an application calls an endpoint to the URIs it stands for
 *
 * A URI stands for itself. A bare name ("weather") is looked up in $VIA_ENDPOINT_WEATHER, in
 * the file $VIA_CONFIG, in ~/.config/via/endpoints.conf and in /etc/via/endpoints.conf; the
 * first that has it wins. Reads files; opens no endpoint.
 */
#include <via/error.h>

enum { VIA_NAMES_URIS = 8, VIA_NAMES_OPTIONS = 16 };

struct via_names {
        unsigned n_uris, n_options;
        char    *uris[VIA_NAMES_URIS];          /* in order of preference */
        struct via_name_option {
                char *key, *value;
        } options[VIA_NAMES_OPTIONS];           /* defaults, for those transports that have them */
        /* who says so: "/etc/via/endpoints.conf:3"; NULL: it was a URI */
        char    *source;
};

int  via_names_find(struct via_names *names, const char *text, struct via_error *err);
void via_names_fini(struct via_names *names);

/* Has @err (NULL allowed) say too that @text was a name, and where it was found. */
void via_names_blame(const struct via_names *names, const char *text, struct via_error *err);
