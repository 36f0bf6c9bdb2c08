/*
 * gen_c_types.c - structs and exceptions, and the functions that go with each
 */
#include <inttypes.h>
#include <string.h>
#include "emit.h"
#include "gen_c_fields.h"
#include "gen_c.h"

static const char *const suffixes[] = {
        "_type", "_init", "_fini", "_free", "_free_all", "_dup", "_equal",
};

static void enter_message(struct gen *gen, const char *name, const struct idl_decl *decl) {
        names_enter(&gen->names, name, "", decl);
        for (unsigned i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++)
                names_enter(&gen->names, name, suffixes[i], decl);
}

void gen_enter_wrappers(struct gen *gen, const struct idl_decl *decl) {
        for (struct wrapper *w = wrappers_of(gen, decl); w; w = w->next)
                enter_message(gen, w->name, w->at);
}

void gen_enter_struct(struct gen *gen, const struct idl_struct *s) {
        const char *name = names_of(gen->arena, &s->decl), *macro;
        uint32_t bound;

        enter_message(gen, name, &s->decl);
        if (s->is_exception) {
                names_enter(&gen->names, name, "_raise", &s->decl);
                names_enter(&gen->names, name, "_get", &s->decl);
        }
        for (unsigned i = 0; i < s->n_own; i++) {
                struct field field = field_of_member(gen, s->own[i]);

                macro = gen_bound(gen, &field, &s->own[i]->decl, &bound);
                if (macro)
                        names_enter_macro(&gen->names, macro, "", &s->own[i]->decl);
        }
        gen_enter_wrappers(gen, &s->decl);
}

/* "-7" for "(-7)". */
static const char *bare(struct arena *arena, const char *value) {
        return *value == '(' && value[1] == '-'
                       ? arena_strndup(arena, value + 1, strlen(value) - 2)
                       : value;
}

/* What a comment should say of @field that its C type does not; NULL: nothing. */
static const char *facts(struct gen *gen, const struct field *field) {
        static const char *const spans[IDL_TYPEDEF + 1] = {
                [IDL_OCTET] = "0 to 255",       [IDL_UINT8] = "0 to 255",
                [IDL_UINT16] = "0 to 65535",    [IDL_CHAR] = "a char, 0 to 255",
                [IDL_INT8] = "-128 to 127",     [IDL_INT16] = "-32768 to 32767",
        };
        const struct idl_member *member = (const struct idl_member *)field->decl;
        struct buf text = { 0 };
        const char *kept;

        if (strcmp(field->name, field->label))
                buf_printf(&text, "; `%s` in the .idl", field->label);
        if (field->count)
                buf_printf(&text, "; %s %" PRIu32 "%s%s", field->exact ? "exactly" : "at most",
                           field->count, field->bytes && !field->many ? " bytes" : "",
                           field->rows ? ", row by row" : "");
        if (field->length)
                buf_printf(&text, "; %sat most %" PRIu32 " bytes", field->many ? "each " : "",
                           field->length);
        if (member && member->has_min && member->has_max)
                buf_printf(&text, "; %s to %s",
                           bare(gen->arena, emit_value(gen->arena, &member->min)),
                           bare(gen->arena, emit_value(gen->arena, &member->max)));
        else if (!field->bytes && spans[field->kind])
                buf_printf(&text, "; %s%s", field->many ? "each " : "", spans[field->kind]);
        if (field->optional && !field_companion(field))
                buf_puts(&text, "; NULL: none");
        if (member && member->unit)
                buf_printf(&text, "; in %s", member->unit);
        if (member && member->has_default)
                buf_printf(&text, "; default %s",
                           bare(gen->arena, emit_value(gen->arena, &member->def)));
        kept = text.len ? emit_clean(gen->arena, text.data + 2) : NULL;
        buf_fini(&text);
        return kept;
}

static const char *comment_of(struct gen *gen, const struct field *field) {
        const char *doc = field->decl ? emit_clean(gen->arena, field->decl->doc) : NULL;
        const char *more = facts(gen, field);

        if (!doc || !more)
                return doc ? doc : more;
        return arena_printf(gen->arena, strchr(doc, '\n') ? "%s\n(%s)" : "%s (%s)", doc, more);
}

void gen_message_struct(struct gen *gen, struct buf *out, const struct message *message) {
        struct rows rows = { .arena = gen->arena, .indent = 8 };

        rows_add(&rows, NULL, "ProtobufCMessage base;");
        for (unsigned i = 0; i < message->n_fields; i++) {
                const struct field *field = &message->fields[i];
                const char *companion = field_companion(field);

                if (companion)
                        rows_add(&rows, NULL, "%s %s%s;",
                                 field->many ? "size_t" : "protobuf_c_boolean", companion,
                                 field->name);
                rows_add(&rows, message->is_private ? NULL : comment_of(gen, field), "%s%s%s;",
                         field->type, field->many ? "*" : "", field->name);
        }
        buf_printf(out, "struct %s {\n", message->name);
        rows_emit(&rows, out);
        buf_puts(out, "};\n");
}

static void prototypes(struct gen *gen, const char *name) {
        struct list all = { .arena = gen->arena }, two = { .arena = gen->arena };

        buf_printf(gen->h, "\nvoid %s_init(struct %s *message);\n", name, name);
        buf_printf(gen->h, "void %s_fini(struct %s *message);\n", name, name);
        buf_printf(gen->h, "void %s_free(struct %s *message);\n", name, name);
        list_add(&all, "size_t n");
        list_add(&all, "struct %s **messages", name);
        emit_list(gen->h, arena_printf(gen->arena, "void %s_free_all(", name), &all, ");\n");
        buf_printf(gen->h, "struct %s *%s_dup(const struct %s *message);\n", name, name, name);
        list_add(&two, "const struct %s *a", name);
        list_add(&two, "const struct %s *b", name);
        emit_list(gen->h, arena_printf(gen->arena, "bool %s_equal(", name), &two, ");\n");
        buf_printf(gen->h, "extern const struct via_type %s_type;\n", name);
}

static void functions(struct gen *gen, const char *name) {
        static const char *const bodies[] = {
                "void @_init(struct @ *message) {\n        via_message_init(&@_type, message);\n}\n",
                "void @_fini(struct @ *message) {\n        via_message_fini(&@_type, message);\n}\n",
                "void @_free(struct @ *message) {\n        via_message_free(&@_type, message);\n}\n",
                "void @_free_all(size_t n, struct @ **messages) {\n"
                "        for (size_t i = 0; i < n; i++)\n"
                "                via_message_free(&@_type, messages[i]);\n"
                "        free(messages);\n}\n",
                "struct @ *@_dup(const struct @ *message) {\n"
                "        return (struct @ *)via_message_dup(&@_type, message, NULL);\n}\n",
                "bool @_equal(const struct @ *a, const struct @ *b) {\n"
                "        return via_message_equal(&@_type, a, b);\n}\n",
        };

        for (unsigned i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
                buf_putc(gen->c, '\n');
                for (const char *s = bodies[i]; *s; s++) {
                        if (*s == '@')
                                buf_puts(gen->c, name);
                        else
                                buf_putc(gen->c, *s);
                }
        }
}

static void exception(struct gen *gen, const char *name) {
        buf_printf(gen->h, "int %s_raise(struct via_call *call, const struct %s *exception);\n",
                   name, name);
        buf_printf(gen->h, "const struct %s *%s_get(const struct via_error *err);\n", name, name);

        buf_printf(gen->c,
                   "\nint %s_raise(struct via_call *call, const struct %s *exception) {\n"
                   "        return via_call_raise(call, &%s_type, exception);\n}\n",
                   name, name, name);
        buf_printf(gen->c,
                   "\nconst struct %s *%s_get(const struct via_error *err) {\n"
                   "        return (const struct %s *)via_error_exception(err, &%s_type);\n}\n",
                   name, name, name, name);
}

void gen_struct(struct gen *gen, const struct idl_struct *s) {
        const struct message *message = message_of_struct(gen, s);
        const char *macro;
        uint32_t bound;

        gen_wrappers(gen, &s->decl);
        gen_know(gen, message->name);
        buf_putc(gen->h, '\n');
        emit_comment(gen->h, 0, emit_clean(gen->arena, s->decl.doc));
        gen_message_struct(gen, gen->h, message);
        for (unsigned i = s->n_members - s->n_own; i < s->n_members; i++) {
                macro = gen_bound(gen, &message->fields[i], &s->members[i]->decl, &bound);
                if (macro)
                        buf_printf(gen->h, "#define %s %" PRIu32 "\n", macro, bound);
        }
        prototypes(gen, message->name);
        if (s->is_exception)
                exception(gen, message->name);
        gen_message_tables(gen, message);
        functions(gen, message->name);
}

void gen_wrappers(struct gen *gen, const struct idl_decl *decl) {
        const struct message *message;

        for (struct wrapper *w = wrappers_of(gen, decl); w; w = w->next) {
                message = message_of_wrapper(gen, w);
                gen_know(gen, message->name);
                buf_putc(gen->h, '\n');
                emit_comment(gen->h, 0,
                             arena_printf(gen->arena, "Stands for a %s inside another type.",
                                          idl_type_name(gen->arena, w->type)));
                gen_message_struct(gen, gen->h, message);
                prototypes(gen, message->name);
                gen_message_tables(gen, message);
                functions(gen, message->name);
        }
}
