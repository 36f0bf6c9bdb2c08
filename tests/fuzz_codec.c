/*
 * fuzz_codec.c - any bytes, decoded as any type: what was understood must survive being sent on
 *
 * The first byte chooses the type. What decodes is encoded and decoded again, and must say the
 * same; protobuf-c must find the struct in order, and understand the bytes.
 */
#include <stdio.h>
#include <stdlib.h>
#include "fuzz.h"
#include "message_format.h"
#include "types.h"

#define MUST(cond) ((cond) ? (void)0 : (fprintf(stderr, "%d: %s\n", __LINE__, #cond), abort()))

static void again(const struct via_type *type, const void *message, struct via_arena *arena) {
        void *other = via_arena_alloc(arena, type->desc.sizeof_message), *copy;
        ProtobufCMessage *theirs;
        size_t size, more;
        uint8_t *bytes;
        char text[64];
        int r = via_message_size(type, message, &size, NULL);

        if (r == VIA_RESOURCE_EXHAUSTED)
                /* defaults that were filled in can make it too large to be sent */
                return;
        MUST(r == VIA_OK);
        bytes = malloc(size);
        via_message_encode(type, message, bytes, size);
        r = via_message_decode(type, bytes, size, NULL, arena, other, NULL);
        MUST(r == VIA_OK || r == VIA_RESOURCE_EXHAUSTED);
        if (r == VIA_OK) {
                MUST(via_message_equal(type, message, other));
                MUST(via_message_equal(type, other, message));
                MUST(via_message_size(type, other, &more, NULL) == VIA_OK && more == size);
        }

        copy = via_message_dup(type, message, NULL);
        MUST(copy && via_message_equal(type, copy, message));
        MUST(protobuf_c_message_check(copy));
        protobuf_c_message_free_unpacked(copy, NULL);
        theirs = protobuf_c_message_unpack(&type->desc, NULL, size, bytes);
        MUST(theirs && via_message_equal(type, theirs, message));
        protobuf_c_message_free_unpacked(theirs, NULL);
        via_message_format(type, message, text, sizeof(text));
        free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct via_limits limits = { .v[VIA_LIMIT_MEMORY] = 1 << 20 };
        struct via_error err = VIA_ERROR_INIT;
        struct via_arena *arena;
        const struct via_type *type;
        void *message;
        int r;

        if (size == 0)
                return 0;
        type = types_all[data[0] % T_TYPES];
        arena = via_arena_new(0);
        message = via_arena_alloc(arena, type->desc.sizeof_message);
        r = via_message_decode(type, data + 1, size - 1, &limits, arena, message, &err);
        MUST(r == VIA_OK || err.message);
        if (r == VIA_OK)
                again(type, message, arena);
        via_error_fini(&err);
        via_arena_free(arena);
        return 0;
}
