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

static void make_messages(struct gen *gen, struct operation *op,
                          const struct idl_interface *interface) {
        const struct idl_operation *idl = op->idl;
        struct message *out = &op->response;

        op->request = make_message(gen, op, interface, "request");
        op->response = make_message(gen, op, interface, "response");
        if (idl->stream_in)
                op->in_item.message = make_message(gen, op, interface, "in_item");
        if (idl->stream_out) {
                op->out_item.message = make_message(gen, op, interface, "out_item");
                out = &op->out_item.message;
        }
        if (idl->result->kind != IDL_VOID)
                add_field(gen, op, out, idl->result, NULL);
        for (unsigned p = 0; p < idl->n_params; p++) {
                const struct idl_param *param = idl->params[p];

                if (param->dir & IDL_IN)
                        add_field(gen, op,
                                  param == idl->stream_in ? &op->in_item.message : &op->request,
                                  param->type, param);
                if (param->dir & IDL_OUT)
                        add_field(gen, op, &op->response, param->type, param);
        }
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
                op->streams = idl->stream_in || idl->stream_out;
                make_messages(gen, op, interface);
                operation_names(gen, op);
        }
        pool_fini(&members);
        return ops;
}
