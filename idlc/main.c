/*
 * main.c - idlc, the compiler: each file in turn, all of its outputs or none
 */
#include <stdlib.h>
#include <string.h>
#include "output.h"

static bool put(struct unit *unit, const char *path, const struct buf *buf) {
        int r = output_write(path, buf);

        if (r < 0)
                diag(&unit->diag, CANNOT_WRITE, ((struct span){ 0 }), path, strerror(-r));
        return r == 0;
}

static void write_depfile(const struct options *options, struct unit *unit) {
        char *path = output_path(options, unit->idl.files->name, ".d");
        struct buf buf = { 0 };

        output_depfile(options, &unit->idl, &unit->text, &buf);
        put(unit, options->depfile_path ? options->depfile_path : path, &buf);
        buf_fini(&buf);
        free(path);
}

static void generate(const struct options *options, struct unit *unit) {
        const char *name = unit->idl.files->name;
        char *header_path = output_path(options, name, ".h"),
             *source_path = output_path(options, name, ".c");
        struct buf header = { 0 }, source = { 0 };
        int r = idlc_gen_c(&unit->idl, &unit->diag, &header, &source);

        if (r < 0)
                diag(&unit->diag, CANNOT_WRITE, ((struct span){ 0 }), header_path, strerror(-r));
        if (unit->diag.n_errors == 0 && put(unit, header_path, &header) &&
            put(unit, source_path, &source) && options->depfile)
                write_depfile(options, unit);
        buf_fini(&header);
        buf_fini(&source);
        free(header_path);
        free(source_path);
}

static void preprocess(struct unit *unit) {
        struct buf out = { 0 };

        pp_print(&unit->pp, &out);
        if (out.len)
                fwrite(out.data, 1, out.len, stdout);
        buf_fini(&out);
}

static int compile(const struct options *options, const char *path) {
        struct unit unit;
        bool fine;

        unit_init(&unit, stderr);
        options_apply(options, &unit.diag);
        unit_read(&unit, &options->unit, path);
        unit.idl.library = options->library;
        if (options->unit.preprocess && unit.idl.files)
                preprocess(&unit);
        else if (unit.diag.n_errors == 0)
                generate(options, &unit);
        fine = unit.diag.n_errors == 0;
        unit_fini(&unit);
        return fine ? EXIT_FINE : EXIT_ERRORS;
}

static void list(const struct options *options, const char *path) {
        const char *name = unit_include_name(&options->unit, path);
        char *header = output_path(options, name, ".h"), *source = output_path(options, name, ".c");

        printf("%s\n%s\n", header, source);
        free(header);
        free(source);
}

/* Whether compiling @path would write the file @other. */
static bool writes(const struct options *options, const char *path, const char *other) {
        const char *name = unit_include_name(&options->unit, path);
        char *header = output_path(options, name, ".h"), *source = output_path(options, name, ".c");
        bool same = strcmp(header, other) == 0 || strcmp(source, other) == 0;

        free(header);
        free(source);
        return same;
}

/* Files that would overwrite each other's outputs, or a file to compile: 0, or the status. */
static int check_outputs(const struct options *options) {
        const char *const *files = options->files.v;

        for (unsigned i = 0; i < options->files.n; i++) {
                char *header =
                        output_path(options, unit_include_name(&options->unit, files[i]), ".h");
                const char *twin = NULL, *lost = NULL;

                for (unsigned k = 0; k < options->files.n; k++) {
                        if (k < i && writes(options, files[k], header))
                                twin = files[k];
                        if (writes(options, files[i], files[k]))
                                lost = files[k];
                }
                free(header);
                if (twin)
                        fprintf(stderr, "idlc: error: %s and %s have the same outputs\n"
                                        "  help: -I DIR makes outputs keep their path below DIR\n",
                                twin, files[i]);
                else if (lost)
                        fprintf(stderr, "idlc: error: compiling %s would overwrite %s\n"
                                        "  help: call it NAME.idl, or write elsewhere: -o DIR\n",
                                files[i], lost);
                if (twin || lost)
                        return EXIT_USAGE;
        }
        return EXIT_FINE;
}

int main(int argc, char **argv) {
        struct options options;
        int r = options_read(&options, argc, argv), status;

        if (r < 0)
                r = options.unit.preprocess ? EXIT_FINE : check_outputs(&options);
        else
                options.files.n = 0;
        for (unsigned i = 0; r == EXIT_FINE && i < options.files.n && options.list_outputs; i++)
                list(&options, options.files.v[i]);
        for (unsigned i = 0; r != EXIT_USAGE && i < options.files.n && !options.list_outputs; i++) {
                status = compile(&options, options.files.v[i]);
                r = status > r ? status : r;
        }
        options_fini(&options);
        if (fflush(stdout) != 0)
                r = EXIT_ERRORS;
        return r;
}
