/*
 * test_generated.c - what idlc makes of tests/idl/everything.idl is right for the codec and for
 * protobuf-c
 */
#include "everything.h"
#include "test.h"

#define N(array) (sizeof(array) / sizeof(*(array)))

/* The bytes of @message, on the heap; the codec and protobuf-c must write the same. */
static uint8_t *encode(const struct via_type *type, const void *message, size_t *ret_size) {
        struct via_error err = VIA_ERROR_INIT;
        uint8_t *bytes, *theirs;
        size_t size = 0;

        if (via_message_size(type, message, &size, &err)) {
                test_fail(__FILE__, __LINE__, "%s: %s", type->desc.name, err.message);
                exit(TEST_FAILED);
        }
        bytes = malloc(size + 1);
        theirs = malloc(size + 1);
        via_message_encode(type, message, bytes, size);
        REQUIRE(protobuf_c_message_get_packed_size(message) == size);
        CHECK(protobuf_c_message_pack(message, theirs) == size);
        CHECK(memcmp(bytes, theirs, size) == 0);
        free(theirs);
        *ret_size = size;
        return bytes;
}

/*
 * There and back by either, and a copy: all of them say the same as @message. Frees nothing of
 * it.
 */
static void goes_round(const struct via_type *type, void *message) {
        struct via_arena *arena = via_arena_new(0);
        struct via_error err = VIA_ERROR_INIT;
        void *back = malloc(type->desc.sizeof_message), *copy;
        ProtobufCMessage *theirs;
        uint8_t *bytes;
        size_t size;

        CHECK(protobuf_c_message_check(message));
        bytes = encode(type, message, &size);
        REQUIRE(via_message_decode(type, bytes, size, NULL, arena, back, &err) == 0);
        CHECK(via_message_equal(type, message, back));

        theirs = protobuf_c_message_unpack(&type->desc, NULL, size, bytes);
        REQUIRE(theirs != NULL);
        CHECK(via_message_equal(type, message, theirs));
        protobuf_c_message_free_unpacked(theirs, NULL);

        copy = via_message_dup(type, back, NULL);
        REQUIRE(copy != NULL);
        CHECK(via_message_equal(type, message, copy));
        via_message_free(type, copy);
        via_message_fini(type, message);

        free(bytes);
        free(back);
        via_arena_free(arena);
}

#define GOES_ROUND(T, message) goes_round(&T##_type, message)

static char *text(const char *s) {
        char *copy = strdup(s);

        REQUIRE(copy != NULL);
        return copy;
}

static void *copy_of(const void *data, size_t size) {
        void *copy = malloc(size);

        REQUIRE(copy != NULL);
        return memcpy(copy, data, size);
}

/* Gives a repeated member a copy of the elements listed. */
#define FILL(message, member, type, ...) do { \
        const type fill_[] = { __VA_ARGS__ }; \
        (message)->n_##member = N(fill_); \
        (message)->member = copy_of(fill_, sizeof(fill_)); \
} while (0)

#define BYTES(s) { sizeof(s) - 1, copy_of(s, sizeof(s) - 1) }

static struct all_Point *point(double x, double y) {
        struct all_Point *p = malloc(sizeof(*p));

        REQUIRE(p != NULL);
        all_Point_init(p);
        p->x = x;
        p->y = y;
        return p;
}

static struct all_Row *row(int32_t first, size_t n) {
        struct all_Row *r = malloc(sizeof(*r));

        REQUIRE(r != NULL);
        all_Row_init(r);
        r->n_v = n;
        r->v = n ? malloc(n * sizeof(*r->v)) : NULL;
        for (size_t i = 0; i < n; i++)
                r->v[i] = first + (int32_t)i;
        return r;
}

TEST(constants_have_their_values) {
        CHECK(all_YES == true);
        CHECK_INT(all_LETTER, ==, 'x');
        CHECK_INT(all_BYTE, ==, 255);
        CHECK_INT(all_TINY, ==, -128);
        CHECK_INT(all_SMALL, ==, INT16_MIN);
        CHECK_INT(all_SHORTS, ==, UINT16_MAX);
        CHECK_INT(all_LEAST, ==, INT32_MIN);
        CHECK(sizeof(all_LEAST) == sizeof(int));
        CHECK(all_MOST == UINT32_MAX);
        CHECK(all_DEEP == INT64_MIN);
        CHECK(all_HIGH == UINT64_MAX);
        CHECK(all_HALF == 0.5f);
        CHECK(sizeof(all_HALF) == sizeof(float));
        CHECK(all_TENTH == 0.1);
        CHECK_STR(all_GREETING, "h\"i\\ ?" "?= \n\xc3\xa9");
        CHECK_INT(all_SUM, ==, 22);
        CHECK_INT(all_USUAL, ==, all_Sky_CLOUDY);
        CHECK_INT(all_Everything_LIMIT, ==, 3);
}

TEST(bounds_are_told) {
        CHECK_INT(all_Word_MAX, ==, 8);
        CHECK_INT(all_Row_MAX, ==, 4);
        CHECK_INT(all_Matrix_LEN, ==, 6);
        CHECK_INT(all_Matrices_LEN, ==, 12);
        CHECK_INT(all_Mac_LEN, ==, 6);
        CHECK_INT(all_Many_bytes_MAX, ==, 9);
        CHECK_INT(all_Many_words_MAX, ==, 4);
        CHECK_INT(all_Many_grid_LEN, ==, 6);
        CHECK_INT(all_Many_image_LEN, ==, 6);
        CHECK_INT(all_Optionals_s_MAX, ==, 8);
        CHECK(sizeof(all_Number) == 4);
}

TEST(enums_have_names) {
        enum all_Level level = all_Level_MIDDLE;
        enum all_Sky sky = all_Sky_RAIN;

        CHECK_INT(all_Sky_COUNT, ==, 3);
        CHECK_STR(all_Sky_to_string(all_Sky_CLOUDY), "CLOUDY");
        CHECK(all_Sky_to_string((enum all_Sky)3) == NULL);
        CHECK(all_Sky_from_string("CLEAR", &sky) && sky == all_Sky_CLEAR);
        CHECK(!all_Sky_from_string("clear", &sky));

        for (unsigned i = 0; i < all_Mixed_COUNT; i++) {
                const ProtobufCEnumValue *value = &all_Mixed_descriptor.values[i];
                enum all_Mixed mixed;

                CHECK(all_Mixed_from_string(value->name, &mixed) && (int)mixed == value->value);
                CHECK_STR(all_Mixed_to_string((enum all_Mixed)value->value), value->name);
                CHECK(protobuf_c_enum_descriptor_get_value(&all_Mixed_descriptor,
                                                           value->value) == value);
        }
        CHECK_INT(all_Mixed_SEVEN, ==, 7);

        CHECK_INT(all_Level_LOW, ==, -5);
        CHECK_STR(all_Level_to_string(all_Level_TOP), "TOP");
        CHECK_STR(all_Level_to_string(all_Level_LOW), "LOW");
        CHECK(all_Level_to_string((enum all_Level)0) == NULL);
        CHECK(all_Level_from_string("TOP", &level) && level == all_Level_TOP);
        CHECK(!all_Level_from_string("", &level) && level == all_Level_TOP);
        CHECK(protobuf_c_enum_descriptor_get_value(&all_Level_descriptor, 10)->value == 10);
        CHECK(protobuf_c_enum_descriptor_get_value(&all_Level_descriptor, 11) == NULL);
        CHECK(protobuf_c_enum_descriptor_get_value(&all_Level_descriptor, -5)->value == -5);
}

/* Every field is found by its number and by its name, and nothing else is. */
static void can_be_searched(const ProtobufCMessageDescriptor *desc) {
        CHECK_INT(desc->magic, ==, PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC);
        for (unsigned i = 0; i < desc->n_fields; i++) {
                const ProtobufCFieldDescriptor *field = &desc->fields[i];

                CHECK(i == 0 || field->id > desc->fields[i - 1].id);
                CHECK(protobuf_c_message_descriptor_get_field(desc, field->id) == field);
                CHECK(protobuf_c_message_descriptor_get_field_by_name(desc, field->name) == field);
        }
        CHECK(protobuf_c_message_descriptor_get_field(desc, 77) == NULL);
        CHECK(protobuf_c_message_descriptor_get_field_by_name(desc, "nobody") == NULL);
}

TEST(descriptors_can_be_searched) {
        can_be_searched(&all_Scalars_type.desc);
        can_be_searched(&all_Optionals_type.desc);
        can_be_searched(&all_Defaults_type.desc);
        can_be_searched(&all_Many_type.desc);
        can_be_searched(&all_Ids_type.desc);
        can_be_searched(&all_More_type.desc);
        can_be_searched(&all_Empty_type.desc);
        CHECK_STR(all_Everything_Inner_type.desc.name, "all.Everything.Inner");
        CHECK_STR(all_Everything_Inner_type.desc.short_name, "Inner");
        CHECK_STR(all_Everything_Inner_type.desc.package_name, "all");
        CHECK_INT(all_Ids_type.desc.fields[2].id, ==, 4);
        CHECK_STR(all_Ids_type.desc.fields[2].name, "four");
}

TEST(both_ways_of_init_agree) {
        struct all_Defaults ours, theirs;

        all_Defaults_init(&ours);
        protobuf_c_message_init(&all_Defaults_type.desc, &theirs);
        CHECK(ours.b && ours.c == 'q' && ours.o == 200 && ours.i32 == -7 && ours.u64 == UINT64_MAX);
        CHECK(ours.f == 1.5f && ours.d == -0.1 && ours.sky == all_Sky_RAIN && ours.zero == 0);
        CHECK_STR(ours.s, "none \"yet\"");
        CHECK(all_Defaults_equal(&ours, &theirs));
        GOES_ROUND(all_Defaults, &ours);
        all_Defaults_fini(&theirs);             /* and defaults are not freed */
        CHECK_STR(theirs.s, "none \"yet\"");
}

/* What is said is not taken for the default; what is not sent is. */
TEST(defaults_are_not_confused_with_zero) {
        struct via_arena *arena = via_arena_new(0);
        struct via_error err = VIA_ERROR_INIT;
        struct all_Defaults d, zero;
        struct all_Scalars s;

        all_Defaults_init(&zero);
        zero.b = false;
        zero.c = zero.o = 0;
        zero.i32 = 0;
        zero.u64 = 0;
        zero.f = 0;
        zero.d = 0;
        zero.s = text("");
        zero.sky = all_Sky_CLEAR;
        GOES_ROUND(all_Defaults, &zero);

        CHECK(via_message_decode(&all_Defaults_type, "", 0, NULL, arena, &d, &err) == 0);
        CHECK(d.i32 == -7 && d.sky == all_Sky_RAIN);
        CHECK(via_message_decode(&all_Scalars_type, "", 0, NULL, arena, &s, &err) == 0);
        CHECK(s.level == all_Level_LOW && s.sky == all_Sky_CLEAR && s.point && s.s);
        via_arena_free(arena);
}

TEST(scalars_go_round) {
        struct all_Scalars s;

        all_Scalars_init(&s);
        CHECK_INT(s.level, ==, all_Level_LOW);
        GOES_ROUND(all_Scalars, &s);

        s.b = true;
        s.c = 0xff;
        s.o = 255;
        s.i8 = -128;
        s.u8 = 255;
        s.i16 = INT16_MIN;
        s.u16 = UINT16_MAX;
        s.i32 = INT32_MIN;
        s.u32 = UINT32_MAX;
        s.i64 = INT64_MIN;
        s.u64 = UINT64_MAX;
        s.f = -1.5f;
        s.d = 1e300;
        s.s = text("grün");
        s.sky = all_Sky_RAIN;
        s.level = all_Level_TOP;
        s.point = point(1, -2);
        GOES_ROUND(all_Scalars, &s);
}

TEST(optionals_go_round) {
        struct all_Optionals o;

        all_Optionals_init(&o);
        CHECK(!o.has_b && !o.s && !o.point && !o.names && !o.three && !o.row);
        GOES_ROUND(all_Optionals, &o);

        /* there, but zero or empty: not the same as not there */
        o.has_b = o.has_c = o.has_o = o.has_i32 = o.has_u64 = o.has_d = o.has_level =
                o.has_bytes = true;
        o.level = (enum all_Level)0;
        o.s = text("");
        o.point = point(0, 0);
        o.names = malloc(sizeof(*o.names));
        all_Optionals_names_value_init(o.names);
        o.three = malloc(sizeof(*o.three));
        all_Optionals_three_value_init(o.three);
        FILL(o.three, v, int32_t, 1, 2, 3);
        o.row = row(5, 2);
        GOES_ROUND(all_Optionals, &o);
}

static void fill_many(struct all_Many *m) {
        all_Many_init(m);
        FILL(m, bs, protobuf_c_boolean, true, false, true);
        FILL(m, cs, uint32_t, 'a', 0, 255);
        m->bytes = (ProtobufCBinaryData)BYTES("\0\1\377");
        FILL(m, u8s, uint32_t, 0, 255);
        FILL(m, i16s, int32_t, INT16_MIN, -1, 0, 1, INT16_MAX);
        FILL(m, i64s, int64_t, INT64_MIN, INT64_MAX);
        FILL(m, fs, float, 0.5f, -0.0f);
        FILL(m, ds, double, 0.1);
        FILL(m, words, char *, text("eight888"), text(""));
        FILL(m, skies, enum all_Sky, all_Sky_RAIN, all_Sky_CLEAR, (enum all_Sky)99);
        FILL(m, points, struct all_Point *, point(1, 2), point(0, 0));
        FILL(m, blobs, ProtobufCBinaryData, BYTES("four"), BYTES(""));
        m->mac = (ProtobufCBinaryData)BYTES("\1\2\3\4\5\6");
        m->image = (ProtobufCBinaryData)BYTES("\1\2\3\4\5\6");
        FILL(m, grid, int32_t, 1, 2, 3, 4, 5, 6);
        FILL(m, matrices, double, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
        FILL(m, names, char *, text("a"), text("b"));
        FILL(m, corners, struct all_Point *, point(1, 2), point(3, 4));
        FILL(m, row, int32_t, 1, 2, 3, 4);
        FILL(m, table, struct all_Row *, row(1, 2), row(0, 0), row(-3, 4));
        FILL(m, pairs, struct all_Many_pairs_item *, malloc(sizeof(**m->pairs)),
             malloc(sizeof(**m->pairs)));
        for (size_t i = 0; i < m->n_pairs; i++)
                all_Many_pairs_item_init(m->pairs[i]);
        FILL(m->pairs[1], v, int32_t, 7, 8);
        FILL(m, macs, struct all_Mac *, malloc(sizeof(**m->macs)));
        all_Mac_init(m->macs[0]);
        m->macs[0]->v = (ProtobufCBinaryData)BYTES("abcdef");
        FILL(m, deep, struct all_Many_deep_item *, malloc(sizeof(**m->deep)));
        all_Many_deep_item_init(m->deep[0]);
        FILL(m->deep[0], v, struct all_Many_deep_item_item *, malloc(sizeof(**m->deep[0]->v)));
        all_Many_deep_item_item_init(m->deep[0]->v[0]);
        FILL(m->deep[0]->v[0], v, struct all_Point *, point(5, 6));
}

TEST(many_go_round) {
        struct all_Many m;

        fill_many(&m);
        GOES_ROUND(all_Many, &m);
}

TEST(ids_and_bases_go_round) {
        struct all_Ids ids;
        struct all_More more;
        struct all_Empty empty;

        all_Ids_init(&ids);
        ids.hundred = 100;
        ids.three = 3;
        ids.four = 4;
        ids.one = 1;
        ids.last = -1;
        GOES_ROUND(all_Ids, &ids);

        all_More_init(&more);
        more.a = 1;
        more.b = 2;
        more.c = text("three");
        CHECK_INT(all_More_type.desc.fields[2].id, ==, 3);
        GOES_ROUND(all_More, &more);

        all_Empty_init(&empty);
        GOES_ROUND(all_Empty, &empty);
}

TEST(recursion_goes_round) {
        struct all_Node root, *child = malloc(sizeof(*child)), *copy;

        all_Node_init(&root);
        all_Node_init(child);
        child->value = 2;
        child->label = text("leaf");
        FILL(&root, children, struct all_Node *, child);
        copy = all_Node_dup(&root);
        CHECK(all_Node_equal(&root, copy));
        copy->children[0]->value = 3;
        CHECK(!all_Node_equal(&root, copy));
        all_Node_free(copy);
        all_Node_free(NULL);
        GOES_ROUND(all_Node, &root);
}

/* What the .idl forbids is not sent, and the error names the member. */
#define REFUSED(T, member, ...) do { \
        struct via_error err_ = VIA_ERROR_INIT; \
        size_t size_ = 77; \
        struct T m_; \
        T##_init(&m_); \
        { __VA_ARGS__ } \
        CHECK_INT(via_message_size(&T##_type, &m_, &size_, &err_), ==, VIA_INVALID_ARGUMENT); \
        CHECK(err_.message && strstr(err_.message, member)); \
        via_error_fini(&err_); \
        T##_fini(&m_); \
} while (0)

TEST(rules_are_kept) {
        REFUSED(all_Scalars, "all.Scalars.c", m_.c = 256;);
        REFUSED(all_Scalars, "all.Scalars.o", m_.o = 256;);
        REFUSED(all_Scalars, "all.Scalars.i8", m_.i8 = 128;);
        REFUSED(all_Scalars, "all.Scalars.u8", m_.u8 = 256;);
        REFUSED(all_Scalars, "all.Scalars.i16", m_.i16 = -32769;);
        REFUSED(all_Scalars, "all.Scalars.u16", m_.u16 = 65536;);
        REFUSED(all_Optionals, "all.Optionals.s", m_.s = text("nine99999"););
        REFUSED(all_Many, "all.Many.bytes", m_.bytes = (ProtobufCBinaryData)BYTES("0123456789"););
        REFUSED(all_Many, "all.Many.words", FILL(&m_, words, char *, text("nine99999")););
        REFUSED(all_Many, "all.Many.words", FILL(&m_, words, char *, 0, 0, 0, 0, 0););
        REFUSED(all_Many, "all.Many.u8s", FILL(&m_, u8s, uint32_t, 256););
        REFUSED(all_Many, "all.Many.i16s", FILL(&m_, i16s, int32_t, 1, 2, 3, 4, 5, 6););
        REFUSED(all_Many, "all.Many.blobs", FILL(&m_, blobs, ProtobufCBinaryData, BYTES("5five")););
        REFUSED(all_Many, "all.Many.mac", m_.mac = (ProtobufCBinaryData)BYTES("12345"););
        REFUSED(all_Many, "all.Many.grid", FILL(&m_, grid, int32_t, 1, 2, 3, 4, 5););
        REFUSED(all_Many, "all.Many.matrices", FILL(&m_, matrices, double, 1, 2););
        REFUSED(all_Row, "all.Row.v", FILL(&m_, v, int32_t, 1, 2, 3, 4, 5););
}

TEST(interfaces_say_what_they_have) {
        const struct via_interface *e = &all_Everything_interface;
        const struct via_method *quick = NULL, *tell = NULL;

        CHECK_STR(e->name, "all.Everything");
        CHECK_STR(e->methods[0].name, "all.Everything/echo");
        CHECK_STR(e->methods[1].name, "all.Everything/left");
        CHECK_STR(e->methods[2].name, "all.Everything/right");
        for (unsigned i = 0; i < e->n_methods; i++) {
                CHECK(e->methods[i].id == via_method_id(e->methods[i].name));
                if (!strcmp(e->methods[i].name, "all.Everything/quick"))
                        quick = &e->methods[i];
                if (!strcmp(e->methods[i].name, "all.Everything/tell"))
                        tell = &e->methods[i];
        }
        REQUIRE(quick && tell);
        CHECK_INT(quick->timeout_ms, ==, 250);
        CHECK_INT(quick->flags, ==, VIA_METHOD_IDEMPOTENT);
        CHECK(tell->response == NULL && tell->flags == 0);
        CHECK_INT(e->methods[3].n_raises, ==, 3);
        CHECK(e->methods[3].raises[0] == &all_Refused_type);
        CHECK(e->methods[3].raises[2] == &all_Everything_Own_type);
}

static int size_of(const struct all_Ranges *ranges, struct via_error *err) {
        size_t size;

        return via_message_size(&all_Ranges_type, ranges, &size, err);
}

/* The least and the most of each is sent; beyond that nothing is, and the field is named. */
TEST(ranges_are_checked_when_sent) {
        struct via_error err = VIA_ERROR_INIT;
        struct all_Ranges r;

        all_Ranges_init(&r);
        CHECK_INT(r.i16, ==, 7);
        CHECK_INT(size_of(&r, &err), ==, VIA_INVALID_ARGUMENT);
        CHECK_STR(err.message, "all.Ranges.o: 0 is not within 1 to 10");
        r.o = 1;
        CHECK_INT(size_of(&r, &err), ==, VIA_INVALID_ARGUMENT);
        CHECK_STR(err.message, "all.Ranges.c: 0 is not within 97 to 255");
        r.c = 'a';
        CHECK_INT(size_of(&r, NULL), ==, VIA_OK);

#define ENDS(member, least, most, below, above) \
        do { \
                r.member = least; \
                CHECK_INT(size_of(&r, NULL), ==, VIA_OK); \
                r.member = below; \
                CHECK_INT(size_of(&r, NULL), ==, VIA_INVALID_ARGUMENT); \
                r.member = above; \
                CHECK_INT(size_of(&r, NULL), ==, VIA_INVALID_ARGUMENT); \
                r.member = most; \
                CHECK_INT(size_of(&r, NULL), ==, VIA_OK); \
        } while (0)
        ENDS(o, 1, 10, 0, 11);
        ENDS(i32, -5, INT32_MAX, -6, INT32_MIN);
        ENDS(u64, 0, UINT64_C(9223372036854775809), UINT64_MAX, UINT64_C(9223372036854775810));
        ENDS(f, -0.5f, 1, -0.75f, 1.5f);
        ENDS(d, -1e300, 2.5, __builtin_nan(""), 2.6);
        ENDS(i16, 5, 9, 4, 10);
        r.i64 = 99;
        CHECK_INT(size_of(&r, NULL), ==, VIA_OK);       /* it is not there */
        r.has_i64 = true;
        ENDS(i64, 100, 200, 99, 201);
        via_error_fini(&err);
}

static int decode(const struct via_type *type, const char *bytes, size_t size,
                  struct via_error *err) {
        struct via_arena *arena = via_arena_new(0);
        uint8_t message[512];
        int r = via_message_decode(type, bytes, size, NULL, arena, message, err);

        via_arena_free(arena);
        return r;
}

/* Whatever way the bytes go, and what is not in them is zero, which may be outside. */
TEST(ranges_are_checked_when_received) {
        struct via_error err = VIA_ERROR_INIT;

        CHECK_INT(decode(&all_Ranges_type, "\x08\x0a\x38\x05\x40\x61", 6, &err), ==, VIA_OK);
        CHECK_INT(decode(&all_Ranges_type, "\x40\x61\x38\x05\x08\x01", 6, &err), ==, VIA_OK);
        CHECK_INT(decode(&all_Ranges_type, "\x08\x0b\x38\x05\x40\x61", 6, &err), ==,
                  VIA_INVALID_ARGUMENT);
        CHECK(strstr(err.message, "all.Ranges.o") &&
              strstr(err.message, "11 is not within 1 to 10"));
        CHECK_INT(decode(&all_Ranges_type, "\x08\x0a\x38\x05", 4, &err), ==, VIA_INVALID_ARGUMENT);
        CHECK(strstr(err.message, "all.Ranges.c"));
        CHECK_INT(decode(&all_Ranges_type, "\x08\x0a\x30\x63\x40\x61", 6, &err), ==,
                  VIA_INVALID_ARGUMENT);
        CHECK(strstr(err.message, "99 is not within 100 to 200"));

        /* All there and in order, which is read without looking for what is missing. */
#define ALL "\x08\x0a\x10\x01\x18\x01\x25\0\0\0\x3f\x29\0\0\0\0\0\0\xf0\x3f\x30\x96\x01\x38\x05\x40"
        CHECK_INT(decode(&all_Ranges_type, ALL "\x61", sizeof(ALL), &err), ==, VIA_OK);
        CHECK_INT(decode(&all_Ranges_type, ALL "\x60", sizeof(ALL), &err), ==,
                  VIA_INVALID_ARGUMENT);
        CHECK(strstr(err.message, "96 is not within 97 to 255"));

        /* Inside another, and made up there. */
        CHECK_INT(decode(&all_Ranged_type, "\x08\x01\x12\x04\x08\x0a\x40\x61", 8, &err), ==,
                  VIA_OK);
        CHECK_INT(decode(&all_Ranged_type, "\x08\x01\x12\x04\x08\x0b\x40\x61", 8, &err), ==,
                  VIA_INVALID_ARGUMENT);
        CHECK_INT(decode(&all_Ranged_type, "\x08\x01", 2, &err), ==, VIA_INVALID_ARGUMENT);
        CHECK(strstr(err.message, "all.Ranges.o"));
        via_error_fini(&err);
}
