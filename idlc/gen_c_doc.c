/*
 * gen_c_doc.c - what the header says above the functions of an operation
 */
#include <inttypes.h>
#include <string.h>
#include "gen_c_operation.h"

/* What a prototype does not show of an operation; "" if there is nothing. */
static const char *facts(struct gen *gen, const struct idl_operation *op) {
        struct buf text = { 0 };
        const char *kept;

        for (unsigned i = 0; i < op->n_raises; i++)
                buf_printf(&text, "%s%s%s", i ? ", " : "Raises ",
                           names_of(gen->arena, &op->raises[i]->decl),
                           i + 1 == op->n_raises ? "." : "");
        if (op->stream_in && op->stream_out)
                buf_printf(&text,
                           "%sStreams both ways: @%s to the handler, the result to the client.",
                           text.len ? " " : "", op->stream_in->decl.name);
        else if (op->stream_in)
                buf_printf(&text, "%sStreams @%s: the client writes, the handler reads.",
                           text.len ? " " : "", op->stream_in->decl.name);
        else if (op->stream_out)
                buf_printf(&text, "%sStreams its result: the handler writes, the client reads.",
                           text.len ? " " : "");
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

const char *operation_comment(struct gen *gen, const struct idl_operation *op) {
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
