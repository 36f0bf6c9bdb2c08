/*
 * test_message.c - what can be done with any message besides sending it
 *
 * The files under test are compiled into this program once more, with a malloc that can fail.
 */
#include <stdlib.h>

static int mallocs, fail_at;

static void *counting_malloc(size_t size) {
        return ++mallocs == fail_at ? NULL : malloc(size);
}

#define malloc counting_malloc
#include "message.c"
#undef malloc
#include "test.h"
#include "types.h"

static uint64_t seed;

/* Another seed each time, told, so that a failure can be looked at again. */
static void seed_begin(void) {
        const char *given = getenv("VIA_TEST_SEED");

        seed = given ? strtoull(given, NULL, 0) : (uint64_t)getpid() * 7919 + (uint64_t)time(NULL);
        printf("VIA_TEST_SEED=%llu\n", (unsigned long long)seed);
}

TEST(init_is_default) {
        struct t_Default def;
        struct t_Plain plain;
        struct t_Optional optional;

        memset(&def, 0xff, sizeof(def));
        via_message_init(&t_Default_type, &def);
        CHECK(def.base.descriptor == &t_Default_type.desc);
        CHECK_INT(def.base.n_unknown_fields, ==, 0);
        CHECK_INT(def.i32, ==, -42);
        CHECK_INT(def.u64, ==, (uint64_t)1 << 40);
        CHECK(def.dbl == 1.5);
        CHECK_INT(def.boolean, ==, true);
        CHECK_INT(def.sky, ==, t_Sky_RAIN);
        CHECK_STR(def.string, "grüezi");

        via_message_init(&t_Plain_type, &plain);
        CHECK_STR(plain.string, "");
        CHECK(!plain.point && !plain.bytes.data && plain.i64 == 0);
        via_message_init(&t_Optional_type, &optional);
        CHECK(!optional.string && !optional.has_i32 && !optional.has_bytes);
        via_message_fini(&t_Default_type, &def);        /* frees nothing static */
        via_message_fini(&t_Default_type, &def);
        via_message_fini(&t_Plain_type, &plain);
}

TEST(duplicates) {
        struct via_arena *arena = via_arena_new(0);

        seed_begin();
        for (int i = 0; i < 1000; i++) {
                const struct via_type *type = types_all[i % T_TYPES];
                void *message = types_random(type, &seed);
                void *copy = via_message_dup(type, message, NULL),
                     *lent = via_message_dup(type, message, arena);

                CHECK(via_message_equal(type, message, copy));
                CHECK(via_message_equal(type, copy, lent));
                CHECK(protobuf_c_message_check(copy));
                via_message_free(type, message);
                CHECK(via_message_equal(type, copy, lent));
                protobuf_c_message_free_unpacked(copy, NULL);   /* as if it were protobuf-c's own */
                via_arena_reset(arena);
        }
        via_message_free(&t_Plain_type, NULL);
        via_arena_free(arena);
}

TEST(fini_makes_it_the_default_one) {
        seed_begin();
        for (int i = 0; i < 200; i++) {
                const struct via_type *type = types_all[i % T_TYPES];
                void *message = types_random(type, &seed),
                     *fresh = malloc(type->desc.sizeof_message);

                via_message_init(type, fresh);
                via_message_fini(type, message);
                CHECK(via_message_equal(type, message, fresh));
                via_message_fini(type, message);
                via_message_free(type, message);
                free(fresh);
        }
}

/* What protobuf-c has made can be freed here, with the unknown fields that it keeps. */
TEST(frees_what_protobuf_c_made) {
        static const uint8_t bytes[] = { 0x08, 0x01, 0x10, 0x02, 0x1a, 0x03,
                                         'a', 'b', 'c', 0x20, 0x05 };
        struct t_Point *point = (void *)protobuf_c_message_unpack(&t_Point_type.desc, NULL,
                                                                  sizeof(bytes), bytes);
        void *copy;

        REQUIRE(point);
        CHECK_INT(point->base.n_unknown_fields, ==, 2);
        copy = via_message_dup(&t_Point_type, point, NULL);
        CHECK(via_message_equal(&t_Point_type, point, copy));
        CHECK_INT(((ProtobufCMessage *)copy)->n_unknown_fields, ==, 0);
        via_message_free(&t_Point_type, point);
        via_message_free(&t_Point_type, copy);
}

TEST(every_allocation_fails_once) {
        uint64_t s = 5;

        for (int i = 0; i < 40; i++) {
                const struct via_type *type = types_all[i % T_TYPES];
                void *message = types_random(type, &s), *copy;
                int n = 0;

                for (fail_at = 1; n < 1; fail_at++) {
                        mallocs = 0;
                        copy = via_message_dup(type, message, NULL);
                        CHECK(!copy == (mallocs >= fail_at));
                        n += copy != NULL;
                        via_message_free(type, copy);
                }
                fail_at = 0;
                via_message_free(type, message);
        }
}

TEST(arena_ends) {
        const struct t_Report *report = types_report();
        int failed = 0;

        for (size_t max = 1; max < 8000; max += 50) {
                struct via_arena *arena = via_arena_new(max);

                failed += via_message_dup(&t_Report_type, report, arena) == NULL;
                via_arena_free(arena);
        }
        CHECK_INT(failed, >, 20);
        CHECK_INT(failed, <, 150);
}

/*
 * One change anywhere makes a difference; what cannot be told apart on the other side makes
 * none.
 */
TEST(equal) {
        struct t_Plain a, b;
        struct t_Point point;
        struct t_Optional o, p;
        struct t_Rules r, s;
        double nan = __builtin_nan("");
        int32_t zeros[6] = { 0 };
        uint8_t mac[6] = { 0 };
        char *words[2] = { NULL, NULL };

        via_message_init(&t_Plain_type, &a);
        via_message_init(&t_Plain_type, &b);
        via_message_init(&t_Point_type, &point);
        a.string = NULL;
        CHECK(via_message_equal(&t_Plain_type, &a, &b));
        a.point = &point;
        CHECK(via_message_equal(&t_Plain_type, &a, &b));
        CHECK(via_message_equal(&t_Plain_type, &b, &a));
        point.y = 1;
        CHECK(!via_message_equal(&t_Plain_type, &a, &b));
        CHECK(!via_message_equal(&t_Plain_type, &b, &a));
        point.y = 0;
        a.dbl = b.dbl = nan;
        CHECK(via_message_equal(&t_Plain_type, &a, &b));
        a.dbl = 0.0;
        b.dbl = -0.0;
        CHECK(!via_message_equal(&t_Plain_type, &a, &b));
        b.dbl = 0;
        a.boolean = 2;
        b.boolean = 1;
        CHECK(via_message_equal(&t_Plain_type, &a, &b));
        a.u64 = (uint64_t)1 << 63;
        CHECK(!via_message_equal(&t_Plain_type, &a, &b));

        via_message_init(&t_Optional_type, &o);
        via_message_init(&t_Optional_type, &p);
        o.i32 = 5;                                      /* not there: has_i32 is false */
        CHECK(via_message_equal(&t_Optional_type, &o, &p));
        p.i32 = 5;
        p.has_i32 = true;
        CHECK(!via_message_equal(&t_Optional_type, &o, &p));
        o.has_i32 = true;
        CHECK(via_message_equal(&t_Optional_type, &o, &p));
        o.point = &point;                               /* @optional: a default one is not none */
        CHECK(!via_message_equal(&t_Optional_type, &o, &p));
        o.point = NULL;
        o.string = words[0];
        p.string = (char *)(uintptr_t) "";
        CHECK(!via_message_equal(&t_Optional_type, &o, &p));

        via_message_init(&t_Rules_type, &r);
        via_message_init(&t_Rules_type, &s);
        r.n_grid = 6;
        r.grid = zeros;
        r.mac = (ProtobufCBinaryData){ 6, mac };
        r.n_words = 2;
        r.words = words;
        CHECK(via_message_equal(&t_Rules_type, &r, &s));
        CHECK(via_message_equal(&t_Rules_type, &s, &r));
        mac[5] = 1;
        CHECK(!via_message_equal(&t_Rules_type, &s, &r));
        mac[5] = 0;
        zeros[3] = 1;
        CHECK(!via_message_equal(&t_Rules_type, &r, &s));
}

TEST(strings_free) {
        char **strings = calloc(3, sizeof(*strings));

        strings[0] = strdup("a");
        strings[2] = strdup("b");
        via_strings_free(3, strings);
        via_strings_free(0, NULL);
        via_strings_free(5, NULL);
}

TEST(octets_free) {
        ProtobufCBinaryData *octets = calloc(2, sizeof(*octets));

        octets[1].data = malloc(3);
        octets[1].len = 3;
        via_octets_free(2, octets);
        via_octets_free(0, NULL);
        via_octets_free(5, NULL);
}

/* The number of a method is on the wire: it may never change. */
TEST(method_id) {
        CHECK(via_method_id("") == 0xcbf29ce484222325);
        CHECK(via_method_id("a") == 0xaf63dc4c8601ec8c);
        CHECK(via_method_id("foobar") == 0x85944171f73967e8);
        CHECK(via_method_id("hello.Greeter/greet") != via_method_id("hello.Greeter/greeT"));
}
