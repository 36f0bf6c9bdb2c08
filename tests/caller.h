#pragma once
/*
 * caller.h - a client of conformance.idl, with any driver behind one small interface
 *
 * A call that was started ends in a struct outcome, which counts how often that happened: once
 * is right. With the loop driver the loop is the caller's own, and runs only inside the
 * functions here; with that of VIA_CLIENT_EXTERNAL these call poll().
 */
#include <stdbool.h>
#include <uv.h>
#include <via/via.h>
#include "conformance.h"

enum driver { BLOCKING, LOOP, POLL, DRIVERS };

struct caller {
        enum driver        driver;
        uv_loop_t          loop;        /* of LOOP */
        struct via_client *client;
};

/* How a started call ended. */
struct outcome {
        int                      ended;         /* times */
        int                      code;
        const struct via_method *method;
        void                    *response;      /* owned; NULL: an error */
        struct via_error         err;
};

/*
 * What requests and responses of the operations look like: these are the structs that idlc
 * makes.
 */
struct msg_none {
        ProtobufCMessage base;
};
struct msg_octets {
        ProtobufCMessage base;
        ProtobufCBinaryData data;
};
struct msg_number {
        ProtobufCMessage base;
        uint32_t n;
};
struct msg_string {
        ProtobufCMessage base;
        char *s;
};
struct msg_numbers {
        ProtobufCMessage base;
        size_t n;
        uint32_t *v;
};
struct msg_fail {
        ProtobufCMessage base;
        int32_t code;
        char *text;
};
struct msg_refuse {
        ProtobufCMessage base;
        char *why;
        int32_t code;
};
struct msg_peer {
        ProtobufCMessage base;
        struct conf_Peer *peer;
};

struct msg_same {
        ProtobufCMessage base;
        protobuf_c_boolean b;
        uint32_t c, o;
        int32_t i8, i16;
        uint32_t u16;
        int32_t i32;
        uint32_t u32;
        int64_t i64;
        uint64_t u64;
        float f;
        double d;
        enum conf_Sky sky;
        char *s;
        struct conf_Peer *peer;
        ProtobufCBinaryData octets;
        size_t n_numbers;
        int64_t *numbers;
        size_t n_words;
        char **words;
        size_t n_peers;
        struct conf_Peer **peers;
        size_t n_grid;
        int32_t *grid;
};

const char *driver_name(enum driver driver);

/* The method "echo" of conf.Basic; of an other interface: "Other/name". */
const struct via_method *method(const char *name);

int  caller_open(struct caller *caller, enum driver driver, const char *endpoint,
                const struct via_client_options *options, struct via_error *err);
void caller_close(struct caller *caller);
void caller_closed(struct caller *caller);

/* One call from its start to its end, as via_client_call(). */
int  caller_call_of(struct caller *caller, const struct via_method *m,
                   const struct via_call_options *options, const void *request, void *response,
                   struct via_error *err);
int  caller_call(struct caller *caller, const char *name, const struct via_call_options *options,
                const void *request, void *response, struct via_error *err);

/* Makes @outcome ready, and starts a call that ends in it. */
int  caller_start_of(struct caller *caller, const struct via_method *m,
                    const struct via_call_options *options, const void *request,
                    struct outcome *outcome);
int  caller_start(struct caller *caller, const char *name, const struct via_call_options *options,
                 const void *request, struct outcome *outcome);
void caller_turn(struct caller *caller);
void caller_turn_for(struct caller *caller, unsigned ms);
void caller_poll(struct caller *caller);
void caller_wait(struct caller *caller, unsigned n, const struct outcome *outcomes);
void outcome_fini(struct outcome *outcome);

/* Single operations, for which nothing can go wrong but what their code says. */
int call_echo(struct caller *caller, const void *data, size_t size, struct via_error *err);
int call_make(struct caller *caller, uint32_t size, struct via_error *err);
int call_take(struct caller *caller, uint32_t size, struct via_error *err);
int call_nap(struct caller *caller, uint32_t ms, uint32_t timeout_ms, uint32_t *ret_left,
             struct via_error *err);
int call_note(struct caller *caller, uint32_t n);
int call_fail(struct caller *caller, int32_t code, const char *text, struct via_error *err);

/* What the server noted, yours to free; -1: the call failed, which fails the test. */
int call_noted(struct caller *caller, uint32_t **ret_notes);

/* @size bytes as make() and take() have them; valid until the program ends. */
const uint8_t *pattern(size_t size);
