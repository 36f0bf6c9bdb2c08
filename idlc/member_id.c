/*
 * member_id.c - the numbers that stand for members on the wire
 */
#include <stdlib.h>
#include <string.h>
#include "check.h"
#include "hashid.h"

/* The id after @previous, leaving out what protobuf keeps for itself. */
static uint32_t next_id(uint32_t previous) {
        return previous == 18999 ? 20000 : previous + 1;
}

/* The id that @hashid, or @autoid(HASH) on the struct, makes of a name. 0: there is neither. */
static uint32_t hashed_id(struct checker *c, const struct idl_struct *decl,
                          const struct idl_member *member) {
        const struct idl_annotation *hash = idl_annotation(&member->decl, "hashid");
        const struct idl_annotation *all = idl_annotation(&decl->decl, "autoid");
        const char *name = member->decl.name;
        uint32_t id;

        if (!hash && (!all || annotation_word(all, "SEQUENTIAL")))
                return 0;
        if (hash && hash->n_args && hash->args[0].value.kind == IDL_STRING &&
            hash->args[0].value.string.len)
                name = hash->args[0].value.string.text;
        id = hashid(name);
        if (id == 0 || (id >= 19000 && id <= 19999))
                diag(c->diag, ID_RESERVED, member->decl.at, (long long)id);
        return id;
}

uint32_t member_id(struct checker *c, const struct idl_struct *decl,
                   const struct idl_member *member, const struct syn *node, uint32_t previous) {
        const struct syn *expr = annotation_value(node->annotations, "id");
        struct idl_value value;
        uint32_t hashed;

        if (!expr || !value_eval(c, expr, IDL_INT64, &value)) {
                hashed = hashed_id(c, decl, member);
                if (!hashed && previous == ID_MAX)
                        diag(c->diag, NO_ID_LEFT, member->decl.at, member->decl.name);
                return hashed ? hashed : next_id(previous);
        }
        if (value.i < 1 || value.i > ID_MAX) {
                diag(c->diag, ID_RANGE, expr->at, (long long)value.i, ID_MAX);
                if (value.i == 0)
                        diag_help(c->diag, "protobuf, which is what travels, counts from 1");
                return next_id(previous);
        }
        if (value.i >= 19000 && value.i <= 19999)
                diag(c->diag, ID_RESERVED, expr->at, (long long)value.i);
        return (uint32_t)value.i;
}

static int by_id(const void *a, const void *b) {
        const struct idl_member *x = *(struct idl_member *const *)a;
        const struct idl_member *y = *(struct idl_member *const *)b;

        if (x->id != y->id)
                return x->id < y->id ? -1 : 1;
        return (x->decl.at.begin > y->decl.at.begin) - (x->decl.at.begin < y->decl.at.begin);
}

void member_ids_check(struct checker *c, const struct idl_struct *decl) {
        struct idl_member **sorted;

        if (decl->n_members == 0)
                return;
        sorted = mem_realloc(NULL, decl->n_members * sizeof(*sorted));
        memcpy(sorted, decl->members, decl->n_members * sizeof(*sorted));
        qsort(sorted, decl->n_members, sizeof(*sorted), by_id);
        for (unsigned i = 1; i < decl->n_members; i++) {
                if (sorted[i]->id != sorted[i - 1]->id)
                        continue;
                diag(c->diag, ID_TWICE, sorted[i]->decl.at, sorted[i]->decl.name, sorted[i]->id);
                diag_note(c->diag, sorted[i - 1]->decl.at, "`%s` has it", sorted[i - 1]->decl.name);
        }
        free(sorted);
}
