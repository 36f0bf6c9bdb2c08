/*
 * check_struct.c - structs and exceptions: members, ids, bases
 */
#include <string.h>
#include "check.h"

/* The declaration @node defines: a new one, or the one that was declared forward. */
static struct idl_struct *begin(struct checker *c, const struct syn *node) {
        struct idl_decl *other = map_get(&c->scope->names, node->name, strlen(node->name));
        struct idl_struct *decl = idl_as_idl_struct(other);
        bool exception = node->kind == SYN_EXCEPTION;

        if (decl && !decl->complete && !decl->is_exception && !exception && c->open != decl &&
            !strcmp(decl->decl.name, node->name)) {
                decl_init(c, &decl->decl, IDL_DECL_STRUCT, c->scope->owner, node->name,
                          node->name_at, node);
                return decl;
        }
        decl = arena_new(c->arena, struct idl_struct);
        decl->is_exception = exception;
        decl_init(c, &decl->decl, IDL_DECL_STRUCT, c->scope->owner, node->name, node->name_at,
                  node);
        if (scope_declare(c, c->scope, &decl->decl))
                decl_child(c, &decl->decl);
        return decl;
}

void check_struct_forward(struct checker *c, const struct syn *node) {
        struct idl_decl *other = map_get(&c->scope->names, node->name, strlen(node->name));
        struct idl_struct *decl = idl_as_idl_struct(other);

        if (decl && !decl->is_exception && !strcmp(other->name, node->name))
                return;                 /* once more, or too late: both harmless */
        decl = arena_new(c->arena, struct idl_struct);
        decl_init(c, &decl->decl, IDL_DECL_STRUCT, c->scope->owner, node->name, node->name_at,
                  node);
        if (!scope_declare(c, c->scope, &decl->decl))
                return;
        decl_child(c, &decl->decl);
        ptrs_add(c->arena, &c->forwards, decl);
}

static unsigned depth_of(const struct idl_struct *decl) {
        unsigned depth = 0;

        for (; decl; decl = decl->base)
                depth++;
        return depth;
}

static struct idl_struct *base_of(struct checker *c, const struct syn *node,
                                  const struct idl_struct *derived) {
        struct idl_decl *decl = scope_resolve(c, node->left, "struct");
        struct idl_struct *base;

        if (decl && decl->kind == IDL_DECL_TYPEDEF) {
                const struct idl_type *type = idl_strip(((struct idl_typedef *)decl)->type);

                if (type->kind == IDL_ERROR)
                        return NULL;
                if (type->kind == IDL_STRUCT)
                        decl = type->decl;
        }
        if (!decl)
                return NULL;
        base = idl_as_idl_struct(decl);
        if (!base || base->is_exception) {
                diag(c->diag, BAD_BASE, node->at, "struct", derived->decl.name, decl_what(decl),
                     decl->name);
                note_declared(c, decl);
        } else if (base == derived) {
                diag(c->diag, INHERITS_ITSELF, node->at, "struct", decl->name);
        } else if (!base->complete) {
                diag(c->diag, BASE_INCOMPLETE, node->at, "struct", decl->name);
                note_declared(c, decl);
        } else if (depth_of(base) >= INHERIT_MAX) {
                diag(c->diag, INHERITS_TOO_MUCH, node->at, INHERIT_MAX);
        } else {
                return base;
        }
        return NULL;
}

static void add_member(struct checker *c, struct idl_struct *decl, struct scope *scope,
                       const struct syn *node, const struct syn *d, struct idl_type *base,
                       struct ptrs *own, uint32_t *id) {
        struct idl_member *member = arena_new(c->arena, struct idl_member);

        decl_init(c, &member->decl, IDL_DECL_MEMBER, &decl->decl, d->name, d->name_at, node);
        member->type = type_declared(c, node->type, base, d);
        annotate(c, &member->decl, node->annotations);
        annotate_member(c, member);
        member->id = *id = member_id(c, decl, member, node, *id);
        if (member->type->kind != IDL_ERROR &&
            !type_complete(c, member->type, node->type->at, member->optional))
                member->type->kind = IDL_ERROR;
        if (!scope_declare(c, scope, &member->decl))
                return;
        ptrs_add(c->arena, own, member);
}

static void check_members(struct checker *c, struct idl_struct *decl, const struct syn *node) {
        struct scope *scope = scope_new(c, NULL, NULL);
        struct ptrs own = { 0 };
        struct idl_type *base;
        uint32_t id = 0;

        for (unsigned i = 0; decl->base && i < decl->base->n_members; i++) {
                struct idl_member *member = decl->base->members[i];

                map_put(&scope->names, member->decl.name, strlen(member->decl.name), member);
                id = member->id > id ? member->id : id;
        }
        for (const struct syn *s = node->list; s && !c->diag->stop; s = s->next) {
                if (s->kind != SYN_MEMBER) {
                        scope_poison(c, s);
                        continue;
                }
                base = type_of(c, s->type);
                if (base->kind == IDL_VOID)
                        base->kind = IDL_ERROR;
                for (const struct syn *d = s->list; d; d = d->next)
                        add_member(c, decl, scope, s, d, base, &own, &id);
        }
        decl->own = (struct idl_member **)own.v;
        decl->n_own = own.n;
        decl->n_members = own.n + (decl->base ? decl->base->n_members : 0);
        if (decl->n_members > MEMBERS_MAX) {
                diag(c->diag, TOO_MANY_MEMBERS, decl->decl.at, decl->decl.name, MEMBERS_MAX);
                decl->n_members = decl->n_own = 0;
        }
        decl->members = arena_array(c->arena, struct idl_member *, decl->n_members);
        for (unsigned i = 0; i < decl->n_members; i++) {
                unsigned n = decl->n_members - decl->n_own;

                decl->members[i] = i < n ? decl->base->members[i] : decl->own[i - n];
        }
        map_fini(&scope->names);
        member_ids_check(c, decl);
}

void check_struct(struct checker *c, const struct syn *node) {
        struct idl_struct *decl = begin(c, node);
        const struct idl_struct *outer = c->open;

        c->open = decl;
        annotate(c, &decl->decl, node->annotations);
        if (node->type)
                decl->base = base_of(c, node->type, decl);
        check_members(c, decl, node);
        decl->complete = true;
        c->open = outer;
        decl_done(c, &decl->decl);
}
