/*
 * consteval.c - what a constant expression is worth, and whether that fits
 *
 * Integers are computed in 128 bits and must be within 64 after each step, so nothing wraps unseen
 * and -9223372036854775808 needs no special care. Only at the end is a value brought to its type.
 */
#include <math.h>
#include <string.h>
#include "check.h"

struct number {
        enum {
                NUM_INT, NUM_FLOAT, NUM_BOOLEAN, NUM_CHAR, NUM_TEXT, NUM_ENUM,
        } kind;
        __int128 i;                     /* int, boolean, char */
        double d;
        const char *text;
        size_t len;
        const struct idl_enumerator *e;
        bool wide;
};

static const char *const what[] = { "an integer", "a floating-point number", "a boolean",
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

static const char *print(struct checker *c, __int128 i) {
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

static bool eval(struct checker *c, const struct syn *expr, enum idl_kind kind, struct number *ret);

static void from_value(const struct idl_value *value, struct number *ret) {
        *ret = (struct number){ .kind = NUM_INT };
        if (value->kind == IDL_BOOLEAN) {
                ret->kind = NUM_BOOLEAN;
                ret->i = value->boolean;
        } else if (value->kind == IDL_STRING) {
                ret->kind = NUM_TEXT;
                ret->text = value->string.text;
                ret->len = value->string.len;
        } else if (value->kind == IDL_ENUM) {
                ret->kind = NUM_ENUM;
                ret->e = value->e;
        } else if (is_float(value->kind)) {
                ret->kind = NUM_FLOAT;
                ret->d = value->d;
        } else {
                ret->kind = value->kind == IDL_CHAR ? NUM_CHAR : NUM_INT;
                ret->i = value->kind == IDL_CHAR || is_unsigned(value->kind) ? (__int128)value->u
                                                                             : (__int128)value->i;
        }
}

static bool eval_name(struct checker *c, const struct syn *name, struct number *ret) {
        struct idl_decl *decl = scope_resolve(c, name, "value");

        if (!decl)
                return false;
        if (decl->kind == IDL_DECL_ENUMERATOR) {
                *ret = (struct number){ .kind = NUM_ENUM, .e = (struct idl_enumerator *)decl };
                return true;
        }
        if (decl->kind == IDL_DECL_CONST) {
                if (((struct idl_const *)decl)->value.kind == IDL_ERROR)
                        return false;
                from_value(&((struct idl_const *)decl)->value, ret);
                return true;
        }
        diag(c->diag, NOT_A_VALUE, name->at, decl_what(decl), decl->name);
        note_declared(c, decl);
        return false;
}

static bool fits_64(struct checker *c, const struct syn *expr, __int128 i, struct number *ret) {
        if (i < INT64_MIN || i > (__int128)UINT64_MAX) {
                diag(c->diag, OVERFLOW_64, expr->at);
                return false;
        }
        *ret = (struct number){ .kind = NUM_INT, .i = i };
        return true;
}

static bool multiply(struct checker *c, const struct syn *expr, __int128 a, __int128 b,
                     struct number *ret) {
        __int128 product;

        if (__builtin_mul_overflow(a, b, &product))
                product = (__int128)1 << 100;   /* as good as any that does not fit */
        return fits_64(c, expr, product, ret);
}

static const char *operator_name(uint64_t op) {
        static const char names[][2] = { "|", "^", "&", "+", "-", "*", "/", "%", "~" };

        for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
                if ((uint64_t)names[i][0] == op)
                        return names[i];
        return op == SYN_SHL ? "<<" : ">>";
}

static bool eval_unary(struct checker *c, const struct syn *expr, enum idl_kind kind,
                       struct number *ret) {
        struct number a;

        if (!eval(c, expr->left, kind, &a))
                return false;
        if (a.kind == NUM_FLOAT && expr->number != '~') {
                *ret = a;
                ret->d = expr->number == '-' ? -a.d : a.d;
                return true;
        }
        if (a.kind != NUM_INT) {
                diag(c->diag, BAD_OPERAND, expr->left->at, operator_name(expr->number),
                     what[a.kind]);
                return false;
        }
        if (expr->number == '-')
                return fits_64(c, expr, -a.i, ret);
        if (expr->number == '+')
                return fits_64(c, expr, a.i, ret);
        if (is_unsigned(kind) && a.i >= 0 && a.i <= ranges[kind].max)
                return fits_64(c, expr, ranges[kind].max - a.i, ret);
        return fits_64(c, expr, -a.i - 1, ret);
}

static bool eval_float(struct checker *c, const struct syn *expr, struct number a, struct number b,
                       struct number *ret) {
        double x = a.kind == NUM_FLOAT ? a.d : (double)a.i;
        double y = b.kind == NUM_FLOAT ? b.d : (double)b.i;

        *ret = (struct number){ .kind = NUM_FLOAT };
        switch (expr->number) {
        case '+': ret->d = x + y; break;
        case '-': ret->d = x - y; break;
        case '*': ret->d = x * y; break;
        case '/':
                if (y == 0) {
                        diag(c->diag, DIVISION_BY_ZERO, expr->right->at);
                        return false;
                }
                ret->d = x / y;
                break;
        default:
                diag(c->diag, BAD_OPERAND, a.kind == NUM_FLOAT ? expr->left->at : expr->right->at,
                     operator_name(expr->number), what[NUM_FLOAT]);
                return false;
        }
        if (isfinite(ret->d))
                return true;
        diag(c->diag, OVERFLOW_FLOAT, expr->at);
        return false;
}

static bool eval_shift(struct checker *c, const struct syn *expr, struct number a, struct number b,
                       struct number *ret) {
        if (b.i < 0 || b.i > 63) {
                diag(c->diag, BAD_SHIFT, expr->right->at, print(c, b.i));
                return false;
        }
        if (expr->number == SYN_SHR)
                return fits_64(c, expr, a.i >> (int)b.i, ret);
        return multiply(c, expr, a.i, (__int128)1 << (int)b.i, ret);
}

static bool eval_binary(struct checker *c, const struct syn *expr, enum idl_kind kind,
                        struct number *ret) {
        struct number a, b;
        bool fine = eval(c, expr->left, kind, &a);

        if (!eval(c, expr->right, kind, &b) || !fine)
                return false;
        if (a.kind > NUM_FLOAT || b.kind > NUM_FLOAT) {
                diag(c->diag, BAD_OPERAND, a.kind > NUM_FLOAT ? expr->left->at : expr->right->at,
                     operator_name(expr->number), what[a.kind > NUM_FLOAT ? a.kind : b.kind]);
                return false;
        }
        if (a.kind == NUM_FLOAT || b.kind == NUM_FLOAT)
                return eval_float(c, expr, a, b, ret);
        if ((expr->number == '/' || expr->number == '%') && b.i == 0) {
                diag(c->diag, DIVISION_BY_ZERO, expr->right->at);
                return false;
        }
        switch (expr->number) {
        case '|': return fits_64(c, expr, a.i | b.i, ret);
        case '^': return fits_64(c, expr, a.i ^ b.i, ret);
        case '&': return fits_64(c, expr, a.i & b.i, ret);
        case '+': return fits_64(c, expr, a.i + b.i, ret);
        case '-': return fits_64(c, expr, a.i - b.i, ret);
        case '*': return multiply(c, expr, a.i, b.i, ret);
        case '/': return fits_64(c, expr, a.i / b.i, ret);
        case '%': return fits_64(c, expr, a.i % b.i, ret);
        default:  return eval_shift(c, expr, a, b, ret);
        }
}

static bool eval(struct checker *c, const struct syn *expr, enum idl_kind kind,
                 struct number *ret) {
        *ret = (struct number){ .kind = NUM_INT };
        switch (expr->kind) {
        case SYN_INTEGER:
                ret->i = expr->number;
                return true;
        case SYN_FLOAT:
                ret->kind = NUM_FLOAT;
                ret->d = expr->real;
                return true;
        case SYN_BOOLEAN:
                ret->kind = NUM_BOOLEAN;
                ret->i = (__int128)expr->number;
                return true;
        case SYN_CHAR:
                ret->kind = NUM_CHAR;
                ret->i = (__int128)expr->number;
                ret->wide = expr->flag;
                return true;
        case SYN_TEXT:
                ret->kind = NUM_TEXT;
                ret->text = expr->name;
                ret->len = expr->len;
                ret->wide = expr->flag;
                return true;
        case SYN_VALUE_NAME:
                return eval_name(c, expr->left, ret);
        case SYN_PAREN:
                return eval(c, expr->left, kind, ret);
        case SYN_UNARY:
                return eval_unary(c, expr, kind, ret);
        case SYN_BINARY:
                return eval_binary(c, expr, kind, ret);
        default:
                return false;
        }
}

static bool mismatch(struct checker *c, struct span at, const char *type, const struct number *n) {
        diag(c->diag, VALUE_KIND, at, type, what[n->kind]);
        if (n->kind == NUM_INT && !strcmp(type, "boolean") && (n->i == 0 || n->i == 1))
                diag_help(c->diag, "write `%s`", n->i ? "TRUE" : "FALSE");
        return false;
}

/* Any value as it comes, for annotations that take whatever they are given. */
static void as_it_comes(const struct number *n, struct idl_value *ret) {
        *ret = (struct idl_value){ .kind = IDL_ERROR };
        switch (n->kind) {
        case NUM_INT:
                ret->kind = n->i > INT64_MAX ? IDL_UINT64 : IDL_INT64;
                ret->u = (uint64_t)n->i;
                break;
        case NUM_FLOAT:
                ret->kind = IDL_DOUBLE;
                ret->d = n->d;
                break;
        case NUM_BOOLEAN:
                ret->kind = IDL_BOOLEAN;
                ret->boolean = n->i != 0;
                break;
        case NUM_CHAR:
                ret->kind = IDL_CHAR;
                ret->u = (uint64_t)n->i;
                break;
        case NUM_TEXT:
                ret->kind = IDL_STRING;
                ret->string.text = n->text;
                ret->string.len = n->len;
                break;
        case NUM_ENUM:
                ret->kind = IDL_ENUM;
                ret->e = n->e;
                break;
        }
}

static bool convert_integer(struct checker *c, struct span at, const struct idl_type *type,
                            enum idl_kind kind, const struct number *n, struct idl_value *ret) {
        const char *name = idl_type_name(c->arena, type);

        if (n->kind != NUM_INT)
                return mismatch(c, at, name, n);
        if (n->i < ranges[kind].min || n->i > ranges[kind].max) {
                diag(c->diag, OUT_OF_RANGE, at, print(c, n->i), name, print(c, ranges[kind].min),
                     print(c, ranges[kind].max));
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
                        diag_help(c->diag, "write `%s.0`", print(c, n->i));
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

static bool convert(struct checker *c, struct span at, const struct idl_type *type,
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

bool value_of_type(struct checker *c, const struct syn *expr, const struct idl_type *type,
                   struct idl_value *ret_value) {
        struct number n;

        ret_value->kind = IDL_ERROR;
        if (!eval(c, expr, idl_strip(type)->kind, &n) || idl_strip(type)->kind == IDL_ERROR)
                return false;
        if (convert(c, expr->at, type, &n, ret_value))
                return true;
        ret_value->kind = IDL_ERROR;
        return false;
}

bool value_eval(struct checker *c, const struct syn *expr, enum idl_kind kind,
                struct idl_value *ret_value) {
        struct idl_type type = { .kind = kind };
        struct number n;

        if (kind != IDL_ERROR)
                return value_of_type(c, expr, &type, ret_value);
        ret_value->kind = IDL_ERROR;
        if (!eval(c, expr, IDL_ERROR, &n))
                return false;
        as_it_comes(&n, ret_value);
        return true;
}

uint64_t value_size(struct checker *c, const struct syn *expr, const char *name, uint64_t max) {
        struct number n;

        if (!eval(c, expr, IDL_UINT32, &n))
                return 0;
        if (n.kind != NUM_INT)
                diag(c->diag, SIZE_KIND, expr->at, name, what[n.kind]);
        else if (n.i < 1)
                diag(c->diag, SIZE_TOO_SMALL, expr->at, name, print(c, n.i));
        else if (n.i > (__int128)max)
                diag(c->diag, SIZE_TOO_LARGE, expr->at, name, print(c, n.i),
                     (unsigned long long)max);
        else
                return (uint64_t)n.i;
        return 0;
}

int value_compare(const struct idl_value *a, const struct idl_value *b) {
        if (is_float(a->kind))
                return (a->d > b->d) - (a->d < b->d);
        if (a->kind == IDL_CHAR || is_unsigned(a->kind))
                return (a->u > b->u) - (a->u < b->u);
        return (a->i > b->i) - (a->i < b->i);
}

const char *value_name(struct checker *c, const struct idl_value *value) {
        struct number n;

        from_value(value, &n);
        return n.kind == NUM_FLOAT ? arena_printf(c->arena, "%g", n.d) : print(c, n.i);
}
