#pragma once
/*
 * unit.h - one .idl file, from its bytes to a checked unit
 *
 * Holds everything that a run needs and nothing that outlives it: read, generate, fini.
 */
#include "ast.h"
#include "diag.h"
#include "pp.h"

struct unit_options {
        const char *const *dirs;        /* -I, NULL-terminated */
        const char *const *defines;     /* as given after -D, or -U with a '-' in front */
        bool no_files;                  /* no #include: for input from strangers */
        bool case_sensitive;
        bool preprocess;                /* stop there */
};

struct unit {
        struct arena arena;
        struct text  text;
        struct diag  diag;              /* options are copied in between init and read */
        struct pp    pp;
        struct idl_unit idl;
};

void unit_init(struct unit *unit, FILE *errors);
void unit_fini(struct unit *unit);

/* Reads the file at @path ("-": standard input). Whether it went well, unit->diag knows. */
void unit_read(struct unit *unit, const struct unit_options *options, const char *path);

/* The same with a file that is in memory. */
void unit_read_text(struct unit *unit, const struct unit_options *options, const char *name,
                    const char *data, size_t len);

/*
 * What others would write to include @path: without the -I directory it lies in, or its last
 * part.
 */
const char *unit_include_name(const struct unit_options *options, const char *path);
