/*
 * skip.c - what is not supported: said once, by its right name, and stepped over
 *
 * What is skipped leaves its name behind, so that whoever uses it is not told that it is unknown.
 */
#include <string.h>
#include "lex.h"
#include "parse.h"

static const struct {
        const char *word;
        bool never;                     /* not on the way, rather than not here yet */
        const char *what;
} reasons[] = {
        { "union", false, "union" },
        { "bitmask", false, "bitmask" },
        { "bitset", false, "bitset" },
        { "map", false, "map" },
        { "wchar", false, "wchar" },
        { "wstring", false, "wstring" },
        { "attribute", false, "attribute" },
        { "readonly", false, "attribute" },
        { "long", true, "long double" },
        { "module", true, "template modules" },
        { "any", true, "any (CORBA value of any type)" },
        { "Object", true, "Object (CORBA object reference)" },
        { "fixed", true, "fixed (decimal numbers)" },
        { "ValueBase", true, "ValueBase (CORBA value types)" },
        { "valuetype", true, "valuetype (CORBA value types)" },
        { "custom", true, "valuetype (CORBA value types)" },
        { "abstract", true, "abstract interfaces and value types (CORBA)" },
        { "local", true, "local interfaces (CORBA)" },
        { "native", true, "native (CORBA)" },
        { "typeid", true, "typeid (CORBA repository identities)" },
        { "typeprefix", true, "typeprefix (CORBA repository identities)" },
        { "import", true, "import (CORBA repository identities)" },
        { "component", true, "component (CORBA component model)" },
        { "connector", true, "connector (CORBA component model)" },
        { "home", true, "home (CORBA component model)" },
        { "eventtype", true, "eventtype (CORBA component model)" },
        { "porttype", true, "porttype (CORBA component model)" },
        { "context", true, "context (CORBA operation contexts)" },
};

static void refuse(struct lex *lex, const struct token *token, struct span at) {
        for (unsigned i = 0; i < sizeof(reasons) / sizeof(*reasons); i++) {
                if (!token_is(token, reasons[i].word))
                        continue;
                if (reasons[i].never)
                        diag(lex->diag, NOT_SUPPORTED, at, reasons[i].what);
                else
                        diag(lex->diag, NOT_YET, at, reasons[i].what);
                return;
        }
}

/* Steps over what is between here and the `}` for a `{` already taken, that included. */
static struct span to_closing(struct lex *lex, struct span at) {
        struct token token;
        unsigned depth = 1;

        while (depth && lex_peek(lex, 0)->kind != TOKEN_END) {
                lex_read(lex, &token);
                depth += token_punct(&token, '{');
                depth -= token_punct(&token, '}');
                at.end = token.at.end;
        }
        return at;
}

/* What braces inside a member or a typedef define has its names behind them: they go as well. */
static void skip_declarators(struct lex *lex) {
        struct token token;

        if (lex_peek(lex, 0)->kind != TOKEN_NAME || lex_peek(lex, 1)->kind != TOKEN_PUNCT ||
            !strchr(";,[", lex_peek(lex, 1)->punct & 127))
                return;
        while (lex_peek(lex, 0)->kind != TOKEN_END && !token_punct(lex_peek(lex, 0), ';') &&
               !token_punct(lex_peek(lex, 0), '{') && !token_punct(lex_peek(lex, 0), '}'))
                lex_read(lex, &token);
}

void lex_skip_braces(struct lex *lex) {
        to_closing(lex, (struct span){ 0, 0 });
        skip_declarators(lex);
        lex->lost = false;
        lex->owes_semicolon = !token_punct(lex_peek(lex, 0), ';');
}

/*
 * Everything up to the `;` or `}` that ends the declaration, without that; or through its
 * braces.
 */
static struct span to_end(struct lex *lex, struct span at) {
        const struct token *next;
        struct token token;

        for (;;) {
                next = lex_peek(lex, 0);
                if (next->kind == TOKEN_END || token_punct(next, ';') || token_punct(next, '}'))
                        return at;
                lex_read(lex, &token);
                at.end = token.at.end;
                if (token_punct(&token, '{'))
                        return to_closing(lex, at);
        }
}

struct syn *lex_skip_decl(struct lex *lex, const struct token *token) {
        struct parser p = { .arena = lex->arena, .diag = lex->diag };
        struct syn *node = syn_new(&p, SYN_ERROR, token->at);
        struct token word = *token;

        refuse(lex, token, token->at);
        /*
         * `abstract valuetype V`, `local interface I`: the name is the first word that is none
         * of ours
         */
        for (unsigned i = 0; i < 3 && lex_peek(lex, 0)->kind == TOKEN_NAME; i++) {
                lex_read(lex, &word);
                if (!keyword_find(word.text, word.len, false) && !token_is(token, "attribute") &&
                    !token_is(token, "readonly")) {
                        struct syn_name name = lex_name(lex, &word);

                        node->name = name.text;
                        node->name_at = name.at;
                        break;
                }
        }
        node->at.end = word.at.end;
        node->at = to_end(lex, node->at);
        if (node->name == NULL)
                node->name_at = node->at;
        return node;
}

void lex_skip_context(struct lex *lex, const struct token *token) {
        refuse(lex, token, token->at);
        to_end(lex, token->at);
}

struct syn *lex_skip_type(struct lex *lex, const struct token *token) {
        struct parser p = { .arena = lex->arena, .diag = lex->diag };
        struct syn *node = syn_new(&p, SYN_ERROR, token->at);
        const struct token *next = lex_peek(lex, 0);
        struct token part;
        unsigned depth = 0;

        if (token_is(token, "long")) {
                lex_read(lex, &part);
                node->at.end = part.at.end;
        } else if (token_punct(next, '<')) {
                do {
                        next = lex_peek(lex, 0);
                        if (next->kind == TOKEN_END || token_punct(next, ';') ||
                            token_punct(next, '{') || token_punct(next, '}'))
                                break;
                        if (token_punct(next, PUNCT2('>', '>')) && depth == 1)
                                break;  /* half of it is somebody else's: mark() deals with it */
                        lex_read(lex, &part);
                        node->at.end = part.at.end;
                        depth += token_punct(&part, '<');
                        depth -= token_punct(&part, '>');
                        if (token_punct(&part, PUNCT2('>', '>')))
                                depth = depth > 2 ? depth - 2 : 0;
                } while (depth);
        }
        if (depth == 1 && token_punct(lex_peek(lex, 0), PUNCT2('>', '>'))) {
                lex->ahead[0].punct = '>';
                lex->ahead[0].len = 1;
        }
        refuse(lex, token, node->at);
        return node;
}

/* After `@annotation`: its name, and what is in its braces, unread. */
struct syn *lex_skip_annotation_decl(struct lex *lex) {
        struct parser p = { .arena = lex->arena, .diag = lex->diag };
        struct token token;
        struct syn *node;

        lex_read(lex, &token);
        node = syn_named(&p, SYN_ANNOTATION_DECL, lex_name(lex, &token), NULL);
        node->at = to_end(lex, node->at);
        return node;
}

/* Not `default` and not `oneway`: those are annotations too. */
static bool begins_declaration(const struct token *token) {
        static const char *const words[] = { "module", "struct", "enum", "exception", "interface",
                                             "typedef", "const", "union" };

        for (unsigned i = 0; i < sizeof(words) / sizeof(*words); i++)
                if (token_is(token, words[i]))
                        return true;
        return false;
}

/*
 * After `@`: the name, which may be a keyword, and which `::` continues only if nothing is
 * between.
 */
int lex_annotation(struct lex *lex, const struct token *at_sign, void *yylval, struct span *at) {
        IDL_STYPE *value = yylval;
        const struct token *next = lex_peek(lex, 0), *after;
        struct buf buf = { 0 };
        struct token token;

        *at = at_sign->at;
        if ((next->kind == TOKEN_NAME && begins_declaration(next)) ||
            (next->kind != TOKEN_NAME && !token_punct(next, PUNCT2(':', ':')))) {
                diag(lex->diag, ANNOTATION_NAME, at_sign->at);
                return 0;
        }
        if (next->kind == TOKEN_NAME && token_is(next, "annotation") &&
            lex_peek(lex, 1)->kind == TOKEN_NAME) {
                lex_read(lex, &token);
                value->node = lex_skip_annotation_decl(lex);
                at->end = value->node->at.end;
                return T_ANNOTATION_DECL;
        }
        do {
                if (token_punct(lex_peek(lex, 0), PUNCT2(':', ':'))) {
                        lex_read(lex, &token);
                        buf_puts(&buf, "::");
                }
                if (lex_peek(lex, 0)->kind != TOKEN_NAME)
                        break;
                lex_read(lex, &token);
                buf_puts(&buf, lex_name(lex, &token).text);
                at->end = token.at.end;
                next = lex_peek(lex, 0);
                after = lex_peek(lex, 1);
                next = lex_peek(lex, 0);
        } while (token_punct(next, PUNCT2(':', ':')) && !next->space && after->kind == TOKEN_NAME &&
                 !after->space);
        value->name = (struct syn_name){ arena_strdup(lex->arena, buf.data), *at };
        buf_fini(&buf);
        lex->annotation = 0;
        return T_ANNOTATION;
}
