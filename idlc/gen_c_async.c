/*
 * gen_c_async.c - calls that do not wait: how one is started, and how it hands out what came back
 *
 * The runtime knows one kind of function to call back. A generated one of that kind takes the
 * response apart and calls the user's, which has the results for arguments.
 */
#include "gen_c_operation.h"

/* What the user's function gets; of a oneway operation there are no results. */
static struct list done_arguments(struct gen *gen, const struct operation *op) {
        struct list list = { .arena = gen->arena };

        list_add(&list, "void *user");
        list_add(&list, "int code");
        list_ins(&list, &op->response);
        list_add(&list, "const struct via_error *err");
        return list;
}

static struct list arguments(struct gen *gen, const struct operation *op) {
        struct list list = { .arena = gen->arena };

        list_add(&list, "struct via_client *client");
        list_ins(&list, &op->request);
        list_add(&list, "const struct via_call_options *options");
        list_add(&list, "%s_done_fn on_done", op->full);
        list_add(&list, "void *user");
        return list;
}

void gen_async_header(struct gen *gen, const struct operation *op) {
        struct list done = done_arguments(gen, op), list = arguments(gen, op);

        emit_list(gen->h, arena_printf(gen->arena, "typedef void (*%s_done_fn)(", op->full), &done,
                  ");\n");
        emit_list(gen->h, arena_printf(gen->arena, "struct via_handle *%s_async(", op->full),
                  &list, ");\n");
}

/* Without a response there is nothing to hand out, and everything is zero. */
static void reply(struct gen *gen, const struct operation *op, const char *name) {
        const struct message *message = &op->response;
        struct list list = { .arena = gen->arena }, head = { .arena = gen->arena };
        struct buf *out = gen->c;

        list_add(&head, "via_any_fn on_done");
        list_add(&head, "void *user");
        list_add(&head, "int code");
        list_add(&head, "const void *response");
        list_add(&head, "const struct via_error *err");
        list_add(&list, "user");
        list_add(&list, "code");
        pass_members(&list, message, "out");
        list_add(&list, "err");

        buf_putc(out, '\n');
        emit_list(out, arena_printf(gen->arena, "static void %s(", name), &head, ") {\n");
        if (message->n_fields)
                buf_printf(out,
                           "        const struct %s *out = (const struct %s *)response;\n"
                           "        struct %s none;\n\n"
                           "        if (!out) {\n"
                           "                memset(&none, 0, sizeof(none));\n"
                           "                out = &none;\n"
                           "        }\n",
                           message->name, message->name, message->name);
        else
                buf_puts(out, "        (void)response;\n");
        buf_puts(out, "        if (on_done)\n");
        emit_list(out, arena_printf(gen->arena, "                ((%s_done_fn)on_done)(", op->full),
                  &list, ");\n}\n");
}

void gen_async_source(struct gen *gen, const struct operation *op) {
        const char *name = names_private(&gen->names,
                                         arena_printf(gen->arena, "%s_replied", op->full));
        struct list list = arguments(gen, op);

        reply(gen, op, name);
        buf_putc(gen->c, '\n');
        emit_list(gen->c, arena_printf(gen->arena, "struct via_handle *%s_async(", op->full),
                  &list, ") {\n");
        put_arguments(gen->c, &op->request, op->local.request);
        buf_printf(gen->c,
                   "\n        return via_client_async(client, &%s, options, &%s,\n"
                   "                                %s, (via_any_fn)on_done, user);\n}\n",
                   op->method, op->local.request, name);
}
