/*
 * gen_c_operation.c - an operation as C sees it: two messages, and the arguments of its functions
 */
#include <inttypes.h>
#include <string.h>
#include "gen_c_operation.h"

static struct message make_message(struct gen *gen, struct operation *op,
                                   const struct idl_interface *interface, const char *what) {
        const char *dotted = names_dotted(gen->arena, &interface->decl);

        return (struct message){
                .name = names_private(&gen->names,
                                      arena_printf(gen->arena, "%s_%s", op->full, what)),
                .dotted =
                        arena_printf(gen->arena, "%s.%s_%s", dotted, op->idl->decl.name, what),
                .short_name = arena_printf(gen->arena, "%s_%s", op->idl->decl.name, what),
                .package = names_package(gen->arena, &interface->decl),
                .fields = arena_array(gen->arena, struct field, op->idl->n_params + 1),
                .is_private = true,
        };
}

/*
 * Wrappers are named after where the operation is declared: an interface that inherits it has
 * the same.
 */
static void add_field(struct gen *gen, struct operation *op, struct message *message,
                      const struct idl_type *type, const struct idl_param *param) {
        struct holder holder =
                param ? holder_of(gen, &param->decl) : holder_of_result(gen, op->idl);
        struct field *field = &message->fields[message->n_fields++];

        field->id = message->n_fields;
        field->label = param ? param->decl.name : "return_";
        field->decl = param ? &param->decl : NULL;
        field_of_type(gen, type, false, &holder, field);
}

/*
 * The parameters that go in keep their names if anything does. A result may then not find
 * "ret_x" free, and takes what is.
 */
static void name_arguments(struct gen *gen, struct operation *op) {
        static const char *const ours[] = { "base", "call", "client", "err", "options" };
        struct message *in = &op->request, *out = &op->response;
        struct pool pool, members;

        pool_init(&pool, &gen->names);
        pool.arguments = true;
        for (unsigned i = 0; i < sizeof(ours) / sizeof(*ours); i++)
                pool_take(&pool, ours[i], NULL);
        for (unsigned i = 0; i < in->n_fields; i++)
                in->fields[i].name = pool_pick(&pool, in->fields[i].label,
                                               field_companion(&in->fields[i]), NULL);

        pool_init(&members, &gen->names);
        pool_take(&members, "base", NULL);
        for (unsigned i = 0; i < out->n_fields; i++) {
                struct field *field = &out->fields[i];
                const char *label = field->decl ? field->label : "result";

                field->name = pool_pick(&members, label, field_companion(field), NULL);
                field->ret = pool_pick(&pool, arena_printf(gen->arena, "ret_%s", label), NULL,
                                       NULL);
                field->n_ret = pool_pick(&pool, arena_printf(gen->arena, "ret_n_%s", label), NULL,
                                         NULL);
        }
        op->local.request = pool_pick(&pool, "request", NULL, NULL);
        op->local.response = pool_pick(&pool, "response", NULL, NULL);
        op->local.code = pool_pick(&pool, "r", NULL, NULL);
        pool_fini(&members);
        pool_fini(&pool);
}

struct operation *operations_of(struct gen *gen, const struct idl_interface *interface) {
        struct operation *ops = arena_array(gen->arena, struct operation, interface->n_ops);
        const char *name = names_of(gen->arena, &interface->decl);
        struct pool members;

        pool_init(&members, &gen->names);
        for (unsigned i = 0; i < interface->n_ops; i++) {
                const struct idl_operation *idl = interface->ops[i];
                struct operation *op = &ops[i];

                op->idl = idl;
                op->name = pool_pick(&members, idl->decl.name, NULL, NULL);
                op->full = arena_printf(gen->arena, "%s_%s", name, idl->decl.name);
                op->wire = arena_printf(gen->arena, "%s/%s",
                                        names_dotted(gen->arena, &interface->decl),
                                        idl->decl.name);
                op->method = arena_printf(gen->arena, "%s_interface.methods[%u]", name, i);
                op->request = make_message(gen, op, interface, "request");
                op->response = make_message(gen, op, interface, "response");
                if (idl->result->kind != IDL_VOID)
                        add_field(gen, op, &op->response, idl->result, NULL);
                for (unsigned p = 0; p < idl->n_params; p++) {
                        if (idl->params[p]->dir & IDL_IN)
                                add_field(gen, op, &op->request, idl->params[p]->type,
                                          idl->params[p]);
                        if (idl->params[p]->dir & IDL_OUT)
                                add_field(gen, op, &op->response, idl->params[p]->type,
                                          idl->params[p]);
                }
                name_arguments(gen, op);
        }
        pool_fini(&members);
        return ops;
}
