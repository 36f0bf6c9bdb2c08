/*
 * gen_c_operation_names.c - what the arguments of an operation are called, and the locals
 * beside them
 */
#include <string.h>
#include "gen_c_operation.h"

static void take_all(struct pool *pool, const char *const *names) {
        for (; *names; names++)
                pool_take(pool, *names, NULL);
}

/*
 * The parameters that go in keep their names if anything does. A result may then not find
 * "ret_x" free, and takes what is. What comes out is an argument by its own name too, where it is
 * given: to who has not waited for it, and by who replies.
 */
static void name_arguments(struct gen *gen, struct operation *op) {
        static const char *const ours[] = { "base", "call", "client", "err", "options", NULL };
        static const char *const async[] = { "on_done", "user", NULL };
        static const char *const outs[] = { "base", "call", "code", "err", "user", NULL };
        static const char *const stream[] = { "ret_stream", "stream", NULL };
        struct message *in = &op->request, *out = &op->response;
        struct pool pool, members;

        pool_init(&pool, &gen->names);
        pool.arguments = true;
        take_all(&pool, ours);
        take_all(&pool, op->streams ? stream : async);
        for (unsigned i = 0; i < in->n_fields; i++)
                in->fields[i].name = pool_pick(&pool, in->fields[i].label,
                                               field_companion(&in->fields[i]), NULL);

        pool_init(&members, &gen->names);
        members.arguments = true;
        take_all(&members, outs);
        for (unsigned i = 0; i < out->n_fields; i++) {
                struct field *field = &out->fields[i];
                const char *label = field->decl ? field->label : "result";

                field->name = pool_pick(&members, label, field_companion(field), NULL);
                field->ret = pool_pick(&pool, arena_printf(gen->arena, "ret_%s", label), NULL,
                                       NULL);
                field->n_ret = pool_pick(&pool, arena_printf(gen->arena, "ret_n_%s", label), NULL,
                                         NULL);
        }
        op->local.request = pool_pick(&pool, "request", NULL, NULL);
        op->local.response = pool_pick(&pool, "response", NULL, NULL);
        op->local.code = pool_pick(&pool, "r", NULL, NULL);
        op->local.arena = pool_pick(&pool, "arena", NULL, NULL);
        op->local.reply = pool_pick(&members, "response", NULL, NULL);
        pool_fini(&members);
        pool_fini(&pool);
}

/* An item is called so whatever the parameter is called: who reads may not be who has written. */
static void name_item(struct gen *gen, struct item *item) {
        static const char *const ours[] = { "base", "err", "stream", NULL };
        struct field *field = item->message.fields;
        struct pool pool;

        if (!item->message.name)
                return;
        pool_init(&pool, &gen->names);
        pool.arguments = true;
        take_all(&pool, ours);
        field->name = pool_pick(&pool, "item", field_companion(field), NULL);
        field->ret = pool_pick(&pool, "ret_item", NULL, NULL);
        field->n_ret = pool_pick(&pool, "ret_n_item", NULL, NULL);
        item->local = pool_pick(&pool, "message", NULL, NULL);
        item->code = pool_pick(&pool, "r", NULL, NULL);
        pool_fini(&pool);
}

void operation_names(struct gen *gen, struct operation *op) {
        name_arguments(gen, op);
        name_item(gen, &op->in_item);
        name_item(gen, &op->out_item);
}

bool operation_one_item(const struct operation *op) {
        const struct field *in = op->in_item.message.fields, *out = op->out_item.message.fields;

        if (!op->in_item.message.name || !op->out_item.message.name)
                return true;
        return !strcmp(in->type, out->type) && in->many == out->many && in->exact == out->exact &&
               (!in->exact || in->count == out->count) &&
               (in->many || in->bytes || !strcmp(in->value, out->value));
}
