/*
 * message_format.c - a message as one line of text, for people who read errors
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include "codec.h"
#include "message_format.h"

enum { ELEMENTS = 16, LEVELS = 8 };

struct line {
        char  *buf;
        size_t size, len;               /* of the buffer; of the whole text, which may be longer */
};

__attribute__((format(printf, 2, 3)))
static void add(struct line *l, const char *format, ...) {
        bool fits = l->len < l->size;
        va_list args;
        int n;

        va_start(args, format);
        n = vsnprintf(fits ? l->buf + l->len : NULL, fits ? l->size - l->len : 0, format, args);
        va_end(args);
        l->len += n < 0 ? 0 : (size_t)n;
}

/* In quotes, and nothing in it that could move a terminal's cursor. */
static void add_string(struct line *l, const char *s) {
        add(l, "\"");
        for (; s && *s; s++) {
                if (*s == '"' || *s == '\\')
                        add(l, "\\%c", *s);
                else if ((uint8_t)*s < ' ' || *s == 0x7f)
                        add(l, "\\x%02x", (unsigned)(uint8_t)*s);
                else
                        add(l, "%c", *s);
        }
        add(l, "\"");
}

static void add_bytes(struct line *l, const ProtobufCBinaryData *bytes) {
        add(l, "<");
        for (size_t i = 0; i < bytes->len && i < ELEMENTS; i++)
                add(l, "%02x", bytes->data[i]);
        add(l, bytes->len > ELEMENTS ? "...>" : ">");
}

static void add_enum(struct line *l, const ProtobufCEnumDescriptor *desc, int value) {
        for (unsigned i = 0; desc && i < desc->n_values; i++) {
                if (desc->values[i].value == value) {
                        add(l, "%s", desc->values[i].name);
                        return;
                }
        }
        add(l, "%d", value);
}

static void add_message(struct line *l, const struct via_type *type, const void *message,
                        unsigned levels);

static void add_value(struct line *l, const ProtobufCFieldDescriptor *field, const void *value,
                      unsigned levels) {
        switch (field->type) {
        case PROTOBUF_C_TYPE_STRING:
                add_string(l, *(char *const *)value);
                break;
        case PROTOBUF_C_TYPE_BYTES:
                add_bytes(l, value);
                break;
        case PROTOBUF_C_TYPE_MESSAGE:
                add(l, "{ ");
                if (levels == 0)
                        add(l, "...");
                else if (*(void *const *)value)
                        add_message(l, via_type_of(field), *(void *const *)value, levels - 1);
                add(l, " }");
                break;
        case PROTOBUF_C_TYPE_ENUM:
                add_enum(l, field->descriptor, *(const int *)value);
                break;
        case PROTOBUF_C_TYPE_BOOL:
                add(l, *(const protobuf_c_boolean *)value ? "true" : "false");
                break;
        case PROTOBUF_C_TYPE_FLOAT:
                add(l, "%.9g", (double)*(const float *)value);
                break;
        case PROTOBUF_C_TYPE_DOUBLE:
                add(l, "%.15g", *(const double *)value);
                break;
        case PROTOBUF_C_TYPE_UINT64:
        case PROTOBUF_C_TYPE_FIXED64:
                add(l, "%" PRIu64, *(const uint64_t *)value);
                break;
        case PROTOBUF_C_TYPE_UINT32:
        case PROTOBUF_C_TYPE_FIXED32:
                add(l, "%" PRIu32, *(const uint32_t *)value);
                break;
        default:
                if (via_forms[field->type].size == 8)
                        add(l, "%" PRId64, *(const int64_t *)value);
                else
                        add(l, "%" PRId32, *(const int32_t *)value);
        }
}

static void add_array(struct line *l, const ProtobufCFieldDescriptor *field,
                      const void *message, unsigned levels) {
        size_t n = VIA_AT_CONST(size_t, message, field->quantifier_offset);
        const uint8_t *values = VIA_AT_CONST(uint8_t *, message, field->offset);

        add(l, "[");
        for (size_t i = 0; i < n && i < ELEMENTS; i++) {
                add(l, i ? ", " : "");
                add_value(l, field, values + i * via_forms[field->type].size, levels);
        }
        add(l, n > ELEMENTS ? ", ...]" : "]");
}

static void add_message(struct line *l, const struct via_type *type, const void *message,
                        unsigned levels) {
        const ProtobufCFieldDescriptor *field = type->desc.fields;
        const char *comma = "";

        for (unsigned i = 0; i < type->desc.n_fields; i++, field++) {
                if (field->label == PROTOBUF_C_LABEL_OPTIONAL && !via_is_there(field, message))
                        continue;
                add(l, "%s%s = ", comma, field->name);
                comma = ", ";
                if (field->label == PROTOBUF_C_LABEL_REPEATED)
                        add_array(l, field, message, levels);
                else
                        add_value(l, field, (const uint8_t *)message + field->offset, levels);
        }
}

size_t via_message_format(const struct via_type *type, const void *message, char *buf,
                          size_t size) {
        struct line l = { buf, size, 0 };

        if (size)
                *buf = 0;
        add_message(&l, type, message, LEVELS);
        return l.len;
}
