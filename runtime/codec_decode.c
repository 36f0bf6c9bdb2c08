/*
 * codec_decode.c - bytes into messages
 *
 * Fields are expected in the order of their numbers, which is the order everybody writes them
 * in; any other works too. What arrived is marked, and when the message ends, what did not is
 * given its default.
 */
#include "decode_value.h"

const uint8_t *via_decode_inner(struct via_decode *d, const uint8_t *p, const uint8_t *end,
                                void **slot) {
        const struct via_type *outer = d->type, *inner = via_type_of(d->field);
        void *message = *slot;
        size_t n;

        p = via_read_length(d, p, end, &n);
        if (!p)
                return NULL;
        if (d->depth == 0)
                return via_decode_fail(d, p, VIA_RESOURCE_EXHAUSTED,
                                       "nested deeper than %u (max_depth)", d->max_depth);
        if (!message) {
                message = via_decode_take(d, p, inner->desc.sizeof_message, 8);
                if (!message)
                        return NULL;
                memset(message, 0, inner->desc.sizeof_message);
                ((ProtobufCMessage *)message)->descriptor = &inner->desc;
        }
        d->depth--;
        p = via_decode_message(d, inner, message, p, p + n, *slot != NULL);
        d->depth++;
        d->type = outer;
        *slot = message;
        return p;
}

/*
 * The index of the field of number @id, or n_fields: most likely @guess, or the one before it
 * if that is an array.
 */
static inline unsigned find(const ProtobufCMessageDescriptor *desc, uint32_t id, unsigned guess) {
        const ProtobufCFieldDescriptor *fields = desc->fields;
        unsigned low = 0, high = desc->n_fields, middle;

        if (guess < high && fields[guess].id == id)
                return guess;
        if (guess && fields[guess - 1].id == id)
                return guess - 1;
        if (id - 1 < high && fields[id - 1].id == id)
                return id - 1;
        while (low < high) {
                middle = low + (high - low) / 2;
                if (fields[middle].id == id)
                        return middle;
                if (fields[middle].id < id)
                        low = middle + 1;
                else
                        high = middle;
        }
        return desc->n_fields;
}

/* An array of exact length that arrived must be whole. */
static bool arrays_are_whole(struct via_decode *d, const struct via_type *type,
                             const void *message, const uint64_t *seen, const uint8_t *p) {
        const ProtobufCFieldDescriptor *field = type->desc.fields;
        size_t n;

        for (unsigned i = 0; i < type->desc.n_fields; i++, field++) {
                if (field->label != PROTOBUF_C_LABEL_REPEATED || !via_mark_test(seen, i) ||
                    !(type->rules[i].flags & VIA_RULE_EXACT))
                        continue;
                n = VIA_AT_CONST(size_t, message, field->quantifier_offset);
                if (n != 0 && n != type->rules[i].count) {
                        d->type = type;
                        d->field = field;
                        via_decode_error(d, p, VIA_INVALID_ARGUMENT, "%zu elements, not %u", n,
                                         type->rules[i].count);
                        return false;
                }
                if (n == 0 && !via_decode_absent(d, type, (void *)(uintptr_t)message, i, p))
                        return false;
        }
        return true;
}

static inline bool marks_begin(struct via_decode *d, struct via_marks *m, unsigned n_fields,
                               bool again, const uint8_t *p) {
        size_t words = (n_fields + 63) / 64;

        m->seen = &m->few[0];
        m->tight = &m->few[1];
        m->few[0] = 0;
        m->few[1] = 0 - (uint64_t)again;
        if (__builtin_expect(words <= 1, 1))
                return true;
        m->seen = via_decode_take(d, p, words * 2 * sizeof(uint64_t), 8);
        if (!m->seen)
                return false;
        m->tight = m->seen + words;
        memset(m->seen, 0, words * sizeof(uint64_t));
        memset(m->tight, again ? 0xff : 0, words * sizeof(uint64_t));
        return true;
}

/* Gives whatever has not arrived its default. */
static bool fill(struct via_decode *d, const struct via_type *type, void *message,
                 const uint64_t *seen, const uint8_t *p) {
        unsigned n = type->desc.n_fields;
        uint64_t missing;

        for (unsigned base = 0; base < n; base += 64) {
                missing = ~seen[base / 64];
                if (n - base < 64)
                        missing &= ((uint64_t)1 << (n - base)) - 1;
                for (; missing; missing &= missing - 1) {
                        if (!via_decode_absent(d, type, message,
                                               base + (unsigned)__builtin_ctzll(missing), p))
                                return false;
                }
        }
        return true;
}

/* Reads the elements behind one tag. */
static inline const uint8_t *read_array(struct via_decode *d, struct via_marks *m,
                                        const struct via_rule *rule, void *message,
                                        unsigned index, unsigned wire, const uint8_t *p,
                                        const uint8_t *end) {
        if (wire == via_forms[d->field->type].wire)
                return via_decode_element(d, rule, message, p, end, m->tight, index);
        return via_decode_packed(d, rule, message, p, end, m->tight, index);
}

/* Reads the one value behind a tag. */
static inline const uint8_t *read_single(struct via_decode *d, const struct via_rule *rule,
                                         void *message, unsigned index, const uint8_t *p,
                                         const uint8_t *end) {
        const ProtobufCFieldDescriptor *field = d->field;

        if (field->type == PROTOBUF_C_TYPE_MESSAGE)
                return via_decode_inner(d, p, end, &VIA_AT(void *, message, field->offset));
        p = via_decode_value(d, rule, p, end, (uint8_t *)message + field->offset);
        if (field->label == PROTOBUF_C_LABEL_OPTIONAL && field->type != PROTOBUF_C_TYPE_STRING)
                VIA_AT(protobuf_c_boolean, message, field->quantifier_offset) = true;
        /* An octet array that was sent empty has not been sent. */
        if (__builtin_expect(rule->flags & VIA_RULE_EXACT, 0) && p &&
            VIA_AT(ProtobufCBinaryData, message, field->offset).len == 0 &&
            !via_decode_absent(d, d->type, message, index, p))
                return NULL;
        return p;
}

/* Whether a value of @wire can be one of @field. If it cannot, it is an unknown field. */
static inline bool wire_fits(const ProtobufCFieldDescriptor *field, unsigned wire) {
        if (__builtin_expect(wire == via_forms[field->type].wire, 1))
                return true;
        return wire == VIA_WIRE_LEN && field->label == PROTOBUF_C_LABEL_REPEATED &&
               via_is_number(field);
}

const uint8_t *via_decode_message(struct via_decode *d, const struct via_type *type,
                                  void *message, const uint8_t *p, const uint8_t *end,
                                  bool again) {
        const ProtobufCFieldDescriptor *field;
        const struct via_rule *rule;
        struct via_marks m;
        unsigned i, next = 0;
        bool exact = false;
        uint64_t tag;

        d->type = type;
        d->field = NULL;
        if (!marks_begin(d, &m, type->desc.n_fields, again, p))
                return NULL;

        while (p < end) {
                d->field = NULL;
                p = via_read_varint(d, p, end, &tag);
                if (!p)
                        return NULL;
                if (__builtin_expect(tag - 8 > UINT32_MAX - 8, 0))
                        return via_decode_fail(d, p, VIA_INVALID_ARGUMENT, "not a field number");
                i = find(&type->desc, (uint32_t)tag >> 3, next);
                if (i == type->desc.n_fields || !wire_fits(&type->desc.fields[i], tag & 7)) {
                        p = via_decode_skip(d, p, end, (uint32_t)tag);
                        if (!p)
                                return NULL;
                        continue;
                }

                next = i + 1;
                d->field = field = &type->desc.fields[i];
                rule = via_rule_of(type, i);
                if (field->label == PROTOBUF_C_LABEL_REPEATED) {
                        if (__builtin_expect(rule->flags & VIA_RULE_EXACT, 0)) {
                                exact = true;
                                /* An array is one value: the last one given wins. */
                                if (again && !via_mark_test(m.seen, i))
                                        VIA_AT(size_t, message, field->quantifier_offset) = 0;
                        }
                        p = read_array(d, &m, rule, message, i, tag & 7, p, end);
                } else {
                        p = read_single(d, rule, message, i, p, end);
                }
                if (!p)
                        return NULL;
                via_mark_set(m.seen, i);
        }

        if (exact && !arrays_are_whole(d, type, message, m.seen, p))
                return NULL;
        return again || fill(d, type, message, m.seen, p) ? p : NULL;
}

int via_message_decode(const struct via_type *type, const void *data, size_t size,
                       const struct via_limits *limits, struct via_arena *arena, void *message,
                       struct via_error *err) {
        static const struct via_limits defaults;
        const struct via_limits *l = limits ? limits : &defaults;
        uint64_t memory = via_limits_get(l, VIA_LIMIT_MEMORY);
        struct via_decode d = {
                .type = type,
                .begin = size ? data : (const void *)"",
                .arena = arena,
                .left = memory > SIZE_MAX ? SIZE_MAX : (size_t)memory,
                .depth = (unsigned)via_limits_get(l, VIA_LIMIT_DEPTH),
                .err = err,
        };

        d.max_depth = d.depth;
        d.max_memory = d.left;
        if (type->desc.sizeof_message > d.left) {
                via_decode_error_memory(&d, d.begin, type->desc.sizeof_message);
                return d.code;
        }
        d.left -= type->desc.sizeof_message;
        memset(message, 0, type->desc.sizeof_message);
        ((ProtobufCMessage *)message)->descriptor = &type->desc;
        return via_decode_message(&d, type, message, d.begin, d.begin + size, false) ? VIA_OK
                                                                                     : d.code;
}
