/*
 * connections.c - links, one after the other: where to, when, and which calls are made again
 *
 * What is the same on every transport is in behaviours_again.c.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "caller.h"
#include "client_impl.h"
#include "host.h"
#include "raw.h"
#include "test.h"

static char dir[64];

/* A folder of this test's own, and "unix:DIR/NAME" in it. */
static const char *place(const char *name) {
        static char places[4][128];
        static int next;
        char *buf = places[next++ % 4];

        if (!*dir) {
                snprintf(dir, sizeof(dir), "/tmp/via-connections-XXXXXX");
                REQUIRE(mkdtemp(dir) != NULL);
        }
        snprintf(buf, sizeof(places[0]), "unix:%s/%s", dir, name);
        return buf;
}

static void place_end(void) {
        CHECK_INT(rmdir(dir), ==, 0);
        *dir = 0;
}

static bool says(const struct via_error *err, const char *what) {
        return err->message && strstr(err->message, what);
}

static void sleep_ms(int ms) {
        struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

        nanosleep(&t, NULL);
}

/* --- when to try again --- */

TEST(back_off_grows_to_two_minutes) {
        static const uint32_t first[] = { 1000, 1600, 2560, 4096 };
        struct via_links links = { .random = 0 };
        uint32_t delay = 0, least = UINT32_MAX, most = 0;

        for (int i = 0; i < 4; i++) {
                delay = via_links_next_delay(delay);
                CHECK_INT(delay, ==, first[i]);
        }
        for (int i = 0; i < 100; i++)
                delay = via_links_next_delay(delay);
        CHECK_INT(delay, ==, 120000);
        for (int i = 0; i < 10000; i++) {
                uint32_t ms = via_links_jitter(&links, 1000);

                least = ms < least ? ms : least;
                most = ms > most ? ms : most;
        }
        CHECK_INT(least, >=, 800);
        CHECK_INT(least, <, 820);
        CHECK_INT(most, <=, 1200);
        CHECK_INT(most, >, 1180);
}

/* Two clients that were cut off together do not come back together. */
TEST(each_client_has_its_own_dice) {
        struct via_links a = { .random = 0 }, b = { .random = 0 };
        int same = 0;

        for (int i = 0; i < 100; i++)
                same += via_links_jitter(&a, 100000) == via_links_jitter(&b, 100000);
        CHECK_INT(same, <, 10);
}

/* --- where to --- */

static void where_somebody_is(enum driver driver) {
        struct via_client_options options = { .flags = VIA_CLIENT_LAZY };
        char names[300], a[128], b[128];
        struct host first, second;
        struct caller caller;

        snprintf(a, sizeof(a), "%s", place("a"));
        snprintf(b, sizeof(b), "%s", place("b"));
        snprintf(names, sizeof(names), "%s, %s", a, b);
        setenv("VIA_ENDPOINT_PAIR", names, 1);
        host_start(&second, b, NULL);
        REQUIRE(caller_open(&caller, driver, "pair", &options, NULL) == VIA_OK);
        CHECK(strcmp(via_client_endpoint(caller.client), a) == 0);
        CHECK_INT(call_echo(&caller, "x", 1, NULL), ==, VIA_OK);
        CHECK(strcmp(via_client_endpoint(caller.client), b) == 0);

        host_start(&first, a, NULL);            /* the link is good: it stays */
        CHECK_INT(call_echo(&caller, "x", 1, NULL), ==, VIA_OK);
        CHECK(strcmp(via_client_endpoint(caller.client), b) == 0);
        host_stop(&second);
        CHECK_INT(call_echo(&caller, "x", 1, NULL), ==, VIA_OK);
        CHECK(strcmp(via_client_endpoint(caller.client), a) == 0);

        host_start(&second, b, NULL);
        host_stop(&first);
        CHECK_INT(call_echo(&caller, "x", 1, NULL), ==, VIA_OK);
        CHECK(strcmp(via_client_endpoint(caller.client), b) == 0);
        host_stop(&second);
        caller_close(&caller);
        place_end();
}

TEST(the_first_uri_where_somebody_answers) {
        for (int driver = 0; driver < DRIVERS; driver++)
                where_somebody_is((enum driver)driver);
}

TEST(a_lazy_client_is_told_its_mistakes) {
        struct via_client_options options = { .flags = VIA_CLIENT_LAZY };
        struct via_error err = VIA_ERROR_INIT;
        struct via_client *client;

        CHECK_INT(via_client_open(&client, "unix:/x?speed=1", &options, &err), ==,
                  VIA_INVALID_ARGUMENT);
        CHECK(says(&err, "speed"));
        CHECK_INT(via_client_open(&client, "nowhere-to-be-found", &options, &err), ==,
                  VIA_NOT_FOUND);
        setenv("VIA_ENDPOINT_PAIR", "unix:/a, unix:/b?mode=x&nothing=1", 1);
        CHECK_INT(via_client_open(&client, "pair", &options, &err), ==, VIA_INVALID_ARGUMENT);
        CHECK(says(&err, "nothing"));
        via_error_fini(&err);
}

/* --- what comes with its client --- */

static pid_t child_of(pid_t pid) {
        char path[64];
        FILE *file;
        int child = 0;

        snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
        file = fopen(path, "re");
        if (file && fscanf(file, "%d", &child) != 1)
                child = 0;
        if (file)
                fclose(file);
        return child;
}

static void a_child_dies(enum driver driver, uint32_t flags) {
        struct via_client_options options = { .flags = flags };
        struct via_error err = VIA_ERROR_INIT;
        struct caller caller;
        pid_t child;

        REQUIRE(caller_open(&caller, driver, "exec:/proc/self/exe --serve stdio:", &options,
                            NULL) == VIA_OK);
        CHECK_INT(call_echo(&caller, "x", 1, NULL), ==, VIA_OK);
        child = child_of(getpid());
        REQUIRE(child > 0);
        kill(child, SIGKILL);
        if (flags & VIA_CLIENT_RESTART) {
                while (call_echo(&caller, "x", 1, NULL) != VIA_OK)
                        ;                       /* the first may have met the end of the old one */
        } else {
                CHECK_INT(call_echo(&caller, "x", 1, NULL), ==, VIA_UNAVAILABLE);
                CHECK_INT(call_echo(&caller, "x", 1, &err), ==, VIA_UNAVAILABLE);
                CHECK(says(&err, "died"));
                CHECK_INT(via_client_state(caller.client), ==, VIA_CLIENT_CLOSED);
        }
        caller_close(&caller);
        via_error_fini(&err);
}

TEST(a_child_is_started_anew_only_if_asked) {
        for (int driver = 0; driver < DRIVERS; driver++) {
                a_child_dies((enum driver)driver, 0);
                a_child_dies((enum driver)driver, VIA_CLIENT_RESTART);
        }
}

/* --- closing while it connects --- */

/* A socket that takes nobody: connect() waits. */
static int listen_full(const char *uri, int fds[8]) {
        struct sockaddr_un sun = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", strchr(uri, ':') + 1);
        REQUIRE(bind(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0 && listen(fd, 0) == 0);
        for (int i = 0; i < 8; i++) {
                fds[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
                connect(fds[i], (struct sockaddr *)&sun, sizeof(sun));
        }
        return fd;
}

TEST(closing_while_it_connects) {
        struct via_client_options options = { .flags = VIA_CLIENT_LAZY, .connect_timeout_ms = 300 };
        struct msg_number request = { .n = 0 };
        const char *uri = place("full");
        int fds[8], listening = listen_full(uri, fds);

        for (int turns = 0; turns < 6; turns++) {
                struct outcome outcome;
                struct caller caller;

                REQUIRE(caller_open(&caller, LOOP, uri, &options, NULL) == VIA_OK);
                CHECK_INT(caller_start(&caller, "nap", NULL, &request, &outcome), ==, VIA_OK);
                for (int i = 0; i < turns; i++)
                        uv_run(&caller.loop, UV_RUN_NOWAIT);
                if (turns > 2)
                        CHECK_INT(via_client_state(caller.client), ==, VIA_CLIENT_CONNECTING);
                caller_close(&caller);          /* runs its loop until nothing is left in it */
                CHECK_INT(outcome.ended, ==, 1);
                CHECK_INT(outcome.code, ==, VIA_CANCELLED);
                outcome_fini(&outcome);
        }
        for (int i = 0; i < 8; i++)
                close(fds[i]);
        close(listening);
        unlink(strchr(uri, ':') + 1);
        place_end();
}

/* Its loop goes on meanwhile, and the calls end by their own time. */
TEST(connecting_does_not_block_the_loop) {
        struct via_client_options options = { .flags = VIA_CLIENT_LAZY, .connect_timeout_ms = 800 };
        struct via_call_options soon = { .timeout_ms = 30 };
        struct msg_number request = { .n = 0 };
        const char *uri = place("full");
        int fds[8], listening = listen_full(uri, fds);
        struct outcome outcome;
        struct caller caller;

        REQUIRE(caller_open(&caller, LOOP, uri, &options, NULL) == VIA_OK);
        CHECK_INT(caller_start(&caller, "nap", &soon, &request, &outcome), ==, VIA_OK);
        caller_wait(&caller, 1, &outcome);
        CHECK_INT(outcome.code, ==, VIA_DEADLINE_EXCEEDED);
        CHECK_INT(via_client_state(caller.client), ==, VIA_CLIENT_CONNECTING);
        outcome_fini(&outcome);
        caller_close(&caller);
        for (int i = 0; i < 8; i++)
                close(fds[i]);
        close(listening);
        unlink(strchr(uri, ':') + 1);
        place_end();
}

/* --- calls that are made again --- */

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
        sleep_ms(100);
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

/* --- what a goaway says --- */

static void answer(struct raw *raw, uint32_t id, uint32_t n) {
        uint8_t body[] = { 8, (uint8_t)n };

        raw_say_frame(raw,
                      (struct wire_header){ .length = 2, .type = WIRE_REPLY, .id = id }, body);
}

static void goaway(struct raw *raw, uint32_t last_id) {
        raw_say_frame(raw,
                      (struct wire_header){ .length = 3,
                                            .type = WIRE_GOAWAY,
                                            .id = last_id,
                                            .value = VIA_UNAVAILABLE },
                      "bye");
}

enum { CALLS = 5, SEEN = 2 };

struct leaver {
        int listening;
        int second;                             /* calls that came to the second server */
};

/* Hears all calls, has seen only some of them, and leaves; the next one answers the others. */
static void *leaver_main(void *arg) {
        struct leaver *leaver = arg;
        uint32_t ids[CALLS];
        struct raw raw;

        raw_accept(&raw, leaver->listening);
        for (int i = 0; i < CALLS; i++) {
                CHECK(raw_hear_type(&raw, WIRE_CALL));
                ids[i] = raw.header.id;
        }
        raw_say_hello(&raw);
        goaway(&raw, ids[SEEN - 1]);
        answer(&raw, ids[0], 1);
        answer(&raw, ids[1], 1);
        raw_hear_type(&raw, 255);               /* until the client hangs up */
        raw_close(&raw);
        raw_accept(&raw, leaver->listening);
        raw_say_hello(&raw);
        while (leaver->second < CALLS - SEEN && raw_hear_type(&raw, WIRE_CALL)) {
                leaver->second++;
                answer(&raw, raw.header.id, 2);
        }
        raw_hear_type(&raw, 255);
        raw_close(&raw);
        return NULL;
}

static void calls_that_were_not_seen(enum driver driver) {
        struct msg_number request = { .n = 7 };
        struct outcome outcomes[CALLS];
        const char *uri = place("raw");
        struct leaver leaver = { .listening = raw_listen(strchr(uri, ':') + 1) };
        struct caller caller;
        pthread_t thread;

        REQUIRE(pthread_create(&thread, NULL, leaver_main, &leaver) == 0);
        REQUIRE(caller_open(&caller, driver, uri, NULL, NULL) == VIA_OK);
        for (int i = 0; i < CALLS; i++)
                CHECK_INT(caller_start(&caller, "nap", NULL, &request, &outcomes[i]), ==, VIA_OK);
        caller_wait(&caller, CALLS, outcomes);
        for (int i = 0; i < CALLS; i++) {
                CHECK_INT(outcomes[i].ended, ==, 1);
                CHECK_INT(outcomes[i].code, ==, VIA_OK);
                if (outcomes[i].response)
                        CHECK_INT(((struct msg_number *)outcomes[i].response)->n, ==,
                                  i < SEEN ? 1 : 2);
                outcome_fini(&outcomes[i]);
        }
        caller_close(&caller);
        pthread_join(thread, NULL);
        CHECK_INT(leaver.second, ==, CALLS - SEEN);
        close(leaver.listening);
        unlink(strchr(uri, ':') + 1);
        place_end();
}

TEST(calls_that_a_leaving_server_has_not_seen_are_made_again) {
        for (int driver = 0; driver < DRIVERS; driver++)
                calls_that_were_not_seen((enum driver)driver);
}

/* Leaves each time without having seen the call: that is enough after the second time. */
static void *deserter_main(void *arg) {
        struct leaver *leaver = arg;
        struct raw raw;

        for (int i = 0; i < 2; i++) {
                raw_accept(&raw, leaver->listening);
                raw_say_hello(&raw);
                CHECK(raw_hear_type(&raw, WIRE_CALL));
                goaway(&raw, 0);
                raw_close(&raw);
        }
        return NULL;
}

TEST(a_call_that_is_never_seen_is_made_again_once) {
        for (int driver = 0; driver < DRIVERS; driver++) {
                struct via_error err = VIA_ERROR_INIT;
                const char *uri = place("raw");
                struct leaver leaver = { .listening = raw_listen(strchr(uri, ':') + 1) };
                struct caller caller;
                pthread_t thread;

                REQUIRE(pthread_create(&thread, NULL, deserter_main, &leaver) == 0);
                REQUIRE(caller_open(&caller, (enum driver)driver, uri, NULL, NULL) == VIA_OK);
                CHECK_INT(call_nap(&caller, 1, 0, NULL, &err), ==, VIA_UNAVAILABLE);
                CHECK(says(&err, "bye"));
                via_error_fini(&err);
                pthread_join(thread, NULL);
                caller_close(&caller);
                close(leaver.listening);
                unlink(strchr(uri, ':') + 1);
                place_end();
        }
}

/* A server that drains says which calls it has dealt with. */
TEST(a_goaway_names_the_last_call) {
        struct host host;
        struct raw raw;

        host_start(&host, place("a"), NULL);
        raw_connect(&raw, host.endpoint);
        raw_say_hello(&raw);
        raw_say_call(&raw, "nap", 41, NULL, 0);
        raw_say_call(&raw, "nap", 42, NULL, 0);
        CHECK(raw_hear_type(&raw, WIRE_REPLY));
        CHECK(raw_hear_type(&raw, WIRE_REPLY));
        host_ask_to_stop(&host);
        CHECK(raw_hear_type(&raw, WIRE_GOAWAY));
        CHECK_INT(raw.header.id, ==, 42);
        raw_close(&raw);
        host_wait(&host);
        place_end();
}

/* Who waits for the next link sleeps meanwhile: a turn that comes to nothing takes its time. */
TEST(a_server_that_drains_costs_no_turns) {
        struct msg_none none = { 0 };
        struct via_call_options soon = { .timeout_ms = 200 };
        struct outcome never, next;
        struct caller caller;
        struct host host;
        int turns = 0;

        host_start(&host, place("a"), NULL);
        REQUIRE(caller_open(&caller, BLOCKING, host.endpoint, NULL, NULL) == VIA_OK);
        REQUIRE(caller_start(&caller, "Later/never", NULL, &none, &never) == VIA_OK);
        CHECK_INT(call_echo(&caller, "x", 1, NULL), ==, VIA_OK);
        host_ask_to_stop(&host);
        while (!(caller.client->session->pump.conn.state & VIA_CONN_GOAWAY_SEEN))
                via_client_turn(caller.client, 10, NULL);
        REQUIRE(caller_start(&caller, "Later/never", &soon, &none, &next) == VIA_OK);
        for (; !next.ended; turns++)
                via_client_turn(caller.client, 20, NULL);
        CHECK_INT(next.code, ==, VIA_DEADLINE_EXCEEDED);
        CHECK_INT(turns, <=, 20);
        caller_close(&caller);
        CHECK_INT(never.code, ==, VIA_CANCELLED);
        outcome_fini(&never);
        outcome_fini(&next);
        host_wait(&host);
        place_end();
}

/* --- clients that are there, and do not answer --- */

TEST(a_client_that_answers_no_ping_is_given_up) {
        struct host host;
        struct raw raw;

        host_start(&host, place("a?keepalive=50ms&keepalive_timeout=100ms"), NULL);
        raw_connect(&raw, host.endpoint);
        raw_say_hello(&raw);
        for (int i = 0; i < 5; i++) {           /* any number of times it is asked */
                CHECK(raw_hear_type(&raw, WIRE_PING));
                raw_say_frame(&raw, (struct wire_header){ .type = WIRE_PONG,
                                                          .value = raw.header.value }, NULL);
        }
        CHECK(raw_hear_type(&raw, WIRE_PING));
        raw_check_farewell(&raw, "no answer to a ping within 100 ms");
        raw_close(&raw);
        host_stop(&host);
        place_end();
}

/* --- streams --- */

TEST(a_stream_ends_with_its_link) {
        for (int driver = 0; driver < DRIVERS; driver++) {
                struct msg_none request = { 0 };
                struct via_error err = VIA_ERROR_INIT;
                struct via_stream *stream;
                struct msg_octets item;
                struct caller caller;
                struct host host;
                int code;

                host_start(&host, place("a"), NULL);
                REQUIRE(caller_open(&caller, (enum driver)driver, place("a"), NULL, NULL) ==
                        VIA_OK);
                CHECK_INT(call_echo(&caller, "x", 1, NULL), ==, VIA_OK);
                REQUIRE(via_stream_open(caller.client, method("Streams/mirror"), NULL, &request,
                                        &stream, &err) == VIA_OK);
                caller_poll(&caller);
                kill(host.pid, SIGKILL);
                waitpid(host.pid, NULL, 0);
                while ((code = via_stream_read(stream, method("Streams/mirror"), &item, &err)) ==
                       VIA_LATER)
                        caller_turn(&caller);
                CHECK_INT(code, ==, VIA_END);
                while ((code = via_stream_finish(stream, method("Streams/mirror"), NULL, &err)) ==
                       VIA_LATER)
                        caller_turn(&caller);
                CHECK_INT(code, ==, VIA_UNAVAILABLE);
                via_error_fini(&err);
                caller_close(&caller);
                host_start(&host, place("a"), NULL);    /* cleans up after it */
                host_stop(&host);
                place_end();
        }
}

/* One that is opened before there is a link waits for it, and then is like any other. */
TEST(a_stream_of_a_lazy_client) {
        for (int driver = 0; driver < DRIVERS; driver++) {
                struct via_client_options options = { .flags = VIA_CLIENT_LAZY };
                struct msg_octets item = { .data = { 3, (uint8_t *)(uintptr_t) "abc" } };
                const struct via_method *m = method("Streams/mirror");
                struct msg_none request = { 0 };
                struct via_stream *stream;
                struct caller caller;
                struct host host;
                int code;

                host_start(&host, place("a"), NULL);
                REQUIRE(caller_open(&caller, (enum driver)driver, place("a"), &options, NULL) ==
                        VIA_OK);
                REQUIRE(via_stream_open(caller.client, m, NULL, &request, &stream, NULL) ==
                        VIA_OK);
                while ((code = via_stream_write(stream, m, &item, NULL)) == VIA_LATER)
                        caller_turn(&caller);
                CHECK_INT(code, ==, VIA_OK);
                while ((code = via_stream_read(stream, m, &item, NULL)) == VIA_LATER)
                        caller_turn(&caller);
                CHECK_INT(code, ==, VIA_OK);
                CHECK(item.data.len == 3 && memcmp(item.data.data, "abc", 3) == 0);
                free(item.data.data);
                while ((code = via_stream_finish(stream, m, NULL, NULL)) == VIA_LATER)
                        caller_turn(&caller);
                CHECK_INT(code, ==, VIA_OK);
                caller_close(&caller);
                host_stop(&host);
                place_end();
        }
}

/* Closed and cancelled before there was a link, in all ways. */
TEST(a_stream_that_never_had_a_link) {
        struct via_client_options options = { .flags = VIA_CLIENT_LAZY };
        struct via_call_options patient = { .flags = VIA_WAIT_FOR_READY };
        const struct via_method *m = method("Streams/mirror");
        struct msg_none request = { 0 };
        struct via_stream *streams[3];
        struct caller caller;

        REQUIRE(caller_open(&caller, LOOP, place("nobody"), &options, NULL) == VIA_OK);
        for (int i = 0; i < 3; i++)
                REQUIRE(via_stream_open(caller.client, m, &patient, &request, &streams[i],
                                        NULL) == VIA_OK);
        via_stream_cancel(streams[0]);
        CHECK_INT(via_stream_finish(streams[0], m, NULL, NULL), ==, VIA_CANCELLED);
        CHECK_INT(via_stream_close_send(streams[1], NULL), ==, VIA_OK);
        CHECK_INT(via_stream_finish(streams[1], m, NULL, NULL), ==, VIA_LATER);
        uv_run(&caller.loop, UV_RUN_NOWAIT);
        via_stream_cancel(streams[1]);
        CHECK_INT(via_stream_finish(streams[1], m, NULL, NULL), ==, VIA_CANCELLED);
        via_stream_cancel(streams[2]);
        CHECK_INT(via_stream_finish(streams[2], m, NULL, NULL), ==, VIA_CANCELLED);
        caller_close(&caller);
        place_end();
}

static void nothing(void *user, struct via_stream *stream) {
        (void)user;
        (void)stream;
}

/* What has lost its link, or never had one, may outlive its client as well as any other stream. */
TEST(streams_without_a_link_outlive_their_client) {
        struct via_client_options options = { .flags = VIA_CLIENT_LAZY };
        struct via_call_options patient = { .flags = VIA_WAIT_FOR_READY };
        const struct via_method *m = method("Streams/mirror");
        struct msg_none request = { 0 };
        struct via_stream *streams[2];
        struct msg_octets item;
        struct caller caller;
        struct host host;

        host_start(&host, place("a"), NULL);
        REQUIRE(caller_open(&caller, LOOP, place("a"), &options, NULL) == VIA_OK);
        REQUIRE(via_stream_open(caller.client, m, NULL, &request, &streams[0], NULL) == VIA_OK);
        while (via_client_state(caller.client) != VIA_CLIENT_READY)
                caller_turn(&caller);
        caller_poll(&caller);
        kill(host.pid, SIGKILL);
        waitpid(host.pid, NULL, 0);
        while (!via_stream_done(streams[0]))
                caller_turn(&caller);
        caller_poll(&caller);
        REQUIRE(via_stream_open(caller.client, m, &patient, &request, &streams[1], NULL) ==
                VIA_OK);
        caller_close(&caller);
        for (int i = 0; i < 2; i++) {
                via_stream_on_ready(streams[i], nothing, NULL);
                CHECK_INT(via_stream_read(streams[i], m, &item, NULL), ==, VIA_END);
                CHECK_INT(via_stream_finish(streams[i], m, NULL, NULL), ==,
                          i ? VIA_CANCELLED : VIA_UNAVAILABLE);
        }
        host_start(&host, place("a"), NULL);    /* cleans up after the dead one */
        host_stop(&host);
        place_end();
}
