/*
 * check_enum.c - enums
 */
#include <stdlib.h>
#include <string.h>
#include "check.h"

/* The value of @node: what @value says, or one more than @previous. */
static void set_value(struct checker *c, struct idl_enumerator *e, const struct syn *node,
                      const struct idl_enumerator *previous) {
        const struct syn *expr = annotation_value(node->annotations, "value");
        struct idl_value value;

        e->expr = (struct syn *)(uintptr_t)expr;
        if (expr && value_eval(c, expr, IDL_INT32, &value)) {
                e->value = (int32_t)value.i;
        } else if (!previous) {
                e->value = 0;
        } else if (previous->value == INT32_MAX) {
                diag(c->diag, ENUM_OVERFLOW, e->decl.at, e->decl.name);
        } else {
                e->value = previous->value + 1;
        }
}

static int by_value(const void *a, const void *b) {
        const struct idl_enumerator *x = *(struct idl_enumerator *const *)a;
        const struct idl_enumerator *y = *(struct idl_enumerator *const *)b;

        if (x->value != y->value)
                return x->value < y->value ? -1 : 1;
        return (x->decl.at.begin > y->decl.at.begin) - (x->decl.at.begin < y->decl.at.begin);
}

static void check_values(struct checker *c, const struct ptrs *values) {
        struct idl_enumerator **sorted = arena_array(c->arena, struct idl_enumerator *, values->n);

        if (values->n)
                memcpy(sorted, values->v, values->n * sizeof(*sorted));
        qsort(sorted, values->n, sizeof(*sorted), by_value);
        for (unsigned i = 1; i < values->n; i++) {
                if (sorted[i]->value != sorted[i - 1]->value)
                        continue;
                diag(c->diag, ENUM_VALUE_TWICE, sorted[i]->decl.at, sorted[i]->decl.name,
                     sorted[i]->value);
                diag_note(c->diag, sorted[i - 1]->decl.at, "`%s` has it", sorted[i - 1]->decl.name);
        }
}

static void check_bit_bound(struct checker *c, const struct idl_enum *decl,
                            const struct syn *node) {
        const struct syn *expr = annotation_value(node->annotations, "bit_bound");
        struct idl_value bits;

        if (!expr || !value_eval(c, expr, IDL_UINT16, &bits))
                return;
        if (bits.u < 1 || bits.u > 32) {
                diag(c->diag, BIT_BOUND, expr->at, (unsigned)bits.u);
                return;
        }
        for (unsigned i = 0; i < decl->n_values && bits.u < 32; i++) {
                int64_t value = decl->values[i]->value, half = (int64_t)1 << (bits.u - 1);

                if (value < -half || value >= 2 * half)
                        diag(c->diag, BIT_BOUND_VALUE, decl->values[i]->decl.at,
                             decl->values[i]->decl.name, (int)value, (unsigned)bits.u);
        }
}

void check_enum(struct checker *c, const struct syn *node) {
        struct idl_enum *decl = arena_new(c->arena, struct idl_enum);
        struct idl_enumerator *e, *previous = NULL;
        const struct syn *def = NULL;
        struct ptrs values = { 0 };
        bool fresh;

        decl_init(c, &decl->decl, IDL_DECL_ENUM, c->scope->owner, node->name, node->name_at, node);
        decl->decl.scope = scope_new(c, c->scope, &decl->decl);
        fresh = scope_declare(c, c->scope, &decl->decl);
        if (fresh)
                decl_child(c, &decl->decl);
        annotate(c, &decl->decl, node->annotations);

        for (const struct syn *s = node->list; s; s = s->next) {
                e = arena_new(c->arena, struct idl_enumerator);
                decl_init(c, &e->decl, IDL_DECL_ENUMERATOR, &decl->decl, s->name, s->name_at, s);
                annotate(c, &e->decl, s->annotations);
                set_value(c, e, s, previous);
                previous = e;
                if (!scope_declare(c, decl->decl.scope, &e->decl))
                        continue;
                if (fresh)              /* otherwise it is all there already */
                        scope_declare(c, c->scope, &e->decl);
                ptrs_add(c->arena, &values, e);
                if (!idl_annotation(&e->decl, "default_literal"))
                        continue;
                if (def) {
                        diag(c->diag, TWO_DEFAULTS, s->name_at, node->name);
                        diag_note(c->diag, def->name_at, "`%s` is the default", def->name);
                }
                def = s;
                decl->def = e;
        }
        decl->values = (struct idl_enumerator **)values.v;
        decl->n_values = values.n;
        if (!node->list)
                diag(c->diag, EMPTY_ENUM, node->name_at, node->name);
        if (values.n && !decl->def)
                decl->def = decl->values[0];
        check_values(c, &values);
        check_bit_bound(c, decl, node);
        decl_done(c, &decl->decl);
}
