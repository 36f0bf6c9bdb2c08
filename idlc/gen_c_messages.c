/*
 * gen_c_messages.c - structs and wrappers as protobuf-c messages, and what their members are called
 */
#include <string.h>
#include "gen_c_fields.h"

const char *field_companion(const struct field *field) {
        if (field->many)
                return "n_";
        if (!field->optional || field->kind == IDL_STRUCT || field->kind == IDL_STRING)
                return NULL;
        return "has_";
}

/* has_x is there because x is optional, and the .idl has a has_x of its own. */
static void companion_clash(struct gen *gen, const struct field *field,
                            const struct idl_decl *other) {
        const char *companion = field_companion(field);

        diag(gen->diag, C_NAME_CLASH, other->at, arena_printf(gen->arena, "`%s`", other->path),
             arena_printf(gen->arena, "`%s%s`, which comes with `%s`", companion, field->label,
                          field->decl->path),
             arena_printf(gen->arena, "%s%s", companion, field->label));
        diag_note(gen->diag, field->decl->at, "`%s` is declared here", field->decl->path);
}

/*
 * Names come in three rounds, so that nobody loses a good name to somebody's replacement: those
 * who can keep theirs, then the members that protobuf-c adds, then who has a name that C does
 * not allow.
 */
void name_fields(struct gen *gen, struct field *fields, unsigned n) {
        struct pool pool;

        pool_init(&pool, &gen->names);
        pool_take(&pool, "base", NULL);
        for (unsigned i = 0; i < n; i++) {
                const char *companion = field_companion(&fields[i]);

                if (!pool_free(&pool, fields[i].label))
                        continue;
                if (companion && !pool_may_be(&pool, arena_printf(gen->arena, "%s%s", companion,
                                                                  fields[i].label)))
                        continue;
                fields[i].name = fields[i].label;
                pool_take(&pool, fields[i].name, fields[i].decl);
        }
        for (unsigned i = 0; i < n; i++) {
                const char *companion = field_companion(&fields[i]), *full;
                const struct idl_decl *owner;

                if (!companion || !fields[i].name)
                        continue;
                full = arena_printf(gen->arena, "%s%s", companion, fields[i].name);
                owner = pool_owner(&pool, full);
                if (owner)
                        companion_clash(gen, &fields[i], owner);
                pool_take(&pool, full, NULL);
        }
        for (unsigned i = 0; i < n; i++)
                if (!fields[i].name)
                        fields[i].name = pool_pick(&pool, fields[i].label,
                                                   field_companion(&fields[i]), fields[i].decl);
        pool_fini(&pool);
}

/* A zero of any kind needs no constant: it is what memset() leaves, and what is not sent. */
static const struct idl_value *default_of(struct gen *gen, const struct idl_member *member) {
        const struct idl_type *type = idl_strip(member->type);
        const struct idl_enumerator *def;
        struct idl_value *value;

        if (member->has_default)
                return &member->def;
        if (type->kind != IDL_ENUM || member->optional)
                return NULL;
        def = ((const struct idl_enum *)type->decl)->def;
        if (!def->value)
                return NULL;
        value = arena_new(gen->arena, struct idl_value);
        *value = (struct idl_value){ .kind = IDL_ENUM, .e = def };
        return value;
}

struct field field_of_member(struct gen *gen, const struct idl_member *member) {
        struct holder holder = holder_of(gen, &member->decl);
        struct field field = {
                .label = member->decl.name,
                .id = member->id,
                .decl = &member->decl,
                .def = default_of(gen, member),
        };

        field_of_type(gen, member->type, member->optional, &holder, &field);
        return field;
}

const struct message *message_of_struct(struct gen *gen, const struct idl_struct *s) {
        struct message *message = arena_new(gen->arena, struct message);

        *message = (struct message){
                .name = names_of(gen->arena, &s->decl),
                .dotted = names_dotted(gen->arena, &s->decl),
                .short_name = s->decl.name,
                .package = names_package(gen->arena, &s->decl),
                .fields = arena_array(gen->arena, struct field, s->n_members),
                .n_fields = s->n_members,
        };
        for (unsigned i = 0; i < s->n_members; i++)
                message->fields[i] = field_of_member(gen, s->members[i]);
        name_fields(gen, message->fields, message->n_fields);
        return message;
}

const struct message *message_of_wrapper(struct gen *gen, const struct wrapper *wrapper) {
        struct holder holder = {
                .name = wrapper->name,
                .dotted = wrapper->dotted,
                .decl = wrapper->decl,
                .at = wrapper->at,
        };
        struct message *message = arena_new(gen->arena, struct message);
        const char *dot = strrchr(wrapper->dotted, '.');

        *message = (struct message){
                .name = wrapper->name,
                .dotted = wrapper->dotted,
                .short_name = dot ? dot + 1 : wrapper->dotted,
                .package = names_package(gen->arena, wrapper->decl),
                .fields = arena_new(gen->arena, struct field),
                .n_fields = 1,
        };
        message->fields->label = "v";
        message->fields->id = 1;
        field_of_type(gen, wrapper->type, false, &holder, message->fields);
        name_fields(gen, message->fields, 1);
        return message;
}
