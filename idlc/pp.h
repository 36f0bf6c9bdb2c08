#pragma once
/*
 * pp.h - the preprocessor: files in, tokens without directives and macros out
 *
 * What C's does, with two differences: each file is taken in once, however often it is included
 * (unless that happens within braces, where an #include is a piece of text), and #pragma and #line
 * mean nothing.
 */
#include <stdbool.h>
#include "ast.h"
#include "buf.h"
#include "diag.h"
#include "map.h"
#include "token.h"

#define PP_DEPTH_MAX   64               /* files including each other */
#define PP_NESTING_MAX 200              /* macros within arguments of macros */
#define PP_TOKENS_MAX  1000000          /* made by macros, in one run */

struct pp_macro {
        const char *name;
        struct span at;
        bool function, variadic;
        bool busy;                      /* being expanded */
        enum pp_special { PP_MACRO_PLAIN, PP_MACRO_FILE, PP_MACRO_LINE } special;
        struct token *params;           /* names */
        unsigned n_params;
        struct token *body;
        uint32_t n_body;
};

struct pp_cond {
        struct pp_cond *outer;
        struct span at;
        bool taken;                     /* one of its groups was, or its surroundings are not */
        bool seen_else;
};

struct pp_input {
        struct pp_input *includer;
        struct source *source;
        struct idl_file *file;
        void *scanner;
        struct scan scan;
        struct pp_cond *conds;
        unsigned depth;
        unsigned braces;                /* that were open before it */
        bool started;                   /* something other than comments was seen */
        bool guarded;                   /* starts with #ifndef */
};

/* Tokens to be read again: what a macro became, an argument, the rest of a directive. */
struct pp_context {
        struct pp_context *below;
        struct pp_macro *macro;         /* busy until this is used up */
        const struct token *tokens;
        uint32_t n, at;
        bool wall;                      /* nothing below may be read */
};

struct tokens {
        struct token *v;
        uint32_t n, room;
};

struct pp {
        struct arena *arena;
        struct text *text;
        struct diag *diag;
        struct idl_unit *unit;          /* files and includes are entered here */
        const char *const *dirs;        /* -I, NULL-terminated */
        bool no_files;                  /* #include always fails */
        bool missing;                   /* an #include was not found: much may be unknown */
        struct map macros;
        struct map files;               /* "device:inode" to struct idl_file */
        struct pp_input *input;
        struct pp_context *context;
        bool has_ahead;
        struct token ahead;             /* read from the input, to be read again */
        bool swallowed;                 /* a macro without `)` took the rest of the file */
        unsigned braces;                /* open ones */
        unsigned nesting;
        uint32_t n_made;
};

void pp_init(struct pp *pp, struct arena *arena, struct text *text, struct diag *diag,
             struct idl_unit *unit);
void pp_fini(struct pp *pp);

/* @define is NAME, NAME=BODY or NAME(A)=BODY as after -D; pp_undefine() as after -U. */
void pp_define(struct pp *pp, const char *define);
void pp_undefine(struct pp *pp, const char *name);

/*
 * What @path is called in an #include: without the innermost of @dirs that it lies in, or its
 * last part.
 */
const char *include_name(const char *const *dirs, const char *path);

/* Starts on a file that is already there. */
void pp_start(struct pp *pp, struct source *source, struct idl_file *file);

/* The next token; TOKEN_END at the end, again and again. */
void pp_next(struct pp *pp, struct token *ret_token);

/* Writes everything that is left as text, with line markers. */
void pp_print(struct pp *pp, struct buf *out);

/* Between pp.c, expand.c, directive.c, pp_expr.c and include.c: */

void pp_input_push(struct pp *pp, struct source *source, struct idl_file *file);
void pp_input_next(struct pp *pp, struct token *ret_token);
void pp_directive(struct pp *pp, const struct token *hash);
void pp_skip_group(struct pp *pp);
void pp_conds_close(struct pp *pp, struct pp_input *input);
bool pp_evaluate(struct pp *pp, const struct tokens *line, struct span at);
void pp_know(struct pp *pp, struct idl_file *file);
void pp_include(struct pp *pp, struct span at, const struct token *name);

/* The rest of the line, without its end. */
void pp_read_line(struct pp *pp, struct tokens *ret_line);
void pp_macro_define(struct pp *pp, const struct tokens *line, struct span at);
struct pp_macro *pp_macro_find(struct pp *pp, const struct token *name);
/* Which parameter @name is, or -1. */
int pp_macro_param(const struct pp_macro *macro, const struct token *name);

/* The next token of whatever is being read, macros expanded. */
void pp_expand(struct pp *pp, struct token *ret_token);
/* All of @list, macros expanded, appended to @ret_list. */
void pp_expand_list(struct pp *pp, const struct token *list, uint32_t n, struct tokens *ret_list);

void tokens_add(struct tokens *tokens, struct token token);
void tokens_fini(struct tokens *tokens);

static inline bool token_is(const struct token *token, const char *text) {
        return token->len == __builtin_strlen(text) &&
               __builtin_memcmp(token->text, text, token->len) == 0;
}

static inline bool token_punct(const struct token *token, uint16_t punct) {
        return token->kind == TOKEN_PUNCT && token->punct == punct;
}
