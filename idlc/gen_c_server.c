/*
 * gen_c_server.c - the tables of an interface, the struct of its handlers, and how it is served
 */
#include <inttypes.h>
#include <string.h>
#include "gen_c.h"
#include "gen_c_operation.h"

/* FNV-1a, 64 bits: the runtime computes the same. */
static uint64_t method_id(const char *name) {
        uint64_t hash = 0xcbf29ce484222325u;

        for (; *name; name++)
                hash = (hash ^ (unsigned char)*name) * 0x100000001b3u;
        return hash;
}

static const char *raises(struct gen *gen, const struct operation *op) {
        const char *name;

        if (!op->idl->n_raises)
                return "NULL";
        name = names_private(&gen->names, arena_printf(gen->arena, "%s_raises", op->full));
        buf_printf(gen->c, "\nstatic const struct via_type *const %s[] = {\n", name);
        for (unsigned i = 0; i < op->idl->n_raises; i++)
                buf_printf(gen->c, "        &%s_type,\n",
                           names_of(gen->arena, &op->idl->raises[i]->decl));
        buf_puts(gen->c, "};\n");
        return name;
}

/* "&hello_Greeter_chat_in_item_type", or "NULL". */
static const char *item_type(struct gen *gen, const struct item *item) {
        return item->message.name ? arena_printf(gen->arena, "&%s_type", item->message.name)
                                  : "NULL";
}

static void tables(struct gen *gen, const struct idl_interface *interface, struct operation *ops) {
        const char *name = names_of(gen->arena, &interface->decl), *methods = "NULL", **invoke,
                   **raised;
        struct buf *out = gen->c;

        invoke = arena_array(gen->arena, const char *, interface->n_ops);
        raised = arena_array(gen->arena, const char *, interface->n_ops);
        for (unsigned i = 0; i < interface->n_ops; i++) {
                invoke[i] = names_private(&gen->names,
                                          arena_printf(gen->arena, "%s_invoke", ops[i].full));
                gen_thunk(gen, interface, &ops[i], invoke[i]);
                raised[i] = raises(gen, &ops[i]);
        }
        if (interface->n_ops) {
                methods = names_private(&gen->names, arena_printf(gen->arena, "%s_methods", name));
                buf_printf(out, "\nstatic const struct via_method %s[] = {\n", methods);
        }
        for (unsigned i = 0; i < interface->n_ops; i++) {
                const struct idl_operation *op = ops[i].idl;

                buf_printf(out, "        { \"%s\", UINT64_C(0x%016" PRIx64 "),\n", ops[i].wire,
                           method_id(ops[i].wire));
                if (op->oneway)
                        buf_printf(out, "          &%s_type, NULL,\n", ops[i].request.name);
                else
                        buf_printf(out, "          &%s_type, &%s_type,\n", ops[i].request.name,
                                   ops[i].response.name);
                buf_printf(out, "          %s, %u, %s, %" PRIu32 ", %s,%s%s, %s },\n", raised[i],
                           op->n_raises, op->idempotent ? "VIA_METHOD_IDEMPOTENT" : "0",
                           op->deadline, invoke[i], ops[i].streams ? "\n          " : " ",
                           item_type(gen, &ops[i].in_item), item_type(gen, &ops[i].out_item));
        }
        if (interface->n_ops)
                buf_puts(out, "};\n");
        buf_printf(
                out,
                "\nconst struct via_interface %s_interface = {\n        \"%s\", %s, %u,\n};\n",
                name, names_dotted(gen->arena, &interface->decl), methods, interface->n_ops);
}

/* "hello_Greeter_serve": by a server; "…_serve_client": by a client, for its server to call. */
static struct list serve_arguments(struct gen *gen, const char *name, const char *who) {
        struct list list = { .arena = gen->arena };

        list_add(&list, "struct via_%s *%s", who, who);
        list_add(&list, "const struct %s_ops *ops", name);
        list_add(&list, "void *self");
        list_add(&list, "struct via_error *err");
        return list;
}

void gen_server_header(struct gen *gen, const struct idl_interface *interface,
                       struct operation *ops) {
        const char *name = names_of(gen->arena, &interface->decl);
        struct list serve = serve_arguments(gen, name, "server"),
                    serve_client = serve_arguments(gen, name, "client");
        struct buf *out = gen->h;

        buf_putc(out, '\n');
        emit_comment(out, 0,
                     arena_printf(gen->arena, "Who serves %s: a function for each operation.",
                                  interface->decl.name));
        buf_printf(out, "struct %s_ops {\n", name);
        for (unsigned i = 0; i < interface->n_ops; i++) {
                struct list list = { .arena = gen->arena };

                list_add(&list, "struct via_call *call");
                list_ins(&list, &ops[i].request);
                if (ops[i].streams)
                        list_add(&list, "struct via_stream *stream");
                list_server_rets(&list, &ops[i].response);
                emit_list(out, arena_printf(gen->arena, "        int (*%s)(", ops[i].name),
                          &list, ");\n");
        }
        if (!interface->n_ops)
                buf_puts(
                        out,
                        "        void *none;                     /* there are no operations */\n");
        buf_puts(out, "};\n\n");
        emit_list(out, arena_printf(gen->arena, "int %s_serve(", name), &serve, ");\n");
        emit_list(out, arena_printf(gen->arena, "int %s_serve_client(", name), &serve_client,
                  ");\n");
        for (unsigned i = 0; i < interface->n_ops; i++)
                if (!ops[i].idl->oneway)
                        gen_reply_header(gen, &ops[i]);
}

static void serve(struct gen *gen, const char *name, const char *suffix, const char *who) {
        struct list list = serve_arguments(gen, name, who);

        buf_putc(gen->c, '\n');
        emit_list(gen->c, arena_printf(gen->arena, "int %s_serve%s(", name, suffix), &list,
                  ") {\n");
        buf_printf(gen->c, "        return via_%s_add(%s, &%s_interface, ops, self, err);\n}\n",
                   who, who, name);
}

void gen_server_source(struct gen *gen, const struct idl_interface *interface,
                       struct operation *ops) {
        const char *name = names_of(gen->arena, &interface->decl);

        tables(gen, interface, ops);
        serve(gen, name, "", "server");
        serve(gen, name, "_client", "client");
        for (unsigned i = 0; i < interface->n_ops; i++)
                if (!ops[i].idl->oneway)
                        gen_reply_source(gen, &ops[i]);
}
