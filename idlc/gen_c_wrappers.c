/*
 * gen_c_wrappers.c - the messages that stand for a sequence in a sequence
 *
 * A wrapper belongs to the declaration that made it necessary and is written where that is,
 * once, whatever file is being compiled. Which ones there are is therefore found by looking at
 * the whole unit first.
 */
#include <string.h>
#include "gen_c_fields.h"

static const struct idl_file *outer_file(const struct idl_decl *decl) {
        const struct idl_file *file = decl->file;

        while (file->inner && file->parent)
                file = file->parent;
        return file;
}

struct wrapper *wrapper_of(struct gen *gen, const struct idl_type *type,
                           const struct holder *holder, const char *suffix) {
        struct holder own = *holder;
        struct wrapper *wrapper, *first, **at;
        bool by_typedef = type->kind == IDL_TYPEDEF &&
                map_get(&gen->wrapped, type->decl->path, strlen(type->decl->path));

        if (by_typedef) {
                own = holder_of(gen, type->decl);
                type = ((const struct idl_typedef *)type->decl)->type;
        } else {
                own.name = arena_printf(gen->arena, "%s_%s", holder->name, suffix);
                own.dotted = arena_printf(gen->arena, "%s_%s", holder->dotted, suffix);
        }

        /* Whoever else comes by this name is told so when the names are entered. */
        wrapper = map_get(&gen->wrappers, own.name, strlen(own.name));
        if (wrapper && wrapper->type == type)
                return wrapper;

        wrapper = arena_new(gen->arena, struct wrapper);
        *wrapper = (struct wrapper){
                .name = own.name,
                .dotted = own.dotted,
                .type = type,
                .decl = own.decl,
                .at = own.at,
        };
        map_put(&gen->wrappers, own.name, strlen(own.name), wrapper);
        message_of_wrapper(gen, wrapper);       /* its elements may need more, which come first */

        first = map_get(&gen->wrappers_of, own.decl->path, strlen(own.decl->path));
        if (!first) {
                map_put(&gen->wrappers_of, own.decl->path, strlen(own.decl->path), wrapper);
                return wrapper;
        }
        for (at = &first->next; *at; at = &(*at)->next)
                ;
        *at = wrapper;
        return wrapper;
}

static bool is_collection(const struct idl_type *type) {
        type = idl_strip(type);
        return type->kind == IDL_SEQUENCE || type->kind == IDL_ARRAY;
}

/* Notes the typedefs of collections that are elements of others in their own file. */
static void note_typedefs(struct gen *gen, const struct idl_type *type, bool optional,
                          const struct idl_decl *decl) {
        for (bool element = optional; is_collection(type); element = true) {
                if (element && type->kind == IDL_TYPEDEF &&
                    outer_file(type->decl) == outer_file(decl))
                        map_put(&gen->wrapped, type->decl->path, strlen(type->decl->path),
                                type->decl);
                if (type->kind == IDL_TYPEDEF)
                        type = idl_strip(type);
                type = type->elem;
        }
}

static const char *result_label(const struct idl_operation *op) {
        static const char *const labels[] = { "result", "result_", "result__" };
        unsigned taken = 0;

        for (unsigned i = 0; i < op->n_params; i++)
                for (unsigned k = 0; k < 3; k++)
                        taken |= !strcmp(op->params[i]->decl.name, labels[k]) ? 1u << k : 0;
        return labels[!(taken & 1) ? 0 : !(taken & 2) ? 1 : 2];
}

static struct holder holder_in(struct gen *gen, const struct idl_decl *op, const char *what,
                               const struct idl_decl *at) {
        return (struct holder){
                .name = arena_printf(gen->arena, "%s_%s", names_of(gen->arena, op), what),
                .dotted = arena_printf(gen->arena, "%s_%s", names_dotted(gen->arena, op), what),
                .decl = op->parent,
                .at = at,
        };
}

struct holder holder_of_result(struct gen *gen, const struct idl_operation *op) {
        return holder_in(gen, &op->decl, result_label(op), &op->decl);
}

struct holder holder_of(struct gen *gen, const struct idl_decl *decl) {
        if (decl->kind == IDL_DECL_PARAM)
                return holder_in(gen, decl->parent, decl->name, decl);
        return (struct holder){
                .name = names_of(gen->arena, decl),
                .dotted = names_dotted(gen->arena, decl),
                .decl = decl->kind == IDL_DECL_MEMBER ? decl->parent : decl,
                .at = decl,
        };
}

typedef void (*use_fn)(struct gen *gen, const struct idl_type *type, bool optional,
                       const struct holder *holder);

/* Calls @use for each type that @decl mentions, with who holds it. */
static void each_type(struct gen *gen, const struct idl_decl *decl, use_fn use) {
        const struct idl_struct *s = idl_as_idl_struct(decl);
        const struct idl_typedef *t = idl_as_idl_typedef(decl);
        const struct idl_interface *i = idl_as_idl_interface(decl);
        struct holder holder;

        if (t) {
                holder = holder_of(gen, decl);
                use(gen, t->type, false, &holder);
        }
        for (unsigned k = 0; s && k < s->n_own; k++) {
                holder = holder_of(gen, &s->own[k]->decl);
                use(gen, s->own[k]->type, s->own[k]->optional, &holder);
        }
        for (unsigned k = 0; i && k < i->n_own; k++) {
                const struct idl_operation *op = i->own[k];

                holder = holder_of_result(gen, op);
                if (op->result->kind != IDL_VOID)
                        use(gen, op->result, false, &holder);
                for (unsigned p = 0; p < op->n_params; p++) {
                        holder = holder_of(gen, &op->params[p]->decl);
                        use(gen, op->params[p]->type, false, &holder);
                }
        }
}

static void use_note(struct gen *gen, const struct idl_type *type, bool optional,
                     const struct holder *holder) {
        note_typedefs(gen, type, optional, holder->decl);
}

static void use_lower(struct gen *gen, const struct idl_type *type, bool optional,
                      const struct holder *holder) {
        struct field field = { 0 };

        field_of_type(gen, type, optional, holder, &field);
}

void wrappers_find(struct gen *gen) {
        for (unsigned i = 0; i < gen->unit->n_all; i++)
                each_type(gen, gen->unit->all[i], use_note);
        for (unsigned i = 0; i < gen->unit->n_all; i++)
                each_type(gen, gen->unit->all[i], use_lower);
}

struct wrapper *wrappers_of(struct gen *gen, const struct idl_decl *decl) {
        return map_get(&gen->wrappers_of, decl->path, strlen(decl->path));
}
