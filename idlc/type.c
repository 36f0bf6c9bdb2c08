/*
 * type.c - types, from names and brackets to what they are
 */
#include "check.h"

#define COUNT_MAX 2147483647u           /* items of an array, and bounds */
#define DIMS_MAX  32
#define DEPTH_MAX 64                    /* sequences of sequences */

struct idl_type *type_new(struct checker *c, enum idl_kind kind, struct span at) {
        struct idl_type *type = arena_new(c->arena, struct idl_type);

        type->kind = kind;
        type->at = at;
        return type;
}

static struct idl_type *refuse(struct checker *c, const struct idl_decl *decl, struct span at) {
        if (decl->kind == IDL_DECL_INTERFACE) {
                diag(c->diag, NOT_YET, at, "interfaces as types");
        } else if (decl->kind == IDL_DECL_STRUCT) {
                diag(c->diag, EXCEPTION_AS_TYPE, at, decl->name);
        } else {
                diag(c->diag, NOT_A_TYPE, at, decl_what(decl), decl->name);
        }
        note_declared(c, decl);
        if (decl->kind == IDL_DECL_STRUCT)
                diag_help(c->diag,
                          "only `raises` can name an exception; make it a struct to pass it "
                          "on");
        return type_new(c, IDL_ERROR, at);
}

static struct idl_type *named(struct checker *c, const struct syn *name) {
        struct idl_decl *decl = scope_resolve(c, name, "type");
        struct idl_type *type = type_new(c, IDL_ERROR, name->at);

        if (!decl)
                return type;
        if (decl->kind == IDL_DECL_STRUCT && !((struct idl_struct *)decl)->is_exception)
                type->kind = IDL_STRUCT;
        else if (decl->kind == IDL_DECL_ENUM)
                type->kind = IDL_ENUM;
        else if (decl->kind == IDL_DECL_TYPEDEF)
                type->kind = ((struct idl_typedef *)decl)->type->kind == IDL_ERROR ? IDL_ERROR
                                                                                   : IDL_TYPEDEF;
        else
                return refuse(c, decl, name->at);
        type->decl = decl;
        return type;
}

static struct idl_type *sequence(struct checker *c, const struct syn *node) {
        struct idl_type *type = type_new(c, IDL_SEQUENCE, node->at), *elem;

        if (++c->depth > DEPTH_MAX) {
                diag(c->diag, TYPE_TOO_DEEP, node->at, DEPTH_MAX);
                c->depth--;
                type->kind = IDL_ERROR;
                return type;
        }
        elem = type_of(c, node->type);
        c->depth--;
        type->elem = elem;
        if (node->left)
                type->bound = value_size(c, node->left, "the bound of a sequence", COUNT_MAX);
        if (elem->kind == IDL_ERROR || !type_complete(c, elem, node->at, true) ||
            (node->left && !type->bound))
                type->kind = IDL_ERROR;
        return type;
}

struct idl_type *type_of(struct checker *c, const struct syn *node) {
        struct idl_type *type;

        switch (node->kind) {
        case SYN_BASIC:
                return type_new(c, (enum idl_kind)node->number, node->at);
        case SYN_NAMED:
                return named(c, node->left);
        case SYN_SEQUENCE:
                return sequence(c, node);
        case SYN_STRING:
                type = type_new(c, IDL_STRING, node->at);
                if (node->left) {
                        type->bound = value_size(c, node->left, "the bound of a string", COUNT_MAX);
                        if (!type->bound)
                                type->kind = IDL_ERROR;
                }
                return type;
        case SYN_INLINE:
                if (node->left->kind == SYN_ENUM)
                        check_enum(c, node->left);
                else
                        check_struct(c, node->left);
                type = type_new(c, IDL_ERROR, node->at);
                type->decl = map_get(&c->scope->names, node->left->name,
                                     __builtin_strlen(node->left->name));
                if (type->decl && type->decl->kind == IDL_DECL_ENUM)
                        type->kind = IDL_ENUM;
                else if (type->decl && type->decl->kind == IDL_DECL_STRUCT)
                        type->kind = IDL_STRUCT;
                return type;
        default:
                if (node->name)
                        scope_poison(c, node);
                return type_new(c, IDL_ERROR, node->at);
        }
}

struct idl_type *type_declared(struct checker *c, const struct syn *node, struct idl_type *base,
                               const struct syn *declarator) {
        struct idl_type *type;
        uint32_t dims[DIMS_MAX];
        uint64_t size, count = 1;
        unsigned n = 0;

        if (!declarator->list)
                return base;
        type = type_new(c, IDL_ARRAY, node->at);
        type->elem = base;
        for (const struct syn *dim = declarator->list; dim; dim = dim->next) {
                if (n == DIMS_MAX) {
                        diag(c->diag, DIMENSIONS, dim->at, DIMS_MAX);
                        type->kind = IDL_ERROR;
                        break;
                }
                size = dim->left ? value_size(c, dim->left, "the size of an array", COUNT_MAX) : 0;
                if (size == 0)
                        type->kind = IDL_ERROR;
                dims[n++] = (uint32_t)size;
                count *= size;
                if (count > COUNT_MAX) {
                        diag(c->diag, ARRAY_TOO_LARGE, dim->at, COUNT_MAX);
                        type->kind = IDL_ERROR;
                        count = 1;
                }
        }
        if (base->kind == IDL_ERROR)
                type->kind = IDL_ERROR;
        type->dims = arena_array(c->arena, uint32_t, n);
        __builtin_memcpy((void *)type->dims, dims, n * sizeof(*dims));
        type->n_dims = n;
        type->count = (uint32_t)count;
        return type;
}

/*
 * Whether @type can be had by value here: a struct that is only declared so far, or that is being
 * defined, would contain itself or something unknown. With @pointer (sequences, @optional) it can.
 */
bool type_complete(struct checker *c, const struct idl_type *type, struct span at, bool pointer) {
        const struct idl_type *bare = idl_strip(type);
        const struct idl_struct *decl;

        while (bare->kind == IDL_ARRAY)
                bare = idl_strip(bare->elem);
        if (bare->kind != IDL_STRUCT || pointer)
                return bare->kind != IDL_ERROR;
        decl = (const struct idl_struct *)bare->decl;
        if (decl->complete)
                return true;
        if (c->open == decl) {
                diag(c->diag, CONTAINS_ITSELF, at, decl->decl.name);
                diag_note(c->diag, decl->decl.at, "struct `%s` begins here", decl->decl.name);
                diag_help(c->diag, "a `sequence<%s>` or an `@optional` member may",
                          decl->decl.name);
        } else {
                diag(c->diag, INCOMPLETE, at, decl->decl.name);
                diag_note(c->diag, decl->decl.at, "it is only declared here, and not defined yet");
                diag_help(c->diag, "a `sequence<%s>` or an `@optional` member need no definition",
                          decl->decl.name);
        }
        return false;
}
