/*
 * workers.c - a server that runs on several loops: what its handlers may count on
 *
 * The server is in a thread of this process, so that the thread sanitizer sees both ends.
 */
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include "caller.h"
#include "codec.h"
#include "host.h"
#include "test.h"

enum { WORKERS = 3 };

static struct {
        struct via_server *server;
        pthread_t          thread;
        char               dir[64];
        char               endpoint[256];
} at;

/* --- handlers --- */

static atomic_uint inside;              /* take() waits for as many as it was given bytes */

static int take(struct via_call *call, size_t n_data, const uint8_t *data, uint32_t *ret_result) {
        struct timespec pause = { .tv_nsec = 1000000 };

        (void)data;
        *ret_result = ++inside;
        for (int i = 0; i < 20000 && inside < n_data; i++)
                nanosleep(&pause, NULL);
        return inside < n_data ? via_call_fail(call, VIA_ABORTED, "%u of %zu came",
                                               (unsigned)inside, n_data)
                               : VIA_OK;
}

/* Who serves this link, as a number from 1 on. */
static int make(struct via_call *call, uint32_t size, size_t *ret_n_result, uint8_t **ret_result) {
        static atomic_uint threads;
        static _Thread_local unsigned mine;

        (void)size;
        if (!mine)
                mine = ++threads;
        *ret_n_result = mine;
        *ret_result = via_call_alloc(call, mine);
        return *ret_result ? VIA_OK : VIA_RESOURCE_EXHAUSTED;
}

static int echo(struct via_call *call, size_t n_data, const uint8_t *data, size_t *ret_n_result,
                uint8_t **ret_result) {
        (void)call;
        *ret_n_result = n_data;
        *ret_result = (uint8_t *)(uintptr_t)data;
        return VIA_OK;
}

/* Calls that wait for an answer, oldest first. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static struct via_call *waiting[1024];
static unsigned n_waiting;
static bool answered_enough;

static int nap(struct via_call *call, uint32_t ms, uint32_t *ret_result) {
        int code = via_call_defer(call);

        (void)ms;
        (void)ret_result;
        if (code != VIA_DEFERRED)
                return code;
        pthread_mutex_lock(&lock);
        REQUIRE(n_waiting < sizeof(waiting) / sizeof(waiting[0]));
        waiting[n_waiting++] = call;
        pthread_cond_signal(&cond);
        pthread_mutex_unlock(&lock);
        return code;
}

static void *answer_main(void *arg) {
        unsigned *n = arg;

        pthread_mutex_lock(&lock);
        for (;;) {
                struct msg_number response;
                struct via_call *call;

                while (!n_waiting && !answered_enough)
                        pthread_cond_wait(&cond, &lock);
                if (!n_waiting)
                        break;
                call = waiting[--n_waiting];
                pthread_mutex_unlock(&lock);
                via_message_default(method("nap")->response, &response);
                response.n = via_call_time_left(call);
                via_call_reply(call, &response);
                pthread_mutex_lock(&lock);
                ++*n;
        }
        pthread_mutex_unlock(&lock);
        return NULL;
}

static void answer_no_more(void) {
        pthread_mutex_lock(&lock);
        answered_enough = true;
        pthread_cond_broadcast(&cond);
        pthread_mutex_unlock(&lock);
}

/* --- the server --- */

static unsigned workers;

static void *server_main(void *arg) {
        (void)arg;
        CHECK_INT(via_server_run_workers(at.server, workers, NULL), ==, VIA_OK);
        return NULL;
}

static void prepare(const char *scheme, const char *query,
                    const struct via_server_options *options) {
        static const struct conf_Basic_ops ops = {
                .take = take, .make = make, .echo = echo, .nap = nap };
        struct via_error err = VIA_ERROR_INIT;
        char place[256];
        int i = 0;

        while (strcmp(via_transports[i]->scheme, scheme) != 0)
                i++;
        snprintf(at.dir, sizeof(at.dir), "/tmp/via-workers-XXXXXX");
        REQUIRE(mkdtemp(at.dir) != NULL);
        host_place(via_transports[i], at.dir, query, place, sizeof(place));
        at.server = via_server_new(options);
        if (conf_Basic_serve(at.server, &ops, NULL, &err) ||
            via_server_listen(at.server, place, &err)) {
                via_error_report(&err);
                exit(TEST_FAILED);
        }
        snprintf(at.endpoint, sizeof(at.endpoint), "%s", via_server_endpoint(at.server, 0));
}

static void serve(const char *scheme, unsigned n, const char *query,
                  const struct via_server_options *options) {
        prepare(scheme, query, options);
        workers = n;
        REQUIRE(pthread_create(&at.thread, NULL, server_main, NULL) == 0);
}

static void end(void) {
        via_server_stop(at.server);
        pthread_join(at.thread, NULL);
        CHECK_INT(via_server_links(at.server), ==, 0);
        via_server_free(at.server);
        host_place_end(at.dir);
}

static void open_caller(struct caller *caller, enum driver driver) {
        struct via_error err = VIA_ERROR_INIT;

        if (caller_open(caller, driver, at.endpoint, NULL, &err)) {
                via_error_report(&err);
                exit(TEST_FAILED);
        }
}

/* --- */

static void start_take(struct caller *caller, struct outcome *outcome) {
        struct msg_octets request = { .data = { WORKERS, (uint8_t *)(uintptr_t)pattern(WORKERS) } };

        CHECK_INT(caller_start(caller, "take", NULL, &request, outcome), ==, VIA_OK);
}

TEST(handlers_of_different_links_run_at_once) {
        struct caller callers[WORKERS];
        struct outcome outcomes[WORKERS];

        serve("unix", WORKERS, NULL, NULL);
        for (int i = 0; i < WORKERS; i++) {     /* before a handler holds up who accepts */
                open_caller(&callers[i], LOOP);
                CHECK_INT(call_echo(&callers[i], "x", 1, NULL), ==, VIA_OK);
        }
        for (int i = 0; i < WORKERS; i++) {
                start_take(&callers[i], &outcomes[i]);
                uv_run(&callers[i].loop, UV_RUN_NOWAIT);
        }
        for (int i = 0; i < WORKERS; i++) {
                caller_wait(&callers[i], 1, &outcomes[i]);
                CHECK_INT(outcomes[i].code, ==, VIA_OK);
                outcome_fini(&outcomes[i]);
                caller_close(&callers[i]);
        }
        end();
}

/* Every worker gets its share, also after some have left. */
TEST(links_go_to_whoever_has_fewest) {
        struct caller callers[3 * WORKERS];
        unsigned links[WORKERS + 1];

        serve("unix", WORKERS, NULL, NULL);
        for (int round = 0; round < 2; round++) {
                memset(links, 0, sizeof(links));
                for (int i = 0; i < 3 * WORKERS; i++) {
                        struct msg_number request = { .n = 0 };
                        struct msg_octets response;

                        if (round == 0 || i % WORKERS == 0)
                                open_caller(&callers[i], BLOCKING);
                        REQUIRE(caller_call(&callers[i], "make", NULL, &request, &response, NULL) ==
                                VIA_OK);
                        REQUIRE(response.data.len >= 1 && response.data.len <= WORKERS);
                        links[response.data.len]++;
                        free(response.data.data);
                }
                for (int i = 1; i <= WORKERS; i++)
                        CHECK_INT(links[i], ==, 3);
                CHECK_INT(via_server_links(at.server), ==, 3 * WORKERS);
                for (int i = 0; i < 3 * WORKERS; i++)
                        if (round == 1 || i % WORKERS == 0)
                                caller_close(&callers[i]);
                for (int i = 0; i < 2000 && via_server_links(at.server) > 2 * WORKERS; i++)
                        nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
        }
        end();
}

/* --- many clients --- */

struct client {
        pthread_t   thread;
        enum driver driver;
        unsigned    n;                  /* rounds; UINT_MAX: until the server ends */
        unsigned    answers, failures;
};

static atomic_uint n_clients;           /* that have connected */

static void *client_main(void *arg) {
        struct client *self = arg;
        struct caller caller;

        open_caller(&caller, self->driver);
        n_clients++;
        for (unsigned i = 0; i < self->n; i++) {
                struct outcome outcomes[8];
                struct msg_number request = { .n = i };
                unsigned n = 0;
                int code = call_echo(&caller, pattern(i % 900), i % 900, NULL);

                for (; n < 8; n++)
                        if (caller_start(&caller, "nap", NULL, &request, &outcomes[n]))
                                break;
                caller_wait(&caller, n, outcomes);
                for (unsigned k = 0; k < 8; k++) {
                        int one = k < n ? outcomes[k].code : VIA_UNAVAILABLE;

                        CHECK(k >= n || outcomes[k].ended == 1);
                        code = code ? code : one;
                        self->answers += one == VIA_OK;
                        self->failures += one != VIA_OK;
                        if (k <= n)
                                outcome_fini(&outcomes[k]);
                }
                if (code) {
                        CHECK_INT(code, ==, VIA_UNAVAILABLE);
                        CHECK_INT(self->n, ==, UINT_MAX);
                        break;
                }
        }
        caller_close(&caller);
        return NULL;
}

enum { CLIENTS = 12, ROUNDS = 40 };

/* Answers that other threads give find the loop of their link. */
static void many_clients(const char *scheme, unsigned rounds, bool stop) {
        struct client clients[CLIENTS];
        pthread_t answerers[2];
        unsigned n[2] = { 0 }, answers = 0;

        serve(scheme, WORKERS, NULL, NULL);
        for (int i = 0; i < 2; i++)
                REQUIRE(pthread_create(&answerers[i], NULL, answer_main, &n[i]) == 0);
        for (int i = 0; i < CLIENTS; i++) {
                clients[i] =
                        (struct client){ .driver = i % DRIVERS ? LOOP : BLOCKING, .n = rounds };
                REQUIRE(pthread_create(&clients[i].thread, NULL, client_main, &clients[i]) == 0);
        }
        while (stop && n_clients < CLIENTS)     /* links are the server's thread's to count */
                nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
        if (stop)
                via_server_stop(at.server);
        for (int i = 0; i < CLIENTS; i++) {
                pthread_join(clients[i].thread, NULL);
                answers += clients[i].answers;
                if (!stop)
                        CHECK_INT(clients[i].failures, ==, 0);
        }
        end();
        answer_no_more();
        for (int i = 0; i < 2; i++)
                pthread_join(answerers[i], NULL);
        if (!stop)
                CHECK_INT(answers, ==, CLIENTS * ROUNDS * 8);
        CHECK_INT(n[0] + n[1], >=, answers);
}

TEST(answers_from_other_threads_unix) {
        many_clients("unix", ROUNDS, false);
}
TEST(answers_from_other_threads_tcp) {
        many_clients("tcp", ROUNDS, false);
}
TEST(answers_from_other_threads_inproc) {
        many_clients("inproc", ROUNDS, false);
}
TEST(answers_from_other_threads_shm) {
        many_clients("shm", ROUNDS, false);
}
TEST(answers_from_other_threads_fifo) {
        many_clients("fifo", ROUNDS, false);
}
TEST(answers_from_other_threads_mq) {
        many_clients("mq", ROUNDS, false);
}
TEST(a_stop_in_the_middle_unix) {
        many_clients("unix", UINT_MAX, true);
}
TEST(a_stop_in_the_middle_inproc) {
        many_clients("inproc", UINT_MAX, true);
}
TEST(a_stop_in_the_middle_shm) {
        many_clients("shm", UINT_MAX, true);
}

/* An answer that comes when the server is gone frees its call, and nobody waits for it. */
TEST(answers_after_the_end) {
        struct via_server_options options = { .drain_ms = 50 };
        struct caller callers[WORKERS];
        struct outcome outcomes[WORKERS];
        struct msg_number request = { .n = 1 };
        pthread_t answerer;
        unsigned n = 0;

        serve("unix", WORKERS, NULL, &options);
        for (int i = 0; i < WORKERS; i++) {
                open_caller(&callers[i], BLOCKING);
                CHECK_INT(call_echo(&callers[i], "x", 1, NULL), ==, VIA_OK);
                CHECK_INT(caller_start(&callers[i], "nap", NULL, &request, &outcomes[i]), ==,
                          VIA_OK);
                CHECK_INT(call_echo(&callers[i], "x", 1, NULL), ==, VIA_OK);
        }
        CHECK_INT(n_waiting, ==, WORKERS);
        end();
        answer_no_more();
        REQUIRE(pthread_create(&answerer, NULL, answer_main, &n) == 0);
        pthread_join(answerer, NULL);
        CHECK_INT(n, ==, WORKERS);
        for (int i = 0; i < WORKERS; i++) {
                caller_wait(&callers[i], 1, &outcomes[i]);
                CHECK_INT(outcomes[i].code, ==, VIA_UNAVAILABLE);
                outcome_fini(&outcomes[i]);
                caller_close(&callers[i]);
        }
}

/* Each worker drains as soon as the server does, whatever another one still waits for. */
TEST(a_stop_reaches_all_workers) {
        struct via_server_options options = { .drain_ms = 1000000 };
        struct msg_number request = { .n = 1 };
        struct caller callers[WORKERS];
        struct outcome outcome;
        pthread_t answerer;
        unsigned n = 0;

        for (int busy = 0; busy < WORKERS; busy++) {
                serve("unix", WORKERS, NULL, &options);
                for (int i = 0; i < WORKERS; i++) {
                        open_caller(&callers[i], BLOCKING);
                        CHECK_INT(call_echo(&callers[i], "x", 1, NULL), ==, VIA_OK);
                }
                CHECK_INT(caller_start(&callers[busy], "nap", NULL, &request, &outcome), ==,
                          VIA_OK);
                CHECK_INT(call_echo(&callers[busy], "x", 1, NULL), ==, VIA_OK);
                via_server_stop(at.server);
                for (int i = 0; i < WORKERS; i++)       /* until it hears of it */
                        while (i != busy && call_echo(&callers[i], "x", 1, NULL) == VIA_OK)
                                ;
                CHECK_INT(outcome.ended, ==, 0);
                answered_enough = true;
                REQUIRE(pthread_create(&answerer, NULL, answer_main, &n) == 0);
                caller_wait(&callers[busy], 1, &outcome);
                CHECK_INT(outcome.code, ==, VIA_OK);
                outcome_fini(&outcome);
                pthread_join(answerer, NULL);
                end();
                for (int i = 0; i < WORKERS; i++)
                        caller_close(&callers[i]);
        }
        CHECK_INT(n, ==, WORKERS);
}

/* --- limits --- */

TEST(limits_count_the_links_of_all_workers) {
        struct via_error err = VIA_ERROR_INIT;
        struct caller callers[4], other;
        int code;

        serve("unix", WORKERS, "max_links_per_uid=4&max_half_open=2", NULL);
        for (int round = 0; round < 3; round++) {
                for (int i = 0; i < 4; i++) {   /* the last ones have not quite left yet */
                        struct via_error no = VIA_ERROR_INIT;

                        do {
                                open_caller(&callers[i], BLOCKING);
                                code = call_echo(&callers[i], "x", 1, &no);
                                if (code)
                                        caller_close(&callers[i]);
                        } while (round && code);
                        CHECK_INT(code, ==, VIA_OK);
                        via_error_fini(&no);
                }
                code = caller_open(&other, BLOCKING, at.endpoint, NULL, &err);
                if (!code) {
                        code = call_echo(&other, "x", 1, &err);
                        caller_close(&other);
                }
                CHECK_INT(code, ==, VIA_RESOURCE_EXHAUSTED);
                CHECK(err.message && strstr(err.message, "4 links, as many as max_links_per_uid"));
                for (int i = 0; i < 4; i++)
                        caller_close(&callers[i]);
        }
        via_error_fini(&err);
        end();
}

TEST(how_many_there_may_be) {
        struct via_error err = VIA_ERROR_INIT;
        struct via_server_options options = { .drain_ms = 0 };
        struct via_server *server;
        uv_loop_t loop;

        server = via_server_new(&options);
        CHECK_INT(via_server_run_workers(server, 0, &err), ==, VIA_OUT_OF_RANGE);
        CHECK_INT(via_server_run_workers(server, 1025, &err), ==, VIA_OUT_OF_RANGE);
        via_server_stop(server);                /* then it ends at once */
        CHECK_INT(via_server_run_workers(server, 4, &err), ==, VIA_OK);
        CHECK_INT(via_server_run(server), ==, VIA_OK);
        via_server_free(server);

        REQUIRE(uv_loop_init(&loop) == 0);
        options.loop = &loop;
        server = via_server_new(&options);
        CHECK_INT(via_server_run_workers(server, 2, &err), ==, VIA_FAILED_PRECONDITION);
        via_server_free(server);
        uv_run(&loop, UV_RUN_DEFAULT);
        uv_loop_close(&loop);
        via_error_fini(&err);
}

/* No descriptors for one of the loops: nobody is served, and the server is as it was. */
TEST(no_descriptors_for_workers) {
        struct via_error err = VIA_ERROR_INIT;
        struct rlimit limit, few;
        struct caller caller;
        int next;

        prepare("unix", NULL, NULL);
        REQUIRE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
        next = dup(0);
        close(next);
        few = limit;
        /* an even number: a loop of libuv's that gets one of the two it needs keeps that */
        few.rlim_cur = (rlim_t)next + 40;
        setrlimit(RLIMIT_NOFILE, &few);
        CHECK_INT(via_server_run_workers(at.server, 100, &err), ==, VIA_RESOURCE_EXHAUSTED);
        CHECK(err.message && strstr(err.message, "100 workers"));
        setrlimit(RLIMIT_NOFILE, &limit);
        via_error_fini(&err);
        workers = 2;
        REQUIRE(pthread_create(&at.thread, NULL, server_main, NULL) == 0);
        open_caller(&caller, BLOCKING);
        CHECK_INT(call_echo(&caller, "x", 1, NULL), ==, VIA_OK);
        caller_close(&caller);
        end();
}
