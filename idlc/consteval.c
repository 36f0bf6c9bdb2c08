/*
 * consteval.c - what a constant expression is worth, and whether that fits
 *
 * Integers are computed in 128 bits and must be within 64 after each step, so nothing wraps unseen
 * and -9223372036854775808 needs no special care. Only at the end is a value brought to its type.
 */
#include <math.h>
#include <string.h>
#include "number.h"

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
                *ret = number_of(&((struct idl_const *)decl)->value);
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
        __int128 max = number_max(kind);
        struct number a;

        if (!number_eval(c, expr->left, kind, &a))
                return false;
        if (a.kind == NUM_FLOAT && expr->number != '~') {
                *ret = a;
                ret->d = expr->number == '-' ? -a.d : a.d;
                return true;
        }
        if (a.kind != NUM_INT) {
                diag(c->diag, BAD_OPERAND, expr->left->at, operator_name(expr->number),
                     number_what[a.kind]);
                return false;
        }
        if (expr->number == '-')
                return fits_64(c, expr, -a.i, ret);
        if (expr->number == '+')
                return fits_64(c, expr, a.i, ret);
        if (max && a.i >= 0 && a.i <= max)
                return fits_64(c, expr, max - a.i, ret);
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
                     operator_name(expr->number), number_what[NUM_FLOAT]);
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
                diag(c->diag, BAD_SHIFT, expr->right->at, number_print(c, b.i));
                return false;
        }
        if (expr->number == SYN_SHR)
                return fits_64(c, expr, a.i >> (int)b.i, ret);
        return multiply(c, expr, a.i, (__int128)1 << (int)b.i, ret);
}

static bool eval_binary(struct checker *c, const struct syn *expr, enum idl_kind kind,
                        struct number *ret) {
        struct number a, b;
        bool fine = number_eval(c, expr->left, kind, &a);

        if (!number_eval(c, expr->right, kind, &b) || !fine)
                return false;
        if (a.kind > NUM_FLOAT || b.kind > NUM_FLOAT) {
                diag(c->diag, BAD_OPERAND,
                     a.kind > NUM_FLOAT ? expr->left->at : expr->right->at,
                     operator_name(expr->number),
                     number_what[a.kind > NUM_FLOAT ? a.kind : b.kind]);
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

bool number_eval(struct checker *c, const struct syn *expr, enum idl_kind kind,
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
                return number_eval(c, expr->left, kind, ret);
        case SYN_UNARY:
                return eval_unary(c, expr, kind, ret);
        case SYN_BINARY:
                return eval_binary(c, expr, kind, ret);
        default:
                return false;
        }
}

bool value_of_type(struct checker *c, const struct syn *expr, const struct idl_type *type,
                   struct idl_value *ret_value) {
        struct number n;

        ret_value->kind = IDL_ERROR;
        if (!number_eval(c, expr, idl_strip(type)->kind, &n) || idl_strip(type)->kind == IDL_ERROR)
                return false;
        if (number_convert(c, expr->at, type, &n, ret_value))
                return true;
        ret_value->kind = IDL_ERROR;
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

bool value_eval(struct checker *c, const struct syn *expr, enum idl_kind kind,
                struct idl_value *ret_value) {
        struct idl_type type = { .kind = kind };
        struct number n;

        if (kind != IDL_ERROR)
                return value_of_type(c, expr, &type, ret_value);
        ret_value->kind = IDL_ERROR;
        if (!number_eval(c, expr, IDL_ERROR, &n))
                return false;
        as_it_comes(&n, ret_value);
        return true;
}

uint64_t value_size(struct checker *c, const struct syn *expr, const char *name, uint64_t max) {
        struct number n;

        if (!number_eval(c, expr, IDL_UINT32, &n))
                return 0;
        if (n.kind != NUM_INT)
                diag(c->diag, SIZE_KIND, expr->at, name, number_what[n.kind]);
        else if (n.i < 1)
                diag(c->diag, SIZE_TOO_SMALL, expr->at, name, number_print(c, n.i));
        else if (n.i > (__int128)max)
                diag(c->diag, SIZE_TOO_LARGE, expr->at, name, number_print(c, n.i),
                     (unsigned long long)max);
        else
                return (uint64_t)n.i;
        return 0;
}
