/*
 * literal.c - numbers, characters and strings: what they are worth
 */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "lex.h"
#include "parse.h"
#include "utf8.h"

static struct syn *node_of(struct lex *lex, enum syn_kind kind, struct span at) {
        struct parser p = { .arena = lex->arena, .diag = lex->diag };

        return syn_new(&p, kind, at);
}

static bool is_float(const char *text) {
        if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
                return false;
        return strpbrk(text, ".eE") != NULL;
}

static void bad_number(struct lex *lex, struct span at, const char *text, const char *end) {
        if (strspn(end, "uUlLfFdD") == strlen(end) && end > text) {
                diag(lex->diag, NUMBER_SUFFIX, at, text, end);
                diag_help(lex->diag, "the type of a constant says how large it is");
        } else {
                diag(lex->diag, BAD_NUMBER, at, text);
        }
}

static struct syn *floating(struct lex *lex, struct syn *node, const char *text, int *ret_token) {
        char *end;

        *ret_token = T_FLOATING;
        node->kind = SYN_FLOAT;
        node->real = strtod(text, &end);
        if (end > text && !strcasecmp(end, "d"))
                diag(lex->diag, FIXED_LITERAL, node->at, text);
        else if (*end)
                bad_number(lex, node->at, text, end);
        if (isinf(node->real))
                diag(lex->diag, FLOAT_TOO_LARGE, node->at, text);
        else if (!*end || !strcasecmp(end, "d"))
                return node;
        node->kind = SYN_ERROR;
        return node;
}

struct syn *lex_number(struct lex *lex, const struct token *token, int *ret_token) {
        const char *text = arena_strndup(lex->arena, token->text, token->len), *digits = text;
        struct syn *node = node_of(lex, SYN_INTEGER, token->at);
        unsigned base = 10, digit;
        bool over = false;

        *ret_token = T_INTEGER;
        if (is_float(text))
                return floating(lex, node, text, ret_token);
        if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
                base = 16;
                digits = text + 2;
        } else if (text[0] == '0' && text[1]) {
                base = 8;
                digits = text + 1;
        }
        node->kind = SYN_ERROR;         /* until proven right */
        if (!*digits) {
                diag(lex->diag, NO_DIGITS, node->at, text);
                return node;
        }
        for (const char *c = digits; *c; c++) {
                digit = isdigit((unsigned char)*c)  ? (unsigned)(*c - '0')
                        : isxdigit((unsigned char)*c)
                                ? (unsigned)(tolower((unsigned char)*c) - 'a' + 10)
                                : 99;
                if (base == 8 && (digit == 8 || digit == 9)) {
                        diag(lex->diag, OCTAL_DIGIT, node->at, text);
                        diag_help(lex->diag, "numbers that begin with 0 are octal");
                        return node;
                }
                if (base == 10 && digit == 13 && !c[1])
                        return floating(lex, node, text, ret_token);
                if (digit >= base) {
                        bad_number(lex, node->at, text, c);
                        return node;
                }
                over |= __builtin_mul_overflow(node->number, base, &node->number);
                over |= __builtin_add_overflow(node->number, digit, &node->number);
        }
        if (over)
                diag(lex->diag, INTEGER_TOO_LARGE, node->at, text);
        else
                node->kind = SYN_INTEGER;
        return node;
}

/* Where in the file byte @i of @token is. A token out of a macro is where the macro is. */
static struct span inside(const struct token *token, size_t i, size_t n) {
        struct span at = token->at;

        if (at.end - at.begin == token->len) {
                at.begin += (uint32_t)i;
                at.end = at.begin + (uint32_t)n;
        }
        return at;
}

static size_t digits_from(const char *text, size_t len, size_t i, unsigned base, unsigned most,
                          uint32_t *ret_value) {
        size_t n = 0;

        *ret_value = 0;
        for (; n < most && i + n < len; n++) {
                unsigned char c = (unsigned char)text[i + n];
                unsigned digit = isdigit(c) ? c - (unsigned)'0'
                                 : isxdigit(c) ? (unsigned)tolower(c) - 'a' + 10u
                                               : 99u;

                if (digit >= base)
                        break;
                *ret_value = *ret_value * base + digit;
        }
        return n;
}

/*
 * Reads the escape at text[i], a backslash, of @token. Returns its length, and what it stands for:
 * a byte, or with @ret_unicode a character.
 */
static size_t escape(struct lex *lex, const struct token *token, size_t i, uint32_t *ret_c,
                     bool *ret_unicode) {
        static const char simple[] = "ntvbrfa\\?'\"", meant[] = "\n\t\v\b\r\f\a\\?'\"";
        const char *text = token->text, *found;
        size_t len = token->len, n;
        char c = i + 1 < len ? text[i + 1] : '\0';

        *ret_unicode = false;
        found = c ? strchr(simple, c) : NULL;
        if (found) {
                *ret_c = (unsigned char)meant[found - simple];
                return 2;
        }
        if (c == 'x') {
                n = digits_from(text, len, i + 2, 16, 2, ret_c);
                if (n == 0)
                        diag(lex->diag, NO_DIGITS, inside(token, i, 2), "\\x");
                return 2 + n;
        }
        if (c == 'u') {
                n = digits_from(text, len, i + 2, 16, 4, ret_c);
                *ret_unicode = true;
                if (n == 0 || (*ret_c >= 0xd800 && *ret_c < 0xe000)) {
                        diag(lex->diag, BAD_UNICODE, inside(token, i, 2 + n));
                        *ret_c = 0xfffd;
                }
                return 2 + n;
        }
        n = digits_from(text, len, i + 1, 8, 3, ret_c);
        if (n) {
                if (*ret_c > 255)
                        diag(lex->diag, OCTAL_ESCAPE, inside(token, i, 1 + n));
                *ret_c &= 255;
                return 1 + n;
        }
        if (ispunct((unsigned char)c)) {        /* harmless, and found in the wild */
                diag(lex->diag, ODD_ESCAPE, inside(token, i, 2), c, c);
        } else {
                diag(lex->diag, BAD_ESCAPE, inside(token, i, 2),
                     isprint((unsigned char)c) ? c : '?');
                diag_help(lex->diag, "a backslash itself is written `\\\\`");
        }
        *ret_c = (unsigned char)c;
        return 2;
}

/* Adds what is between the quotes of @token to @buf. */
static void unquote(struct lex *lex, const struct token *token, size_t from, struct buf *buf) {
        size_t end = token->len - (token->bad ? 0 : 1);
        bool unicode;
        uint32_t c;
        char utf8[4];
        size_t n;

        for (size_t i = from; i < end; i += n) {
                n = 1;
                if (token->text[i] != '\\') {
                        buf_putc(buf, token->text[i]);
                        continue;
                }
                n = escape(lex, token, i, &c, &unicode);
                if (c == 0) {
                        diag(lex->diag, NUL_IN_STRING, inside(token, i, n));
                        c = '0';
                }
                if (unicode)
                        buf_add(buf, utf8, utf8_encode(c, utf8));
                else
                        buf_putc(buf, (char)c);
        }
}

static struct syn *character(struct lex *lex, const struct token *token, size_t from) {
        struct syn *node = node_of(lex, SYN_CHAR, token->at);
        size_t end = token->len - 1, n = 1;
        bool unicode = false;
        uint32_t c = 0;

        node->flag = from == 2;
        if (token->bad || from >= end) {
                if (!token->bad)
                        diag(lex->diag, EMPTY_CHARACTER, token->at);
                node->kind = SYN_ERROR;
                return node;
        }
        if (token->text[from] == '\\')
                n = escape(lex, token, from, &c, &unicode);
        else
                n = utf8_decode(token->text + from, end - from, &c);
        if (n == 0)
                n = 1;
        if (from + n < end)
                diag(lex->diag, LONG_CHARACTER, token->at);
        else if (c > 255 || (c > 127 && token->text[from] != '\\'))
                diag(lex->diag, WIDE_CHARACTER, token->at);
        node->number = c & 255;
        return node;
}

struct syn *lex_quoted(struct lex *lex, const struct token *token, int *ret_token) {
        size_t from = token->text[0] == 'L' ? 2 : 1;
        struct buf buf = { 0 };
        struct token more;
        struct syn *node;

        *ret_token = T_CHARACTER;
        if (token->kind == TOKEN_CHAR)
                return character(lex, token, from);

        *ret_token = T_TEXT;
        node = node_of(lex, token->bad ? SYN_ERROR : SYN_TEXT, token->at);
        node->flag = from == 2;
        unquote(lex, token, from, &buf);
        while (lex_peek(lex, 0)->kind == TOKEN_STRING) {
                lex_read(lex, &more);
                if ((more.text[0] == 'L') != node->flag)
                        diag(lex->diag, MIXED_STRINGS, more.at);
                unquote(lex, &more, more.text[0] == 'L' ? 2 : 1, &buf);
                if (more.bad)
                        node->kind = SYN_ERROR;
                node->at.end = more.at.end;
        }
        if (buf.data && !utf8_valid(buf.data, buf.len))
                diag(lex->diag, NOT_UTF8, node->at);
        node->name = arena_strndup(lex->arena, buf.data ? buf.data : "", buf.len);
        node->len = buf.len;
        buf_fini(&buf);
        return node;
}
