/*
 * codec_decode.c - bytes into messages
 *
 * Fields are expected in the order of their numbers, which is the order everybody writes them
 * in; any other works too. What arrived is marked, and when the message ends, what did not is
 * given its default.
 */
#include <endian.h>
#include "decode.h"
#include "utf8.h"

/* What has been noted of each field while a message is read: two bits of each, by its index. */
struct marks {
        uint64_t *seen;                 /* it has arrived */
        uint64_t *tight;                /* its array has no room left */
        uint64_t  few[2];               /* where they are in a type of up to 64 fields */
};

static inline bool mark_test(const uint64_t *marks, unsigned i) {
        return marks[i / 64] >> (i % 64) & 1;
}

static inline void mark_put(uint64_t *marks, unsigned i, bool on) {
        marks[i / 64] = (marks[i / 64] & ~((uint64_t)1 << (i % 64))) | (uint64_t)on << (i % 64);
}

static const uint8_t *read_string(struct via_decode *d, const struct via_rule *rule,
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

static const uint8_t *read_bytes(struct via_decode *d, const struct via_rule *rule,
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
                memcpy(data, p, n);
        }
        to->len = n;
        to->data = data;
        return p + n;
}

static const uint8_t *fail_range(struct via_decode *d, const struct via_rule *rule,
                                 const uint8_t *p, uint64_t v) {
        return via_decode_fail(d, p, VIA_INVALID_ARGUMENT, "%lld is not within %d to %d",
                               (long long)v, via_ranges[rule->kind].least,
                               via_ranges[rule->kind].most);
}

const uint8_t *via_decode_value(struct via_decode *d, const struct via_rule *rule,
                                const uint8_t *p, const uint8_t *end, void *to) {
        ProtobufCType type = d->field->type;
        unsigned size = via_forms[type].size;
        uint32_t v32;
        uint64_t v;

        switch (type) {
        case PROTOBUF_C_TYPE_STRING:
                return read_string(d, rule, p, end, to);
        case PROTOBUF_C_TYPE_BYTES:
                return read_bytes(d, rule, p, end, to);
        case PROTOBUF_C_TYPE_DOUBLE:
        case PROTOBUF_C_TYPE_FIXED64:
        case PROTOBUF_C_TYPE_SFIXED64:
                if ((size_t)(end - p) < size)
                        return via_decode_fail(d, p, VIA_INVALID_ARGUMENT,
                                               "the message ends inside a number");
                memcpy(&v, p, sizeof(v));
                *(uint64_t *)to = le64toh(v);
                return p + size;
        case PROTOBUF_C_TYPE_FLOAT:
        case PROTOBUF_C_TYPE_FIXED32:
        case PROTOBUF_C_TYPE_SFIXED32:
                if ((size_t)(end - p) < size)
                        return via_decode_fail(d, p, VIA_INVALID_ARGUMENT,
                                               "the message ends inside a number");
                memcpy(&v32, p, sizeof(v32));
                *(uint32_t *)to = le32toh(v32);
                return p + size;
        default:
                break;
        }

        p = via_read_varint(d, p, end, &v);
        if (!p)
                return NULL;
        if (type == PROTOBUF_C_TYPE_SINT32)
                v = (uint64_t)(int64_t)(int32_t)((uint32_t)v >> 1 ^ -((uint32_t)v & 1));
        else if (type == PROTOBUF_C_TYPE_SINT64)
                v = v >> 1 ^ -(v & 1);
        else if (type == PROTOBUF_C_TYPE_BOOL)
                v = v != 0;
        if (rule->kind != VIA_RULE_NONE && !via_in_range(rule->kind, v))
                return fail_range(d, rule, p, v);
        if (size == 8)
                *(uint64_t *)to = v;
        else
                *(uint32_t *)to = (uint32_t)v;
        return p;
}

const uint8_t *via_decode_inner(struct via_decode *d, const uint8_t *p, const uint8_t *end,
                                void **slot) {
        const struct via_type *inner = via_type_of(d->field);
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
                if (field->label != PROTOBUF_C_LABEL_REPEATED || !mark_test(seen, i) ||
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

static bool marks_begin(struct via_decode *d, struct marks *m, unsigned n_fields, bool again,
                        const uint8_t *p) {
        size_t words = (n_fields + 63) / 64;

        m->seen = &m->few[0];
        m->tight = &m->few[1];
        if (words > 1) {
                m->seen = via_decode_take(d, p, words * 2 * sizeof(uint64_t), 8);
                if (!m->seen)
                        return false;
                m->tight = m->seen + words;
        }
        memset(m->seen, 0, (words ? words : 1) * sizeof(uint64_t));
        memset(m->tight, again ? 0xff : 0, (words ? words : 1) * sizeof(uint64_t));
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
static const uint8_t *read_array(struct via_decode *d, struct marks *m,
                                 const struct via_rule *rule, void *message, unsigned index,
                                 unsigned wire, const uint8_t *p, const uint8_t *end) {
        bool tight = mark_test(m->tight, index);

        if (wire == via_forms[d->field->type].wire)
                p = via_decode_element(d, rule, message, p, end, &tight);
        else
                p = via_decode_packed(d, rule, message, p, end, &tight);
        mark_put(m->tight, index, tight);
        return p;
}

const uint8_t *via_decode_message(struct via_decode *d, const struct via_type *type,
                                  void *message, const uint8_t *p, const uint8_t *end,
                                  bool again) {
        const ProtobufCFieldDescriptor *field;
        const struct via_rule *rule;
        bool exact = false, seen;
        unsigned i, wire, guess = 0;
        uint64_t tag;
        struct marks m;

        d->type = type;
        d->field = NULL;
        if (!marks_begin(d, &m, type->desc.n_fields, again, p))
                return NULL;

        while (p < end) {
                d->field = NULL;
                p = via_read_varint(d, p, end, &tag);
                if (!p)
                        return NULL;
                if (tag < 8 || tag > UINT32_MAX)
                        return via_decode_fail(d, p, VIA_INVALID_ARGUMENT, "not a field number");
                wire = tag & 7;
                i = find(&type->desc, (uint32_t)tag >> 3, guess);
                field = type->desc.fields + i;
                if (i == type->desc.n_fields ||
                    (wire != via_forms[field->type].wire &&
                     !(wire == VIA_WIRE_LEN && field->label == PROTOBUF_C_LABEL_REPEATED &&
                       via_is_number(field)))) {
                        p = via_decode_skip(d, p, end, (uint32_t)tag);
                        if (!p)
                                return NULL;
                        continue;
                }

                guess = i + 1;
                d->field = field;
                rule = via_rule_of(type, i);
                seen = mark_test(m.seen, i);
                m.seen[i / 64] |= (uint64_t)1 << (i % 64);
                if (field->label == PROTOBUF_C_LABEL_REPEATED) {
                        if (rule->flags & VIA_RULE_EXACT) {
                                exact = true;
                                /* an array is one value: the last one given wins */
                                if (again && !seen)
                                        VIA_AT(size_t, message, field->quantifier_offset) = 0;
                        }
                        p = read_array(d, &m, rule, message, i, wire, p, end);
                } else if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
                        p = via_decode_inner(d, p, end, &VIA_AT(void *, message, field->offset));
                } else {
                        p = via_decode_value(d, rule, p, end, (uint8_t *)message + field->offset);
                        if (field->label == PROTOBUF_C_LABEL_OPTIONAL &&
                            field->type != PROTOBUF_C_TYPE_STRING)
                                VIA_AT(protobuf_c_boolean, message, field->quantifier_offset) =
                                        true;
                        /* An octet array that was sent empty has not been sent. */
                        if (rule->flags & VIA_RULE_EXACT && p &&
                            VIA_AT(ProtobufCBinaryData, message, field->offset).len == 0 &&
                            !via_decode_absent(d, type, message, i, p))
                                return NULL;
                }
                if (!p)
                        return NULL;
                d->type = type;
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
