#pragma once
/*
 * types.h - message types as idlc makes them, written by hand, for tests of what is below it
 *
 * Between them they have every protobuf type under every label, and every rule.
 */
#include <via/message.h>

enum t_Sky { t_Sky_CLEAR = 0, t_Sky_CLOUDY = 1, t_Sky_RAIN = 2 };

struct t_Octets {                               /* sequence<octet> data; */
        ProtobufCMessage base;
        ProtobufCBinaryData data;
};

struct t_Point {
        ProtobufCMessage base;
        int32_t x, y;
};

/* one of each, not @optional; id 17 is a struct member */
struct t_Plain {
        ProtobufCMessage base;
        int32_t i32, s32, sf32;
        int64_t i64, s64, sf64;
        uint32_t u32, f32;
        uint64_t u64, f64;
        float flt;
        double dbl;
        protobuf_c_boolean boolean;
        enum t_Sky sky;
        char *string;
        ProtobufCBinaryData bytes;
        struct t_Point *point;
};

struct t_Optional {
        ProtobufCMessage base;
        protobuf_c_boolean has_i32;
        int32_t i32;
        protobuf_c_boolean has_s64;
        int64_t s64;
        protobuf_c_boolean has_f32;
        uint32_t f32;
        protobuf_c_boolean has_dbl;
        double dbl;
        protobuf_c_boolean has_boolean;
        protobuf_c_boolean boolean;
        protobuf_c_boolean has_sky;
        enum t_Sky sky;
        char *string;
        protobuf_c_boolean has_bytes;
        ProtobufCBinaryData bytes;
        struct t_Point *point;
};

struct t_Default {                              /* @default on each; ids with gaps */
        ProtobufCMessage base;
        int32_t i32;                            /* -42 */
        uint64_t u64;                           /* 1 << 40 */
        double dbl;                             /* 1.5 */
        protobuf_c_boolean boolean;             /* true */
        enum t_Sky sky;                         /* RAIN */
        char *string;                           /* "grüezi" */
};

/* unbounded sequences; 18 to 20 are numbers that are not packed */
struct t_Lists {
        ProtobufCMessage base;
        size_t n_i32;
        int32_t *i32;
        size_t n_s32;
        int32_t *s32;
        size_t n_sf32;
        int32_t *sf32;
        size_t n_i64;
        int64_t *i64;
        size_t n_s64;
        int64_t *s64;
        size_t n_sf64;
        int64_t *sf64;
        size_t n_u32;
        uint32_t *u32;
        size_t n_f32;
        uint32_t *f32;
        size_t n_u64;
        uint64_t *u64;
        size_t n_f64;
        uint64_t *f64;
        size_t n_flt;
        float *flt;
        size_t n_dbl;
        double *dbl;
        size_t n_boolean;
        protobuf_c_boolean *boolean;
        size_t n_sky;
        enum t_Sky *sky;
        size_t n_string;
        char **string;
        size_t n_bytes;
        ProtobufCBinaryData *bytes;
        size_t n_point;
        struct t_Point **point;
        size_t n_loose;
        uint32_t *loose;
        size_t n_loose64;
        uint64_t *loose64;
        size_t n_loose_dbl;
        double *loose_dbl;
};

struct t_Rules {                                /* everything that is narrow, bounded or exact */
        ProtobufCMessage base;
        uint32_t u8;
        uint32_t chr;
        uint32_t u16;
        int32_t i8;
        int32_t i16;
        char *name;                             /* string<8> */
        ProtobufCBinaryData blob;               /* sequence<octet, 5> */
        ProtobufCBinaryData mac;                /* octet[6] */
        size_t n_hourly;
        double *hourly;        /* sequence<double, 24> */
        size_t n_small;
        uint32_t *small;        /* sequence<octet>, as numbers: sequence<uint16, 3> */
        size_t n_names;
        char **names;           /* sequence<string<4>, 3> */
        size_t n_grid;
        int32_t *grid;           /* long[2][3] */
        size_t n_words;
        char **words;           /* string[2] */
        size_t n_corners;
        struct t_Point **corners;     /* Point[2] */
        struct t_Point *origin;                 /* Point */
        size_t n_signs;
        int32_t *signs;         /* sequence<int8> */
        protobuf_c_boolean has_key;
        ProtobufCBinaryData key;                /* @optional octet[4] */
};

struct t_Node {                                 /* recursive both ways */
        ProtobufCMessage base;
        struct t_Node *child;
        size_t n_children;
        struct t_Node **children;
        char *name;
        struct t_Rules *rules;                  /* @optional */
};

enum { T_WIDE = 150 };

/* 150 numbers, ids 3, 6, 9, ...; every fifth has the default 7 */
struct t_Wide {
        ProtobufCMessage base;
        int32_t v[T_WIDE];
};

struct t_Report {                               /* about 1.3 kB on the wire, see types_report() */
        ProtobufCMessage base;
        char *city;
        double celsius;
        enum t_Sky sky;
        size_t n_hourly;
        double *hourly;
        char *note;
        size_t n_ids;
        uint64_t *ids;
        size_t n_tags;
        char **tags;
        size_t n_track;
        struct t_Point **track;
        struct t_Plain *plain;
        ProtobufCBinaryData image;
};

struct t_Empty {
        ProtobufCMessage base;
};

enum { T_TYPES = 11 };                          /* in types_all[] */

extern const struct via_type t_Empty_type, t_Octets_type, t_Point_type, t_Plain_type,
        t_Optional_type, t_Default_type, t_Lists_type, t_Rules_type, t_Node_type, t_Wide_type,
        t_Report_type;

/* All of them. */
extern const struct via_type *const types_all[T_TYPES];

/* A report that is always the same; static. */
const struct t_Report *types_report(void);

/* A valid message of @type on the heap, the next one of the sequence that *@seed has begun. */
void *types_random(const struct via_type *type, uint64_t *seed);

/* The next number of that sequence. */
uint64_t types_next(uint64_t *seed);
