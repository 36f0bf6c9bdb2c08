/*
 * scope.c - names: who may be called what, and who is meant
 *
 * IDL compares names without regard to case but wants them written the same way each time. An enum
 * opens no scope, yet M::E::A is understood, because everybody writes it.
 */
#include <string.h>
#include "check.h"

struct scope *scope_new(struct checker *c, struct scope *outer, struct idl_decl *owner) {
        struct scope *scope = arena_new(c->arena, struct scope);

        scope->names.fold = !c->case_sensitive;
        scope->outer = outer;
        scope->owner = owner;
        scope->next = c->scopes;
        c->scopes = scope;
        return scope;
}

const char *decl_what(const struct idl_decl *decl) {
        switch (decl->kind) {
        case IDL_DECL_MODULE:     return "module";
        case IDL_DECL_STRUCT:
                return ((const struct idl_struct *)decl)->is_exception ? "exception" : "struct";
        case IDL_DECL_ENUM:       return "enum";
        case IDL_DECL_TYPEDEF:    return "typedef";
        case IDL_DECL_CONST:      return "constant";
        case IDL_DECL_INTERFACE:  return "interface";
        case IDL_DECL_ENUMERATOR: return "enumerator";
        case IDL_DECL_MEMBER:     return "member";
        case IDL_DECL_OPERATION:  return "operation";
        case IDL_DECL_PARAM:      return "parameter";
        case IDL_DECL_ANNOTATION: return "annotation";
        default:                  return "declaration";
        }
}

void note_declared(struct checker *c, const struct idl_decl *decl) {
        diag_note(c->diag, decl->at, "%s `%s` is declared here", decl_what(decl), decl->name);
}

static bool inherits(const struct idl_decl *derived, const struct idl_decl *base) {
        const struct scope *scope = derived->scope;

        for (unsigned i = 0; scope && i < scope->n_ancestors; i++)
                if (&scope->ancestors[i]->decl == base)
                        return true;
        return false;
}

struct idl_decl *scope_find(struct checker *c, struct scope *scope, const char *name,
                            struct span at) {
        struct idl_decl *found = map_get(&scope->names, name, strlen(name)), *other;
        struct idl_decl *ambiguous = NULL;

        if (found)
                return found;
        for (unsigned i = 0; i < scope->n_ancestors; i++) {
                other = map_get(&scope->ancestors[i]->decl.scope->names, name, strlen(name));
                if (!other || other == found)
                        continue;
                if (!found ||
                    (other->parent && found->parent && inherits(other->parent, found->parent)))
                        found = other;
                else if (!(found->parent && other->parent &&
                           inherits(found->parent, other->parent)))
                        ambiguous = other;
        }
        if (ambiguous) {
                diag(c->diag, AMBIGUOUS, at, name);
                note_declared(c, found);
                note_declared(c, ambiguous);
        }
        return found;
}

/* Whether @decl was only declared so far. Then it is forgiven that it never is defined. */
static bool forgive_forward(struct idl_decl *decl) {
        struct idl_struct *structure = idl_as_idl_struct(decl);
        struct idl_interface *interface = idl_as_idl_interface(decl);
        bool *complete = structure ? &structure->complete : interface ? &interface->complete : NULL;

        if (!complete || *complete)
                return false;
        *complete = true;
        return true;
}

static void clash(struct checker *c, const struct idl_decl *decl, struct idl_decl *other) {
        bool both = decl->kind == IDL_DECL_ENUMERATOR && other->kind == IDL_DECL_ENUMERATOR;
        bool forward = forgive_forward(other);

        if (strcmp(decl->name, other->name) != 0) {
                diag(c->diag, CASE_CLASH, decl->at, decl->name, other->name);
                note_declared(c, other);
                diag_help(c->diag, "IDL does not tell names apart by case; -fcase-sensitive does");
                other->case_told = true;
        } else if (forward && strcmp(decl_what(decl), decl_what(other)) != 0) {
                diag(c->diag, FORWARD_KIND, decl->at, decl_what(decl), decl->name,
                     decl_what(other));
                note_declared(c, other);
        } else if (both && decl->parent != other->parent) {
                diag(c->diag, ENUMERATOR_CLASH, decl->at, decl->name, other->parent->name);
                note_declared(c, other);
                diag_help(c->diag,
                          "an enum opens no scope: its names live next to it, so give them "
                          "a prefix, `%s_%s`, or put each enum in a module of its own",
                          decl->parent->name, decl->name);
        } else {
                diag(c->diag, REDEFINED, decl->at, decl->name);
                diag_note(c->diag, other->at, "%s `%s` is already here", decl_what(other),
                          other->name);
        }
}

bool scope_declare(struct checker *c, struct scope *scope, struct idl_decl *decl) {
        size_t len = strlen(decl->name);
        struct idl_decl *other = map_get(&scope->names, decl->name, len);

        if (other && other->kind == IDL_DECL_POISON)
                other = NULL;
        if (other && other != decl) {
                clash(c, decl, other);
                return false;
        }
        if (scope->owner && scope->owner->kind != IDL_DECL_ENUM &&
            !strcmp(scope->owner->name, decl->name) &&
            decl->kind <= IDL_DECL_INTERFACE) {
                diag(c->diag, NAMED_LIKE_SCOPE, decl->at, decl->name, decl_what(scope->owner));
                note_declared(c, scope->owner);
        }
        map_put(&scope->names, decl->name, len, decl);
        return true;
}

/* Enters the name of something that failed, so that nobody is told it does not exist. */
void scope_poison(struct checker *c, const struct syn *node) {
        struct idl_decl *decl;

        if (!node->name || map_get(&c->scope->names, node->name, strlen(node->name)))
                return;
        decl = arena_new(c->arena, struct idl_decl);
        decl->kind = IDL_DECL_POISON;
        decl->name = node->name;
        decl->at = node->name_at;
        map_put(&c->scope->names, decl->name, strlen(decl->name), decl);
}

static void unknown(struct checker *c, const struct syn *part, const struct scope *within,
                    const char *what) {
        if (c->missing && !within)
                return;
        if (within && within->owner)
                diag(c->diag, UNKNOWN_IN, part->at, what, part->name, decl_what(within->owner),
                     within->owner->name);
        else
                diag(c->diag, UNKNOWN, part->at, what, part->name);
        guess(c, part, within, !strcmp(what, "type"));
}

static void check_case(struct checker *c, const struct syn *part, const struct idl_decl *found) {
        if (found->kind == IDL_DECL_POISON || found->case_told || !strcmp(part->name, found->name))
                return;
        diag(c->diag, OTHER_CASE, part->at, part->name, found->name);
        note_declared(c, found);
}

struct idl_decl *scope_resolve(struct checker *c, const struct syn *name, const char *what) {
        const struct syn *part = name->list;
        struct idl_decl *found = NULL;
        struct scope *within = NULL;

        if (name->flag)
                found = scope_find(c, within = c->global, part->name, part->at);
        for (struct scope *s = c->scope; !name->flag && s && !found; s = s->outer)
                found = scope_find(c, s, part->name, part->at);
        for (; found; found = scope_find(c, within, part->name, part->at)) {
                check_case(c, part, found);
                if (found->kind == IDL_DECL_POISON)
                        return NULL;
                if (!part->next)
                        return found;
                if (!found->scope) {
                        diag(c->diag, NO_SCOPE, part->at, decl_what(found), found->name);
                        note_declared(c, found);
                        return NULL;
                }
                part = part->next;
                within = found->scope;
        }
        unknown(c, part, within, part->next ? "module or interface" : what);
        return NULL;
}
