/*
 * gen_c.c - the two files that an .idl becomes in C, from their first line to their last
 */
#include <ctype.h>
#include <inttypes.h>
#include <string.h>
#include "emit.h"
#include "gen_c_fields.h"
#include "gen_c.h"

/* @path without its last suffix. */
static const char *stem(struct arena *arena, const char *path) {
        const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');

        if (!dot || dot == path || (slash && dot <= slash + 1))
                return path;
        return arena_strndup(arena, path, (size_t)(dot - path));
}

/*
 * HELLO_IDL_H. A path in which that would lose something, "msg/Point" or "a-b", gets a number
 * made of it, so that two files never have one guard.
 */
static const char *guard(struct arena *arena, const char *path) {
        char *name = arena_printf(arena, "%s%s", isdigit((unsigned char)*path) ? "IDL_" : "", path);
        uint32_t hash = 0x811c9dc5u;
        bool lossy = false;

        for (const char *s = path; *s; s++)
                hash = (hash ^ (unsigned char)*s) * 0x01000193u;
        for (char *s = name; *s; s++) {
                if (*s >= 'a' && *s <= 'z')
                        *s = (char)(*s - 'a' + 'A');
                else if (!isdigit((unsigned char)*s) && *s != '_')
                        lossy = true;
                if (!isalnum((unsigned char)*s) || (unsigned char)*s >= 0x80)
                        *s = '_';
        }
        lossy = lossy && strcmp(path, name);
        return lossy ? arena_printf(arena, "%s_IDL_H_%08" PRIX32, name, hash)
                     : arena_printf(arena, "%s_IDL_H", name);
}

static const struct idl_file *outer(const struct idl_file *file) {
        while (file->inner && file->parent)
                file = file->parent;
        return file;
}

/* Whether @file, or what it includes, declares anything: a file of macros alone has no header. */
static bool has_header(const struct gen *gen, const struct idl_file *file) {
        for (unsigned i = 0; i < gen->unit->n_all; i++)
                for (const struct idl_file *f = outer(gen->unit->all[i]->file); f; f = f->parent)
                        if (f == file)
                                return true;
        return false;
}

static void enter_names(struct gen *gen) {
        for (unsigned i = 0; i < gen->unit->n_all; i++) {
                struct idl_decl *decl = gen->unit->all[i];

                switch (decl->kind) {
                case IDL_DECL_STRUCT:
                        gen_enter_struct(gen, idl_as_idl_struct(decl));
                        break;
                case IDL_DECL_ENUM:
                        gen_enter_enum(gen, idl_as_idl_enum(decl));
                        break;
                case IDL_DECL_TYPEDEF:
                        gen_enter_typedef(gen, idl_as_idl_typedef(decl));
                        break;
                case IDL_DECL_CONST:
                        names_enter_macro(&gen->names, names_of(gen->arena, decl), "", decl);
                        break;
                case IDL_DECL_INTERFACE:
                        gen_enter_interface(gen, idl_as_idl_interface(decl));
                        break;
                default:
                        break;
                }
        }
}

bool gen_know(struct gen *gen, const char *name) {
        if (map_get(&gen->known, name, strlen(name)))
                return true;
        map_put(&gen->known, name, strlen(name), gen);
        return false;
}

/* What other headers declare. */
static void know_included(struct gen *gen) {
        for (unsigned i = 0; i < gen->unit->n_all; i++) {
                const struct idl_decl *decl = gen->unit->all[i];

                if (idl_is_main(decl))
                        continue;
                gen_know(gen, names_of(gen->arena, decl));
                for (const struct wrapper *w = wrappers_of(gen, decl); w; w = w->next)
                        gen_know(gen, w->name);
        }
}

/* A name of four thousand bytes is legal; C promises to take a string of 4095. */
static bool has_long_string(const struct gen *gen) {
        for (unsigned i = 0; i < gen->unit->n_decls; i++) {
                const struct idl_struct *s = idl_as_idl_struct(gen->unit->decls[i]);

                if (strlen(gen->unit->decls[i]->path) > 1900)
                        return true;
                for (unsigned k = 0; s && k < s->n_members; k++)
                        if (strlen(s->members[k]->decl.path) > 1900 ||
                            (s->members[k]->def.kind == IDL_STRING &&
                             s->members[k]->def.string.len > 4000))
                                return true;
        }
        return false;
}

static void begin(struct gen *gen) {
        const struct idl_file *file = gen->unit->files;
        const char *name = emit_clean(gen->arena, file->name), *base = strrchr(file->name, '/');
        const char *mark = guard(gen->arena, stem(gen->arena, file->name));

        buf_printf(gen->h, "#ifndef %s\n#define %s\n", mark, mark);
        emit_comment(gen->h, 0, gen_opening(gen, name));
        buf_puts(gen->h, "#include <via/idl.h>\n");
        for (unsigned i = 0; i < gen->unit->n_includes; i++)
                if (has_header(gen, gen->unit->includes[i]))
                        buf_printf(gen->h, "#include \"%s.h\"\n",
                                   stem(gen->arena, gen->unit->includes[i]->name));
        buf_puts(gen->h, "\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n");

        base = stem(gen->arena, base ? base + 1 : file->name);
        buf_printf(gen->c, "/* Generated by idlc from %s: do not edit. */\n", name);
        if (has_long_string(gen))
                buf_puts(gen->c, "#pragma GCC diagnostic ignored \"-Woverlength-strings\"\n");
        buf_printf(gen->c, "#include <string.h>\n#include \"%s.h\"\n", base);
}

static void end(struct gen *gen) {
        buf_puts(gen->h, "\n#ifdef __cplusplus\n}\n#endif\n#endif\n");
}

static void declaration(struct gen *gen, struct idl_decl *decl) {
        bool line = false;

        switch (decl->kind) {
        case IDL_DECL_CONST:
                gen_const(gen, idl_as_idl_const(decl));
                line = true;
                break;
        case IDL_DECL_TYPEDEF:
                gen_typedef(gen, idl_as_idl_typedef(decl));
                line = gen->grouped;
                break;
        case IDL_DECL_ENUM:
                gen_enum(gen, idl_as_idl_enum(decl));
                break;
        case IDL_DECL_STRUCT:
                gen_struct(gen, idl_as_idl_struct(decl));
                break;
        case IDL_DECL_INTERFACE:
                gen_interface(gen, idl_as_idl_interface(decl));
                break;
        default:
                break;
        }
        gen->grouped = line;
}

int idlc_gen_c(const struct idl_unit *unit, struct diag *diag, struct buf *header,
               struct buf *source) {
        struct gen gen = {
                .unit = unit, .arena = unit->arena, .diag = diag, .h = header, .c = source
        };
        unsigned errors = diag->n_errors;

        names_init(&gen.names, unit->arena, diag);
        gen.names.library = unit->library;
        wrappers_find(&gen);
        enter_names(&gen);
        if (diag->n_errors == errors) {
                know_included(&gen);
                begin(&gen);
                for (unsigned i = 0; i < unit->n_decls; i++)
                        declaration(&gen, unit->decls[i]);
                end(&gen);
        }

        map_fini(&gen.wrappers);
        map_fini(&gen.wrapped);
        map_fini(&gen.wrappers_of);
        map_fini(&gen.known);
        names_fini(&gen.names);
        return 0;
}
