/*
 * message_equal.c - whether two messages say the same
 *
 * They do if the other side could not tell them apart. So a struct member that is NULL is the
 * same as a default message, and an array of an exact length that was left out the same as one
 * of zeros: where one of two is not there, NULL stands for it all the way down.
 */
#include "codec.h"

static bool messages_equal(const struct via_type *type, const void *a, const void *b);

/* A number in memory as bits, or the default of @field if there is none. */
static uint64_t number(const ProtobufCFieldDescriptor *field, const void *value) {
        if (!value)
                value = field->label == PROTOBUF_C_LABEL_REPEATED ? NULL : field->default_value;
        if (!value)
                return 0;
        if (field->type == PROTOBUF_C_TYPE_BOOL)
                return *(const protobuf_c_boolean *)value != 0;
        return via_forms[field->type].size == 8 ? *(const uint64_t *)value
                                                : *(const uint32_t *)value;
}

static const char *string(const ProtobufCFieldDescriptor *field, const void *value) {
        const char *s = value ? *(char *const *)value
                        : field->label == PROTOBUF_C_LABEL_REPEATED ? NULL
                                                                    : field->default_value;

        return s ? s : "";
}

/* Octets; an array of them that was left out has @rule->count zeros. */
static bool bytes_equal(const struct via_rule *rule, const ProtobufCBinaryData *a,
                        const ProtobufCBinaryData *b) {
        size_t exact = rule->flags & VIA_RULE_EXACT ? rule->count : 0;
        size_t n_a = a && a->len ? a->len : exact, n_b = b && b->len ? b->len : exact;

        for (size_t i = 0; n_a == n_b && i < n_a; i++) {
                if ((a && a->len ? a->data[i] : 0) != (b && b->len ? b->data[i] : 0))
                        return false;
        }
        return n_a == n_b;
}

/* Two values of one field. NULL for a value: it is not there. */
static bool values_equal(const ProtobufCFieldDescriptor *field, const struct via_rule *rule,
                         const void *a, const void *b) {
        switch (field->type) {
        case PROTOBUF_C_TYPE_STRING:
                return strcmp(string(field, a), string(field, b)) == 0;
        case PROTOBUF_C_TYPE_BYTES:
                return bytes_equal(rule, a ? a : field->default_value,
                                   b ? b : field->default_value);
        case PROTOBUF_C_TYPE_MESSAGE:
                return messages_equal(via_type_of(field), a ? *(void *const *)a : NULL,
                                      b ? *(void *const *)b : NULL);
        default:
                return number(field, a) == number(field, b);
        }
}

static bool arrays_equal(const ProtobufCFieldDescriptor *field, const struct via_rule *rule,
                         const void *a, const void *b) {
        size_t n_a = a ? VIA_AT_CONST(size_t, a, field->quantifier_offset) : 0,
               size = via_forms[field->type].size;
        size_t n_b = b ? VIA_AT_CONST(size_t, b, field->quantifier_offset) : 0;
        size_t exact = rule->flags & VIA_RULE_EXACT ? rule->count : 0, n = n_a ? n_a : exact;
        const struct via_rule each = via_rule_each(rule);

        if (n != (n_b ? n_b : exact))
                return false;
        for (size_t i = 0; i < n && (n_a || n_b); i++) {
                if (!values_equal(
                            field, &each,
                            n_a ? VIA_AT_CONST(uint8_t *, a, field->offset) + i * size : NULL,
                            n_b ? VIA_AT_CONST(uint8_t *, b, field->offset) + i * size : NULL))
                        return false;
        }
        return true;
}

/* Whether an @optional member is there. */
static bool is_there(const ProtobufCFieldDescriptor *field, const struct via_rule *rule,
                     const void *message) {
        if (field->label != PROTOBUF_C_LABEL_OPTIONAL)
                return field->type != PROTOBUF_C_TYPE_MESSAGE || rule->flags & VIA_RULE_MEMBER ||
                       (message && VIA_AT_CONST(void *, message, field->offset));
        return message && via_is_there(field, message);
}

static bool messages_equal(const struct via_type *type, const void *a, const void *b) {
        const ProtobufCFieldDescriptor *field = type->desc.fields;

        for (unsigned i = 0; a != b && i < type->desc.n_fields; i++, field++) {
                const struct via_rule *rule = via_rule_of(type, i);

                if (field->label == PROTOBUF_C_LABEL_REPEATED) {
                        if (!arrays_equal(field, rule, a, b))
                                return false;
                        continue;
                }
                if (is_there(field, rule, a) != is_there(field, rule, b))
                        return false;
                if (is_there(field, rule, a) &&
                    !values_equal(field, rule, a ? (const uint8_t *)a + field->offset : NULL,
                                  b ? (const uint8_t *)b + field->offset : NULL))
                        return false;
        }
        return true;
}

bool via_message_equal(const struct via_type *type, const void *a, const void *b) {
        return messages_equal(type, a, b);
}
