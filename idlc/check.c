/*
 * check.c - from how it is written to what it means: the walk
 */
#include <string.h>
#include "check.h"

static struct idl_decl *find_here(struct checker *c, const char *name) {
        return map_get(&c->scope->names, name, strlen(name));
}

static void check_module(struct checker *c, const struct syn *node) {
        struct idl_module *module = idl_as_idl_module(find_here(c, node->name));
        struct scope *outer = c->scope;

        if (++c->depth > MODULE_DEPTH_MAX) {
                diag(c->diag, MODULES_TOO_DEEP, node->name_at, MODULE_DEPTH_MAX);
                c->depth--;
                return;
        }
        if (module && strcmp(module->decl.name, node->name) != 0) {
                diag(c->diag, OTHER_CASE, node->name_at, node->name, module->decl.name);
                note_declared(c, &module->decl);
                module->decl.case_told = true;
        }
        if (!module) {
                module = arena_new(c->arena, struct idl_module);
                decl_init(c, &module->decl, IDL_DECL_MODULE, outer->owner, node->name,
                          node->name_at, node);
                module->tail = &module->children;
                if (scope_declare(c, outer, &module->decl))
                        decl_child(c, &module->decl);
                module->decl.scope = scope_new(c, outer, &module->decl);
        }
        annotate(c, &module->decl, node->annotations);
        c->scope = module->decl.scope;
        if (!node->list)
                diag(c->diag, EMPTY_MODULE, node->name_at, node->name);
        check_list(c, node->list);
        c->scope = outer;
        c->depth--;
}

static void check_typedef(struct checker *c, const struct syn *node) {
        struct idl_type *base = type_of(c, node->type);
        struct idl_typedef *decl;

        for (const struct syn *d = node->list; d; d = d->next) {
                decl = arena_new(c->arena, struct idl_typedef);
                decl_init(c, &decl->decl, IDL_DECL_TYPEDEF, c->scope->owner, d->name,
                          d->name_at, node);
                decl->type = type_declared(c, node->type, base, d);
                annotate(c, &decl->decl, node->annotations);
                if (!scope_declare(c, c->scope, &decl->decl))
                        continue;
                decl_child(c, &decl->decl);
                decl_done(c, &decl->decl);
        }
}

static void check_const(struct checker *c, const struct syn *node) {
        struct idl_const *decl = arena_new(c->arena, struct idl_const);
        const struct idl_type *bare;

        decl_init(c, &decl->decl, IDL_DECL_CONST, c->scope->owner, node->name, node->name_at, node);
        decl->type = type_of(c, node->type);
        annotate(c, &decl->decl, node->annotations);
        bare = idl_strip(decl->type);
        if (bare->kind >= IDL_SEQUENCE && bare->kind != IDL_ENUM) {
                diag(c->diag, CONST_TYPE, decl->type->at, idl_type_name(c->arena, decl->type));
                diag_help(
                        c->diag,
                        "constants are numbers, booleans, characters, strings and enumerators");
        } else {
                value_of_type(c, node->left, decl->type, &decl->value);
        }
        if (!scope_declare(c, c->scope, &decl->decl))
                return;
        decl_child(c, &decl->decl);
        decl_done(c, &decl->decl);
}

static void check_annotation_decl(struct checker *c, const struct syn *node) {
        struct idl_decl *decl = arena_new(c->arena, struct idl_decl);
        struct idl_decl *other = map_get(&c->annotations, node->name, strlen(node->name));

        decl_init(c, decl, IDL_DECL_ANNOTATION, c->scope->owner, node->name, node->name_at, node);
        if (other && !strcmp(other->path, decl->path)) {
                diag(c->diag, REDEFINED, decl->at, decl->name);
                note_declared(c, other);
        }
        map_put(&c->annotations, decl->name, strlen(decl->name), decl);
}

void check_list(struct checker *c, const struct syn *list) {
        for (; list && !c->diag->stop; list = list->next) {
                switch (list->kind) {
                case SYN_MODULE:            check_module(c, list); break;
                case SYN_STRUCT:
                case SYN_EXCEPTION:         check_struct(c, list); break;
                case SYN_STRUCT_FORWARD:    check_struct_forward(c, list); break;
                case SYN_ENUM:              check_enum(c, list); break;
                case SYN_TYPEDEF:           check_typedef(c, list); break;
                case SYN_CONST:             check_const(c, list); break;
                case SYN_INTERFACE:         check_interface(c, list); break;
                case SYN_INTERFACE_FORWARD: check_interface_forward(c, list); break;
                case SYN_ANNOTATION_DECL:   check_annotation_decl(c, list); break;
                case SYN_OPERATION:         break;      /* check_interface() sees to these */
                default:                    scope_poison(c, list);
                }
        }
}

/* What was declared and never defined: wrong if anybody needs it. */
void check_forwards(struct checker *c) {
        const struct idl_decl *decl;
        bool complete;

        for (unsigned i = 0; i < c->forwards.n; i++) {
                decl = c->forwards.v[i];
                complete = decl->kind == IDL_DECL_STRUCT
                                   ? ((const struct idl_struct *)decl)->complete
                                   : ((const struct idl_interface *)decl)->complete;
                if (!complete)
                        diag(c->diag, NEVER_DEFINED, decl->at, decl_what(decl), decl->name);
        }
}

void check(struct checker *c, const struct syn *root) {
        c->root = root;
        c->scope = c->global = scope_new(c, NULL, NULL);
        c->annotations.fold = true;
        check_list(c, root);
        if (!c->diag->stop && !c->missing)
                check_forwards(c);
        c->unit->decls = (struct idl_decl **)c->decls.v;
        c->unit->n_decls = c->decls.n;
        c->unit->all = (struct idl_decl **)c->all.v;
        c->unit->n_all = c->all.n;
        map_fini(&c->annotations);
        for (struct scope *scope = c->scopes; scope; scope = scope->next)
                map_fini(&scope->names);
        c->scopes = NULL;
}
