/*
 * gen_c_const.c - constants and typedefs: what needs no code
 */
#include <inttypes.h>
#include "emit.h"
#include "gen_c_fields.h"
#include "gen_c.h"

/* Lines of one kind stand together until a comment parts them. */
static void part(struct gen *gen, const char *doc) {
        if (doc || !gen->grouped)
                buf_putc(gen->h, '\n');
        emit_comment(gen->h, 0, doc);
        gen->grouped = true;
}

void gen_const(struct gen *gen, const struct idl_const *c) {
        part(gen, emit_clean(gen->arena, c->decl.doc));
        buf_printf(gen->h, "#define %s %s\n", names_of(gen->arena, &c->decl),
                   emit_value(gen->arena, &c->value));
}

static struct field field_of_typedef(struct gen *gen, const struct idl_typedef *t) {
        struct holder holder = holder_of(gen, &t->decl);
        struct field field = { 0 };

        field_of_type(gen, t->type, false, &holder, &field);
        return field;
}

static bool is_collection(const struct field *field) {
        return field->many || field->bytes;
}

const char *gen_bound(struct gen *gen, const struct field *field, const struct idl_decl *decl,
                      uint32_t *ret_bound) {
        *ret_bound = is_collection(field) ? field->count : field->length;
        if (!*ret_bound)
                return NULL;
        return names_clear(gen->arena, arena_printf(gen->arena, "%s_%s", names_of(gen->arena, decl),
                                                    field->exact ? "LEN" : "MAX"));
}

void gen_enter_typedef(struct gen *gen, const struct idl_typedef *t) {
        struct field field = field_of_typedef(gen, t);
        const char *macro;
        uint32_t bound;

        macro = gen_bound(gen, &field, &t->decl, &bound);
        if (macro)
                names_enter_macro(&gen->names, macro, "", &t->decl);
        if (!is_collection(&field) && field.kind != IDL_STRUCT)
                names_enter(&gen->names, names_of(gen->arena, &t->decl), "", &t->decl);
        gen_enter_wrappers(gen, &t->decl);
}

/*
 * A typedef of a struct, a sequence or an array has no use in C: members and arguments are
 * spelt out.
 */
void gen_typedef(struct gen *gen, const struct idl_typedef *t) {
        const char *doc = emit_clean(gen->arena, t->decl.doc), *macro;
        struct field field = field_of_typedef(gen, t);
        uint32_t bound;

        macro = gen_bound(gen, &field, &t->decl, &bound);
        gen_wrappers(gen, &t->decl);
        if (!macro && (is_collection(&field) || field.kind == IDL_STRUCT))
                return;
        part(gen, doc);
        if (!is_collection(&field))
                buf_printf(gen->h, "typedef %s%s;\n",
                           field.kind == IDL_STRING ? "char *" : field.value,
                           names_of(gen->arena, &t->decl));
        if (macro)
                buf_printf(gen->h, "#define %s %" PRIu32 "\n", macro, bound);
}
