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
        const char *name = names_of(gen->arena, &t->decl);
        struct holder holder = { name, names_dotted(gen->arena, &t->decl), &t->decl };
        struct field field = { 0 };

        field_of_type(gen, t->type, false, &holder, &field);
        return field;
}

static bool is_collection(const struct field *field) {
        return field->many || field->bytes;
}

void gen_enter_typedef(struct gen *gen, const struct idl_typedef *t) {
        const char *name = names_of(gen->arena, &t->decl);
        struct field field = field_of_typedef(gen, t);

        if (is_collection(&field) ? field.count : field.length)
                names_enter_macro(&gen->names, name, field.exact ? "_LEN" : "_MAX", &t->decl);
        if (!is_collection(&field) && field.kind != IDL_STRUCT)
                names_enter(&gen->names, name, "", &t->decl);
        gen_enter_wrappers(gen, &t->decl);
}

/* A typedef of a struct, a sequence or an array has no use in C: members and arguments are spelt out. */
void gen_typedef(struct gen *gen, const struct idl_typedef *t) {
        const char *name = names_of(gen->arena, &t->decl), *doc = emit_clean(gen->arena, t->decl.doc);
        struct field field = field_of_typedef(gen, t);
        uint32_t bound = is_collection(&field) ? field.count : field.length;

        gen_wrappers(gen, &t->decl);
        if (is_collection(&field) ? !bound : field.kind == IDL_STRUCT)
                return;
        part(gen, doc);
        if (!is_collection(&field))
                buf_printf(gen->h, "typedef %s%s;\n", field.kind == IDL_STRING ? "char *" : field.value,
                           name);
        if (bound)
                buf_printf(gen->h, "#define %s_%s %" PRIu32 "\n", name, field.exact ? "LEN" : "MAX", bound);
}
