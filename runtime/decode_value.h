#pragma once
/*
 * decode_value.h - the decoder's values: numbers, text and octets
 *
 * Inline, because a message is mostly these. Messages inside messages are not here, for those
 * recurse.
 */
#include <endian.h>
#include "decode.h"
#include "utf8.h"

static inline const uint8_t *via_read_string(struct via_decode *d, const struct via_rule *rule,
                                             const uint8_t *p, const uint8_t *end, char **to) {
        size_t n;
        char *s;

        p = via_read_length(d, p, end, &n);
        if (!p)
                return NULL;
        if (rule->length && n > rule->length)
                return via_decode_fail(d, p, VIA_INVALID_ARGUMENT, "%zu bytes, at most %u", n,
                                       rule->length);
        s = via_decode_take(d, p, n + 1, 1);
        if (!s)
                return NULL;
        s[n] = 0;
        if (!via_utf8_copy(s, p, n))
                return via_decode_fail(d, p, VIA_INVALID_ARGUMENT,
                                       memchr(s, 0, n) ? "a NUL in a string" : "not UTF-8");
        *to = s;
        return p + n;
}

static VIA_IN_LINE const uint8_t *via_read_bytes(struct via_decode *d, const struct via_rule *rule,
                                                 const uint8_t *p, const uint8_t *end,
                                                 ProtobufCBinaryData *to) {
        uint8_t *data = NULL;
        size_t n;

        p = via_read_length(d, p, end, &n);
        if (!p)
                return NULL;
        if (rule->count &&
            (n > rule->count || (rule->flags & VIA_RULE_EXACT && n && n < rule->count)))
                return via_decode_fail(d, p, VIA_INVALID_ARGUMENT, "%zu bytes, %s %u", n,
                                       rule->flags & VIA_RULE_EXACT ? "not" : "at most",
                                       rule->count);
        if (n) {
                data = via_decode_take(d, p, n, 1);
                if (!data)
                        return NULL;
                via_copy(data, p, n);
        }
        to->len = n;
        to->data = data;
        return p + n;
}

__attribute__((cold, noinline))
static const uint8_t *via_fail_range(struct via_decode *d, const struct via_rule *rule,
                                                                     const uint8_t *p, uint64_t v) {
        return via_decode_fail(d, p, VIA_INVALID_ARGUMENT, "%lld is not within %d to %d",
                               (long long)v, via_ranges[rule->kind].least,
                               via_ranges[rule->kind].most);
}

/* A varint as the type has it in 64 bits. */
static inline const uint8_t *via_read_number(struct via_decode *d, const struct via_rule *rule,
                                             const uint8_t *p, const uint8_t *end,
                                             uint64_t *ret) {
        p = via_read_varint(d, p, end, ret);
        if (p && __builtin_expect(rule->kind != VIA_RULE_NONE, 0) &&
            !via_in_range(rule->kind, *ret))
                return via_fail_range(d, rule, p, *ret);
        return p;
}

/* Reads the value of d->field, or an element of it, into @to. It is no message. */
static VIA_IN_LINE const uint8_t *via_decode_value(struct via_decode *d,
                                                   const struct via_rule *rule, const uint8_t *p,
                                                   const uint8_t *end, void *to) {
        uint64_t v = 0;
        uint32_t v32;

        switch (d->field->type) {
        case PROTOBUF_C_TYPE_STRING:
                return via_read_string(d, rule, p, end, to);
        case PROTOBUF_C_TYPE_BYTES:
                return via_read_bytes(d, rule, p, end, to);
        case PROTOBUF_C_TYPE_DOUBLE:
        case PROTOBUF_C_TYPE_FIXED64:
        case PROTOBUF_C_TYPE_SFIXED64:
                if ((size_t)(end - p) < sizeof(v))
                        return via_decode_fail(d, p, VIA_INVALID_ARGUMENT,
                                               "the message ends inside a number");
                memcpy(&v, p, sizeof(v));
                *(uint64_t *)to = le64toh(v);
                return p + sizeof(v);
        case PROTOBUF_C_TYPE_FLOAT:
        case PROTOBUF_C_TYPE_FIXED32:
        case PROTOBUF_C_TYPE_SFIXED32:
                if ((size_t)(end - p) < sizeof(v32))
                        return via_decode_fail(d, p, VIA_INVALID_ARGUMENT,
                                               "the message ends inside a number");
                memcpy(&v32, p, sizeof(v32));
                *(uint32_t *)to = le32toh(v32);
                return p + sizeof(v32);
        case PROTOBUF_C_TYPE_INT64:
        case PROTOBUF_C_TYPE_UINT64:
                p = via_read_number(d, rule, p, end, &v);
                *(uint64_t *)to = v;
                return p;
        case PROTOBUF_C_TYPE_SINT64:
                p = via_read_varint(d, p, end, &v);
                *(uint64_t *)to = v >> 1 ^ (0 - (v & 1));
                return p;
        case PROTOBUF_C_TYPE_BOOL:
                p = via_read_varint(d, p, end, &v);
                *(protobuf_c_boolean *)to = v != 0;
                return p;
        case PROTOBUF_C_TYPE_SINT32:
                p = via_read_varint(d, p, end, &v);
                v32 = (uint32_t)v >> 1 ^ (0 - ((uint32_t)v & 1));
                if (p && rule->kind != VIA_RULE_NONE &&
                    !via_in_range(rule->kind, (uint64_t)(int32_t)v32))
                        return via_fail_range(d, rule, p, (uint64_t)(int32_t)v32);
                *(uint32_t *)to = v32;
                return p;
        default:
                p = via_read_number(d, rule, p, end, &v);
                *(uint32_t *)to = (uint32_t)v;
                return p;
        }
}
