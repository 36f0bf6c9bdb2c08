/*
 * codec_size.c - how many bytes a message takes on the wire, and whether it may be sent at all
 *
 * Everything is checked here, so that the encoder, which runs next, cannot fail. Whatever sizes
 * something returns its bytes, or what bad() does.
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

/* An error: its code, negative. */
__attribute__((cold, noinline, format(printf, 3, 4)))
static int64_t bad(const struct sizer *s, int code, const char *format, ...) {
        char text[160];
        va_list args;

        va_start(args, format);
        vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        return -via_error_set(s->err, (enum via_code)code, "%s.%s: %s", s->type->desc.name,
                              s->field->name, text);
}

__attribute__((cold, noinline))
static int64_t bad_number(const struct sizer *s, uint8_t kind, int64_t value) {
        return bad(s, VIA_INVALID_ARGUMENT, "%" PRId64 " is not within %d to %d", value,
                   via_ranges[kind].least, via_ranges[kind].most);
}

__attribute__((cold, noinline))
static int64_t bad_count(const struct sizer *s, const struct via_rule *rule, size_t n,
                                                         const char *what) {
        return bad(s, VIA_INVALID_ARGUMENT, "%zu %s, %s %" PRIu32, n, what,
                   rule->flags & VIA_RULE_EXACT ? "not" : "at most", rule->count);
}

__attribute__((cold, noinline))
static int64_t bad_size(const struct sizer *s) {
        return bad(s, VIA_RESOURCE_EXHAUSTED, "the message is larger than %d bytes",
                   VIA_MESSAGE_MOST);
}

static inline bool count_is_bad(const struct via_rule *rule, size_t n) {
        return rule->count &&
               (n > rule->count || (n < rule->count && n && rule->flags & VIA_RULE_EXACT));
}

/* Of a string or octets: the length before them, and they. */
static inline int64_t size_block(const struct sizer *s, size_t n) {
        if (__builtin_expect(n > VIA_MESSAGE_MOST, 0))
                return bad_size(s);
        return (int64_t)(via_length_size(n) + n);
}

static int64_t size_string(const struct sizer *s, const struct via_rule *rule,
                           const char *string) {
        size_t n = string ? strlen(string) : 0;

        if (rule->length && n > rule->length)
                return bad(s, VIA_INVALID_ARGUMENT, "%zu bytes, at most %" PRIu32, n, rule->length);
        if (!via_utf8_valid(string, n))
                return bad(s, VIA_INVALID_ARGUMENT, "not UTF-8");
        return size_block(s, n);
}

static inline int64_t size_bytes(const struct sizer *s, const struct via_rule *rule,
                                 const ProtobufCBinaryData *bytes) {
        if (count_is_bad(rule, bytes->len))
                return bad_count(s, rule, bytes->len, "bytes");
        if (bytes->len && !bytes->data)
                return bad(s, VIA_INVALID_ARGUMENT, "%zu bytes at NULL", bytes->len);
        return size_block(s, bytes->len);
}

static VIA_IN_LINE int64_t size_message(struct sizer *s, const struct via_type *type,
                                        const void *message);

/* A message inside another: afterwards @s speaks of the outer one again. */
__attribute__((noinline))
static int64_t size_inner(struct sizer *s, const void *message) {
        const struct via_type *type = s->type;
        const ProtobufCFieldDescriptor *field = s->field;
        int64_t n;

        if (!message)
                return bad(s, VIA_INVALID_ARGUMENT, "an element is NULL");
        if (s->depth++ == VIA_DEPTH_MOST)
                return bad(s, VIA_RESOURCE_EXHAUSTED, "nested deeper than %d levels",
                           VIA_DEPTH_MOST);
        n = size_message(s, via_type_of(field), message);
        s->depth--;
        s->type = type;
        s->field = field;
        return n < 0 ? n : n + via_length_size((uint64_t)n);
}

/* A number, which is @v on the wire. */
static inline int64_t size_number(const struct sizer *s, const struct via_rule *rule, uint64_t v) {
        const struct via_form *form = &via_forms[s->field->type];
        uint64_t value = v;

        if (s->field->type == PROTOBUF_C_TYPE_SINT32)
                value = v >> 1 ^ (0 - (v & 1));
        if (rule->kind != VIA_RULE_NONE && !via_in_range(rule->kind, value))
                return bad_number(s, rule->kind, (int64_t)value);
        return form->wire == VIA_WIRE_VARINT ? via_varint_size(v) : form->size;
}

/* An element of an array, without its tag. */
static int64_t size_element(struct sizer *s, const struct via_rule *rule, const void *value) {
        switch (s->field->type) {
        case PROTOBUF_C_TYPE_STRING:
                return size_string(s, rule, *(char *const *)value);
        case PROTOBUF_C_TYPE_BYTES:
                return size_bytes(s, rule, value);
        case PROTOBUF_C_TYPE_MESSAGE:
                return size_inner(s, *(void *const *)value);
        default:
                return size_number(s, rule, via_number(s->field->type, value));
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
static int64_t size_array(struct sizer *s, const struct via_rule *rule, const void *message) {
        const ProtobufCFieldDescriptor *field = s->field;
        size_t n = VIA_AT_CONST(size_t, message, field->quantifier_offset);
        const uint8_t *values = VIA_AT_CONST(uint8_t *, message, field->offset);
        unsigned tag = via_length_size((uint64_t)field->id << 3);
        uint64_t total = 0;
        int64_t size;

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
                total = size_numbers(field->type, values, n);
        } else {
                const struct via_rule each = via_rule_each(rule);

                for (size_t i = 0; i < n; i++) {
                        size = size_element(s, &each, values + i * via_size_of(field));
                        if (size < 0)
                                return size;
                        total += (uint64_t)size;
                }
        }
        if (field->flags & PROTOBUF_C_FIELD_FLAG_PACKED)
                total += tag + via_length_size(total);
        else
                total += (uint64_t)n * tag;
        return total > VIA_MESSAGE_MOST ? bad_size(s) : (int64_t)total;
}

/* A single field, with its tag, if it is to be sent. */
static VIA_IN_LINE int64_t size_single(struct sizer *s, const struct via_rule *rule,
                                       const void *message) {
        const ProtobufCFieldDescriptor *field = s->field;
        const void *value = (const uint8_t *)message + field->offset;
        int64_t n;
        uint64_t v;

        switch (field->type) {
        case PROTOBUF_C_TYPE_STRING:
                if (!via_is_string_sent(field, *(char *const *)value))
                        return 0;
                n = size_string(s, rule, *(char *const *)value);
                break;
        case PROTOBUF_C_TYPE_BYTES:
                if (!via_is_sent(field, message, ((const ProtobufCBinaryData *)value)->len == 0))
                        return 0;
                n = size_bytes(s, rule, value);
                break;
        case PROTOBUF_C_TYPE_MESSAGE:
                if (!*(void *const *)value)
                        return 0;
                n = size_inner(s, *(void *const *)value);
                break;
        default:
                v = via_number(field->type, value);
                if (!via_is_sent(field, message, v == 0))
                        return 0;
                n = size_number(s, rule, v);
                break;
        }
        return n < 0 ? n : n + via_length_size((uint64_t)field->id << 3);
}

/* Whether all numbers are where @range wants them; 0, or what bad() returns. */
__attribute__((cold, noinline))
static int64_t check_spans(struct sizer *s, const void *message) {
        char text[128];

        s->field = via_span_broken(s->type, message, text, sizeof(text));
        return s->field ? bad(s, VIA_INVALID_ARGUMENT, "%s", text) : 0;
}

static VIA_IN_LINE int64_t size_message(struct sizer *s, const struct via_type *type,
                                        const void *message) {
        const ProtobufCFieldDescriptor *field = type->desc.fields;
        int64_t n, total = 0;

        s->type = type;
        if (__builtin_expect(type->spans != NULL, 0)) {
                n = check_spans(s, message);
                if (n < 0)
                        return n;
        }
        for (size_t i = 0; i < type->desc.n_fields; i++, field++) {
                s->field = field;
                if (field->label == PROTOBUF_C_LABEL_REPEATED)
                        n = size_array(s, via_rule_of(type, i), message);
                else
                        n = size_single(s, via_rule_of(type, i), message);
                if (__builtin_expect(n < 0, 0))
                        return n;
                total += n;
                if (__builtin_expect(total > VIA_MESSAGE_MOST, 0))
                        return bad_size(s);
        }
        return total;
}

int via_message_size(const struct via_type *type, const void *message, size_t *ret_size,
                     struct via_error *err) {
        struct sizer s;
        int64_t n;

        s.err = err;
        s.depth = 0;
        n = size_message(&s, type, message);
        if (n < 0)
                return (int)-n;
        *ret_size = (size_t)n;
        return VIA_OK;
}
