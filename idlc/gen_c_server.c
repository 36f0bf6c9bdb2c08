/*
 * gen_c_server.c - how a call reaches the function that handles it, and the table that says so
 */
#include <inttypes.h>
#include <string.h>
#include "gen_c.h"
#include "gen_c_operation.h"

/* Room for what a handler fills in place: a struct, an array, or an array of structs. */
static void prepare(struct gen *gen, const struct field *field) {
        const char *data = field->bytes && !field->many ? ".data" : "";
        const char *type = field->bytes && !field->many ? "uint8_t " : field->type;
        struct buf *out = gen->c;

        if (field->kind == IDL_STRUCT && !field->many) {
                buf_printf(out, "        out->%s = (struct %s *)via_call_new(call, &%s_type);\n"
                           "        if (!out->%s)\n                return VIA_RESOURCE_EXHAUSTED;\n",
                           field->name, field->of, field->of, field->name);
                return;
        }
        if (!field->exact)
                return;
        buf_printf(out, "        out->%s%s = (%s*)via_call_alloc(call, %" PRIu32 " * sizeof(*out->%s%s));\n"
                   "        if (!out->%s%s)\n                return VIA_RESOURCE_EXHAUSTED;\n",
                   field->name, data, type, field->count, field->name, data, field->name, data);
        if (!field->many) {
                buf_printf(out, "        out->%s.len = %" PRIu32 ";\n", field->name, field->count);
                return;
        }
        buf_printf(out, "        out->n_%s = %" PRIu32 ";\n", field->name, field->count);
        if (field->kind == IDL_STRUCT)
                buf_printf(out, "        for (size_t i = 0; i < out->n_%s; i++) {\n"
                           "                out->%s[i] = (struct %s *)via_call_new(call, &%s_type);\n"
                           "                if (!out->%s[i])\n"
                           "                        return VIA_RESOURCE_EXHAUSTED;\n        }\n",
                           field->name, field->name, field->of, field->of, field->name);
}

/* The arguments that the handler gets out of the request, and into the response. */
static void pass(struct list *list, const struct operation *op) {
        list_add(list, "call");
        for (unsigned i = 0; i < op->request.n_fields; i++) {
                const struct field *field = &op->request.fields[i];
                bool bytes = field->bytes && !field->many;

                if ((field->many || bytes) && !field->exact)
                        list_add(list, bytes ? "in->%s.len" : "in->n_%s", field->name);
                if (bytes)
                        list_add(list, "in->%s.data", field->name);
                else if (field_is_direct(field))
                        list_add(list, "in->%s", field->name);
                else if (field->kind == IDL_BOOLEAN)
                        list_add(list, "in->%s != 0", field->name);
                else
                        list_add(list, "(%.*s)in->%s", (int)strcspn(field->value, " "), field->value,
                                 field->name);
        }
        for (unsigned i = 0; i < op->response.n_fields; i++) {
                const struct field *field = &op->response.fields[i];
                bool bytes = field->bytes && !field->many;

                if ((field->many || bytes) && !field->exact)
                        list_add(list, bytes ? "&out->%s.len" : "&out->n_%s", field->name);
                if (bytes)
                        list_add(list, field->exact ? "out->%s.data" : "&out->%s.data", field->name);
                else if ((field->many && field->exact) || (field->kind == IDL_STRUCT && !field->many))
                        list_add(list, "out->%s", field->name);
                else if (field_is_direct(field))
                        list_add(list, "&out->%s", field->name);
                else
                        list_add(list, "&%s", op->rets[i]);
        }
}

static void thunk(struct gen *gen, const struct idl_interface *interface, const struct operation *op,
                  const char *invoke) {
        const char *name = names_of(gen->arena, &interface->decl);
        const struct message *in = &op->request, *message = &op->response;
        struct list list = { .arena = gen->arena };
        struct buf *out = gen->c;
        bool indirect = false;

        for (unsigned i = 0; i < message->n_fields; i++)
                indirect = indirect || !field_is_direct(&message->fields[i]);

        buf_printf(out, "\nstatic int %s(struct via_call *call, const void *ops, const void *request,\n", invoke);
        buf_printf(out, "%*svoid *response) {\n", (int)strlen(invoke) + 12, "");
        buf_printf(out, "        const struct %s_ops *table = (const struct %s_ops *)ops;\n", name, name);
        if (in->n_fields)
                buf_printf(out, "        const struct %s *in = (const struct %s *)request;\n", in->name,
                           in->name);
        if (message->n_fields)
                buf_printf(out, "        struct %s *out = (struct %s *)response;\n", message->name,
                           message->name);
        for (unsigned i = 0; i < message->n_fields; i++)
                if (!field_is_direct(&message->fields[i]))
                        buf_printf(out, "        %s%s = 0;\n", message->fields[i].value, op->rets[i]);
        if (indirect)
                buf_puts(out, "        int r;\n");
        buf_putc(out, '\n');
        if (!in->n_fields)
                buf_puts(out, "        (void)request;\n");
        if (!message->n_fields)
                buf_puts(out, "        (void)response;\n");
        buf_printf(out, "        if (!table->%s)\n                return VIA_UNIMPLEMENTED;\n", op->name);

        for (unsigned i = 0; i < message->n_fields; i++)
                prepare(gen, &message->fields[i]);
        pass(&list, op);
        emit_list(out, arena_printf(gen->arena, "        %s table->%s(", indirect ? "r =" : "return", op->name),
                  &list, ");\n");
        for (unsigned i = 0; i < message->n_fields; i++) {
                const struct field *field = &message->fields[i];

                if (!field_is_direct(field))
                        buf_printf(out, "        out->%s = %s%s;\n", field->name,
                                   field->kind == IDL_CHAR ? "(unsigned char)" : "", op->rets[i]);
        }
        if (indirect)
                buf_puts(out, "        return r;\n");
        buf_puts(out, "}\n");
}

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
                buf_printf(gen->c, "        &%s_type,\n", names_of(gen->arena, &op->idl->raises[i]->decl));
        buf_puts(gen->c, "};\n");
        return name;
}

static void tables(struct gen *gen, const struct idl_interface *interface, struct operation *ops) {
        const char *name = names_of(gen->arena, &interface->decl), *methods = "NULL", **invoke, **raised;
        struct buf *out = gen->c;

        invoke = arena_array(gen->arena, const char *, interface->n_ops);
        raised = arena_array(gen->arena, const char *, interface->n_ops);
        for (unsigned i = 0; i < interface->n_ops; i++) {
                invoke[i] = names_private(&gen->names, arena_printf(gen->arena, "%s_invoke", ops[i].full));
                thunk(gen, interface, &ops[i], invoke[i]);
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
                buf_printf(out, "          %s, %u, %s, %" PRIu32 ", %s },\n", raised[i], op->n_raises,
                           op->idempotent ? "VIA_METHOD_IDEMPOTENT" : "0", op->deadline, invoke[i]);
        }
        if (interface->n_ops)
                buf_puts(out, "};\n");
        buf_printf(out, "\nconst struct via_interface %s_interface = {\n        \"%s\", %s, %u,\n};\n", name,
                   names_dotted(gen->arena, &interface->decl), methods, interface->n_ops);
}

static struct list serve_arguments(struct gen *gen, const char *name) {
        struct list list = { .arena = gen->arena };

        list_add(&list, "struct via_server *server");
        list_add(&list, "const struct %s_ops *ops", name);
        list_add(&list, "void *self");
        list_add(&list, "struct via_error *err");
        return list;
}

void gen_server_header(struct gen *gen, const struct idl_interface *interface, struct operation *ops) {
        const char *name = names_of(gen->arena, &interface->decl);
        struct list serve = serve_arguments(gen, name);
        struct buf *out = gen->h;

        buf_puts(out, "\n/* What the server does for each; what is NULL is answered with VIA_UNIMPLEMENTED. */\n");
        buf_printf(out, "struct %s_ops {\n", name);
        for (unsigned i = 0; i < interface->n_ops; i++) {
                struct list list = { .arena = gen->arena };

                list_add(&list, "struct via_call *call");
                list_ins(&list, &ops[i]);
                list_server_rets(&list, &ops[i]);
                emit_list(out, arena_printf(gen->arena, "        int (*%s)(", ops[i].name), &list, ");\n");
        }
        if (!interface->n_ops)
                buf_puts(out, "        void *none;                     /* there are no operations */\n");
        buf_puts(out, "};\n\n/* Serves it by @ops; a handler gets @self from via_call_self(). Both stay yours. */\n");
        emit_list(out, arena_printf(gen->arena, "int %s_serve(", name), &serve, ");\n");
}

void gen_server_source(struct gen *gen, const struct idl_interface *interface, struct operation *ops) {
        const char *name = names_of(gen->arena, &interface->decl);
        struct list serve = serve_arguments(gen, name);

        tables(gen, interface, ops);
        buf_putc(gen->c, '\n');
        emit_list(gen->c, arena_printf(gen->arena, "int %s_serve(", name), &serve, ") {\n");
        buf_printf(gen->c, "        return via_server_add(server, &%s_interface, ops, self, err);\n}\n", name);
}
