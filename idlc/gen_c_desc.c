/*
 * gen_c_desc.c - the tables of a message: protobuf-c's descriptor and the rules that protobuf
 * has not
 *
 * A struct via_type has both. It may refer to any other, itself included: those of the .idl are
 * declared in the header, and those of requests and responses nobody refers to. protobuf-c
 * wants its fields sorted by number, an index of them by name, and the runs of consecutive
 * numbers.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "emit.h"
#include "gen_c_fields.h"
#include "gen_c.h"

static const char *const types[] = {
        [IDL_BOOLEAN] = "BOOL",   [IDL_CHAR] = "UINT32",   [IDL_OCTET] = "UINT32",
        [IDL_INT8] = "INT32",     [IDL_UINT8] = "UINT32",  [IDL_INT16] = "INT32",
        [IDL_UINT16] = "UINT32",  [IDL_INT32] = "INT32",   [IDL_UINT32] = "UINT32",
        [IDL_INT64] = "INT64",    [IDL_UINT64] = "UINT64", [IDL_FLOAT] = "FLOAT",
        [IDL_DOUBLE] = "DOUBLE",  [IDL_STRING] = "STRING", [IDL_STRUCT] = "MESSAGE",
        [IDL_ENUM] = "ENUM",
};

static const char *const kinds[IDL_TYPEDEF + 1] = {
        [IDL_OCTET] = "VIA_RULE_U8",   [IDL_UINT8] = "VIA_RULE_U8",   [IDL_CHAR] = "VIA_RULE_CHAR",
        [IDL_UINT16] = "VIA_RULE_U16", [IDL_INT8] = "VIA_RULE_I8",    [IDL_INT16] = "VIA_RULE_I16",
};

static bool is_member(const struct field *field) {
        return field->kind == IDL_STRUCT && !field->many && !field->optional;
}

static const char *label_of(const struct field *field) {
        return field->many ? "REPEATED"
               : field->optional ? "OPTIONAL"
               : field->def ? "REQUIRED"
                                 : "NONE";
}

static int by_id(const void *a, const void *b) {
        const struct field *x = *(struct field *const *)a, *y = *(struct field *const *)b;

        return (x->id > y->id) - (x->id < y->id);
}

/*
 * Two fields have one label only in a private message; the number then decides, to be
 * deterministic.
 */
static int by_label(const void *a, const void *b) {
        const struct field *x = *(struct field *const *)a, *y = *(struct field *const *)b;
        int order = strcmp(x->label, y->label);

        return order ? order : by_id(a, b);
}

static const char *table(struct gen *gen, const struct message *message, const char *what) {
        return names_private(&gen->names, arena_printf(gen->arena, "%s_%s", message->name, what));
}

static void defaults(struct gen *gen, const struct message *message) {
        for (unsigned i = 0; i < message->n_fields; i++) {
                struct field *field = &message->fields[i];

                if (!field->def)
                        continue;
                field->def_name = table(gen, message,
                                        arena_printf(gen->arena, "%s_default", field->label));
                buf_printf(gen->c, "\nstatic const %s%s%s = %s;\n",
                           field->kind == IDL_STRING ? "char " : field->type, field->def_name,
                           field->kind == IDL_STRING ? "[]" : "",
                           field->kind == IDL_CHAR        /* a uint32_t here, 0 to 255 */
                                   ? arena_printf(gen->arena, "%" PRIu64, field->def->u)
                                   : emit_value(gen->arena, field->def));
        }
}

static void descriptor_of(struct gen *gen, const struct message *message,
                          const struct field *field) {
        const char *companion = field_companion(field), *of = "NULL";

        if (field->kind == IDL_STRUCT)
                of = arena_printf(gen->arena, "&%s_type.desc", field->of);
        else if (field->kind == IDL_ENUM)
                of = arena_printf(gen->arena, "&%s_descriptor", field->of);

        buf_printf(gen->c,
                   "        { \"%s\", %" PRIu32 ", PROTOBUF_C_LABEL_%s, PROTOBUF_C_TYPE_%s,\n",
                   field->label, field->id, label_of(field),
                   field->bytes ? "BYTES" : types[field->kind]);
        if (companion)
                buf_printf(gen->c, "          offsetof(struct %s, %s%s), ", message->name,
                           companion, field->name);
        else
                buf_puts(gen->c, "          0, ");
        buf_printf(gen->c, "offsetof(struct %s, %s),\n          %s, ", message->name,
                   field->name, of);
        if (field->def_name)
                buf_printf(gen->c, "%s%s, ", field->kind == IDL_STRING ? "" : "&", field->def_name);
        else
                buf_puts(gen->c, "NULL, ");
        buf_printf(gen->c, "%s, 0, NULL, NULL },\n",
                   field->many && !field->bytes && field->kind != IDL_STRING &&
                                   field->kind != IDL_STRUCT
                           ? "PROTOBUF_C_FIELD_FLAG_PACKED"
                           : "0");
}

static void indices(struct gen *gen, struct field *const *sorted, unsigned n, const char *by_name) {
        struct field **named = arena_array(gen->arena, struct field *, n);
        struct list list = { .arena = gen->arena };

        memcpy(named, sorted, n * sizeof(*named));
        qsort(named, n, sizeof(*named), by_label);
        for (unsigned i = 0; i < n; i++) {
                struct field *const *at = bsearch(&named[i], sorted, n, sizeof(*sorted), by_id);

                list_add(&list, "%u", (unsigned)(at - sorted));
        }
        emit_list(
                gen->c,
                arena_printf(gen->arena, "\nstatic const unsigned %s[] = {\n        ", by_name),
                &list, ",\n};\n");
}

static unsigned ranges(struct gen *gen, struct field *const *sorted, unsigned n, const char *name) {
        unsigned n_ranges = 0;

        buf_printf(gen->c, "\nstatic const ProtobufCIntRange %s[] = {\n", name);
        for (unsigned i = 0; i < n; i++) {
                if (i && sorted[i]->id == sorted[i - 1]->id + 1)
                        continue;
                buf_printf(gen->c, "        { %" PRIu32 ", %u },\n", sorted[i]->id, i);
                n_ranges++;
        }
        buf_printf(gen->c, "        { 0, %u },\n};\n", n);
        return n_ranges;
}

static bool has_rule(const struct field *field) {
        return field->count || field->length || is_member(field) ||
               (!field->bytes && kinds[field->kind]);
}

/* "NULL" if no field has a rule. */
static const char *rules(struct gen *gen, const struct message *message,
                         struct field *const *sorted) {
        unsigned n = message->n_fields, n_rules = 0;
        const char *name;

        for (unsigned i = 0; i < n; i++)
                n_rules += has_rule(sorted[i]);
        if (!n_rules)
                return "NULL";

        name = table(gen, message, "rules");
        buf_printf(gen->c, "\nstatic const struct via_rule %s[] = {\n", name);
        for (unsigned i = 0; i < n; i++) {
                const struct field *field = sorted[i];

                buf_printf(gen->c, "        { %" PRIu32 ", %" PRIu32 ", %s, %s },\n",
                           field->count, field->length,
                           !field->bytes && kinds[field->kind] ? kinds[field->kind]
                                                               : "VIA_RULE_NONE",
                           field->exact ? "VIA_RULE_EXACT"
                           : is_member(field) ? "VIA_RULE_MEMBER"
                                              : "0");
        }
        buf_puts(gen->c, "};\n");
        return name;
}

/*
 * What protobuf_c_message_init() wants in the descriptor; Via, and so private messages, need
 * none.
 */
static void init_function(struct gen *gen, const struct message *message, const char *name) {
        struct buf *out = gen->c;

        buf_printf(out, "\nstatic void %s(ProtobufCMessage *base) {\n", name);
        buf_printf(out, "        struct %s *message = (struct %s *)base;\n\n", message->name,
                   message->name);
        buf_puts(out, "        memset(message, 0, sizeof(*message));\n");
        buf_printf(out, "        message->base.descriptor = &%s_type.desc;\n", message->name);
        for (unsigned i = 0; i < message->n_fields; i++) {
                const struct field *field = &message->fields[i];

                if (field->def_name)
                        buf_printf(out, "        message->%s = %s%s;\n", field->name,
                                   field->kind == IDL_STRING ? "(char *)" : "", field->def_name);
        }
        buf_puts(out, "}\n");
}

/*
 * The tag of the one field that the whole message is, if that is a sequence of octets of any
 * length: there are short ways for these. Else 0.
 */
static unsigned octets_tag(const struct message *message) {
        const struct field *field = message->fields;

        return message->n_fields == 1 && field->bytes && !field->many && !field->optional &&
                               !has_rule(field) && field->id < 16
                       ? field->id << 3 | 2
                       : 0;
}

void gen_message_tables(struct gen *gen, const struct message *message) {
        struct field **sorted = arena_array(gen->arena, struct field *, message->n_fields);
        const char *fields = "NULL", *by_name = "NULL", *range = "NULL", *rule = "NULL",
                   *init = "NULL", *spans = "NULL";
        unsigned n = message->n_fields, n_ranges = 0, n_spans = 0;
        struct buf *out = gen->c;

        for (unsigned i = 0; i < n; i++)
                sorted[i] = &message->fields[i];
        qsort(sorted, n, sizeof(*sorted), by_id);

        defaults(gen, message);
        if (n) {
                fields = table(gen, message, "fields");
                buf_printf(out, "\nstatic const ProtobufCFieldDescriptor %s[] = {\n", fields);
                for (unsigned i = 0; i < n; i++)
                        descriptor_of(gen, message, sorted[i]);
                buf_puts(out, "};\n");
                by_name = table(gen, message, "by_name");
                indices(gen, sorted, n, by_name);
                range = table(gen, message, "ranges");
                n_ranges = ranges(gen, sorted, n, range);
                rule = rules(gen, message, sorted);
                spans = gen_spans(gen, message, sorted, &n_spans);
        }

        if (!message->is_private) {
                init = table(gen, message, "message_init");
                buf_printf(out, "\nstatic void %s(ProtobufCMessage *base);\n", init);
        }
        buf_printf(out, "\n%sconst struct via_type %s_type = {\n",
                   message->is_private ? "static " : "", message->name);
        buf_puts(out, "        {\n                PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC,\n");
        buf_printf(out, "                \"%s\", \"%s\", \"%s\", \"%s\",\n", message->dotted,
                   message->short_name, message->name, message->package);
        buf_printf(out, "                sizeof(struct %s),\n", message->name);
        buf_printf(out, "                %u, %s, %s,\n", n, fields, by_name);
        buf_printf(out, "                %u, %s,\n", n_ranges, range);
        buf_printf(
                out,
                "                %s, NULL, NULL, NULL,\n        },\n        %s, %s, %u, %u,\n};\n",
                init, rule, spans, n_spans, octets_tag(message));
        if (!message->is_private)
                init_function(gen, message, init);
}
