/*
 * shared.c - one blocking client, and several threads: calls of every kind, by all at once
 *
 * The files shared_….c beside it are of the same program: who sleeps, is woken and is waited for,
 * with calls that end when the test says so. Best below the thread sanitizer.
 */
#include <via/interceptor.h>
#include <via/metadata.h>
#include "shared_crew.h"
#include "test.h"

/* --- calls --- */

static void note(uint32_t n) {
        struct msg_number request = { .n = n };

        CHECK_INT(via_client_call(client, method("note"), NULL, &request, NULL, NULL), ==, VIA_OK);
}

static void *calls(void *arg) {
        struct random random = { .state = (uintptr_t)arg + 1 };

        for (int i = 0; i < ROUNDS; i++)
                CHECK_INT(echo(&random, random_below(&random, i % 50 ? 100 : 100000)), ==, VIA_OK);
        return NULL;
}

TEST(each_hears_its_own_answer, .timeout = 120) {
        everywhere(calls, &(struct via_client_options){ .flags = 0 });
}

TEST(whoever_comes_first_connects, .timeout = 120) {
        for (int i = 0; i < 3; i++)
                everywhere(few_calls, &(struct via_client_options){ .flags = VIA_CLIENT_LAZY });
}

/* Whoever finds the queue full of what others have to say waits, and does not fail. */
static void *large_calls(void *arg) {
        struct random random = { .state = (uintptr_t)arg + 1 };

        for (int i = 0; i < 3; i++)
                CHECK_INT(echo(&random, 400000), ==, VIA_OK);
        return NULL;
}

TEST(a_full_queue_is_waited_for, .timeout = 120) {
        struct via_client_options options = { .flags = 0 };

        options.limits.v[VIA_LIMIT_QUEUE] = 4096;
        everywhere(large_calls, &options);
}

static void *notes(void *arg) {
        for (uint32_t i = 0; i < 20; i++)
                note((uint32_t)(intptr_t)arg * 100 + i);
        return NULL;
}

TEST(each_note_arrives_once, .timeout = 120) {
        begin(via_transports[0], 0);
        run_threads(notes);
        CHECK_INT(noted(), ==, THREADS * 20);
        end();
}

/* What belongs to a call is where its own thread wants it, whoever has received it. */
static void *own_options(void *arg) {
        struct msg_metadata {
                ProtobufCMessage base;
                char *key;
                int32_t code;
        } request = { .key = (char *)(uintptr_t) "who" };
        struct via_metadata *sent = via_metadata_new(), *header = via_metadata_new();
        struct via_arena *arena = via_arena_new(0);
        struct via_call_options options = { .metadata = sent, .header = header, .arena = arena };
        struct msg_string response;
        char me[16];

        snprintf(me, sizeof(me), "%d", (int)(intptr_t)arg);
        REQUIRE(via_metadata_add(sent, "who", me, NULL) == VIA_OK);
        for (int i = 0; i < 20; i++) {
                via_arena_reset(arena);
                CHECK_INT(via_client_call(client, method("Later/metadata"), &options, &request,
                                          &response, NULL), ==, VIA_OK);
                CHECK_STR(response.s, me);
                CHECK_STR(via_metadata_get(header, "seen"), me);
        }
        via_metadata_free(sent);
        via_metadata_free(header);
        via_arena_free(arena);
        return NULL;
}

TEST(options_are_of_each_call) {
        begin(via_transports[0], 0);
        run_threads(own_options);
        end();
}

static int before_call(void *user, struct via_outgoing *outgoing) {
        (void)outgoing;
        ((int *)user)[0]++;                     /* with the lock: nobody else is here */
        return VIA_OK;
}

static void after_call(void *user, struct via_outgoing *outgoing, int code,
                       const struct via_call_facts *facts) {
        (void)outgoing;
        (void)code;
        (void)facts;
        ((int *)user)[1]++;
}

TEST(interceptors_see_all_of_them) {
        static const struct via_client_interceptor both = { .before = before_call,
                                                            .after = after_call };
        int n[2] = { 0 };

        begin(via_transports[0], VIA_CLIENT_LAZY);
        CHECK_INT(via_client_intercept(client, &both, n, NULL), ==, VIA_OK);
        run_threads(few_calls);
        run_threads(notes);
        end();
        CHECK_INT(n[0], ==, THREADS * 23);
        CHECK_INT(n[1], ==, THREADS * 23);
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
        atomic_int told = 0;

        for (int i = 0; i < 10; i++)
                CHECK_INT(via_client_start(client, method("nap"), NULL, &request, on_done, &told,
                                           NULL), ==, VIA_OK);
        while (atomic_load(&told) < 10)
                CHECK_INT(via_client_turn(client, 10, NULL), ==, VIA_OK);
}

/* Nothing else ends it, so its handle is good until it is cancelled. */
static void cancelled_call(void) {
        struct msg_none request = { 0 };
        struct via_handle *handle;
        atomic_int told = 0;

        handle = via_client_async(client, method("Later/never"), NULL, &request, on_reply, NULL,
                                  &told);
        REQUIRE(handle != NULL);
        note(1);
        via_handle_cancel(handle);
        while (!atomic_load(&told))
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

        for (int i = 0; i < ROUNDS / 5; i++) {
                switch (random_below(&random, 8)) {
                case 0: started_calls(); break;
                case 1: cancelled_call(); break;
                case 2: stream_call(5, 1000); break;
                case 3: stream_call(2, 200000); break;          /* more than there is credit for */
                case 4: cancelled_stream(); break;
                case 5: late_call(); break;
                case 6: note(2); break;
                default: CHECK_INT(echo(&random, 10), ==, VIA_OK);
                }
        }
        return NULL;
}

TEST(everything_at_once, .timeout = 120) {
        everywhere(everything, &(struct via_client_options){ .flags = 0 });
}
