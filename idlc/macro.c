/*
 * macro.c - #define: what a macro is, before it is used
 */
#include <string.h>
#include "pp.h"

struct pp_macro *pp_macro_find(struct pp *pp, const struct token *name) {
        return map_get(&pp->macros, name->text, name->len);
}

int pp_macro_param(const struct pp_macro *macro, const struct token *name) {
        for (unsigned i = 0; name->kind == TOKEN_NAME && i < macro->n_params; i++)
                if (macro->params[i].len == name->len &&
                    !memcmp(macro->params[i].text, name->text, name->len))
                        return (int)i;
        return -1;
}

/*
 * Reads "(a, b)" from @line, of which @i is the parenthesis. Returns what comes after, 0:
 * failed.
 */
static uint32_t read_params(struct pp *pp, struct pp_macro *macro, const struct tokens *line,
                            uint32_t i) {
        static const char va_args[] = "__VA_ARGS__";
        struct tokens params = { 0 };
        const struct token *token = &line->v[i++];
        struct token name;
        bool fine = i < line->n, end = fine && token_punct(&line->v[i], ')');

        for (; fine && !end && i < line->n; i++) {
                name = *(token = &line->v[i++]);
                if (name.kind == TOKEN_PUNCT && token_is(&name, "...")) {
                        macro->variadic = true;
                        name.kind = TOKEN_NAME;
                        name.text = va_args;
                        name.len = sizeof(va_args) - 1;
                } else if (name.kind != TOKEN_NAME) {
                        diag(pp->diag, MACRO_PARAMS, name.at);
                        break;
                }
                macro->params = params.v;
                macro->n_params = params.n;
                if (pp_macro_param(macro, &name) >= 0) {
                        diag(pp->diag, MACRO_PARAM_TWICE, name.at, (int)name.len, name.text);
                        break;
                }
                tokens_add(&params, name);
                end = i < line->n && token_punct(&line->v[i], ')');
                if (end)
                        break;
                fine = i < line->n && !macro->variadic && token_punct(&line->v[i], ',');
        }
        if (!end)
                diag(pp->diag, MACRO_PARAMS, token->at);
        macro->n_params = params.n;
        macro->params = arena_array(pp->arena, struct token, params.n);
        if (params.n)
                memcpy(macro->params, params.v, params.n * sizeof(*params.v));
        tokens_fini(&params);
        return end ? i + 1 : 0;
}

static bool check_body(struct pp *pp, struct pp_macro *macro) {
        struct token *body = macro->body, *last = body + macro->n_body;

        if (macro->n_body && (body->kind == TOKEN_PASTE || last[-1].kind == TOKEN_PASTE)) {
                diag(pp->diag, PASTE_AT_END, body->kind == TOKEN_PASTE ? body->at : last[-1].at);
                return false;
        }
        for (; macro->function && body < last; body++) {
                if (!token_punct(body, '#'))
                        continue;
                if (body + 1 == last || pp_macro_param(macro, body + 1) < 0) {
                        diag(pp->diag, STRINGIZE_WHAT, body->at);
                        return false;
                }
        }
        return true;
}

static bool same_tokens(const struct token *a, const struct token *b, uint32_t n) {
        for (uint32_t i = 0; i < n; i++)
                if (a[i].kind != b[i].kind || a[i].len != b[i].len ||
                    memcmp(a[i].text, b[i].text, a[i].len) != 0 || (i && a[i].space != b[i].space))
                        return false;
        return true;
}

static bool same_macro(const struct pp_macro *a, const struct pp_macro *b) {
        return a->function == b->function && a->n_params == b->n_params && a->n_body == b->n_body &&
               same_tokens(a->params, b->params, a->n_params) &&
               same_tokens(a->body, b->body, a->n_body);
}

void pp_macro_define(struct pp *pp, const struct tokens *line, struct span at) {
        const struct token *name = line->v;
        struct pp_macro *macro, *old;
        uint32_t i = 1;

        if (line->n == 0 || name->kind != TOKEN_NAME || token_is(name, "defined")) {
                diag(pp->diag, MACRO_NAME, line->n ? name->at : at, "#define");
                return;
        }
        macro = arena_new(pp->arena, struct pp_macro);
        macro->name = arena_strndup(pp->arena, name->text, name->len);
        macro->at = name->at;
        if (line->n > 1 && token_punct(&line->v[1], '(') && !line->v[1].space) {
                macro->function = true;
                i = read_params(pp, macro, line, 1);
                if (i == 0)
                        return;
        }
        macro->n_body = line->n - i;
        macro->body = arena_array(pp->arena, struct token, macro->n_body);
        for (uint32_t k = 0; k < macro->n_body; k++) {
                macro->body[k] = line->v[i + k];
                if (token_punct(&macro->body[k], PUNCT2('#', '#')))
                        macro->body[k].kind = TOKEN_PASTE;
        }
        if (!check_body(pp, macro))
                return;

        old = pp_macro_find(pp, name);
        if (old && !same_macro(old, macro)) {
                diag(pp->diag, MACRO_REDEFINED, name->at, macro->name);
                diag_note(pp->diag, old->at, "`%s` was defined here", old->name);
        }
        map_put(&pp->macros, macro->name, name->len, macro);
}
