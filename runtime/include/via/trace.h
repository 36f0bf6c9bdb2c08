#ifndef VIA_TRACE_H
#define VIA_TRACE_H
/*
 * via/trace.h - which calls were made for which: W3C trace context, through the metadata
 *
 * Every call may carry "traceparent" (https://www.w3.org/TR/trace-context/): the trace that it
 * belongs to, and the span that it was made in. Via reads it, makes ids, and passes them on in
 * calls whose options.parent is the call that is being served; a tracer is told of the spans and
 * takes them to wherever they are looked at. Where there is none, a server hands traceparent and
 * tracestate on as they came.
 *
 * What has come and is not exactly 00-32 hex-16 hex-2 hex, in lower case, once, and not all zeros,
 * is ignored, and so is its tracestate: a new trace begins. tracestate is handed on up to 512
 * bytes. A call whose metadata have a traceparent of the program's own is left as it is. No
 * call ever fails for want of room or memory for its trace.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <via/error.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

struct via_call;
struct via_call_facts;
struct via_client;
struct via_server;

/* What is known of a span when it begins. All is borrowed until start() returns. */
struct via_span_info {
        const char            *method;          /* "hello.Greeter/greet" */
        const char            *endpoint;        /* as via_call_endpoint(), via_client_endpoint() */
        /* the call that is served, or, of one that is made, options.parent; or NULL */
        const struct via_call *call;
        const char            *trace_id;        /* 32 hexadecimal digits */
        const char            *span_id;         /* 16, of this span */
        const char            *parent_id;       /* 16, of the one around it; NULL: a new trace */
        const char            *tracestate;      /* as it came; or NULL */
        bool                   served;          /* of a call that has come, not one that is made */
        bool                   sampled;         /* who began the trace wants it to be kept */
};

struct via_tracer {
        /*
         * A span begins: at a server before the interceptors are asked, and so at a client.
         * Returns what end() is to be given. NULL: it is not kept, which those who are called in
         * it are told (the flag "sampled"); their ids are made all the same.
         */
        void *(*start)(void *user, const struct via_span_info *info);
        /*
         * The span that start() has returned, not NULL, ends: once, with the code and facts that
         * interceptors are told, after them. NULL: nothing to do.
         */
        void  (*end)(void *user, void *span, int code, const struct via_call_facts *facts);
        void   *reserved[2];    /* zero */
};

/*
 * Tells @tracer, with @user, of the calls that @server serves, or @client makes, from now on;
 * instead of the one before, in the thread of each call. NULL: nobody. Both are borrowed until
 * via_server_free(), or until the client is closed. VIA_RESOURCE_EXHAUSTED: no memory, also for
 * a @server that is NULL.
 */
int via_server_trace(struct via_server *server, const struct via_tracer *tracer, void *user,
                     struct via_error *err);
int via_client_trace(struct via_client *client, const struct via_tracer *tracer, void *user,
                     struct via_error *err);

enum { VIA_TRACEPARENT_SIZE = 56 };     /* with the 0 at its end */

/*
 * Writes the traceparent that calls with @call as their parent carry into @ret_text: of the span
 * of @call, or, without a tracer, what came. For logs, and for calls that are not Via's. false:
 * it belongs to no trace.
 */
bool via_call_traceparent(const struct via_call *call, char ret_text[VIA_TRACEPARENT_SIZE]);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop
#endif
