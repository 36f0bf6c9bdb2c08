/*
 * caller.c - a client of conformance.idl, with any driver behind one small interface
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "caller.h"
#include "test.h"

const char *driver_name(enum driver driver) {
        static const char *const names[DRIVERS] = { "blocking", "loop", "poll" };

        return names[driver];
}

const struct via_method *method(const char *name) {
        static const struct via_interface *const all[] = { &conf_Basic_interface,
                                                           &conf_Other_interface,
                                                           &conf_Later_interface,
                                                           &conf_Streams_interface,
                                                           &conf_Nobody_interface };
        char full[64];

        snprintf(full, sizeof(full), "conf.%s%s", strchr(name, '/') ? "" : "Basic/", name);
        for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
                for (unsigned k = 0; k < all[i]->n_methods; k++)
                        if (strcmp(all[i]->methods[k].name, full) == 0)
                                return &all[i]->methods[k];
        test_fail(__FILE__, __LINE__, "no operation is called %s", full);
        exit(TEST_FAILED);
}

static void on_closed_handle(uv_handle_t *handle, void *arg) {
        (void)arg;
        CHECK(uv_is_closing(handle));
}

static void loop_end(struct caller *caller) {
        if (caller->driver != LOOP)
                return;
        uv_walk(&caller->loop, on_closed_handle, NULL);
        uv_run(&caller->loop, UV_RUN_DEFAULT);
        CHECK_INT(uv_loop_close(&caller->loop), ==, 0);
}

int caller_open(struct caller *caller, enum driver driver, const char *endpoint,
                const struct via_client_options *options, struct via_error *err) {
        struct via_client_options with = options ? *options : (struct via_client_options){ 0 };
        int code;

        *caller = (struct caller){ .driver = driver };
        if (driver == LOOP) {
                REQUIRE(uv_loop_init(&caller->loop) == 0);
                with.loop = &caller->loop;
        }
        if (driver == POLL)
                with.flags |= VIA_CLIENT_EXTERNAL;
        code = via_client_open(&caller->client, endpoint, &with, err);
        if (code)
                loop_end(caller);
        return code;
}

void caller_close(struct caller *caller) {
        CHECK_INT(via_client_close(caller->client), ==, 0);
        caller->client = NULL;
        loop_end(caller);
}

/* The client has been closed: whatever is left in the loop has its end. */
void caller_closed(struct caller *caller) {
        caller->client = NULL;
        loop_end(caller);
}

/* What @err says becomes @to's, which is untouched so far. */
static void error_copy(struct via_error *to, const struct via_error *from) {
        to->code = from->code;
        to->message = from->message ? strdup(from->message) : NULL;
        to->where = from->where ? strdup(from->where) : NULL;
        if (from->exception) {
                to->type = from->type;
                to->exception = via_message_dup(from->type, from->exception, NULL);
        }
}

static void on_done(void *user, int code, const void *response, const struct via_error *err) {
        struct outcome *outcome = user;

        CHECK((code == VIA_OK) == (response != NULL));
        CHECK((code == VIA_OK) == (err == NULL));
        if (err)
                CHECK_INT(err->code, ==, code);
        if (outcome->ended++)
                return;
        outcome->code = code;
        if (response)
                outcome->response = via_message_dup(outcome->method->response, response, NULL);
        if (err)
                error_copy(&outcome->err, err);
}

void outcome_fini(struct outcome *outcome) {
        if (outcome->response)
                via_message_free(outcome->method->response, outcome->response);
        outcome->response = NULL;
        via_error_fini(&outcome->err);
}

int caller_start_of(struct caller *caller, const struct via_method *m,
                    const struct via_call_options *options, const void *request,
                    struct outcome *outcome) {
        struct via_error err = VIA_ERROR_INIT;
        int code;

        *outcome = (struct outcome){ .method = m };
        code = via_client_start(caller->client, outcome->method, options, request, on_done,
                                outcome, &err);
        CHECK_INT(outcome->ended, ==, 0);
        if (code) {
                outcome->code = code;
                outcome->err = err;
        }
        return code;
}

int caller_start(struct caller *caller, const char *name, const struct via_call_options *options,
                 const void *request, struct outcome *outcome) {
        return caller_start_of(caller, method(name), options, request, outcome);
}

/* Any other loop's turn: sleeps at most @ms. */
static void poll_turn(struct caller *caller, int ms) {
        struct via_client *client = caller->client;
        struct pollfd pfd = { .fd = via_client_fd(client), .events = via_client_events(client) };
        int timeout = via_client_timeout(client);

        if (timeout < 0 || timeout > ms)
                timeout = ms;
        poll(&pfd, 1, timeout);
        via_client_process(client, NULL);
}

/* What can happen now, without waiting, happens. */
void caller_poll(struct caller *caller) {
        if (caller->driver == LOOP)
                uv_run(&caller->loop, UV_RUN_NOWAIT);
        else if (caller->driver == POLL)
                poll_turn(caller, 0);
        else
                via_client_turn(caller->client, 0, NULL);
}

static void on_time(uv_timer_t *timer) {
        (void)timer;
}

/* Whatever can happen within about @ms, happens. */
void caller_turn_for(struct caller *caller, unsigned ms) {
        uv_timer_t timer;

        if (caller->driver == BLOCKING) {
                via_client_turn(caller->client, ms, NULL);
                return;
        }
        if (caller->driver == POLL) {
                poll_turn(caller, (int)ms);
                return;
        }
        uv_timer_init(&caller->loop, &timer);
        uv_timer_start(&timer, on_time, ms, 0);
        uv_run(&caller->loop, UV_RUN_ONCE);
        uv_close((uv_handle_t *)&timer, NULL);
        uv_run(&caller->loop, UV_RUN_NOWAIT);
}

/* Whatever can happen next, happens. */
void caller_turn(struct caller *caller) {
        if (caller->driver == LOOP)
                uv_run(&caller->loop, UV_RUN_ONCE);
        else if (caller->driver == POLL)
                poll_turn(caller, 1000);
        else
                via_client_turn(caller->client, 1000, NULL);
}

/* Until all of the @n have ended: never, if one of them does not. */
void caller_wait(struct caller *caller, unsigned n, const struct outcome *outcomes) {
        for (unsigned i = 0; i < n; i++)
                while (!outcomes[i].ended)
                        caller_turn(caller);
}

int caller_call_of(struct caller *caller, const struct via_method *m,
                   const struct via_call_options *options, const void *request, void *response,
                   struct via_error *err) {
        struct outcome outcome;
        int code;

        if (caller->driver == BLOCKING)
                return via_client_call(caller->client, m, options, request, response, err);
        code = caller_start_of(caller, m, options, request, &outcome);
        if (!code && !m->response) {
                caller_poll(caller);
                return VIA_OK;
        }
        if (!code) {
                caller_wait(caller, 1, &outcome);
                CHECK_INT(outcome.ended, ==, 1);
                code = outcome.code;
        }
        if (outcome.response) {
                memcpy(response, outcome.response, m->response->desc.sizeof_message);
                free(outcome.response);
        }
        if (code && err) {
                via_error_fini(err);
                *err = outcome.err;
        } else {
                via_error_fini(&outcome.err);
        }
        return code;
}

int caller_call(struct caller *caller, const char *name, const struct via_call_options *options,
                const void *request, void *response, struct via_error *err) {
        return caller_call_of(caller, method(name), options, request, response, err);
}

enum { PATTERN_MAX = 8 << 20 };

/*
 * Mapped, and shared with all that is forked: a leak checker looks at each byte of what is the
 * program's own, in every process that ends.
 */
static uint8_t *bytes;

__attribute__((constructor)) static void bytes_init(void) {
        bytes = mmap(NULL, PATTERN_MAX, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (bytes == MAP_FAILED)
                abort();
        for (size_t i = 0; i < PATTERN_MAX; i++)
                bytes[i] = (uint8_t)(i % 251);
        mprotect(bytes, PATTERN_MAX, PROT_READ);
}

const uint8_t *pattern(size_t size) {
        REQUIRE(size <= PATTERN_MAX);
        return bytes;
}

int call_echo(struct caller *caller, const void *data, size_t size, struct via_error *err) {
        struct msg_octets request = { .data = { size, (uint8_t *)(uintptr_t)data } }, response;
        int code = caller_call(caller, "echo", NULL, &request, &response, err);

        if (code)
                return code;
        CHECK_INT(response.data.len, ==, size);
        CHECK(response.data.len == size && (size == 0 || !memcmp(response.data.data, data, size)));
        free(response.data.data);
        return VIA_OK;
}

int call_make(struct caller *caller, uint32_t size, struct via_error *err) {
        struct msg_number request = { .n = size };
        struct msg_octets response;
        int code = caller_call(caller, "make", NULL, &request, &response, err);

        if (code)
                return code;
        CHECK_INT(response.data.len, ==, size);
        CHECK(size == 0 || memcmp(response.data.data, pattern(size), size) == 0);
        free(response.data.data);
        return VIA_OK;
}

int call_take(struct caller *caller, uint32_t size, struct via_error *err) {
        struct msg_octets request = { .data = { size, (uint8_t *)(uintptr_t)pattern(size) } };
        struct msg_number response;
        int code = caller_call(caller, "take", NULL, &request, &response, err);

        if (!code)
                CHECK_INT(response.n, ==, size);
        return code;
}

int call_nap(struct caller *caller, uint32_t ms, uint32_t timeout_ms, uint32_t *ret_left,
             struct via_error *err) {
        struct via_call_options options = { .timeout_ms = timeout_ms };
        struct msg_number request = { .n = ms }, response;
        int code = caller_call(caller, "nap", &options, &request, &response, err);

        if (!code && ret_left)
                *ret_left = response.n;
        return code;
}

int call_note(struct caller *caller, uint32_t n) {
        struct msg_number request = { .n = n };

        return caller_call(caller, "note", NULL, &request, NULL, NULL);
}

int call_fail(struct caller *caller, int32_t code, const char *text, struct via_error *err) {
        struct msg_fail request = { .code = code, .text = (char *)(uintptr_t)text };
        struct msg_none response;

        return caller_call(caller, "fail", NULL, &request, &response, err);
}

int call_noted(struct caller *caller, uint32_t **ret_notes) {
        struct msg_numbers response;
        struct msg_none request = { 0 };
        struct via_error err = VIA_ERROR_INIT;

        if (caller_call(caller, "noted", NULL, &request, &response, &err)) {
                test_fail(__FILE__, __LINE__, "noted(): %s", err.message);
                via_error_fini(&err);
                *ret_notes = NULL;
                return -1;
        }
        *ret_notes = response.v;
        return (int)response.n;
}
