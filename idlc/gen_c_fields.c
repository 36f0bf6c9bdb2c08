/*
 * gen_c_fields.c - how the types of IDL lie in a protobuf-c message
 *
 * Three things have no protobuf of their own. An array of arrays becomes one array, row by row.
 * A sequence (or array) as an element of another becomes a message around it, and so does one
 * that is @optional, because in protobuf "none" and "no elements" are the same. Octets are
 * bytes in any number.
 */
#include <string.h>
#include "gen_c_fields.h"

static const struct scalar {
        const char *type, *value;
} scalars[] = {
        [IDL_BOOLEAN] = { "protobuf_c_boolean ", "bool " },
        [IDL_CHAR]    = { "uint32_t ", "char " },
        [IDL_OCTET]   = { "uint32_t ", "uint8_t " },
        [IDL_UINT8]   = { "uint32_t ", "uint8_t " },
        [IDL_UINT16]  = { "uint32_t ", "uint16_t " },
        [IDL_UINT32]  = { "uint32_t ", "uint32_t " },
        [IDL_INT8]    = { "int32_t ", "int8_t " },
        [IDL_INT16]   = { "int32_t ", "int16_t " },
        [IDL_INT32]   = { "int32_t ", "int32_t " },
        [IDL_INT64]   = { "int64_t ", "int64_t " },
        [IDL_UINT64]  = { "uint64_t ", "uint64_t " },
        [IDL_FLOAT]   = { "float ", "float " },
        [IDL_DOUBLE]  = { "double ", "double " },
        [IDL_STRING]  = { "char *", "const char *" },
};

static bool is_collection(const struct idl_type *type) {
        type = idl_strip(type);
        return type->kind == IDL_SEQUENCE || type->kind == IDL_ARRAY;
}

static bool is_octets(const struct idl_type *type, enum idl_kind kind) {
        type = idl_strip(type);
        return type->kind == kind && idl_strip(type->elem)->kind == IDL_OCTET;
}

static uint32_t bound_of(const struct idl_type *type) {
        return type->bound > UINT32_MAX ? 0 : (uint32_t)type->bound;
}

/* What is not a collection. */
static void field_of_one(struct gen *gen, const struct idl_type *type, struct field *field) {
        type = idl_strip(type);
        field->kind = type->kind;
        switch (type->kind) {
        case IDL_STRUCT:
                field->of = names_of(gen->arena, type->decl);
                field->type = arena_printf(gen->arena, "struct %s *", field->of);
                field->value = arena_printf(gen->arena, "const struct %s *", field->of);
                break;
        case IDL_ENUM:
                field->of = names_of(gen->arena, type->decl);
                field->type = field->value = arena_printf(gen->arena, "enum %s ", field->of);
                break;
        case IDL_STRING:
                field->length = bound_of(type);
                __attribute__((fallthrough));
        default:
                field->type = scalars[type->kind].type;
                field->value = scalars[type->kind].value;
        }
}

/* Makes @holder what holds the type within @type: the typedef nearest to it, or what it is. */
static const struct idl_type *strip_to(struct gen *gen, const struct idl_type *type,
                                       struct holder *holder) {
        while (type->kind == IDL_TYPEDEF) {
                *holder = holder_of(gen, type->decl);
                type = ((const struct idl_typedef *)type->decl)->type;
        }
        return type;
}

static void field_of_wrapper(struct gen *gen, const struct wrapper *wrapper, struct field *field) {
        field->kind = IDL_STRUCT;
        field->of = wrapper->name;
        field->type = arena_printf(gen->arena, "struct %s *", field->of);
        field->value = arena_printf(gen->arena, "const struct %s *", field->of);
}

void field_of_type(struct gen *gen, const struct idl_type *type, bool optional,
                   const struct holder *holder, struct field *field) {
        struct holder within = *holder;
        const struct idl_type *whole = type, *inner;

        field->optional = optional;
        if (!is_collection(type)) {
                field_of_one(gen, type, field);
                return;
        }

        type = strip_to(gen, type, &within);
        field->exact = type->kind == IDL_ARRAY;
        field->rows = field->exact && type->n_dims > 1;
        field->count = field->exact ? type->count : bound_of(type);
        while (field->exact && idl_strip(type->elem)->kind == IDL_ARRAY) {
                inner = idl_strip(type->elem);
                if ((uint64_t)field->count * inner->count > INT32_MAX)
                        break;
                field->count *= inner->count;
                field->rows = true;
                type = strip_to(gen, type->elem, &within);
        }

        if (idl_strip(type->elem)->kind == IDL_OCTET) {
                field->kind = IDL_OCTET;
                field->bytes = true;
                field->type = "ProtobufCBinaryData ";
                return;
        }
        if (optional) {
                field->exact = false;
                field->count = 0;
                field_of_wrapper(gen, wrapper_of(gen, whole, holder, "value"), field);
                return;
        }

        field->many = true;
        if (is_octets(type->elem, IDL_SEQUENCE)) {
                field->kind = IDL_OCTET;
                field->bytes = true;
                field->type = "ProtobufCBinaryData ";
                field->length = bound_of(idl_strip(type->elem));
        } else if (is_collection(type->elem)) {
                field_of_wrapper(gen, wrapper_of(gen, type->elem, &within, "item"), field);
        } else {
                field_of_one(gen, type->elem, field);
        }
}
