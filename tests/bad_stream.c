/*
 * bad_stream.c - clients that break the rules of streams and open calls, against a real server
 *
 * What is against the protocol costs them the link, and they are told why; what is only odd costs
 * them that call, or nothing. Nobody else notices, and the server does not grow.
 */
#include <string.h>
#include <sys/wait.h>
#include "test.h"
#include "victim.h"

static void open_call(struct raw *raw, const char *method, uint32_t id) {
        raw_say_call(raw, method, id, "", 0);
}

static void item(struct raw *raw, uint32_t id, uint32_t size, uint8_t flags, uint32_t whole) {
        static const uint8_t bytes[1 << 17];

        raw_say_frame(raw,
                      (struct wire_header){ .length = size,
                                            .type = WIRE_ITEM,
                                            .flags = flags,
                                            .id = id,
                                            .value = whole },
                      bytes);
}

static void frame(struct raw *raw, uint8_t type, uint8_t flags, uint32_t id, uint32_t value) {
        raw_say_frame(
                raw,
                (struct wire_header){ .type = type, .flags = flags, .id = id, .value = value },
                NULL);
}

/* --- what is against the protocol --- */

static void costs_the_link(void (*play)(struct raw *raw), const char *words) {
        struct raw raw;

        serve(NULL);
        greet(&raw);
        play(&raw);
        raw_check_farewell(&raw, words);
        end();
}

static void more_than_its_credit(struct raw *raw) {
        open_call(raw, "Streams/deaf", 1);
        for (int i = 0; i < 70; i++)
                item(raw, 1, 1000, 0, 1000);
}

TEST(more_items_than_credit) {
        costs_the_link(more_than_its_credit, "credit");
}

static void to_a_unary_call(struct raw *raw) {
        open_call(raw, "Later/never", 1);
        item(raw, 1, 10, 0, 10);
}

TEST(an_item_for_a_call_without_a_stream) {
        costs_the_link(to_a_unary_call, "no stream");
}

static void the_wrong_way(struct raw *raw) {
        raw_say_call(raw, "Streams/source", 1, "\x08\x01\x10\x0a", 4);
        item(raw, 1, 10, 0, 10);
}

TEST(an_item_the_wrong_way) {
        costs_the_link(the_wrong_way, "wrong direction");
}

static void after_the_end(struct raw *raw) {
        open_call(raw, "Streams/deaf", 1);
        frame(raw, WIRE_END, 0, 1, 0);
        item(raw, 1, 10, 0, 10);
}

TEST(an_item_after_the_end) {
        costs_the_link(after_the_end, "after the end");
}

static void too_much_credit(struct raw *raw) {
        raw_say_call(raw, "Streams/source", 1, "\x08\x80\x80\x01\x10\x0a", 6);
        frame(raw, WIRE_CREDIT, 0, 1, 0x7fffffff);
        frame(raw, WIRE_CREDIT, 0, 1, 0x7fffffff);
}

TEST(credit_overflow) {
        costs_the_link(too_much_credit, "credit overflow");
}

static void pieces_that_lie(struct raw *raw) {
        open_call(raw, "Streams/deaf", 1);
        item(raw, 1, 10, WIRE_MORE, 1000);
        item(raw, 1, 10, WIRE_MORE | WIRE_REST, 2000);
}

TEST(pieces_of_two_sizes) {
        costs_the_link(pieces_that_lie, "2000 in its next piece");
}

/* --- what is only odd --- */

TEST(frames_for_calls_that_were_never_opened) {
        struct raw raw;

        serve(NULL);
        greet(&raw);
        for (uint32_t id = 100; id < 200; id++) {
                item(&raw, id, 10, 0, 10);
                frame(&raw, WIRE_CREDIT, 0, id, 100);
                frame(&raw, WIRE_END, 0, id, 0);
                frame(&raw, WIRE_CANCEL, 0, id, 0);
        }
        link_serves(&raw);
        end();
}

/* What nobody takes gives its credit back: more than the whole window of the link. */
TEST(items_for_nobody_are_given_back) {
        struct raw raw;

        serve("stream_credit=64K&link_credit=64K");
        greet(&raw);
        for (int i = 0; i < 20; i++) {
                for (int k = 0; k < 40; k++)
                        item(&raw, 1, 1000, 0, 1000);
                REQUIRE(raw_hear_type(&raw, WIRE_CREDIT));
                CHECK_INT(raw.header.flags, ==, WIRE_LINK);
        }
        link_serves(&raw);
        end();
}

TEST(an_item_that_does_not_decode) {
        struct raw raw;

        serve(NULL);
        greet(&raw);
        open_call(&raw, "Streams/sink", 1);
        item(&raw, 1, 10, 0, 10);               /* a field number 0 */
        REQUIRE(raw_hear_type(&raw, WIRE_REPLY));
        CHECK_INT(raw.header.id, ==, 1);
        CHECK_INT(raw.header.value, ==, VIA_INVALID_ARGUMENT);
        link_serves(&raw);
        end();
}

TEST(an_item_larger_than_max_message) {
        struct raw raw;

        serve("max_message=10000");
        greet(&raw);
        open_call(&raw, "Streams/sink", 1);
        item(&raw, 1, 10001, 0, 10001);
        REQUIRE(raw_hear_type(&raw, WIRE_REPLY));
        CHECK_INT(raw.header.value, ==, VIA_RESOURCE_EXHAUSTED);
        link_serves(&raw);
        end();
}

TEST(an_id_that_is_in_use) {
        struct raw raw;

        serve(NULL);
        greet(&raw);
        open_call(&raw, "Later/never", 1);
        open_call(&raw, "Later/never", 1);
        REQUIRE(raw_hear_type(&raw, WIRE_REPLY));
        CHECK_INT(raw.header.value, ==, VIA_INVALID_ARGUMENT);
        link_serves(&raw);
        end();
}

static void metadata(struct raw *raw, const void *bytes, uint16_t size) {
        uint8_t body[256 + WIRE_METHOD];

        memcpy(body, bytes, size);
        wire_put64(body + size, via_method_id("conf.Basic/echo"));
        raw_say_frame(raw,
                      (struct wire_header){ .length = size + WIRE_METHOD,
                                            .type = WIRE_CALL,
                                            .meta = size,
                                            .id = 7,
                                            .value = 1000 },
                      body);
        REQUIRE(raw_hear_type(raw, WIRE_REPLY));
        CHECK_INT(raw->header.id, ==, 7);
        CHECK_INT(raw->header.value, ==, VIA_INVALID_ARGUMENT);
}

TEST(metadata_that_are_none) {
        struct raw raw;

        serve(NULL);
        greet(&raw);
        metadata(&raw, "\x01\0\x01\0Kv", 6);            /* a capital */
        metadata(&raw, "\x01\0\x01\0k\n", 6);           /* not printable */
        metadata(&raw, "\0\0\x01\0v", 5);               /* no key */
        metadata(&raw, "\x01\x01\x01\0kv", 6);          /* what must be 0 */
        metadata(&raw, "\x01\0\xff\0kv", 6);            /* cut short */
        link_serves(&raw);
        end();
}

/* --- floods --- */

TEST(rapid_reset) {
        long before;
        struct raw raw;

        serve(NULL);
        still_serves();
        before = host_memory(&host);
        greet(&raw);
        for (uint32_t id = 1; id <= 20000; id++) {
                open_call(&raw, id % 2 ? "Streams/deaf" : "Later/never", id);
                frame(&raw, WIRE_CANCEL, 0, id, 0);
        }
        link_serves(&raw);
        CHECK(host_memory(&host) - before < 20 * 1024 * test_slow());
        end();
}

TEST(opens_and_never_reads) {
        long before;
        struct raw raw;

        serve(NULL);
        still_serves();
        before = host_memory(&host);
        greet(&raw);
        for (uint32_t id = 1; id <= 1000; id++)         /* 8,192 items of 65,536 bytes */
                raw_say_call(&raw, "Streams/source", id, "\x08\x80\x40\x10\x80\x80\x04", 7);
        still_serves();
        CHECK(host_memory(&host) - before < 300 * 1024);
        raw_close(&raw);
        end();
}

/* Who does not read the pongs is not read either: so one says, and another one hears. */
TEST(ping_flood) {
        enum { PINGS = 50000 };
        long before;
        struct raw raw;
        pid_t pid;

        serve(NULL);
        still_serves();
        before = host_memory(&host);
        greet(&raw);
        fflush(stdout);
        pid = fork();
        REQUIRE(pid >= 0);
        if (pid == 0) {
                for (uint32_t i = 1; i <= PINGS; i++)
                        frame(&raw, WIRE_PING, 0, 0, i);
                _exit(0);
        }
        do
                REQUIRE(raw_hear_type(&raw, WIRE_PONG));
        while (raw.header.value != PINGS);
        CHECK_INT(waitpid(pid, NULL, 0), ==, pid);
        link_serves(&raw);
        CHECK(host_memory(&host) - before < 5 * 1024 * test_slow());
        end();
}
