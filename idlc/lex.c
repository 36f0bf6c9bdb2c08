/*
 * lex.c - from preprocessed tokens to what the grammar is made of
 */
#include <string.h>
#include "lex.h"
#include "parse.h"

#define NAME_MAX_LEN 4096

void lex_init(struct lex *lex, struct pp *pp, struct arena *arena, struct diag *diag) {
        *lex = (struct lex){ .pp = pp, .arena = arena, .diag = diag, .opening = true };
}

void lex_read(struct lex *lex, struct token *ret_token) {
        if (lex->n_ahead) {
                *ret_token = lex->ahead[0];
                memmove(lex->ahead, lex->ahead + 1, --lex->n_ahead * sizeof(*lex->ahead));
                return;
        }
        do
                pp_next(lex->pp, ret_token);
        while (ret_token->kind == TOKEN_OTHER || (ret_token->bad && ret_token->len < 2));
}

/* The token after the next @n, without taking it. */
const struct token *lex_peek(struct lex *lex, unsigned n) {
        unsigned have = lex->n_ahead;

        while (lex->n_ahead <= n) {
                struct token token;

                have = lex->n_ahead;
                lex->n_ahead = 0;
                lex_read(lex, &token);
                lex->n_ahead = have;
                lex->ahead[lex->n_ahead++] = token;
        }
        return &lex->ahead[n];
}

struct syn_name lex_name(struct lex *lex, const struct token *token) {
        struct syn_name name = { .at = token->at };
        const char *text = token->text;
        size_t len = token->len;

        if (len > NAME_MAX_LEN) {
                diag(lex->diag, NAME_TOO_LONG, token->at, len, NAME_MAX_LEN);
                len = 64;
        }
        if (*text == '_' && len == 1) {
                diag(lex->diag, LONE_UNDERSCORE, token->at);
        } else if (*text == '_' && text[1] == '_') {
                diag(lex->diag, TWO_UNDERSCORES, token->at, (int)len, text);
                diag_help(lex->diag, "one leading `_` is an escape and not part of the name; names "
                                     "themselves begin with a letter");
        } else if (*text == '_') {
                text++;
                len--;
        }
        name.text = arena_strndup(lex->arena, text, len);
        return name;
}

static void end_statement(struct lex *lex) {
        lex->templates = lex->parens = lex->annotation = 0;
        lex->lost = false;
        lex->intro = NULL;
}

static int give(struct lex *lex, const struct token *token, int kind, struct span *at) {
        if (lex->opening)
                lex->statement = lex->last_token.at.end;
        lex->opening = kind == ';' || kind == '{' || kind == '}';
        lex->before_last = lex->last_token;
        lex->before = lex->last;
        lex->last_token = *token;
        lex->last = kind;
        *at = token->at;
        return kind;
}

static void open_brace(struct lex *lex, const struct token *token) {
        struct lex_brace *brace = arena_new(lex->arena, struct lex_brace);

        brace->outer = lex->braces;
        brace->at = token->at;
        brace->what = lex->name.text && lex->intro
                              ? arena_printf(lex->arena, "%s %.60s", lex->intro, lex->name.text)
                              : "";
        lex->braces = brace;
        lex->in_enum = lex->intro && !strcmp(lex->intro, "enum");
        if (lex->in_enum)
                lex->enum_at = token->at.begin;
        lex->intro = NULL;
        lex->templates = lex->parens = 0;
}

/* At the end of the file: closes one brace after the other, complaining of the innermost. */
static int end(struct lex *lex, struct token *token, struct span *at) {
        struct span here = { lex->last_token.at.end, lex->last_token.at.end };

        token->at = here;
        token->text = "the end of the file";
        token->len = 0;
        if (lex->owes_semicolon) {
                lex->owes_semicolon = false;
                return give(lex, token, ';', at);
        }
        if (!lex->braces)
                return give(lex, token, T_END, at);
        if (!lex->at_end && !lex->diag->stop && !lex->pp->swallowed) {
                diag(lex->diag, OPEN_BRACE, here, lex->braces->what[0] ? " of " : "",
                     lex->braces->what);
                diag_note(lex->diag, lex->braces->at, "the `{` is here");
        }
        lex->at_end = true;
        lex->owes_semicolon = true;
        lex->braces = lex->braces->outer;
        lex->in_enum = false;
        return give(lex, token, '}', at);
}

/* False: a `}` without a `{`, thrown away with the `;` after it. */
static bool close_brace(struct lex *lex, const struct token *token) {
        struct token semicolon;

        if (lex->braces) {
                lex->braces = lex->braces->outer;
                lex->in_enum = false;
                return true;
        }
        if (!lex->braceless)
                diag(lex->diag, EXTRA_BRACE, token->at);
        lex->braceless = false;
        if (token_punct(lex_peek(lex, 0), ';'))
                lex_read(lex, &semicolon);
        return false;
}

/*
 * `>>` ends two sequences if two are open, and is a shift where only one could end: a bound such as
 * N >> 1 has no parentheses around it more often than not.
 */
static bool splits(const struct lex *lex) {
        return lex->templates >= 2 && lex->parens == 0;
}

static void push_back(struct lex *lex, struct token token) {
        memmove(lex->ahead + 1, lex->ahead, lex->n_ahead * sizeof(*lex->ahead));
        lex->ahead[0] = token;
        lex->n_ahead++;
}

static int mark(struct lex *lex, struct token *token, struct span *at) {
        struct token half;

        switch (token->punct) {
        case PUNCT2(':', ':'):
                return give(lex, token, T_SCOPE, at);
        case PUNCT2('<', '<'):
                return give(lex, token, T_SHL, at);
        case PUNCT2('>', '>'):
                if (!splits(lex))
                        return give(lex, token, T_SHR, at);
                half = *token;
                half.punct = '>';
                half.len = 1;
                half.text = ">";
                if (half.at.end == half.at.begin + 2)
                        half.at.begin++;
                push_back(lex, half);
                token->len = 1;
                if (token->at.end == token->at.begin + 2)
                        token->at.end--;
                token->punct = '>';
                break;
        case '(':
                lex->parens += lex->templates > 0;
                lex->annotation += lex->annotation || lex->last == T_ANNOTATION;
                break;
        case ')':
                lex->parens -= lex->parens > 0;
                lex->annotation -= lex->annotation > 0;
                break;
        case ';':
                end_statement(lex);
                break;
        case '}':
                lex->lost = false;
                break;
        }
        if (token->punct == '<' && (lex->last == T_SEQUENCE || lex->last == T_STRING))
                lex->templates++;
        else if (token->punct == '>' && lex->templates && lex->parens == 0)
                lex->templates--;
        return give(lex, token, token->punct, at);
}

/* Notes what is being declared, should it come to nothing. */
static void remember(struct lex *lex, int kind, const struct syn_name *name) {
        if (kind == T_NAME && lex->intro && lex->last != T_NAME)
                lex->name = *name;
        if (kind == T_NAME && lex->lost && lex->intro && !*lex->intro)
                lex->lost_name = *name;         /* of a typedef: the last word, more or less */
        switch (kind) {
        case T_MODULE:    lex->intro = "module"; break;
        case T_STRUCT:    lex->intro = "struct"; break;
        case T_ENUM:      lex->intro = "enum"; break;
        case T_EXCEPTION: lex->intro = "exception"; break;
        case T_INTERFACE: lex->intro = "interface"; break;
        case T_TYPEDEF:
        case T_CONST:     lex->intro = ""; break;
        default: return;
        }
        lex->name = syn_no_name;
}

static int word(struct lex *lex, struct token *token, IDL_STYPE *value, struct span *at) {
        const struct keyword *keyword = lex_word(lex, token);
        bool real = keyword && keyword->token == T_LONG && lex->last != T_UNSIGNED &&
                    lex->last != T_LONG && token_is(lex_peek(lex, 0), "double");
        int kind = keyword ? keyword->token : T_NAME;

        if (keyword && keyword->class == LEX_INNER) {           /* context: skipped by itself */
                lex_skip_context(lex, token);
                lex_read(lex, token);
                return mark(lex, token, at);
        }
        if (!keyword)
                value->name = lex_name(lex, token);
        remember(lex, kind, &value->name);
        if (real || (keyword && keyword->class == LEX_TYPE)) {
                value->node = lex_skip_type(lex, token);
                token->at = value->node->at;
                kind = T_ANY_TYPE;
        } else if (keyword && keyword->class == LEX_DECL) {
                value->node = lex_skip_decl(lex, token);
                token->at = value->node->at;
                kind = T_ANY_DECL;
        } else if (kind == T_MODULE && lex_peek(lex, 0)->kind == TOKEN_NAME &&
                   token_punct(lex_peek(lex, 1), '<')) {
                value->node = lex_skip_decl(lex, token);
                token->at = value->node->at;
                kind = T_ANY_DECL;
        }
        return give(lex, token, kind, at);
}

int lex_next(struct lex *lex, void *yylval, struct span *at) {
        IDL_STYPE *value = yylval;
        struct token token;
        int kind;

        for (;;) {
                /* for braces skipped after an error */
                if (lex->owes_semicolon && !lex->at_end) {
                        lex->owes_semicolon = false;
                        token = lex->last_token;
                        return give(lex, &token, ';', at);
                }
                lex_read(lex, &token);
                switch (token.kind) {
                case TOKEN_END:
                        return end(lex, &token, at);
                case TOKEN_NAME:
                        return word(lex, &token, value, at);
                case TOKEN_NUMBER:
                        value->node = lex_number(lex, &token, &kind);
                        return give(lex, &token, kind, at);
                case TOKEN_STRING:
                case TOKEN_CHAR:
                        value->node = lex_quoted(lex, &token, &kind);
                        token.at = value->node->at;
                        return give(lex, &token, kind, at);
                case TOKEN_PUNCT:
                        if (token.punct == '@') {
                                kind = lex_annotation(lex, &token, value, &token.at);
                                if (kind)
                                        return give(lex, &token, kind, at);
                                continue;
                        }
                        if (lex->lost && lex->annotation && strchr(";{}", token.punct & 127)) {
                                push_back(lex, token);          /* whose `)` is missing */
                                token.punct = ')';
                                lex->annotation = 0;
                                return give(lex, &token, ')', at);
                        }
                        if (token.punct == '}' && !close_brace(lex, &token))
                                continue;
                        if (token.punct == '{' && lex->lost) {
                                lex_skip_braces(lex);
                                continue;
                        }
                        if (token.punct == '{')
                                open_brace(lex, &token);
                        return mark(lex, &token, at);
                default:
                        continue;
                }
        }
}
