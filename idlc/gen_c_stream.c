/*
 * gen_c_stream.c - the functions by which items are read and written, and a stream begun and ended
 *
 * None of them keeps anything: an item goes from its arguments into a message, or out of one, as
 * the arguments and the results of a call do.
 */
#include "gen_c_operation.h"

static struct list open_arguments(struct gen *gen, const struct operation *op, bool with) {
        struct list list = { .arena = gen->arena };

        list_add(&list, "struct via_client *client");
        if (with)
                list_add(&list, "const struct via_call_options *options");
        list_ins(&list, &op->request);
        list_add(&list, "struct via_stream **ret_stream");
        list_add(&list, "struct via_error *err");
        return list;
}

static struct list arguments(struct gen *gen, const struct message *ins,
                             const struct message *rets) {
        struct list list = { .arena = gen->arena };

        list_add(&list, "struct via_stream *stream");
        if (ins)
                list_ins(&list, ins);
        if (rets)
                list_client_rets(&list, rets);
        list_add(&list, "struct via_error *err");
        return list;
}

static const char *head(struct gen *gen, const struct operation *op, const char *suffix) {
        return arena_printf(gen->arena, "int %s_%s(", op->full, suffix);
}

static void open_source(struct gen *gen, const struct operation *op) {
        struct list with = open_arguments(gen, op, true), list = open_arguments(gen, op, false),
                    pass = { .arena = gen->arena };

        buf_putc(gen->c, '\n');
        emit_list(gen->c, head(gen, op, "open_with"), &with, ") {\n");
        put_arguments(gen->c, &op->request, op->local.request);
        buf_printf(gen->c,
                   "\n        return via_stream_open(client, &%s, options, &%s,\n"
                   "                               ret_stream, err);\n}\n\n",
                   op->method, op->local.request);

        emit_list(gen->c, head(gen, op, "open"), &list, ") {\n");
        list_add(&pass, "client");
        list_add(&pass, "NULL");
        pass_ins(&pass, &op->request);
        list_add(&pass, "ret_stream");
        list_add(&pass, "err");
        emit_list(gen->c, arena_printf(gen->arena, "        return %s_open_with(", op->full),
                  &pass, ");\n}\n");
}

/* The item is the only thing that could be freed, so its arena is asked for only then. */
static void read_source(struct gen *gen, const struct operation *op, const struct item *item,
                        const char *suffix) {
        struct list list = arguments(gen, NULL, &item->message);
        struct buf *out = gen->c;

        buf_putc(out, '\n');
        emit_list(out, head(gen, op, suffix), &list, ") {\n");
        buf_printf(out,
                   "        struct %s %s;\n"
                   "        int %s;\n\n"
                   "        %s = via_stream_read(stream, &%s, &%s, err);\n"
                   "        if (%s)\n                return %s;\n\n",
                   item->message.name, item->local, item->code, item->code, op->method,
                   item->local, item->code, item->code);
        hand_out(out, &item->message, item->local, "!via_stream_arena(stream)");
        buf_puts(out, "        return VIA_OK;\n}\n");
}

static void write_source(struct gen *gen, const struct operation *op, const struct item *item,
                         const char *suffix) {
        struct list list = arguments(gen, &item->message, NULL);

        buf_putc(gen->c, '\n');
        emit_list(gen->c, head(gen, op, suffix), &list, ") {\n");
        put_arguments(gen->c, &item->message, item->local);
        buf_printf(gen->c, "\n        return via_stream_write(stream, &%s, &%s, err);\n}\n",
                   op->method, item->local);
}

static bool has_owned(const struct message *message) {
        for (unsigned i = 0; i < message->n_fields; i++)
                if (field_is_owned(&message->fields[i]))
                        return true;
        return false;
}

/* The stream is gone when it is finished, so its arena is asked for before. */
static void finish_source(struct gen *gen, const struct operation *op) {
        struct list list = arguments(gen, NULL, &op->response);
        const char *code = op->local.code, *response = op->local.response;
        bool owned = has_owned(&op->response);
        struct buf *out = gen->c;

        buf_putc(out, '\n');
        emit_list(out, head(gen, op, "finish"), &list, ") {\n");
        buf_printf(out, "        struct %s %s;\n", op->response.name, response);
        if (owned)
                buf_printf(out, "        struct via_arena *%s = via_stream_arena(stream);\n",
                           op->local.arena);
        if (!op->response.n_fields) {
                buf_printf(out, "\n        return via_stream_finish(stream, &%s, &%s, err);\n}\n",
                           op->method, response);
                return;
        }
        buf_printf(out,
                   "        int %s;\n\n"
                   "        %s = via_stream_finish(stream, &%s, &%s, err);\n"
                   "        if (%s)\n                return %s;\n\n",
                   code, code, op->method, response, code, code);
        hand_out(out, &op->response, response,
                 arena_printf(gen->arena, "!%s", op->local.arena));
        buf_puts(out, "        return VIA_OK;\n}\n");
}

/* Who reads what, and who writes: @one if both sides have functions of one type. */
static const struct item *read_item(const struct operation *op) {
        return op->out_item.message.name ? &op->out_item : &op->in_item;
}

static const struct item *write_item(const struct operation *op) {
        return op->in_item.message.name ? &op->in_item : &op->out_item;
}

void gen_stream_source(struct gen *gen, const struct operation *op) {
        open_source(gen, op);
        read_source(gen, op, read_item(op), "read");
        write_source(gen, op, write_item(op), "write");
        if (!operation_one_item(op)) {
                read_source(gen, op, &op->in_item, "read_in");
                write_source(gen, op, &op->out_item, "write_out");
        }
        if (op->idl->stream_in)
                buf_printf(
                        gen->c,
                        "\nint %s_close_send(struct via_stream *stream, struct via_error *err) {\n"
                        "        return via_stream_close_send(stream, err);\n}\n",
                        op->full);
        finish_source(gen, op);
}

static void prototype(struct gen *gen, const struct operation *op, const char *suffix,
                      struct list list) {
        emit_list(gen->h, head(gen, op, suffix), &list, ");\n");
}

void gen_stream_header(struct gen *gen, const struct operation *op) {
        buf_putc(gen->h, '\n');
        emit_comment(gen->h, 0, operation_comment(gen, op->idl));
        prototype(gen, op, "open", open_arguments(gen, op, false));
        prototype(gen, op, "open_with", open_arguments(gen, op, true));
        prototype(gen, op, "read", arguments(gen, NULL, &read_item(op)->message));
        prototype(gen, op, "write", arguments(gen, &write_item(op)->message, NULL));
        if (!operation_one_item(op)) {
                emit_comment(gen->h, 0, "The handler's, whose items are the other way round.");
                prototype(gen, op, "read_in", arguments(gen, NULL, &op->in_item.message));
                prototype(gen, op, "write_out", arguments(gen, &op->out_item.message, NULL));
        }
        if (op->idl->stream_in)
                prototype(gen, op, "close_send", arguments(gen, NULL, NULL));
        prototype(gen, op, "finish", arguments(gen, NULL, &op->response));
}
