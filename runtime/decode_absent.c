/*
 * decode_absent.c - what a field is when it has not arrived
 *
 * The zero of its type, its @default, a default message, or an array of zeros: whatever lets a
 * program use the message without asking. All of it is charged, for a peer can ask for much of
 * it with few bytes.
 */
#include "decode.h"

/* A default message of the field's type. */
static void *default_message(struct via_decode *d, const struct via_type *type, const uint8_t *p) {
        const struct via_type *outer = d->type;
        const ProtobufCFieldDescriptor *field = d->field;
        uint8_t *message;
        char text[128];

        if (d->depth == 0)
                return via_decode_fail(d, p, VIA_RESOURCE_EXHAUSTED,
                                       "nested deeper than %u (max_depth)",
                                       via_decode_max_depth(d));
        message = via_decode_take(d, p, type->desc.sizeof_message, 8);
        if (!message)
                return NULL;
        via_message_begin(type, message);
        d->depth--;
        for (unsigned i = 0; i < type->desc.n_fields; i++) {
                if (!via_decode_absent(d, type, message, i, p))
                        return NULL;
        }
        if (type->spans && (d->field = via_span_broken(type, message, text, sizeof(text)))) {
                d->type = type;
                return via_decode_fail(d, p, VIA_INVALID_ARGUMENT, "%s", text);
        }
        d->depth++;
        d->type = outer;
        d->field = field;
        return message;
}

/* @rule->count zeros, one way or another. */
static bool zero_array(struct via_decode *d, const struct via_rule *rule, void *message,
                       const uint8_t *p) {
        const ProtobufCFieldDescriptor *field = d->field;
        size_t n = rule->count, size = via_forms[field->type].size;
        void *values;

        if (n > SIZE_MAX / 2 / size)
                return via_decode_fail_memory(d, p, SIZE_MAX / 2);
        values = via_decode_take(d, p, n * size, 8);
        if (!values)
                return false;
        memset(values, 0, n * size);
        for (size_t i = 0; i < n; i++) {
                if (field->type == PROTOBUF_C_TYPE_STRING) {
                        ((const char **)values)[i] = protobuf_c_empty_string;
                } else if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
                        ((void **)values)[i] = default_message(d, via_type_of(field), p);
                        if (!((void **)values)[i])
                                return false;
                } else {
                        break;
                }
        }
        VIA_AT(size_t, message, field->quantifier_offset) = n;
        VIA_AT(void *, message, field->offset) = values;
        return true;
}

static bool zero_bytes(struct via_decode *d, const struct via_rule *rule,
                       ProtobufCBinaryData *bytes, const uint8_t *p) {
        bytes->data = via_decode_take(d, p, rule->count, 1);
        if (!bytes->data)
                return false;
        bytes->len = rule->count;
        memset(bytes->data, 0, rule->count);
        return true;
}

bool via_decode_absent(struct via_decode *d, const struct via_type *type, void *message,
                       size_t index, const uint8_t *p) {
        const ProtobufCFieldDescriptor *field = &type->desc.fields[index];
        const struct via_rule *rule = via_rule_of(type, index);
        bool exact = rule->flags & VIA_RULE_EXACT && rule->count;
        uint8_t *member = (uint8_t *)message + field->offset;

        d->type = type;
        d->field = field;
        if (field->label == PROTOBUF_C_LABEL_REPEATED)
                return !exact || zero_array(d, rule, message, p);

        switch (field->type) {
        case PROTOBUF_C_TYPE_MESSAGE:
                if (!(rule->flags & VIA_RULE_MEMBER))
                        return true;
                *(void **)(void *)member = default_message(d, via_type_of(field), p);
                return *(void **)(void *)member;
        case PROTOBUF_C_TYPE_BYTES:
                /* An @optional one that is there was sent empty. */
                if (exact && (field->label != PROTOBUF_C_LABEL_OPTIONAL ||
                              VIA_AT(protobuf_c_boolean, message, field->quantifier_offset)))
                        return zero_bytes(d, rule, (void *)member, p);
                break;
        default:
                break;
        }
        via_field_default(field, member);
        return true;
}
