#pragma once
/*
 * codec.h - what the two directions of the codec share: protobuf's wire format and the rules of
 * a type
 *
 * Messages are walked by their descriptors. Every number is checked against its type's rules
 * before it is sent and after it has come. Nothing here keeps state, and nothing remembers a
 * byte of the wire.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <via/message.h>

enum {
        VIA_WIRE_VARINT = 0,
        VIA_WIRE_64     = 1,
        VIA_WIRE_LEN    = 2,
        VIA_WIRE_GROUP  = 3,
        VIA_WIRE_END    = 4,
        VIA_WIRE_32     = 5,
};

enum {
        /* bytes of a message on the wire, whatever the limits say */
        VIA_MESSAGE_MOST = 1 << 30,
        VIA_DEPTH_MOST   = 1000,        /* levels of messages in a message */
};

/* What the codec needs to know of a protobuf type. */
struct via_form {
        uint8_t wire;
        uint8_t size;                           /* of a value in memory */
};

extern const struct via_form via_forms[PROTOBUF_C_TYPE_MESSAGE + 1];    /* by ProtobufCType */
extern const struct via_rule via_no_rule;

static inline const struct via_rule *via_rule_of(const struct via_type *type, unsigned index) {
        return type->rules ? &type->rules[index] : &via_no_rule;
}

/* The rule for each element of an array whose rule is @rule. */
static inline struct via_rule via_rule_each(const struct via_rule *rule) {
        return (struct via_rule){ rule->length, rule->length, rule->kind, 0 };
}

static inline const struct via_type *via_type_of(const ProtobufCFieldDescriptor *field) {
        return (const struct via_type *)field->descriptor;      /* desc is its first member */
}

/* Whether a repeated @field can be packed: all but strings, bytes and messages. */
static inline bool via_is_number(const ProtobufCFieldDescriptor *field) {
        return field->type < PROTOBUF_C_TYPE_STRING;
}

/* The members of a message, by the offsets of its descriptor. */
#define VIA_AT(T, message, offset) (*(T *)(void *)((uint8_t *)(message) + (offset)))
#define VIA_AT_CONST(T, message, offset) \
        (*(const T *)(const void *)((const uint8_t *)(message) + (offset)))

static inline unsigned via_varint_size(uint64_t v) {
        return ((63u - (unsigned)__builtin_clzll(v | 1)) * 9 + 73) / 64;
}

static inline uint32_t via_zigzag32(int32_t v) {
        return ((uint32_t)v << 1) ^ (0 - (uint32_t)(v < 0));
}

static inline uint64_t via_zigzag64(int64_t v) {
        return ((uint64_t)v << 1) ^ (0 - (uint64_t)(v < 0));
}

/* The number that a value in memory is on the wire, for the types that go as varints. */
static inline uint64_t via_to_varint(ProtobufCType type, const void *value) {
        switch (type) {
        case PROTOBUF_C_TYPE_INT32:
        case PROTOBUF_C_TYPE_ENUM:
                return (uint64_t)(int64_t)*(const int32_t *)value;
        case PROTOBUF_C_TYPE_UINT32:
                return *(const uint32_t *)value;
        case PROTOBUF_C_TYPE_SINT32:
                return via_zigzag32(*(const int32_t *)value);
        case PROTOBUF_C_TYPE_SINT64:
                return via_zigzag64(*(const int64_t *)value);
        case PROTOBUF_C_TYPE_BOOL:
                return *(const protobuf_c_boolean *)value != 0;
        default:
                return *(const uint64_t *)value;
        }
}

/* The values that a kind of integer may have, as int64_t. */
struct via_range {
        int32_t least, most;
};

extern const struct via_range via_ranges[VIA_RULE_I16 + 1];     /* by kind, but NONE */

/* Whether @value, a number as it is on the wire but for zigzag, is one of @kind. */
static inline bool via_in_range(uint8_t kind, uint64_t value) {
        const struct via_range *r = &via_ranges[kind];

        return value - (uint64_t)(int64_t)r->least <= (uint64_t)(int64_t)(r->most - r->least);
}

/* Whether a value in memory is the zero that proto3 does not send. */
static inline bool via_is_zero(const ProtobufCFieldDescriptor *field, const void *value) {
        const char *string;

        switch (field->type) {
        case PROTOBUF_C_TYPE_STRING:
                string = *(char *const *)value;
                return !string || !*string;
        case PROTOBUF_C_TYPE_BYTES:
                return ((const ProtobufCBinaryData *)value)->len == 0;
        case PROTOBUF_C_TYPE_MESSAGE:
                return !*(void *const *)value;
        default:
                if (via_forms[field->type].size == 8)
                        return *(const uint64_t *)value == 0;
                return *(const uint32_t *)value == 0;
        }
}

/*
 * Whether the member of @message that is a single @field is to be sent. Presence is has_x for
 * an @optional number, the pointer for any other; a plain member is sent unless it is zero, and
 * one with a default always.
 */
static inline bool via_is_present(const ProtobufCFieldDescriptor *field, const void *message) {
        const void *value = (const uint8_t *)message + field->offset;

        switch (field->label) {
        case PROTOBUF_C_LABEL_REQUIRED:
                return field->type != PROTOBUF_C_TYPE_MESSAGE || *(void *const *)value;
        case PROTOBUF_C_LABEL_OPTIONAL:
                if (field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_MESSAGE)
                        return *(void *const *)value &&
                               *(void *const *)value != field->default_value;
                return VIA_AT_CONST(protobuf_c_boolean, message, field->quantifier_offset);
        default:
                return !via_is_zero(field, value);
        }
}

/*
 * Gives the member at @value, which is zero, the value it has in a default message, unless that
 * is an array.
 */
static inline void via_field_default(const ProtobufCFieldDescriptor *field, void *value) {
        if (field->type == PROTOBUF_C_TYPE_STRING) {
                if (field->default_value)
                        *(const void **)value = field->default_value;
                else if (field->label != PROTOBUF_C_LABEL_OPTIONAL)
                        *(const char **)value = protobuf_c_empty_string;
        } else if (field->default_value && field->type != PROTOBUF_C_TYPE_MESSAGE) {
                memcpy(value, field->default_value, via_forms[field->type].size);
        }
}
