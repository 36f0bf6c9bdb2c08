/*
 * codec_span.c - whether the numbers of a message are where @range wants them
 *
 * Looks at the message, not at the bytes: a number that was not sent is zero, and zero may be
 * outside. Not in line with the rest of the codec, since few types have such a member.
 */
#include <inttypes.h>
#include <stdio.h>
#include "codec.h"

enum number {
        SIGNED,
        UNSIGNED,
        REAL,
};

/* The number at @value as the widest of its kind; the others are left alone. */
static enum number read(ProtobufCType type, const void *value, int64_t *i, double *d) {
        switch (type) {
        case PROTOBUF_C_TYPE_DOUBLE:
                *d = *(const double *)value;
                return REAL;
        case PROTOBUF_C_TYPE_FLOAT:
                *d = (double)*(const float *)value;
                return REAL;
        case PROTOBUF_C_TYPE_UINT32:
        case PROTOBUF_C_TYPE_FIXED32:
                *i = *(const uint32_t *)value;
                return UNSIGNED;
        case PROTOBUF_C_TYPE_INT32:
        case PROTOBUF_C_TYPE_SINT32:
        case PROTOBUF_C_TYPE_SFIXED32:
                *i = *(const int32_t *)value;
                return SIGNED;
        case PROTOBUF_C_TYPE_UINT64:
        case PROTOBUF_C_TYPE_FIXED64:
                *i = *(const int64_t *)value;
                return UNSIGNED;
        default:
                *i = *(const int64_t *)value;
                return SIGNED;
        }
}

/* Whether the number at @value is in @span; if not, @text says so. */
static bool holds(const struct via_span *span, ProtobufCType type, const void *value, char *text,
                  size_t size) {
        int64_t i = 0;
        double d = 0;

        switch (read(type, value, &i, &d)) {
        case REAL:
                if (d >= span->from && d <= span->to)
                        return true;
                snprintf(text, size, "%g is not within %g to %g", d, span->from, span->to);
                return false;
        case UNSIGNED:
                if ((uint64_t)i >= (uint64_t)span->least && (uint64_t)i <= (uint64_t)span->most)
                        return true;
                snprintf(text, size, "%" PRIu64 " is not within %" PRIu64 " to %" PRIu64,
                         (uint64_t)i, (uint64_t)span->least, (uint64_t)span->most);
                return false;
        case SIGNED:
                if (i >= span->least && i <= span->most)
                        return true;
                snprintf(text, size, "%" PRId64 " is not within %" PRId64 " to %" PRId64, i,
                         span->least, span->most);
                return false;
        }
        return false;
}

const ProtobufCFieldDescriptor *via_span_broken(const struct via_type *type, const void *message,
                                                char *text, size_t size) {
        for (unsigned i = 0; i < type->n_spans; i++) {
                const struct via_span *span = &type->spans[i];
                const ProtobufCFieldDescriptor *field = &type->desc.fields[span->field];

                if (field->label == PROTOBUF_C_LABEL_OPTIONAL && !via_is_there(field, message))
                        continue;
                if (!holds(span, field->type, (const uint8_t *)message + field->offset, text, size))
                        return field;
        }
        return NULL;
}
