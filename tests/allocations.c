/*
 * allocations.c - none for a call in the steady state; and what happens when one fails
 *
 * Here libuv's own allocations count as well, except where they are to fail: libuv ends the
 * program then, and says so.
 */
#include <sys/mman.h>
#include <uv.h>
#include <via/interceptor.h>
#include <via/metadata.h>
#include <via/services.h>
#include <via/trace.h>
#include <via/transport.h>
#include "alloc.h"
#include "conformance.h"
#include "service.h"
#include "test.h"

enum { CALLS = 2000, SIZE = 64, OUTSTANDING = 256 };

/* --- a server that tells how often it allocates, from its own process or in our loop --- */

struct counts {
        unsigned long server;                   /* allocations, as of the last call */
};

static struct counts *counts;                   /* shared with the server's process */

static int echo(struct via_call *call, size_t n_data, const uint8_t *data, size_t *ret_n_result,
                uint8_t **ret_result) {
        (void)call;
        counts->server = alloc_count();
        *ret_n_result = n_data;
        *ret_result = (uint8_t *)(uintptr_t)data;
        return VIA_OK;
}

static const struct conf_Basic_ops ops = { .echo = echo };

struct msg_octets {
        ProtobufCMessage base;
        ProtobufCBinaryData data;
};
static uint8_t bytes[SIZE];

static struct via_server *server;

/* --- interceptors at both ends, where a test wants them --- */

static bool watched;

static int on_call(void *user, struct via_call *call) {
        const struct via_metadata *md = via_call_metadata(call);

        (void)user;
        CHECK(md && via_metadata_get(md, "token"));
        return via_call_request(call) ? via_call_add_trailer(call, "seen", "yes") : VIA_OK;
}

static void on_end(void *user, struct via_call *call, int code,
                   const struct via_call_facts *facts) {
        (void)user;
        (void)call;
        (void)code;
        CHECK_INT(facts->bytes_in, >, 0);
}

static int on_outgoing(void *user, struct via_outgoing *outgoing) {
        (void)user;
        return via_outgoing_add(outgoing, "token", "open sesame");
}

static void on_outgoing_end(void *user, struct via_outgoing *outgoing, int code,
                            const struct via_call_facts *facts) {
        (void)user;
        (void)outgoing;
        (void)code;
        (void)facts;
}

static void *on_span(void *user, const struct via_span_info *info) {
        (void)user;
        return (void *)(uintptr_t)info->method;
}

static const struct via_tracer tracer = { .start = on_span };

/* All that there may be around a call, and statistics too. */
static int watch_server(struct via_server *which) {
        static const struct via_interceptor interceptor = { .before = on_call, .after = on_end };
        int code = VIA_OK;

        if (watched)
                code = via_server_intercept(which, &interceptor, NULL, NULL);
        if (watched && !code)
                code = via_server_trace(which, &tracer, NULL, NULL);
        if (watched && !code)
                code = via_health_serve(which, NULL);
        if (watched && !code)
                code = via_stats_serve(which, NULL);
        return code;
}

static int watch_client(struct via_client *client) {
        static const struct via_client_interceptor interceptor = { .before = on_outgoing,
                                                                   .after = on_outgoing_end };

        int code = watched ? via_client_intercept(client, &interceptor, NULL, NULL) : VIA_OK;

        return watched && !code ? via_client_trace(client, &tracer, NULL, NULL) : code;
}

static void on_term(int signo) {
        (void)signo;
        via_server_stop(server);
}

static struct via_server *listen_at(const char *endpoint, uv_loop_t *loop) {
        struct via_server_options options = { .loop = loop };
        struct via_error err = VIA_ERROR_INIT;

        server = via_server_new(&options);
        if (conf_Basic_serve(server, &ops, NULL, &err) || watch_server(server) ||
            via_server_listen(server, endpoint, &err)) {
                via_error_report(&err);
                exit(TEST_FAILED);
        }
        return server;
}

static pid_t fork_server(const char *place, char endpoint[128]) {
        int ready[2];
        ssize_t n;
        pid_t pid;

        REQUIRE(pipe(ready) == 0);
        pid = fork();
        REQUIRE(pid >= 0);
        if (pid == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                signal(SIGTERM, on_term);
                listen_at(place, NULL);
                if (write(ready[1], via_server_endpoint(server, 0),
                          strlen(via_server_endpoint(server, 0))) < 0)
                        _exit(1);
                via_server_run(server);
                via_server_free(server);
                _exit(0);
        }
        close(ready[1]);
        n = read(ready[0], endpoint, 127);
        REQUIRE(n > 0);
        endpoint[n] = 0;
        close(ready[0]);
        return pid;
}

static void counts_init(void) {
        counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                      0);
        REQUIRE(counts != MAP_FAILED);
}

/* --- the calls --- */

struct run {
        struct via_client *client;
        unsigned           started, ended, total;
};

static void start(struct run *run);

static void on_done(void *user, int code, const void *response, const struct via_error *err) {
        const struct msg_octets *answer = response;
        struct run *run = user;

        (void)err;
        CHECK_INT(code, ==, VIA_OK);
        if (answer)
                CHECK_INT(answer->data.len, ==, SIZE);
        run->ended++;
        if (run->started < run->total)
                start(run);
}

static void start(struct run *run) {
        struct msg_octets request = { .data = { SIZE, bytes } };

        run->started++;
        CHECK_INT(via_client_start(run->client, &conf_Basic_interface.methods[0], NULL, &request,
                                   on_done, run, NULL),
                  ==, VIA_OK);
}

/* @n calls, @at_once of them at once. */
static void calls(struct via_client *client, uv_loop_t *loop, unsigned at_once, unsigned n) {
        struct run run = { .client = client, .total = n };

        for (unsigned i = 0; i < at_once; i++)
                start(&run);
        while (run.ended < n) {
                if (loop)
                        uv_run(loop, UV_RUN_ONCE);
                else
                        via_client_turn(client, 1000, NULL);
        }
}

static void blocking_calls(struct via_client *client, struct via_arena *arena, unsigned n) {
        struct via_call_options options = { .arena = arena };
        struct msg_octets request = { .data = { SIZE, bytes } }, response;

        for (unsigned i = 0; i < n; i++) {
                via_arena_reset(arena);
                CHECK_INT(via_client_call(client, &conf_Basic_interface.methods[0], &options,
                                          &request, &response, NULL),
                          ==, VIA_OK);
        }
}

/* --- in the steady state --- */

static void steady(const char *place, bool with_loop, unsigned at_once) {
        struct via_client_options options = { 0 };
        struct via_arena *arena = via_arena_new(0);
        unsigned long ours = 0, theirs = 0;
        struct via_client *client;
        uv_loop_t loop;
        char endpoint[128];
        pid_t pid;

        counts_init();
        pid = fork_server(place, endpoint);
        REQUIRE(uv_loop_init(&loop) == 0);
        options.loop = with_loop ? &loop : NULL;
        REQUIRE(via_client_open(&client, endpoint, &options, NULL) == VIA_OK);
        REQUIRE(watch_client(client) == VIA_OK);
        /*
         * A round in which one end was late, on a busy machine, may have found a use for one more
         * buffer than those before; so the steady state may take some to come.
         */
        for (int i = 0; i < 2 || (i < 6 && (alloc_count() != ours || counts->server != theirs));
             i++) {
                ours = alloc_count();
                theirs = counts->server;
                if (at_once)
                        calls(client, options.loop, at_once, CALLS);
                else
                        blocking_calls(client, arena, CALLS);
        }
        CHECK_INT(alloc_count() - ours, ==, 0);
        CHECK_INT(counts->server - theirs, ==, 0);
        via_client_close(client);
        via_arena_free(arena);
        uv_run(&loop, UV_RUN_DEFAULT);
        uv_loop_close(&loop);
        kill(pid, SIGTERM);
        waitpid(pid, NULL, 0);
        munmap(counts, sizeof(*counts));
}

static void steady_everywhere(bool with_loop, unsigned at_once) {
        uv_replace_allocator(malloc, realloc, calloc, free);
        steady("unix:@via-test-allocations", with_loop, at_once);
        steady("tcp://127.0.0.1:0", with_loop, at_once);
        /* with many at once it depends on who is awake how many pieces of memory are in use */
        if (at_once <= 1)
                steady("shm:via-test-allocations", with_loop, at_once);
}

TEST(blocking_calls_one_after_the_other) {
        steady_everywhere(false, 0);
}
TEST(started_calls_one_after_the_other) {
        steady_everywhere(false, 1);
}
TEST(calls_in_a_loop_one_after_the_other) {
        steady_everywhere(true, 1);
}
TEST(started_calls_all_at_once) {
        steady_everywhere(false, OUTSTANDING);
}
TEST(calls_in_a_loop_all_at_once) {
        steady_everywhere(true, OUTSTANDING);
}

TEST(blocking_calls_with_interceptors) {
        watched = true;
        steady_everywhere(false, 0);
}
TEST(started_calls_with_interceptors) {
        watched = true;
        steady_everywhere(false, OUTSTANDING);
}
TEST(calls_in_a_loop_with_interceptors) {
        watched = true;
        steady_everywhere(true, 1);
}

/* Client and server in one loop of one thread, so that all of both is counted. */
static void both_in_one_loop(void) {
        struct via_client_options options = { 0 };
        struct via_client *client;
        unsigned long before = 0;
        uv_loop_t loop;

        uv_replace_allocator(malloc, realloc, calloc, free);
        counts_init();
        REQUIRE(uv_loop_init(&loop) == 0);
        listen_at("inproc:allocations", &loop);
        options.loop = &loop;
        REQUIRE(via_client_open(&client, "inproc:allocations", &options, NULL) == VIA_OK);
        REQUIRE(watch_client(client) == VIA_OK);
        for (int i = 0; i < 4; i++) {         /* until all that is used again has been used */
                before = alloc_count();
                calls(client, &loop, OUTSTANDING, CALLS);
                for (int k = 0; k < 10; k++)    /* a link's first sleep makes its handle */
                        uv_run(&loop, UV_RUN_NOWAIT);
        }
        CHECK_INT(alloc_count() - before, ==, 0);
        via_client_close(client);
        via_server_free(server);
        uv_run(&loop, UV_RUN_DEFAULT);
        CHECK_INT(uv_loop_close(&loop), ==, 0);
        munmap(counts, sizeof(*counts));
}

TEST(both_ends_in_one_loop) {
        both_in_one_loop();
}
TEST(both_ends_in_one_loop_with_interceptors) {
        watched = true;
        both_in_one_loop();
}

/* --- when one fails --- */

struct answer {
        int ended, code;
};

static void on_answer(void *user, int code, const void *response, const struct via_error *err) {
        struct answer *answer = user;

        CHECK((code == VIA_OK) == (response != NULL));
        if (err)
                CHECK_INT(err->code, ==, code);
        answer->ended++;
        answer->code = code;
}

/* What a caller without memory may hear. */
static bool is_want(int code) {
        return code == VIA_RESOURCE_EXHAUSTED || code == VIA_UNAVAILABLE || code == VIA_INTERNAL;
}

static int one_call(struct via_client *client, uv_loop_t *loop, const char *name,
                    const void *request) {
        const struct via_method *method = conf_Basic_interface.methods;
        struct answer answer = { 0 };
        int code;

        while (!strstr(method->name, name))
                method++;
        code = via_client_start(client, method, NULL, request, on_answer, &answer, NULL);
        if (code)
                return code;
        while (!answer.ended)
                uv_run(loop, UV_RUN_ONCE);
        CHECK_INT(answer.ended, ==, 1);
        return answer.code;
}

/* All there is in the life of a server and a client, in one loop: the first failure, or 0. */
static int whole_life(uv_loop_t *loop, struct service *service, const char *place) {
        struct via_server_options server_options = { .loop = loop };
        struct via_client_options client_options = { .loop = loop, .timeout_ms = 20000 };
        struct msg_refuse {
                ProtobufCMessage base;
                char *why;
                int32_t code;
        } refuse = {
                .why = (char *)(uintptr_t) "why" };
        struct msg_octets octets = { .data = { SIZE, bytes } };
        struct via_server *s = via_server_new(&server_options);
        struct via_client *client = NULL;
        int code, refused;

        code = service_add(s, service, NULL);
        if (!code)
                code = watch_server(s);
        if (!code)
                code = via_server_listen(s, place, NULL);
        if (!code)
                code = via_client_open(&client, via_server_endpoint(s, 0), &client_options, NULL);
        if (!code)
                code = watch_client(client);
        if (!code)
                code = one_call(client, loop, "/echo", &octets);
        if (!code) {
                refused = one_call(client, loop, "/refuse", &refuse);
                code = refused == VIA_UNKNOWN ? VIA_OK : refused;
        }
        if (!code)
                code = one_call(client, loop, "/echo", &octets);
        via_client_close(client);
        via_server_free(s);
        uv_run(loop, UV_RUN_DEFAULT);
        return code;
}

static void every_allocation_fails(const char *place) {
        static struct service service;
        struct alloc_turns turns = { 0 };
        uv_loop_t loop;
        int code;

        REQUIRE(uv_loop_init(&loop) == 0);
        /* Each pass leaves libuv's own tables, and the library's, as the next one finds them. */
        CHECK_INT(whole_life(&loop, &service, place), ==, VIA_OK);
        while (alloc_turn(&turns)) {
                code = whole_life(&loop, &service, place);
                if (alloc_failed() ? !is_want(code) && code : code)
                        test_fail(__FILE__, __LINE__, "allocation %lu fails: code %d", turns.n,
                                  code);
        }
        CHECK_INT(turns.n, >, 20);
        printf("%s: %lu allocations\n", place, turns.n - 1);
        uv_loop_close(&loop);
}

TEST(any_allocation_fails_over_inproc, .timeout = 120) {
        every_allocation_fails("inproc:allocations");
}

TEST(any_allocation_fails_with_interceptors, .timeout = 120) {
        watched = true;
        every_allocation_fails("inproc:allocations");
}

TEST(any_allocation_fails_over_unix, .timeout = 120) {
        every_allocation_fails("unix:@via-test-allocations");
}

TEST(any_allocation_fails_over_tcp, .timeout = 120) {
        every_allocation_fails("tcp://127.0.0.1:0");
}

/* The same for a client that blocks, whose server has memory. */
TEST(any_allocation_of_a_blocking_client_fails) {
        struct alloc_turns turns = { 0 };
        struct via_client *client;
        char endpoint[128];
        pid_t pid;

        counts_init();
        pid = fork_server("unix:@via-test-allocations", endpoint);
        while (alloc_turn(&turns)) {
                struct via_error err = VIA_ERROR_INIT;
                uint8_t *result = NULL;
                size_t n;
                int code = via_client_open(&client, endpoint, NULL, &err);

                if (!code) {
                        code = conf_Basic_echo(client, SIZE, bytes, &n, &result, &err);
                        if (!code)              /* the server does not have it */
                                code = conf_Basic_betray(client, &err);
                        code = code == VIA_UNIMPLEMENTED ? VIA_OK : code;
                        free(result);
                        via_client_close(client);
                }
                if (code && !(alloc_failed() && is_want(code)))
                        test_fail(__FILE__, __LINE__, "allocation %lu fails: code %d", turns.n,
                                  code);
                via_error_fini(&err);
        }
        CHECK_INT(turns.n, >, 5);
        kill(pid, SIGTERM);
        waitpid(pid, NULL, 0);
        munmap(counts, sizeof(*counts));
}
