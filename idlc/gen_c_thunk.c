/*
 * gen_c_thunk.c - how a call reaches the function that handles it: message in, arguments,
 * message out
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
                buf_printf(
                        out,
                        "        out->%s = (struct %s *)via_call_new(call, &%s_type);\n"
                        "        if (!out->%s)\n                return VIA_RESOURCE_EXHAUSTED;\n",
                        field->name, field->of, field->of, field->name);
                return;
        }
        if (!field->exact)
                return;
        buf_printf(out,
                   "        out->%s%s = (%s*)via_call_alloc(call, %" PRIu32
                   " * sizeof(*out->%s%s));\n"
                   "        if (!out->%s%s)\n                return VIA_RESOURCE_EXHAUSTED;\n",
                   field->name, data, type, field->count, field->name, data, field->name, data);
        if (!field->many) {
                buf_printf(out, "        out->%s.len = %" PRIu32 ";\n", field->name, field->count);
                return;
        }
        buf_printf(out, "        out->n_%s = %" PRIu32 ";\n", field->name, field->count);
        if (field->kind == IDL_STRUCT)
                buf_printf(
                        out,
                        "        for (size_t i = 0; i < out->n_%s; i++) {\n"
                        "                out->%s[i] = (struct %s *)via_call_new(call, &%s_type);\n"
                        "                if (!out->%s[i])\n"
                        "                        return VIA_RESOURCE_EXHAUSTED;\n        }\n",
                        field->name, field->name, field->of, field->of, field->name);
}

/* The arguments that the handler gets out of the request, and into the response. */
static void pass(struct list *list, const struct operation *op) {
        list_add(list, "call");
        pass_members(list, &op->request, "in");
        if (op->streams)
                list_add(list, "via_call_stream(call)");
        for (unsigned i = 0; i < op->response.n_fields; i++) {
                const struct field *field = &op->response.fields[i];
                bool bytes = field->bytes && !field->many;

                if ((field->many || bytes) && !field->exact)
                        list_add(list, bytes ? "&out->%s.len" : "&out->n_%s", field->name);
                if (bytes)
                        list_add(list, field->exact ? "out->%s.data" : "&out->%s.data",
                                 field->name);
                else if ((field->many && field->exact) ||
                         (field->kind == IDL_STRUCT && !field->many))
                        list_add(list, "out->%s", field->name);
                else if (field_is_direct(field))
                        list_add(list, "&out->%s", field->name);
                else
                        list_add(list, "&%s", field->ret);
        }
}

void gen_thunk(struct gen *gen, const struct idl_interface *interface,
               const struct operation *op, const char *invoke) {
        const char *name = names_of(gen->arena, &interface->decl);
        const struct message *in = &op->request, *message = &op->response;
        struct list list = { .arena = gen->arena };
        struct buf *out = gen->c;
        bool indirect = false;

        for (unsigned i = 0; i < message->n_fields; i++)
                indirect = indirect || !field_is_direct(&message->fields[i]);

        buf_printf(
                out,
                "\nstatic int %s(struct via_call *call, const void *ops, const void *request,\n",
                invoke);
        buf_printf(out, "%*svoid *response) {\n", (int)strlen(invoke) + 12, "");
        buf_printf(out, "        const struct %s_ops *table = (const struct %s_ops *)ops;\n",
                   name, name);
        if (in->n_fields)
                buf_printf(out, "        const struct %s *in = (const struct %s *)request;\n",
                           in->name, in->name);
        if (message->n_fields)
                buf_printf(out, "        struct %s *out = (struct %s *)response;\n", message->name,
                           message->name);
        for (unsigned i = 0; i < message->n_fields; i++)
                if (!field_is_direct(&message->fields[i]))
                        buf_printf(out, "        %s%s = 0;\n", message->fields[i].value,
                                   message->fields[i].ret);
        if (indirect)
                buf_puts(out, "        int r;\n");
        buf_putc(out, '\n');
        if (!in->n_fields)
                buf_puts(out, "        (void)request;\n");
        if (!message->n_fields)
                buf_puts(out, "        (void)response;\n");
        buf_printf(out, "        if (!table->%s)\n                return VIA_UNIMPLEMENTED;\n",
                   op->name);

        for (unsigned i = 0; i < message->n_fields; i++)
                prepare(gen, &message->fields[i]);
        pass(&list, op);
        emit_list(out,
                  arena_printf(gen->arena, "        %s table->%s(", indirect ? "r =" : "return",
                               op->name),
                  &list, ");\n");
        for (unsigned i = 0; i < message->n_fields; i++) {
                const struct field *field = &message->fields[i];

                if (!field_is_direct(field))
                        buf_printf(out, "        out->%s = %s%s;\n", field->name,
                                   field->kind == IDL_CHAR ? "(unsigned char)" : "", field->ret);
        }
        if (indirect)
                buf_puts(out, "        return r;\n");
        buf_puts(out, "}\n");
}
