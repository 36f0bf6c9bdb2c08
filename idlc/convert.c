/*
 * convert.c - bringing a value to a type, if it fits
 */
#include <math.h>
#include <string.h>
#include "number.h"

const char *const number_what[] = { "an integer", "a floating-point number", "a boolean",
                                    "a character", "a string", "an enumerator" };

static const struct range {
        __int128 min, max;
} ranges[] = {
        [IDL_OCTET] = { 0, UINT8_MAX },        [IDL_INT8] = { INT8_MIN, INT8_MAX },
        [IDL_UINT8] = { 0, UINT8_MAX },        [IDL_INT16] = { INT16_MIN, INT16_MAX },
        [IDL_UINT16] = { 0, UINT16_MAX },      [IDL_INT32] = { INT32_MIN, INT32_MAX },
        [IDL_UINT32] = { 0, UINT32_MAX },      [IDL_INT64] = { INT64_MIN, INT64_MAX },
        [IDL_UINT64] = { 0, UINT64_MAX },
};

static bool is_integer(enum idl_kind kind) {
        return kind >= IDL_OCTET && kind <= IDL_UINT64;
}

static bool is_unsigned(enum idl_kind kind) {
        return is_integer(kind) && ranges[kind].min == 0;
}

static bool is_float(enum idl_kind kind) {
        return kind == IDL_FLOAT || kind == IDL_DOUBLE;
}

uint64_t number_max(enum idl_kind kind) {
        return is_unsigned(kind) ? (uint64_t)ranges[kind].max : 0;
}

const char *number_print(struct checker *c, __int128 i) {
        unsigned __int128 u = i < 0 ? -(unsigned __int128)i : (unsigned __int128)i;
        char digits[48], *s = digits + sizeof(digits) - 1;

        *s = '\0';
        do
                *--s = (char)('0' + (int)(u % 10));
        while (u /= 10);
        if (i < 0)
                *--s = '-';
        return arena_strdup(c->arena, s);
}

struct number number_of(const struct idl_value *value) {
        struct number n = { .kind = NUM_INT };

        if (value->kind == IDL_BOOLEAN) {
                n.kind = NUM_BOOLEAN;
                n.i = value->boolean;
        } else if (value->kind == IDL_STRING) {
                n.kind = NUM_TEXT;
                n.text = value->string.text;
                n.len = value->string.len;
        } else if (value->kind == IDL_ENUM) {
                n.kind = NUM_ENUM;
                n.e = value->e;
        } else if (is_float(value->kind)) {
                n.kind = NUM_FLOAT;
                n.d = value->d;
        } else {
                n.kind = value->kind == IDL_CHAR ? NUM_CHAR : NUM_INT;
                n.i = value->kind == IDL_CHAR || is_unsigned(value->kind) ? (__int128)value->u
                                                                          : (__int128)value->i;
        }
        return n;
}

static bool mismatch(struct checker *c, struct span at, const char *type, const struct number *n) {
        diag(c->diag, VALUE_KIND, at, type, number_what[n->kind]);
        if (n->kind == NUM_INT && !strcmp(type, "boolean") && (n->i == 0 || n->i == 1))
                diag_help(c->diag, "write `%s`", n->i ? "TRUE" : "FALSE");
        return false;
}

static bool convert_integer(struct checker *c, struct span at, const struct idl_type *type,
                            enum idl_kind kind, const struct number *n, struct idl_value *ret) {
        const char *name = idl_type_name(c->arena, type);

        if (n->kind != NUM_INT)
                return mismatch(c, at, name, n);
        if (n->i < ranges[kind].min || n->i > ranges[kind].max) {
                diag(c->diag, OUT_OF_RANGE, at, number_print(c, n->i), name,
                     number_print(c, ranges[kind].min), number_print(c, ranges[kind].max));
                return false;
        }
        ret->u = (uint64_t)n->i;
        return true;
}

static bool convert_float(struct checker *c, struct span at, const struct idl_type *type,
                          enum idl_kind kind, const struct number *n, struct idl_value *ret) {
        const char *name = idl_type_name(c->arena, type);

        if (n->kind == NUM_INT) {
                diag(c->diag, INTEGER_AS_FLOAT, at, name);
                if (n->i > -1000000 && n->i < 1000000)
                        diag_help(c->diag, "write `%s.0`", number_print(c, n->i));
        } else if (n->kind != NUM_FLOAT) {
                return mismatch(c, at, name, n);
        }
        ret->d = n->kind == NUM_INT ? (double)n->i : n->d;
        if (kind == IDL_FLOAT) {
                ret->d = (double)(float)ret->d;
                if (isinf(ret->d)) {
                        diag(c->diag, OUT_OF_RANGE, at, "this value", name, "-3.4e38", "3.4e38");
                        return false;
                }
        }
        return true;
}

static bool convert_enum(struct checker *c, struct span at, const struct idl_type *type,
                         const struct number *n, struct idl_value *ret) {
        const struct idl_decl *decl = idl_strip(type)->decl;

        if (n->kind != NUM_ENUM)
                return mismatch(c, at, decl->name, n);
        if (n->e->decl.parent != decl) {
                diag(c->diag, OTHER_ENUM, at, n->e->decl.name, n->e->decl.parent->name, decl->name);
                note_declared(c, &n->e->decl);
                return false;
        }
        ret->e = n->e;
        return true;
}

static bool convert_text(struct checker *c, struct span at, const struct idl_type *type,
                         const struct number *n, struct idl_value *ret) {
        const struct idl_type *bare = idl_strip(type);

        if (n->kind != NUM_TEXT)
                return mismatch(c, at, "string", n);
        if (bare->bound && n->len > bare->bound) {
                diag(c->diag, STRING_TOO_LONG, at, n->len, (unsigned long long)bare->bound);
                return false;
        }
        ret->string.text = n->text;
        ret->string.len = n->len;
        return true;
}

bool number_convert(struct checker *c, struct span at, const struct idl_type *type,
                    const struct number *n, struct idl_value *ret) {
        enum idl_kind kind = idl_strip(type)->kind;

        if (n->wide) {
                diag(c->diag, WIDE_LITERAL, at, n->kind == NUM_CHAR ? "character" : "string",
                     n->kind == NUM_CHAR ? "char" : "string");
                diag_help(c->diag, "leave out the `L`");
                return false;
        }
        *ret = (struct idl_value){ .kind = kind };
        if (is_integer(kind))
                return convert_integer(c, at, type, kind, n, ret);
        if (is_float(kind))
                return convert_float(c, at, type, kind, n, ret);
        switch (kind) {
        case IDL_BOOLEAN:
                ret->boolean = n->i != 0;
                return n->kind == NUM_BOOLEAN || mismatch(c, at, "boolean", n);
        case IDL_CHAR:
                ret->u = (uint64_t)n->i;
                return n->kind == NUM_CHAR || mismatch(c, at, "char", n);
        case IDL_STRING:
                return convert_text(c, at, type, n, ret);
        case IDL_ENUM:
                return convert_enum(c, at, type, n, ret);
        default:
                diag(c->diag, NO_LITERAL, at, idl_type_name(c->arena, type));
                return false;
        }
}

int value_compare(const struct idl_value *a, const struct idl_value *b) {
        if (is_float(a->kind))
                return (a->d > b->d) - (a->d < b->d);
        if (a->kind == IDL_CHAR || is_unsigned(a->kind))
                return (a->u > b->u) - (a->u < b->u);
        return (a->i > b->i) - (a->i < b->i);
}

const char *value_name(struct checker *c, const struct idl_value *value) {
        struct number n = number_of(value);

        return n.kind == NUM_FLOAT ? arena_printf(c->arena, "%g", n.d) : number_print(c, n.i);
}
