/*
 * message.c - what can be done with any message besides sending it
 *
 * A message on the heap is one that protobuf-c could have made: every part has a malloc of its
 * own, but for defaults, which are static and known by their address.
 */
#include <stdlib.h>
#include "arena.h"
#include "codec.h"

void via_message_init(const struct via_type *type, void *message) {
        via_message_default(type, message);
}

/* Frees what a value holds, unless that is @keep. */
static void value_fini(const ProtobufCFieldDescriptor *field, void *value, const void *keep) {
        void *held;

        switch (field->type) {
        case PROTOBUF_C_TYPE_STRING:
                held = *(void **)value;
                if (held != keep && held != protobuf_c_empty_string)
                        free(held);
                break;
        case PROTOBUF_C_TYPE_BYTES:
                held = ((ProtobufCBinaryData *)value)->data;
                if (!keep || held != ((const ProtobufCBinaryData *)keep)->data)
                        free(held);
                break;
        case PROTOBUF_C_TYPE_MESSAGE:
                held = *(void **)value;
                if (held != keep)
                        via_message_free(via_type_of(field), held);
                break;
        default:
                break;
        }
}

void via_message_fini(const struct via_type *type, void *message) {
        const ProtobufCFieldDescriptor *field = type->desc.fields;
        ProtobufCMessage *base = message;

        for (unsigned i = 0; i < type->desc.n_fields; i++, field++) {
                uint8_t *value = (uint8_t *)message + field->offset;

                if (field->label != PROTOBUF_C_LABEL_REPEATED) {
                        if (!via_is_number(field))
                                value_fini(field, value, field->default_value);
                        continue;
                }
                value = *(uint8_t **)(void *)value;
                if (!via_is_number(field) && value) {
                        for (size_t j = 0;
                             j < VIA_AT(size_t, message, field->quantifier_offset); j++)
                                value_fini(field, value + j * via_forms[field->type].size, NULL);
                }
                free(value);
        }
        for (unsigned i = 0; i < base->n_unknown_fields; i++)
                free(base->unknown_fields[i].data);
        free(base->unknown_fields);
        via_message_init(type, message);
}

void via_message_free(const struct via_type *type, void *message) {
        if (message) {
                via_message_fini(type, message);
                free(message);
        }
}

static void *take(struct via_arena *arena, size_t size) {
        return arena ? via_arena_alloc(arena, size) : malloc(size ? size : 1);
}

static void *take_copy(struct via_arena *arena, const void *from, size_t size) {
        void *copy = take(arena, size);

        return copy && size ? memcpy(copy, from, size) : copy;
}

/*
 * Makes @to, which is zero, a copy of @from, or of what is there if it is @keep. What it holds
 * then is in @arena, or the caller's.
 */
static bool value_dup(const ProtobufCFieldDescriptor *field, void *to, const void *from,
                      const void *keep, struct via_arena *arena) {
        const ProtobufCBinaryData *bytes = from;
        void *held, *copy = NULL;

        switch (field->type) {
        case PROTOBUF_C_TYPE_STRING:
                held = *(void *const *)from;
                copy = !held || held == keep ? held : take_copy(arena, held, strlen(held) + 1);
                *(void **)to = copy;
                return copy || !held;
        case PROTOBUF_C_TYPE_BYTES:
                if (keep && bytes->data == ((const ProtobufCBinaryData *)keep)->data)
                        copy = bytes->data;
                else if (bytes->len)
                        copy = take_copy(arena, bytes->data, bytes->len);
                *(ProtobufCBinaryData *)to = (ProtobufCBinaryData){ copy ? bytes->len : 0, copy };
                return copy || !bytes->len;
        case PROTOBUF_C_TYPE_MESSAGE:
                held = *(void *const *)from;
                copy = !held || held == keep ? held
                                             : via_message_dup(via_type_of(field), held, arena);
                *(void **)to = copy;
                return copy || !held;
        default:
                memcpy(to, from, via_forms[field->type].size);
                return true;
        }
}

/*
 * The copy has as many elements at any time as it has been given, so that it can be freed at
 * any time.
 */
static bool array_dup(const ProtobufCFieldDescriptor *field, void *to, const void *from,
                      struct via_arena *arena) {
        size_t n = VIA_AT_CONST(size_t, from, field->quantifier_offset),
               size = via_forms[field->type].size;
        size_t *ret_n = &VIA_AT(size_t, to, field->quantifier_offset);
        const uint8_t *values = VIA_AT_CONST(uint8_t *, from, field->offset);
        uint8_t *copies;

        if (n == 0)
                return true;
        copies = n > SIZE_MAX / size ? NULL : take(arena, n * size);
        if (!copies)
                return false;
        VIA_AT(uint8_t *, to, field->offset) = copies;
        if (via_is_number(field)) {
                memcpy(copies, values, n * size);
                *ret_n = n;
                return true;
        }
        memset(copies, 0, n * size);
        for (; *ret_n < n; ++*ret_n) {
                if (!value_dup(field, copies + *ret_n * size, values + *ret_n * size, NULL, arena))
                        return false;
        }
        return true;
}

void *via_message_dup(const struct via_type *type, const void *message, struct via_arena *arena) {
        const ProtobufCFieldDescriptor *field = type->desc.fields;
        void *copy = take(arena, type->desc.sizeof_message);
        bool ok = true;

        if (!copy)
                return NULL;
        memset(copy, 0, type->desc.sizeof_message);
        ((ProtobufCMessage *)copy)->descriptor = &type->desc;
        for (unsigned i = 0; ok && i < type->desc.n_fields; i++, field++) {
                if (field->label == PROTOBUF_C_LABEL_REPEATED) {
                        ok = array_dup(field, copy, message, arena);
                        continue;
                }
                if (field->label == PROTOBUF_C_LABEL_OPTIONAL &&
                    field->type != PROTOBUF_C_TYPE_STRING &&
                    field->type != PROTOBUF_C_TYPE_MESSAGE)
                        VIA_AT(protobuf_c_boolean, copy, field->quantifier_offset) =
                                VIA_AT_CONST(protobuf_c_boolean, message, field->quantifier_offset);
                ok = value_dup(field, (uint8_t *)copy + field->offset,
                               (const uint8_t *)message + field->offset, field->default_value,
                               arena);
        }
        if (ok)
                return copy;
        if (!arena)
                via_message_free(type, copy);
        return NULL;
}

void via_strings_free(size_t n, char **strings) {
        for (size_t i = 0; strings && i < n; i++)
                free(strings[i]);
        free(strings);
}

void via_octets_free(size_t n, ProtobufCBinaryData *octets) {
        for (size_t i = 0; octets && i < n; i++)
                free(octets[i].data);
        free(octets);
}
