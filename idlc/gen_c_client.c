/*
 * gen_c_client.c - the functions by which a client calls
 *
 * A stub puts its arguments into a request on its stack, calls, and hands out what the response
 * holds; it allocates nothing. What nobody asked for is freed, unless it lives in the caller's
 * arena.
 */
#include <inttypes.h>
#include <string.h>
#include "gen_c.h"
#include "gen_c_operation.h"

/*
 * The initialiser of one member of the request: the arguments are read only, but protobuf-c has
 * no const.
 */
static void request_member(struct buf *out, const struct field *field) {
        if (field->many || field->bytes) {
                const char *type = field->many ? field->type : "uint8_t ";
                const char *open = field->many ? "" : "{ ", *close = field->many ? "" : " }";

                if (field->exact)
                        buf_printf(out, "                %s%" PRIu32 ", (%s*)%s%s,\n", open,
                                   field->count, type, field->name, close);
                else
                        buf_printf(out, "                %sn_%s, (%s*)%s%s,\n", open,
                                   field->name, type, field->name, close);
        } else if (field->kind == IDL_STRING || field->kind == IDL_STRUCT) {
                buf_printf(out, "                (%s)%s,\n", field->type, field->name);
        } else if (field->kind == IDL_CHAR) {
                buf_printf(out, "                (unsigned char)%s,\n", field->name);
        } else {
                buf_printf(out, "                %s,\n", field->name);
        }
}

static bool is_owned(const struct field *field) {
        return field->many || field->bytes || field->kind == IDL_STRING ||
               field->kind == IDL_STRUCT;
}

/*
 * Moves one member of the response to where the caller wants it; @rest: what is not is freed
 * later.
 */
static void hand_out(struct buf *out, const struct operation *op, unsigned i, const char *response,
                     bool rest) {
        const struct field *field = &op->response.fields[i];
        const char *ret = op->rets[i], *data = field->bytes && !field->many ? ".data" : "";
        bool sized = (field->many || field->bytes) && !field->exact;

        if (sized)
                buf_printf(out, field->many ? "        if (%s)\n                *%s = %s.n_%s;\n"
                                            : "        if (%s)\n                *%s = %s.%s.len;\n",
                           op->n_rets[i], op->n_rets[i], response, field->name);

        buf_printf(out, "        if (%s)%s\n                *%s = ", ret,
                   is_owned(field) && rest ? " {" : "", ret);
        if (field_is_direct(field))
                buf_printf(out, "%s.%s%s;\n", response, field->name, data);
        else if (field->kind == IDL_BOOLEAN)
                buf_printf(out, "%s.%s != 0;\n", response, field->name);
        else
                buf_printf(out, "(%.*s)%s.%s;\n", (int)strcspn(field->value, " "), field->value,
                           response, field->name);
        if (!is_owned(field) || !rest)
                return;
        if (field->many)
                buf_printf(out, "                %s.n_%s = 0;\n", response, field->name);
        buf_printf(out, "                %s.%s%s = NULL;\n        }\n", response, field->name,
                   data);
}

/* All of them; what nobody wants is freed, unless it is in the caller's arena. */
static void hand_out_all(struct buf *out, const struct operation *op, const char *response) {
        const struct message *message = &op->response;
        unsigned n_owned = 0, last = 0;

        for (unsigned i = 0; i < message->n_fields; i++) {
                if (is_owned(&message->fields[i])) {
                        n_owned++;
                        last = i;
                }
        }
        for (unsigned i = 0; i < message->n_fields; i++)
                hand_out(out, op, i, response, n_owned > 1);
        if (n_owned == 1)
                buf_printf(out, "        if (!%s && (!options || !options->arena))\n",
                           op->rets[last]);
        else if (n_owned)
                buf_puts(out, "        if (!options || !options->arena)\n");
        if (n_owned)
                buf_printf(out, "                via_message_fini(&%s_type, &%s);\n",
                           message->name, response);
}

/* "int hello_Greeter_greet", with the options or without. */
static struct list arguments(struct gen *gen, const struct operation *op, bool with) {
        struct list list = { .arena = gen->arena };

        list_add(&list, "struct via_client *client");
        if (with)
                list_add(&list, "const struct via_call_options *options");
        list_ins(&list, op);
        list_client_rets(&list, op);
        list_add(&list, "struct via_error *err");
        return list;
}

static void stub_with(struct gen *gen, struct operation *op, const char *interface,
                      unsigned index) {
        struct list list = arguments(gen, op, true);
        const char *request = operation_local(op, "request"),
                   *response = operation_local(op, "response");
        const char *code = operation_local(op, "r");
        const struct message *in = &op->request, *out_message = &op->response;
        struct buf *out = gen->c;
        bool oneway = op->idl->oneway;

        buf_putc(out, '\n');
        emit_list(out, arena_printf(gen->arena, "int %s_with(", op->full), &list, ") {\n");
        buf_printf(out, "        const struct %s %s = {\n", in->name, request);
        buf_printf(out, "                { &%s_type.desc, 0, NULL },\n", in->name);
        for (unsigned i = 0; i < in->n_fields; i++)
                request_member(out, &in->fields[i]);
        buf_puts(out, "        };\n");
        if (!oneway)
                buf_printf(out, "        struct %s %s;\n", out_message->name, response);

        if (!out_message->n_fields) {
                buf_printf(
                        out,
                        "\n        return via_client_call(client, &%s_interface.methods[%u], options, "
                        "&%s,\n                               %s%s, err);\n}\n",
                        interface, index, request, oneway ? "" : "&",
                        oneway ? "NULL" : response);
                return;
        }
        buf_printf(out, "        int %s;\n\n", code);
        buf_printf(
                out,
                "        %s = via_client_call(client, &%s_interface.methods[%u], options, &%s,\n"
                "                            &%s, err);\n",
                code, interface, index, request, response);
        buf_printf(out, "        if (%s)\n                return %s;\n\n", code, code);
        hand_out_all(out, op, response);
        buf_puts(out, "        return VIA_OK;\n}\n");
}

static void stub(struct gen *gen, const struct operation *op) {
        struct list list = arguments(gen, op, false), pass = { .arena = gen->arena };
        struct buf *out = gen->c;

        buf_putc(out, '\n');
        emit_list(out, arena_printf(gen->arena, "int %s(", op->full), &list, ") {\n");
        list_add(&pass, "client");
        list_add(&pass, "NULL");
        for (unsigned i = 0; i < op->request.n_fields; i++) {
                const struct field *field = &op->request.fields[i];

                if ((field->many || field->bytes) && !field->exact)
                        list_add(&pass, "n_%s", field->name);
                list_add(&pass, "%s", field->name);
        }
        for (unsigned i = 0; i < op->response.n_fields; i++) {
                const struct field *field = &op->response.fields[i];

                if ((field->many || field->bytes) && !field->exact)
                        list_add(&pass, "%s", op->n_rets[i]);
                list_add(&pass, "%s", op->rets[i]);
        }
        list_add(&pass, "err");
        emit_list(out, arena_printf(gen->arena, "        return %s_with(", op->full), &pass,
                  ");\n}\n");
}

/* What a prototype does not show of an operation; "" if there is nothing. */
static const char *facts(struct gen *gen, const struct idl_operation *op) {
        struct buf text = { 0 };
        const char *kept;

        for (unsigned i = 0; i < op->n_raises; i++)
                buf_printf(&text, "%s%s%s", i ? ", " : "Raises ",
                           names_of(gen->arena, &op->raises[i]->decl),
                           i + 1 == op->n_raises ? "." : "");
        if (op->oneway)
                buf_puts(&text,
                         "Oneway: it has been sent when this returns, and no more is known.");
        if (op->deadline)
                buf_printf(&text,
                           "%sIts deadline is %" PRIu32 " ms, unless the options have another.",
                           text.len ? " " : "", op->deadline);
        kept = text.len ? arena_strdup(gen->arena, text.data) : "";
        buf_fini(&text);
        return kept;
}

/* The .idl's comment, and the facts. */
static const char *comment_of(struct gen *gen, const struct idl_operation *op) {
        const char *doc = emit_clean(gen->arena, op->decl.doc), *more = facts(gen, op);
        struct buf text = { 0 };

        if (doc)
                buf_puts(&text, doc);
        if (*more)
                buf_printf(&text, "%s%s", !doc ? "" : strchr(doc, '\n') ? "\n\n" : " ", more);
        for (unsigned i = 0; i < op->n_params; i++) {
                const char *param = emit_clean(gen->arena, op->params[i]->decl.doc);

                if (param)
                        buf_printf(&text, "%s@%s: %s", text.len ? "\n" : "",
                                   op->params[i]->decl.name, param);
        }
        doc = text.data ? arena_strdup(gen->arena, text.data) : NULL;
        buf_fini(&text);
        return doc;
}

void gen_client_header(struct gen *gen, struct operation *ops, unsigned n) {
        for (unsigned i = 0; i < n; i++) {
                struct list list = arguments(gen, &ops[i], false),
                            with = arguments(gen, &ops[i], true);

                buf_putc(gen->h, '\n');
                emit_comment(gen->h, 0, comment_of(gen, ops[i].idl));
                emit_list(gen->h, arena_printf(gen->arena, "int %s(", ops[i].full), &list, ");\n");
                emit_list(gen->h, arena_printf(gen->arena, "int %s_with(", ops[i].full), &with,
                          ");\n");
        }
}

void gen_client_source(struct gen *gen, const struct idl_interface *interface,
                       struct operation *ops) {
        const char *name = names_of(gen->arena, &interface->decl);

        for (unsigned i = 0; i < interface->n_ops; i++) {
                stub_with(gen, &ops[i], name, i);
                stub(gen, &ops[i]);
        }
}
