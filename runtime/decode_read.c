/*
 * decode_read.c - the decoder's slow paths: long numbers, unknown fields, and what went wrong
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include "decode.h"

void via_decode_error(struct via_decode *d, const uint8_t *p, int code, const char *format, ...) {
        char text[160];
        va_list args;

        va_start(args, format);
        vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        d->code = code;
        via_error_set(d->err, (enum via_code)code, "%s%s%s: %s, at byte %zu",
                      d->type->desc.name, d->field ? "." : "", d->field ? d->field->name : "",
                      text, (size_t)(p - d->begin));
}

void via_decode_error_varint(struct via_decode *d, const uint8_t *p, const uint8_t *end) {
        via_decode_error(d, p, VIA_INVALID_ARGUMENT,
                         (size_t)(end - p) < 10 ? "the message ends inside a number"
                                                : "a number of more than 64 bits");
}

void via_decode_error_length(struct via_decode *d, const uint8_t *p, uint64_t length, size_t left) {
        via_decode_error(d, p, VIA_INVALID_ARGUMENT, "%" PRIu64 " bytes announced, %zu left",
                         length, left);
}

void via_decode_error_memory(struct via_decode *d, const uint8_t *p, size_t size) {
        if (size > d->left)
                via_decode_error(d, p, VIA_RESOURCE_EXHAUSTED,
                                 "more than %" PRIu64 " bytes once decoded (max_memory)",
                                 via_limits_get(d->limits, VIA_LIMIT_MEMORY));
        else
                via_decode_error(d, p, VIA_RESOURCE_EXHAUSTED, "no memory for %zu bytes", size);
}

struct via_varint via_read_rest(const uint8_t *p, const uint8_t *end, uint8_t first) {
        const uint8_t *most = (size_t)(end - p) > 9 ? p + 9 : end;
        uint64_t v = first & 0x7f;
        unsigned shift = 7;
        uint8_t byte;

        for (p++; p < most; shift += 7) {
                byte = via_read_byte(p++);
                v |= (uint64_t)(byte & 0x7f) << shift;
                if (byte < 0x80)
                        return (struct via_varint){ p, v };
        }
        if (p == end)
                return (struct via_varint){ NULL, 0 };
        byte = via_read_byte(p++);              /* the tenth: one bit is left */
        if (byte > 1)
                return (struct via_varint){ NULL, 0 };
        return (struct via_varint){ p, v | (uint64_t)byte << 63 };
}

static const uint8_t *skip_bytes(struct via_decode *d, const uint8_t *p, const uint8_t *end,
                                 size_t n) {
        if ((size_t)(end - p) < n)
                return via_decode_fail(d, p, VIA_INVALID_ARGUMENT,
                                       "the message ends inside an unknown field");
        return p + n;
}

/* A group is older than messages in messages, and ends with a tag of its own number. */
static const uint8_t *skip_group(struct via_decode *d, const uint8_t *p, const uint8_t *end,
                                 uint32_t number) {
        uint64_t tag;

        if (d->depth == 0)
                return via_decode_fail(d, p, VIA_RESOURCE_EXHAUSTED,
                                       "nested deeper than %u (max_depth)",
                                       via_decode_max_depth(d));
        d->depth--;
        while (p) {
                p = via_read_varint(d, p, end, &tag);
                if (p && tag == (number << 3 | VIA_WIRE_END))
                        break;
                if (p)
                        p = tag > UINT32_MAX ? via_decode_skip(d, p, end, 0)
                                             : via_decode_skip(d, p, end, (uint32_t)tag);
        }
        d->depth++;
        return p;
}

const uint8_t *via_decode_skip(struct via_decode *d, const uint8_t *p, const uint8_t *end,
                               uint32_t tag) {
        uint64_t v;
        size_t n;

        if (tag < 8)
                return via_decode_fail(d, p, VIA_INVALID_ARGUMENT, "not a field number");
        switch (tag & 7) {
        case VIA_WIRE_VARINT:
                return via_read_varint(d, p, end, &v);
        case VIA_WIRE_64:
                return skip_bytes(d, p, end, 8);
        case VIA_WIRE_32:
                return skip_bytes(d, p, end, 4);
        case VIA_WIRE_LEN:
                p = via_read_length(d, p, end, &n);
                return p ? p + n : NULL;
        case VIA_WIRE_GROUP:
                return skip_group(d, p, end, tag >> 3);
        case VIA_WIRE_END:
                return via_decode_fail(d, p, VIA_INVALID_ARGUMENT,
                                       "a group ends that has not begun");
        default:
                return via_decode_fail(d, p, VIA_INVALID_ARGUMENT,
                                       "field %" PRIu32 " has no known wire type", tag >> 3);
        }
}
