/*
 * gen_c_client.c - the functions by which a client calls
 *
 * A stub puts its arguments into a request on its stack, calls, and hands out what the response
 * holds; it allocates nothing. What nobody asked for is freed, unless it lives in the caller's
 * arena.
 */
#include "gen_c_operation.h"

/* "int hello_Greeter_greet", with the options or without. */
static struct list arguments(struct gen *gen, const struct operation *op, bool with) {
        struct list list = { .arena = gen->arena };

        list_add(&list, "struct via_client *client");
        if (with)
                list_add(&list, "const struct via_call_options *options");
        list_ins(&list, &op->request);
        list_client_rets(&list, &op->response);
        list_add(&list, "struct via_error *err");
        return list;
}

static void stub_with(struct gen *gen, const struct operation *op) {
        struct list list = arguments(gen, op, true);
        const char *code = op->local.code;
        struct buf *out = gen->c;
        bool oneway = op->idl->oneway;

        buf_putc(out, '\n');
        emit_list(out, arena_printf(gen->arena, "int %s_with(", op->full), &list, ") {\n");
        put_arguments(out, &op->request, op->local.request);
        if (!oneway)
                buf_printf(out, "        struct %s %s;\n", op->response.name, op->local.response);

        if (!op->response.n_fields) {
                buf_printf(out,
                           "\n        return via_client_call(client, &%s, options, &%s,\n"
                           "                               %s%s, err);\n}\n",
                           op->method, op->local.request, oneway ? "" : "&",
                           oneway ? "NULL" : op->local.response);
                return;
        }
        buf_printf(out, "        int %s;\n\n", code);
        buf_printf(out,
                   "        %s = via_client_call(client, &%s, options, &%s,\n"
                   "                            &%s, err);\n",
                   code, op->method, op->local.request, op->local.response);
        buf_printf(out, "        if (%s)\n                return %s;\n\n", code, code);
        hand_out(out, &op->response, op->local.response, "!options || !options->arena");
        buf_puts(out, "        return VIA_OK;\n}\n");
}

static void stub(struct gen *gen, const struct operation *op) {
        struct list list = arguments(gen, op, false), pass = { .arena = gen->arena };
        struct buf *out = gen->c;

        buf_putc(out, '\n');
        emit_list(out, arena_printf(gen->arena, "int %s(", op->full), &list, ") {\n");
        list_add(&pass, "client");
        list_add(&pass, "NULL");
        pass_ins(&pass, &op->request);
        pass_client_rets(&pass, &op->response);
        list_add(&pass, "err");
        emit_list(out, arena_printf(gen->arena, "        return %s_with(", op->full), &pass,
                  ");\n}\n");
}

void gen_client_header(struct gen *gen, const struct operation *op) {
        struct list list = arguments(gen, op, false), with = arguments(gen, op, true);

        buf_putc(gen->h, '\n');
        emit_comment(gen->h, 0, operation_comment(gen, op->idl));
        emit_list(gen->h, arena_printf(gen->arena, "int %s(", op->full), &list, ");\n");
        emit_list(gen->h, arena_printf(gen->arena, "int %s_with(", op->full), &with, ");\n");
}

void gen_client_source(struct gen *gen, const struct operation *op) {
        stub_with(gen, op);
        stub(gen, op);
}
