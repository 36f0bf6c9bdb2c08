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

/* What recurses is twice: in line for the message that is called for, and for those inside. */
#define VIA_IN_LINE inline __attribute__((always_inline))

static inline const struct via_rule *via_rule_of(const struct via_type *type, size_t index) {
        return type->rules ? &type->rules[index] : &via_no_rule;
}

/* The rule for each element of an array whose rule is @rule. */
static inline struct via_rule via_rule_each(const struct via_rule *rule) {
        return (struct via_rule){ rule->length, rule->length, rule->kind, 0 };
}

static inline const struct via_type *via_type_of(const ProtobufCFieldDescriptor *field) {
        return (const struct via_type *)field->descriptor;      /* desc is its first member */
}

/* How many bytes a value takes in memory. */
static inline size_t via_size_of(const ProtobufCFieldDescriptor *field) {
        return via_forms[field->type].size;
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

/* The same for lengths and tags, which rarely need more than one byte. */
static inline unsigned via_length_size(uint64_t v) {
        return __builtin_expect(v < 0x80, 1) ? 1 : via_varint_size(v);
}

/* Copies @n bytes; few enough to be worth it without calling memcpy(). */
static inline void via_copy(void *to, const void *from, size_t n) {
        uint8_t *t = to;
        const uint8_t *f = from;

        if (n < 16 || n > 64) {
                memcpy(t, f, n);
                return;
        }
        memcpy(t, f, 16);
        memcpy(t + n - 16, f + n - 16, 16);
        if (n > 32) {
                memcpy(t + 16, f + 16, 16);
                memcpy(t + n - 32, f + n - 32, 16);
        }
}

/* Zeroes @message but for its descriptor; a small one without calling memset(). */
static inline void via_message_begin(const struct via_type *type, void *message) {
        size_t size = type->desc.sizeof_message;

        if (size >= 32 && size <= 64) {
                memset(message, 0, 32);
                memset((uint8_t *)message + size - 32, 0, 32);
        } else {
                memset(message, 0, size);
        }
        ((ProtobufCMessage *)message)->descriptor = &type->desc;
}

static inline uint32_t via_zigzag32(int32_t v) {
        return ((uint32_t)v << 1) ^ (0 - (uint32_t)(v < 0));
}

static inline uint64_t via_zigzag64(int64_t v) {
        return ((uint64_t)v << 1) ^ (0 - (uint64_t)(v < 0));
}

/*
 * A number in memory as it is on the wire: zigzagged where it goes so, widened to 64 bits if it
 * is a varint, its bits if it is fixed. It is 0 if and only if all its bits are, but for a
 * boolean.
 */
static inline uint64_t via_number(ProtobufCType type, const void *value) {
        switch (type) {
        case PROTOBUF_C_TYPE_INT32:
        case PROTOBUF_C_TYPE_ENUM:
                return (uint64_t)(int64_t)*(const int32_t *)value;
        case PROTOBUF_C_TYPE_SINT32:
                return via_zigzag32(*(const int32_t *)value);
        case PROTOBUF_C_TYPE_SINT64:
                return via_zigzag64(*(const int64_t *)value);
        case PROTOBUF_C_TYPE_BOOL:
                return *(const protobuf_c_boolean *)value != 0;
        case PROTOBUF_C_TYPE_UINT32:
        case PROTOBUF_C_TYPE_FIXED32:
        case PROTOBUF_C_TYPE_SFIXED32:
        case PROTOBUF_C_TYPE_FLOAT:
                return *(const uint32_t *)value;
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

/*
 * Whether a single @field of @message is to be sent: if it is @optional, when has_x says so or the
 * pointer does; if it has a default, always; any other, unless it is zero.
 */
static inline bool via_is_sent(const ProtobufCFieldDescriptor *field, const void *message,
                               bool is_zero) {
        if (field->label == PROTOBUF_C_LABEL_OPTIONAL)
                return VIA_AT_CONST(protobuf_c_boolean, message, field->quantifier_offset);
        return !is_zero || field->label == PROTOBUF_C_LABEL_REQUIRED;
}

static inline bool via_is_string_sent(const ProtobufCFieldDescriptor *field, const char *string) {
        if (field->label == PROTOBUF_C_LABEL_OPTIONAL)
                return string && string != field->default_value;
        return (string && *string) || field->label == PROTOBUF_C_LABEL_REQUIRED;
}

/* Whether an @optional @field of @message is there. */
static inline bool via_is_there(const ProtobufCFieldDescriptor *field, const void *message) {
        if (field->type == PROTOBUF_C_TYPE_STRING)
                return via_is_string_sent(field, VIA_AT_CONST(char *, message, field->offset));
        if (field->type == PROTOBUF_C_TYPE_MESSAGE)
                return VIA_AT_CONST(void *, message, field->offset) != NULL;
        return VIA_AT_CONST(protobuf_c_boolean, message, field->quantifier_offset);
}

/*
 * The field of @message that is outside its @range, or NULL; what is wrong with it is put into
 * the @size bytes at @text.
 */
const ProtobufCFieldDescriptor *via_span_broken(const struct via_type *type, const void *message,
                                                char *text, size_t size)
        __attribute__((cold, noinline));

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

/* Makes the memory at @message the default message of @type. */
static inline void via_message_default(const struct via_type *type, void *message) {
        const ProtobufCFieldDescriptor *field = type->desc.fields;

        via_message_begin(type, message);
        for (size_t i = type->desc.n_fields; i; i--, field++) {
                if (field->label != PROTOBUF_C_LABEL_REPEATED)
                        via_field_default(field, (uint8_t *)message + field->offset);
        }
}
