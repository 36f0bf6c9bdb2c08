/*
 * word.c - what a word means where it stands
 *
 * IDL reserves a hundred words, in any case of letters, most of them for things nobody uses; and
 * people call their members `port` and `map`. So a word that could only be a name is taken for one,
 * with a warning, unless it is one of the few that the language cannot do without.
 */
#include <string.h>
#include <strings.h>
#include "lex.h"
#include "parse.h"

static const struct keyword keywords[] = {
#define KEYWORD(word, token, since, class) { word, T_##token, since, LEX_##class },
#include "keywords.def"
#undef KEYWORD
};

#define N_KEYWORDS (sizeof(keywords) / sizeof(*keywords))

_Static_assert(N_KEYWORDS <= 128, "lex.h counts on it");

const char *keyword_at(unsigned n) {
        return n < N_KEYWORDS ? keywords[n].word : NULL;
}

const struct keyword *keyword_find(const char *text, size_t len, bool fold) {
        /* No keyword is longer than this, and most names do not begin like one. */
        for (unsigned i = 0; len <= 12 && i < N_KEYWORDS; i++)
                if ((keywords[i].word[0] | 32) == (*text | 32) && strlen(keywords[i].word) == len &&
                    !(fold ? strncasecmp(keywords[i].word, text, len)
                           : memcmp(keywords[i].word, text, len)))
                        return &keywords[i];
        return NULL;
}

static bool in_set(const uint64_t set[2], unsigned i) {
        return set[i / 64] >> i % 64 & 1;
}

static void put_in_set(uint64_t set[2], unsigned i) {
        set[i / 64] |= (uint64_t)1 << i % 64;
}

/* Whether what came last is the end of a type, or asks for a name. */
static bool wants_name(const struct lex *lex) {
        switch (lex->last) {
        case T_NAME: case '>': case T_ANY_TYPE:
        case T_BOOLEAN: case T_CHAR: case T_DOUBLE: case T_FLOAT: case T_OCTET: case T_STRING:
        case T_LONG: case T_SHORT: case T_VOID:
        case T_INT8: case T_INT16: case T_INT32: case T_INT64:
        case T_UINT8: case T_UINT16: case T_UINT32: case T_UINT64:
        case T_STRUCT: case T_ENUM: case T_EXCEPTION: case T_INTERFACE: case T_MODULE:
                return true;
        default:
                return false;
        }
}

static bool name_can_end(const struct token *next) {
        return next->kind == TOKEN_PUNCT && next->punct < 128 && strchr(";,[)(={:}", next->punct);
}

/* Whether @token can be nothing but the name of something. */
static bool names_something(struct lex *lex, const struct token *token) {
        const struct token *next = lex_peek(lex, 0);
        bool size = token_is(token, "long") || token_is(token, "double");

        if (lex->annotation)
                return token_punct(next, '=');
        if (lex->last == T_SCOPE)
                return true;
        if (lex->in_enum)
                return name_can_end(next) && (lex->last == '{' || lex->last == ',' ||
                                              lex->last == T_ANNOTATION || lex->last == ')');
        if (lex->last == T_LONG && size)
                return false;
        return wants_name(lex) && name_can_end(next);
}

/* Whether a word for something unsupported begins that thing here, rather than naming another. */
static bool begins(struct lex *lex, const struct keyword *keyword) {
        const struct token *next = lex_peek(lex, 0);

        if (in_set(lex->named, (unsigned)(keyword - keywords)))
                return keyword->since == 4 && token_punct(next, '<');
        if (keyword->class == LEX_TYPE) {
                if (keyword->since == 4)        /* map */
                        return token_punct(next, '<');
                return true;
        }
        if (next->kind == TOKEN_PUNCT)
                return token_punct(next, PUNCT2(':', ':')) && next->space;
        return true;
}

static const struct keyword *reserved(struct lex *lex, const struct token *token,
                                      const struct keyword *keyword, bool name) {
        bool exact = !memcmp(keyword->word, token->text, token->len);
        unsigned i = (unsigned)(keyword - keywords);

        if (!exact && name && in_set(lex->warned, i))
                return NULL;            /* once is enough: it is one name */
        if (!exact && name)
                put_in_set(lex->warned, i);
        if (exact && name) {
                diag(lex->diag, KEYWORD_AS_NAME, token->at, keyword->word);
                diag_help(lex->diag, "`_%s` is a name, spelled `%s` everywhere else", keyword->word,
                          keyword->word);
        } else if (!exact) {
                diag(lex->diag, KEYWORD_CASE, token->at, (int)token->len, token->text,
                     keyword->word);
                if (name)
                        diag_help(lex->diag, "write `_%.*s`, or allow it with -fcase-sensitive",
                                  (int)token->len, token->text);
                else
                        diag_help(lex->diag, "write `%s` for the keyword, `_%.*s` for a name",
                                  keyword->word, (int)token->len, token->text);
        }
        return name ? NULL : keyword;
}

static const struct keyword *soft(struct lex *lex, const struct token *token,
                                  const struct keyword *keyword) {
        bool exact = !memcmp(keyword->word, token->text, token->len);
        unsigned i = (unsigned)(keyword - keywords);

        if (lex->intro)                 /* it declares something, so it means that from here on */
                put_in_set(lex->named, i);
        if (in_set(lex->warned, i))
                return NULL;            /* once is enough */
        put_in_set(lex->warned, i);
        if (exact)
                diag(lex->diag, SOFT_KEYWORD, token->at, keyword->word,
                     keyword->since == 4 ? " since IDL 4" : "");
        else
                diag(lex->diag, SOFT_KEYWORD_CASE, token->at, (int)token->len, token->text,
                     keyword->word, keyword->since == 4 ? " of IDL 4" : "");
        if (!lex->diag->silent)
                diag_help(lex->diag, "`_%.*s` says that it is meant", (int)token->len, token->text);
        return NULL;
}

const struct keyword *lex_word(struct lex *lex, const struct token *token) {
        const struct keyword *keyword = keyword_find(token->text, token->len, !lex->case_sensitive);
        bool exact, name;

        if (!keyword)
                return NULL;
        exact = !memcmp(keyword->word, token->text, token->len);
        name = names_something(lex, token);
        if (lex->annotation && name)
                return NULL;            /* as in @value(default=1) */
        if (!exact && (keyword->token == T_TRUE_ || keyword->token == T_FALSE_) && !name) {
                diag(lex->diag, BOOLEAN_CASE, token->at, (int)token->len, token->text,
                     keyword->word);
                return keyword;
        }
        switch (keyword->class) {
        case LEX_CORE:
                if (exact && !name)
                        return keyword;
                if (!exact && !name)    /* `Struct S`: a keyword; `Module m` in a struct: a type */
                        name = !lex->opening || lex_peek(lex, 0)->kind != TOKEN_NAME;
                return reserved(lex, token, keyword, name);
        case LEX_SOFT:
                if (exact && !name)
                        return keyword;
                return soft(lex, token, keyword);
        case LEX_TYPE:
        case LEX_DECL:
                if (!exact && (keyword->since >= 3 || (name && token_is(token, "object"))))
                        return soft(lex, token, keyword);
                if (!exact)
                        return reserved(lex, token, keyword, true);
                if (name || !begins(lex, keyword))
                        return soft(lex, token, keyword);
                return keyword;
        default:
                if (exact && lex->last == ')' && token_is(token, "context") && !lex->annotation)
                        return keyword;         /* context("…") after an operation */
                return soft(lex, token, keyword);
        }
}
