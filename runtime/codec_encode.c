/*
 * codec_encode.c - messages into bytes, written from the end to the beginning
 *
 * So the length of whatever is inside is known when its own length is due: by then it has been
 * written. Nothing is checked here; via_message_size() has done that, and the room is exactly
 * what it said.
 */
#include <endian.h>
#include "codec.h"

static inline uint8_t *put_varint(uint8_t *p, uint64_t v) {
        uint8_t *start;

        if (__builtin_expect(v < 0x80, 1)) {
                *--p = (uint8_t)v;
                return p;
        }
        start = p -= via_varint_size(v);
        do {
                *p++ = (uint8_t)(v | 0x80);
                v >>= 7;
        } while (v >= 0x80);
        *p = (uint8_t)v;
        return start;
}

static inline uint8_t *put_tag(uint8_t *p, uint32_t id, unsigned wire) {
        return put_varint(p, (uint64_t)id << 3 | wire);
}

static inline uint8_t *put_block(uint8_t *p, const void *data, size_t n) {
        p -= n;
        if (n)
                via_copy(p, data, n);
        return put_varint(p, n);
}

static inline uint8_t *put_string(uint8_t *p, const char *string) {
        return put_block(p, string, string ? strlen(string) : 0);
}

static inline uint8_t *put_fixed32(uint8_t *p, uint32_t v) {
        v = htole32(v);
        return memcpy(p - 4, &v, 4);
}

static inline uint8_t *put_fixed64(uint8_t *p, uint64_t v) {
        v = htole64(v);
        return memcpy(p - 8, &v, 8);
}

static VIA_IN_LINE uint8_t *put_message(uint8_t *p, const struct via_type *type,
                                        const void *message);

__attribute__((noinline))
static uint8_t *put_inner(uint8_t *p, const ProtobufCFieldDescriptor *field,
                                                    const void *message) {
        uint8_t *end = p;

        p = put_message(p, via_type_of(field), message);
        return put_varint(p, (size_t)(end - p));
}

static inline uint8_t *put_number(uint8_t *p, ProtobufCType type, uint64_t v) {
        if (via_forms[type].wire == VIA_WIRE_VARINT)
                return put_varint(p, v);
        return via_forms[type].size == 8 ? put_fixed64(p, v) : put_fixed32(p, (uint32_t)v);
}

/* An element of an array without its tag, but with its length if it has one. */
static uint8_t *put_element(uint8_t *p, const ProtobufCFieldDescriptor *field, const void *value) {
        const ProtobufCBinaryData *bytes = value;

        switch (field->type) {
        case PROTOBUF_C_TYPE_STRING:
                return put_string(p, *(char *const *)value);
        case PROTOBUF_C_TYPE_BYTES:
                return put_block(p, bytes->data, bytes->len);
        case PROTOBUF_C_TYPE_MESSAGE:
                return put_inner(p, field, *(void *const *)value);
        default:
                return put_number(p, field->type, via_number(field->type, value));
        }
}

#define PUT(T, expression) \
        while (n--) { \
                T v = ((const T *)values)[n]; \
                p = put_varint(p, expression); \
        }

/* The numbers of a packed array, without tag and length. */
static uint8_t *put_numbers(uint8_t *p, ProtobufCType type, const void *values, size_t n) {
        switch (type) {
        case PROTOBUF_C_TYPE_INT32:
        case PROTOBUF_C_TYPE_ENUM:
                PUT(int32_t, (uint64_t)v)
                break;
        case PROTOBUF_C_TYPE_UINT32:
                PUT(uint32_t, v)
                break;
        case PROTOBUF_C_TYPE_SINT32:
                PUT(int32_t, via_zigzag32(v))
                break;
        case PROTOBUF_C_TYPE_SINT64:
                PUT(int64_t, via_zigzag64(v))
                break;
        case PROTOBUF_C_TYPE_BOOL:
                PUT(protobuf_c_boolean, v != 0)
                break;
        case PROTOBUF_C_TYPE_INT64:
        case PROTOBUF_C_TYPE_UINT64:
                PUT(uint64_t, v)
                break;
        default:
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
                n *= via_forms[type].size;
                p = memcpy(p - n, values, n);
#else
                while (n--)
                        p = put_number(p, type,
                                       via_number(type, (const uint8_t *)values +
                                                                n * via_forms[type].size));
#endif
        }
        return p;
}

__attribute__((noinline))
static uint8_t *put_array(uint8_t *p, const ProtobufCFieldDescriptor *field, const void *message) {
        size_t n = VIA_AT_CONST(size_t, message, field->quantifier_offset);
        const uint8_t *values = VIA_AT_CONST(uint8_t *, message, field->offset);
        unsigned wire = via_forms[field->type].wire;
        uint8_t *end = p;

        if (n == 0)
                return p;
        if (field->flags & PROTOBUF_C_FIELD_FLAG_PACKED) {
                p = put_numbers(p, field->type, values, n);
                p = put_varint(p, (size_t)(end - p));
                return put_tag(p, field->id, VIA_WIRE_LEN);
        }
        while (n--) {
                p = put_element(p, field, values + n * via_size_of(field));
                p = put_tag(p, field->id, wire);
        }
        return p;
}

/* A single field, if it is to be sent. */
static VIA_IN_LINE uint8_t *put_single(uint8_t *p, const ProtobufCFieldDescriptor *field,
                                       const void *message) {
        const void *value = (const uint8_t *)message + field->offset;
        const ProtobufCBinaryData *bytes = value;
        uint64_t v;

        switch (field->type) {
        case PROTOBUF_C_TYPE_STRING:
                if (!via_is_string_sent(field, *(char *const *)value))
                        return p;
                p = put_string(p, *(char *const *)value);
                return put_tag(p, field->id, VIA_WIRE_LEN);
        case PROTOBUF_C_TYPE_BYTES:
                if (!via_is_sent(field, message, bytes->len == 0))
                        return p;
                p = put_block(p, bytes->data, bytes->len);
                return put_tag(p, field->id, VIA_WIRE_LEN);
        case PROTOBUF_C_TYPE_MESSAGE:
                if (!*(void *const *)value)
                        return p;
                p = put_inner(p, field, *(void *const *)value);
                return put_tag(p, field->id, VIA_WIRE_LEN);
        default:
                v = via_number(field->type, value);
                if (!via_is_sent(field, message, v == 0))
                        return p;
                p = put_number(p, field->type, v);
                return put_tag(p, field->id, via_forms[field->type].wire);
        }
}

/* Ends before @p, returns where it begins. */
static VIA_IN_LINE uint8_t *put_message(uint8_t *p, const struct via_type *type,
                                        const void *message) {
        for (size_t i = type->desc.n_fields; i--;) {
                const ProtobufCFieldDescriptor *field = &type->desc.fields[i];

                if (field->label == PROTOBUF_C_LABEL_REPEATED)
                        p = put_array(p, field, message);
                else
                        p = put_single(p, field, message);
        }
        return p;
}

void via_message_encode(const struct via_type *type, const void *message, uint8_t *buf,
                        size_t size) {
        if (size)
                put_message(buf + size, type, message);
}
