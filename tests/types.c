/*
 * types.c - message types as idlc makes them, written by hand
 */
#include <stdlib.h>
#include <string.h>
#include "types.h"

#define FIELD(S, name_, id_, label_, type_, quantifier_, desc_, default_, flags_) \
        { .name = #name_, .id = id_, .label = PROTOBUF_C_LABEL_##label_, .type = PROTOBUF_C_TYPE_##type_, \
          .quantifier_offset = quantifier_, .offset = offsetof(struct S, name_), .descriptor = desc_, \
          .default_value = default_, .flags = flags_ }

#define PLAIN(S, name, id, type, ...) FIELD(S, name, id, NONE, type, 0, __VA_ARGS__)
#define HAS(S, name, id, type, desc) \
        FIELD(S, name, id, OPTIONAL, type, offsetof(struct S, has_##name), desc, NULL, 0)
#define POINTER(S, name, id, type, desc) FIELD(S, name, id, OPTIONAL, type, 0, desc, NULL, 0)
#define DEFAULT(S, name, id, type, desc, value) \
        FIELD(S, name, id, REQUIRED, type, 0, desc, value, 0)
#define LIST(S, name, id, type, desc, flags) \
        FIELD(S, name, id, REPEATED, type, offsetof(struct S, n_##name), desc, NULL, flags)
#define PACKED(S, name, id, type, desc) LIST(S, name, id, type, desc, PROTOBUF_C_FIELD_FLAG_PACKED)

/*
 * What every type ends with: its ids are @first, @first + 1, ..., unless it has ranges of its
 * own.
 */
#define TYPE(S, ranges_, n_ranges_, rules_) \
        const struct via_type S##_type = { \
                .desc = { PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC, "t." #S, #S, #S, "t", sizeof(struct S), \
                          sizeof(S##_fields) / sizeof(*S##_fields), S##_fields, NULL, n_ranges_, ranges_, NULL, \
                          NULL, NULL, NULL }, \
                .rules = rules_, \
        };
#define TYPE_DENSE(S, rules_) \
        static const ProtobufCIntRange S##_ranges[] = { { 1, 0 }, { 0, sizeof(S##_fields) / sizeof(*S##_fields) } }; \
        TYPE(S, S##_ranges, 1, rules_)

static const ProtobufCEnumValue sky_values[] = { { "CLEAR", "t_Sky_CLEAR", 0 },
                                                 { "CLOUDY", "t_Sky_CLOUDY", 1 },
                                                 { "RAIN", "t_Sky_RAIN", 2 } };
static const ProtobufCIntRange sky_ranges[] = { { 0, 0 }, { 0, 3 } };
static const ProtobufCEnumDescriptor sky = { PROTOBUF_C__ENUM_DESCRIPTOR_MAGIC,
                                             "t.Sky",
                                             "Sky",
                                             "t_Sky",
                                             "t",
                                             3,
                                             sky_values,
                                             0,
                                             NULL,
                                             1,
                                             sky_ranges,
                                             NULL,
                                             NULL,
                                             NULL,
                                             NULL };

const struct via_type t_Empty_type = {
        .desc = { .magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC,
                  .name = "t.t_Empty",
                  .sizeof_message = sizeof(struct t_Empty) },
};

static const ProtobufCFieldDescriptor t_Octets_fields[] = {
        PLAIN(t_Octets, data, 1, BYTES, NULL, NULL, 0),
};
TYPE_DENSE(t_Octets, NULL)

static const ProtobufCFieldDescriptor t_Point_fields[] = {
        PLAIN(t_Point, x, 1, INT32, NULL, NULL, 0),
        PLAIN(t_Point, y, 2, INT32, NULL, NULL, 0),
};
TYPE_DENSE(t_Point, NULL)

static const ProtobufCFieldDescriptor t_Plain_fields[] = {
        PLAIN(t_Plain, i32, 1, INT32, NULL, NULL, 0),
        PLAIN(t_Plain, s32, 2, SINT32, NULL, NULL, 0),
        PLAIN(t_Plain, sf32, 3, SFIXED32, NULL, NULL, 0),
        PLAIN(t_Plain, i64, 4, INT64, NULL, NULL, 0),
        PLAIN(t_Plain, s64, 5, SINT64, NULL, NULL, 0),
        PLAIN(t_Plain, sf64, 6, SFIXED64, NULL, NULL, 0),
        PLAIN(t_Plain, u32, 7, UINT32, NULL, NULL, 0),
        PLAIN(t_Plain, f32, 8, FIXED32, NULL, NULL, 0),
        PLAIN(t_Plain, u64, 9, UINT64, NULL, NULL, 0),
        PLAIN(t_Plain, f64, 10, FIXED64, NULL, NULL, 0),
        PLAIN(t_Plain, flt, 11, FLOAT, NULL, NULL, 0),
        PLAIN(t_Plain, dbl, 12, DOUBLE, NULL, NULL, 0),
        PLAIN(t_Plain, boolean, 13, BOOL, NULL, NULL, 0),
        PLAIN(t_Plain, sky, 14, ENUM, &sky, NULL, 0),
        PLAIN(t_Plain, string, 15, STRING, NULL, protobuf_c_empty_string, 0),
        PLAIN(t_Plain, bytes, 16, BYTES, NULL, NULL, 0),
        PLAIN(t_Plain, point, 17, MESSAGE, &t_Point_type.desc, NULL, 0),
};
static const struct via_rule t_Plain_rules[17] = { [16] = { .flags = VIA_RULE_MEMBER } };
TYPE_DENSE(t_Plain, t_Plain_rules)

static const ProtobufCFieldDescriptor t_Optional_fields[] = {
        HAS(t_Optional, i32, 1, INT32, NULL),
        HAS(t_Optional, s64, 2, SINT64, NULL),
        HAS(t_Optional, f32, 3, FIXED32, NULL),
        HAS(t_Optional, dbl, 4, DOUBLE, NULL),
        HAS(t_Optional, boolean, 5, BOOL, NULL),
        HAS(t_Optional, sky, 6, ENUM, &sky),
        POINTER(t_Optional, string, 7, STRING, NULL),
        HAS(t_Optional, bytes, 8, BYTES, NULL),
        POINTER(t_Optional, point, 9, MESSAGE, &t_Point_type.desc),
};
TYPE_DENSE(t_Optional, NULL)

static const int32_t default_i32 = -42;
static const uint64_t default_u64 = (uint64_t)1 << 40;
static const double default_dbl = 1.5;
static const protobuf_c_boolean default_boolean = 1;
static const int default_sky = t_Sky_RAIN;
static const char default_string[] = "grüezi";

static const ProtobufCFieldDescriptor t_Default_fields[] = {
        DEFAULT(t_Default, i32, 2, INT32, NULL, &default_i32),
        DEFAULT(t_Default, u64, 3, UINT64, NULL, &default_u64),
        DEFAULT(t_Default, dbl, 16, DOUBLE, NULL, &default_dbl),
        DEFAULT(t_Default, boolean, 1000, BOOL, NULL, &default_boolean),
        DEFAULT(t_Default, sky, 1001, ENUM, &sky, &default_sky),
        DEFAULT(t_Default, string, 536870911, STRING, NULL, default_string),
};
static const ProtobufCIntRange t_Default_ranges[] = {
        { 2, 0 }, { 16, 2 }, { 1000, 3 }, { 536870911, 5 }, { 0, 6 }
};
TYPE(t_Default, t_Default_ranges, 4, NULL)

static const ProtobufCFieldDescriptor t_Lists_fields[] = {
        PACKED(t_Lists, i32, 1, INT32, NULL),
        PACKED(t_Lists, s32, 2, SINT32, NULL),
        PACKED(t_Lists, sf32, 3, SFIXED32, NULL),
        PACKED(t_Lists, i64, 4, INT64, NULL),
        PACKED(t_Lists, s64, 5, SINT64, NULL),
        PACKED(t_Lists, sf64, 6, SFIXED64, NULL),
        PACKED(t_Lists, u32, 7, UINT32, NULL),
        PACKED(t_Lists, f32, 8, FIXED32, NULL),
        PACKED(t_Lists, u64, 9, UINT64, NULL),
        PACKED(t_Lists, f64, 10, FIXED64, NULL),
        PACKED(t_Lists, flt, 11, FLOAT, NULL),
        PACKED(t_Lists, dbl, 12, DOUBLE, NULL),
        PACKED(t_Lists, boolean, 13, BOOL, NULL),
        PACKED(t_Lists, sky, 14, ENUM, &sky),
        LIST(t_Lists, string, 15, STRING, NULL, 0),
        LIST(t_Lists, bytes, 16, BYTES, NULL, 0),
        LIST(t_Lists, point, 17, MESSAGE, &t_Point_type.desc, 0),
        LIST(t_Lists, loose, 18, UINT32, NULL, 0),
        LIST(t_Lists, loose64, 19, SINT64, NULL, 0),
        LIST(t_Lists, loose_dbl, 20, DOUBLE, NULL, 0),
};
TYPE_DENSE(t_Lists, NULL)

static const ProtobufCFieldDescriptor t_Rules_fields[] = {
        PLAIN(t_Rules, u8, 1, UINT32, NULL, NULL, 0),
        PLAIN(t_Rules, chr, 2, UINT32, NULL, NULL, 0),
        PLAIN(t_Rules, u16, 3, UINT32, NULL, NULL, 0),
        PLAIN(t_Rules, i8, 4, INT32, NULL, NULL, 0),
        PLAIN(t_Rules, i16, 5, SINT32, NULL, NULL, 0),
        PLAIN(t_Rules, name, 6, STRING, NULL, protobuf_c_empty_string, 0),
        PLAIN(t_Rules, blob, 7, BYTES, NULL, NULL, 0),
        PLAIN(t_Rules, mac, 8, BYTES, NULL, NULL, 0),
        PACKED(t_Rules, hourly, 9, DOUBLE, NULL),
        PACKED(t_Rules, small, 10, UINT32, NULL),
        LIST(t_Rules, names, 11, STRING, NULL, 0),
        PACKED(t_Rules, grid, 12, INT32, NULL),
        LIST(t_Rules, words, 13, STRING, NULL, 0),
        LIST(t_Rules, corners, 14, MESSAGE, &t_Point_type.desc, 0),
        PLAIN(t_Rules, origin, 15, MESSAGE, &t_Point_type.desc, NULL, 0),
        PACKED(t_Rules, signs, 16, INT32, NULL),
        HAS(t_Rules, key, 17, BYTES, NULL),
};
static const struct via_rule t_Rules_rules[] = {
        { .kind = VIA_RULE_U8 },
        { .kind = VIA_RULE_CHAR },
        { .kind = VIA_RULE_U16 },
        { .kind = VIA_RULE_I8 },
        { .kind = VIA_RULE_I16 },
        { .length = 8 },
        { .count = 5 },
        { .count = 6, .flags = VIA_RULE_EXACT },
        { .count = 24 },
        { .count = 3, .kind = VIA_RULE_U16 },
        { .count = 3, .length = 4 },
        { .count = 6, .flags = VIA_RULE_EXACT },
        { .count = 2, .flags = VIA_RULE_EXACT },
        { .count = 2, .flags = VIA_RULE_EXACT },
        { .flags = VIA_RULE_MEMBER },
        { .kind = VIA_RULE_I8 },
        { .count = 4, .flags = VIA_RULE_EXACT },
};
TYPE_DENSE(t_Rules, t_Rules_rules)

static const ProtobufCFieldDescriptor t_Node_fields[] = {
        POINTER(t_Node, child, 1, MESSAGE, &t_Node_type.desc),
        LIST(t_Node, children, 2, MESSAGE, &t_Node_type.desc, 0),
        PLAIN(t_Node, name, 3, STRING, NULL, protobuf_c_empty_string, 0),
        POINTER(t_Node, rules, 4, MESSAGE, &t_Rules_type.desc),
};
TYPE_DENSE(t_Node, NULL)

#define WIDE(i, label_, default_) \
        { .name = "v" #i, .id = 3 * (i) + 3, .label = PROTOBUF_C_LABEL_##label_, .type = PROTOBUF_C_TYPE_INT32, \
          .offset = offsetof(struct t_Wide, v) + (i) * 4, .default_value = default_ }
#define WIDE5(i) \
        WIDE(i, NONE, NULL), WIDE(i + 1, NONE, NULL), WIDE(i + 2, NONE, NULL), WIDE(i + 3, NONE, NULL), \
        WIDE(i + 4, REQUIRED, &default_wide)
#define WIDE25(i) WIDE5(i), WIDE5(i + 5), WIDE5(i + 10), WIDE5(i + 15), WIDE5(i + 20)
#define RANGE(i) { 3 * (i) + 3, i }
#define RANGE5(i) RANGE(i), RANGE(i + 1), RANGE(i + 2), RANGE(i + 3), RANGE(i + 4)
#define RANGE25(i) RANGE5(i), RANGE5(i + 5), RANGE5(i + 10), RANGE5(i + 15), RANGE5(i + 20)

static const int32_t default_wide = 7;
static const ProtobufCFieldDescriptor t_Wide_fields[] = {
        WIDE25(0), WIDE25(25), WIDE25(50), WIDE25(75), WIDE25(100), WIDE25(125),
};
static const ProtobufCIntRange t_Wide_ranges[] = {
        RANGE25(0), RANGE25(25), RANGE25(50), RANGE25(75),
        RANGE25(100), RANGE25(125), { 0, T_WIDE },
};
TYPE(t_Wide, t_Wide_ranges, T_WIDE, NULL)

static const ProtobufCFieldDescriptor t_Report_fields[] = {
        PLAIN(t_Report, city, 1, STRING, NULL, protobuf_c_empty_string, 0),
        PLAIN(t_Report, celsius, 2, DOUBLE, NULL, NULL, 0),
        PLAIN(t_Report, sky, 3, ENUM, &sky, NULL, 0),
        PACKED(t_Report, hourly, 4, DOUBLE, NULL),
        POINTER(t_Report, note, 5, STRING, NULL),
        PACKED(t_Report, ids, 6, UINT64, NULL),
        LIST(t_Report, tags, 7, STRING, NULL, 0),
        LIST(t_Report, track, 8, MESSAGE, &t_Point_type.desc, 0),
        PLAIN(t_Report, plain, 9, MESSAGE, &t_Plain_type.desc, NULL, 0),
        PLAIN(t_Report, image, 10, BYTES, NULL, NULL, 0),
};
TYPE_DENSE(t_Report, NULL)

const struct via_type *const types_all[T_TYPES] = {
        &t_Octets_type, &t_Point_type, &t_Plain_type, &t_Optional_type,
        &t_Default_type, &t_Lists_type,  &t_Rules_type, &t_Node_type,
        &t_Wide_type, &t_Report_type, &t_Empty_type,
};

/* protobuf-c's members are not const. */
#define TEXT(s) ((char *)(uintptr_t)(s))

const struct t_Report *types_report(void) {
        static double hourly[24];
        static uint64_t ids[40];
        static char *tags[] = { TEXT("wind"),
                                TEXT("north-north-east"),
                                TEXT("gusts up to 90 km/h"),
                                TEXT("dry"),
                                TEXT("Föhn"),
                                TEXT("pressure falling") };
        static struct t_Point points[30], *track[30];
        static struct t_Plain plain;
        static struct t_Report report;
        static uint8_t image[256];

        for (int i = 0; i < 24; i++)
                hourly[i] = 21.25 - i;
        for (int i = 0; i < 40; i++)
                ids[i] = (uint64_t)1 << (i * 64 / 40);
        for (int i = 0; i < 30; i++) {
                via_message_init(&t_Point_type, &points[i]);
                points[i].x = 100 * i + 1;
                points[i].y = i - 3;
                track[i] = &points[i];
        }
        for (int i = 0; i < 256; i++)
                image[i] = (uint8_t)i;

        via_message_init(&t_Plain_type, &plain);
        plain.i32 = -1;
        plain.s32 = -70000;
        plain.sf32 = -3;
        plain.i64 = INT64_MIN;
        plain.s64 = -4;
        plain.sf64 = 5;
        plain.u32 = 6;
        plain.f32 = 7;
        plain.u64 = UINT64_MAX;
        plain.f64 = 8;
        plain.flt = 9.5f;
        plain.dbl = -10.5;
        plain.boolean = 1;
        plain.sky = t_Sky_CLOUDY;
        plain.string = TEXT("the quick brown fox jumps over the lazy dog");
        plain.point = &points[2];

        via_message_init(&t_Report_type, &report);
        report.city = TEXT("Seoul (서울)");
        report.celsius = 21.5;
        report.sky = t_Sky_RAIN;
        report.n_hourly = 24;
        report.hourly = hourly;
        report.note = TEXT(
                "A long note, as people write them when there is room enough for it and nobody stops them.");
        report.n_ids = 40;
        report.ids = ids;
        report.n_tags = 6;
        report.tags = tags;
        report.n_track = 30;
        report.track = track;
        report.plain = &plain;
        report.image = (ProtobufCBinaryData){ 256, image };
        return &report;
}

/* --- random ones --- */

uint64_t types_next(uint64_t *seed) {
        uint64_t z = *seed += 0x9e3779b97f4a7c15;       /* splitmix64 */

        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
        z = (z ^ z >> 27) * 0x94d049bb133111eb;
        return z ^ z >> 31;
}

static size_t below(uint64_t *seed, size_t n) {
        return n ? types_next(seed) % n : 0;
}

/* A number of random length, and now and then an extreme one. */
static uint64_t random_bits(uint64_t *seed) {
        uint64_t v = types_next(seed) >> below(seed, 64);

        return below(seed, 4) ? v : ~v;
}

static char *random_string(uint64_t *seed, size_t most) {
        static const char *const parts[] = { "a", "Z", "é", "~", "€",
                                             "\x7f", "서", "😀", "\U0010ffff", "\x01" };
        size_t want = below(seed, 40), n = 0;
        char *s = calloc(1, 200);

        while (s && n < want) {
                const char *part =
                        parts[below(seed, below(seed, 2) ? 2 : sizeof(parts) / sizeof(*parts))];

                if (most && n + strlen(part) > most)
                        break;
                memcpy(s + n, part, strlen(part));
                n += strlen(part);
        }
        return s;
}

static void *random_message(const struct via_type *type, uint64_t *seed, int depth);

static void random_value(const ProtobufCFieldDescriptor *f, const struct via_rule *rule,
                         void *to, uint64_t *seed, int depth) {
        ProtobufCBinaryData *bytes = to;
        uint64_t v = random_bits(seed);

        switch (f->type) {
        case PROTOBUF_C_TYPE_STRING:
                *(char **)to = random_string(seed, rule->length);
                return;
        case PROTOBUF_C_TYPE_BYTES:
                bytes->len = rule->flags & VIA_RULE_EXACT
                                     ? rule->count
                                     : below(seed, rule->count ? rule->count + 1 : 40);
                bytes->data = bytes->len ? malloc(bytes->len) : NULL;
                for (size_t i = 0; i < bytes->len; i++)
                        bytes->data[i] = (uint8_t)types_next(seed);
                return;
        case PROTOBUF_C_TYPE_MESSAGE:
                *(void **)to =
                        random_message((const struct via_type *)f->descriptor, seed, depth - 1);
                return;
        case PROTOBUF_C_TYPE_BOOL:
                *(protobuf_c_boolean *)to = (protobuf_c_boolean)(v & 1);
                return;
        case PROTOBUF_C_TYPE_FLOAT:
                *(float *)to = (float)(int64_t)v;
                return;
        case PROTOBUF_C_TYPE_DOUBLE:
                *(double *)to = (double)(int64_t)v;
                return;
        case PROTOBUF_C_TYPE_INT64:
        case PROTOBUF_C_TYPE_SINT64:
        case PROTOBUF_C_TYPE_SFIXED64:
        case PROTOBUF_C_TYPE_UINT64:
        case PROTOBUF_C_TYPE_FIXED64:
                *(uint64_t *)to = v;
                return;
        default:
                break;
        }
        switch (rule->kind) {
        case VIA_RULE_U8:
        case VIA_RULE_CHAR:
                v = (uint8_t)v;
                break;
        case VIA_RULE_U16:
                v = (uint16_t)v;
                break;
        case VIA_RULE_I8:
                v = (uint64_t)(int8_t)v;
                break;
        case VIA_RULE_I16:
                v = (uint64_t)(int16_t)v;
                break;
        default:
                break;
        }
        *(uint32_t *)to = (uint32_t)v;
}

static size_t value_size(ProtobufCType type) {
        switch (type) {
        case PROTOBUF_C_TYPE_STRING:
        case PROTOBUF_C_TYPE_MESSAGE:
                return sizeof(void *);
        case PROTOBUF_C_TYPE_BYTES:
                return sizeof(ProtobufCBinaryData);
        case PROTOBUF_C_TYPE_INT64:
        case PROTOBUF_C_TYPE_SINT64:
        case PROTOBUF_C_TYPE_SFIXED64:
        case PROTOBUF_C_TYPE_UINT64:
        case PROTOBUF_C_TYPE_FIXED64:
        case PROTOBUF_C_TYPE_DOUBLE:
                return 8;
        default:
                return 4;
        }
}

static void random_array(const ProtobufCFieldDescriptor *f, const struct via_rule *rule,
                         uint8_t *m, uint64_t *seed, int depth) {
        struct via_rule each = { .count = rule->length,
                                 .length = rule->length,
                                 .kind = rule->kind };
        size_t n = rule->flags & VIA_RULE_EXACT
                           ? rule->count
                           : below(seed, rule->count ? rule->count + 1 : 20);
        uint8_t *values;

        if (n == 0 || (f->type == PROTOBUF_C_TYPE_MESSAGE && depth == 0))
                return;
        values = calloc(n, value_size(f->type));
        for (size_t i = 0; i < n; i++)
                random_value(f, &each, values + i * value_size(f->type), seed, depth);
        *(size_t *)(void *)(m + f->quantifier_offset) = n;
        *(void **)(void *)(m + f->offset) = values;
}

static void *random_message(const struct via_type *type, uint64_t *seed, int depth) {
        static const struct via_rule none;
        uint8_t *m = malloc(type->desc.sizeof_message);

        via_message_init(type, m);
        for (unsigned i = 0; i < type->desc.n_fields; i++) {
                const ProtobufCFieldDescriptor *f = &type->desc.fields[i];
                const struct via_rule *rule = type->rules ? &type->rules[i] : &none;

                if (below(seed, 3) == 0 || (f->type == PROTOBUF_C_TYPE_MESSAGE && depth == 0))
                        continue;
                if (f->label == PROTOBUF_C_LABEL_REPEATED) {
                        random_array(f, rule, m, seed, depth);
                        continue;
                }
                random_value(f, rule, m + f->offset, seed, depth);
                if (f->label == PROTOBUF_C_LABEL_OPTIONAL && f->type != PROTOBUF_C_TYPE_STRING &&
                    f->type != PROTOBUF_C_TYPE_MESSAGE)
                        *(protobuf_c_boolean *)(void *)(m + f->quantifier_offset) = 1;
        }
        return m;
}

void *types_random(const struct via_type *type, uint64_t *seed) {
        return random_message(type, seed, 2);
}
