#pragma once
/*
 * options.h - the command line
 */
#include <stdbool.h>
#include "diag.h"
#include "unit.h"

enum {                                  /* idlc's exit codes */
        EXIT_FINE = 0,
        EXIT_ERRORS = 1,                /* in what it was given to read */
        EXIT_USAGE = 2,
};

struct strings {                        /* NULL-terminated once something is in it */
        const char **v;
        unsigned n;
};

struct options {
        struct unit_options unit;
        const char *out_dir;            /* "." by default */
        struct strings files, dirs, defines, warnings, targets;
        bool depfile, phony;            /* -MD, -MP */
        const char *depfile_path;       /* -MF */
        bool list_outputs;
        bool no_warnings;
        bool library;                   /* --library: see options.c */
        bool color;
        unsigned max_errors;
};

/* Returns -1 to go on, or the status to leave with: --help and mistakes are dealt with in here. */
int  options_read(struct options *options, int argc, char **argv);
void options_fini(struct options *options);

/* Hands what concerns diagnostics to @diag. */
void options_apply(const struct options *options, struct diag *diag);

void strings_add(struct strings *strings, const char *string);
