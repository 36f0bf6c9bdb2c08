/*
 * test_codec_bad.c - bytes that are no message, messages that may not be sent, and every limit
 */
#include <pthread.h>
#include <sys/resource.h>
#include "arena.h"
#include "test.h"
#include "types.h"

static struct via_error err;

static int try(const struct via_type *type, const void *bytes, size_t size,
               const struct via_limits *limits) {
        struct via_arena *arena = via_arena_new(0);
        uint8_t *input = malloc(size);                  /* so that a byte read past it is noticed */
        void *message = malloc(type->desc.sizeof_message);
        int r;

        memcpy(input, bytes, size);
        via_error_fini(&err);
        r = via_message_decode(type, input, size, limits, arena, message, &err);
        CHECK_INT(err.code, ==, r);
        CHECK_INT(r, ==, via_message_decode(type, input, size, limits, arena, message, NULL));
        free(message);
        free(input);
        via_arena_free(arena);
        return r;
}

#define CHECK_BAD(T, text, ...) do { \
        const uint8_t bytes_[] = { __VA_ARGS__ }; \
        CHECK_INT(try(&T##_type, bytes_, sizeof(bytes_), NULL), ==, VIA_INVALID_ARGUMENT); \
        CHECK_STR(err.message, text); \
} while (0)

#define CHECK_GOOD(T, ...) do { \
        const uint8_t bytes_[] = { __VA_ARGS__ }; \
        CHECK_INT(try(&T##_type, bytes_, sizeof(bytes_), NULL), ==, VIA_OK); \
} while (0)

TEST(no_message) {
        CHECK_BAD(t_Point, "t.t_Point: not a field number, at byte 1", 0x00);
        CHECK_BAD(t_Point, "t.t_Point: not a field number, at byte 3", 0x08, 1, 0x05, 1, 2, 3, 4);
        CHECK_BAD(t_Point, "t.t_Point: not a field number, at byte 5", 0x80, 0x80, 0x80, 0x80,
                  0x10, 0);
        CHECK_BAD(t_Point, "t.t_Point: the message ends inside a number, at byte 0", 0x80);
        CHECK_BAD(t_Point, "t.t_Point.x: the message ends inside a number, at byte 1", 0x08);
        CHECK_BAD(t_Point, "t.t_Point.x: the message ends inside a number, at byte 1", 0x08, 0x80);
        CHECK_BAD(t_Point, "t.t_Point.x: a number of more than 64 bits, at byte 1", 0x08, 0x80,
                  0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00);
        CHECK_BAD(t_Point, "t.t_Point.x: a number of more than 64 bits, at byte 1", 0x08, 0xff,
                  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02);
        CHECK_BAD(t_Plain, "t.t_Plain.dbl: the message ends inside a number, at byte 1", 0x61,
                  1, 2, 3, 4, 5, 6, 7);
        CHECK_BAD(t_Plain, "t.t_Plain.flt: the message ends inside a number, at byte 1", 0x5d,
                  1, 2, 3);
        CHECK_BAD(t_Plain, "t.t_Plain.string: 5 bytes announced, 1 left, at byte 2", 0x7a, 5, 'a');
        CHECK_BAD(t_Octets,
                  "t.t_Octets.data: 18446744073709551615 bytes announced, 1 left, at byte 11",
                  0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 7);
        CHECK_BAD(t_Lists, "t.t_Lists.dbl: the message ends inside a number, at byte 2", 0x62,
                  7, 1, 2, 3, 4, 5, 6, 7);
        CHECK_BAD(t_Lists, "t.t_Lists.i32: the message ends inside a number, at byte 3", 0x0a,
                  2, 1, 0x80);
        CHECK_BAD(t_Lists, "t.t_Lists.u64: 5 bytes announced, 0 left, at byte 2", 0x4a, 5);
        CHECK_BAD(t_Plain, "t.t_Point.x: the message ends inside a number, at byte 4", 0x8a, 1,
                  2, 8, 0x80);
        via_error_fini(&err);
}

TEST(no_unknown_field) {
        CHECK_BAD(t_Point, "t.t_Point: the message ends inside an unknown field, at byte 1",
                  0x19, 1, 2, 3);
        CHECK_BAD(t_Point, "t.t_Point: the message ends inside an unknown field, at byte 1",
                  0x1d, 1, 2, 3);
        CHECK_BAD(t_Point, "t.t_Point: 4 bytes announced, 3 left, at byte 2", 0x1a, 4, 1, 2, 3);
        CHECK_BAD(t_Point, "t.t_Point: field 3 has no known wire type, at byte 1", 0x1e);
        CHECK_BAD(t_Point, "t.t_Point: field 3 has no known wire type, at byte 1", 0x1f);
        CHECK_BAD(t_Point, "t.t_Point: a group ends that has not begun, at byte 1", 0x1c);
        CHECK_BAD(t_Point, "t.t_Point: a group ends that has not begun, at byte 2", 0x1b, 0x24);
        CHECK_BAD(t_Point, "t.t_Point: the message ends inside a number, at byte 1", 0x1b);
        CHECK_BAD(t_Point, "t.t_Point: not a field number, at byte 2", 0x1b, 0x04);
        CHECK_BAD(t_Point, "t.t_Point: not a field number, at byte 6", 0x1b, 0x80, 0x80, 0x80,
                  0x80, 0x10);
        via_error_fini(&err);
}

TEST(no_text) {
        CHECK_BAD(t_Plain, "t.t_Plain.string: not UTF-8, at byte 2", 0x7a, 2, 0xc3, 'a');
        CHECK_BAD(t_Plain, "t.t_Plain.string: not UTF-8, at byte 2", 0x7a, 10, 'a', 'b', 'c',
                  'd', 'e', 'f', 'g', 'h', 'i', 0xff);
        CHECK_BAD(t_Plain, "t.t_Plain.string: a NUL in a string, at byte 2", 0x7a, 3, 'a', 0, 'b');
        CHECK_BAD(t_Lists, "t.t_Lists.string: not UTF-8, at byte 5", 0x7a, 1, 'a', 0x7a, 1, 0x80);
        CHECK_GOOD(t_Octets, 0x0a, 3, 0xff, 0, 0x80);
        via_error_fini(&err);
}

TEST(rules_on_receipt) {
        CHECK_GOOD(t_Rules, 0x08, 0xff, 1, 0x10, 0xff, 1, 0x18, 0xff, 0xff, 3, 0x20, 127, 0x28,
                   0xfe, 0xff, 3);
        CHECK_GOOD(t_Rules, 0x20, 0x80, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0x28,
                   0xff, 0xff, 3);
        CHECK_BAD(t_Rules, "t.t_Rules.u8: 256 is not within 0 to 255, at byte 3", 0x08, 0x80, 2);
        CHECK_BAD(t_Rules, "t.t_Rules.u8: -1 is not within 0 to 255, at byte 11", 0x08, 0xff,
                  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1);
        CHECK_BAD(t_Rules, "t.t_Rules.chr: 256 is not within 0 to 255, at byte 3", 0x10, 0x80, 2);
        CHECK_BAD(t_Rules, "t.t_Rules.u16: 65536 is not within 0 to 65535, at byte 4", 0x18,
                  0x80, 0x80, 4);
        CHECK_BAD(t_Rules, "t.t_Rules.i8: 128 is not within -128 to 127, at byte 3", 0x20, 0x80, 1);
        CHECK_BAD(t_Rules, "t.t_Rules.i8: -129 is not within -128 to 127, at byte 11", 0x20,
                  0xff, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1);
        CHECK_BAD(t_Rules, "t.t_Rules.i16: 32768 is not within -32768 to 32767, at byte 4",
                  0x28, 0x80, 0x80, 4);
        CHECK_BAD(t_Rules, "t.t_Rules.i16: -32769 is not within -32768 to 32767, at byte 4",
                  0x28, 0x81, 0x80, 4);
        CHECK_BAD(t_Rules, "t.t_Rules.name: 9 bytes, at most 8, at byte 2", 0x32, 9, 'a', 'b',
                  'c', 'd', 'e', 'f', 'g', 'h', 'i');
        CHECK_GOOD(t_Rules, 0x32, 8, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h');
        CHECK_BAD(t_Rules, "t.t_Rules.blob: 6 bytes, at most 5, at byte 2", 0x3a, 6, 1, 2, 3, 4,
                  5, 6);
        CHECK_BAD(t_Rules, "t.t_Rules.mac: 5 bytes, not 6, at byte 2", 0x42, 5, 1, 2, 3, 4, 5);
        CHECK_BAD(t_Rules, "t.t_Rules.mac: 7 bytes, not 6, at byte 2", 0x42, 7, 1, 2, 3, 4, 5,
                  6, 7);
        CHECK_BAD(t_Rules, "t.t_Rules.key: 3 bytes, not 4, at byte 3", 0x8a, 1, 3, 1, 2, 3);
        CHECK_GOOD(t_Rules, 0x52, 3, 1, 2, 3);
        CHECK_BAD(t_Rules, "t.t_Rules.small: more than 3 elements, at byte 5", 0x52, 4, 1, 2, 3, 4);
        CHECK_BAD(t_Rules, "t.t_Rules.small: more than 3 elements, at byte 6", 0x50, 1, 0x52, 3,
                  2, 3, 4, 5);
        CHECK_BAD(t_Rules, "t.t_Rules.small: 65536 is not within 0 to 65535, at byte 5", 0x52,
                  3, 0x80, 0x80, 4);
        CHECK_BAD(t_Rules, "t.t_Rules.names: more than 3 elements, at byte 7", 0x5a, 0, 0x5a, 0,
                  0x5a, 0, 0x5a, 0);
        CHECK_BAD(t_Rules, "t.t_Rules.names: 5 bytes, at most 4, at byte 2", 0x5a, 5, 'a', 'b',
                  'c', 'd', 'e');
        CHECK_GOOD(t_Rules, 0x62, 6, 1, 2, 3, 4, 5, 6);
        CHECK_GOOD(t_Rules, 0x60, 1, 0x60, 2, 0x60, 3, 0x60, 4, 0x60, 5, 0x60, 6);
        CHECK_BAD(t_Rules, "t.t_Rules.grid: 5 elements, not 6, at byte 7", 0x62, 5, 1, 2, 3, 4, 5);
        CHECK_BAD(t_Rules, "t.t_Rules.grid: more than 6 elements, at byte 8", 0x62, 7, 1, 2, 3,
                  4, 5, 6, 7);
        CHECK_BAD(t_Rules, "t.t_Rules.words: 1 elements, not 2, at byte 2", 0x6a, 0);
        CHECK_BAD(t_Rules, "t.t_Rules.corners: 1 elements, not 2, at byte 2", 0x72, 0);
        CHECK_BAD(t_Rules, "t.t_Rules.corners: more than 2 elements, at byte 5", 0x72, 0, 0x72,
                  0, 0x72, 0);
        CHECK_BAD(t_Rules, "t.t_Rules.signs: 128 is not within -128 to 127, at byte 5", 0x82, 1,
                  2, 0x80, 1);
        via_error_fini(&err);
}

TEST(too_many_doubles) {
        uint8_t bytes[2 + 25 * 8 + 1] = { 0x4a, (25 * 8 & 0x7f) | 0x80, 25 * 8 >> 7 };

        CHECK_INT(try(&t_Rules_type, bytes, sizeof(bytes), NULL), ==, VIA_INVALID_ARGUMENT);
        CHECK_STR(err.message, "t.t_Rules.hourly: more than 24 elements, at byte 3");
        bytes[1] = (24 * 8 & 0x7f) | 0x80;
        CHECK_INT(try(&t_Rules_type, bytes, sizeof(bytes) - 8, NULL), ==, VIA_OK);
        via_error_fini(&err);
}

/* What breaks a rule is not sent, and the error says what it was. */
TEST(rules_on_sending) {
        static double doubles[25];
        char *names[] = { NULL, (char[]){ "abcde" }, NULL, NULL };
        static struct t_Point *points[3];
        int32_t grid[7] = { 0 }, signs[1] = { -129 };
        uint32_t small[4] = { 0, 70000, 0, 0 };
        uint8_t bytes[10] = { 0 };
        struct via_error e = VIA_ERROR_INIT;
        struct t_Rules r;
        size_t size;

#define CHECK_UNSENT(text, ...) do { \
        via_message_init(&t_Rules_type, &r); \
        __VA_ARGS__; \
        size = 77; \
        CHECK_INT(via_message_size(&t_Rules_type, &r, &size, &e), ==, VIA_INVALID_ARGUMENT); \
        CHECK_INT(via_message_size(&t_Rules_type, &r, &size, NULL), ==, VIA_INVALID_ARGUMENT); \
        CHECK_INT(size, ==, 77); \
        CHECK_STR(e.message, text); \
} while (0)

        CHECK_UNSENT("t.t_Rules.u8: 256 is not within 0 to 255", r.u8 = 256);
        CHECK_UNSENT("t.t_Rules.chr: 4294967295 is not within 0 to 255", r.chr = UINT32_MAX);
        CHECK_UNSENT("t.t_Rules.u16: 65536 is not within 0 to 65535", r.u16 = 65536);
        CHECK_UNSENT("t.t_Rules.i8: -129 is not within -128 to 127", r.i8 = -129);
        CHECK_UNSENT("t.t_Rules.i8: 128 is not within -128 to 127", r.i8 = 128);
        CHECK_UNSENT("t.t_Rules.i16: -32769 is not within -32768 to 32767", r.i16 = -32769);
        CHECK_UNSENT("t.t_Rules.name: 9 bytes, at most 8", r.name = (char[]){ "123456789" });
        CHECK_UNSENT("t.t_Rules.name: not UTF-8", r.name = (char[]){ "\xff" });
        CHECK_UNSENT("t.t_Rules.blob: 6 bytes, at most 5",
                     r.blob = (ProtobufCBinaryData){ 6, bytes });
        CHECK_UNSENT("t.t_Rules.blob: 5 bytes at NULL", r.blob = (ProtobufCBinaryData){ 5, NULL });
        CHECK_UNSENT("t.t_Rules.mac: 5 bytes, not 6", r.mac = (ProtobufCBinaryData){ 5, bytes });
        CHECK_UNSENT("t.t_Rules.mac: 7 bytes, not 6", r.mac = (ProtobufCBinaryData){ 7, bytes });
        CHECK_UNSENT("t.t_Rules.hourly: 25 elements, at most 24", r.n_hourly = 25,
                     r.hourly = doubles);
        CHECK_UNSENT("t.t_Rules.hourly: 2 elements at NULL", r.n_hourly = 2);
        CHECK_UNSENT("t.t_Rules.small: 4 elements, at most 3", r.n_small = 4, r.small = small);
        CHECK_UNSENT("t.t_Rules.small: 70000 is not within 0 to 65535", r.n_small = 2,
                     r.small = small);
        CHECK_UNSENT("t.t_Rules.names: 4 elements, at most 3", r.n_names = 4, r.names = names);
        CHECK_UNSENT("t.t_Rules.names: 5 bytes, at most 4", r.n_names = 2, r.names = names);
        CHECK_UNSENT("t.t_Rules.grid: 5 elements, not 6", r.n_grid = 5, r.grid = grid);
        CHECK_UNSENT("t.t_Rules.grid: 7 elements, not 6", r.n_grid = 7, r.grid = grid);
        CHECK_UNSENT("t.t_Rules.corners: an element is NULL", r.n_corners = 2, r.corners = points);
        CHECK_UNSENT("t.t_Rules.signs: -129 is not within -128 to 127", r.n_signs = 1,
                     r.signs = signs);
        via_error_fini(&e);
}

/* Cut anywhere, a message is an error or a shorter message, and nothing is read past its end. */
TEST(cut_at_every_byte) {
        const struct t_Report *report = types_report();
        uint64_t seed = 3;
        size_t size;
        uint8_t *bytes;

        via_message_size(&t_Report_type, report, &size, NULL);
        bytes = malloc(size);
        via_message_encode(&t_Report_type, report, bytes, size);
        for (size_t n = 0; n < size; n++) {
                int r = try(&t_Report_type, bytes, n, NULL);

                CHECK(r == VIA_OK || r == VIA_INVALID_ARGUMENT);
        }
        CHECK_INT(try(&t_Report_type, bytes, size, NULL), ==, VIA_OK);
        free(bytes);

        for (int i = 0; i < 100; i++) {
                const struct via_type *type = types_all[i % T_TYPES];
                void *message = types_random(type, &seed);

                via_message_size(type, message, &size, NULL);
                bytes = malloc(size + 1);
                via_message_encode(type, message, bytes, size);
                for (size_t n = 0; n < size; n += 1 + n / 50)
                        try(type, bytes, n, NULL);
                CHECK_INT(try(type, bytes, size, NULL), ==, VIA_OK);
                bytes[size] = 0x80;
                CHECK_INT(try(type, bytes, size + 1, NULL), ==, VIA_INVALID_ARGUMENT);
                free(bytes);
                via_message_free(type, message);
        }
        via_error_fini(&err);
}

/* --- limits --- */

/* @n nodes, one in the other, by tags of @tag; returns the size, at the end of @buf. */
static size_t nested(uint8_t *buf, size_t room, size_t n, uint8_t tag) {
        size_t size = 0;

        while (n--) {
                uint8_t head[6] = { tag };
                size_t len = 1, left = size;

                for (; left >= 0x80; left >>= 7)
                        head[len++] = (uint8_t)(left | 0x80);
                head[len++] = (uint8_t)left;
                size += len;
                memcpy(buf + room - size, head, len);
        }
        return size;
}

/* As a thread with little stack would find them: the limit has to come first. */
static void *nest(void *unused) {
        static uint8_t buf[60000];
        struct via_limits limits = { { 0 } };
        size_t size;

        (void)unused;
        for (uint8_t tag = 10; tag <= 18; tag += 8) {           /* child, children */
                size = nested(buf, sizeof(buf), 100, tag);
                CHECK_INT(try(&t_Node_type, buf + sizeof(buf) - size, size, NULL), ==, VIA_OK);
                size = nested(buf, sizeof(buf), 101, tag);
                CHECK_INT(try(&t_Node_type, buf + sizeof(buf) - size, size, NULL), ==,
                          VIA_RESOURCE_EXHAUSTED);
                CHECK(err.message &&
                      strstr(err.message, "nested deeper than 100 (max_depth), at byte"));
                size = nested(buf, sizeof(buf), 10000, tag);
                CHECK_INT(try(&t_Node_type, buf + sizeof(buf) - size, size, NULL), ==,
                          VIA_RESOURCE_EXHAUSTED);
        }

        memset(buf, 0x2b, 10000);                               /* unknown groups */
        memset(buf + 10000, 0x2c, 10000);
        CHECK_INT(try(&t_Node_type, buf, 20000, NULL), ==, VIA_RESOURCE_EXHAUSTED);
        CHECK_INT(try(&t_Node_type, buf + 9900, 200, NULL), ==, VIA_OK);
        CHECK_INT(try(&t_Node_type, buf + 9899, 202, NULL), ==, VIA_RESOURCE_EXHAUSTED);

        limits.v[VIA_LIMIT_DEPTH] = 1;
        size = nested(buf, sizeof(buf), 1, 10);
        CHECK_INT(try(&t_Node_type, buf + sizeof(buf) - size, size, &limits), ==, VIA_OK);
        size = nested(buf, sizeof(buf), 2, 10);
        CHECK_INT(try(&t_Node_type, buf + sizeof(buf) - size, size, &limits), ==,
                  VIA_RESOURCE_EXHAUSTED);
        /* a default in a default */
        CHECK_INT(try(&t_Node_type, "\x22", 2, &limits), ==, VIA_RESOURCE_EXHAUSTED);
        via_error_fini(&err);
        return NULL;
}

TEST(depth) {
        pthread_attr_t attr;
        pthread_t thread;

#ifdef VIA_ARENA_ASAN
        size_t stack = 512 << 10;
#else
        size_t stack = 64 << 10;
#endif

        pthread_attr_init(&attr);
        pthread_attr_setstacksize(&attr, stack);
        REQUIRE(pthread_create(&thread, &attr, nest, NULL) == 0);
        pthread_join(thread, NULL);
        pthread_attr_destroy(&attr);
}

TEST(depth_on_sending) {
        static struct t_Node nodes[1002];
        struct via_limits limits = { { 0 } };
        struct t_Node loop;
        size_t size;
        uint8_t *bytes;

        for (int i = 0; i < 1002; i++) {
                via_message_init(&t_Node_type, &nodes[i]);
                nodes[i].child = i < 1001 ? &nodes[i + 1] : NULL;
        }
        CHECK_INT(via_message_size(&t_Node_type, nodes, &size, NULL), ==, VIA_RESOURCE_EXHAUSTED);
        CHECK_INT(via_message_size(&t_Node_type, nodes + 1, &size, NULL), ==, VIA_OK);
        bytes = malloc(size);
        via_message_encode(&t_Node_type, nodes + 1, bytes, size);
        CHECK_INT(try(&t_Node_type, bytes, size, NULL), ==, VIA_RESOURCE_EXHAUSTED);
        limits.v[VIA_LIMIT_DEPTH] = 1000;
        CHECK_INT(try(&t_Node_type, bytes, size, &limits), ==, VIA_OK);
        limits.v[VIA_LIMIT_DEPTH] = 999;
        CHECK_INT(try(&t_Node_type, bytes, size, &limits), ==, VIA_RESOURCE_EXHAUSTED);
        free(bytes);

        via_message_init(&t_Node_type, &loop);
        loop.child = &loop;
        CHECK_INT(via_message_size(&t_Node_type, &loop, &size, &err), ==, VIA_RESOURCE_EXHAUSTED);
        CHECK_STR(err.message, "t.t_Node.child: nested deeper than 1000 levels");
        via_error_fini(&err);
}

/* The least max_memory that @bytes decode with. */
static size_t least_memory(const struct via_type *type, const void *bytes, size_t size) {
        struct via_limits limits = { { 0 } };
        size_t low = 0, high = 16 << 20;

        while (high - low > 1) {
                limits.v[VIA_LIMIT_MEMORY] = (low + high) / 2;
                if (try(type, bytes, size, &limits) == VIA_OK)
                        high = (low + high) / 2;
                else
                        low = (low + high) / 2;
        }
        return high;
}

/*
 * Two bytes on the wire can ask for a struct, its arrays and the structs in those. All of it
 * counts.
 */
TEST(few_bytes_that_ask_for_much) {
        static uint8_t bytes[2000000];
        struct via_limits limits = { { 0 } };
        size_t one = least_memory(&t_Node_type, "\x22", 2), n = 0;

        CHECK_INT(one, >=,
                  sizeof(struct t_Node) + sizeof(struct t_Rules) + 3 * sizeof(struct t_Point));

        for (; n + 4 <= sizeof(bytes); n += 4)          /* children that have rules */
                memcpy(bytes + n, "\x12\x02\x22", 4);
        CHECK_INT(try(&t_Node_type, bytes, n, NULL), ==, VIA_RESOURCE_EXHAUSTED);
        CHECK(err.message &&
              strstr(err.message,
                     "more than 16777216 bytes once decoded (max_memory), at byte"));
        limits.v[VIA_LIMIT_MEMORY] = 1024;
        CHECK_INT(try(&t_Node_type, bytes, 40, &limits), ==, VIA_RESOURCE_EXHAUSTED);

        for (n = 0; n + 2 <= sizeof(bytes); n += 2)     /* empty children */
                memcpy(bytes + n, "\x12", 2);
        CHECK_INT(try(&t_Node_type, bytes, n, NULL), ==, VIA_RESOURCE_EXHAUSTED);
        CHECK_INT(try(&t_Node_type, bytes, 100000, NULL), ==, VIA_OK);
        CHECK_INT(least_memory(&t_Node_type, bytes, 100000), >=,
                  50000 * (sizeof(struct t_Node) + sizeof(void *)));

        /* one child, told again and again: no more memory */
        for (n = 0; n + 2 <= sizeof(bytes); n += 2)
                memcpy(bytes + n, "\x0a", 2);
        CHECK_INT(least_memory(&t_Node_type, bytes, n), <, 2000);
        via_error_fini(&err);
}

/*
 * Every allocation but the last one is refused, and so is each amount of memory that does not
 * do.
 */
TEST(memory_ends_anywhere) {
        uint64_t seed = 9;

        for (int i = 0; i < 20; i++) {
                const struct via_type *type = types_all[i % T_TYPES];
                void *message = types_random(type, &seed), *out = malloc(type->desc.sizeof_message);
                struct via_limits limits = { { 0 } };
                size_t size, least;
                uint8_t *bytes;
                int r;

                via_message_size(type, message, &size, NULL);
                bytes = malloc(size);
                via_message_encode(type, message, bytes, size);
                least = least_memory(type, bytes, size);
                for (size_t m = 1; m < least; m += 1 + least / 300) {
                        struct via_arena *arena = via_arena_new(m);

                        limits.v[VIA_LIMIT_MEMORY] = m;
                        CHECK_INT(try(type, bytes, size, &limits), ==, VIA_RESOURCE_EXHAUSTED);
                        r = via_message_decode(type, bytes, size, NULL, arena, out, &err);
                        CHECK(r == VIA_OK || r == VIA_RESOURCE_EXHAUSTED);
                        via_arena_free(arena);
                }
                free(bytes);
                free(out);
                via_message_free(type, message);
        }
        via_error_fini(&err);
}

/* A packed array may take four or eight times its bytes. One that fits must not fail on the way. */
TEST(packed_up_to_the_limit) {
        size_t n = (16 << 20) / 4 - 10000;
        uint8_t *bytes = malloc(n + 10);

        memset(bytes, 1, n + 10);
        memcpy(bytes, "\x3a\xf0\xb1\xff\x01", 5);       /* u32; the length of n */
        bytes[1] = (uint8_t)(n & 0x7f) | 0x80;
        bytes[2] = (uint8_t)(n >> 7 & 0x7f) | 0x80;
        bytes[3] = (uint8_t)(n >> 14 & 0x7f) | 0x80;
        bytes[4] = (uint8_t)(n >> 21 & 0x7f);
        CHECK_INT(try(&t_Lists_type, bytes, n + 5, NULL), ==, VIA_OK);
        bytes[0] = 0x4a;                                /* u64: twice as much memory */
        CHECK_INT(try(&t_Lists_type, bytes, n + 5, NULL), ==, VIA_RESOURCE_EXHAUSTED);
        via_error_fini(&err);
        free(bytes);
}

/* --- bytes that change while they are read --- */

static uint8_t shared[3000];
static size_t shared_size;
static bool stop;

static void *scribble(void *unused) {
        static const uint8_t values[] = { 0, 1, 2, 0x7f, 0x80, 0xff, 0x0a, 0x42, 0x7a, 0xc3 };
        uint64_t seed = 1;

        (void)unused;
        while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
                size_t at = types_next(&seed) % shared_size;
                uint8_t old = *(volatile uint8_t *)&shared[at];

                *(volatile uint8_t *)&shared[at] = values[types_next(&seed) % sizeof(values)];
                for (volatile int i = 0; i < 50; i++)
                        ;
                *(volatile uint8_t *)&shared[at] = old;
        }
        return NULL;
}

/* The message may be wrong, but it is a message: the strings are text, and the lengths are true. */
TEST(bytes_that_change_meanwhile) {
        const struct t_Report *report = types_report();
        struct via_arena *arena = via_arena_new(0);
        struct t_Report out;
        pthread_t thread;
        int good = 0, bad = 0, n = 20000 / test_slow();
        size_t size;

        via_message_size(&t_Report_type, report, &shared_size, NULL);
        REQUIRE(shared_size <= sizeof(shared));
        via_message_encode(&t_Report_type, report, shared, shared_size);
        REQUIRE(pthread_create(&thread, NULL, scribble, NULL) == 0);
        for (int i = 0; i < n; i++) {
                if (via_message_decode(&t_Report_type, shared, shared_size, NULL, arena, &out,
                                       NULL) == VIA_OK) {
                        CHECK_INT(via_message_size(&t_Report_type, &out, &size, &err), ==, VIA_OK);
                        good++;
                } else {
                        bad++;
                }
                via_arena_reset(arena);
        }
        __atomic_store_n(&stop, true, __ATOMIC_RELAXED);
        pthread_join(thread, NULL);
        CHECK_INT(good, >, 0);
        printf("%d were messages, %d were not\n", good, bad);
        via_arena_free(arena);
        via_error_fini(&err);
}
