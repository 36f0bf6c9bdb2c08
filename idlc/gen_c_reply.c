/*
 * gen_c_reply.c - how a handler that has put its call off answers it
 */
#include "gen_c_operation.h"

static struct list arguments(struct gen *gen, const struct operation *op) {
        struct list list = { .arena = gen->arena };

        list_add(&list, "struct via_call *call");
        list_ins(&list, &op->response);
        return list;
}

void gen_reply_header(struct gen *gen, const struct operation *op) {
        struct list list = arguments(gen, op);

        emit_list(gen->h, arena_printf(gen->arena, "int %s_reply(", op->full), &list, ");\n");
}

void gen_reply_source(struct gen *gen, const struct operation *op) {
        struct list list = arguments(gen, op);

        buf_putc(gen->c, '\n');
        emit_list(gen->c, arena_printf(gen->arena, "int %s_reply(", op->full), &list, ") {\n");
        put_arguments(gen->c, &op->response, op->local.reply);
        buf_printf(gen->c, "\n        return via_call_reply(call, &%s);\n}\n", op->local.reply);
}
