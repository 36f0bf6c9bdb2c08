/*
 * guess.c - a name that means nothing: what might have been meant
 */
#include <string.h>
#include "check.h"
#include "lex.h"
#include "near.h"

#define GUESSES_MAX 20

static void offer(struct near *near, const struct scope *scope) {
        for (uint32_t i = 0; i < scope->names.n; i++)
                near_offer(near, ((struct idl_decl *)scope->names.entries[i].value)->name);
}

/* What IDL calls a type that people know from elsewhere. */
static const char *foreign(const char *name) {
        static const char *const words[][2] = {
                { "int", "long" },
                { "bool", "boolean" },
                { "byte", "octet" },
                { "uint", "unsigned long" },
                { "uchar", "octet" },
                { "size_t", "unsigned long long" },
                { "int32_t", "int32" },
                { "uint32_t", "uint32" },
                { "int64_t", "int64" },
                { "uint64_t", "uint64" },
                { "uint8_t", "uint8" },
                { "uint16_t", "uint16" },
                { "list", "sequence" },
                { "vector", "sequence" },
                { "bytes", "sequence<octet>" },
        };

        for (unsigned i = 0; i < sizeof(words) / sizeof(*words); i++)
                if (!strcmp(words[i][0], name))
                        return words[i][1];
        return NULL;
}

/* Where @name is declared after @pos, for somebody who used it there. */
static const struct syn *declared_later(const struct syn *list, const char *name, uint32_t pos) {
        const struct syn *found = NULL;

        for (; list && !found; list = list->next) {
                if (list->at.end <= pos)
                        continue;
                if (list->kind == SYN_MODULE || list->kind == SYN_INTERFACE ||
                    list->kind == SYN_TYPEDEF)
                        found = declared_later(list->list, name, pos);
                if (!found && list->name && list->name_at.begin > pos &&
                    !strcmp(list->name, name) && list->kind != SYN_OPERATION)
                        found = list;
        }
        return found;
}

/*
 * Tells what might have been meant by @part, looked for in @within, or everywhere if that is
 * NULL.
 */
void guess(struct checker *c, const struct syn *part, const struct scope *within, bool type) {
        struct near near = near_start(part->name, strlen(part->name));
        const struct syn *later;
        const char *word;

        if (c->diag->silent || c->n_guesses++ >= GUESSES_MAX)
                return;
        later = within ? NULL : declared_later(c->root, part->name, part->at.end);
        if (later) {
                diag_note(c->diag, later->name_at, "`%s` is declared only here", part->name);
                return;
        }
        for (const struct scope *s = within ? within : c->scope; s; s = within ? NULL : s->outer) {
                offer(&near, s);
                for (unsigned i = 0; i < s->n_ancestors; i++)
                        offer(&near, s->ancestors[i]->decl.scope);
        }
        for (unsigned i = 0; !within && type && (word = keyword_at(i)); i++)
                near_offer(&near, word);
        word = foreign(part->name);
        if (word)
                diag_help(c->diag, "IDL calls it `%s`", word);
        else if (near.best)
                diag_help(c->diag, "did you mean `%s`?", near.best);
}
