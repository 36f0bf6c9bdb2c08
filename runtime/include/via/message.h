#ifndef VIA_MESSAGE_H
#define VIA_MESSAGE_H
/*
 * via/message.h - what the generated code says of a message, and what can be done with any message
 *
 * A message is a protobuf-c struct and its descriptor is a protobuf-c descriptor, so what works
 * on those works on these. A struct via_type adds the rules that an .idl file has and protobuf
 * has not: bounds, narrow integers, arrays of an exact length.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <protobuf-c/protobuf-c.h>
#include <via/arena.h>
#include <via/error.h>
#include <via/limits.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

enum via_rule_kind {
        VIA_RULE_NONE = 0,      /* the protobuf type says it all */
        VIA_RULE_U8,            /* octet, uint8: 0 to 255 */
        VIA_RULE_CHAR,          /* char: 0 to 255 */
        VIA_RULE_U16,
        VIA_RULE_I8,
        VIA_RULE_I16,
};

enum {                          /* via_rule.flags */
        VIA_RULE_EXACT  = 1,    /* an array: @count elements (or bytes), neither more nor less */
        /* a struct that is not @optional: after a decode it is never NULL */
        VIA_RULE_MEMBER = 2,
};

struct via_rule {
        /* most elements of a sequence, or of octets; or the exact count; 0: no bound */
        uint32_t count;
        /* most bytes of a string, or of each string in a sequence; 0: no bound */
        uint32_t length;
        uint8_t  kind;          /* enum via_rule_kind, of each element */
        uint8_t  flags;
};

/* The @range of a member: a single number, which may be @optional. */
struct via_span {
        unsigned field;         /* its index among desc.fields */
        /* an integer is @least to @most, which have an unsigned one's bits if it is one */
        int64_t  least, most;
        double   from, to;      /* a float or double is @from to @to, and so not NaN */
};

/*
 * One type of message. Made by idlc, constant. @desc.name is the full name ("hello.Nameless"),
 * @desc.fields are sorted by id, and every message field's descriptor is again the @desc of a
 * struct via_type.
 */
struct via_type {
        ProtobufCMessageDescriptor desc;
        /* as many as fields, in their order; NULL: none has one */
        const struct via_rule     *rules;
        const struct via_span     *spans;       /* n_spans of them; NULL: none */
        unsigned                   n_spans;
        /*
         * The message is one sequence of octets, without a bound: behind its base lies one
         * ProtobufCBinaryData, and this is its tag on the wire, of one byte; 0: it is not so.
         */
        uint8_t                    octets;
};

/*
 * Makes the message at @message, of @type->desc.sizeof_message bytes, the default one. Owns
 * nothing yet.
 */
void via_message_init(const struct via_type *type, void *message);

/*
 * Frees what the message holds (made by malloc, as in a result or a duplicate) and makes it the
 * default one again.
 */
void via_message_fini(const struct via_type *type, void *message);

/* The same, and frees @message itself. NULL is allowed. */
void via_message_free(const struct via_type *type, void *message);

/*
 * A deep copy of @message: on the heap and yours (via_message_free()), or in @arena if that is
 * not NULL. Returns NULL if there is no memory.
 */
void *via_message_dup(const struct via_type *type, const void *message, struct via_arena *arena);

/*
 * Whether two messages of @type say the same. NULL strings equal empty ones; NaN equals NaN of
 * the same bits.
 */
bool via_message_equal(const struct via_type *type, const void *a, const void *b);

/*
 * The bytes @message takes on the wire. VIA_INVALID_ARGUMENT, naming the field, if it breaks a
 * rule of its type: a bound, a range, a count, text that is not UTF-8, a NULL element;
 * VIA_RESOURCE_EXHAUSTED if it is nested deeper than 1000 levels or above 1 GiB.
 */
int via_message_size(const struct via_type *type, const void *message, size_t *ret_size,
                     struct via_error *err);

/*
 * Encodes @message into the @size bytes at @buf, which is what via_message_size() has just said
 * of it, unchanged since. Cannot fail. (It writes from the end to the beginning, so that no
 * length inside has to be known before it is written.)
 */
void via_message_encode(const struct via_type *type, const void *message, uint8_t *buf,
                        size_t size);

/*
 * Decodes @size bytes at @data into @message (sizeof_message bytes of yours), in one pass that
 * reads each byte once. All that the message holds is taken from @arena; nothing points into
 * @data. @limits (NULL: the defaults) gives depth and memory. @message is undefined after an
 * error: VIA_INVALID_ARGUMENT (naming the field and the offset) or VIA_RESOURCE_EXHAUSTED.
 */
int via_message_decode(const struct via_type *type, const void *data, size_t size,
                       const struct via_limits *limits, struct via_arena *arena, void *message,
                       struct via_error *err);

/* The number by which a method goes over the wire: FNV-1a, 64 bits, of its name. */
uint64_t via_method_id(const char *name);

/* Frees @n strings, and the array they are in, as a call returns a sequence of strings. */
void via_strings_free(size_t n, char **strings);

/* The same of @n octet sequences. */
void via_octets_free(size_t n, ProtobufCBinaryData *octets);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop
#endif
