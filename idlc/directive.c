/*
 * directive.c - lines that begin with #
 */
#include <string.h>
#include "near.h"
#include "pp.h"

enum directive {
        D_NONE,
        D_DEFINE,
        D_UNDEF,
        D_INCLUDE,
        D_IF,
        D_IFDEF,
        D_IFNDEF,
        D_ELIF,
        D_ELSE,
        D_ENDIF,
        D_ERROR,
        D_WARNING,
        D_PRAGMA,
        D_LINE,
        D_IDENT,
};

static const struct {
        const char *name;
        enum directive directive;
} directives[] = {
        { "define", D_DEFINE }, { "undef", D_UNDEF },   { "include", D_INCLUDE },
        { "if", D_IF },         { "ifdef", D_IFDEF },   { "ifndef", D_IFNDEF },
        { "elif", D_ELIF },       { "else", D_ELSE },       { "endif", D_ENDIF },
        { "error", D_ERROR },   { "warning", D_WARNING }, { "pragma", D_PRAGMA },
        { "line", D_LINE },     { "ident", D_IDENT },
};

#define N_DIRECTIVES (sizeof(directives) / sizeof(*directives))

void pp_read_line(struct pp *pp, struct tokens *ret_line) {
        struct token token;

        for (;;) {
                scan_next(pp->input->scanner, &token);
                if (token.kind == TOKEN_LINE || token.kind == TOKEN_END)
                        return;
                tokens_add(ret_line, token);
        }
}

static enum directive directive_of(const struct token *name) {
        for (unsigned i = 0; i < N_DIRECTIVES; i++)
                if (name->kind == TOKEN_NAME && token_is(name, directives[i].name))
                        return directives[i].directive;
        return D_NONE;
}

static void unknown(struct pp *pp, const struct token *name) {
        struct near near = near_start(arena_strndup(pp->arena, name->text, name->len), name->len);

        diag(pp->diag, UNKNOWN_DIRECTIVE, name->at, (int)name->len, name->text);
        for (unsigned i = 0; i < N_DIRECTIVES; i++)
                near_offer(&near, directives[i].name);
        if (near.best)
                diag_help(pp->diag, "did you mean `#%s`?", near.best);
}

static struct span line_span(const struct tokens *line, struct span at) {
        if (line->n)
                at = (struct span){ line->v[0].at.begin, line->v[line->n - 1].at.end };
        return at;
}

/* The message of an #error, as it stands in the file. */
static void shout(struct pp *pp, struct span at, const struct tokens *line, bool error) {
        const char *from = line->n ? line->v[0].text : "";
        int len = 0;

        if (line->n)
                len = (int)(line->v[line->n - 1].text + line->v[line->n - 1].len - from);
        if (error)
                diag(pp->diag, ERROR_DIRECTIVE, at, len, from);
        else
                diag(pp->diag, WARNING_DIRECTIVE, at, len, from);
}

static void pragma(struct pp *pp, struct span at, const struct tokens *line) {
        static const char *const known[] = { "prefix",        "ID",          "version", "once",
                                             "DCPS_DATA_TYPE", "DCPS_DATA_KEY", "keylist", "hh",
                                             "inhibit_code_generation",        "vendor" };

        for (unsigned i = 0; i < sizeof(known) / sizeof(*known); i++)
                if (line->n && token_is(&line->v[0], known[i])) {
                        pp->input->guarded |= token_is(&line->v[0], "once");
                        return;
                }
        diag(pp->diag, UNKNOWN_PRAGMA, line->n ? line->v[0].at : at,
             line->n ? (int)line->v[0].len : 0, line->n ? line->v[0].text : "");
}

static void extra_tokens(struct pp *pp, const struct tokens *line, uint32_t used,
                         const char *name) {
        if (line->n > used)
                diag(pp->diag, EXTRA_TOKENS, line->v[used].at, name);
}

/* Whether the group after #if, #ifdef or #ifndef is taken. */
static bool condition(struct pp *pp, enum directive directive, const struct tokens *line,
                      struct span at) {
        const char *name = directive == D_IFDEF ? "#ifdef" : "#ifndef";

        if (directive == D_IF || directive == D_ELIF)
                return pp_evaluate(pp, line, at);
        if (line->n == 0 || line->v[0].kind != TOKEN_NAME) {
                diag(pp->diag, MACRO_NAME, line->n ? line->v[0].at : at, name);
                return false;
        }
        extra_tokens(pp, line, 1, name);
        return !!pp_macro_find(pp, &line->v[0]) == (directive == D_IFDEF);
}

static void open_if(struct pp *pp, struct span at, bool taken) {
        struct pp_cond *cond = arena_new(pp->arena, struct pp_cond);

        *cond = (struct pp_cond){ .outer = pp->input->conds, .at = at, .taken = taken };
        pp->input->conds = cond;
}

/*
 * #elif, #else and #endif, met while reading (@skipping false) or skipping. True: what follows is
 * to be read.
 */
static bool turn(struct pp *pp, enum directive directive, const struct tokens *line, struct span at,
                 bool skipping) {
        struct pp_cond *cond = pp->input->conds;
        const char *name = directive == D_ELIF ? "#elif" : directive == D_ELSE ? "#else" : "#endif";

        if (!cond) {
                diag(pp->diag, NO_IF, at, name);
                return true;
        }
        if (directive == D_ENDIF) {
                pp->input->conds = cond->outer;
                return true;
        }
        if (cond->seen_else) {
                diag(pp->diag, AFTER_ELSE, at, name);
                diag_note(pp->diag, cond->at, "the `#if` is here");
                return !skipping;
        }
        cond->seen_else = directive == D_ELSE;
        if (cond->taken)
                return false;
        cond->taken = directive == D_ELSE || condition(pp, directive, line, at);
        return cond->taken;
}

/* Reads up to the #elif, #else or #endif after which something counts again. */
void pp_skip_group(struct pp *pp) {
        struct pp_input *input = pp->input;
        unsigned depth = 0;
        struct tokens line = { 0 };
        struct token token, name;
        enum directive directive;
        bool done = false;

        while (!done && !pp->diag->stop) {
                input->scan.quiet = true;
                scan_next(input->scanner, &token);
                if (token.kind == TOKEN_END)
                        break;
                if (!token.first || !token_punct(&token, '#'))
                        continue;
                scan_next(input->scanner, &name);
                if (name.kind == TOKEN_LINE || name.kind == TOKEN_END)
                        continue;
                directive = directive_of(&name);
                if (directive >= D_ELIF && directive <= D_ENDIF && depth == 0) {
                        input->scan.quiet = false;
                        line.n = 0;
                        pp_read_line(pp, &line);
                        done = turn(pp, directive, &line,
                                    (struct span){ token.at.begin, name.at.end }, true);
                        continue;
                }
                depth += directive >= D_IF && directive <= D_IFNDEF;
                depth -= directive == D_ENDIF;
        }
        input->scan.quiet = false;
        tokens_fini(&line);
}

void pp_conds_close(struct pp *pp, struct pp_input *input) {
        for (struct pp_cond *cond = input->conds; cond; cond = cond->outer)
                diag(pp->diag, OPEN_IF, cond->at);
        input->conds = NULL;
}

static void include(struct pp *pp, struct span at) {
        struct tokens line = { 0 }, expanded = { 0 };
        struct token name;

        scan_header(pp->input->scanner);
        pp_read_line(pp, &line);
        if (line.n && line.v[0].kind != TOKEN_HEADER) {         /* perhaps a macro says it */
                pp_expand_list(pp, line.v, line.n, &expanded);
                if (expanded.n && expanded.v[0].kind == TOKEN_STRING &&
                    expanded.v[0].text[0] == '"')
                        expanded.v[0].kind = TOKEN_HEADER;
        } else {
                extra_tokens(pp, &line, 1, "#include");
        }
        name = expanded.n ? expanded.v[0] : line.n ? line.v[0] : (struct token){ .at = at };
        if (name.kind == TOKEN_HEADER && !name.bad)
                pp_include(pp, name.at, &name);
        else
                diag(pp->diag, INCLUDE_WHAT, name.at);
        tokens_fini(&line);
        tokens_fini(&expanded);
}

/* Carries out the directive after @hash, up to the end of its line. */
void pp_directive(struct pp *pp, const struct token *hash) {
        struct tokens line = { 0 };
        struct token name;
        enum directive directive;
        bool first = !pp->input->started, taken;
        struct span at;

        pp->input->started = true;
        scan_next(pp->input->scanner, &name);
        if (name.kind == TOKEN_LINE || name.kind == TOKEN_END)
                return;                 /* a # alone means nothing, legally */
        directive = directive_of(&name);
        at = (struct span){ hash->at.begin, name.at.end };
        if (directive == D_INCLUDE) {
                include(pp, at);
                return;
        }
        if (directive == D_NONE || directive >= D_ERROR)
                pp->input->scan.quiet = true;   /* what follows need not be made of tokens */
        pp_read_line(pp, &line);
        pp->input->scan.quiet = false;

        switch (directive) {
        case D_DEFINE:
                pp_macro_define(pp, &line, at);
                break;
        case D_UNDEF:
                if (line.n == 0 || line.v[0].kind != TOKEN_NAME)
                        diag(pp->diag, MACRO_NAME, line_span(&line, at), "#undef");
                else
                        map_put(&pp->macros,
                                arena_strndup(pp->arena, line.v[0].text, line.v[0].len),
                                line.v[0].len, NULL);
                extra_tokens(pp, &line, 1, "#undef");
                break;
        case D_IF:
        case D_IFDEF:
        case D_IFNDEF:
                pp->input->guarded |= first && directive == D_IFNDEF;
                taken = condition(pp, directive, &line, at);
                open_if(pp, at, taken);
                if (!taken)
                        pp_skip_group(pp);
                break;
        case D_ELIF:
        case D_ELSE:
        case D_ENDIF:
                if (!turn(pp, directive, &line, at, false))
                        pp_skip_group(pp);
                break;
        case D_ERROR:
        case D_WARNING:
                shout(pp, at, &line, directive == D_ERROR);
                break;
        case D_PRAGMA:
                pragma(pp, at, &line);
                break;
        case D_LINE:
        case D_IDENT:
                break;
        default:
                /* `# 12 "file"` is what other preprocessors leave */
                if (name.kind != TOKEN_NUMBER)
                        unknown(pp, &name);
        }
        tokens_fini(&line);
}
