/*
 * gen_c_arguments.c - the arguments of the functions of an operation, as they stand in a prototype
 */
#include <inttypes.h>
#include <string.h>
#include "gen_c_operation.h"

bool field_is_direct(const struct field *field) {
        switch (field->kind) {
        case IDL_BOOLEAN:
        case IDL_CHAR:
        case IDL_OCTET:
        case IDL_INT8:
        case IDL_UINT8:
        case IDL_INT16:
        case IDL_UINT16:
                return field->many || field->bytes;     /* then it is the message's own */
        default:
                return true;
        }
}

bool field_is_owned(const struct field *field) {
        return field->many || field->bytes || field->kind == IDL_STRING ||
               field->kind == IDL_STRUCT;
}

/* Of an element of a sequence or array. */
static const char *element(const struct field *field) {
        return field->bytes && !field->many ? "uint8_t " : field->type;
}

const char *field_out_type(const struct field *field) {
        if (field->many || field->bytes)
                return element(field);
        return field->kind == IDL_STRING || field->kind == IDL_STRUCT ? field->type : field->value;
}

/* Whether an argument beside it tells how many there are. */
static bool is_sized(const struct field *field) {
        return (field->many || field->bytes) && !field->exact;
}

void list_ins(struct list *list, const struct message *message) {
        for (unsigned i = 0; i < message->n_fields; i++) {
                const struct field *field = &message->fields[i];
                bool pointers = field->many && !field->bytes &&
                                (field->kind == IDL_STRING || field->kind == IDL_STRUCT);

                if (!field->many && !field->bytes) {
                        list_add(list, "%s%s", field->value, field->name);
                        continue;
                }
                if (!field->exact)
                        list_add(list, "size_t n_%s", field->name);
                /*
                 * "char *const *x", an array of pointers that stay as they are; "const int32_t
                 * *x"
                 */
                list_add(list, field->exact ? "%s%s%s%s[%" PRIu32 "]" : "%s%s%s*%s",
                         pointers ? "" : "const ", element(field), pointers ? "const " : "",
                         field->name, field->count);
        }
}

void pass_ins(struct list *list, const struct message *message) {
        for (unsigned i = 0; i < message->n_fields; i++) {
                if (is_sized(&message->fields[i]))
                        list_add(list, "n_%s", message->fields[i].name);
                list_add(list, "%s", message->fields[i].name);
        }
}

void pass_members(struct list *list, const struct message *message, const char *name) {
        for (unsigned i = 0; i < message->n_fields; i++) {
                const struct field *field = &message->fields[i];
                bool bytes = field->bytes && !field->many;

                if (is_sized(field))
                        list_add(list, bytes ? "%s->%s.len" : "%s->n_%s", name, field->name);
                if (bytes)
                        list_add(list, "%s->%s.data", name, field->name);
                else if (field_is_direct(field))
                        list_add(list, "%s->%s", name, field->name);
                else if (field->kind == IDL_BOOLEAN)
                        list_add(list, "%s->%s != 0", name, field->name);
                else
                        list_add(list, "(%.*s)%s->%s", (int)strcspn(field->value, " "),
                                 field->value, name, field->name);
        }
}

void list_client_rets(struct list *list, const struct message *message) {
        for (unsigned i = 0; i < message->n_fields; i++) {
                const struct field *field = &message->fields[i];

                if (is_sized(field))
                        list_add(list, "size_t *%s", field->n_ret);
                list_add(list, "%s*%s%s", field_out_type(field),
                         field->many || field->bytes ? "*" : "", field->ret);
        }
}

void pass_client_rets(struct list *list, const struct message *message) {
        for (unsigned i = 0; i < message->n_fields; i++) {
                if (is_sized(&message->fields[i]))
                        list_add(list, "%s", message->fields[i].n_ret);
                list_add(list, "%s", message->fields[i].ret);
        }
}

void list_server_rets(struct list *list, const struct message *message) {
        for (unsigned i = 0; i < message->n_fields; i++) {
                const struct field *field = &message->fields[i];
                bool array = field->many || field->bytes;

                if (array && field->exact) {
                        list_add(list, "%s%s[%" PRIu32 "]", element(field), field->ret,
                                 field->count);
                } else if (array) {
                        list_add(list, "size_t *%s", field->n_ret);
                        list_add(list, "%s**%s", element(field), field->ret);
                } else if (field->kind == IDL_STRUCT) {
                        list_add(list, "struct %s *%s", field->of, field->ret);
                } else {
                        list_add(list, "%s*%s", field_out_type(field), field->ret);
                }
        }
}
