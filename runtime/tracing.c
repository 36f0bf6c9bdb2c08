/*
 * tracing.c - how the trace of a call goes on in the calls that are made for it
 *
 * With a tracer each call has a span of its own, whose id those that are made within it carry.
 * Without one, what came is handed on as it is, so that a server which knows nothing of traces
 * does not break one.
 */
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include "client_impl.h"
#include "clock.h"
#include "metadata.h"
#include "serve.h"
#include "server_impl.h"

enum { STATE_MAX = 512 };                       /* bytes of tracestate; W3C asks for no more */

static const char PARENT[] = "traceparent", STATE[] = "tracestate";

/* Two of them are none: which one is right is not for us to say. */
static const char *the_only(const struct via_metadata *md, const char *key) {
        const char *found = NULL, *k;
        const void *value;

        for (size_t i = 0; md && via_metadata_at(md, i, &k, &value, NULL); i++) {
                if (strcmp(k, key) != 0)
                        continue;
                if (found)
                        return NULL;
                found = value;
        }
        return found;
}

/* What came with @call, if it is a traceparent. */
static bool incoming(const struct via_call *call, struct via_trace *ret) {
        const char *text = the_only(via_call_metadata(call), PARENT);

        return text && via_trace_parse(text, ret);
}

/* Where calls that are made for @call belong. */
static bool trace_of(const struct via_call *call, struct via_trace *ret) {
        if (call->dispatch->intercept && call->seen.span.is) {
                *ret = call->seen.span.trace;
                return true;
        }
        return incoming(call, ret);
}

bool via_call_traceparent(const struct via_call *call, char ret_text[VIA_TRACEPARENT_SIZE]) {
        struct via_trace trace;

        if (!trace_of(call, &trace))
                return false;
        via_trace_format(&trace, ret_text);
        return true;
}

/* --- handing on --- */

static bool fits(const struct via_metadata *md, const char *key, const char *value, size_t most) {
        size_t used;

        via_metadata_bytes(md, &used);
        return used + VIA_METADATA_ENTRY + strlen(key) + strlen(value) <= most;
}

/* Adds @text and the tracestate of @call, as far as there is room. */
static void add_trace(struct via_metadata *md, const char *text, const struct via_call *call,
                      size_t most) {
        const struct via_metadata *came = NULL;
        size_t room = STATE_MAX, size;
        struct via_trace unused;
        const char *key;
        const void *value;

        if (call && incoming(call, &unused))    /* what comes without the one is no use */
                came = via_call_metadata(call);

        if (!fits(md, PARENT, text, most) || via_metadata_add(md, PARENT, text, NULL))
                return;
        for (size_t i = 0; came && via_metadata_at(came, i, &key, &value, &size); i++) {
                if (strcmp(key, STATE) != 0)
                        continue;
                if (size > room || !fits(md, STATE, value, most))
                        return;
                if (via_metadata_add(md, STATE, value, NULL))
                        return;
                room -= size;
        }
}

/*
 * What a call made for @parent is sent with: @with, which may be NULL, and the trace, in
 * *@scratch, which is made if needed; or @with itself, if there is no trace, or one already.
 */
const struct via_metadata *via_tracing_hand_on(const struct via_call *parent,
                                               const struct via_metadata *with,
                                               struct via_metadata **scratch, size_t most) {
        char text[VIA_TRACEPARENT_SIZE];
        const uint8_t *bytes = NULL;
        size_t size = 0;

        if ((with && via_metadata_get(with, PARENT)) || !via_call_traceparent(parent, text))
                return with;
        if (!*scratch)
                *scratch = via_metadata_new();
        if (with)
                bytes = via_metadata_bytes(with, &size);
        if (!*scratch || via_metadata_read(*scratch, bytes, size) < 0)
                return with;
        add_trace(*scratch, text, parent, most);
        return *scratch;
}

/* --- spans --- */

/* Without getrandom(), which only very early boots are, time has to do. */
void via_tracing_set(struct via_tracing *tracing, const struct via_tracer *by, void *user) {
        if (!tracing->by && getrandom(&tracing->random, sizeof(tracing->random), 0) < 0)
                tracing->random = (uint64_t)via_clock_us() ^ (uintptr_t)tracing;
        tracing->by = by;
        tracing->user = user;
}

/* Begins @span, within the trace that it has if @has_parent. */
static void begin(struct via_tracing *tracing, struct via_traced *span, bool has_parent,
                  struct via_span_info *info) {
        char trace_id[33], span_id[17], parent_id[17];
        uint64_t salt = (uint64_t)via_clock_us();

        if (has_parent) {
                via_trace_hex(span->trace.span, 8, parent_id);
                via_trace_child(&span->trace, &tracing->random, salt);
        } else {
                via_trace_begin(&span->trace, &tracing->random, salt);
        }
        via_trace_hex(span->trace.id, 16, trace_id);
        via_trace_hex(span->trace.span, 8, span_id);
        info->trace_id = trace_id;
        info->span_id = span_id;
        info->parent_id = has_parent ? parent_id : NULL;
        info->sampled = span->trace.flags & VIA_TRACE_SAMPLED;
        span->kept = tracing->by->start ? tracing->by->start(tracing->user, info) : NULL;
        if (!span->kept)
                span->trace.flags &= (uint8_t)~VIA_TRACE_SAMPLED;
        span->by = tracing->by;
        span->user = tracing->user;
        span->is = true;
}

/* @call, which is about to be served, is a span. */
void via_tracing_serve(struct via_tracing *tracing, struct via_call *call) {
        struct via_span_info info = { .method = call->served->method->name,
                                      .endpoint = via_call_endpoint(call),
                                      .call = call,
                                      .served = true };
        struct via_traced *span = &call->seen.span;
        bool has_parent = incoming(call, &span->trace);

        if (has_parent)
                info.tracestate = the_only(call->metadata, STATE);
        begin(tracing, span, has_parent, &info);
}

/* @o, which is about to be made, is a span, unless the program has seen to that itself. */
void via_tracing_make(struct via_tracing *tracing, struct via_outgoing *o) {
        const struct via_call *parent = o->options->parent;
        struct via_span_info info = { .method = o->method->name,
                                      .endpoint = o->client->endpoint,
                                      .call = parent };
        size_t most = o->client->limits.v[VIA_LIMIT_METADATA];
        char text[VIA_TRACEPARENT_SIZE];
        bool has_parent = parent && trace_of(parent, &o->span.trace);
        struct via_trace came;                  /* only to know whether there is one */

        if (o->options->metadata && via_metadata_get(o->options->metadata, PARENT))
                return;
        if (has_parent && incoming(parent, &came))
                info.tracestate = the_only(parent->metadata, STATE);
        begin(tracing, &o->span, has_parent, &info);
        via_trace_format(&o->span.trace, text);
        if (via_outgoing_own_metadata(o) == VIA_OK)
                add_trace(o->metadata, text, parent, most);
}

/* Ends @span, if there is one. */
void via_tracing_end(struct via_traced *span, int code, const struct via_call_facts *facts) {
        if (span->is && span->kept && span->by->end)
                span->by->end(span->user, span->kept, code, facts);
        span->kept = NULL;
}

int via_server_trace(struct via_server *server, const struct via_tracer *tracer, void *user,
                     struct via_error *err) {
        struct via_intercept *intercept = server ? via_intercept_of(server->first.dispatch) : NULL;

        if (!intercept)
                return via_error_set(err, VIA_RESOURCE_EXHAUSTED, "no memory for a tracer");
        via_tracing_set(&intercept->tracing, tracer, user);
        return VIA_OK;
}

int via_client_trace(struct via_client *client, const struct via_tracer *tracer, void *user,
                     struct via_error *err) {
        struct via_client_intercept *intercept;

        VIA_GUEST(client->shared);
        intercept = via_client_intercept_of(client);
        if (!intercept)
                return via_error_set(err, VIA_RESOURCE_EXHAUSTED, "no memory for a tracer");
        via_tracing_set(&intercept->tracing, tracer, user);
        return VIA_OK;
}
