/*
 * check_interface.c - interfaces: what they inherit, what they can be asked
 */
#include <string.h>
#include "check.h"

static struct idl_interface *begin(struct checker *c, const struct syn *node) {
        struct idl_decl *other = map_get(&c->scope->names, node->name, strlen(node->name));
        struct idl_interface *decl = idl_as_idl_interface(other);

        if (decl && !decl->complete && !strcmp(other->name, node->name)) {
                decl_init(c, &decl->decl, IDL_DECL_INTERFACE, c->scope->owner, node->name,
                          node->name_at, node);
        } else {
                decl = arena_new(c->arena, struct idl_interface);
                decl_init(c, &decl->decl, IDL_DECL_INTERFACE, c->scope->owner, node->name,
                          node->name_at, node);
                if (scope_declare(c, c->scope, &decl->decl))
                        decl_child(c, &decl->decl);
        }
        decl->tail = &decl->children;
        decl->decl.scope = scope_new(c, c->scope, &decl->decl);
        return decl;
}

void check_interface_forward(struct checker *c, const struct syn *node) {
        struct idl_decl *other = map_get(&c->scope->names, node->name, strlen(node->name));
        struct idl_interface *decl = idl_as_idl_interface(other);

        if (decl && !strcmp(other->name, node->name))
                return;
        decl = arena_new(c->arena, struct idl_interface);
        decl_init(c, &decl->decl, IDL_DECL_INTERFACE, c->scope->owner, node->name,
                  node->name_at, node);
        decl->tail = &decl->children;
        if (!scope_declare(c, c->scope, &decl->decl))
                return;
        decl_child(c, &decl->decl);
        ptrs_add(c->arena, &c->forwards, decl);
}

static struct idl_interface *base_of(struct checker *c, const struct syn *name,
                                     const struct idl_interface *derived,
                                     const struct ptrs *bases) {
        struct idl_decl *decl = scope_resolve(c, name, "interface");
        struct idl_interface *base = idl_as_idl_interface(decl);

        if (!decl)
                return NULL;
        if (!base) {
                diag(c->diag, BAD_BASE, name->at, "interface", derived->decl.name, decl_what(decl),
                     decl->name);
                note_declared(c, decl);
                return NULL;
        }
        if (base == derived) {
                diag(c->diag, INHERITS_ITSELF, name->at, "interface", decl->name);
                return NULL;
        }
        if (!base->complete) {
                diag(c->diag, BASE_INCOMPLETE, name->at, "interface", decl->name);
                note_declared(c, decl);
                return NULL;
        }
        for (unsigned i = 0; i < bases->n; i++)
                if (bases->v[i] == base) {
                        diag(c->diag, BASE_TWICE, name->at, decl->name);
                        return NULL;
                }
        return base;
}

static void add_once(struct checker *c, struct ptrs *list, void *pointer) {
        for (unsigned i = 0; i < list->n; i++)
                if (list->v[i] == pointer)
                        return;
        ptrs_add(c->arena, list, pointer);
}

static void check_bases(struct checker *c, struct idl_interface *decl, const struct syn *node) {
        struct scope *scope = decl->decl.scope;
        struct ptrs bases = { 0 }, ancestors = { 0 };
        struct idl_interface *base;

        for (const struct syn *name = node->more; name; name = name->next) {
                base = base_of(c, name, decl, &bases);
                if (!base)
                        continue;
                ptrs_add(c->arena, &bases, base);
                for (unsigned i = 0; i < base->decl.scope->n_ancestors; i++)
                        add_once(c, &ancestors, base->decl.scope->ancestors[i]);
                add_once(c, &ancestors, base);
                if (ancestors.n > INHERIT_MAX) {
                        diag(c->diag, INHERITS_TOO_MUCH, name->at, INHERIT_MAX);
                        ancestors.n = bases.n = 0;
                        break;
                }
        }
        decl->bases = (struct idl_interface **)bases.v;
        decl->n_bases = bases.n;
        scope->ancestors = (struct idl_interface **)ancestors.v;
        scope->n_ancestors = ancestors.n;
}

static void check_param(struct checker *c, struct idl_operation *op, struct scope *scope,
                        const struct syn *node, struct ptrs *params) {
        struct idl_param *param = arena_new(c->arena, struct idl_param);

        decl_init(c, &param->decl, IDL_DECL_PARAM, &op->decl, node->name, node->name_at, node);
        param->dir = (enum idl_direction)node->number;
        param->type = type_of(c, node->type);
        annotate(c, &param->decl, node->annotations);
        if (param->type->kind == IDL_VOID)
                diag(c->diag, VOID_PARAM, node->type->at, node->name);
        else
                type_complete(c, param->type, node->type->at, false);
        if (scope_declare(c, scope, &param->decl))
                ptrs_add(c->arena, params, param);
}

static void check_raises(struct checker *c, struct idl_operation *op, const struct syn *node) {
        struct ptrs raises = { 0 };
        struct idl_decl *decl;

        for (const struct syn *name = node->more; name; name = name->next) {
                decl = scope_resolve(c, name, "exception");
                if (!decl)
                        continue;
                if (decl->kind != IDL_DECL_STRUCT || !((struct idl_struct *)decl)->is_exception) {
                        diag(c->diag, RAISES_WHAT, name->at, decl_what(decl), decl->name);
                        note_declared(c, decl);
                        continue;
                }
                for (unsigned i = 0; i < raises.n; i++)
                        if (raises.v[i] == decl)
                                diag(c->diag, RAISES_TWICE, name->at, decl->name);
                if (raises.n < 256)
                        add_once(c, &raises, decl);
        }
        op->raises = (struct idl_struct **)raises.v;
        op->n_raises = raises.n;
}

static void check_oneway(struct checker *c, const struct idl_operation *op,
                         const struct syn *node) {
        const char *name = op->decl.name;
        unsigned before = c->diag->n_errors;

        if (op->result->kind != IDL_VOID)
                diag(c->diag, ONEWAY_RESULT, node->type->at, name);
        for (unsigned i = 0; i < op->n_params; i++)
                if (op->params[i]->dir != IDL_IN)
                        diag(c->diag, ONEWAY_OUT, op->params[i]->decl.at, name,
                             op->params[i]->decl.name);
        if (node->more)
                diag(c->diag, ONEWAY_RAISES, node->more->at, name);
        if (c->diag->n_errors > before)
                diag_help(c->diag, "nothing comes back from a oneway operation; leave out "
                                   "`oneway`");
}

static void check_operation(struct checker *c, struct idl_interface *decl, const struct syn *node,
                            struct ptrs *own) {
        struct idl_operation *op = arena_new(c->arena, struct idl_operation);
        struct scope *params = scope_new(c, NULL, NULL);
        struct ptrs list = { 0 };
        struct idl_decl *inherited = NULL;

        decl_init(c, &op->decl, IDL_DECL_OPERATION, &decl->decl, node->name, node->name_at, node);
        op->result = type_of(c, node->type);
        op->oneway = node->flag;
        if (op->result->kind != IDL_VOID)
                type_complete(c, op->result, node->type->at, false);
        annotate(c, &op->decl, node->annotations);
        for (const struct syn *s = node->list; s; s = s->next)
                check_param(c, op, params, s, &list);
        map_fini(&params->names);
        op->params = (struct idl_param **)list.v;
        op->n_params = list.n;
        check_raises(c, op, node);
        check_streams(c, op);
        if (op->oneway)
                check_oneway(c, op, node);

        for (unsigned i = 0; i < decl->decl.scope->n_ancestors && !inherited; i++)
                inherited = map_get(&decl->decl.scope->ancestors[i]->decl.scope->names,
                                    op->decl.name, strlen(op->decl.name));
        if (inherited && inherited->kind == IDL_DECL_OPERATION) {
                diag(c->diag, OPERATION_INHERITED, op->decl.at, op->decl.name,
                     inherited->parent->name);
                note_declared(c, inherited);
        }
        if (!scope_declare(c, decl->decl.scope, &op->decl))
                return;
        decl_child(c, &op->decl);
        ptrs_add(c->arena, own, op);
}

/* Two bases may not bring different operations of one name. */
static void check_inherited(struct checker *c, struct idl_interface *decl) {
        const struct scope *scope = decl->decl.scope;
        struct map seen = { .fold = !c->case_sensitive };
        struct ptrs ops = { 0 };

        for (unsigned i = 0; i < scope->n_ancestors; i++)
                for (unsigned k = 0; k < scope->ancestors[i]->n_own; k++) {
                        struct idl_operation *op = scope->ancestors[i]->own[k];
                        size_t len = strlen(op->decl.name);
                        struct idl_operation *other = map_get(&seen, op->decl.name, len);

                        if (other) {
                                diag(c->diag, OPERATIONS_CLASH, decl->decl.at, decl->decl.name,
                                     op->decl.name, other->decl.parent->name,
                                     op->decl.parent->name);
                                note_declared(c, &other->decl);
                                note_declared(c, &op->decl);
                        }
                        map_put(&seen, op->decl.name, len, op);
                        ptrs_add(c->arena, &ops, op);
                }
        map_fini(&seen);
        for (unsigned i = 0; i < decl->n_own; i++)
                ptrs_add(c->arena, &ops, decl->own[i]);
        if (ops.n > MEMBERS_MAX) {
                diag(c->diag, TOO_MANY_MEMBERS, decl->decl.at, decl->decl.name, MEMBERS_MAX);
                ops.n = 0;
        }
        decl->ops = (struct idl_operation **)ops.v;
        decl->n_ops = ops.n;
}

void check_interface(struct checker *c, const struct syn *node) {
        struct idl_interface *decl = begin(c, node);
        struct scope *outer = c->scope;
        struct ptrs own = { 0 };

        annotate(c, &decl->decl, node->annotations);
        check_bases(c, decl, node);
        c->scope = decl->decl.scope;
        for (const struct syn *s = node->list; s && !c->diag->stop; s = s->next) {
                struct syn alone = *s;

                if (s->kind == SYN_OPERATION) {
                        check_operation(c, decl, s, &own);
                        continue;
                }
                alone.next = NULL;
                check_list(c, &alone);
        }
        c->scope = outer;
        decl->own = (struct idl_operation **)own.v;
        decl->n_own = own.n;
        check_inherited(c, decl);
        decl->complete = true;
        decl_done(c, &decl->decl);
}
