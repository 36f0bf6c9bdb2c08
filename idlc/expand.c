/*
 * expand.c - what becomes of a macro where it is used
 *
 * The result of a macro is read again from a context on top of everything else. While that context
 * lasts its macro is busy, and its name, met again, is frozen for good: this is what ends
 * recursion. Arguments are expanded by themselves behind a wall, except next to # and ##.
 */
#include <stdlib.h>
#include <string.h>
#include "pp.h"

struct args {
        struct tokens raw;              /* all of them, one after the other */
        uint32_t *ends;                 /* where each ends in raw */
        unsigned n, room;
};

static void push(struct pp *pp, const struct token *tokens, uint32_t n, struct pp_macro *macro,
                 bool wall) {
        struct pp_context *context = arena_new(pp->arena, struct pp_context);

        *context = (struct pp_context){ pp->context, macro, tokens, n, 0, wall };
        pp->context = context;
}

static void pop(struct pp *pp) {
        if (pp->context->macro)
                pp->context->macro->busy = false;
        pp->context = pp->context->below;
}

/* The next token, nothing expanded; TOKEN_END at a wall. */
static void next_raw(struct pp *pp, struct token *ret_token) {
        for (; pp->context; pop(pp)) {
                if (pp->context->at < pp->context->n && !pp->diag->stop) {
                        *ret_token = pp->context->tokens[pp->context->at++];
                        return;
                }
                if (pp->context->wall) {
                        *ret_token = (struct token){ .kind = TOKEN_END, .text = "" };
                        return;
                }
        }
        pp_input_next(pp, ret_token);
}

static bool paren_follows(struct pp *pp) {
        for (struct pp_context *context = pp->context; context; context = context->below) {
                if (context->at < context->n)
                        return token_punct(&context->tokens[context->at], '(');
                if (context->wall)
                        return false;
        }
        if (!pp->has_ahead)
                pp_input_next(pp, &pp->ahead);
        pp->has_ahead = true;
        return token_punct(&pp->ahead, '(');
}

static void end_arg(struct args *args) {
        if (args->n == args->room) {
                args->room = args->room ? args->room * 2 : 4;
                args->ends = mem_realloc(args->ends, args->room * sizeof(*args->ends));
        }
        args->ends[args->n++] = args->raw.n;
}

/* Reads the arguments of @macro, the parenthesis included. False: there is no end. */
static bool read_args(struct pp *pp, const struct pp_macro *macro, const struct token *name,
                      struct args *args) {
        unsigned depth = 0;
        struct token token;

        next_raw(pp, &token);           /* the '(' */
        for (;;) {
                next_raw(pp, &token);
                if (token.kind == TOKEN_END) {
                        diag(pp->diag, MACRO_OPEN, name->at, macro->name);
                        diag_note(pp->diag, macro->at, "`%s` is defined here", macro->name);
                        pp->swallowed = true;
                        pp->ahead = token;
                        pp->has_ahead = !pp->context;
                        return false;
                }
                if (token_punct(&token, ')') && depth-- == 0)
                        break;
                depth += token_punct(&token, '(');
                if (token_punct(&token, ',') && depth == 0 &&
                    !(macro->variadic && args->n + 1 >= macro->n_params))
                        end_arg(args);
                else
                        tokens_add(&args->raw, token);
        }
        if (args->n || args->raw.n || macro->n_params)
                end_arg(args);
        if (macro->variadic && args->n + 1 == macro->n_params)
                end_arg(args);
        if (args->n != macro->n_params) {
                diag(pp->diag, MACRO_ARGS, name->at, macro->name, macro->n_params,
                     macro->n_params == 1 ? "" : "s", args->n);
                diag_note(pp->diag, macro->at, "`%s` is defined here", macro->name);
                while (args->n < macro->n_params)
                        end_arg(args);
        }
        return true;
}

static uint32_t arg_begin(const struct args *args, unsigned i) {
        return i ? args->ends[i - 1] : 0;
}

static struct token stringize(struct pp *pp, const struct token *tokens, uint32_t n) {
        struct token string = { .kind = TOKEN_STRING };
        struct buf buf = { 0 };

        buf_putc(&buf, '"');
        for (uint32_t i = 0; i < n; i++) {
                bool quoted = tokens[i].kind == TOKEN_STRING || tokens[i].kind == TOKEN_CHAR;

                if (i && tokens[i].space)
                        buf_putc(&buf, ' ');
                for (uint32_t k = 0; k < tokens[i].len; k++) {
                        char c = tokens[i].text[k];

                        if (quoted && (c == '"' || c == '\\'))
                                buf_putc(&buf, '\\');
                        buf_putc(&buf, c);
                }
        }
        buf_putc(&buf, '"');
        string.len = (uint32_t)buf.len;
        string.text = arena_strndup(pp->arena, buf.data, buf.len);
        buf_fini(&buf);
        return string;
}

/* Makes one token of @a and @b. */
static struct token paste(struct pp *pp, struct token a, const struct token *b, struct span at) {
        struct scan scan = { .diag = pp->diag, .at = at, .quiet = true };
        struct token token, more;
        void *scanner;
        char *text;

        if (a.kind == TOKEN_EMPTY || b->kind == TOKEN_EMPTY) {
                token = a.kind == TOKEN_EMPTY ? *b : a;
                token.space = a.space;
                return token;
        }
        text = arena_alloc(pp->arena, (size_t)a.len + b->len + 3);
        memcpy(text, a.text, a.len);
        memcpy(text + a.len, b->text, b->len);
        if (scan_open(&scan, text, a.len + b->len, &scanner))
                return a;
        scan_next(scanner, &token);
        scan_next(scanner, &more);
        scan_close(scanner);
        if (more.kind != TOKEN_END || token.bad || token.len != a.len + b->len) {
                diag(pp->diag, PASTE_RESULT, at, (int)a.len, a.text, (int)b->len, b->text);
                return a;
        }
        token.space = a.space;
        return token;
}

/* Appends argument @i: as it was written next to ##, otherwise with its macros expanded. */
static void add_arg(struct pp *pp, const struct args *args, unsigned i, bool raw,
                    struct tokens *out) {
        uint32_t from = arg_begin(args, i), n = args->ends[i] - from;

        if (!raw && n)
                pp_expand_list(pp, args->raw.v + from, n, out);
        for (uint32_t k = 0; raw && k < n; k++)
                tokens_add(out, args->raw.v[from + k]);
        if (raw && n == 0)
                tokens_add(out, (struct token){ .kind = TOKEN_EMPTY, .text = "" });
}

/* The body of @macro with @args in place of its parameters. */
static void substitute(struct pp *pp, const struct pp_macro *macro, const struct args *args,
                       struct span at, struct tokens *out) {
        const struct token *body = macro->body, *end = body + macro->n_body, *begin;
        uint32_t first, from;
        bool pasting = false, paste_next;
        int i;

        for (; body < end && pp->n_made < PP_TOKENS_MAX; body++) {
                if (body->kind == TOKEN_PASTE) {
                        pasting = true;
                        continue;
                }
                begin = body;
                first = out->n;
                if (macro->function && token_punct(body, '#')) {
                        i = pp_macro_param(macro, ++body);      /* macro.c saw to that */
                        from = arg_begin(args, (unsigned)i);
                        tokens_add(out, stringize(pp, args->raw.v ? args->raw.v + from : NULL,
                                                  args->ends[i] - from));
                } else if ((i = pp_macro_param(macro, body)) >= 0) {
                        paste_next = body + 1 < end && body[1].kind == TOKEN_PASTE;
                        add_arg(pp, args, (unsigned)i, pasting || paste_next, out);
                } else {
                        tokens_add(out, *body);
                }
                if (out->n > first)
                        out->v[first].space = begin->space;
                pp->n_made += out->n - first;
                if (pasting && first > 0 && out->n > first) {
                        out->v[first - 1] = paste(pp, out->v[first - 1], &out->v[first], at);
                        memmove(out->v + first, out->v + first + 1,
                                (out->n - first - 1) * sizeof(*out->v));
                        out->n--;
                }
                pasting = false;
        }
}

static struct token special(struct pp *pp, const struct pp_macro *macro, const struct token *name) {
        struct place place = { 0 };
        struct token token = { .kind = TOKEN_NUMBER };

        if (text_place(pp->text, name->at.begin, &place) && macro->special == PP_MACRO_FILE) {
                token.text = place.source->path;
                token.len = (uint32_t)strlen(token.text);
                token.kind = TOKEN_OTHER;
                token = stringize(pp, &token, 1);
        } else {
                token.text = arena_printf(pp->arena, "%u", place.line);
                token.len = (uint32_t)strlen(token.text);
        }
        return token;
}

static void expand(struct pp *pp, struct pp_macro *macro, const struct token *name) {
        struct tokens out = { 0 };
        struct args args = { 0 };
        struct token *made;
        uint32_t n = 0;

        if (macro->special)
                tokens_add(&out, special(pp, macro, name));
        else if (!macro->function || read_args(pp, macro, name, &args))
                substitute(pp, macro, &args, name->at, &out);
        made = arena_array(pp->arena, struct token, out.n);
        for (uint32_t i = 0; i < out.n; i++) {
                if (out.v[i].kind == TOKEN_EMPTY)
                        continue;
                made[n] = out.v[i];
                made[n].at = name->at;
                made[n].first = false;
                n++;
        }
        if (n)
                made[0].space = name->space;
        if (pp->n_made >= PP_TOKENS_MAX)
                diag(pp->diag, MACRO_TOO_LARGE, name->at, macro->name, PP_TOKENS_MAX);
        macro->busy = true;
        push(pp, made, n, macro, false);
        tokens_fini(&out);
        tokens_fini(&args.raw);
        free(args.ends);
}

void pp_expand(struct pp *pp, struct token *ret_token) {
        struct pp_macro *macro;

        for (;;) {
                next_raw(pp, ret_token);
                if (ret_token->kind != TOKEN_NAME || ret_token->frozen)
                        return;
                macro = pp_macro_find(pp, ret_token);
                if (!macro)
                        return;
                if (macro->busy) {
                        ret_token->frozen = true;
                        return;
                }
                if (macro->function && !paren_follows(pp))
                        return;
                expand(pp, macro, ret_token);
        }
}

void pp_expand_list(struct pp *pp, const struct token *list, uint32_t n, struct tokens *ret_list) {
        struct token token;

        if (pp->nesting >= PP_NESTING_MAX) {
                if (n)
                        diag(pp->diag, MACRO_TOO_DEEP, list->at, PP_NESTING_MAX);
                return;
        }
        pp->nesting++;
        push(pp, list, n, NULL, true);
        for (;;) {
                pp_expand(pp, &token);
                if (token.kind == TOKEN_END)
                        break;
                tokens_add(ret_list, token);
                pp->n_made++;
        }
        pop(pp);
        pp->nesting--;
}
