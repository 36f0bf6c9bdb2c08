/*
 * test_codec.c - messages into bytes and back, as protobuf has them
 *
 * protobuf-c is the judge where both should agree.
 */
#include <float.h>
#include <math.h>
#include "arena.h"
#include "test.h"
#include "types.h"

static struct via_arena *arena;
static struct via_error err;

/* Another seed each time, told, so that a failure can be looked at again. */
static uint64_t seed_begin(void) {
        const char *given = getenv("VIA_TEST_SEED");
        uint64_t seed = given ? strtoull(given, NULL, 0)
                              : (uint64_t)getpid() * 7919 + (uint64_t)time(NULL);

        printf("VIA_TEST_SEED=%llu\n", (unsigned long long)seed);
        return seed;
}

/* @message in memory of exactly its size; yours. */
static uint8_t *encode(const struct via_type *type, const void *message, size_t *ret_size) {
        uint8_t *buf;

        if (via_message_size(type, message, ret_size, &err) != VIA_OK) {
                printf("%s\n", err.message);
                REQUIRE(false);
        }
        buf = malloc(*ret_size);
        via_message_encode(type, message, buf, *ret_size);
        return buf;
}

/* The message in the @size bytes at @bytes, in @arena, or NULL. The input is gone afterwards. */
static void *decode(const struct via_type *type, const void *bytes, size_t size) {
        uint8_t *input = malloc(size);
        void *message;
        int r;

        if (!arena)
                arena = via_arena_new(0);
        via_arena_reset(arena);
        message = via_arena_alloc(arena, type->desc.sizeof_message);
        memcpy(input, bytes, size);
        r = via_message_decode(type, input, size, NULL, arena, message, &err);
        memset(input, 0xee, size);
        free(input);
        CHECK(r == VIA_OK || err.message);
        return r == VIA_OK ? message : NULL;
}

#define DECODE(T, ...) \
        decode(&T##_type, (const uint8_t[]){ __VA_ARGS__ }, \
               sizeof((const uint8_t[]){ __VA_ARGS__ }))

static void check_encoded(const struct via_type *type, const void *message, const uint8_t *want,
                          size_t size) {
        size_t n;
        uint8_t *got = encode(type, message, &n);

        CHECK_INT(n, ==, size);
        CHECK(n == size && memcmp(got, want, n) == 0);
        free(got);
}

#define CHECK_ENCODED(T, message, ...) \
        check_encoded(&T##_type, message, (const uint8_t[]){ __VA_ARGS__ }, \
                      sizeof((const uint8_t[]){ __VA_ARGS__ }))

static void end(void) {
        arena = via_arena_free(arena);
        via_error_fini(&err);
}

TEST(the_same_bytes_as_protobuf_c) {
        uint64_t seed = seed_begin();

        for (int i = 0; i < 3000; i++) {
                const struct via_type *type = types_all[i % T_TYPES];
                void *message = types_random(type, &seed), *again;
                ProtobufCMessage *theirs;
                uint8_t *bytes, *packed;
                size_t size;

                bytes = encode(type, message, &size);
                CHECK_INT(size, ==, protobuf_c_message_get_packed_size(message));
                packed = malloc(size);
                protobuf_c_message_pack(message, packed);
                CHECK(memcmp(bytes, packed, size) == 0);

                again = decode(type, bytes, size);
                if (!again)
                        test_fail(__FILE__, __LINE__, "message %d: %s", i, err.message);
                REQUIRE(again);
                CHECK(via_message_equal(type, message, again));
                CHECK(via_message_equal(type, again, message));
                CHECK(protobuf_c_message_check(again));

                theirs = protobuf_c_message_unpack(&type->desc, NULL, size, packed);
                REQUIRE(theirs);
                CHECK(via_message_equal(type, theirs, again));
                protobuf_c_message_free_unpacked(theirs, NULL);
                via_message_free(type, message);
                free(bytes);
                free(packed);
        }
        end();
}

/* Takes the struct member out of @message, if its type has one. */
static void drop_point(const struct via_type *type, void *message) {
        struct t_Point **point = type == &t_Plain_type ? &((struct t_Plain *)message)->point
                                 : type == &t_Optional_type
                                         ? &((struct t_Optional *)message)->point
                                         : NULL;

        if (point) {
                via_message_free(&t_Point_type, *point);
                *point = NULL;
        }
}

/*
 * Fields may come in any order: here those of two messages, one after the other. (protobuf-c
 * loses some of a struct member that comes twice, so only one has it.)
 */
TEST(what_is_said_later_is_added) {
        uint64_t seed = seed_begin();

        for (int i = 0; i < 500; i++) {
                static const struct via_type *const types[] = { &t_Plain_type, &t_Optional_type,
                                                                &t_Default_type, &t_Lists_type,
                                                                &t_Wide_type };
                const struct via_type *type = types[i % 5];
                void *a = types_random(type, &seed), *b = types_random(type, &seed), *both;
                ProtobufCMessage *theirs;
                size_t n_a, n_b;
                uint8_t *at_a, *at_b;

                drop_point(type, a);
                at_a = encode(type, a, &n_a);
                at_b = encode(type, b, &n_b);

                at_a = realloc(at_a, n_a + n_b + 1);
                memcpy(at_a + n_a, at_b, n_b);
                both = decode(type, at_a, n_a + n_b);
                REQUIRE(both);
                theirs = protobuf_c_message_unpack(&type->desc, NULL, n_a + n_b, at_a);
                REQUIRE(theirs);
                CHECK(via_message_equal(type, both, theirs));
                protobuf_c_message_free_unpacked(theirs, NULL);
                via_message_free(type, a);
                via_message_free(type, b);
                free(at_a);
                free(at_b);
        }
        end();
}

TEST(zero_is_not_sent) {
        struct t_Plain plain = { .string = NULL };      /* no descriptor: nobody reads it */
        struct t_Plain *back;

        CHECK_ENCODED(t_Plain, &plain);
        plain.i32 = -1;                                 /* ten bytes, as for 64 bits */
        CHECK_ENCODED(t_Plain, &plain, 0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                      0xff, 0x01);
        plain.i32 = 0;
        plain.dbl = -0.0;                               /* not the zero that is not sent */
        CHECK_ENCODED(t_Plain, &plain, 0x61, 0, 0, 0, 0, 0, 0, 0, 0x80);
        plain.dbl = 0;
        plain.boolean = 5;
        CHECK_ENCODED(t_Plain, &plain, 0x68, 0x01);

        back = decode(&t_Plain_type, "", 0);
        REQUIRE(back);
        CHECK(back->base.descriptor == &t_Plain_type.desc);
        CHECK(back->string == protobuf_c_empty_string);
        REQUIRE(back->point);
        CHECK(back->point->base.descriptor == &t_Point_type.desc);
        CHECK_INT(back->point->x, ==, 0);
        CHECK(!back->bytes.data && back->i64 == 0 && back->boolean == 0);
        end();
}

TEST(numbers_at_their_ends) {
        struct t_Plain plain, *back;
        size_t size;
        uint8_t *bytes;

        for (int i = 0; i < 2; i++) {
                via_message_init(&t_Plain_type, &plain);
                plain.i32 = plain.s32 = plain.sf32 = i ? INT32_MAX : INT32_MIN;
                plain.i64 = plain.s64 = plain.sf64 = i ? INT64_MAX : INT64_MIN;
                plain.u32 = plain.f32 = UINT32_MAX;
                plain.u64 = plain.f64 = UINT64_MAX;
                plain.flt = i ? INFINITY : -FLT_TRUE_MIN;
                plain.dbl = i ? (double)NAN : DBL_MAX;
                plain.sky = (enum t_Sky)(i ? INT32_MAX : INT32_MIN);     /* enums are open */
                bytes = encode(&t_Plain_type, &plain, &size);
                back = decode(&t_Plain_type, bytes, size);
                REQUIRE(back);
                CHECK(via_message_equal(&t_Plain_type, &plain, back));
                CHECK_INT(back->i32, ==, plain.i32);
                CHECK_INT(back->s64, ==, plain.s64);
                CHECK_INT((int)back->sky, ==, (int)plain.sky);
                CHECK(memcmp(&back->dbl, &plain.dbl, 8) == 0);
                free(bytes);
        }
        back = DECODE(t_Plain, 0x08, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x38, 0x80, 0x80, 0x80, 0x80,
                      0x80, 0x80, 0x00, 0x68, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
                      0x80, 0x01);
        REQUIRE(back);
        CHECK_INT(back->i32, ==, -1);                   /* as 32 bits: cut, like everywhere */
        CHECK_INT(back->u32, ==, 0);                    /* longer than it needs to be */
        CHECK_INT(back->boolean, ==, 1);                /* whichever bit it is */
        end();
}

TEST(defaults) {
        struct t_Default def, *back;
        size_t size;
        uint8_t *bytes;

        back = decode(&t_Default_type, "", 0);
        REQUIRE(back);
        CHECK_INT(back->i32, ==, -42);
        CHECK_STR(back->string, "grüezi");
        CHECK_INT(back->sky, ==, t_Sky_RAIN);

        /* all zero, string NULL: sent, as they are no defaults */
        memset(&def, 0, sizeof(def));
        bytes = encode(&t_Default_type, &def, &size);
        back = decode(&t_Default_type, bytes, size);
        REQUIRE(back);
        CHECK_INT(back->i32, ==, 0);
        CHECK(back->dbl == 0 && back->u64 == 0 && !back->boolean && back->sky == t_Sky_CLEAR);
        CHECK_STR(back->string, "");
        free(bytes);

        back = DECODE(t_Default, 0x18, 0x05);
        REQUIRE(back);
        CHECK_INT(back->u64, ==, 5);
        CHECK_INT(back->i32, ==, -42);
        end();
}

TEST(optional) {
        struct t_Optional o, *back;
        struct t_Point point;
        size_t size;
        uint8_t *bytes;

        via_message_init(&t_Optional_type, &o);
        via_message_init(&t_Point_type, &point);
        o.i32 = 7;                                      /* but has_i32 is false */
        CHECK_ENCODED(t_Optional, &o);
        o.i32 = 0;
        o.has_i32 = o.has_bytes = o.has_sky = true;
        o.string = (char *)(uintptr_t) "";
        o.point = &point;
        bytes = encode(&t_Optional_type, &o, &size);
        CHECK_INT(size, ==, 10);
        back = decode(&t_Optional_type, bytes, size);
        REQUIRE(back);
        CHECK(back->has_i32 && back->has_bytes && back->has_sky && back->string && back->point);
        CHECK(!back->has_s64 && !back->has_dbl && !back->has_f32);
        free(bytes);

        back = decode(&t_Optional_type, "", 0);
        REQUIRE(back);
        CHECK(!back->string && !back->point && !back->has_i32 && !back->has_bytes);
        end();
}

TEST(last_value_wins_and_messages_merge) {
        struct t_Plain *plain = DECODE(t_Plain, 0x08, 1, 0x08, 2, 0x7a, 1, 'a', 0x7a, 2, 'b', 'c',
                                       0x8a, 1, 2, 8, 5, 0x8a, 1, 2, 16, 6, 0x8a, 1, 0);
        struct t_Optional *optional;
        struct t_Node *node;
        struct t_Rules *rules;

        REQUIRE(plain);
        CHECK_INT(plain->i32, ==, 2);
        CHECK_STR(plain->string, "bc");
        CHECK_INT(plain->point->x, ==, 5);
        CHECK_INT(plain->point->y, ==, 6);

        optional = DECODE(t_Optional, 0x42, 1, 1, 0x42, 0);
        REQUIRE(optional);
        CHECK(optional->has_bytes && optional->bytes.len == 0);

        /* Arrays inside are added to, defaults already given do not come back. */
        node = DECODE(t_Node, 10, 5, 18, 0, 26, 1, 'a', 10, 4, 18, 0, 18, 0, 34, 2, 8, 1, 34, 2,
                      16, 2);
        REQUIRE(node);
        CHECK_INT(node->child->n_children, ==, 3);
        CHECK_STR(node->child->name, "a");
        CHECK_INT(node->rules->u8, ==, 1);
        CHECK_INT(node->rules->chr, ==, 2);
        CHECK_INT(node->rules->n_grid, ==, 6);

        /* An array of exact length is one value: the last one wins. */
        node = DECODE(t_Node, 34, 8, 98, 6, 1, 2, 3, 4, 5, 6, 34, 8, 98, 6, 7, 8, 9, 10, 11, 12,
                      34, 2, 8, 1);
        REQUIRE(node);
        rules = node->rules;
        CHECK_INT(rules->n_grid, ==, 6);
        CHECK_INT(rules->grid[0], ==, 7);
        CHECK_INT(rules->grid[5], ==, 12);
        end();
}

TEST(packed_or_not) {
        struct t_Lists *lists = DECODE(t_Lists, 0x08, 1, 0x0a, 2, 2, 3, 0x08, 4, 0x0a, 0, 0x0a,
                                       6, 5, 6, 7, 8, 9, 10, 0x92, 1, 2, 1, 2, 0x90, 1, 3, 0xa2,
                                       1, 8, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f);

        REQUIRE(lists);
        CHECK_INT(lists->n_i32, ==, 10);
        for (size_t i = 0; i < lists->n_i32; i++)
                CHECK_INT(lists->i32[i], ==, i + 1);
        CHECK_INT(lists->n_loose, ==, 3);
        CHECK_INT(lists->loose[2], ==, 3);
        CHECK_INT(lists->n_loose_dbl, ==, 1);
        CHECK(lists->loose_dbl[0] == 1.5);
        end();
}

/*
 * Two arrays that take turns, so that neither can grow where it is; and they come packed and
 * alone.
 */
TEST(arrays_that_take_turns) {
        static uint8_t bytes[100000];
        struct t_Lists *lists;
        size_t n = 0;
        uint32_t count = 0;

        for (int i = 0; i < 3000; i++) {
                bytes[n++] = 0x38;                      /* u32 */
                bytes[n++] = (uint8_t)(count++ & 0x7f);
                if (i % 3 == 0) {
                        bytes[n++] = 0x3a;
                        bytes[n++] = 2;
                        bytes[n++] = (uint8_t)(count++ & 0x7f);
                        bytes[n++] = (uint8_t)(count++ & 0x7f);
                }
                bytes[n++] = 0x7a;                      /* string */
                bytes[n++] = 1;
                bytes[n++] = 'a';
                bytes[n++] = 0x61;                      /* dbl */
                memset(bytes + n, 0, 8);
                n += 8;
        }
        lists = decode(&t_Lists_type, bytes, n);
        REQUIRE(lists);
        CHECK_INT(lists->n_u32, ==, count);
        for (uint32_t i = 0; i < count; i++)
                CHECK_INT(lists->u32[i], ==, (i & 0x7f));
        CHECK_INT(lists->n_string, ==, 3000);
        CHECK_STR(lists->string[2999], "a");
        CHECK_INT(lists->n_dbl, ==, 3000);
        end();
}

TEST(long_packed_arrays) {
        struct t_Lists lists, *back;
        uint64_t *numbers = malloc(300000 * sizeof(*numbers));
        size_t size;
        uint8_t *bytes;

        for (uint64_t i = 0; i < 300000; i++)
                numbers[i] = i * i * i * i;
        for (size_t n = 1; n <= 300000; n = n * 7 / 2 + 1) {
                via_message_init(&t_Lists_type, &lists);
                lists.n_u64 = n;
                lists.u64 = numbers;
                lists.n_s64 = n;
                lists.s64 = (int64_t *)numbers;
                bytes = encode(&t_Lists_type, &lists, &size);
                back = decode(&t_Lists_type, bytes, size);
                REQUIRE(back);
                CHECK(via_message_equal(&t_Lists_type, &lists, back));
                free(bytes);
        }
        free(numbers);
        end();
}

TEST(unknown_fields_are_skipped) {
        /* a number */
        struct t_Point *point = DECODE(t_Point, 0x08, 1, 0x18, 0x80, 0x01,
                                       /* 8 bytes, 4 bytes */
                                       0x19, 1, 2, 3, 4, 5, 6, 7, 8, 0x1d, 1, 2, 3, 4,
                                       /* blocks */
                                       0x1a, 3, 1, 2, 3, 0x1a, 0,
                                       /* groups */
                                       0x1b, 0x08, 5, 0x23, 0x24, 0x12, 1, 0, 0x1c,
                                       /* the highest number */
                                       0xf8, 0xff, 0xff, 0xff, 0x0f, 7,
                                       /* x, but not as a number */
                                       0x0a, 1, 1, 0x0d, 1, 2, 3, 4,
                                       0x10, 2);

        REQUIRE(point);
        CHECK_INT(point->x, ==, 1);
        CHECK_INT(point->y, ==, 2);
        CHECK(!point->base.unknown_fields);
        end();
}

/* By number, whatever the order and however many there are. */
TEST(finds_every_field) {
        struct t_Wide wide, *back;
        uint8_t reversed[2000];
        size_t size, n = sizeof(reversed);
        uint8_t *bytes;

        via_message_init(&t_Wide_type, &wide);
        for (int i = 0; i < T_WIDE; i++)
                wide.v[i] = i + 1;
        bytes = encode(&t_Wide_type, &wide, &size);
        back = decode(&t_Wide_type, bytes, size);
        REQUIRE(back);
        CHECK(via_message_equal(&t_Wide_type, &wide, back));

        /* tag and value: each of one or two bytes */
        for (size_t p = 0; p < size;) {
                size_t len = bytes[p] & 0x80 ? 2 : 1;

                len += bytes[p + len] & 0x80 ? 2 : 1;
                n -= len;
                memcpy(reversed + n, bytes + p, len);
                p += len;
        }
        back = decode(&t_Wide_type, reversed + n, size);
        REQUIRE(back);
        CHECK(via_message_equal(&t_Wide_type, &wide, back));

        back = DECODE(t_Wide, 0x18, 9);
        REQUIRE(back);
        CHECK_INT(back->v[0], ==, 9);
        CHECK_INT(back->v[1], ==, 0);
        CHECK_INT(back->v[4], ==, 7);
        CHECK_INT(back->v[149], ==, 7);
        free(bytes);
        end();
}

TEST(absent_arrays_are_zero) {
        struct t_Rules *rules = decode(&t_Rules_type, "", 0);

        REQUIRE(rules);
        CHECK_INT(rules->n_grid, ==, 6);
        CHECK_INT(rules->grid[5], ==, 0);
        CHECK_INT(rules->n_words, ==, 2);
        CHECK_STR(rules->words[1], "");
        CHECK_INT(rules->n_corners, ==, 2);
        REQUIRE(rules->corners[1]);
        CHECK(rules->corners[1]->base.descriptor == &t_Point_type.desc);
        CHECK_INT(rules->mac.len, ==, 6);
        CHECK_INT(rules->mac.data[5], ==, 0);
        REQUIRE(rules->origin);
        CHECK_INT(rules->n_hourly, ==, 0);
        CHECK(!rules->has_key);
        CHECK(protobuf_c_message_check(&rules->base));

        rules = DECODE(t_Rules, 0x42, 0, 0x62, 0, 0x8a, 1, 0);   /* sent, but empty */
        REQUIRE(rules);
        CHECK_INT(rules->mac.len, ==, 6);
        CHECK_INT(rules->n_grid, ==, 6);
        CHECK(rules->has_key);
        CHECK_INT(rules->key.len, ==, 4);
        end();
}

/* A type without fields, as of a call that returns nothing, knows no field. */
TEST(no_fields) {
        struct t_Empty empty = { .base.descriptor = NULL }, *back;

        CHECK_ENCODED(t_Empty, &empty);
        CHECK(decode(&t_Empty_type, "", 0));
        back = DECODE(t_Empty, 0x08, 1, 0x12, 1, 'a', 0xfa, 0xff, 0x7f, 0);
        REQUIRE(back);
        CHECK(back->base.descriptor == &t_Empty_type.desc);
        CHECK(!DECODE(t_Empty, 0x08));
        end();
}

/* What is kept when a call is over must not cost an allocation in the next. */
TEST(a_warm_arena_is_enough) {
        struct via_arena *warm = via_arena_new(0);
        const struct t_Report *report = types_report();
        struct t_Report out;
        struct via_chunk *chunk = NULL;
        size_t size;
        uint8_t *bytes = encode(&t_Report_type, report, &size);

        for (int i = 0; i < 20; i++) {
                CHECK_INT(
                        via_message_decode(&t_Report_type, bytes, size, NULL, warm, &out, NULL),
                        ==, VIA_OK);
                CHECK(via_message_equal(&t_Report_type, report, &out));
                CHECK(i < 3 || (warm->chunks == chunk && !chunk->older));
                chunk = warm->chunks;
                via_arena_reset(warm);
        }
        via_arena_free(warm);
        free(bytes);
        end();
}
