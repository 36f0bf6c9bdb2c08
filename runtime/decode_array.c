/*
 * decode_array.c - the decoder's arrays, which grow with what arrives
 *
 * How much room an array has is not stored: it follows from how many elements there are. Room
 * for 4, then for twice as many, whenever that number is reached; unless the array is tight, as
 * after one packed run, which is how numbers normally come: then it has exactly the room that
 * it needs.
 */
#include "decode_value.h"

enum { FEWEST = 4 };

static void *fail_count(struct via_decode *d, const struct via_rule *rule, const uint8_t *p) {
        return via_decode_fail(d, p, VIA_INVALID_ARGUMENT, "more than %u elements", rule->count);
}

/* Room for @to elements, where there was room for @from. */
static void *resize(struct via_decode *d, const uint8_t *p, void *values, size_t from,
                    size_t to, size_t size) {
        bool last = via_arena_is_last(d->arena, values, from * size);
        size_t cost = (last ? to - from : to) * size;

        if (to > SIZE_MAX / 2 / size || cost > d->left)
                return via_decode_fail_memory(d, p, SIZE_MAX / 2);
        values = via_arena_grow(d->arena, values, from * size, to * size, 8);
        if (!values)
                return via_decode_fail_memory(d, p, cost);
        d->left -= cost;
        return values;
}

static inline bool is_full(size_t n, bool tight) {
        return n == 0 || tight || (n >= FEWEST && (n & (n - 1)) == 0);
}

/* The room that @n elements have by the rule above. */
static size_t room_of(size_t n, const struct via_rule *rule) {
        size_t room = FEWEST;

        while (room < n)
                room *= 2;
        return rule->count && room > rule->count ? rule->count : room;
}

/* Room for one more element behind @n: as it was, or NULL. */
static inline void *room(struct via_decode *d, const struct via_rule *rule, const uint8_t *p,
                         uint8_t **values, size_t n, uint64_t *tight, size_t index) {
        size_t size = via_size_of(d->field);
        void *larger;

        if (rule->count && n >= rule->count)
                return fail_count(d, rule, p);
        if (!(n & (n - 1)) || via_mark_test(tight, index)) {
                if (!is_full(n, via_mark_test(tight, index)))
                        return *values + n * size;
                larger = resize(d, p, n ? *values : NULL, n, room_of(n + 1, rule), size);
                if (!larger)
                        return NULL;
                *values = larger;
                via_mark_clear(tight, index);
        }
        return *values + n * size;
}

/* An element that is no message; apart, so that those, which recurse, need little stack. */
__attribute__((noinline)) static const uint8_t *read_value(struct via_decode *d,
                                                           const struct via_rule *rule,
                                                           const uint8_t *p, const uint8_t *end,
                                                           void *to) {
        const struct via_rule each = via_rule_each(rule);

        return via_decode_value(d, &each, p, end, to);
}

const uint8_t *via_decode_element(struct via_decode *d, const struct via_rule *rule,
                                  void *message, const uint8_t *p, const uint8_t *end,
                                  uint64_t *tight, size_t index) {
        const ProtobufCFieldDescriptor *field = d->field;
        size_t *n = &VIA_AT(size_t, message, field->quantifier_offset);
        void *to;

        to = room(d, rule, p, &VIA_AT(uint8_t *, message, field->offset), *n, tight, index);
        if (!to)
                return NULL;
        if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
                *(void **)to = NULL;
                p = via_decode_inner(d, p, end, to);
        } else {
                p = read_value(d, rule, p, end, to);
        }
        ++*n;
        return p;
}

/* A run of numbers of 4 or 8 bytes each, into an empty array. */
static const uint8_t *first_fixed(struct via_decode *d, const struct via_rule *rule,
                                  const uint8_t *p, size_t bytes, uint8_t **values,
                                  size_t *ret_n) {
        size_t size = via_forms[d->field->type].size, n = bytes / size;

        if (bytes % size)
                return via_decode_fail(d, p, VIA_INVALID_ARGUMENT,
                                       "the message ends inside a number");
        if (rule->count && n > rule->count)
                return fail_count(d, rule, p);
        *values = via_decode_take(d, p, bytes, 8);
        if (!*values)
                return NULL;
        memcpy(*values, p, bytes);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        for (size_t i = 0; i < bytes; i += size) {
                for (size_t a = i, b = i + size - 1; a < b; a++, b--) {
                        uint8_t byte = (*values)[a];

                        (*values)[a] = (*values)[b];
                        (*values)[b] = byte;
                }
        }
#endif
        *ret_n = n;
        return p + bytes;
}

/* Reads varints while there are some and there is room. */
static const uint8_t *read_varints(struct via_decode *d, const struct via_rule *rule,
                                   const uint8_t *p, const uint8_t *end, uint8_t *values,
                                   size_t room, size_t *n) {
        ProtobufCType type = d->field->type;
        size_t i = *n, size = via_forms[type].size;
        const struct via_rule each = via_rule_each(rule);
        uint64_t v;

        if (each.kind == VIA_RULE_NONE && type != PROTOBUF_C_TYPE_SINT32 &&
            type != PROTOBUF_C_TYPE_SINT64 && type != PROTOBUF_C_TYPE_BOOL) {
                for (; p && p < end && i < room; i++) {
                        p = via_read_varint(d, p, end, &v);
                        if (!p)
                                break;
                        if (size == 8)
                                ((uint64_t *)(void *)values)[i] = v;
                        else
                                ((uint32_t *)(void *)values)[i] = (uint32_t)v;
                }
        } else {
                for (; p && p < end && i < room; i++)
                        p = via_decode_value(d, &each, p, end, values + i * size);
        }
        *n = i;
        return p;
}

/*
 * A run of varints into an empty array. There can be as many as bytes; if so much memory may be
 * taken, it is, and what was too much is given back: it was the last thing taken. Otherwise the
 * array grows step by step.
 */
static const uint8_t *first_varints(struct via_decode *d, const struct via_rule *rule,
                                    const uint8_t *p, size_t bytes, uint8_t **ret_values,
                                    size_t *ret_n) {
        size_t size = via_forms[d->field->type].size, most = bytes, room = 0, n = 0;
        const uint8_t *end = p + bytes;
        uint8_t *values = NULL;

        if (rule->count && most > rule->count)
                most = rule->count;
        while (p && p < end) {
                size_t more = room ? room * 2 : most <= d->left / size ? most : 1024;

                if (rule->count && n == rule->count)
                        return fail_count(d, rule, p);
                values = resize(d, p, values, room, more < most ? more : most, size);
                if (!values)
                        return NULL;
                room = more < most ? more : most;
                p = read_varints(d, rule, p, end, values, room, &n);
        }
        if (p && via_arena_is_last(d->arena, values, room * size)) {
                via_arena_shrink(d->arena, values, room * size, n * size);
                d->left += (room - n) * size;
        }
        *ret_values = values;
        *ret_n = n;
        return p;
}

const uint8_t *via_decode_packed(struct via_decode *d, const struct via_rule *rule,
                                 void *message, const uint8_t *p, const uint8_t *end,
                                 uint64_t *tight, size_t index) {
        const ProtobufCFieldDescriptor *field = d->field;
        size_t *n = &VIA_AT(size_t, message, field->quantifier_offset);
        uint8_t **values = &VIA_AT(uint8_t *, message, field->offset);
        size_t bytes;

        p = via_read_length(d, p, end, &bytes);
        if (!p || bytes == 0)
                return p;
        if (*n == 0) {
                via_mark_set(tight, index);
                if (via_forms[field->type].wire == VIA_WIRE_VARINT)
                        return first_varints(d, rule, p, bytes, values, n);
                return first_fixed(d, rule, p, bytes, values, n);
        }
        end = p + bytes;
        while (p && p < end)
                p = via_decode_element(d, rule, message, p, end, tight, index);
        return p;
}
