/*
 * annotate_member.c - what annotations say of a member: optional, key, default, range, unit
 */
#include <string.h>
#include "check.h"

static const struct syn *expr_of(const struct idl_decl *decl, const char *name, const char *param) {
        const struct idl_annotation *a = idl_annotation(decl, name);

        for (unsigned i = 0; a && i < a->n_args; i++)
                if (param ? a->args[i].name && !strcmp(a->args[i].name, param)
                          : !a->args[i].name || !strcmp(a->args[i].name, "value"))
                        return a->args[i].expr;
        return NULL;
}

/* @min, or @range(min=...), and likewise max. */
static bool limit(struct checker *c, struct idl_member *member, const char *name,
                  struct idl_value *ret) {
        const struct syn *expr = expr_of(&member->decl, name, NULL);
        enum idl_kind kind = idl_strip(member->type)->kind;

        if (!expr)
                expr = expr_of(&member->decl, "range", name);
        if (!expr || kind == IDL_ERROR)
                return false;
        if (kind < IDL_CHAR || kind > IDL_DOUBLE) {
                diag(c->diag, RANGE_TYPE, expr->at, idl_type_name(c->arena, member->type));
                return false;
        }
        return value_of_type(c, expr, member->type, ret);
}

/* An enumerator of the member's own enum need not be visible to be its default. */
static bool own_enumerator(const struct idl_member *member, const struct syn *expr,
                           struct idl_value *ret) {
        const struct idl_type *type = idl_strip(member->type);
        const struct idl_enum *decl;

        if (type->kind != IDL_ENUM || expr->kind != SYN_VALUE_NAME || expr->left->list->next)
                return false;
        decl = (const struct idl_enum *)type->decl;
        for (unsigned i = 0; i < decl->n_values; i++)
                if (!strcmp(decl->values[i]->decl.name, expr->left->list->name)) {
                        *ret = (struct idl_value){ .kind = IDL_ENUM, .e = decl->values[i] };
                        return true;
                }
        return false;
}

void annotate_member(struct checker *c, struct idl_member *member) {
        const struct idl_annotation *unit = idl_annotation(&member->decl, "unit");
        const struct syn *def = expr_of(&member->decl, "default", NULL);

        member->optional = annotation_flag(&member->decl, "optional");
        member->key = annotation_flag(&member->decl, "key");
        if (unit && unit->n_args && unit->args[0].value.kind == IDL_STRING)
                member->unit = unit->args[0].value.string.text;
        if (def && idl_strip(member->type)->kind != IDL_ERROR)
                member->has_default = own_enumerator(member, def, &member->def) ||
                                      value_of_type(c, def, member->type, &member->def);
        member->has_min = limit(c, member, "min", &member->min);
        if (member->has_min || !expr_of(&member->decl, "range", "min"))
                member->has_max = limit(c, member, "max", &member->max);
        annotations_exclude(c, &member->decl, "optional", "default");
        annotations_exclude(c, &member->decl, "key", "optional");

        if (member->has_min && member->has_max && value_compare(&member->min, &member->max) > 0)
                diag(c->diag, RANGE_EMPTY, member->decl.at, value_name(c, &member->min),
                     value_name(c, &member->max));
        else if (member->has_default &&
                 ((member->has_min && value_compare(&member->def, &member->min) < 0) ||
                  (member->has_max && value_compare(&member->def, &member->max) > 0)))
                diag(c->diag, DEFAULT_RANGE, def->at, value_name(c, &member->def),
                     member->has_min ? value_name(c, &member->min) : "-",
                     member->has_max ? value_name(c, &member->max) : "-");
}

/* @value(default=...) of a member is how some people write its @default. */
const struct syn *annotation_default(struct checker *c, const struct idl_decl *decl,
                                     const struct syn *node) {
        struct syn *copy, *arg;

        if (decl->kind != IDL_DECL_MEMBER || strcmp(node->name, "value") != 0 || !node->list ||
            node->list->next || !node->list->name || strcmp(node->list->name, "default") != 0)
                return node;
        diag(c->diag, VALUE_FOR_DEFAULT, node->at);
        copy = arena_new(c->arena, struct syn);
        arg = arena_new(c->arena, struct syn);
        *copy = *node;
        *arg = *node->list;
        copy->name = "default";
        copy->list = arg;
        arg->name = "value";
        return copy;
}
