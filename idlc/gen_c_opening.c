/*
 * gen_c_opening.c - the comment that a generated header opens with
 */
#include <string.h>
#include "emit.h"
#include "gen_c.h"

/*
 * What every header says of whose memory is whose; and of what there is in it, once instead of
 * at each.
 */
static const char ownership[] =
        "What a call returns is yours: free() a string or a sequence of numbers, NAME_free() a struct, "
        "via_strings_free(), via_octets_free() or NAME_free_all() a sequence of strings, octet sequences or structs. What you pass in stays yours. What a "
        "handler is given lives until the handler returns, and what it returns need only live as long: "
        "via_call_printf(), via_call_alloc() make such memory.";

/* What there must be in the file for a paragraph to be of use. */
enum wanted {
        CALLS,
        STREAMS,
        HANDLERS,
        EXCEPTIONS,
        STRUCTS,
        ENUMS,
};

static const struct paragraph {
        enum wanted wanted;
        const char *text;
} paragraphs[] = {
        { CALLS,
          "A call returns VIA_OK, or a code of <via/error.h>, and says in *err what went wrong; err may be "
          "NULL. Where ret_x is NULL that result is dropped. NAME_with() takes options as well (NULL: "
          "none): a timeout, or an arena, in which the results live instead, free of any allocation in "
          "the steady state." },
        { CALLS,
          "NAME_async() does not wait. @on_done (NULL: nobody wants to know) is called exactly once, always, and "
          "never from within NAME_async(): with VIA_OK and the results, or with another code, *err, and zeros "
          "for results. They live until it returns; so does what NAME_async() returns, for "
          "via_handle_cancel(). Without a loop it is via_client_turn() that gets them done." },
        { STREAMS,
          "A stream begins with NAME_open() and ends with NAME_finish(), which waits for the answer and frees "
          "the stream, whatever it returns. NAME_read() takes the next item, which is yours as a result is "
          "(or lives in the arena that the options of NAME_open_with() have); VIA_END: there are no more. "
          "NAME_write() sends an item, which stays yours; after NAME_close_send() nothing is written. A "
          "handler is given the stream, has the same NAME_read() and NAME_write(), and ends it by returning." },
        { STREAMS,
          "Where a loop runs nobody waits: VIA_LATER instead means that nothing has happened, not even to a "
          "stream that was to be finished, and that via_stream_on_ready() tells when to try again." },
        { HANDLERS,
          "A handler returns the same codes: see via_call_fail(). It finds structs and arrays that it "
          "returns there already, to be filled in. A function that NAME_ops lacks is answered with "
          "VIA_UNIMPLEMENTED; the others get @self from via_call_self(). @ops and @self stay yours, and "
          "must outlive the server. NAME_serve_client() serves whoever a client calls, over the same link, as "
          "long as that client is open." },
        { HANDLERS,
          "A handler need not have the answer yet: it returns via_call_defer(call), and the call, its arguments and "
          "its stream live on until NAME_reply() answers it, from any thread, or via_call_end() ends it with a code. "
          "What the handler was to fill in is then not used." },
        { EXCEPTIONS,
          "NAME_raise() ends a call with an exception: a handler returns it. NAME_get() is the exception "
          "that a call has failed with (its code is VIA_UNKNOWN), or NULL if it was another or none; it "
          "lives in *err." },
        { STRUCTS,
          "NAME_init() makes a struct the default one; zeroes will do where no member has another default. "
          "NAME_fini() frees what it holds, NAME_free() the struct as well; NAME_dup() returns a copy, or "
          "NULL without memory." },
        { ENUMS,
          "NAME_to_string() is NULL for a number without a name, NAME_from_string() false for a name "
          "without a number." },
};

static bool has_stream(const struct idl_interface *interface) {
        for (unsigned i = 0; i < interface->n_ops; i++)
                if (interface->ops[i]->stream_in || interface->ops[i]->stream_out)
                        return true;
        return false;
}

static bool has(const struct idl_decl *decl, enum wanted wanted) {
        switch (wanted) {
        case CALLS:
        case HANDLERS:
                return decl->kind == IDL_DECL_INTERFACE;
        case STREAMS:
                return decl->kind == IDL_DECL_INTERFACE && has_stream(idl_as_idl_interface(decl));
        case EXCEPTIONS:
                return decl->kind == IDL_DECL_STRUCT && idl_as_idl_struct(decl)->is_exception;
        case STRUCTS:
                return decl->kind == IDL_DECL_STRUCT;
        case ENUMS:
                return decl->kind == IDL_DECL_ENUM;
        }
        return false;
}

static bool has_any(const struct gen *gen, enum wanted wanted) {
        for (unsigned i = 0; i < gen->unit->n_decls; i++)
                if (has(gen->unit->decls[i], wanted))
                        return true;
        return false;
}

const char *gen_opening(struct gen *gen, const char *name) {
        const char *doc = emit_clean(gen->arena, gen->unit->files->doc), *text;
        struct buf all = { 0 };

        buf_printf(&all, "Generated by idlc from %s: do not edit.\n\n", name);
        if (doc)
                buf_printf(&all, "%s\n\n", doc);
        buf_puts(&all, ownership);
        for (unsigned i = 0; i < sizeof(paragraphs) / sizeof(*paragraphs); i++)
                if (has_any(gen, paragraphs[i].wanted))
                        buf_printf(&all, "\n\n%s", paragraphs[i].text);
        text = arena_strdup(gen->arena, all.data);
        buf_fini(&all);
        return text;
}
