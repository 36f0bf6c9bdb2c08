/*
 * overload.c - clients that want too much: calls that stay open, floods, and never reading
 *
 * They are told so, or are not read; memory stays what the limits say, and others are served.
 */
#include "caller.h"
#include "host.h"
#include "raw.h"
#include "test.h"
#include "waiting.h"

#if defined(__SANITIZE_ADDRESS__) || TEST_HAS_HELPER
enum { GROWS_MOST = 400 << 10 };        /* KiB: what is freed stays in a quarantine */
#else
enum { GROWS_MOST = 12 << 10 };
#endif

static char dir[64];
static struct host host;

static void serve(const char *scheme, const char *query, unsigned workers) {
        char place[256];
        int i = 0;

        while (strcmp(via_transports[i]->scheme, scheme) != 0)
                i++;
        snprintf(dir, sizeof(dir), "/tmp/via-overload-XXXXXX");
        REQUIRE(mkdtemp(dir) != NULL);
        host_place(via_transports[i], dir, query, place, sizeof(place));
        host_workers(workers);
        host_start(&host, place, NULL);
}

static void end(void) {
        host_stop(&host);
        host_place_end(dir);
}

static void open_caller(struct caller *caller) {
        REQUIRE(caller_open(caller, BLOCKING, host.endpoint, NULL, NULL) == VIA_OK);
        CHECK_INT(call_echo(caller, "x", 1, NULL), ==, VIA_OK);
}

/* --- calls that stay open --- */

enum { OPEN = 6 };

static void start_open(struct caller *caller, const char *name, struct outcome *outcome) {
        struct msg_pool {
                ProtobufCMessage base;
                uint32_t n, ms;
        } request = { .ms = 300 };

        CHECK_INT(caller_start(caller, name, NULL, &request, outcome), ==, VIA_OK);
}

/* That one more is refused, with these words, and that its link is none the worse for it. */
static void check_refused(struct caller *caller, const char *name, const char *words) {
        struct outcome more;

        start_open(caller, name, &more);
        caller_wait(caller, 1, &more);
        CHECK_INT(more.code, ==, VIA_RESOURCE_EXHAUSTED);
        if (!more.err.message || !strstr(more.err.message, words))
                test_fail(__FILE__, __LINE__, "\"%s\" is not in \"%s\"", words, more.err.message);
        outcome_fini(&more);
        CHECK_INT(call_echo(caller, "x", 1, NULL), ==, VIA_OK);
}

/* One call that may stay open, of a new client, which may have to wait until others are over. */
static void until_room(void) {
        struct caller caller;
        int code = VIA_RESOURCE_EXHAUSTED;

        open_caller(&caller);
        for (int i = 0; i < 2000 && code; i++) {
                struct outcome outcome;

                start_open(&caller, "Later/pool", &outcome);
                caller_wait(&caller, 1, &outcome);
                code = outcome.code;
                outcome_fini(&outcome);
                if (code)
                        nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
        }
        CHECK_INT(code, ==, VIA_OK);
        caller_close(&caller);
}

/* Some links of one client, which have all that may be open between them. */
static void open_between(const char *scheme, const char *query, unsigned workers,
                         const char *name, const char *words) {
        struct caller callers[3], other;
        struct outcome outcomes[OPEN];

        serve(scheme, query, workers);
        for (int i = 0; i < 3; i++)
                open_caller(&callers[i]);
        for (int i = 0; i < OPEN; i++)
                start_open(&callers[i % 3], name, &outcomes[i]);
        for (int i = 0; i < 3; i++)             /* they have arrived */
                CHECK_INT(call_echo(&callers[i], "x", 1, NULL), ==, VIA_OK);
        open_caller(&other);
        check_refused(&other, name, words);
        check_refused(&callers[0], name, words);
        for (int i = 0; i < 3; i++)
                caller_close(&callers[i]);
        for (int i = 0; i < OPEN; i++)
                outcome_fini(&outcomes[i]);
        caller_close(&other);
        until_room();
        end();
}

static const char of_user[] = "6 calls of this user are open, as many as max_calls_per_uid allows";
static const char of_server[] = "6 calls open, as many as max_open_calls allows";

TEST(open_calls_of_one_user) {
        open_between("unix", "max_calls_per_uid=6", 1, "Later/never", of_user);
        open_between("shm", "max_calls_per_uid=6", 1, "Later/never", of_user);
}
TEST(open_calls_of_one_user_at_all_workers) {
        open_between("unix", "max_calls_per_uid=6", 3, "Later/never", of_user);
}
TEST(open_calls_of_a_server) {
        open_between("tcp", "max_open_calls=6", 1, "Later/never", of_server);
}
TEST(open_calls_of_a_server_at_all_workers) {
        open_between("tcp", "max_open_calls=6", 3, "Later/never", of_server);
}

/* Nobody waits for them any more, their links have ended; but what they hold they hold. */
TEST(calls_whose_handler_still_runs) {
        struct caller caller;
        struct outcome outcomes[OPEN];

        serve("unix", "max_calls_per_uid=6", 1);
        open_caller(&caller);
        for (int i = 0; i < OPEN; i++)
                start_open(&caller, "Later/pool", &outcomes[i]);
        CHECK_INT(call_echo(&caller, "x", 1, NULL), ==, VIA_OK);
        caller_close(&caller);
        for (int i = 0; i < OPEN; i++)
                outcome_fini(&outcomes[i]);
        open_caller(&caller);
        check_refused(&caller, "Later/pool", of_user);
        caller_close(&caller);
        until_room();
        end();
}

/* --- floods --- */

static void begin_raw(struct raw *raw) {
        raw_connect(raw, host.endpoint);
        raw_say_hello(raw);
        CHECK(raw_hear_type(raw, WIRE_HELLO_FRAME));
}

static void check_memory(long before) {
        long now = host_memory(&host);

        printf("memory of the server: %ld KiB before, %ld after\n", before, now);
        CHECK_INT(now - before, <, GROWS_MOST);
}

/* Calls that are given up as soon as they are made, while their handlers go on. */
TEST(calls_made_and_given_up_by_the_thousand) {
        /* what the handler of "pool" is given: 1, 1 ms */
        static const uint8_t request[] = { 0x08, 1, 0x10, 1 };
        const int rounds = test_slow() > 1 ? 2000 : 20000;
        struct caller other;
        struct raw raw;
        long before = 0;

        serve("unix", "max_calls=64", 1);
        open_caller(&other);
        begin_raw(&raw);
        for (int i = 0; i < rounds; i++) {
                uint32_t id = (uint32_t)i + 1;

                raw_say_call(&raw, "Later/pool", id, request, sizeof(request));
                raw_say_frame(&raw, (struct wire_header){ .type = WIRE_CANCEL, .id = id }, NULL);
                if (i % 16 == 15)               /* until it has read all that */
                        raw_say_call(&raw, "absent", id + 1000000, NULL, 0);
                while (i % 16 == 15 && raw_hear_type(&raw, WIRE_REPLY) &&
                       raw.header.id != id + 1000000)
                        ;
                if (i == rounds / 4)
                        before = host_memory(&host);
                if (i % 1000 == 0)
                        CHECK_INT(call_echo(&other, "x", 1, NULL), ==, VIA_OK);
        }
        check_memory(before);
        raw_close(&raw);
        CHECK_INT(call_echo(&other, "x", 1, NULL), ==, VIA_OK);
        caller_close(&other);
        end();
}

/* Says @frame again and again, and hears nothing; until the server does not listen any more. */
static void flood(struct raw *raw, const void *frame, size_t size, size_t most) {
        struct timeval soon = { .tv_usec = 300000 };
        char many[64 * 1024];
        size_t n = sizeof(many) / size * size;

        for (size_t at = 0; at < n; at += size)
                memcpy(many + at, frame, size);
        setsockopt(raw->fd, SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof(soon));
        for (size_t said = 0; said < most; said += n)
                if (send(raw->fd, many, n, MSG_NOSIGNAL) != (ssize_t)n)
                        break;
}

static void never_read(const void *frame, size_t size) {
        struct caller other;
        struct raw raw;
        long before;

        serve("unix", "max_queue=1M", 1);
        open_caller(&other);
        begin_raw(&raw);
        before = host_memory(&host);
        flood(&raw, frame, size, (size_t)256 << 20);
        CHECK_INT(call_echo(&other, "x", 1, NULL), ==, VIA_OK);
        check_memory(before);
        raw_close(&raw);
        CHECK_INT(call_echo(&other, "x", 1, NULL), ==, VIA_OK);
        caller_close(&other);
        end();
}

TEST(pings_without_end) {
        uint8_t ping[WIRE_HEADER];

        wire_put_header(ping, &(struct wire_header){ .type = WIRE_PING, .value = 7 });
        never_read(ping, sizeof(ping));
}

/* "make" of 1,000 bytes. */
TEST(calls_without_end) {
        uint8_t call[WIRE_HEADER + WIRE_METHOD + 3];

        wire_put_header(call, &(struct wire_header){ .length = WIRE_METHOD + 3,
                                                     .type = WIRE_CALL,
                                                     .id = 5,
                                                     .value = 30000 });
        wire_put64(call + WIRE_HEADER, via_method_id("conf.Basic/make"));
        memcpy(call + WIRE_HEADER + WIRE_METHOD, "\x08\xe8\x07", 3);
        never_read(call, sizeof(call));
}
