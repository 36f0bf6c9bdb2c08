#pragma once
/*
 * decode.h - the decoder from the inside: reading, charging, failing
 *
 * Whatever reads takes the place to read at and where the input ends, and returns the place
 * behind what it read, or NULL after an error. Each byte is read once, into a register, checked
 * there and used from there: the input may be memory that somebody else is writing to.
 */
#include "arena.h"
#include "codec.h"

struct via_decode {
        /* of the message being read, and the field, for errors */
        const struct via_type *type;
        const ProtobufCFieldDescriptor *field;  /* NULL: none yet */
        const uint8_t    *begin;                /* of the whole input */
        struct via_arena *arena;
        size_t            left;                 /* bytes that may still be taken */
        unsigned          depth;                /* levels of messages that may still be entered */
        int               code;                 /* of the error, once there is one */
        const struct via_limits *limits;
        struct via_error *err;
};

/*
 * Ends the decoding with @code and a sentence, which names the field and the offset of @p; or
 * with one for a number that could not be read at @p, a length that leads past the end, a want
 * of memory.
 */
void via_decode_error(struct via_decode *d, const uint8_t *p, int code, const char *format, ...)
        __attribute__((cold, noinline, format(printf, 4, 5)));
void via_decode_error_varint(struct via_decode *d, const uint8_t *p, const uint8_t *end)
        __attribute__((cold, noinline));
void via_decode_error_length(struct via_decode *d, const uint8_t *p, uint64_t length, size_t left)
        __attribute__((cold, noinline));
void via_decode_error_memory(struct via_decode *d, const uint8_t *p, size_t size)
        __attribute__((cold, noinline));

static inline unsigned via_decode_max_depth(const struct via_decode *d) {
        return (unsigned)via_limits_get(d->limits, VIA_LIMIT_DEPTH);
}

/* The same as expressions, NULL as seen by the compiler, to be returned. */
#define via_decode_fail(...) (via_decode_error(__VA_ARGS__), NULL)
#define via_decode_fail_varint(...) (via_decode_error_varint(__VA_ARGS__), NULL)
#define via_decode_fail_length(...) (via_decode_error_length(__VA_ARGS__), NULL)
#define via_decode_fail_memory(...) (via_decode_error_memory(__VA_ARGS__), NULL)

/* A number and the place behind it, NULL if there is none: in two registers. */
struct via_varint {
        const uint8_t *p;
        uint64_t       v;
};

/* The number at @p whose first byte is @first, which does not end it. */
struct via_varint via_read_rest(const uint8_t *p, const uint8_t *end, uint8_t first);

/* Reads over the value of an unknown field, whatever it is. */
const uint8_t *via_decode_skip(struct via_decode *d, const uint8_t *p, const uint8_t *end,
                               uint32_t tag);

/*
 * Reads the fields between @p and @end into @message, which has been begun; @again: it has been
 * read before, and this is added.
 */
const uint8_t *via_decode_message(struct via_decode *d, const struct via_type *type,
                                  void *message, const uint8_t *p, const uint8_t *end,
                                  bool again);

/* Reads a message with its length before it. If *@slot is NULL, it is made. */
const uint8_t *via_decode_inner(struct via_decode *d, const uint8_t *p, const uint8_t *end,
                                void **slot);

/* What is noted of fields while a message is read: a bit of each, by its index. */
static inline bool via_mark_test(const uint64_t *marks, size_t i) {
        return marks[i / 64] >> (i % 64) & 1;
}

static inline void via_mark_set(uint64_t *marks, size_t i) {
        marks[i / 64] |= (uint64_t)1 << (i % 64);
}

static inline void via_mark_clear(uint64_t *marks, size_t i) {
        marks[i / 64] &= ~((uint64_t)1 << (i % 64));
}

/*
 * Reads one element, or a packed run of them, behind those that the array has. It is the field
 * of index @index, and its mark in @tight is kept.
 */
const uint8_t *via_decode_element(struct via_decode *d, const struct via_rule *rule,
                                  void *message, const uint8_t *p, const uint8_t *end,
                                  uint64_t *tight, size_t index);
const uint8_t *via_decode_packed(struct via_decode *d, const struct via_rule *rule,
                                 void *message, const uint8_t *p, const uint8_t *end,
                                 uint64_t *tight, size_t index);

/*
 * Gives the field @index of @message, which has not arrived, the value that it has then.
 * Returns whether there was memory.
 */
bool via_decode_absent(struct via_decode *d, const struct via_type *type, void *message,
                       size_t index, const uint8_t *p);

/* One byte, read once. */
static inline uint8_t via_read_byte(const uint8_t *p) {
        return *(const volatile uint8_t *)p;
}

static inline const uint8_t *via_read_varint(struct via_decode *d, const uint8_t *p,
                                             const uint8_t *end, uint64_t *ret) {
        struct via_varint rest;
        uint8_t byte;

        if (__builtin_expect(p == end, 0))
                return via_decode_fail_varint(d, p, end);
        byte = via_read_byte(p);
        if (__builtin_expect(byte < 0x80, 1)) {
                *ret = byte;
                return p + 1;
        }
        rest = via_read_rest(p, end, byte);
        if (__builtin_expect(!rest.p, 0))
                return via_decode_fail_varint(d, p, end);
        *ret = rest.v;
        return rest.p;
}

/* A length, of bytes that are there. */
static inline const uint8_t *via_read_length(struct via_decode *d, const uint8_t *p,
                                             const uint8_t *end, size_t *ret) {
        uint64_t length;

        p = via_read_varint(d, p, end, &length);
        if (!p)
                return NULL;
        if (__builtin_expect(length > (size_t)(end - p), 0))
                return via_decode_fail_length(d, p, length, (size_t)(end - p));
        *ret = (size_t)length;
        return p;
}

/* Takes @size bytes (not 0) out of the arena, and out of what the message may take. */
static inline void *via_decode_take(struct via_decode *d, const uint8_t *p, size_t size,
                                    size_t align) {
        void *piece;

        if (__builtin_expect(size > d->left, 0))
                return via_decode_fail_memory(d, p, size);
        piece = via_arena_take(d->arena, size, align);
        if (__builtin_expect(!piece, 0))
                return via_decode_fail_memory(d, p, size);
        d->left -= size;
        return piece;
}
