/*
 * connections.c - links, one after the other: where to, and when
 *
 * Which calls are made again, and what becomes of streams, is in the files beside it; what is the
 * same on every transport in behaviours_again.c.
 */
#include <sys/socket.h>
#include <sys/un.h>
#include "caller.h"
#include "client_impl.h"
#include "connections_place.h"
#include "host.h"
#include "raw.h"
#include "test.h"

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
