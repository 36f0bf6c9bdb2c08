#pragma once
/*
 * number.h - a value on its way: what an expression is worth before it has a type
 */
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

/* "an integer", "a string": by kind */
extern const char *const number_what[];

/* consteval.c: with ~ as wide as @kind, if that is unsigned. False: reported. */
bool number_eval(struct checker *c, const struct syn *expr, enum idl_kind kind,
                 struct number *ret_number);

/* convert.c */
const char *number_print(struct checker *c, __int128 i);
struct number number_of(const struct idl_value *value);
bool number_convert(struct checker *c, struct span at, const struct idl_type *type,
                    const struct number *n, struct idl_value *ret_value);
/* The largest value of an unsigned @kind; 0: it is none. */
uint64_t number_max(enum idl_kind kind);
