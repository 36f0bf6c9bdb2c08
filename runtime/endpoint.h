#pragma once
/*
 * endpoint.h - from an endpoint's text to a transport and the limits it asks for
 *
 * Finds the transport of a URI, refuses options that nobody understands, and puts errors into
 * words that name the endpoint. Opens nothing by itself.
 */
#include <via/limits.h>
#include <via/transport.h>
#include "names.h"

struct via_endpoint {
        const struct via_transport *by;
        struct via_uri              uri;
        struct via_limits           limits;     /* those given, changed by the query; all are set */
        uint32_t                    timeout_ms; /* ?timeout=; 0: not there */
        int                         spin_us;    /* ?spin=; less than 0: not there */
        int64_t                     keepalive_ms;       /* ?keepalive=; less than 0: not there */
        uint32_t                    keepalive_timeout_ms;       /* 0: not there */
};

int via_endpoint_parse(struct via_endpoint *endpoint, const char *text,
                       const struct via_names *names, const struct via_limits *limits,
                       struct via_error *err);

uint32_t via_endpoint_keepalive(const struct via_endpoint *endpoint, uint32_t otherwise_ms);

int via_endpoint_error(struct via_error *err, const char *verb, const char *text, int r,
                       const struct via_note *note);
