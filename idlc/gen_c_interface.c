/*
 * gen_c_interface.c - what an interface becomes, in order
 */
#include <string.h>
#include "gen_c.h"
#include "gen_c_operation.h"

void gen_enter_interface(struct gen *gen, const struct idl_interface *i) {
        const char *name = names_of(gen->arena, &i->decl), *full;

        names_enter(&gen->names, name, "_interface", &i->decl);
        names_enter(&gen->names, name, "_ops", &i->decl);
        names_enter(&gen->names, name, "_serve", &i->decl);
        for (unsigned k = 0; k < i->n_ops; k++) {
                /*
                 * An inherited operation is there because of the interface, not of where it was
                 * declared.
                 */
                const struct idl_decl *decl =
                        i->ops[k]->decl.parent == &i->decl ? &i->ops[k]->decl : &i->decl;

                full = arena_printf(gen->arena, "%s_%s", name, i->ops[k]->decl.name);
                names_enter(&gen->names, full, "", decl);
                names_enter(&gen->names, full, "_with", decl);
        }
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
        }
        emit_comment(gen->h, 0, emit_clean(gen->arena, i->decl.doc));
        buf_printf(gen->h, "extern const struct via_interface %s_interface;\n",
                   names_of(gen->arena, &i->decl));
        for (unsigned k = 0; k < i->n_ops; k++)
                gen_client_header(gen, &ops[k]);
        gen_server_header(gen, i, ops);

        for (unsigned k = 0; k < i->n_ops; k++) {
                private_message(gen, &ops[k].request);
                if (!ops[k].idl->oneway)
                        private_message(gen, &ops[k].response);
        }
        gen_server_source(gen, i, ops);
        for (unsigned k = 0; k < i->n_ops; k++)
                gen_client_source(gen, &ops[k]);
}
