#pragma once
/*
 * codec_octets.h - the codec in line, for messages that are one sequence of octets
 *
 * Such a message (via_type.octets) is what files, pictures and other people's formats travel in:
 * a tag, a length, the bytes. Whoever has a message in his hands asks here; any that is not so
 * plain, and any that is wrong, goes to the codec proper, which has the last word on it.
 */
#include "decode.h"

/* How every message whose type has `octets` lies in memory. */
struct via_octets {
        ProtobufCMessage base;
        ProtobufCBinaryData data;
};

static inline const struct via_octets *via_octets_of(const struct via_type *type,
                                                     const void *message) {
        return __builtin_expect(type->octets != 0, 1) ? message : NULL;
}

static inline void via_octets_begin(const struct via_type *type, struct via_octets *message) {
        message->base.descriptor = &type->desc;
        message->base.n_unknown_fields = 0;
        message->base.unknown_fields = NULL;
        message->data.len = 0;
        message->data.data = NULL;
}

/* via_message_size() without words about what is wrong. */
static inline int via_size(const struct via_type *type, const void *message, size_t *ret_size) {
        const struct via_octets *octets = via_octets_of(type, message);
        size_t n = octets ? octets->data.len : 0;

        if (__builtin_expect(n - 1 >= VIA_MESSAGE_MOST / 2 || !octets->data.data, 0))
                return via_message_size(type, message, ret_size, NULL);
        *ret_size = 1 + via_length_size(n) + n;
        return VIA_OK;
}

/* The tag and the length of @n > 0 octets: where the octets go. */
static inline uint8_t *via_octets_head(const struct via_type *type, size_t n, uint8_t *p) {
        *p++ = type->octets;
        while (__builtin_expect(n >= 0x80, 0)) {
                *p++ = (uint8_t)(n | 0x80);
                n >>= 7;
        }
        *p++ = (uint8_t)n;
        return p;
}

/* What is at least so large is worth a system call to itself, if that saves a copy. */
enum { VIA_OCTETS_LARGE = 128 * 1024, VIA_OCTETS_HEAD = 6 };

/* @message if it is mostly octets, a lot of them: these need not be copied to be sent. */
static inline const struct via_octets *via_octets_large(const struct via_type *type,
                                                        const void *message) {
        const struct via_octets *octets = via_octets_of(type, message);

        return octets && __builtin_expect(octets->data.len >= VIA_OCTETS_LARGE, 0) ? octets : NULL;
}

/* via_message_encode(). */
static inline void via_encode(const struct via_type *type, const void *message, uint8_t *buf,
                              size_t size) {
        const struct via_octets *octets = via_octets_of(type, message);

        if (!octets || __builtin_expect(!size, 0)) {
                via_message_encode(type, message, buf, size);
                return;
        }
        buf = via_octets_head(type, octets->data.len, buf);
        via_copy(buf, octets->data.data, octets->data.len);
}

/* The same to two places. */
static VIA_IN_LINE void via_encode_twice(const struct via_type *type, const void *message,
                                         uint8_t *one, uint8_t *other, size_t size) {
        const struct via_octets *octets = via_octets_of(type, message);
        const uint8_t *from;
        size_t n;

        if (!octets || __builtin_expect(!size, 0)) {
                via_message_encode(type, message, one, size);
                via_message_encode(type, message, other, size);
                return;
        }
        n = octets->data.len;
        from = octets->data.data;
        one = via_octets_head(type, n, one);
        other = via_octets_head(type, n, other);
        via_copy(one, from, n);
        via_copy(other, from, n);
}

/* The same as below where the length takes any number of bytes. */
static inline const uint8_t *via_octets_in_many(const struct via_type *type, const uint8_t *p,
                                                size_t size) {
        const uint8_t *end = p + size;
        unsigned shift = 7;
        uint8_t byte;
        uint64_t n;

        if (size < 3 || via_read_byte(p++) != type->octets)
                return NULL;
        byte = via_read_byte(p++);
        n = byte & 0x7f;
        while (byte >= 0x80 && p < end && shift < 35) {
                byte = via_read_byte(p++);
                n |= (uint64_t)(byte & 0x7f) << shift;
                shift += 7;
        }
        return byte < 0x80 && n && n == (size_t)(end - p) ? p : NULL;
}

/*
 * Where the octets begin if the @size bytes at @p are a message of @type and nothing but its one
 * field; NULL: they are not, or are none. Each byte is read once.
 */
static inline const uint8_t *via_octets_in(const struct via_type *type, const uint8_t *p,
                                           size_t size) {
        if (__builtin_expect(size - 3 < 0x7f, 1))
                return via_read_byte(p) == type->octets && via_read_byte(p + 1) == size - 2 ? p + 2
                                                                                            : NULL;
        return via_octets_in_many(type, p, size);
}

/* via_message_decode(), also without words. @limits are all set. */
static VIA_IN_LINE int via_decode_to(const struct via_type *type, const void *data, size_t size,
                                     const struct via_limits *limits, struct via_arena *arena,
                                     void *message) {
        struct via_octets *octets = message;
        const uint8_t *from = NULL;
        uint8_t *copy = NULL;
        size_t n = 0;

        if (__builtin_expect(type->octets != 0, 1))
                from = via_octets_in(type, data, size);
        if (__builtin_expect(from != NULL, 1)) {
                n = size - (size_t)(from - (const uint8_t *)data);
                if (sizeof(*octets) + n <= limits->v[VIA_LIMIT_MEMORY])
                        copy = via_arena_take(arena, n, 1);
        }
        if (__builtin_expect(!copy, 0))
                return via_message_decode(type, data, size, limits, arena, message, NULL);
        via_octets_begin(type, octets);
        octets->data.len = n;
        octets->data.data = copy;
        via_copy(copy, from, n);
        return VIA_OK;
}

/* The same into a new message of @arena's: *@ret_message is NULL if there was no memory for it. */
static VIA_IN_LINE int via_decode(const struct via_type *type, const void *data, size_t size,
                                  const struct via_limits *limits, struct via_arena *arena,
                                  void **ret_message) {
        void *message = via_arena_take(arena, type->desc.sizeof_message, VIA_ARENA_ALIGN);

        *ret_message = message;
        return message ? via_decode_to(type, data, size, limits, arena, message)
                       : VIA_RESOURCE_EXHAUSTED;
}

/*
 * Where it can be done without a copy: the octets stay where they are in @data, which must not be
 * shared with anybody. Whether that can be.
 */
static VIA_IN_LINE bool via_decode_here(const struct via_type *type, const void *data, size_t size,
                                        const struct via_limits *limits,
                                        struct via_octets *octets) {
        const uint8_t *from = type->octets ? via_octets_in(type, data, size) : NULL;

        if (!from || sizeof(*octets) + size > limits->v[VIA_LIMIT_MEMORY])
                return false;
        via_octets_begin(type, octets);
        octets->data.len = size - (size_t)(from - (const uint8_t *)data);
        octets->data.data = (uint8_t *)(uintptr_t)from;
        return true;
}

/* via_decode() of bytes that are @arena's already: octets stay where they are. */
static inline int via_decode_placed(const struct via_type *type, const void *data, size_t size,
                                    const struct via_limits *limits, struct via_arena *arena,
                                    void **ret_message) {
        struct via_octets octets;
        void *copy;

        if (!via_decode_here(type, data, size, limits, &octets))
                return via_decode(type, data, size, limits, arena, ret_message);
        copy = via_arena_take(arena, sizeof(octets), VIA_ARENA_ALIGN);
        if (!copy)
                return VIA_RESOURCE_EXHAUSTED;
        *ret_message = memcpy(copy, &octets, sizeof(octets));
        return VIA_OK;
}

/* via_message_default(). */
static inline void via_default(const struct via_type *type, void *message) {
        if (__builtin_expect(type->octets != 0, 1))
                via_octets_begin(type, message);
        else
                via_message_default(type, message);
}
