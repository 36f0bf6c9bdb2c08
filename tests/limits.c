/*
 * limits.c - how many there may be: links, half-open ones, those of one user, descriptors
 *
 * Whoever is refused is told which limit it was; who leaves makes room.
 */
#include <sys/resource.h>
#include "caller.h"
#include "host.h"
#include "raw.h"
#include "test.h"

static char dir[64];
static struct host host;

static void serve(const char *scheme, const char *query) {
        char place[256];
        int i = 0;

        while (strcmp(via_transports[i]->scheme, scheme) != 0)
                i++;
        snprintf(dir, sizeof(dir), "/tmp/via-limits-XXXXXX");
        REQUIRE(mkdtemp(dir) != NULL);
        host_place(via_transports[i], dir, query, place, sizeof(place));
        host_start(&host, place, NULL);
}

static void end(void) {
        host_stop(&host);
        CHECK_INT(rmdir(dir), ==, 0);
}

static void sleep_ms(long ms) {
        struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

        nanosleep(&t, NULL);
}

/* One call of a new client: its code, and its words in @err. */
static int one_call(enum driver driver, struct via_error *err) {
        struct caller caller;
        int code = caller_open(&caller, driver, host.endpoint, NULL, err);

        if (code)
                return code;
        code = call_echo(&caller, "x", 1, err);
        caller_close(&caller);
        return code;
}

/* Until there is room again, which the server may learn a little later than we. */
static void room_again(void) {
        int code = VIA_UNAVAILABLE;

        for (int i = 0; i < 1000 && code; i++) {
                code = one_call(BLOCKING, NULL);
                if (code)
                        sleep_ms(10);
        }
        CHECK_INT(code, ==, VIA_OK);
}

/* --- links --- */

static void as_many_links(const char *scheme, const char *query, const char *name) {
        struct caller callers[3];

        serve(scheme, query);
        for (int i = 0; i < 3; i++) {
                REQUIRE(caller_open(&callers[i], BLOCKING, host.endpoint, NULL, NULL) == VIA_OK);
                CHECK_INT(call_echo(&callers[i], "x", 1, NULL), ==, VIA_OK);
        }
        for (int i = 0; i < 20; i++) {
                struct via_error err = VIA_ERROR_INIT;

                CHECK_INT(one_call(i % DRIVERS ? BLOCKING : LOOP, &err), ==,
                          VIA_RESOURCE_EXHAUSTED);
                if (!err.message || !strstr(err.message, name))
                        test_fail(__FILE__, __LINE__, "not \"%s\" but \"%s\"", name, err.message);
                via_error_fini(&err);
        }
        for (int i = 0; i < 3; i++)
                CHECK_INT(call_echo(&callers[i], "x", 1, NULL), ==, VIA_OK);
        caller_close(&callers[0]);
        room_again();
        caller_close(&callers[1]);
        caller_close(&callers[2]);
        end();
}

TEST(as_many_links_as_allowed) {
        as_many_links("unix", "max_links=3", "3 links, as many as max_links allows");
        as_many_links("tcp", "max_links=3", "3 links, as many as max_links allows");
}

TEST(as_many_links_as_one_user_may_have) {
        as_many_links("unix", "max_links_per_uid=3", "max_links_per_uid");
}

/* Where nobody can tell whose links they are, they are nobody's. */
TEST(links_of_unknown_users_are_not_counted) {
        struct caller callers[5];

        serve("tcp", "max_links_per_uid=3");
        for (int i = 0; i < 5; i++) {
                REQUIRE(caller_open(&callers[i], BLOCKING, host.endpoint, NULL, NULL) == VIA_OK);
                CHECK_INT(call_echo(&callers[i], "x", 1, NULL), ==, VIA_OK);
        }
        for (int i = 0; i < 5; i++)
                caller_close(&callers[i]);
        end();
}

/* --- half-open links --- */

enum { HALF_OPEN = 1000 };

TEST(a_thousand_that_say_nothing) {
        static struct raw raws[HALF_OPEN];
        struct via_error err = VIA_ERROR_INIT;
        int refused = 0;

        serve("unix", "max_half_open=50&handshake=300ms&max_links_per_uid=5000");
        for (int i = 0; i < HALF_OPEN; i++)
                raw_connect(&raws[i], host.endpoint);
        for (int i = 0; i < HALF_OPEN; i++) {
                if (raw_hear_type(&raws[i], WIRE_GOAWAY) &&
                    strstr((char *)raws[i].body, "max_half_open"))
                        refused++;
                raw_close(&raws[i]);
        }
        CHECK_INT(refused, >=, HALF_OPEN / 2);
        if (one_call(BLOCKING, &err))           /* the others have been sent away by now */
                via_error_report(&err);
        room_again();
        end();
}

/* --- descriptors --- */

static rlim_t set_descriptors(rlim_t n) {
        struct rlimit limit;
        rlim_t old;

        REQUIRE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
        old = limit.rlim_cur;
        limit.rlim_cur = n < limit.rlim_max ? n : limit.rlim_max;
        REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
        return old;
}

/* A server that cannot accept waits, without a busy loop, and goes on when it can. */
TEST(no_descriptor_left_to_accept_with) {
        static struct raw raws[60];
        struct caller served;
        rlim_t old = set_descriptors(40);
        long before;

        serve("unix", "handshake=60s");
        set_descriptors(old);
        REQUIRE(caller_open(&served, BLOCKING, host.endpoint, NULL, NULL) == VIA_OK);
        CHECK_INT(call_echo(&served, "x", 1, NULL), ==, VIA_OK);
        for (int i = 0; i < 60; i++)
                raw_connect(&raws[i], host.endpoint);
        CHECK_INT(call_echo(&served, "x", 1, NULL), ==, VIA_OK);        /* this goes on */
        before = host_cpu_ms(&host);
        sleep_ms(1000);
        CHECK_INT(host_cpu_ms(&host) - before, <, 250);
        CHECK_INT(call_echo(&served, "x", 1, NULL), ==, VIA_OK);
        for (int i = 0; i < 60; i++)
                raw_close(&raws[i]);
        room_again();
        caller_close(&served);
        end();
}

/* The client's own want of them. */
TEST(no_descriptor_left_to_connect_with) {
        struct via_error err = VIA_ERROR_INIT;
        rlim_t old;
        int n = 0, fds[64];

        serve("unix", NULL);
        old = set_descriptors(50);
        while (n < 64 && (fds[n] = dup(0)) >= 0)
                n++;
        CHECK_INT(one_call(BLOCKING, &err), ==, VIA_RESOURCE_EXHAUSTED);
        CHECK(err.message && strstr(err.message, host.endpoint));
        via_error_fini(&err);
        while (n)
                close(fds[--n]);
        set_descriptors(old);
        room_again();
        end();
}

/* --- ten thousand --- */

enum { MANY = 10000, BESIDES = 100 };

/* Ten thousand idle links, then one call: of a new client, and of one of them. */
TEST(ten_thousand_idle_links, .timeout = 300) {
        rlim_t old = set_descriptors(MANY + BESIDES);
        struct via_client **clients;
        struct caller first;
        struct rlimit limit;
        long before;
        int n = MANY;

        getrlimit(RLIMIT_NOFILE, &limit);
        if (limit.rlim_cur < MANY + BESIDES) {
                n = (int)limit.rlim_cur - BESIDES;
                printf("only %d links: no more descriptors may be had (ulimit -Hn)\n", n);
        }
        clients = calloc((size_t)n, sizeof(struct via_client *));
        REQUIRE(clients != NULL);
        serve("unix", "max_links=20000&max_links_per_uid=20000&max_half_open=20000&handshake=200s");
        REQUIRE(caller_open(&first, BLOCKING, host.endpoint, NULL, NULL) == VIA_OK);
        CHECK_INT(call_echo(&first, "x", 1, NULL), ==, VIA_OK);
        before = host_memory(&host);
        for (int i = 0; i < n; i++)
                REQUIRE(via_client_open(&clients[i], host.endpoint, NULL, NULL) == VIA_OK);
        CHECK_INT(call_echo(&first, "x", 1, NULL), ==, VIA_OK);
        room_again();
        CHECK_INT(conf_Basic_note(clients[n / 2], 1, NULL), ==, VIA_OK);
        CHECK_INT(conf_Basic_echo(clients[n / 2], 1, pattern(1), NULL, NULL, NULL), ==, VIA_OK);
        printf("%d links: %ld bytes each in the server's memory\n", n,
               (host_memory(&host) - before) * 1024 / n);
        for (int i = 0; i < n; i++)
                via_client_close(clients[i]);
        caller_close(&first);
        free(clients);
        end();
        set_descriptors(old);
}
