/*
 * bad_client.c - clients that break every rule, against a real server
 *
 * Whatever they say, they lose their link at most; the server tells them why, its memory stays
 * as it is, and it serves the next one.
 */
#include <sys/socket.h>
#include "caller.h"
#include "host.h"
#include "test.h"
#include "victim.h"

static void sleep_ms(long ms) {
        struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

        nanosleep(&t, NULL);
}

/* --- silence --- */

TEST(silence_from_the_start) {
        struct raw raw;

        serve("handshake=100ms");
        raw_connect(&raw, host.endpoint);
        raw_check_farewell(&raw, "no hello within 100 ms");
        end();
}

TEST(half_a_hello_then_silence) {
        struct raw raw;

        serve("handshake=100ms");
        raw_connect(&raw, host.endpoint);
        raw_say(&raw, "\x10\0\0\0\x01", 5);
        raw_check_farewell(&raw, "no hello within 100 ms");
        end();
}

TEST(half_a_frame_then_silence) {
        struct raw raw;

        serve("stall=100ms");
        greet(&raw);
        raw_say_frame(&raw, (struct wire_header){ .length = 100, .type = WIRE_CALL, .id = 1 },
                      NULL);
        raw_say(&raw, "12345678", 8);
        raw_check_farewell(&raw, "half a frame, then silence for 100 ms");
        end();
}

/* Slow is not silent. */
TEST(a_byte_at_a_time) {
        uint8_t bytes[WIRE_HEADER + WIRE_HELLO] = { 0 };
        struct raw raw;

        serve("stall=2s");
        raw_connect(&raw, host.endpoint);
        wire_put_header(bytes, &(struct wire_header){ .length = WIRE_HELLO,
                                                      .type = WIRE_HELLO_FRAME,
                                                      .id = WIRE_MAGIC,
                                                      .value = WIRE_VERSION << 16 | WIRE_VERSION });
        wire_put32(bytes + WIRE_HEADER, 4 << 20);
        for (size_t i = 0; i < sizeof(bytes); i++) {
                raw_say(&raw, bytes + i, 1);
                sleep_ms(1);
        }
        link_serves(&raw);
        end();
}

TEST(a_long_pause_between_calls_is_no_stall) {
        struct raw raw;

        serve("stall=50ms&handshake=50ms");
        greet(&raw);
        sleep_ms(200);
        link_serves(&raw);
        end();
}

/* --- too much --- */

TEST(a_frame_that_announces_two_gigabytes) {
        struct wire_header header = { .length = 0x7fffffff, .type = WIRE_CALL, .id = 7 };
        struct caller caller;
        struct raw raw;
        uint8_t id[8];
        long before;

        serve("stall=60s");
        still_serves();
        greet(&raw);
        REQUIRE(raw_hear_type(&raw, WIRE_HELLO_FRAME));
        before = host_memory(&host);
        header.value = 30000;
        raw_say_frame(&raw, header, NULL);
        wire_put64(id, via_method_id("conf.Basic/take"));
        raw_say(&raw, id, sizeof(id));
        REQUIRE(raw_hear_type(&raw, WIRE_REPLY));        /* at once, not when it has all come */
        CHECK_INT(raw.header.id, ==, 7);
        CHECK_INT(raw.header.value, ==, VIA_RESOURCE_EXHAUSTED);
        CHECK(strstr((char *)raw.body + 4, "max_message"));
        for (int i = 0; i < 8; i++)             /* 64 MiB of it */
                CHECK(raw_say(&raw, pattern(8 << 20), 8 << 20));
        REQUIRE(caller_open(&caller, BLOCKING, host.endpoint, NULL, NULL) == VIA_OK);
        CHECK_INT(call_echo(&caller, "x", 1, NULL), ==, VIA_OK);
        caller_close(&caller);
        CHECK_INT(host_memory(&host) - before, <, 8 * 1024);
        raw_close(&raw);
        end();
}

TEST(a_frame_too_large_that_comes_to_its_end) {
        struct raw raw;

        serve(NULL);
        greet(&raw);
        raw_say_call(&raw, "take", 7, pattern(5000000), 5000000);
        REQUIRE(raw_hear_type(&raw, WIRE_REPLY));
        CHECK_INT(raw.header.value, ==, VIA_RESOURCE_EXHAUSTED);
        link_serves(&raw);
        end();
}

TEST(a_client_that_never_reads_costs_no_time) {
        struct raw raw;
        long before;

        serve("max_queue=1M&spin=50us");
        greet(&raw);
        for (uint32_t i = 0; i < 100; i++)      /* 100 × 1 MB to be made */
                raw_say_call(&raw, "make", i, "\x08\xc0\x84\x3d", 4);
        sleep_ms(300);
        before = host_cpu_ms(&host);
        sleep_ms(1000);
        CHECK_INT(host_cpu_ms(&host) - before, <, 250);
        CHECK_INT(host_memory(&host), <, 400 * 1024);
        raw_close(&raw);
        end();
}

/* --- nonsense --- */

static void first_words(const void *data, size_t size, const char *answer) {
        struct raw raw;

        serve(NULL);
        raw_connect(&raw, host.endpoint);
        raw_say(&raw, data, size);
        raw_check_farewell(&raw, answer);
        end();
}

TEST(garbage) {
        first_words(pattern(100000) + 17, 1000, "not the first bytes of a Via peer");
}

TEST(http) {
        static const char get[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

        first_words(get, sizeof(get) - 1, "not the first bytes of a Via peer");
}

TEST(zeros) {
        static const char zeros[1000];

        first_words(zeros, sizeof(zeros), "not the first bytes of a Via peer");
}

TEST(a_newer_protocol) {
        uint8_t bytes[WIRE_HEADER + 100] = { 0 };
        struct wire_header header = { .length = 100,
                                      .type = WIRE_HELLO_FRAME,
                                      .id = WIRE_MAGIC,
                                      .value = 9u << 16 | 7 };

        wire_put_header(bytes, &header);
        first_words(bytes, sizeof(bytes), "speaks version 7 to 9 of the protocol");
}

/* It also speaks ours: that will do. */
TEST(a_newer_protocol_that_knows_ours) {
        uint8_t body[100] = { 0 };
        struct raw raw;

        serve(NULL);
        raw_connect(&raw, host.endpoint);
        wire_put32(body, 4 << 20);
        wire_put32(body + 4, 100);
        raw_say_frame(&raw,
                      (struct wire_header){ .length = sizeof(body),
                                            .type = WIRE_HELLO_FRAME,
                                            .id = WIRE_MAGIC,
                                            .value = 9u << 16 | WIRE_VERSION },
                      body);
        link_serves(&raw);
        end();
}

static void after_hello(struct wire_header header, const char *answer) {
        struct raw raw;

        serve(NULL);
        greet(&raw);
        raw_say_frame(&raw, header, pattern(header.length));
        raw_check_farewell(&raw, answer);
        end();
}

TEST(a_second_hello) {
        after_hello((struct wire_header){ .length = WIRE_HELLO,
                                          .type = WIRE_HELLO_FRAME,
                                          .id = WIRE_MAGIC,
                                          .value = WIRE_VERSION << 16 | WIRE_VERSION },
                    "second hello");
}

TEST(frames_that_cannot_be) {
        after_hello((struct wire_header){ .length = 10, .type = 99 }, "unknown type 99");
        after_hello((struct wire_header){ .length = 4, .type = WIRE_CALL }, "do not fit");
        after_hello((struct wire_header){ .length = 20, .meta = 13, .type = WIRE_CALL },
                    "do not fit");
        after_hello((struct wire_header){ .length = 5000, .type = WIRE_PING }, "5000 bytes");
}

/* --- calls that cannot be --- */

static void call_fails(const char *name, const char *request, size_t size, enum via_code code,
                       const char *words) {
        struct raw raw;

        serve(NULL);
        greet(&raw);
        raw_say_call(&raw, name, 1, request, size);
        REQUIRE(raw_hear_type(&raw, WIRE_REPLY));
        CHECK_INT(raw.header.value, ==, code);
        CHECK(strstr((char *)raw.body + 4, words) != NULL);
        link_serves(&raw);
        end();
}

TEST(a_method_that_is_not_there) {
        call_fails("explode", "", 0, VIA_UNIMPLEMENTED, "no such method");
}

TEST(a_request_that_does_not_decode) {
        call_fails("take", "\x0a\x7f", 2, VIA_INVALID_ARGUMENT, "could not be decoded");
        call_fails("text", "\x0a\x02\xff\xfe", 4, VIA_INVALID_ARGUMENT, "UTF-8");
        call_fails("nap", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 11, VIA_INVALID_ARGUMENT,
                   "could not be decoded");
}

/* Answers that nobody asked for, and the end of calls that never were, are let pass. */
TEST(frames_without_a_reason) {
        struct raw raw;

        serve(NULL);
        greet(&raw);
        raw_say_frame(&raw, (struct wire_header){ .type = WIRE_REPLY, .id = 12345 }, NULL);
        raw_say_frame(&raw, (struct wire_header){ .type = WIRE_CANCEL, .id = 12345 }, NULL);
        raw_say_frame(&raw, (struct wire_header){ .type = WIRE_PONG, .value = 1 }, NULL);
        raw_say_frame(&raw, (struct wire_header){ .type = WIRE_PING, .value = 77 }, NULL);
        REQUIRE(raw_hear_type(&raw, WIRE_PONG));
        CHECK_INT(raw.header.value, ==, 77);
        link_serves(&raw);
        end();
}

/* The same number for two calls: that is the client's own trouble. */
TEST(an_id_used_twice) {
        struct raw raw;

        serve(NULL);
        greet(&raw);
        for (int i = 0; i < 2; i++)
                raw_say_call(&raw, "echo", 5, "\x0a\x01x", 3);
        for (int i = 0; i < 2; i++) {
                REQUIRE(raw_hear_type(&raw, WIRE_REPLY));
                CHECK_INT(raw.header.id, ==, 5);
        }
        link_serves(&raw);
        end();
}
