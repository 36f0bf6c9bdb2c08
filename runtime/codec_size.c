/*
 * codec_size.c - how many bytes a message takes on the wire, and whether it may be sent at all
 *
 * Everything is checked here, so that the encoder, which runs next, cannot fail.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include "codec.h"
#include "utf8.h"

struct sizer {
        /* of the message being looked at, and its field, for errors */
        const struct via_type *type;
        const ProtobufCFieldDescriptor *field;
        struct via_error *err;
        unsigned depth;
};

__attribute__((cold, noinline, format(printf, 3, 4)))
static int bad(const struct sizer *s, int code, const char *format, ...) {
        char text[160];
        va_list args;

        va_start(args, format);
        vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        return via_error_set(s->err, (enum via_code)code, "%s.%s: %s", s->type->desc.name,
                             s->field->name, text);
}

__attribute__((cold, noinline))
static int bad_number(const struct sizer *s, uint8_t kind, int64_t value) {
        return bad(s, VIA_INVALID_ARGUMENT, "%" PRId64 " is not within %d to %d", value,
                   via_ranges[kind].least, via_ranges[kind].most);
}

__attribute__((cold, noinline)) static int
bad_count(const struct sizer *s, const struct via_rule *rule, size_t n, const char *what) {
        return bad(s, VIA_INVALID_ARGUMENT, "%zu %s, %s %" PRIu32, n, what,
                   rule->flags & VIA_RULE_EXACT ? "not" : "at most", rule->count);
}

static inline bool count_is_bad(const struct via_rule *rule, size_t n) {
        return rule->count &&
               (n > rule->count || (n < rule->count && n && rule->flags & VIA_RULE_EXACT));
}

static int size_string(const struct sizer *s, const struct via_rule *rule, const char *string,
                       uint64_t *size) {
        size_t n = string ? strlen(string) : 0;

        if (rule->length && n > rule->length)
                return bad(s, VIA_INVALID_ARGUMENT, "%zu bytes, at most %" PRIu32, n, rule->length);
        if (!via_utf8_valid(string, n))
                return bad(s, VIA_INVALID_ARGUMENT, "not UTF-8");
        *size += via_length_size(n) + (uint64_t)n;
        return 0;
}

static inline int size_bytes(const struct sizer *s, const struct via_rule *rule,
                             const ProtobufCBinaryData *bytes, uint64_t *size) {
        if (count_is_bad(rule, bytes->len))
                return bad_count(s, rule, bytes->len, "bytes");
        if (bytes->len && !bytes->data)
                return bad(s, VIA_INVALID_ARGUMENT, "%zu bytes at NULL", bytes->len);
        *size += via_length_size(bytes->len) + (uint64_t)bytes->len;
        return 0;
}

static VIA_IN_LINE int size_message(struct sizer *s, const struct via_type *type,
                                    const void *message, uint64_t *size);

/* A message inside another: afterwards @s speaks of the outer one again. */
__attribute__((noinline))
static int size_inner(struct sizer *s, const void *message, uint64_t *size) {
        const struct via_type *type = s->type;
        const ProtobufCFieldDescriptor *field = s->field;
        uint64_t inner = 0;
        int r;

        if (!message)
                return bad(s, VIA_INVALID_ARGUMENT, "an element is NULL");
        if (s->depth++ == VIA_DEPTH_MOST)
                return bad(s, VIA_RESOURCE_EXHAUSTED, "nested deeper than %d levels",
                           VIA_DEPTH_MOST);
        r = size_message(s, via_type_of(field), message, &inner);
        s->depth--;
        s->type = type;
        s->field = field;
        *size += via_length_size(inner) + inner;
        return r;
}

static inline int check_number(const struct sizer *s, const struct via_rule *rule, uint64_t v) {
        if (rule->kind == VIA_RULE_NONE)
                return 0;
        if (s->field->type == PROTOBUF_C_TYPE_SINT32)
                v = v >> 1 ^ (0 - (v & 1));
        return via_in_range(rule->kind, v) ? 0 : bad_number(s, rule->kind, (int64_t)v);
}

/* An element of an array, without its tag. */
static int size_element(struct sizer *s, const struct via_rule *rule, const void *value,
                        uint64_t *size) {
        const struct via_form *form = &via_forms[s->field->type];
        uint64_t v;

        switch (s->field->type) {
        case PROTOBUF_C_TYPE_STRING:
                return size_string(s, rule, *(char *const *)value, size);
        case PROTOBUF_C_TYPE_BYTES:
                return size_bytes(s, rule, value, size);
        case PROTOBUF_C_TYPE_MESSAGE:
                return size_inner(s, *(void *const *)value, size);
        default:
                v = via_number(s->field->type, value);
                *size += form->wire == VIA_WIRE_VARINT ? via_varint_size(v) : form->size;
                return check_number(s, rule, v);
        }
}

#define SUM(T, expression) \
        for (size_t i = 0; i < n; i++) { \
                T v = ((const T *)values)[i]; \
                size += via_varint_size(expression); \
        }

/* The numbers of an array, none of which has to be checked. */
static uint64_t size_numbers(ProtobufCType type, const void *values, size_t n) {
        uint64_t size = 0;

        if (via_forms[type].wire != VIA_WIRE_VARINT)
                return (uint64_t)n * via_forms[type].size;
        switch (type) {
        case PROTOBUF_C_TYPE_INT32:
        case PROTOBUF_C_TYPE_ENUM:
                SUM(int32_t, (uint64_t)v)
                break;
        case PROTOBUF_C_TYPE_UINT32:
                SUM(uint32_t, v)
                break;
        case PROTOBUF_C_TYPE_SINT32:
                SUM(int32_t, via_zigzag32(v))
                break;
        case PROTOBUF_C_TYPE_SINT64:
                SUM(int64_t, via_zigzag64(v))
                break;
        case PROTOBUF_C_TYPE_BOOL:
                return n;
        default:
                SUM(uint64_t, v)
                break;
        }
        return size;
}

__attribute__((noinline))
static int size_array(struct sizer *s, const struct via_rule *rule, const void *message,
                                                uint64_t *size) {
        const ProtobufCFieldDescriptor *field = s->field;
        size_t n = VIA_AT_CONST(size_t, message, field->quantifier_offset);
        const uint8_t *values = VIA_AT_CONST(uint8_t *, message, field->offset);
        unsigned tag = via_length_size((uint64_t)field->id << 3);
        uint64_t inner = 0;
        int r;

        if (n == 0)
                return 0;
        if (count_is_bad(rule, n))
                return bad_count(s, rule, n, "elements");
        if (!values)
                return bad(s, VIA_INVALID_ARGUMENT, "%zu elements at NULL", n);
        if (n > VIA_MESSAGE_MOST)
                return bad(s, VIA_RESOURCE_EXHAUSTED, "%zu elements, at most %d", n,
                           VIA_MESSAGE_MOST);

        if (via_is_number(field) && rule->kind == VIA_RULE_NONE) {
                inner = size_numbers(field->type, values, n);
        } else {
                const struct via_rule each = via_rule_each(rule);

                for (size_t i = 0; i < n; i++) {
                        r = size_element(s, &each, values + i * via_size_of(field), &inner);
                        if (r)
                                return r;
                }
        }
        *size += inner + (field->flags & PROTOBUF_C_FIELD_FLAG_PACKED
                                  ? tag + via_length_size(inner)
                                  : (uint64_t)n * tag);
        return 0;
}

/* A single field with its tag, if it is to be sent. */
static VIA_IN_LINE int size_single(struct sizer *s, const struct via_rule *rule,
                                   const void *message, uint64_t *size) {
        const ProtobufCFieldDescriptor *field = s->field;
        const struct via_form *form = &via_forms[field->type];
        const void *value = (const uint8_t *)message + field->offset;
        unsigned tag = via_length_size((uint64_t)field->id << 3);
        uint64_t v;

        switch (field->type) {
        case PROTOBUF_C_TYPE_STRING:
                if (!via_is_string_sent(field, *(char *const *)value))
                        return 0;
                *size += tag;
                return size_string(s, rule, *(char *const *)value, size);
        case PROTOBUF_C_TYPE_BYTES:
                if (!via_is_sent(field, message, ((const ProtobufCBinaryData *)value)->len == 0))
                        return 0;
                *size += tag;
                return size_bytes(s, rule, value, size);
        case PROTOBUF_C_TYPE_MESSAGE:
                if (!*(void *const *)value)
                        return 0;
                *size += tag;
                return size_inner(s, *(void *const *)value, size);
        default:
                v = via_number(field->type, value);
                if (!via_is_sent(field, message, v == 0))
                        return 0;
                *size += tag + (form->wire == VIA_WIRE_VARINT ? via_varint_size(v) : form->size);
                return check_number(s, rule, v);
        }
}

static VIA_IN_LINE int size_message(struct sizer *s, const struct via_type *type,
                                    const void *message, uint64_t *size) {
        const ProtobufCFieldDescriptor *field = type->desc.fields;
        const struct via_rule *rule = type->rules ? type->rules : &via_no_rule;
        size_t step = type->rules != NULL;
        uint64_t total = 0;
        int r;

        s->type = type;
        for (size_t i = type->desc.n_fields; i; i--, field++, rule += step) {
                s->field = field;
                if (field->label == PROTOBUF_C_LABEL_REPEATED)
                        r = size_array(s, rule, message, &total);
                else
                        r = size_single(s, rule, message, &total);
                if (r)
                        return r;
                if (total > VIA_MESSAGE_MOST)
                        return bad(s, VIA_RESOURCE_EXHAUSTED,
                                   "the message is larger than %d bytes", VIA_MESSAGE_MOST);
        }
        *size = total;
        return 0;
}

int via_message_size(const struct via_type *type, const void *message, size_t *ret_size,
                     struct via_error *err) {
        struct sizer s;
        uint64_t size = 0;
        int r;

        s.err = err;
        s.depth = 0;
        r = size_message(&s, type, message, &size);
        if (r == 0)
                *ret_size = (size_t)size;
        return r;
}
