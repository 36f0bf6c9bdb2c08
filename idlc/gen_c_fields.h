#pragma once
/*
 * gen_c_fields.h - how the types of IDL lie in a protobuf-c message
 *
 * Everything that travels is a struct message here: structs, exceptions, the arguments and the
 * results of an operation, and the wrappers that stand for a sequence in a sequence, which
 * protobuf has not. The generators of text work from these and look at no type themselves.
 */
#include <stdbool.h>
#include <stdint.h>
#include "ast.h"
#include "gen_c.h"
#include "names.h"

struct field {
        const char *name;               /* in C */
        const char *label;              /* in the .idl, and in protobuf */
        uint32_t    id;
        /* the member or parameter; NULL: a result, a wrapper's own */
        const struct idl_decl *decl;

        enum idl_kind kind;             /* of an element: a scalar, string, octet, enum or struct */
        bool bytes;                     /* ProtobufCBinaryData, or many of those */
        bool many;                      /* n_x and x */
        bool exact;                     /* an array: as many as count says */
        bool rows;                      /* ... of more than one dimension */
        bool optional;
        uint32_t count;                 /* see struct via_rule */
        uint32_t length;

        const char *type;               /* in the message, of an element: "int32_t ", "char *" */
        const char *value;              /* as an argument: "uint8_t ", "const char *" */
        const char *of;                 /* C name of the enum or the struct */
        const char *ret, *n_ret;        /* as arguments that come out: "ret_x", "ret_n_x" */
        const struct idl_value *def;    /* what it is without being set, if not zero; or NULL */
        const char *def_name;           /* of the constant with that value, once it is written */
};

struct message {
        const char *name;               /* in C, without "struct " */
        const char *dotted;             /* in protobuf */
        const char *short_name;
        const char *package;
        struct field *fields;           /* in the order of the C struct */
        unsigned n_fields;
        bool is_private;                /* known only in the .c */
};

/* A sequence or array that is an element of another, or @optional: a message { v }. */
struct wrapper {
        const char *name;
        const char *dotted;
        const struct idl_type *type;
        const struct idl_decl *decl;    /* because of whom it exists */
        const struct idl_decl *at;      /* more exactly */
        struct wrapper *next;           /* due to the same declaration */
};

/*
 * The names that the wrappers of a type get are made of those of whatever holds it: a typedef, a
 * member, a parameter.
 */
struct holder {
        const char *name;
        const char *dotted;
        const struct idl_decl *decl;    /* with which the wrappers are written */
        const struct idl_decl *at;      /* where the type is mentioned */
};

/*
 * What holds the type of a typedef, of a member; the result of an operation, or one of its
 * parameters.
 */
struct holder holder_of(struct gen *gen, const struct idl_decl *decl);
struct holder holder_of_result(struct gen *gen, const struct idl_operation *op);

void field_of_type(struct gen *gen, const struct idl_type *type, bool optional,
                   const struct holder *holder, struct field *ret_field);

/*
 * The message around @type, which is an element of (or, being @optional, itself) what @holder
 * holds. A typedef gives it its own name, but only if the typedef's own file has a use for
 * that: then whoever includes it sees the same, and nobody else defines it again.
 */
struct wrapper *wrapper_of(struct gen *gen, const struct idl_type *type,
                           const struct holder *holder, const char *suffix);

/* "has_" or "n_", if protobuf-c puts a member of that name beside the field's, else NULL. */
const char *field_companion(const struct field *field);

/* Looks at every declaration once, so that all wrappers are known. Before any other. */
void wrappers_find(struct gen *gen);
/* Those that @decl is the reason of, the inner before the outer. */
struct wrapper *wrappers_of(struct gen *gen, const struct idl_decl *decl);

/*
 * The table of the ranges of @message's fields, which are @sorted by number, and how many have
 * one; "NULL": none.
 */
const char *gen_spans(struct gen *gen, const struct message *message,
                      struct field *const *sorted, unsigned *ret_n);

struct field field_of_member(struct gen *gen, const struct idl_member *member);
/* Gives each its name in C, unless it is in the way of another: that is an error. */
void name_fields(struct gen *gen, struct field *fields, unsigned n);
const struct message *message_of_struct(struct gen *gen, const struct idl_struct *s);
const struct message *message_of_wrapper(struct gen *gen, const struct wrapper *wrapper);
