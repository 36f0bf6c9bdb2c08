/*
 * unit.c - one .idl file, from its bytes to a checked unit
 */
#include <string.h>
#include "check.h"
#include "lex.h"
#include "unit.h"

void unit_init(struct unit *unit, FILE *errors) {
        *unit = (struct unit){ 0 };
        text_init(&unit->text);
        diag_init(&unit->diag, &unit->text, errors);
}

void unit_fini(struct unit *unit) {
        pp_fini(&unit->pp);
        text_fini(&unit->text);
        arena_fini(&unit->arena);
}

const char *unit_include_name(const struct unit_options *options, const char *path) {
        return strcmp(path, "-") == 0 ? "stdin.idl" : include_name(options->dirs, path);
}

static void read_source(struct unit *unit, const struct unit_options *options,
                        struct source *source, const char *name) {
        struct idl_unit *idl = &unit->idl;
        struct checker checker = { .arena = &unit->arena, .diag = &unit->diag, .text = &unit->text,
                                   .unit = idl, .case_sensitive = options->case_sensitive };
        struct parser parser = { .arena = &unit->arena, .diag = &unit->diag };
        struct lex lex;

        idl->arena = &unit->arena;
        idl->tail = &idl->children;
        idl->files = arena_new(&unit->arena, struct idl_file);
        *idl->files = (struct idl_file){ .path = source->path, .name = name, .main = true };

        pp_init(&unit->pp, &unit->arena, &unit->text, &unit->diag, idl);
        unit->pp.dirs = options->dirs;
        unit->pp.no_files = options->no_files;
        for (const char *const *define = options->defines; define && *define; define++)
                if (**define == '-')
                        pp_undefine(&unit->pp, *define + 1);
                else
                        pp_define(&unit->pp, *define);
        pp_start(&unit->pp, source, idl->files);
        if (options->preprocess)
                return;

        lex_init(&lex, &unit->pp, &unit->arena, &unit->diag);
        lex.case_sensitive = options->case_sensitive;
        parser.lex = &lex;
        parse(&parser);
        checker.missing = unit->pp.missing;
        check(&checker, parser.file.first);
        for (struct source *s = unit->text.sources; s; s = s->next)
                if (s->file && !((struct idl_file *)s->file)->inner)
                        ((struct idl_file *)s->file)->doc = doc_opening(&checker, s);
}

void unit_read(struct unit *unit, const struct unit_options *options, const char *path) {
        struct source *source;
        int r = text_open(&unit->text, path, &source);

        if (r < 0)
                diag(&unit->diag, CANNOT_OPEN, ((struct span){ 0 }), path, strerror(-r));
        else
                read_source(unit, options, source, unit_include_name(options, path));
}

void unit_read_text(struct unit *unit, const struct unit_options *options, const char *name,
                    const char *data, size_t len) {
        struct source *source;
        int r = text_add(&unit->text, name, data, len, &source);

        if (r < 0)
                diag(&unit->diag, CANNOT_OPEN, ((struct span){ 0 }), name, strerror(-r));
        else
                read_source(unit, options, source, name);
}
