#pragma once
/*
 * workshop.h - a server of services.idl in a thread, and clients of it by each driver
 *
 * What happens where is said into one log, in the order in which it happens, so that a test says
 * it in one string.
 */
#include <uv.h>
#include <via/via.h>
#include "services.h"
#include "test.h"

enum how { CALL, TURN, LOOP, HOWS };            /* blocking, started, started in a loop */

/* Requests and responses, as idlc makes them. */
struct msg_text {
        ProtobufCMessage base;
        char *s;
};
struct msg_text_number {
        ProtobufCMessage base;
        char *s;
        int32_t n;
};

struct workshop {
        struct via_server *server;
        pthread_t          thread;
        bool               runs;
        char               endpoint[64];
};

struct visitor {
        enum how           how;
        uv_loop_t          loop;
        struct via_client *client;
};

/* How a call ended. */
struct ending {
        int              n;                     /* times */
        int              code;
        char            *text;                  /* owned */
        struct via_error err;
};

__attribute__((format(printf, 1, 2))) void say(const char *format, ...);
void said(char *buf, size_t size);              /* takes it */
#define CHECK_SAID(expected) do { \
        char said_[16384]; \
        said(said_, sizeof(said_)); \
        CHECK_STR(said_, expected); \
} while (0)

/* A deadline, in ms, that a handler is reached before, and that is worth waiting for. */
static inline uint32_t deadline_ms(void) {
        return 200 + 100 * (uint32_t)test_slow();
}

/* Of the next that is opened; 0: one loop. */
extern unsigned workshop_workers;
extern struct via_server_options workshop_options;

/* @before_run may be NULL: what is done to the server before it runs. */
void workshop_open(struct workshop *shop, const char *endpoint,
                   void (*before_run)(struct via_server *server));
void workshop_close(struct workshop *shop);

/* The server is freed too, though calls may be deferred still. */
void workshop_stop(struct workshop *shop);

/* The call that later() has put off, when there is one. */
struct via_call *put_off(void);
int answer_text(struct via_call *call, const char *text);

const struct via_method *op(const char *name);

void visitor_open(struct visitor *visitor, enum how how, const char *endpoint);
void visitor_close(struct visitor *visitor);
void visitor_turn(struct visitor *visitor);
struct via_handle *start(struct visitor *visitor, const char *name,
                         const struct via_call_options *options, const char *s, int32_t n,
                         struct ending *ending);
/* From its start to its end; the code. */
int ask(struct visitor *visitor, const char *name, const struct via_call_options *options,
        const char *s, int32_t n, struct ending *ending);
void await(struct visitor *visitor, struct ending *ending);
void ending_fini(struct ending *ending);

/* The same for streams. */
struct via_stream *open_stream(struct visitor *visitor, const char *name,
                               const struct via_call_options *options, const char *s, int32_t n);
int finish_stream(struct visitor *visitor, struct via_stream *stream, const char *name,
                  struct ending *ending);
