/*
 * shared.c - one blocking client, and several threads
 *
 * Calls, streams, started calls, cancels and closing by all at once, over every transport; and who
 * sleeps, is woken and is waited for, with calls that end when the test says so. Best below the
 * thread sanitizer.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include "caller.h"
#include "client_impl.h"
#include "host.h"
#include "random.h"
#include "service.h"
#include "stream.h"
#include "test.h"

enum { THREADS = 8, ROUNDS = 100, LONG_MS = 20000 };

static struct host host;
static struct via_client *client;
static char dir[64];

/* --- around all of them --- */

static void begin_with(const struct via_transport *by, const struct via_client_options *with) {
        struct via_client_options options = *with;
        struct via_error err = VIA_ERROR_INIT;
        char place[256];

        options.flags |= VIA_CLIENT_SHARED;
        snprintf(dir, sizeof(dir), "/tmp/via-shared-XXXXXX");
        REQUIRE(mkdtemp(dir) != NULL);
        host_place(by, dir, NULL, place, sizeof(place));
        host_start(&host, place, NULL);
        if (via_client_open(&client, host.endpoint, &options, &err)) {
                via_error_report(&err);
                exit(TEST_FAILED);
        }
}

static void begin(const struct via_transport *by, uint32_t flags) {
        begin_with(by, &(struct via_client_options){ .flags = flags });
}

static void end_host(void) {
        host_stop(&host);
        host_place_end(dir);
}

static void end(void) {
        CHECK_INT(via_client_close(client), ==, 0);
        end_host();
}

struct crew {
        pthread_t threads[THREADS];
        int       n;
};

/* One more thread, whose argument is its number. */
static void join_in(struct crew *crew, void *(*run)(void *arg)) {
        intptr_t i = crew->n++;

        REQUIRE(pthread_create(&crew->threads[i], NULL, run, (void *)i) == 0);
}

static void wait_for(struct crew *crew) {
        for (int i = 0; i < crew->n; i++)
                pthread_join(crew->threads[i], NULL);
        crew->n = 0;
}

static void run_threads(void *(*run)(void *arg)) {
        struct crew crew = { .n = 0 };

        while (crew.n < THREADS)
                join_in(&crew, run);
        wait_for(&crew);
}

static bool is_possible(const struct via_transport *by) {
        return host_wanted(by) && strcmp(by->scheme, "stdio") != 0;
}

static void everywhere(void *(*run)(void *arg), const struct via_client_options *options) {
        for (int i = 0; via_transports[i]; i++) {
                if (!is_possible(via_transports[i]))
                        continue;
                begin_with(via_transports[i], options);
                run_threads(run);
                CHECK_INT(via_client_pending(client), ==, 0);
                end();
                printf("count: %d threads at one client\n", THREADS);
        }
}

static void sleep_ms(int ms) {
        struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

        nanosleep(&t, NULL);
}

/* Until @n calls are in flight, and with them the threads that wait for them. */
static void wait_pending(unsigned n) {
        while (via_client_pending(client) < n)
                sleep_ms(1);
}

static void wait_ended(const atomic_int *ended, int n) {
        while (atomic_load(ended) < n)
                sleep_ms(1);
}

/* --- calls --- */

/* Each gets the answer to its own question. */
static int echo(struct random *random, uint32_t size) {
        uint64_t stamp = random_next(random);
        struct msg_octets request, response;
        size_t n = size + sizeof(stamp);
        uint8_t *data = malloc(n);
        int code;

        memcpy(data, &stamp, sizeof(stamp));
        memset(data + sizeof(stamp), (int)stamp, size);
        request = (struct msg_octets){ .data = { n, data } };
        code = via_client_call(client, method("echo"), NULL, &request, &response, NULL);
        if (!code) {
                CHECK_INT(response.data.len, ==, n);
                CHECK(response.data.len == n && memcmp(response.data.data, data, n) == 0);
                free(response.data.data);
        }
        free(data);
        return code;
}

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

static void *few_calls(void *arg) {
        struct random random = { .state = (uintptr_t)arg + 1 };

        for (int i = 0; i < 3; i++)
                CHECK_INT(echo(&random, 100), ==, VIA_OK);
        return NULL;
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

static unsigned noted(void) {
        struct msg_none request = { 0 };
        struct msg_numbers response;

        if (via_client_call(client, method("noted"), NULL, &request, &response, NULL))
                return 0;
        free(response.v);
        return (unsigned)response.n;
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
        note(1);
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

/* --- handing over --- */

static struct via_call_options patient = { .timeout_ms = LONG_MS };

/* A call that ends with its link, its client or its time. */
static int never(const struct via_call_options *options) {
        struct msg_none request = { 0 }, response;

        return via_client_call(client, method("Later/never"), options, &request, &response, NULL);
}

static void *answered_later(void *arg) {
        struct msg_two {
                ProtobufCMessage base;
                uint32_t n, ms;
        } request = { .n = (uint32_t)(intptr_t)arg, .ms = 20 + 10 * (uint32_t)(intptr_t)arg };
        struct via_call_options options = { .timeout_ms = 600000 };
        struct msg_number response;

        CHECK_INT(via_client_call(client, method("Later/thread"), &options, &request, &response,
                                  NULL), ==, VIA_OK);
        CHECK_INT(response.n, ==, request.n);
        return NULL;
}

/* Each but the last one leaves for good while others wait for answers that are still to come. */
TEST(whoever_leaves_hands_over, .timeout = 60) {
        for (int i = 0; via_transports[i]; i++) {
                if (!is_possible(via_transports[i]))
                        continue;
                begin(via_transports[i], 0);
                run_threads(answered_later);
                end();
        }
}

static struct via_stream *both;                 /* that two threads use, or one waits for */
static atomic_int ended;

static struct via_stream *open_mirror(void) {
        struct msg_none request = { 0 };
        struct via_stream *stream;

        REQUIRE(via_stream_open(client, method("Streams/mirror"), &patient, &request, &stream,
                                NULL) == VIA_OK);
        return stream;
}

/* Waits for an item that never comes, until the stream is cancelled. */
static void *read_in_vain(void *arg) {
        struct msg_octets item;

        (void)arg;
        CHECK_INT(via_stream_read(both, method("Streams/mirror"), &item, NULL), ==, VIA_END);
        return NULL;
}

/* A thread that sleeps in the link, and shall go on doing that. */
static void begin_sleep(struct crew *crew) {
        few_calls(NULL);                        /* what comes of itself has come */
        both = open_mirror();
        join_in(crew, read_in_vain);
        for (bool sleeps = false; !sleeps;) {
                pthread_mutex_lock(&client->shared->lock);
                sleeps = client->shared->sleeper;
                pthread_mutex_unlock(&client->shared->lock);
        }
        sleep_ms(5);
}

static void end_sleep(struct crew *crew) {
        CHECK(!via_stream_done(both));          /* what we waited for is not its doing */
        via_stream_cancel(both);
        wait_for(crew);
        CHECK_INT(via_stream_finish(both, method("Streams/mirror"), NULL, NULL), ==,
                  VIA_CANCELLED);
}

TEST(who_waits_for_long_holds_nobody_up, .timeout = 60) {
        struct crew crew = { .n = 0 };

        for (int i = 0; via_transports[i]; i++) {
                if (!is_possible(via_transports[i]))
                        continue;
                begin(via_transports[i], 0);
                begin_sleep(&crew);
                join_in(&crew, few_calls);
                few_calls(NULL);
                end_sleep(&crew);
                end();
        }
}

static void *large_note(void *arg) {
        static uint8_t data[3000000];
        struct msg_octets request = { .data = { sizeof(data), data } };

        (void)arg;
        CHECK_INT(via_client_call(client, method("drop"), &patient, &request, NULL, NULL), ==,
                  VIA_OK);
        return NULL;
}

/* Who sleeps in the link has to wait for its room, too; the server says nothing to it. */
TEST(room_is_waited_for_by_who_sleeps, .timeout = 60) {
        struct crew crew = { .n = 0 };

        for (int i = 0; via_transports[i]; i++) {
                if (!is_possible(via_transports[i]))
                        continue;
                begin(via_transports[i], 0);
                begin_sleep(&crew);
                large_note(NULL);
                end_sleep(&crew);
                end();
        }
}

static void on_end(via_any_fn done, void *user, int code, const void *response,
                   const struct via_error *err) {
        (void)done;
        (void)response;
        (void)err;
        CHECK_INT(code, ==, (int)(intptr_t)user);
        atomic_fetch_add(&ended, 1);
}

/* One that has gone leaves a call that is overdue before who sleeps would wake. */
TEST(who_sleeps_knows_what_is_due, .timeout = 60) {
        struct via_call_options soon = { .timeout_ms = 30 };
        struct msg_none request = { 0 };
        struct crew crew = { .n = 0 };

        begin(via_transports[0], 0);
        atomic_store(&ended, 0);
        begin_sleep(&crew);
        REQUIRE(via_client_async(client, method("Later/never"), &soon, &request, on_end, NULL,
                                 (void *)(intptr_t)VIA_DEADLINE_EXCEEDED));
        wait_ended(&ended, 1);
        end_sleep(&crew);
        end();
}

/* Nobody else turns the client than who sleeps: it has to be woken for what is to be told. */
TEST(who_sleeps_tells_of_what_has_left, .timeout = 60) {
        struct msg_number request = { .n = 1 };
        struct crew crew = { .n = 0 };

        begin(via_transports[0], 0);
        atomic_store(&ended, 0);
        begin_sleep(&crew);
        REQUIRE(via_client_async(client, method("note"), NULL, &request, on_end, NULL,
                                 (void *)(intptr_t)VIA_OK));
        wait_ended(&ended, 1);
        REQUIRE(via_client_async(client, method("Later/never"), NULL, &request, on_end, NULL,
                                 (void *)(intptr_t)VIA_CANCELLED));
        end_sleep(&crew);
        end();
}

static struct via_handle *chain[6];

static void on_link(via_any_fn done, void *user, int code, const void *response,
                    const struct via_error *err) {
        int i = atomic_load(&ended);

        (void)done;
        (void)user;
        (void)response;
        (void)err;
        CHECK_INT(code, ==, VIA_CANCELLED);
        if (i < 5)
                via_handle_cancel(chain[i + 1]);
        atomic_store(&ended, i + 1);
}

/* Who is told ends another one, in a turn that has told already. */
TEST(nobody_sleeps_over_news, .timeout = 60) {
        struct msg_none request = { 0 };
        struct crew crew = { .n = 0 };

        begin(via_transports[0], 0);
        atomic_store(&ended, 0);
        begin_sleep(&crew);
        for (int i = 0; i < 6; i++)
                chain[i] = via_client_async(client, method("Later/never"), &patient, &request,
                                            on_link, NULL, NULL);
        via_handle_cancel(chain[0]);
        wait_ended(&ended, 6);
        end_sleep(&crew);
        end();
}

static void *late(void *arg) {
        struct via_call_options options = { .timeout_ms = 50 };

        (void)arg;
        CHECK_INT(never(&options), ==, VIA_DEADLINE_EXCEEDED);
        return NULL;
}

/* Whoever of them sleeps in the link. */
TEST(each_has_its_own_deadline, .timeout = 60) {
        struct via_call_options options = { .timeout_ms = 200 };
        struct crew crew = { .n = 0 };

        begin(via_transports[0], 0);
        begin_sleep(&crew);
        late(NULL);
        run_threads(late);
        end_sleep(&crew);
        both = open_mirror();
        join_in(&crew, read_in_vain);           /* perhaps it is in time, and sleeps elsewhere */
        CHECK_INT(never(&options), ==, VIA_DEADLINE_EXCEEDED);
        end_sleep(&crew);
        end();
}

/* An @idempotent call is made again after a second; meanwhile it stands in nobody's way. */
static void *made_again(void *arg) {
        struct via_method idempotent = *method("fail");
        struct msg_fail request = { .code = VIA_UNAVAILABLE, .text = (char *)(uintptr_t) "" };
        struct via_call_options options = { .retries = 1, .timeout_ms = LONG_MS };
        struct msg_none response;

        (void)arg;
        idempotent.flags |= VIA_METHOD_IDEMPOTENT;
        CHECK_INT(via_client_call(client, &idempotent, &options, &request, &response, NULL), ==,
                  VIA_UNAVAILABLE);
        atomic_store(&ended, 1);
        return NULL;
}

static void on_pending(void *user, int code, const void *response, const struct via_error *err) {
        (void)user;
        (void)code;
        (void)response;
        (void)err;
}

TEST(a_respite_is_no_turn_of_duty, .timeout = 60) {
        struct msg_number request = { .n = 0 };
        struct crew crew = { .n = 0 };

        begin(via_transports[0], 0);
        atomic_store(&ended, 0);
        join_in(&crew, made_again);
        sleep_ms(100);
        for (int i = 0; i < 20; i++) {
                REQUIRE(via_client_start(client, method("nap"), NULL, &request, on_pending, NULL,
                                         NULL) == VIA_OK);
                few_calls(NULL);
        }
        CHECK_INT(atomic_load(&ended), ==, 0);
        wait_for(&crew);
        end();
}

/* --- a stream that two threads use --- */

static void *writer(void *arg) {
        const struct via_method *m = method("Streams/mirror");

        (void)arg;
        for (uint32_t i = 0; i < 1000; i++) {
                struct msg_octets item = { .data = { i, (uint8_t *)(uintptr_t)pattern(i) } };

                CHECK_INT(via_stream_write(both, m, &item, NULL), ==, VIA_OK);
        }
        CHECK_INT(via_stream_close_send(both, NULL), ==, VIA_OK);
        return NULL;
}

TEST(one_writes_and_another_reads) {
        const struct via_method *m = method("Streams/mirror");
        struct crew crew = { .n = 0 };
        struct msg_octets item;

        begin(via_transports[0], 0);
        both = open_mirror();
        join_in(&crew, writer);
        for (uint32_t i = 0; i < 1000; i++) {
                CHECK_INT(via_stream_read(both, m, &item, NULL), ==, VIA_OK);
                CHECK_INT(item.data.len, ==, i);
                free(item.data.data);
        }
        wait_for(&crew);
        CHECK_INT(via_stream_finish(both, m, NULL, NULL), ==, VIA_OK);
        end();
}

static atomic_int items;

static void *reader(void *arg) {
        const struct via_method *m = method("Streams/mirror");
        struct msg_octets item = { .data = { 0, NULL } };
        int code;

        (void)arg;
        while ((code = via_stream_read(both, m, &item, NULL)) == VIA_OK) {
                atomic_fetch_add(&items, (int)item.data.len);
                free(item.data.data);
                item.data = (ProtobufCBinaryData){ 0, NULL };
        }
        CHECK_INT(code, ==, VIA_END);
        return NULL;
}

/* Nobody said that they may not: each item is one reader's. */
TEST(one_writes_and_three_read) {
        struct crew crew = { .n = 0 };

        begin(via_transports[0], 0);
        atomic_store(&items, 0);
        both = open_mirror();
        for (int i = 0; i < 3; i++)
                join_in(&crew, reader);
        writer(NULL);
        wait_for(&crew);
        CHECK_INT(atomic_load(&items), ==, 999 * 1000 / 2);
        CHECK_INT(via_stream_finish(both, method("Streams/mirror"), NULL, NULL), ==, VIA_OK);
        end();
}

static void *write_in_vain(void *arg) {
        const struct via_method *m = method("Streams/deaf");
        struct msg_octets item = { .data = { 10000, (uint8_t *)(uintptr_t)pattern(10000) } };
        int code;

        while ((code = via_stream_write(both, m, &item, NULL)) == VIA_OK)
                ;
        CHECK_INT(code, ==, arg ? VIA_CANCELLED : VIA_FAILED_PRECONDITION);
        return NULL;
}

/* Who waits to write learns that another one has said that there is no more, or to stop. */
TEST(one_writes_and_another_ends_it) {
        const struct via_method *m = method("Streams/deaf");
        struct msg_none request = { 0 };

        begin(via_transports[0], 0);
        for (int i = 0; i < 2; i++) {
                struct crew crew = { .n = i };

                REQUIRE(via_stream_open(client, m, &patient, &request, &both, NULL) == VIA_OK);
                join_in(&crew, write_in_vain);
                for (bool waits = false; !waits;) {
                        pthread_mutex_lock(&client->shared->lock);
                        waits = both->full;
                        pthread_mutex_unlock(&client->shared->lock);
                }
                if (i == 0)
                        CHECK_INT(via_stream_close_send(both, NULL), ==, VIA_OK);
                else
                        via_stream_cancel(both);
                pthread_join(crew.threads[i], NULL);
                via_stream_cancel(both);
                via_stream_finish(both, m, NULL, NULL);
        }
        end();
}

/* --- calls back --- */

static pthread_t answerers[THREADS * ROUNDS];
static int n_answerers;

/* Answered after its handler has returned, and by a thread that has no business with the client. */
static void *answer_later(void *arg) {
        conf_Listener_twofold_reply(arg, 7);
        return NULL;
}

static int twofold(struct via_call *call, uint32_t n, uint32_t *ret_result) {
        struct msg_number request = { .n = 0 }, answer;

        /* it may be any thread's handler, and is within a function of the client */
        CHECK_INT(via_client_call(client, method("nap"), NULL, &request, &answer, NULL), ==,
                  VIA_FAILED_PRECONDITION);
        if (n != 7) {
                *ret_result = 2 * n;
                return VIA_OK;
        }
        CHECK_INT(via_call_defer(call), ==, VIA_DEFERRED);
        REQUIRE(pthread_create(&answerers[n_answerers++], NULL, answer_later, call) == 0);
        return VIA_DEFERRED;
}

static void *asked_back(void *arg) {
        uint32_t n = (uint32_t)(intptr_t)arg;

        for (int i = 0; i < 20; i++) {
                struct msg_number request = { .n = n }, response = { .n = 0 };

                CHECK_INT(via_client_call(client, method("Later/ask"), &patient, &request,
                                          &response, NULL), ==, VIA_OK);
                CHECK_INT(response.n, ==, n == 7 ? 7 : 2 * n);
        }
        return NULL;
}

TEST(any_thread_serves_calls_back, .timeout = 60) {
        static const struct conf_Listener_ops listener = { .twofold = twofold };

        for (int i = 0; via_transports[i]; i++) {
                if (!is_possible(via_transports[i]))
                        continue;
                begin(via_transports[i], VIA_CLIENT_LAZY);
                REQUIRE(conf_Listener_serve_client(client, &listener, NULL, NULL) == VIA_OK);
                run_threads(asked_back);
                while (n_answerers)
                        pthread_join(answerers[--n_answerers], NULL);
                end();
        }
}

/* --- closing --- */

/* One of those that wait until the client is closed; each in another function. */
static void *until_closed(void *arg) {
        const struct via_method *m = method("Streams/deaf");
        struct msg_octets item = { .data = { 10000, (uint8_t *)(uintptr_t)pattern(10000) } };
        struct via_stream *stream;
        struct msg_none none = { 0 };
        int code;

        switch ((intptr_t)arg % 4) {
        case 0:
                stream = open_mirror();
                CHECK_INT(via_stream_read(stream, method("Streams/mirror"), &item, NULL), ==,
                          VIA_END);
                CHECK_INT(via_stream_finish(stream, method("Streams/mirror"), NULL, NULL), ==,
                          VIA_CANCELLED);
                return NULL;
        case 1:
                REQUIRE(via_stream_open(client, m, &patient, &none, &stream, NULL) == VIA_OK);
                while ((code = via_stream_write(stream, m, &item, NULL)) == VIA_OK)
                        ;
                CHECK_INT(code, ==, VIA_CANCELLED);
                CHECK_INT(via_stream_finish(stream, m, NULL, NULL), ==, VIA_CANCELLED);
                return NULL;
        case 2:
                REQUIRE(via_stream_open(client, m, &patient, &none, &stream, NULL) == VIA_OK);
                CHECK_INT(via_stream_finish(stream, m, NULL, NULL), ==, VIA_CANCELLED);
                return NULL;
        default:
                CHECK_INT(never(&patient), ==, VIA_CANCELLED);
                return NULL;
        }
}

/* Whom closing has not waited for: they have been woken, and do not know it yet. */
static int count_waiting(struct via_shared *shared) {
        int n = 0;

        pthread_mutex_lock(&shared->lock);
        for (struct via_guest *guest = shared->guests; guest; guest = guest->next)
                n += guest->waits;
        pthread_mutex_unlock(&shared->lock);
        return n;
}

/* All are inside when it happens, for they have calls in flight, and only those that wait. */
TEST(closing_ends_what_others_wait_for, .timeout = 60) {
        for (int i = 0; via_transports[i]; i++) {
                struct crew crew = { .n = 0 };

                if (!is_possible(via_transports[i]))
                        continue;
                begin(via_transports[i], i % 2 ? VIA_CLIENT_LAZY : 0);
                both = open_mirror();
                while (crew.n < THREADS)
                        join_in(&crew, until_closed);
                wait_pending(THREADS + 1);
                sleep_ms(5);                    /* opening is not waiting yet */
                CHECK_INT(via_client_close(client), ==, 0);
                CHECK_INT(count_waiting(both->shared), ==, 0);
                wait_for(&crew);
                end_host();
                CHECK_INT(via_stream_finish(both, method("Streams/mirror"), NULL, NULL), ==,
                          VIA_CANCELLED);
        }
}

static void close_it(via_any_fn done, void *user, int code, const void *response,
                     const struct via_error *err) {
        on_end(done, user, code, response, err);
        CHECK_INT(via_client_close(client), ==, 0);
}

static void *close_from_within(void *arg) {
        struct msg_number request = { .n = 0 };

        (void)arg;
        via_client_async(client, method("nap"), NULL, &request, close_it, NULL,
                         (void *)(intptr_t)VIA_OK);
        CHECK_INT(never(&patient), ==, VIA_CANCELLED);
        return NULL;
}

/* By whoever happens to be told; the last one that leaves frees it. */
TEST(closing_within_a_function, .timeout = 60) {
        struct crew crew = { .n = 1 };

        begin(via_transports[0], 0);
        while (crew.n < 4)
                join_in(&crew, until_closed);
        wait_pending(3);
        sleep_ms(5);
        atomic_store(&ended, 0);
        close_from_within(NULL);
        crew.threads[0] = crew.threads[--crew.n];
        wait_for(&crew);
        CHECK_INT(atomic_load(&ended), ==, 1);
        end_host();
}

static void on_gone(void *user, struct via_call *call) {
        (void)user;
        CHECK_INT(via_client_state(client), ==, VIA_CLIENT_CLOSED);
        CHECK_INT(via_client_close(client), ==, 0);
        via_call_end(call, VIA_CANCELLED);
        atomic_fetch_add(&ended, 1);
}

static int defer(struct via_call *call, uint32_t n, uint32_t *ret_result) {
        (void)n;
        (void)ret_result;
        via_call_on_cancel(call, on_gone, NULL);
        return via_call_defer(call);
}

static void *asked_in_vain(void *arg) {
        struct msg_number request = { .n = 1 }, response;

        (void)arg;
        CHECK_INT(via_client_call(client, method("Later/ask"), &patient, &request, &response,
                                  NULL), ==, VIA_CANCELLED);
        return NULL;
}

/* What a client serves ends when the last thread frees it: whoever is told is still within. */
TEST(closing_within_closing, .timeout = 60) {
        static const struct conf_Listener_ops listener = { .twofold = defer };
        struct crew crew = { .n = 0 };

        begin(via_transports[0], 0);
        REQUIRE(conf_Listener_serve_client(client, &listener, NULL, NULL) == VIA_OK);
        atomic_store(&ended, 0);
        join_in(&crew, asked_in_vain);
        for (bool asked = false; !asked;) {
                pthread_mutex_lock(&client->shared->lock);
                asked = client->session->open;
                pthread_mutex_unlock(&client->shared->lock);
        }
        end();
        wait_for(&crew);
        CHECK_INT(atomic_load(&ended), ==, 1);
}

/* --- while one connects --- */

static struct via_client *first;                /* which the server has not accepted */
static struct via_server *slow;
static struct service *slow_service;
static uint32_t connect_ms;

/* A server with room for one client, and that has come: it accepts nobody until it runs. */
static void begin_slow(void) {
        struct via_client_options options = { .flags = VIA_CLIENT_SHARED | VIA_CLIENT_LAZY,
                                              .connect_timeout_ms = connect_ms };

        slow = via_server_new(NULL);
        slow_service = calloc(1, sizeof(*slow_service));
        REQUIRE(service_add(slow, slow_service, NULL) == VIA_OK);
        REQUIRE(via_server_listen(slow, "inproc:shared?backlog=1", NULL) == VIA_OK);
        REQUIRE(via_client_open(&first, "inproc:shared", NULL, NULL) == VIA_OK);
        REQUIRE(via_client_open(&client, "inproc:shared", &options, NULL) == VIA_OK);
}

static void *run_slow(void *arg) {
        (void)arg;
        via_server_run(slow);
        return NULL;
}

static void end_slow(struct crew *crew) {
        pthread_t serving;

        REQUIRE(pthread_create(&serving, NULL, run_slow, NULL) == 0);
        wait_for(crew);
        CHECK_INT(via_client_close(client), ==, 0);
        CHECK_INT(via_client_close(first), ==, 0);
        via_server_stop(slow);
        pthread_join(serving, NULL);
        via_server_free(slow);
        free(slow_service);
}

static void wait_hoping(unsigned n) {
        for (unsigned hoping = 0; hoping < n;) {
                sleep_ms(1);
                pthread_mutex_lock(&client->shared->lock);
                hoping = client->shared->hoping;
                pthread_mutex_unlock(&client->shared->lock);
        }
}

/* Others come and go, and wake who waits for the attempt: that is not its end. */
TEST(an_attempt_is_waited_for, .timeout = 60) {
        struct crew crew = { .n = 0 };

        begin_slow();
        for (int i = 0; i < 3; i++)
                join_in(&crew, few_calls);
        wait_hoping(2);
        for (int i = 0; i < 100; i++) {
                CHECK_INT(via_client_state(client), ==, VIA_CLIENT_CONNECTING);
                sched_yield();
        }
        wait_hoping(2);
        end_slow(&crew);
}

static void *impatient(void *arg) {
        struct via_call_options options = { .timeout_ms = 100 };

        (void)arg;
        CHECK_INT(never(&options), ==, VIA_DEADLINE_EXCEEDED);
        atomic_store(&ended, 1);
        return NULL;
}

/* The one that connects has less time than the others have. */
TEST(who_has_no_time_spoils_nothing, .timeout = 60) {
        struct crew crew = { .n = 0 };

        begin_slow();
        atomic_store(&ended, 0);
        join_in(&crew, impatient);
        while (via_client_state(client) != VIA_CLIENT_CONNECTING)
                sched_yield();
        join_in(&crew, few_calls);
        join_in(&crew, few_calls);
        wait_ended(&ended, 1);
        wait_hoping(1);
        end_slow(&crew);
}

static void *closed_meanwhile(void *arg) {
        (void)arg;
        CHECK_INT(never(&patient), ==, VIA_CANCELLED);
        return NULL;
}

TEST(closing_while_one_connects, .timeout = 60) {
        struct crew crew = { .n = 0 };

        connect_ms = 300;                       /* nothing ends that but its own time */
        begin_slow();
        join_in(&crew, closed_meanwhile);
        join_in(&crew, closed_meanwhile);
        wait_hoping(1);
        CHECK_INT(via_client_close(client), ==, 0);
        client = NULL;
        end_slow(&crew);
}

/* --- the server goes and comes --- */

static void *until_killed(void *arg) {
        struct random random = { .state = (uintptr_t)arg };
        int code = VIA_OK;

        if ((intptr_t)arg % 2)
                code = never(&patient);
        while (code == VIA_OK)
                code = echo(&random, 1000);
        CHECK_INT(code, ==, VIA_UNAVAILABLE);
        return NULL;
}

/* The server's process, which may be a child of the client's; 0: it has none, or none is known. */
static pid_t server_pid(void) {
        FILE *file = host.alone ? fopen("/proc/thread-self/children", "re") : NULL;
        int pid = host.pid;

        if (file && fscanf(file, "%d", &pid) != 1)
                pid = 0;
        if (file)
                fclose(file);
        return pid;
}

/* Nobody is forgotten. */
TEST(a_server_that_is_killed, .timeout = 120) {
        for (int i = 0; via_transports[i]; i++) {
                struct via_client_options options = { .flags = VIA_CLIENT_ONCE };
                struct crew crew = { .n = 0 };
                char place[256];

                if (!is_possible(via_transports[i]))
                        continue;
                begin_with(via_transports[i], &options);
                if (!server_pid()) {
                        end();
                        continue;
                }
                while (crew.n < THREADS)
                        join_in(&crew, until_killed);
                wait_pending(THREADS / 2);
                kill(server_pid(), SIGKILL);
                wait_for(&crew);
                CHECK_INT(via_client_pending(client), ==, 0);
                CHECK_INT(via_client_close(client), ==, 0);
                host_forget(&host);
                host_place(via_transports[i], dir, NULL, place, sizeof(place));
                host_start(&host, place, NULL); /* cleans up behind the one that was killed */
                end_host();
        }
}

/* Nothing comes from it, and it is still there. */
TEST(a_server_that_hangs, .timeout = 60) {
        struct via_client_options options = { .keepalive_ms = 50, .keepalive_timeout_ms = 50,
                                              .flags = VIA_CLIENT_ONCE };
        struct crew crew = { .n = 0 };

        begin_with(via_transports[0], &options);
        while (crew.n < THREADS)
                join_in(&crew, until_killed);
        wait_pending(THREADS / 2);
        kill(host.pid, SIGSTOP);
        wait_for(&crew);
        CHECK_INT(via_client_close(client), ==, 0);
        kill(host.pid, SIGCONT);
        end_host();
}

static void *stubborn(void *arg) {
        (void)arg;
        while (never(&patient) == VIA_UNAVAILABLE)
                ;
        return NULL;
}

/* Half of it is in the link when that ends: it goes to the next server. */
TEST(a_note_that_had_not_left, .timeout = 60) {
        struct via_client_options options = { .flags = VIA_CLIENT_SHARED };
        struct crew crew = { .n = 0 };
        struct host a, b;
        char names[600];
        unsigned n = 0;

        snprintf(names, sizeof(names), "unix:@via-shared-a-%d", (int)getpid());
        host_start(&a, names, NULL);
        names[17] = 'b';
        host_start(&b, names, NULL);
        snprintf(names, sizeof(names), "%s, %s", a.endpoint, b.endpoint);
        setenv("VIA_ENDPOINT_PAIR", names, 1);
        REQUIRE(via_client_open(&client, "pair", &options, NULL) == VIA_OK);
        few_calls(NULL);                        /* or the next attempt would not be at once */
        for (int i = 0; i < 5; i++)
                join_in(&crew, stubborn);
        wait_pending(5);
        kill(a.pid, SIGSTOP);
        join_in(&crew, large_note);
        for (bool waits = false; !waits;) {
                pthread_mutex_lock(&client->shared->lock);
                waits = client->leaving;
                pthread_mutex_unlock(&client->shared->lock);
        }
        kill(a.pid, SIGKILL);
        pthread_join(crew.threads[--crew.n], NULL);
        n = noted();                            /* by the other one */
        CHECK_INT(n, ==, 1);
        wait_pending(5);                        /* closing is the last that is called */
        CHECK_INT(via_client_close(client), ==, 0);
        wait_for(&crew);
        host_forget(&a);
        host_stop(&b);
}

static atomic_int lost, won;
static atomic_bool over;

static void *loyal(void *arg) {
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
                REQUIRE(pthread_create(&threads[i], NULL, loyal, (void *)i) == 0);
        for (int i = 0; i < 2; i++) {
                struct timespec soon = { .tv_nsec = 10000000 };
                int before = atomic_load(&won);

                while (atomic_load(&won) < before + 50)
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
        int ended, call, turn, process;
};

static void from_within(void *user, int code, const void *response, const struct via_error *err) {
        struct inside *inside = user;
        struct msg_number request = { .n = 0 }, answer;

        (void)code;
        (void)response;
        (void)err;
        inside->call = via_client_call(client, method("nap"), NULL, &request, &answer, NULL);
        inside->turn = via_client_turn(client, 0, NULL);
        inside->ended++;
}

TEST(no_waiting_within_another_function) {
        struct msg_number request = { .n = 0 };
        struct inside inside = { .ended = 0 };

        begin(via_transports[0], 0);
        CHECK_INT(via_client_start(client, method("nap"), NULL, &request, from_within, &inside,
                                   NULL), ==, VIA_OK);
        while (!inside.ended)
                via_client_turn(client, 1000, NULL);
        CHECK_INT(inside.call, ==, VIA_FAILED_PRECONDITION);
        CHECK_INT(inside.turn, ==, VIA_FAILED_PRECONDITION);
        CHECK_INT(via_client_process(client, NULL), ==, VIA_FAILED_PRECONDITION);
        CHECK_INT(via_client_fd(client), ==, -1);
        end();
}

TEST(one_driver_only) {
        struct via_client_options options = { .flags = VIA_CLIENT_SHARED | VIA_CLIENT_EXTERNAL };
        struct via_error err = VIA_ERROR_INIT;
        struct via_client *none;
        uv_loop_t loop;

        CHECK_INT(via_client_open(&none, "unix:@nobody", &options, &err), ==,
                  VIA_INVALID_ARGUMENT);
        CHECK(err.message && strstr(err.message, "VIA_CLIENT_SHARED"));
        via_error_fini(&err);
        options = (struct via_client_options){ .flags = VIA_CLIENT_SHARED, .loop = &loop };
        CHECK_INT(via_client_open(&none, "unix:@nobody", &options, NULL), ==,
                  VIA_INVALID_ARGUMENT);
}
