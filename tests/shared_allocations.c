/*
 * shared_allocations.c - several threads use one client, and any allocation fails
 *
 * Which thread's it is, chance decides. The server has memory.
 */
#include <pthread.h>
#include <stdatomic.h>
#include "alloc.h"
#include "caller.h"
#include "host.h"
#include "test.h"

enum { SIZE = 5000 };

static struct via_client *client;

/* No thread without memory may hear anything else, and none with it anything but VIA_OK. */
static void judge(const char *what, int code) {
        bool want = code == VIA_RESOURCE_EXHAUSTED || code == VIA_UNAVAILABLE ||
                    code == VIA_INTERNAL;

        if (code && !(want && alloc_failed()))
                test_fail(__FILE__, __LINE__, "%s: code %d", what, code);
}

static int echo(void) {
        struct msg_octets request = { .data = { SIZE, (uint8_t *)(uintptr_t)pattern(SIZE) } };
        struct msg_octets response;
        int code = via_client_call(client, method("echo"), NULL, &request, &response, NULL);

        if (!code)
                free(response.data.data);
        return code;
}

struct answer {
        atomic_int ended, code;
};

static void on_answer(void *user, int code, const void *response, const struct via_error *err) {
        struct answer *answer = user;

        CHECK((code == VIA_OK) == (response != NULL));
        CHECK(!err || (int)err->code == code);
        atomic_store(&answer->code, code);
        atomic_fetch_add(&answer->ended, 1);
}

/* Started by this thread, and told by any. */
static int started_call(void) {
        struct msg_number request = { .n = 0 };
        struct answer answer = { 0 };
        int code = via_client_start(client, method("nap"), NULL, &request, on_answer, &answer,
                                    NULL);

        if (code)
                return code;
        while (!atomic_load(&answer.ended))
                via_client_turn(client, 10, NULL);
        CHECK_INT(atomic_load(&answer.ended), ==, 1);
        return atomic_load(&answer.code);
}

static int stream_call(void) {
        struct msg_octets item = { .data = { SIZE, (uint8_t *)(uintptr_t)pattern(SIZE) } }, got;
        const struct via_method *m = method("Streams/mirror");
        struct msg_none request = { 0 };
        struct via_stream *stream;
        int code = via_stream_open(client, m, NULL, &request, &stream, NULL);

        if (code)
                return code;
        code = via_stream_write(stream, m, &item, NULL);
        if (!code)
                code = via_stream_read(stream, m, &got, NULL);
        if (!code) {
                free(got.data.data);
                code = via_stream_close_send(stream, NULL);
        }
        if (!code || code == VIA_END)
                return via_stream_finish(stream, m, NULL, NULL);
        via_stream_cancel(stream);
        via_stream_finish(stream, m, NULL, NULL);
        return code;
}

static int twofold(struct via_call *call, uint32_t n, uint32_t *ret_result) {
        (void)call;
        *ret_result = 2 * n;
        return VIA_OK;
}

static int asked_back(void) {
        struct msg_number request = { .n = 21 }, response = { .n = 0 };
        int code = via_client_call(client, method("Later/ask"), NULL, &request, &response, NULL);

        CHECK_INT(response.n, ==, code ? 0 : 42);
        return code;
}

static void *use(void *arg) {
        judge("a call", echo());
        judge("a started call", started_call());
        judge("a stream", stream_call());
        judge("a call back", asked_back());
        return arg;
}

static void use_by_two(const char *endpoint, uint32_t flags) {
        static const struct conf_Listener_ops listener = { .twofold = twofold };
        struct via_client_options options = { .flags = VIA_CLIENT_SHARED | flags,
                                              .timeout_ms = 20000 };
        pthread_t other;
        int code = via_client_open(&client, endpoint, &options, NULL);

        judge("opening", code);
        if (code)
                return;
        code = conf_Listener_serve_client(client, &listener, NULL, NULL);
        judge("serving", code);
        if (!code) {
                REQUIRE(pthread_create(&other, NULL, use, NULL) == 0);
                use(NULL);
                pthread_join(other, NULL);
        }
        CHECK_INT(via_client_close(client), ==, 0);
}

static void every_allocation_fails(uint32_t flags) {
        struct alloc_turns turns = { 0 };
        struct host host;
        char place[64];

        snprintf(place, sizeof(place), "unix:@via-shared-allocations-%d", (int)getpid());
        host_start(&host, place, NULL);
        pattern(SIZE);                          /* which stays */
        use_by_two(host.endpoint, flags);
        while (alloc_turn(&turns))
                use_by_two(host.endpoint, flags);
        CHECK_INT(turns.n, >, 20);
        printf("%lu allocations\n", turns.n - 1);
        host_stop(&host);
}

TEST(any_allocation_of_two_threads_fails, .timeout = 120) {
        every_allocation_fails(0);
}

TEST(any_allocation_of_two_threads_that_connect_fails, .timeout = 120) {
        every_allocation_fails(VIA_CLIENT_LAZY);
}
