/*
 * pp.c - the preprocessor: the stack of files, and the way out
 */
#include <stdlib.h>
#include <string.h>
#include "pp.h"

void tokens_add(struct tokens *tokens, struct token token) {
        if (tokens->n == tokens->room) {
                tokens->room = tokens->room ? tokens->room * 2 : 16;
                tokens->v = mem_realloc(tokens->v, tokens->room * sizeof(*tokens->v));
        }
        tokens->v[tokens->n++] = token;
}

void tokens_fini(struct tokens *tokens) {
        free(tokens->v);
        *tokens = (struct tokens){ 0 };
}

static void define_special(struct pp *pp, const char *name, enum pp_special special) {
        struct pp_macro *macro = arena_new(pp->arena, struct pp_macro);

        *macro = (struct pp_macro){ .name = name };
        macro->special = special;
        map_put(&pp->macros, name, strlen(name), macro);
}

void pp_init(struct pp *pp, struct arena *arena, struct text *text, struct diag *diag,
             struct idl_unit *unit) {
        *pp = (struct pp){ .arena = arena, .text = text, .diag = diag, .unit = unit };
        define_special(pp, "__FILE__", PP_MACRO_FILE);
        define_special(pp, "__LINE__", PP_MACRO_LINE);
        pp_define(pp, "__IDLC__");
}

void pp_fini(struct pp *pp) {
        for (; pp->input; pp->input = pp->input->includer)
                scan_close(pp->input->scanner);
        map_fini(&pp->macros);
        map_fini(&pp->files);
}

/* Reads @text as if it were a file of its own, up to its end. */
static void read_text(struct pp *pp, const char *text) {
        struct source *source;
        struct token token;

        if (text_add(pp->text, "<command line>", text, strlen(text), &source))
                return;
        pp_input_push(pp, source, NULL);
        pp_next(pp, &token);
}

void pp_define(struct pp *pp, const char *define) {
        const char *body = strchr(define, '=');

        if (body)
                read_text(pp, arena_printf(pp->arena, "#define %.*s %s\n", (int)(body - define),
                                           define, body + 1));
        else
                read_text(pp, arena_printf(pp->arena, "#define %s 1\n", define));
}

void pp_undefine(struct pp *pp, const char *name) {
        read_text(pp, arena_printf(pp->arena, "#undef %s\n", name));
}

void pp_input_push(struct pp *pp, struct source *source, struct idl_file *file) {
        struct pp_input *input = arena_new(pp->arena, struct pp_input);

        input->source = source;
        input->file = file;
        input->includer = pp->input;
        input->braces = pp->braces;
        input->depth = pp->input ? pp->input->depth + 1 : 1;
        input->scan = (struct scan){ .source = source, .diag = pp->diag };
        if (source->text_len >= 3 && !memcmp(source->text, "\xef\xbb\xbf", 3))
                input->scan.offset = 3;
        if (scan_open(&input->scan, source->text + input->scan.offset,
                      source->text_len - input->scan.offset, &input->scanner))
                mem_realloc(NULL, SIZE_MAX);    /* says so and leaves */
        pp->input = input;
        source->file = file;
}

void pp_start(struct pp *pp, struct source *source, struct idl_file *file) {
        static const char *const wide[] = { "\xff\xfe", "\xfe\xff" };

        pp->diag->last_include = 0;
        pp_know(pp, file);
        pp_input_push(pp, source, file);
        for (unsigned i = 0; i < 2; i++)
                if (source->raw_len >= 2 && !memcmp(source->raw, wide[i], 2))
                        diag(pp->diag, UTF16, ((struct span){ source->base, source->base }));
}

static void input_pop(struct pp *pp) {
        struct pp_input *input = pp->input;

        uint32_t end = source_pos(input->source, input->source->text_len);

        pp_conds_close(pp, input);
        if (pp->braces > input->braces)
                diag(pp->diag, INCLUDE_OPEN, ((struct span){ end, end }));
        scan_close(input->scanner);
        pp->input = input->includer;
}

/* The next token of the files: no directive, no end of line, no macro expanded. */
void pp_input_next(struct pp *pp, struct token *ret_token) {
        if (pp->has_ahead) {
                pp->has_ahead = false;
                *ret_token = pp->ahead;
                return;
        }
        while (pp->input && !pp->diag->stop) {
                scan_next(pp->input->scanner, ret_token);
                if (ret_token->kind == TOKEN_LINE)
                        continue;
                if (ret_token->kind == TOKEN_END) {
                        if (!pp->input->includer)
                                break;
                        input_pop(pp);
                        continue;
                }
                if (ret_token->first && token_punct(ret_token, '#')) {
                        pp_directive(pp, ret_token);
                        continue;
                }
                pp->input->started = true;
                return;
        }
        if (pp->input && !pp->diag->stop) {
                pp_conds_close(pp, pp->input);
                pp->input->conds = NULL;
                if (!pp->input->file) {         /* a text of our own */
                        scan_close(pp->input->scanner);
                        pp->input = NULL;
                }
        } else {
                *ret_token = (struct token){ .text = "" };
        }
        ret_token->kind = TOKEN_END;
}

void pp_next(struct pp *pp, struct token *ret_token) {
        pp_expand(pp, ret_token);
        if (token_punct(ret_token, '{'))
                pp->braces++;
        else if (token_punct(ret_token, '}') && pp->braces)
                pp->braces--;
}
