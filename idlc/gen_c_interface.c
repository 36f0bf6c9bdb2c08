/*
 * gen_c_interface.c - what an interface becomes, in order
 */
#include <string.h>
#include "gen_c.h"
#include "gen_c_operation.h"

/*
 * Enters what is generated because of @op in @i. An inherited operation is there because of the
 * interface, not of where it was declared.
 */
static void enter(struct gen *gen, const struct idl_interface *i, const struct idl_operation *op,
                  const char *suffix) {
        const char *name = names_of(gen->arena, &i->decl);

        if (op->decl.parent == &i->decl)
                names_enter(&gen->names, arena_printf(gen->arena, "%s_%s", name, op->decl.name),
                            suffix, &op->decl);
        else
                names_enter(&gen->names, arena_printf(gen->arena, "%s_", name),
                            arena_printf(gen->arena, "%s%s", op->decl.name, suffix), &i->decl);
}

/*
 * A handler's own functions are entered of every stream that goes both ways, so that a name does
 * not become taken because a type changes.
 */
static void enter_operation(struct gen *gen, const struct idl_interface *i,
                            const struct idl_operation *op) {
        static const char *const unary[] = { "", "_with", "_async", "_done_fn", NULL },
                                 *const stream[] = { "_open", "_open_with", "_read",
                                                     "_write", "_finish",    NULL },
                                 *const both[] = { "_read_in", "_write_out", NULL };
        const char *const *suffix = op->stream_in || op->stream_out ? stream : unary;

        for (; *suffix; suffix++)
                enter(gen, i, op, *suffix);
        if (op->stream_in)
                enter(gen, i, op, "_close_send");
        if (!op->oneway)
                enter(gen, i, op, "_reply");
        for (suffix = both; op->stream_in && op->stream_out && *suffix; suffix++)
                enter(gen, i, op, *suffix);
}

void gen_enter_interface(struct gen *gen, const struct idl_interface *i) {
        const char *name = names_of(gen->arena, &i->decl);

        names_enter(&gen->names, name, "_interface", &i->decl);
        names_enter(&gen->names, name, "_ops", &i->decl);
        names_enter(&gen->names, name, "_serve", &i->decl);
        names_enter(&gen->names, name, "_serve_client", &i->decl);
        for (unsigned k = 0; k < i->n_ops; k++)
                enter_operation(gen, i, i->ops[k]);
        gen_enter_wrappers(gen, &i->decl);
}

/* A struct that a prototype is the first to mention would be known to that prototype only. */
static void declare(struct gen *gen, const struct message *message) {
        for (unsigned i = 0; i < message->n_fields; i++)
                if (message->fields[i].kind == IDL_STRUCT && !gen_know(gen, message->fields[i].of))
                        buf_printf(gen->h, "struct %s;\n", message->fields[i].of);
}

static void private_message(struct gen *gen, const struct message *message) {
        buf_putc(gen->c, '\n');
        gen_message_struct(gen, gen->c, message);
        gen_message_tables(gen, message);
}

void gen_interface(struct gen *gen, const struct idl_interface *i) {
        struct operation *ops = operations_of(gen, i);

        gen_wrappers(gen, &i->decl);
        buf_putc(gen->h, '\n');
        for (unsigned k = 0; k < i->n_ops; k++) {
                declare(gen, &ops[k].request);
                declare(gen, &ops[k].response);
                declare(gen, &ops[k].in_item.message);
                declare(gen, &ops[k].out_item.message);
        }
        emit_comment(gen->h, 0, emit_clean(gen->arena, i->decl.doc));
        buf_printf(gen->h, "extern const struct via_interface %s_interface;\n",
                   names_of(gen->arena, &i->decl));
        for (unsigned k = 0; k < i->n_ops; k++) {
                if (ops[k].streams) {
                        gen_stream_header(gen, &ops[k]);
                } else {
                        gen_client_header(gen, &ops[k]);
                        gen_async_header(gen, &ops[k]);
                }
        }
        gen_server_header(gen, i, ops);

        for (unsigned k = 0; k < i->n_ops; k++) {
                private_message(gen, &ops[k].request);
                if (!ops[k].idl->oneway)
                        private_message(gen, &ops[k].response);
                if (ops[k].in_item.message.name)
                        private_message(gen, &ops[k].in_item.message);
                if (ops[k].out_item.message.name)
                        private_message(gen, &ops[k].out_item.message);
        }
        gen_server_source(gen, i, ops);
        for (unsigned k = 0; k < i->n_ops; k++) {
                if (ops[k].streams) {
                        gen_stream_source(gen, &ops[k]);
                } else {
                        gen_client_source(gen, &ops[k]);
                        gen_async_source(gen, &ops[k]);
                }
        }
}
