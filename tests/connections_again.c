/*
 * connections_again.c - calls that are made again when a server fails, dies, or has gone
 */
#include <pthread.h>
#include <stdatomic.h>
#include "caller.h"
#include "connections_place.h"
#include "host.h"
#include "test.h"

static atomic_int attempts;

/* Fails so often as it is told to. */
static int fail(struct via_call *call, int32_t times, const char *text) {
        (void)text;
        if (atomic_fetch_add(&attempts, 1) < times)
                return via_call_fail(call, VIA_UNAVAILABLE, "not today");
        return VIA_OK;
}

static const struct conf_Basic_ops ops = { .fail = fail };
static struct via_server *server;

static void *server_main(void *arg) {
        (void)arg;
        via_server_run(server);
        via_server_free(server);
        return NULL;
}

static pthread_t server_start(const char *uri) {
        pthread_t thread;

        server = via_server_new(NULL);
        REQUIRE(conf_Basic_serve(server, &ops, NULL, NULL) == VIA_OK);
        REQUIRE(via_server_listen(server, uri, NULL) == VIA_OK);
        REQUIRE(pthread_create(&thread, NULL, server_main, NULL) == 0);
        return thread;
}

/* A call of @m to a server that fails @times; how often it came there. */
static int tries(struct caller *caller, const struct via_method *m, int times, uint32_t retries,
                 int *ret_code) {
        struct via_call_options options = { .retries = retries, .timeout_ms = 20000 };
        struct msg_fail request = { .code = times, .text = (char *)(uintptr_t) "" };
        struct msg_none response;

        atomic_store(&attempts, 0);
        *ret_code = caller_call_of(caller, m, &options, &request, &response, NULL);
        return atomic_load(&attempts);
}

static void a_server_is_not_able(enum driver driver) {
        struct via_method idempotent = *method("fail");
        pthread_t thread = server_start(place("a"));
        struct caller caller;
        int code;

        idempotent.flags |= VIA_METHOD_IDEMPOTENT;
        REQUIRE(caller_open(&caller, driver, place("a"), NULL, NULL) == VIA_OK);
        CHECK_INT(tries(&caller, &idempotent, 1, 1, &code), ==, 2);
        CHECK_INT(code, ==, VIA_OK);
        CHECK_INT(tries(&caller, &idempotent, 2, 1, &code), ==, 2);
        CHECK_INT(code, ==, VIA_UNAVAILABLE);
        CHECK_INT(tries(&caller, &idempotent, 1, 0, &code), ==, 1);
        CHECK_INT(code, ==, VIA_UNAVAILABLE);
        CHECK_INT(tries(&caller, method("fail"), 1, 5, &code), ==, 1);
        CHECK_INT(code, ==, VIA_UNAVAILABLE);
        CHECK_INT(via_client_pending(caller.client), ==, 0);
        caller_close(&caller);
        via_server_stop(server);
        pthread_join(thread, NULL);
        place_end();
}

TEST(idempotent_calls_are_made_again_if_asked) {
        for (int driver = 0; driver < DRIVERS; driver++)
                a_server_is_not_able((enum driver)driver);
}

/* Whatever is waited for, it is not waited for longer than the one timeout. */
TEST(all_attempts_have_one_deadline) {
        struct via_method idempotent = *method("fail");
        pthread_t thread = server_start(place("a"));

        idempotent.flags |= VIA_METHOD_IDEMPOTENT;
        for (int driver = 0; driver < DRIVERS; driver++) {
                struct via_call_options options = { .retries = 100, .timeout_ms = 300 };
                struct msg_fail request = { .code = 100, .text = (char *)(uintptr_t) "" };
                struct via_error err = VIA_ERROR_INIT;
                struct msg_none response;
                struct caller caller;
                int code;

                atomic_store(&attempts, 0);
                REQUIRE(caller_open(&caller, (enum driver)driver, place("a"), NULL, NULL) ==
                        VIA_OK);
                code = caller_call_of(&caller, &idempotent, &options, &request, &response, &err);
                CHECK(code == VIA_UNAVAILABLE || code == VIA_DEADLINE_EXCEEDED);
                CHECK_INT(atomic_load(&attempts), ==, 1);
                via_error_fini(&err);
                caller_close(&caller);
        }
        via_server_stop(server);
        pthread_join(thread, NULL);
        place_end();
}

static void *murder_main(void *victim) {
        struct timespec in_the_middle = { .tv_nsec = 100000000 };

        nanosleep(&in_the_middle, NULL);
        kill(*(pid_t *)victim, SIGKILL);
        return NULL;
}

/* A nap at one of two servers, which dies in the middle of it. */
static int nap_through_murder(enum driver driver, const struct via_method *m, uint32_t retries) {
        struct via_call_options options = { .retries = retries, .timeout_ms = 30000 };
        struct msg_number request = { .n = 400 }, response;
        char names[300], a[128], b[128];
        struct host first, second;
        struct caller caller;
        pthread_t thread;
        int code;

        snprintf(a, sizeof(a), "%s", place("a"));
        snprintf(b, sizeof(b), "%s", place("b"));
        snprintf(names, sizeof(names), "%s, %s", a, b);
        setenv("VIA_ENDPOINT_PAIR", names, 1);
        host_start(&first, a, NULL);
        host_start(&second, b, NULL);
        REQUIRE(caller_open(&caller, driver, "pair", NULL, NULL) == VIA_OK);
        CHECK_INT(call_echo(&caller, "x", 1, NULL), ==, VIA_OK);
        REQUIRE(pthread_create(&thread, NULL, murder_main, &first.pid) == 0);
        code = caller_call_of(&caller, m, &options, &request, &response, NULL);
        pthread_join(thread, NULL);
        caller_close(&caller);
        waitpid(first.pid, NULL, 0);
        host_stop(&second);
        host_start(&first, a, NULL);            /* cleans up after the dead one */
        host_stop(&first);
        place_end();
        return code;
}

TEST(an_idempotent_call_survives_its_server) {
        struct via_method idempotent = *method("nap");

        idempotent.flags |= VIA_METHOD_IDEMPOTENT;
        for (int driver = 0; driver < DRIVERS; driver++) {
                CHECK_INT(nap_through_murder((enum driver)driver, &idempotent, 5), ==, VIA_OK);
                CHECK_INT(nap_through_murder((enum driver)driver, method("nap"), 5), ==,
                          VIA_UNAVAILABLE);
        }
}

/*
 * A server that died without a word, and another one in its place: the socket says at once that
 * nobody is there any more, so the call has never left, and is made again.
 */
static void killed_between_two_calls(enum driver driver) {
        struct caller caller;
        struct host host;

        host_start(&host, place("a"), NULL);
        REQUIRE(caller_open(&caller, driver, place("a"), NULL, NULL) == VIA_OK);
        for (int i = 0; i < 3; i++) {
                CHECK_INT(call_echo(&caller, "x", 1, NULL), ==, VIA_OK);
                kill(host.pid, SIGKILL);
                waitpid(host.pid, NULL, 0);
                host_start(&host, place("a"), NULL);
        }
        CHECK_INT(call_note(&caller, 7), ==, VIA_OK);
        CHECK_INT(call_echo(&caller, "x", 1, NULL), ==, VIA_OK);
        caller_close(&caller);
        host_stop(&host);
        place_end();
}

TEST(a_call_that_has_not_left_is_made_again) {
        for (int driver = 0; driver < DRIVERS; driver++)
                killed_between_two_calls((enum driver)driver);
}
