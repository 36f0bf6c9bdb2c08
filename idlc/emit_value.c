/*
 * emit_value.c - values as C writes them, with the type that the reader expects and no warning
 */
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "emit.h"
#include "names.h"

/* An octal escape is three digits at most, so nothing that follows is taken for a part of it. */
static char *escape(char *to, unsigned char c, char quote) {
        static const char letters[] = "\a\b\f\n\r\t\v", names[] = "abfnrtv";
        const char *letter = c ? strchr(letters, c) : NULL;

        if (letter)
                return to + sprintf(to, "\\%c", names[letter - letters]);
        if (c == '\\' || c == (unsigned char)quote)
                return to + sprintf(to, "\\%c", c);
        if (c < ' ' || c >= 0x7f)
                return to + sprintf(to, "\\%03o", c);
        *to++ = (char)c;
        return to;
}

const char *emit_string(struct arena *arena, const char *text, size_t len) {
        char *literal = arena_alloc(arena, 4 * len + 3), *to = literal;

        *to++ = '"';
        for (size_t i = 0; i < len; i++) {
                if (text[i] == '?' && i && text[i - 1] == '?')
                        *to++ = '\\';           /* "??=" would be a trigraph */
                to = escape(to, (unsigned char)text[i], '"');
        }
        *to++ = '"';
        *to = '\0';
        return literal;
}

const char *emit_int(struct arena *arena, int64_t value) {
        if (value == INT64_MIN)
                return "(-INT64_C(9223372036854775807) - 1)";
        if (value == INT32_MIN)
                return "(-2147483647 - 1)";
        if (value > INT32_MAX || value < INT32_MIN)
                return arena_printf(
                        arena, value < 0 ? "(-INT64_C(%" PRId64 "))" : "INT64_C(%" PRId64 ")",
                        value < 0 ? -value : value);
        return arena_printf(arena, value < 0 ? "(%" PRId64 ")" : "%" PRId64, value);
}

/* The shortest digits that are read as the same number again. */
static const char *emit_float(struct arena *arena, double value, bool single) {
        const char *suffix = single ? "f" : "";
        char digits[64];

        if (isnan(value))
                return single ? "__builtin_nanf(\"\")" : "__builtin_nan(\"\")";
        if (isinf(value))
                return arena_printf(arena,
                                    value < 0 ? "(-__builtin_inf%s())" : "__builtin_inf%s()",
                                    suffix);
        for (int precision = 1; precision <= 17; precision++) {
                snprintf(digits, sizeof(digits), "%.*g", precision, value);
                if (single ? strtof(digits, NULL) == (float)value : strtod(digits, NULL) == value)
                        break;
        }
        if (!strpbrk(digits, ".e"))
                strcat(digits, ".0");
        return arena_printf(arena, digits[0] == '-' ? "(%s%s)" : "%s%s", digits, suffix);
}

static const char *emit_char(struct arena *arena, uint64_t value) {
        char literal[8], *to = literal;

        if (value >= 0x7f)
                return arena_printf(arena, "((char)%" PRIu64 ")", value);
        *to++ = '\'';
        to = escape(to, (unsigned char)value, '\'');
        *to++ = '\'';
        *to = '\0';
        return arena_strdup(arena, literal);
}

const char *emit_value(struct arena *arena, const struct idl_value *value) {
        switch (value->kind) {
        case IDL_BOOLEAN:
                return value->boolean ? "true" : "false";
        case IDL_CHAR:
                return emit_char(arena, value->u);
        case IDL_INT8:
        case IDL_INT16:
        case IDL_INT32:
                return emit_int(arena, value->i);
        case IDL_INT64:
                if (value->i == INT64_MIN)
                        return emit_int(arena, value->i);
                return arena_printf(arena,
                                    value->i < 0 ? "(-INT64_C(%" PRId64 "))"
                                                 : "INT64_C(%" PRId64 ")",
                                    value->i < 0 ? -value->i : value->i);
        case IDL_OCTET:
        case IDL_UINT8:
        case IDL_UINT16:
                return arena_printf(arena, "%" PRIu64, value->u);
        case IDL_UINT32:
                return arena_printf(arena, "%" PRIu64 "u", value->u);
        case IDL_UINT64:
                return arena_printf(arena, "UINT64_C(%" PRIu64 ")", value->u);
        case IDL_FLOAT:
        case IDL_DOUBLE:
                return emit_float(arena, value->d, value->kind == IDL_FLOAT);
        case IDL_STRING:
                return emit_string(arena, value->string.text, value->string.len);
        case IDL_ENUM:
                return names_of(arena, &value->e->decl);
        default:
                abort();                        /* the front end brought it to a type */
        }
}
