#ifndef VIA_IDL_H
#define VIA_IDL_H
/*
 * via/idl.h - what generated code is made of: the tables of an interface, and the public API
 *
 * Generated headers include this file and nothing else. The tables are constant and hold no logic.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <via/client.h>
#include <via/message.h>
#include <via/metadata.h>
#include <via/server.h>
#include <via/stream.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

enum {                                          /* via_method.flags */
        VIA_METHOD_IDEMPOTENT = 1,              /* @idempotent: calling twice is as good as once */
};

struct via_method {
        const char                   *name;         /* "hello.Greeter/greet" */
        uint64_t                      id;           /* via_method_id(name) */
        const struct via_type        *request;
        const struct via_type        *response;     /* NULL: oneway */
        const struct via_type *const *raises;       /* n_raises exceptions, or NULL */
        unsigned                      n_raises;
        unsigned                      flags;
        uint32_t                      timeout_ms;   /* @deadline; 0: none */
        /*
         * Calls the operation out of @ops, an `struct mod_Name_ops`. @response is a default
         * message; its parts may be taken by via_call_alloc(). Returns what the operation
         * returned (VIA_DEFERRED: @response means nothing, the call is answered later), or
         * VIA_UNIMPLEMENTED if @ops has none.
         */
        int (*invoke)(struct via_call *call, const void *ops, const void *request, void *response);
        /*
         * @stream: the messages that the caller sends, and that the callee sends, as items; NULL:
         * none. If either is there, invoke passes via_call_stream() on.
         */
        const struct via_type        *in_item;
        const struct via_type        *out_item;
};

struct via_interface {
        const char              *name;              /* "hello.Greeter" */
        const struct via_method *methods;
        unsigned                 n_methods;
};

/*
 * A default message of @type that lives as long as @call, or NULL: where a handler's struct
 * result is prepared.
 */
void *via_call_new(struct via_call *call, const struct via_type *type);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop
#endif
