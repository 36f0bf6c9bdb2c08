/*
 * pp_print.c - idlc -E: what is left when the preprocessor is done
 */
#include <string.h>
#include "pp.h"

/* Whether @token must not touch what was printed last. */
static bool apart(const struct token *last, const struct token *token) {
        if (token->space || last->kind == TOKEN_END)
                return token->space;
        if (last->kind == TOKEN_PUNCT && token->kind == TOKEN_PUNCT)
                return token->punct == last->punct && token->punct < 128 &&
                       strchr(":<>&|=#", token->punct);
        return last->kind != TOKEN_PUNCT && token->kind != TOKEN_PUNCT;
}

void pp_print(struct pp *pp, struct buf *out) {
        struct token token, last = { .kind = TOKEN_END };
        const struct source *source = NULL;
        unsigned line = 0;
        struct place place;

        for (pp_next(pp, &token); token.kind != TOKEN_END; last = token, pp_next(pp, &token)) {
                if (!text_place(pp->text, token.at.begin, &place))
                        continue;
                if (place.source != source || place.line < line || place.line > line + 8) {
                        buf_printf(out, "%s# %u \"%s\"\n", source ? "\n" : "", place.line,
                                   place.source->path);
                        last.kind = TOKEN_END;
                } else if (place.line > line) {
                        for (; line < place.line; line++)
                                buf_putc(out, '\n');
                        last.kind = TOKEN_END;
                }
                if (last.kind == TOKEN_END)
                        for (unsigned i = 1; i < place.column && token.space; i++)
                                buf_putc(out, ' ');
                else if (apart(&last, &token))
                        buf_putc(out, ' ');
                source = place.source;
                line = place.line;
                buf_add(out, token.text, token.len);
        }
        if (source)
                buf_putc(out, '\n');
}
