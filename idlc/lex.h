#pragma once
/*
 * lex.h - from preprocessed tokens to what the grammar is made of
 *
 * Decides what a word means where it stands: keyword, name, or the beginning of something that is
 * not supported, which is complained about and skipped here. Gives literals their values, joins
 * strings, closes `>>`, and sees to it that braces match, so that the grammar can rely on it.
 */
#include "pp.h"
#include "syn.h"

enum { LEX_AHEAD = 4 };

/* How a word of keywords.def is met. */
enum lex_class { LEX_NAME, LEX_CORE, LEX_SOFT, LEX_TYPE, LEX_DECL, LEX_INNER };

struct lex_brace {
        struct lex_brace *outer;
        struct span at;
        const char *what;               /* "struct Point", for messages; may be empty */
};

struct lex {
        struct pp *pp;
        struct diag *diag;
        struct arena *arena;
        bool case_sensitive;

        struct token ahead[LEX_AHEAD];
        unsigned n_ahead;

        /* What came out last */
        int last;                       /* token, 0 at the beginning */
        struct token last_token;
        struct token before_last;
        int before;                     /* what that was given as */
        bool opening;                   /* a declaration can begin here */

        struct lex_brace *braces;
        bool at_end;                    /* only closing what was left open */
        bool owes_semicolon;
        unsigned templates;             /* open `sequence<` and `string<` */
        unsigned parens;                /* open parentheses in the innermost of them */
        unsigned annotation;            /* parentheses of an annotation, 0: outside */
        bool in_enum;
        uint32_t enum_at, enum_told;    /* the `{` of the last one, and of the last complained of */
        /* keywords that are names in this file; said so, by index */
        uint64_t named[2], warned[2];

        /* The declaration that is being read, in case it fails */
        struct syn_name name;
        const char *intro;              /* "struct", "module" … */

        /* Recovery */
        bool lost;                      /* skipping to a `;` after a syntax error */
        struct syn_name lost_name;
        bool braceless;                 /* a `{` was missing: what closes it is no new mistake */
        uint32_t missing;               /* where a `;` was missed last */
        uint32_t statement;             /* where the last `;` or brace ended */
};

/* What the parser could go on with, for an error message. */
struct lex_expected {
        bool name, type, size, declaration, value, direction, base;
        char marks[12];
        unsigned n_marks;
};

void lex_init(struct lex *lex, struct pp *pp, struct arena *arena, struct diag *diag);

/* @value is the parser's YYSTYPE. Returns a token of parse.y. */
int lex_next(struct lex *lex, void *value, struct span *at);

/* Between lex.c, word.c, literal.c and skip.c: */

struct keyword {
        const char *word;
        int token;
        int since;
        enum lex_class class;
};

void lex_read(struct lex *lex, struct token *ret_token);
const struct token *lex_peek(struct lex *lex, unsigned n);
const struct keyword *keyword_find(const char *text, size_t len, bool fold);
/* For did-you-mean: the n-th keyword of the grammar, NULL after the last. */
const char *keyword_at(unsigned n);
/* Which keyword @token is here, NULL for a name. Complains where it should not be there. */
const struct keyword *lex_word(struct lex *lex, const struct token *token);
struct syn_name lex_name(struct lex *lex, const struct token *token);
int lex_annotation(struct lex *lex, const struct token *token, void *value, struct span *at);
struct syn *lex_number(struct lex *lex, const struct token *token, int *ret_token);
struct syn *lex_quoted(struct lex *lex, const struct token *token, int *ret_token);
/* Skips a declaration, a type, an annotation's definition that begins with @token. */
struct syn *lex_skip_decl(struct lex *lex, const struct token *token);
struct syn *lex_skip_type(struct lex *lex, const struct token *token);
struct syn *lex_skip_annotation_decl(struct lex *lex);
/* Skips `context(...)`, up to the `;`, which there is then. */
void lex_skip_context(struct lex *lex, const struct token *token);
void lex_skip_braces(struct lex *lex);

/* Complaints of the grammar's actions and of its errors */
void lex_syntax_error(struct lex *lex, struct span at, const struct lex_expected *expected);
struct syn *lex_lost(struct lex *lex, struct span at);
void lex_missing_semicolon(struct lex *lex);
void lex_extra_semicolon(struct lex *lex, struct span at);
void lex_trailing_comma(struct lex *lex, struct span at);
void lex_enum_semicolon(struct lex *lex, struct span at);
void lex_initializer(struct lex *lex, struct span at, const struct syn *value, const char *instead);
void lex_no_size(struct lex *lex, struct span at);
void lex_elaborated(struct lex *lex, struct span at, const char *keyword);
void lex_array_param(struct lex *lex, struct span at);
void lex_no_direction(struct lex *lex, struct span at, const char *name);
