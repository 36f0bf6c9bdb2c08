/*
 * gen_c_enum.c - enums, their names as strings, and protobuf-c's descriptor
 */
#include <stdlib.h>
#include <string.h>
#include "emit.h"
#include "gen_c.h"

static int by_value(const void *a, const void *b) {
        const struct idl_enumerator *x = *(struct idl_enumerator *const *)a;
        const struct idl_enumerator *y = *(struct idl_enumerator *const *)b;

        return (x->value > y->value) - (x->value < y->value);
}

static bool has_count(const struct idl_enum *e) {
        for (unsigned i = 0; i < e->n_values; i++)
                if (!strcmp(e->values[i]->decl.name, "COUNT"))
                        return false;           /* it has its own idea of that */
        return true;
}

void gen_enter_enum(struct gen *gen, const struct idl_enum *e) {
        const char *name = names_of(gen->arena, &e->decl);

        names_enter(&gen->names, name, "", &e->decl);
        for (unsigned i = 0; i < e->n_values; i++)
                names_enter(&gen->names, names_of(gen->arena, &e->values[i]->decl), "",
                            &e->values[i]->decl);
        names_enter(&gen->names, name, "_to_string", &e->decl);
        names_enter(&gen->names, name, "_from_string", &e->decl);
        names_enter(&gen->names, name, "_descriptor", &e->decl);
        if (has_count(e))
                names_enter_macro(&gen->names, name, "_COUNT", &e->decl);
}

static void header(struct gen *gen, const struct idl_enum *e, const char *name) {
        struct buf *out = gen->h;
        struct rows rows = { .arena = gen->arena, .indent = 8 };

        buf_putc(out, '\n');
        emit_comment(out, 0, emit_clean(gen->arena, e->decl.doc));
        buf_printf(out, "enum %s {\n", name);
        for (unsigned i = 0; i < e->n_values; i++)
                rows_add(&rows, emit_clean(gen->arena, e->values[i]->decl.doc), "%s = %s,",
                         names_of(gen->arena, &e->values[i]->decl),
                         emit_int(gen->arena, e->values[i]->value));
        rows_emit(&rows, out);
        buf_puts(out, "};\n");
        if (has_count(e))
                buf_printf(out, "#define %s_COUNT %u\n", name, e->n_values);
        buf_printf(out, "\nconst char *%s_to_string(enum %s value);\n", name, name);
        buf_printf(out, "bool %s_from_string(const char *name, enum %s *ret_value);\n", name, name);
        buf_printf(out, "extern const ProtobufCEnumDescriptor %s_descriptor;\n", name);
}

struct numbered {
        const struct idl_enumerator *value;
        unsigned index;
};

static int by_name(const void *a, const void *b) {
        const struct numbered *x = a, *y = b;

        return strcmp(x->value->decl.name, y->value->decl.name);
}

/* Runs of consecutive numbers: where each begins, and the index of its first value. */
static unsigned ranges(struct gen *gen, struct idl_enumerator **sorted, unsigned n,
                       const char *name) {
        unsigned n_ranges = 0;

        buf_printf(gen->c, "static const ProtobufCIntRange %s[] = {\n", name);
        for (unsigned i = 0; i < n; i++) {
                if (i && (int64_t)sorted[i]->value == (int64_t)sorted[i - 1]->value + 1)
                        continue;
                buf_printf(gen->c, "        { %s, %u },\n",
                           emit_int(gen->arena, sorted[i]->value), i);
                n_ranges++;
        }
        buf_printf(gen->c, "        { 0, %u },\n};\n\n", n);
        return n_ranges;
}

static void tables(struct gen *gen, const struct idl_enum *e, const char *name) {
        const char *values =
                names_private(&gen->names, arena_printf(gen->arena, "%s_values", name));
        const char *names =
                names_private(&gen->names, arena_printf(gen->arena, "%s_by_name", name));
        const char *range = names_private(&gen->names, arena_printf(gen->arena, "%s_ranges", name));
        struct idl_enumerator **sorted =
                arena_array(gen->arena, struct idl_enumerator *, e->n_values);
        struct numbered *named = arena_array(gen->arena, struct numbered, e->n_values);
        unsigned n_ranges, n = e->n_values;
        struct buf *out = gen->c;

        memcpy(sorted, e->values, n * sizeof(*sorted));
        qsort(sorted, n, sizeof(*sorted), by_value);
        buf_printf(out, "\nstatic const ProtobufCEnumValue %s[] = {\n", values);
        for (unsigned i = 0; i < n; i++) {
                const char *c_name = names_of(gen->arena, &sorted[i]->decl);

                buf_printf(out, "        { \"%s\", \"%s\", %s },\n", sorted[i]->decl.name,
                           c_name, c_name);
                named[i] = (struct numbered){ sorted[i], i };
        }
        buf_puts(out, "};\n\n");

        qsort(named, n, sizeof(*named), by_name);
        buf_printf(out, "static const ProtobufCEnumValueIndex %s[] = {\n", names);
        for (unsigned i = 0; i < n; i++)
                buf_printf(out, "        { \"%s\", %u },\n", named[i].value->decl.name,
                           named[i].index);
        buf_puts(out, "};\n\n");

        n_ranges = ranges(gen, sorted, n, range);
        buf_printf(out, "const ProtobufCEnumDescriptor %s_descriptor = {\n", name);
        buf_printf(out, "        PROTOBUF_C__ENUM_DESCRIPTOR_MAGIC,\n");
        buf_printf(out, "        \"%s\", \"%s\", \"%s\", \"%s\",\n",
                   names_dotted(gen->arena, &e->decl), e->decl.name, name,
                   names_package(gen->arena, &e->decl));
        buf_printf(out, "        %u, %s,\n        %u, %s,\n        %u, %s,\n", n, values, n, names,
                   n_ranges, range);
        buf_puts(out, "        NULL, NULL, NULL, NULL,\n};\n");
}

/* Not by protobuf-c's own search: it does not find the largest number there is. */
static void to_string(struct gen *gen, const struct idl_enum *e, const char *name) {
        struct buf *out = gen->c;

        buf_printf(
                out,
                "\nconst char *%s_to_string(enum %s value) {\n        switch ((int)value) {\n",
                name, name);
        for (unsigned i = 0; i < e->n_values; i++)
                buf_printf(out, "        case %s:\n                return \"%s\";\n",
                           names_of(gen->arena, &e->values[i]->decl), e->values[i]->decl.name);
        buf_puts(out, "        default:\n                return NULL;\n        }\n}\n");
}

static void from_string(struct gen *gen, const char *name) {
        buf_printf(
                gen->c,
                "\nbool %s_from_string(const char *name, enum %s *ret_value) {\n"
                "        const ProtobufCEnumValue *found;\n\n"
                "        found = protobuf_c_enum_descriptor_get_value_by_name(&%s_descriptor, name);\n"
                "        if (found)\n"
                "                *ret_value = (enum %s)found->value;\n"
                "        return found != NULL;\n"
                "}\n",
                name, name, name, name);
}

void gen_enum(struct gen *gen, const struct idl_enum *e) {
        const char *name = names_of(gen->arena, &e->decl);

        header(gen, e, name);
        tables(gen, e, name);
        to_string(gen, e, name);
        from_string(gen, name);
}
