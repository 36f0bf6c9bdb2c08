/*
 * via_cells.c - Via itself, as an application uses it: a generated stub, a handler, an endpoint
 *
 * Sequential cases go through the generated stub of a blocking client, which lends an arena so
 * that a result costs no allocation. Cases with several calls outstanding start them with
 * via_client_start(), the next one from within the end of the last.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <via/arena.h>
#include <via/client.h>
#include <via/error.h>
#include <via/idl.h>
#include <via/server.h>
#include "bench.h"
#include "meter.h"
#include "via_cells.h"
#include "via_stream_cell.h"

#define TURN_MS 10000
#define SPIN "?spin=50us"
#define CALLS_BEFORE_IDLE 1000

/* Keeps the sentence of @err as the reason; returns a fault. */
static int fail(struct bench_side *side, struct via_error *err) {
        if (!side->why[0])
                via_error_format(err, side->why, sizeof(side->why));
        via_error_fini(err);
        return -EIO;
}

/* The request's own bytes are the answer: they live as long as the call does. */
static int echo(struct via_call *call, size_t n_data, const uint8_t *data, size_t *ret_n_result,
                uint8_t **ret_result) {
        (void)call;
        *ret_n_result = n_data;
        *ret_result = (uint8_t *)(uintptr_t)data;
        return VIA_OK;
}

static const struct bench_Echo_ops ops = { .echo = echo, .source = stream_cell_source };

int via_cells_serve(struct bench_side *side) {
        struct via_server *server = via_server_new(NULL);
        struct via_error err = VIA_ERROR_INIT;
        char endpoint[160];
        int r = 0;
        size_t n;

        if (strcmp(side->system->transport, "tcp") == 0)
                snprintf(endpoint, sizeof(endpoint), "tcp://127.0.0.1:0");
        else if (strcmp(side->system->transport, "inproc") == 0)
                snprintf(endpoint, sizeof(endpoint), "inproc:bench-%d", (int)getpid());
        else if (strcmp(side->system->transport, "shm") == 0)
                snprintf(endpoint, sizeof(endpoint), "shm:bench-%d", (int)getpid());
        else if (strcmp(side->system->transport, "mq") == 0)
                snprintf(endpoint, sizeof(endpoint), "mq:/bench-%d", (int)getpid());
        else
                snprintf(endpoint, sizeof(endpoint), "%s:%s/via-%d", side->system->transport,
                         side->dir, (int)getpid());

        n = strlen(endpoint);
        if (bench_spins(side->system))
                snprintf(endpoint + n, sizeof(endpoint) - n, "%s", SPIN);

        if (!server)
                r = side_fail(side, -ENOMEM, "no server");
        else if (bench_Echo_serve(server, &ops, NULL, &err) ||
                 via_server_listen(server, endpoint, &err))
                r = fail(side, &err);
        if (r == 0)
                r = side_ready(side, via_server_endpoint(server, 0));
        if (r == 0 && via_server_run(server) != VIA_OK)
                r = side_fail(side, -EIO, "the server's loop failed");
        via_server_free(server);
        return r;
}

struct sequential {
        struct bench_side      *side;
        struct via_client      *client;
        struct via_call_options options;
        uint8_t                *data;
        size_t                  size;
};

static int sequential_call(void *self) {
        struct sequential *s = self;
        struct via_error err = VIA_ERROR_INIT;
        uint8_t *result;
        size_t n;

        if (bench_Echo_echo_with(s->client, &s->options, s->size, s->data, &n, &result, &err))
                return fail(s->side, &err);
        if (n != s->size)
                return side_fail(s->side, -EPROTO, "not what was sent");
        via_arena_reset(s->options.arena);
        return 0;
}

static bool is_idle(const struct bench_side *side) {
        return strcmp(side->kind->name, "idle") == 0;
}

static int drive_sequential(struct bench_side *side, struct via_client *client, uint8_t *data) {
        struct sequential s = {
                .side = side,
                .client = client,
                .options = { .arena = via_arena_new(0) },
                .data = data,
                .size = side->kind->size,
        };
        int r;

        if (!s.options.arena)
                return side_fail(side, -ENOMEM, "no arena");
        if (is_idle(side)) {
                for (int i = r = 0; i < CALLS_BEFORE_IDLE && r == 0; i++)
                        r = sequential_call(&s);
                r = r ? r : meter_idle(side);
        } else {
                r = meter_sequential(side, sequential_call, &s);
        }
        via_arena_free(s.options.arena);
        return r;
}

struct window {
        struct bench_side       *side;
        struct via_client       *client;
        const struct via_method *method;
        void                    *request;
        uint64_t                 calls;         /* completed */
        int                      r;
        bool                     stubs;         /* by the generated stubs */
        uint8_t                 *data;
        uint8_t                  result[64];
};

static void window_call(struct window *window);

/* The bytes of an echo's request or response: its one field. */
static ProtobufCBinaryData *bytes_of(const struct via_type *type, const void *message) {
        return (ProtobufCBinaryData *)((uintptr_t)message + type->desc.fields[0].offset);
}

static void window_done(void *user, int code, const void *response,
                        const struct via_error *err) {
        struct window *window = user;
        ProtobufCBinaryData *bytes;

        if (code != VIA_OK) {
                if (window->r == 0) {
                        via_error_format(err, window->side->why, sizeof(window->side->why));
                        window->r = -EIO;
                }
                return;
        }
        bytes = bytes_of(window->method->response, response);
        if (bytes->len != window->side->kind->size) {
                window->r = side_fail(window->side, -EPROTO, "not what was sent");
                return;
        }
        memcpy(window->result, bytes->data, sizeof(window->result));
        window->calls++;
        window_call(window);
}

static void window_echo_done(void *user, int code, size_t n, const uint8_t *result,
                             const struct via_error *err) {
        struct window *window = user;

        if (code == VIA_OK && n == window->side->kind->size) {
                memcpy(window->result, result, sizeof(window->result));
                window->calls++;
                window_call(window);
        } else if (window->r == 0) {
                window->r = -EIO;
                snprintf(window->side->why, sizeof(window->side->why), "%s",
                         err && err->message ? err->message : "not what was sent");
        }
}

static void window_call(struct window *window) {
        struct via_error err = VIA_ERROR_INIT;

        if (window->r == 0 && window->stubs)
                bench_Echo_echo_async(window->client, window->side->kind->size, window->data, NULL,
                                      window_echo_done, window);
        else if (window->r == 0 && via_client_start(window->client, window->method, NULL,
                                                    window->request, window_done, window, &err))
                window->r = fail(window->side, &err);
}

static int drive_window(struct bench_side *side, struct via_client *client, uint8_t *data) {
        const struct via_method *method = &bench_Echo_interface.methods[0];
        struct via_error err = VIA_ERROR_INIT;
        struct window window = { .side = side, .client = client, .method = method };
        struct meter meter;

        window.stubs = strcmp(side->system->name, "via-async") == 0;
        window.data = data;
        window.request = malloc(method->request->desc.sizeof_message);
        if (!window.request || meter_init(&meter, side) < 0)
                return side_fail(side, -ENOMEM, "no request");
        via_message_init(method->request, window.request);
        *bytes_of(method->request, window.request) =
                (ProtobufCBinaryData){ .len = side->kind->size, .data = data };

        for (unsigned i = 0; i < side->kind->window; i++)
                window_call(&window);
        while (window.r == 0 && meter_more(&meter, window.calls))
                if (via_client_turn(client, TURN_MS, &err) != VIA_OK)
                        window.r = fail(side, &err);
        meter_fini(&meter);

        /* The calls still out are given up; their ends must not start others. */
        window.r = window.r ? window.r : 1;
        via_client_close(client);
        free(window.request);
        return window.r < 0 ? window.r : 0;
}

int via_cells_drive(struct bench_side *side) {
        struct via_error err = VIA_ERROR_INIT;
        struct via_client *client;
        uint8_t *data = malloc(side->kind->size);
        char endpoint[200];
        int r;

        if (!data)
                return side_fail(side, -ENOMEM, "no data");
        memset(data, 'v', side->kind->size);
        /* who reads large items gives credit for a few of them, see docs/limits.md */
        snprintf(endpoint, sizeof(endpoint), "%s%s", side->address,
                 bench_spins(side->system)                               ? SPIN
                 : side->kind->window == 0 && side->kind->size > 1 << 16
                         ? "?stream_credit=4M&link_credit=16M"
                         : "");
        if (via_client_open(&client, endpoint, NULL, &err)) {
                free(data);
                return fail(side, &err);
        }

        if (side->kind->window == 0) {
                r = stream_cell_drive(side, client);
                via_client_close(client);
        } else if (side->kind->window > 1) {
                r = drive_window(side, client, data);
        } else {
                r = drive_sequential(side, client, data);
                via_client_close(client);
        }
        free(data);
        return r;
}
