/*
 * gen_c_span.c - the table of what @range, @min and @max say of a message's members
 */
#include "emit.h"
#include "gen_c_fields.h"
#include "gen_c.h"

static bool has_span(const struct field *field) {
        const struct idl_member *member = (const struct idl_member *)field->decl;

        return member && member->decl.kind == IDL_DECL_MEMBER &&
               (member->has_min || member->has_max);
}

/* Of a @range with one end the other is the type's. An unsigned number is written by its bits. */
static void span(struct gen *gen, const struct idl_member *member, unsigned index) {
        static const struct {
                int64_t least, most;
        } types[IDL_TYPEDEF + 1] = {
                [IDL_CHAR] = { 0, UINT8_MAX },          [IDL_OCTET] = { 0, UINT8_MAX },
                [IDL_UINT8] = { 0, UINT8_MAX },         [IDL_INT8] = { INT8_MIN, INT8_MAX },
                [IDL_UINT16] = { 0, UINT16_MAX },       [IDL_INT16] = { INT16_MIN, INT16_MAX },
                [IDL_UINT32] = { 0, UINT32_MAX },       [IDL_INT32] = { INT32_MIN, INT32_MAX },
                [IDL_UINT64] = { 0, -1 },               [IDL_INT64] = { INT64_MIN, INT64_MAX },
        };
        enum idl_kind kind = idl_strip(member->type)->kind;
        int64_t least = types[kind].least, most = types[kind].most;

        if (kind == IDL_FLOAT || kind == IDL_DOUBLE) {
                buf_printf(gen->c, "        { %u, 0, 0, %s, %s },\n", index,
                           member->has_min ? emit_value(gen->arena, &member->min)
                                           : "-__builtin_inf()",
                           member->has_max ? emit_value(gen->arena, &member->max)
                                           : "__builtin_inf()");
                return;
        }
        if (member->has_min)
                least = member->min.i;
        if (member->has_max)
                most = member->max.i;
        buf_printf(gen->c, "        { %u, %s, %s, 0, 0 },\n", index, emit_int(gen->arena, least),
                   emit_int(gen->arena, most));
}

const char *gen_spans(struct gen *gen, const struct message *message,
                      struct field *const *sorted, unsigned *ret_n) {
        const char *name;

        *ret_n = 0;
        for (unsigned i = 0; i < message->n_fields; i++)
                *ret_n += has_span(sorted[i]);
        if (!*ret_n)
                return "NULL";
        name = names_private(&gen->names, arena_printf(gen->arena, "%s_spans", message->name));
        buf_printf(gen->c, "\nstatic const struct via_span %s[] = {\n", name);
        for (unsigned i = 0; i < message->n_fields; i++)
                if (has_span(sorted[i]))
                        span(gen, (const struct idl_member *)sorted[i]->decl, i);
        buf_puts(gen->c, "};\n");
        return name;
}
