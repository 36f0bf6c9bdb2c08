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
        for (; v >= 0x80; v >>= 7)
                *p++ = (uint8_t)(v | 0x80);
        *p = (uint8_t)v;
        return start;
}

static inline uint8_t *put_tag(uint8_t *p, uint32_t id, unsigned wire) {
        return put_varint(p, (uint64_t)id << 3 | wire);
}

static inline uint8_t *put_block(uint8_t *p, const void *data, size_t n) {
        p -= n;
        if (n)
                memcpy(p, data, n);
        return put_varint(p, n);
}

static inline uint8_t *put_fixed32(uint8_t *p, uint32_t v) {
        v = htole32(v);
        return memcpy(p - 4, &v, 4);
}

static inline uint8_t *put_fixed64(uint8_t *p, uint64_t v) {
        v = htole64(v);
        return memcpy(p - 8, &v, 8);
}

static uint8_t *put_message(uint8_t *p, const struct via_type *type, const void *message);

/* A value without its tag, but with its length if it has one. */
static inline uint8_t *put_value(uint8_t *p, const ProtobufCFieldDescriptor *field,
                                 const void *value) {
        const ProtobufCBinaryData *bytes;
        const char *string;
        uint8_t *end = p;

        switch (field->type) {
        case PROTOBUF_C_TYPE_STRING:
                string = *(char *const *)value;
                return put_block(p, string, string ? strlen(string) : 0);
        case PROTOBUF_C_TYPE_BYTES:
                bytes = value;
                return put_block(p, bytes->data, bytes->len);
        case PROTOBUF_C_TYPE_MESSAGE:
                p = put_message(p, via_type_of(field), *(void *const *)value);
                return put_varint(p, (size_t)(end - p));
        case PROTOBUF_C_TYPE_FLOAT:
        case PROTOBUF_C_TYPE_FIXED32:
        case PROTOBUF_C_TYPE_SFIXED32:
                return put_fixed32(p, *(const uint32_t *)value);
        case PROTOBUF_C_TYPE_DOUBLE:
        case PROTOBUF_C_TYPE_FIXED64:
        case PROTOBUF_C_TYPE_SFIXED64:
                return put_fixed64(p, *(const uint64_t *)value);
        default:
                return put_varint(p, via_to_varint(field->type, value));
        }
}

/* The numbers of a packed array, without tag and length. */
static uint8_t *put_numbers(uint8_t *p, const ProtobufCFieldDescriptor *field,
                            const uint8_t *values, size_t n) {
        size_t step = via_forms[field->type].size;

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        if (via_forms[field->type].wire != VIA_WIRE_VARINT) {
                p -= n * step;
                memcpy(p, values, n * step);
                return p;
        }
#endif
        for (values += n * step; n; n--) {
                values -= step;
                p = put_value(p, field, values);
        }
        return p;
}

static uint8_t *put_array(uint8_t *p, const ProtobufCFieldDescriptor *field, const void *message) {
        size_t n = VIA_AT_CONST(size_t, message, field->quantifier_offset),
               step = via_forms[field->type].size;
        const uint8_t *values = VIA_AT_CONST(uint8_t *, message, field->offset);
        unsigned wire = via_forms[field->type].wire;
        uint8_t *end = p;

        if (n == 0)
                return p;
        if (field->flags & PROTOBUF_C_FIELD_FLAG_PACKED) {
                p = put_numbers(p, field, values, n);
                p = put_varint(p, (size_t)(end - p));
                return put_tag(p, field->id, VIA_WIRE_LEN);
        }
        while (n--) {
                p = put_value(p, field, values + n * step);
                p = put_tag(p, field->id, wire);
        }
        return p;
}

/* Ends before @p, returns where it begins. */
static uint8_t *put_message(uint8_t *p, const struct via_type *type, const void *message) {
        const ProtobufCFieldDescriptor *field = type->desc.fields + type->desc.n_fields;

        for (unsigned i = type->desc.n_fields; i; i--) {
                field--;
                if (field->label == PROTOBUF_C_LABEL_REPEATED) {
                        p = put_array(p, field, message);
                } else if (via_is_present(field, message)) {
                        p = put_value(p, field, (const uint8_t *)message + field->offset);
                        p = put_tag(p, field->id, via_forms[field->type].wire);
                }
        }
        return p;
}

void via_message_encode(const struct via_type *type, const void *message, uint8_t *buf,
                        size_t size) {
        if (size)
                put_message(buf + size, type, message);
}
