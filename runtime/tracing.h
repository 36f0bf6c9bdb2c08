#pragma once
/*
 * tracing.h - how the trace of a call goes on in the calls that are made for it
 */
#include <stddef.h>
#include <via/trace.h>
#include "trace.h"

struct via_call_facts;
struct via_metadata;
struct via_outgoing;

/* Who is told of spans, by one end. by NULL: nobody. */
struct via_tracing {
        const struct via_tracer *by;
        void                    *user;
        uint64_t                 random;        /* the state of its ids */
};

/* The span of one call. */
struct via_traced {
        struct via_trace         trace;
        const struct via_tracer *by;            /* who was told of its beginning */
        void                    *user;
        void                    *kept;          /* what start() has returned */
        bool                     is;            /* there is one */
};

void via_tracing_set(struct via_tracing *tracing, const struct via_tracer *by, void *user);
void via_tracing_serve(struct via_tracing *tracing, struct via_call *call);
void via_tracing_make(struct via_tracing *tracing, struct via_outgoing *outgoing);
void via_tracing_end(struct via_traced *span, int code, const struct via_call_facts *facts);

const struct via_metadata *via_tracing_hand_on(const struct via_call *parent,
                                               const struct via_metadata *with,
                                               struct via_metadata **scratch, size_t most);
