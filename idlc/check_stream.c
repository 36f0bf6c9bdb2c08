/*
 * check_stream.c - what of an operation is streamed, and whether it can be
 */
#include "check.h"

static const struct idl_annotation *stream_of(const struct idl_decl *decl) {
        return annotation_flag(decl, "stream") ? idl_annotation(decl, "stream") : NULL;
}

static void check_param(struct checker *c, struct idl_operation *op, struct idl_param *param) {
        const struct idl_annotation *stream = stream_of(&param->decl);

        if (!stream)
                return;
        if (param->dir != IDL_IN) {
                diag(c->diag, STREAM_OUT, stream->at, param->dir == IDL_OUT ? "out" : "inout",
                     param->decl.name);
                diag_help(c->diag, "what the server streams is the result: `@stream` goes before "
                                   "the operation then");
        } else if (op->stream_in) {
                diag(c->diag, STREAM_TWO, stream->at, op->decl.name);
                diag_note(c->diag, op->stream_in->decl.at, "`%s` is streamed too",
                          op->stream_in->decl.name);
                diag_help(c->diag, "make a struct of the two, and stream that");
        } else {
                op->stream_in = param;
        }
}

void check_streams(struct checker *c, struct idl_operation *op) {
        const struct idl_annotation *stream = stream_of(&op->decl), *in = NULL;

        for (unsigned i = 0; i < op->n_params; i++) {
                check_param(c, op, op->params[i]);
                if (!in)
                        in = stream_of(&op->params[i]->decl);
        }
        op->stream_out = stream != NULL;
        if (op->oneway && (stream || in)) {
                diag(c->diag, STREAM_ONEWAY, stream ? stream->at : in->at, op->decl.name);
                diag_help(c->diag, "a stream ends with an answer; leave out `oneway`");
        } else if (stream && op->result->kind == IDL_VOID) {
                diag(c->diag, STREAM_VOID, stream->at, op->decl.name);
                diag_help(c->diag, "`@stream` before the operation streams its result, before an "
                                   "`in` parameter that parameter");
        }
}
