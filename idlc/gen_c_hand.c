/*
 * gen_c_hand.c - arguments into a message, and a message into arguments, without an allocation
 */
#include <inttypes.h>
#include <string.h>
#include "gen_c_operation.h"

/*
 * The initialiser of one member of a message: the arguments are read only, but protobuf-c has no
 * const.
 */
static void put_argument(struct buf *out, const struct field *field) {
        if (field->many || field->bytes) {
                const char *type = field->many ? field->type : "uint8_t ";
                const char *open = field->many ? "" : "{ ", *close = field->many ? "" : " }";

                if (field->exact)
                        buf_printf(out, "                %s%" PRIu32 ", (%s*)%s%s,\n", open,
                                   field->count, type, field->name, close);
                else
                        buf_printf(out, "                %sn_%s, (%s*)%s%s,\n", open,
                                   field->name, type, field->name, close);
        } else if (field->kind == IDL_STRING || field->kind == IDL_STRUCT) {
                buf_printf(out, "                (%s)%s,\n", field->type, field->name);
        } else if (field->kind == IDL_CHAR) {
                buf_printf(out, "                (unsigned char)%s,\n", field->name);
        } else {
                buf_printf(out, "                %s,\n", field->name);
        }
}

void put_arguments(struct buf *out, const struct message *message, const char *name) {
        buf_printf(out, "        const struct %s %s = {\n", message->name, name);
        buf_printf(out, "                { &%s_type.desc, 0, NULL },\n", message->name);
        for (unsigned i = 0; i < message->n_fields; i++)
                put_argument(out, &message->fields[i]);
        buf_puts(out, "        };\n");
}

/* Moves one member to where the caller wants it; @rest: what is not moved is freed later. */
static void hand_out_one(struct buf *out, const struct field *field, const char *name, bool rest) {
        const char *ret = field->ret, *data = field->bytes && !field->many ? ".data" : "";
        bool sized = (field->many || field->bytes) && !field->exact;

        if (sized)
                buf_printf(out, field->many ? "        if (%s)\n                *%s = %s.n_%s;\n"
                                            : "        if (%s)\n                *%s = %s.%s.len;\n",
                           field->n_ret, field->n_ret, name, field->name);

        buf_printf(out, "        if (%s)%s\n                *%s = ", ret,
                   field_is_owned(field) && rest ? " {" : "", ret);
        if (field_is_direct(field))
                buf_printf(out, "%s.%s%s;\n", name, field->name, data);
        else if (field->kind == IDL_BOOLEAN)
                buf_printf(out, "%s.%s != 0;\n", name, field->name);
        else
                buf_printf(out, "(%.*s)%s.%s;\n", (int)strcspn(field->value, " "), field->value,
                           name, field->name);
        if (!field_is_owned(field) || !rest)
                return;
        if (field->many)
                buf_printf(out, "                %s.n_%s = 0;\n", name, field->name);
        buf_printf(out, "                %s.%s%s = NULL;\n        }\n", name, field->name, data);
}

void hand_out(struct buf *out, const struct message *message, const char *name, const char *heap) {
        unsigned n_owned = 0, last = 0;

        for (unsigned i = 0; i < message->n_fields; i++) {
                if (field_is_owned(&message->fields[i])) {
                        n_owned++;
                        last = i;
                }
        }
        for (unsigned i = 0; i < message->n_fields; i++)
                hand_out_one(out, &message->fields[i], name, n_owned > 1);
        if (n_owned == 1)
                buf_printf(out, strchr(heap, '|') ? "        if (!%s && (%s))\n"
                                                  : "        if (!%s && %s)\n",
                           message->fields[last].ret, heap);
        else if (n_owned)
                buf_printf(out, "        if (%s)\n", heap);
        if (n_owned)
                buf_printf(out, "                via_message_fini(&%s_type, &%s);\n",
                           message->name, name);
}
