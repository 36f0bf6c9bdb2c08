/*
 * shared.c - one blocking client, and several threads
 *
 * Calls, streams, started calls, cancels and closing, by all at once and over every transport that
 * more than one thread of a client may find interesting. Best below the thread sanitizer.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sched.h>
#include "caller.h"
#include "host.h"
#include "random.h"
#include "service.h"
#include "test.h"

enum { THREADS = 8, ROUNDS = 1000 };

static struct host host;
static struct via_client *client;
static char dir[64];

static void begin(const struct via_transport *by, uint32_t flags) {
        struct via_client_options options = { .flags = flags | VIA_CLIENT_SHARED };
        struct via_error err = VIA_ERROR_INIT;
        char place[256];

        snprintf(dir, sizeof(dir), "/tmp/via-shared-XXXXXX");
        REQUIRE(mkdtemp(dir) != NULL);
        host_place(by, dir, NULL, place, sizeof(place));
        host_start(&host, place, NULL);
        if (via_client_open(&client, host.endpoint, &options, &err)) {
                via_error_report(&err);
                exit(TEST_FAILED);
        }
}

static void end(void) {
        CHECK_INT(via_client_close(client), ==, 0);
        host_stop(&host);
        host_place_end(dir);
}

static void run_threads(void *(*run)(void *arg)) {
        pthread_t threads[THREADS];

        for (intptr_t i = 0; i < THREADS; i++)
                REQUIRE(pthread_create(&threads[i], NULL, run, (void *)i) == 0);
        for (int i = 0; i < THREADS; i++)
                pthread_join(threads[i], NULL);
}

static void everywhere(void *(*run)(void *arg), uint32_t flags) {
        for (int i = 0; via_transports[i]; i++) {
                if (!host_wanted(via_transports[i]) ||
                    strcmp(via_transports[i]->scheme, "stdio") == 0)
                        continue;
                begin(via_transports[i], flags);
                run_threads(run);
                CHECK_INT(via_client_pending(client), ==, 0);
                end();
                printf("count: %d threads at one client\n", THREADS);
        }
}

/* --- calls --- */

static int take(uint32_t size) {
        struct msg_octets request = { .data = { size, (uint8_t *)(uintptr_t)pattern(size) } };
        struct msg_number response = { .n = 0 };
        int code = via_client_call(client, method("take"), NULL, &request, &response, NULL);

        if (!code)
                CHECK_INT(response.n, ==, size);
        return code;
}

/* Each gets the answer to its own question. */
static void *calls(void *arg) {
        struct random random = { .state = (uintptr_t)arg + 1 };

        for (int i = 0; i < ROUNDS; i++)
                CHECK_INT(take(random_below(&random, i % 50 ? 100 : 100000)), ==, VIA_OK);
        return NULL;
}

TEST(each_hears_its_own_answer, .timeout = 300) {
        everywhere(calls, 0);
}

TEST(whoever_comes_first_connects, .timeout = 300) {
        everywhere(calls, VIA_CLIENT_LAZY);
}

/* --- of every kind --- */

static void on_done(void *user, int code, const void *response, const struct via_error *err) {
        (void)response;
        (void)err;
        CHECK(code == VIA_OK || code == VIA_CANCELLED);
        atomic_fetch_add((atomic_int *)user, 1);
}

static void on_reply(via_any_fn done, void *user, int code, const void *response,
                     const struct via_error *err) {
        (void)done;
        on_done(user, code, response, err);
}

/* Started by this thread, and told by any. */
static void started_calls(void) {
        struct msg_number request = { .n = 0 };
        atomic_int ended = 0;

        for (int i = 0; i < 10; i++)
                CHECK_INT(via_client_start(client, method("nap"), NULL, &request, on_done, &ended,
                                           NULL), ==, VIA_OK);
        while (atomic_load(&ended) < 10)
                CHECK_INT(via_client_turn(client, 10, NULL), ==, VIA_OK);
}

/* Nothing else ends it, so its handle is good until it is cancelled. */
static void cancelled_call(void) {
        struct msg_none request = { 0 };
        struct via_handle *handle;
        atomic_int ended = 0;

        handle = via_client_async(client, method("Later/never"), NULL, &request, on_reply, NULL,
                                  &ended);
        REQUIRE(handle != NULL);
        CHECK_INT(take(10), ==, VIA_OK);
        via_handle_cancel(handle);
        while (!atomic_load(&ended))
                via_client_turn(client, 10, NULL);
}

static void stream_call(uint32_t n, uint32_t size) {
        struct msg_octets item = { .data = { size, (uint8_t *)(uintptr_t)pattern(size) } }, got;
        const struct via_method *m = method("Streams/mirror");
        struct msg_none request = { 0 };
        struct via_stream *stream;

        REQUIRE(via_stream_open(client, m, NULL, &request, &stream, NULL) == VIA_OK);
        for (uint32_t i = 0; i < n; i++) {
                CHECK_INT(via_stream_write(stream, m, &item, NULL), ==, VIA_OK);
                CHECK_INT(via_stream_read(stream, m, &got, NULL), ==, VIA_OK);
                CHECK_INT(got.data.len, ==, size);
                free(got.data.data);
        }
        CHECK_INT(via_stream_close_send(stream, NULL), ==, VIA_OK);
        CHECK_INT(via_stream_read(stream, m, &got, NULL), ==, VIA_END);
        CHECK(via_stream_done(stream));
        CHECK_INT(via_stream_finish(stream, m, NULL, NULL), ==, VIA_OK);
}

static void cancelled_stream(void) {
        const struct via_method *m = method("Streams/mirror");
        struct msg_none request = { 0 };
        struct via_stream *stream;

        REQUIRE(via_stream_open(client, m, NULL, &request, &stream, NULL) == VIA_OK);
        via_stream_cancel(stream);
        CHECK_INT(via_stream_finish(stream, m, NULL, NULL), ==, VIA_CANCELLED);
}

static void late_call(void) {
        struct via_call_options options = { .timeout_ms = 1 };
        struct msg_number request = { .n = 5 }, response;
        int code = via_client_call(client, method("nap"), &options, &request, &response, NULL);

        CHECK(code == VIA_OK || code == VIA_DEADLINE_EXCEEDED);
}

static void *everything(void *arg) {
        struct random random = { .state = (uintptr_t)arg + 77 };

        for (int i = 0; i < ROUNDS / 10; i++) {
                struct msg_number request = { .n = 0 };

                switch (random_below(&random, 8)) {
                case 0: started_calls(); break;
                case 1: cancelled_call(); break;
                case 2: stream_call(5, 1000); break;
                case 3: stream_call(2, 200000); break;          /* more than there is credit for */
                case 4: cancelled_stream(); break;
                case 5: late_call(); break;
                case 6:
                        CHECK_INT(via_client_call(client, method("note"), NULL, &request, NULL,
                                                  NULL), ==, VIA_OK);
                        break;
                default: CHECK_INT(take(10), ==, VIA_OK);
                }
        }
        return NULL;
}

TEST(everything_at_once, .timeout = 600) {
        everywhere(everything, 0);
}

/* --- handing over --- */

static void *nap_once(void *arg) {
        struct via_call_options options = { .timeout_ms = 600000 };
        struct msg_number request = { .n = 200 }, response;

        (void)arg;
        CHECK_INT(via_client_call(client, method("nap"), &options, &request, &response, NULL), ==,
                  VIA_OK);
        return NULL;
}

/* Each but the last one leaves for good while others wait for answers that are still to come. */
TEST(whoever_leaves_hands_over, .timeout = 30) {
        begin(via_transports[0], 0);
        run_threads(nap_once);
        end();
}

/* --- a stream that two threads use --- */

static struct via_stream *both;

static void *writer(void *arg) {
        const struct via_method *m = method("Streams/mirror");

        (void)arg;
        for (uint32_t i = 0; i < 2000; i++) {
                struct msg_octets item = { .data = { i, (uint8_t *)(uintptr_t)pattern(i) } };

                CHECK_INT(via_stream_write(both, m, &item, NULL), ==, VIA_OK);
        }
        CHECK_INT(via_stream_close_send(both, NULL), ==, VIA_OK);
        return NULL;
}

TEST(one_writes_and_another_reads) {
        const struct via_method *m = method("Streams/mirror");
        struct msg_none request = { 0 };
        struct msg_octets item;
        pthread_t thread;

        begin(via_transports[0], 0);
        REQUIRE(via_stream_open(client, m, NULL, &request, &both, NULL) == VIA_OK);
        REQUIRE(pthread_create(&thread, NULL, writer, NULL) == 0);
        for (uint32_t i = 0; i < 2000; i++) {
                CHECK_INT(via_stream_read(both, m, &item, NULL), ==, VIA_OK);
                CHECK_INT(item.data.len, ==, i);
                free(item.data.data);
        }
        pthread_join(thread, NULL);
        CHECK_INT(via_stream_finish(both, m, NULL, NULL), ==, VIA_OK);
        end();
}

static void *canceller(void *arg) {
        struct timespec soon = { .tv_nsec = 20000000 };

        (void)arg;
        nanosleep(&soon, NULL);
        via_stream_cancel(both);
        return NULL;
}

TEST(one_waits_and_another_cancels) {
        const struct via_method *m = method("Streams/mirror");
        struct msg_none request = { 0 };
        struct msg_octets item;
        pthread_t thread;

        begin(via_transports[0], 0);
        REQUIRE(via_stream_open(client, m, NULL, &request, &both, NULL) == VIA_OK);
        REQUIRE(pthread_create(&thread, NULL, canceller, NULL) == 0);
        CHECK_INT(via_stream_read(both, m, &item, NULL), ==, VIA_END);
        pthread_join(thread, NULL);
        CHECK_INT(via_stream_finish(both, m, NULL, NULL), ==, VIA_CANCELLED);
        end();
}

/* --- closing --- */

static void *call_until_closed(void *arg) {
        struct msg_number request = { .n = (intptr_t)arg % 2 ? 0 : 50 }, response;
        const struct via_method *m = method("Streams/mirror");
        struct via_stream *stream = NULL;
        struct msg_none none = { 0 };
        struct msg_octets item;
        int code = VIA_OK;

        if ((intptr_t)arg == 0) {
                REQUIRE(via_stream_open(client, m, NULL, &none, &stream, NULL) == VIA_OK);
                CHECK_INT(via_stream_read(stream, m, &item, NULL), ==, VIA_END);
                CHECK_INT(via_stream_finish(stream, m, NULL, NULL), ==, VIA_CANCELLED);
                return NULL;
        }
        while (code == VIA_OK)
                code = via_client_call(client, method("nap"), NULL, &request, &response, NULL);
        CHECK_INT(code, ==, VIA_CANCELLED);
        return NULL;
}

/* All are inside when it happens: with such short naps that is not sure, so it is only one. */
TEST(closing_ends_what_others_wait_for) {
        for (int i = 0; i < 10; i++) {
                struct timespec soon = { .tv_nsec = 20000000 };
                pthread_t threads[2];

                begin(via_transports[0], i % 2 ? VIA_CLIENT_LAZY : 0);
                for (intptr_t k = 0; k < 2; k++)
                        REQUIRE(pthread_create(&threads[k], NULL, call_until_closed,
                                               (void *)(2 * k)) == 0);
                nanosleep(&soon, NULL);
                end();
                for (int k = 0; k < 2; k++)
                        pthread_join(threads[k], NULL);
        }
}

/* --- the server goes and comes --- */

static atomic_int lost, won;
static atomic_bool over;

static void *stubborn(void *arg) {
        struct via_call_options options = { .flags = VIA_WAIT_FOR_READY };
        struct msg_octets request = { .data = { 100, (uint8_t *)(uintptr_t)pattern(100) } };
        struct msg_number response;

        (void)arg;
        while (!atomic_load(&over)) {
                int code = via_client_call(client, method("take"), &options, &request, &response,
                                           NULL);

                CHECK(code == VIA_OK || code == VIA_UNAVAILABLE);
                atomic_fetch_add(code ? &lost : &won, 1);
        }
        return NULL;
}

/* A server in a thread: whoever has threads should not fork. */
static void *serve(void *arg) {
        via_server_run(arg);
        via_server_free(arg);
        return NULL;
}

static struct via_server *serve_at(const char *place, pthread_t *ret_thread) {
        static struct service service;
        struct via_server *server = via_server_new(NULL);

        REQUIRE(service_add(server, &service, NULL) == VIA_OK);
        REQUIRE(via_server_listen(server, place, NULL) == VIA_OK);
        REQUIRE(pthread_create(ret_thread, NULL, serve, server) == 0);
        return server;
}

TEST(a_server_that_goes_and_comes, .timeout = 120) {
        struct via_client_options options = { .flags = VIA_CLIENT_SHARED };
        pthread_t threads[THREADS], serving;
        struct via_server *server;
        char place[64];

        snprintf(place, sizeof(place), "unix:@via-test-shared-%d", (int)getpid());
        server = serve_at(place, &serving);
        REQUIRE(via_client_open(&client, place, &options, NULL) == VIA_OK);
        atomic_store(&over, false);
        for (intptr_t i = 0; i < THREADS; i++)
                REQUIRE(pthread_create(&threads[i], NULL, stubborn, (void *)i) == 0);
        for (int i = 0; i < 5; i++) {
                struct timespec soon = { .tv_nsec = 50000000 };
                int before = atomic_load(&won);

                while (atomic_load(&won) < before + 100)
                        nanosleep(&soon, NULL);
                via_server_stop(server);
                pthread_join(serving, NULL);
                server = serve_at(place, &serving);
        }
        atomic_store(&over, true);
        for (int i = 0; i < THREADS; i++)
                pthread_join(threads[i], NULL);
        printf("%d calls, %d were lost\n", atomic_load(&won), atomic_load(&lost));
        CHECK_INT(via_client_close(client), ==, 0);
        via_server_stop(server);
        pthread_join(serving, NULL);
}

/* --- what may not be --- */

struct inside {
        int ended, code;
};

static void from_within(void *user, int code, const void *response, const struct via_error *err) {
        struct inside *inside = user;
        struct msg_number request = { .n = 0 }, answer;

        (void)code;
        (void)response;
        (void)err;
        inside->code = via_client_call(client, method("nap"), NULL, &request, &answer, NULL);
        inside->ended++;
}

TEST(no_waiting_within_another_function) {
        struct via_client_options options = { .flags = VIA_CLIENT_SHARED | VIA_CLIENT_EXTERNAL };
        struct msg_number request = { .n = 0 };
        struct inside inside = { .ended = 0 };
        struct via_client *none;

        begin(via_transports[0], 0);
        CHECK_INT(via_client_start(client, method("nap"), NULL, &request, from_within, &inside,
                                   NULL), ==, VIA_OK);
        while (!inside.ended)
                via_client_turn(client, 1000, NULL);
        CHECK_INT(inside.code, ==, VIA_FAILED_PRECONDITION);
        CHECK_INT(via_client_open(&none, host.endpoint, &options, NULL), ==, VIA_INVALID_ARGUMENT);
        end();
}
