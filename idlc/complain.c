/*
 * complain.c - what the grammar does not like, in words
 *
 * Says what is missing rather than what is there: nearly always it is a `;`, and then the place
 * that matters is the end of the line before.
 */
#include <string.h>
#include "lex.h"
#include "near.h"
#include "parse.h"

static unsigned line_of(const struct lex *lex, uint32_t pos) {
        struct place place;

        return text_place(lex->diag->text, pos, &place) ? place.line : 0;
}

/* "`foo`", "the end of the file": @token as it is called in a message. */
static const char *quoted(struct lex *lex, const struct token *token) {
        if (token->len == 0)
                return token->text && *token->text ? token->text : "nothing";
        if (token->len > 40)
                return arena_printf(lex->arena, "`%.37s...`",
                                    arena_strndup(lex->arena, token->text, 37));
        return arena_printf(lex->arena, "`%.*s`", (int)token->len, token->text);
}

static const char *wanted(struct lex *lex, const struct lex_expected *expected) {
        struct buf buf = { 0 };
        const char *words;

        if (expected->direction)
                return "`in`, `out` or `inout`";
        if (expected->declaration)
                return "a declaration";
        if (expected->type)
                return "a type";
        if (expected->size)
                return "`short` or `long`";
        if (expected->value)
                return "a value";
        if (expected->name && expected->n_marks == 0)
                return "a name";
        if (expected->n_marks == 0)
                return NULL;
        for (unsigned i = 0; i < expected->n_marks; i++)
                buf_printf(&buf, "%s`%c`", i == 0 ? "" : i + 1 < expected->n_marks ? ", " : " or ",
                           expected->marks[i]);
        if (expected->name)
                buf_puts(&buf, " or a name");
        words = arena_strdup(lex->arena, buf.data);
        buf_fini(&buf);
        return words;
}

static void hint_proto(struct lex *lex, const struct token *token) {
        static const char *const words[] = { "message", "service", "package", "syntax",
                                             "rpc", "oneof",   "option", "repeated",
                                             "reserved", "extend" };

        for (unsigned i = 0; i < sizeof(words) / sizeof(*words); i++)
                if (token_is(token, words[i]))
                        diag_help(lex->diag, "this looks like a .proto file: in IDL, `message` is "
                                             "`struct` and `service` is `interface`");
}

static void hint_keyword(struct lex *lex, const struct token *token) {
        struct near near =
                near_start(arena_strndup(lex->arena, token->text, token->len), token->len);
        const char *word;

        for (unsigned i = 0; (word = keyword_at(i)); i++)
                near_offer(&near, word);
        near_offer(&near, "class");
        near_offer(&near, "int");
        near_offer(&near, "bool");
        if (token_is(token, "class"))
                diag_help(lex->diag, "data is a `struct`, what can be called is an `interface`");
        else if (near.best)
                diag_help(lex->diag, "did you mean `%s`?", near.best);
}

/* Whether something in this statement was complained of already: what follows is an echo, often. */
static bool echo(const struct lex *lex, struct span at) {
        uint32_t last = lex->diag->last_error;

        if (lex->missing && line_of(lex, lex->missing) == line_of(lex, at.begin))
                return true;
        return last >= lex->statement && last < at.begin &&
               text_source(lex->diag->text, last) == text_source(lex->diag->text, at.begin);
}

/* Whether `struct S` has just been read, and what follows is neither its `{` nor something new. */
static bool no_brace(const struct lex *lex, const struct lex_expected *expected) {
        return expected->declaration && lex->intro && *lex->intro && lex->name.text &&
               lex->name.at.begin == lex->before_last.at.begin;
}

/* Whether one thing is complete but for its `;`, and what follows cannot begin another. */
static bool no_semicolon(const struct lex *lex, const struct lex_expected *expected) {
        bool ends = expected->declaration ||
                    (expected->type && memchr(expected->marks, '}', expected->n_marks));

        return ends && lex->before && lex->before != ';' && lex->before != '{';
}

void lex_syntax_error(struct lex *lex, struct span at, const struct lex_expected *expected) {
        const struct token *found = &lex->last_token, *before = &lex->before_last;
        const char *what = wanted(lex, expected);
        bool semicolon = memchr(expected->marks, ';', expected->n_marks) != NULL;

        lex->lost_name = lex->name;
        lex->lost = found->kind != TOKEN_PUNCT || found->punct != ';';
        if (echo(lex, at) || (lex->braceless && token_punct(found, ')'))) {
                lex->diag->silent = true;
        } else if (no_brace(lex, expected)) {
                lex->braceless = true;
                diag(lex->diag, EXPECTED_AFTER,
                     ((struct span){ before->at.end, before->at.end }), "`{`",
                     quoted(lex, before));
        } else if (no_semicolon(lex, expected) ||
                   (semicolon && !expected->declaration && !expected->type &&
                    line_of(lex, before->at.end) != line_of(lex, at.begin))) {
                diag(lex->diag, EXPECTED_AFTER,
                     ((struct span){ before->at.end, before->at.end }), "`;`",
                     quoted(lex, before));
        } else if (!what) {
                diag(lex->diag, UNEXPECTED, at, quoted(lex, found));
        } else if (found->len == 0) {
                diag(lex->diag, EXPECTED_AFTER,
                     ((struct span){ before->at.end, before->at.end }), what,
                     quoted(lex, before));
        } else {
                diag(lex->diag, EXPECTED, at, what, quoted(lex, found));
        }
        if (lex->diag->silent)
                return;
        if (token_punct(found, '*') && token_punct(lex_peek(lex, 0), '/'))
                diag_help(lex->diag, "a comment ends at its first `*/`: comments do not nest");
        if (token_is(before, "in") && token_is(found, "out"))
                diag_help(lex->diag, "did you mean `inout`?");
        else if (lex->before == T_VOID && token_punct(found, ')'))
                diag_help(lex->diag, "nothing is written `()`");
        else if (token_is(found, "throws"))
                diag_help(lex->diag, "IDL says `raises`");
        else if (token_is(before, "unsigned") && found->kind == TOKEN_NAME)
                diag_help(lex->diag, "only `short` and `long` can be unsigned%s",
                          token_is(found, "octet") || token_is(found, "char")
                                  ? "; an `octet` always is" : "");
        else if (found->kind == TOKEN_NAME && expected->declaration &&
                 !keyword_find(found->text, found->len, false)) {
                hint_proto(lex, found);
                hint_keyword(lex, found);
        }
        if (token_punct(found, '{')) {          /* its body goes with it */
                if (lex->braces)
                        lex->braces = lex->braces->outer;
                lex->in_enum = false;
                lex_skip_braces(lex);
        }
}

/* A declaration that did not parse: its name is all that is left. */
struct syn *lex_lost(struct lex *lex, struct span at) {
        struct parser p = { .arena = lex->arena, .diag = lex->diag };
        struct syn *node = syn_new(&p, SYN_ERROR, at);

        node->name = lex->lost_name.text;
        if (node->name)
                node->name_at = lex->lost_name.at;
        return node;
}

void lex_missing_semicolon(struct lex *lex) {
        const struct token *before = &lex->before_last;
        struct span at = { before->at.end, before->at.end };

        if (echo(lex, at))
                return;
        lex->missing = at.begin;
        diag(lex->diag, EXPECTED_AFTER, at, "`;`", quoted(lex, before));
}

void lex_extra_semicolon(struct lex *lex, struct span at) {
        diag(lex->diag, EXTRA_SEMICOLON, at);
}

void lex_trailing_comma(struct lex *lex, struct span at) {
        diag(lex->diag, TRAILING_COMMA, at);
}

void lex_enum_semicolon(struct lex *lex, struct span at) {
        if (lex->enum_told == lex->enum_at)
                return;
        lex->enum_told = lex->enum_at;
        diag(lex->diag, EXPECTED, at, "`,` or `}`", "`;`");
}

void lex_initializer(struct lex *lex, struct span at, const struct syn *value,
                     const char *instead) {
        struct place begin, end;

        diag(lex->diag, INITIALIZER, at);
        if (text_place(lex->diag->text, value->at.begin, &begin) &&
            text_place(lex->diag->text, value->at.end, &end) && begin.line == end.line &&
            value->at.end - value->at.begin < 40)
                diag_help(lex->diag, "write `%s(%.*s)` in front of it instead", instead,
                          (int)(value->at.end - value->at.begin),
                          begin.source->raw + (value->at.begin - begin.source->base));
}

void lex_no_size(struct lex *lex, struct span at) {
        diag(lex->diag, ARRAY_NO_SIZE, at);
        diag_help(lex->diag, "what can have any length is a `sequence<...>`");
}

void lex_elaborated(struct lex *lex, struct span at, const char *keyword) {
        diag(lex->diag, ELABORATED, at, keyword);
}

void lex_array_param(struct lex *lex, struct span at) {
        diag(lex->diag, ARRAY_PARAM, at);
        diag_help(lex->diag, "give the array a name with `typedef` and use that");
}

void lex_no_direction(struct lex *lex, struct span at, const char *name) {
        diag(lex->diag, NO_DIRECTION, at, name);
        diag_help(lex->diag, "write `in`, `out` or `inout` in front of its type");
}
