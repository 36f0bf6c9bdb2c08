/*
 * pp_expr.c - the arithmetic of #if
 *
 * 64 bits, signed unless an operand carries a u; && and || look at their right side only as far as
 * they must, so that dividing by nothing there is no error.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "pp.h"

#define DEPTH_MAX 200

struct number {
        uint64_t u;
        bool is_unsigned;
};

struct eval {
        struct pp *pp;
        const struct tokens *line;      /* macros expanded */
        uint32_t i;
        unsigned depth;
        unsigned unread;                /* in a branch whose value does not matter */
        bool failed;
        struct span end;
};

static void fail(struct eval *eval, const char *what) {
        struct span at = eval->i < eval->line->n ? eval->line->v[eval->i].at : eval->end;

        if (!eval->failed)
                diag(eval->pp->diag, IF_EXPRESSION, at, what);
        eval->failed = true;
}

static bool take(struct eval *eval, uint16_t punct) {
        if (eval->failed || eval->i >= eval->line->n ||
            !token_punct(&eval->line->v[eval->i], punct))
                return false;
        eval->i++;
        return true;
}

static struct number binary(struct eval *eval, unsigned level);
static struct number choice(struct eval *eval);

static struct number literal(struct eval *eval, const struct token *token) {
        struct number number = { 0 };
        char text[80], *end;

        if (token->len >= sizeof(text)) {
                fail(eval, "a number this long");
                return number;
        }
        memcpy(text, token->text, token->len);
        text[token->len] = '\0';
        errno = 0;
        number.u = strtoull(text, &end, 0);
        for (; *end && strchr("uUlL", *end); end++)
                number.is_unsigned |= *end == 'u' || *end == 'U';
        if (errno || *end || end == text)
                fail(eval, errno ? "a number this large" : "something that is not an integer");
        number.is_unsigned |= number.u > INT64_MAX;
        return number;
}

static struct number character(struct eval *eval, const struct token *token) {
        struct number number = { 0 };
        const char *text = token->text + (token->text[0] == 'L');

        if (token->bad || token->len < 3)
                fail(eval, "an empty character");
        else if (text[1] != '\\')
                number.u = (unsigned char)text[1];
        else
                number.u = text[2] == 'n' ? '\n' : text[2] == 't' ? '\t' : text[2] == '0' ? 0
                                                                  : (unsigned char)text[2];
        return number;
}

static struct number primary(struct eval *eval) {
        struct number number = { 0 };
        const struct token *token = eval->i < eval->line->n ? &eval->line->v[eval->i] : NULL;

        if (!token) {
                fail(eval, "nothing where a value should be");
        } else if (take(eval, '(')) {
                number = choice(eval);
                if (!take(eval, ')'))
                        fail(eval, "no `)` where one should be");
        } else if (token->kind == TOKEN_NUMBER) {
                number = literal(eval, token);
                eval->i++;
        } else if (token->kind == TOKEN_CHAR) {
                number = character(eval, token);
                eval->i++;
        } else if (token->kind == TOKEN_NAME) {         /* is no macro, so it is 0 */
                number.u = token_is(token, "TRUE") || token_is(token, "true");
                eval->i++;
        } else {
                fail(eval, "something that is not a value");
        }
        return number;
}

static struct number unary(struct eval *eval) {
        struct number number = { 0 };

        if (++eval->depth > DEPTH_MAX) {
                fail(eval, "more nesting than can be followed");
                return number;
        }
        if (take(eval, '-')) {
                number = unary(eval);
                number.u = 0 - number.u;
        } else if (take(eval, '+')) {
                number = unary(eval);
        } else if (take(eval, '~')) {
                number = unary(eval);
                number.u = ~number.u;
        } else if (take(eval, '!')) {
                number = unary(eval);
                number = (struct number){ .u = !number.u };
        } else {
                number = primary(eval);
        }
        eval->depth--;
        return number;
}

static const struct operator{
        uint16_t punct;
        unsigned level;                 /* higher binds tighter */
}
operators[] = {
        { PUNCT2('|', '|'), 1 }, { PUNCT2('&', '&'), 2 }, { '|', 3 }, { '^', 4 }, { '&', 5 },
        { PUNCT2('=', '='), 6 }, { PUNCT2('!', '='), 6 }, { '<', 7 }, { '>', 7 },
        { PUNCT2('<', '='), 7 }, { PUNCT2('>', '='), 7 }, { PUNCT2('<', '<'), 8 },
        { PUNCT2('>', '>'), 8 }, { '+', 9 }, { '-', 9 }, { '*', 10 }, { '/', 10 }, { '%', 10 },
};

static struct number divide(struct eval *eval, uint16_t op, struct number a, struct number b) {
        int64_t x = (int64_t)a.u, y = (int64_t)b.u;
        bool u = a.is_unsigned || b.is_unsigned;

        if (b.u == 0) {
                if (!eval->unread)
                        fail(eval, "a division by zero");
                return b;
        }
        if (!u && y == -1)              /* INT64_MIN / -1 wraps instead of trapping */
                return (struct number){ .u = op == '/' ? 0 - a.u : 0 };
        if (op == '/')
                return (struct number){ u ? a.u / b.u : (uint64_t)(x / y), u };
        return (struct number){ u ? a.u % b.u : (uint64_t)(x % y), u };
}

static struct number apply(struct eval *eval, uint16_t op, struct number a, struct number b) {
        bool u = a.is_unsigned || b.is_unsigned;
        int64_t x = (int64_t)a.u, y = (int64_t)b.u;

        switch (op) {
        case PUNCT2('|', '|'): return (struct number){ .u = a.u || b.u };
        case PUNCT2('&', '&'): return (struct number){ .u = a.u && b.u };
        case PUNCT2('=', '='): return (struct number){ .u = a.u == b.u };
        case PUNCT2('!', '='): return (struct number){ .u = a.u != b.u };
        case PUNCT2('<', '='): return (struct number){ .u = u ? a.u <= b.u : x <= y };
        case PUNCT2('>', '='): return (struct number){ .u = u ? a.u >= b.u : x >= y };
        case PUNCT2('<', '<'): return (struct number){ b.u < 64 ? a.u << b.u : 0, a.is_unsigned };
        case PUNCT2('>', '>'):
                if (a.is_unsigned)
                        return (struct number){ b.u < 64 ? a.u >> b.u : 0, true };
                return (struct number){ .u = (uint64_t)(x >> (b.u < 63 ? b.u : 63)) };
        case '<': return (struct number){ .u = u ? a.u < b.u : x < y };
        case '>': return (struct number){ .u = u ? a.u > b.u : x > y };
        case '|': return (struct number){ a.u | b.u, u };
        case '^': return (struct number){ a.u ^ b.u, u };
        case '&': return (struct number){ a.u & b.u, u };
        case '+': return (struct number){ a.u + b.u, u };
        case '-': return (struct number){ a.u - b.u, u };
        case '*': return (struct number){ a.u * b.u, u };
        default:  return divide(eval, op, a, b);
        }
}

static const struct operator *operator_here(const struct eval *eval) {
        if (eval->failed || eval->i >= eval->line->n)
                return NULL;
        for (unsigned i = 0; i < sizeof(operators) / sizeof(*operators); i++)
                if (token_punct(&eval->line->v[eval->i], operators[i].punct))
                        return &operators[i];
        return NULL;
}

static struct number binary(struct eval *eval, unsigned level) {
        struct number a = unary(eval), b;
        const struct operator *op;

        while ((op = operator_here(eval)) && op->level >= level) {
                bool unread = (op->level == 1 && a.u) || (op->level == 2 && !a.u);

                eval->i++;
                eval->unread += unread;
                b = binary(eval, op->level + 1);
                eval->unread -= unread;
                a = apply(eval, op->punct, a, b);
        }
        return a;
}

static struct number choice(struct eval *eval) {
        struct number condition = binary(eval, 1), a, b;

        if (!take(eval, '?'))
                return condition;
        if (++eval->depth > DEPTH_MAX) {
                fail(eval, "more nesting than can be followed");
                return condition;
        }
        eval->unread += !condition.u;
        a = choice(eval);
        eval->unread -= !condition.u;
        if (!take(eval, ':'))
                fail(eval, "no `:` where one should be");
        eval->unread += !!condition.u;
        b = choice(eval);
        eval->unread -= !!condition.u;
        eval->depth--;
        return condition.u ? a : b;
}

/* Puts 1 or 0 in place of each `defined X` and `defined(X)`. */
static void replace_defined(struct pp *pp, const struct tokens *line, struct tokens *out) {
        struct token number = { .kind = TOKEN_NUMBER, .len = 1 };
        bool paren;

        for (uint32_t i = 0; i < line->n; i++) {
                number.at = line->v[i].at;
                if (line->v[i].kind != TOKEN_NAME || !token_is(&line->v[i], "defined")) {
                        tokens_add(out, line->v[i]);
                        continue;
                }
                paren = i + 1 < line->n && token_punct(&line->v[i + 1], '(');
                i += paren;
                if (i + 1 >= line->n || line->v[i + 1].kind != TOKEN_NAME ||
                    (paren && (i + 2 >= line->n || !token_punct(&line->v[i + 2], ')')))) {
                        diag(pp->diag, MACRO_NAME, number.at, "defined");
                        number.text = "0";
                } else {
                        number.text = pp_macro_find(pp, &line->v[i + 1]) ? "1" : "0";
                        i += 1 + paren;
                }
                tokens_add(out, number);
        }
}

bool pp_evaluate(struct pp *pp, const struct tokens *line, struct span at) {
        struct tokens defined = { 0 }, expanded = { 0 };
        struct eval eval = { .pp = pp, .line = &expanded, .end = { at.end, at.end } };
        struct number number;

        if (line->n)
                eval.end = (struct span){ line->v[line->n - 1].at.end,
                                          line->v[line->n - 1].at.end };
        replace_defined(pp, line, &defined);
        pp_expand_list(pp, defined.v, defined.n, &expanded);
        number = choice(&eval);
        if (!eval.failed && eval.i < expanded.n)
                fail(&eval, "something after the end");
        tokens_fini(&defined);
        tokens_fini(&expanded);
        return !eval.failed && number.u;
}
