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
                                       "nested deeper than %u (max_depth)",
                                       via_decode_max_depth(d));
        if (!message) {
                message = via_decode_take(d, p, inner->desc.sizeof_message, 8);
                if (!message)
                        return NULL;
                via_message_begin(inner, message);
        }
        d->depth--;
        p = via_decode_message(d, inner, message, p, p + n, *slot != NULL);
        d->depth++;
        d->type = outer;
        *slot = message;
        return p;
}

/*
 * The index of the field of number @id, or n_fields: most likely @next, or the one before it
 * if that is an array.
 */
static inline size_t find(const ProtobufCMessageDescriptor *desc, uint32_t id, size_t next) {
        const ProtobufCFieldDescriptor *fields = desc->fields;
        size_t low = 0, high = desc->n_fields, middle;

        if (next < high && fields[next].id == id)
                return next;
        if (next && fields[next - 1].id == id)
                return next - 1;
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

__attribute__((noinline))
static uint64_t *take_marks(struct via_decode *d, size_t words, bool again, const uint8_t *p) {
        uint64_t *many = via_decode_take(d, p, words * 2 * sizeof(uint64_t), 8);

        if (many) {
                memset(many, 0, words * sizeof(uint64_t));
                memset(many + words, again ? 0xff : 0, words * sizeof(uint64_t));
        }
        return many;
}

/* Reads the elements behind one tag. */
static const uint8_t *read_array(struct via_decode *d, const struct via_rule *rule,
                                 void *message, size_t index, unsigned wire, const uint8_t *p,
                                 const uint8_t *end, uint64_t *tight) {
        if (wire == via_forms[d->field->type].wire)
                return via_decode_element(d, rule, message, p, end, tight, index);
        return via_decode_packed(d, rule, message, p, end, tight, index);
}

/* Reads the one value behind a tag. */
static VIA_IN_LINE const uint8_t *read_single(struct via_decode *d, const struct via_rule *rule,
                                              void *message, const uint8_t *p,
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
            !via_decode_absent(d, d->type, message, (size_t)(field - d->type->desc.fields), p))
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

/* The tag at @p, whose first byte is @byte; 0, which is none, for one that is too large. */
static inline struct via_varint read_tag(struct via_decode *d, const uint8_t *p,
                                         const uint8_t *end, uint8_t byte) {
        struct via_varint tag;

        if (__builtin_expect(byte < 0x80, 1))
                return (struct via_varint){ p + 1, byte };
        d->field = NULL;
        tag = via_read_rest(p, end, byte);
        if (__builtin_expect(!tag.p, 0))
                via_decode_error_varint(d, p, end);
        if (tag.v > UINT32_MAX)
                tag.v = 0;
        return tag;
}

/* @p, or NULL if a number of @message, which has been read, is not where @range wants it. */
__attribute__((cold, noinline)) static const uint8_t *check_spans(struct via_decode *d,
                                                                  const struct via_type *type,
                                                                  const void *message,
                                                                  const uint8_t *p) {
        const ProtobufCFieldDescriptor *field;
        char text[128];

        field = via_span_broken(type, message, text, sizeof(text));
        if (!field)
                return p;
        d->type = type;
        d->field = field;
        return via_decode_fail(d, p, VIA_INVALID_ARGUMENT, "%s", text);
}

#define AGAIN SIZE_MAX

/*
 * Reads fields in any order, after the first @next of them, which have been read; or AGAIN,
 * when the whole message has been. If there is a byte at @p, it is @byte.
 */
__attribute__((noinline)) static const uint8_t *read_any(struct via_decode *d, void *message,
                                                         const uint8_t *p, const uint8_t *end,
                                                         uint8_t byte, size_t next) {
        const struct via_type *type = d->type;
        size_t i, n = type->desc.n_fields, words = n ? (n + 63) / 64 : 1;
        bool again = next == AGAIN, exact = false;
        uint64_t few[2] = { 0, 0 - (uint64_t)again }, *seen = few, *tight = few + 1;
        const ProtobufCFieldDescriptor *field;
        const struct via_rule *rule;
        struct via_varint tag;

        d->field = NULL;
        next = again ? 0 : next;
        if (words > 1) {
                seen = take_marks(d, words, again, p);
                if (!seen)
                        return NULL;
                tight = seen + words;
        }
        for (i = 0; i < next; i++)
                via_mark_set(seen, i);

        while (p < end) {
                tag = read_tag(d, p, end, byte);
                p = tag.p;
                if (!p)
                        return NULL;
                i = find(&type->desc, (uint32_t)tag.v >> 3, next);
                if (i == n || !wire_fits(&type->desc.fields[i], tag.v & 7)) {
                        d->field = NULL;
                        p = via_decode_skip(d, p, end, (uint32_t)tag.v);
                } else {
                        next = i + 1;
                        d->field = field = &type->desc.fields[i];
                        rule = via_rule_of(type, i);
                        if (rule->flags & VIA_RULE_EXACT &&
                            field->label == PROTOBUF_C_LABEL_REPEATED) {
                                exact = true;
                                /* An array is one value: the last one given wins. */
                                if (again && !via_mark_test(seen, i))
                                        VIA_AT(size_t, message, field->quantifier_offset) = 0;
                        }
                        if (field->label == PROTOBUF_C_LABEL_REPEATED)
                                p = read_array(d, rule, message, i, tag.v & 7, p, end, tight);
                        else
                                p = read_single(d, rule, message, p, end);
                        via_mark_set(seen, i);
                }
                if (!p)
                        return NULL;
                if (p < end)
                        byte = via_read_byte(p);
        }

        if (exact && !arrays_are_whole(d, type, message, seen, p))
                return NULL;
        if (!again && !fill(d, type, message, seen, p))
                return NULL;
        return type->spans ? check_spans(d, type, message, p) : p;
}

/*
 * Reads fields while they come one after the other, none missing, with tags of one byte: the
 * whole of most messages, and the beginning of others.
 */
static VIA_IN_LINE const uint8_t *read_message(struct via_decode *d, const struct via_type *type,
                                               void *message, const uint8_t *p,
                                               const uint8_t *end) {
        const ProtobufCFieldDescriptor *field;
        size_t i, n = type->desc.n_fields;
        uint8_t byte = 0;

        d->type = type;
        for (i = 0; p < end; i++) {
                byte = via_read_byte(p);
                if (i == n || byte >= 0x80)
                        break;
                /* not before: of an empty type it is NULL */
                field = &type->desc.fields[i];
                if ((field->id << 3 | via_forms[field->type].wire) != byte ||
                    field->label == PROTOBUF_C_LABEL_REPEATED)
                        break;
                d->field = field;
                p = read_single(d, via_rule_of(type, i), message, p + 1, end);
                if (!p)
                        return NULL;
        }
        if (__builtin_expect(p == end && i == n, 1))
                return __builtin_expect(!type->spans, 1) ? p : check_spans(d, type, message, p);
        return read_any(d, message, p, end, byte, i);
}

const uint8_t *via_decode_message(struct via_decode *d, const struct via_type *type,
                                  void *message, const uint8_t *p, const uint8_t *end,
                                  bool again) {
        if (!again)
                return read_message(d, type, message, p, end);
        d->type = type;
        return read_any(d, message, p, end, p < end ? via_read_byte(p) : 0, AGAIN);
}

/* The value of a limit, as via_limits_get(). */
#define LIMIT(limits, name) ((limits)->v[VIA_LIMIT_##name] ? (limits)->v[VIA_LIMIT_##name] : name)

int via_message_decode(const struct via_type *type, const void *data, size_t size,
                       const struct via_limits *limits, struct via_arena *arena, void *message,
                       struct via_error *err) {
#define DEFAULT(name, key, value, ...) name = value,
        enum { VIA_LIMITS(DEFAULT) };
        static const struct via_limits defaults;
        const struct via_limits *l = limits ? limits : &defaults;
        uint64_t memory = LIMIT(l, MEMORY);
        struct via_decode d;

        d.begin = size ? data : (const void *)"";
        d.arena = arena;
        d.left = memory > SIZE_MAX ? SIZE_MAX : (size_t)memory;
        d.depth = (unsigned)LIMIT(l, DEPTH);
        d.limits = l;
        d.err = err;
        if (__builtin_expect(type->desc.sizeof_message > d.left, 0)) {
                d.type = type;
                d.field = NULL;
                via_decode_error_memory(&d, d.begin, type->desc.sizeof_message);
                return d.code;
        }
        d.left -= type->desc.sizeof_message;
        via_message_begin(type, message);
        return read_message(&d, type, message, d.begin, d.begin + size) ? VIA_OK : d.code;
}
