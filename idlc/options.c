/*
 * options.c - the command line
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "buf.h"
#include "near.h"
#include "options.h"

#ifndef IDLC_VERSION
#define IDLC_VERSION "0.1.0"
#endif

enum option {
        O_OUT,
        O_INCLUDE,
        O_DEFINE,
        O_UNDEFINE,
        O_MD,
        O_MF,
        O_MT,
        O_MP,
        O_LIST,
        O_WARN,
        O_QUIET,
        O_MAX,
        O_COLOR,
        O_CASE,
        O_PREPROCESS,
        O_GEN,
        O_LIBRARY,
        O_HELP,
        O_VERSION,
};

/*
 * argument: 0 none, 1 the rest of the word or the next one, 2 the rest of the word. help NULL: not
 * for users, and never proposed to them.
 */
static const struct {
        const char *name;
        enum option option;
        int argument;
        const char *help;
} table[] = {
        { "-o", O_OUT, 1,
          "-o DIR                write NAME.h and NAME.c there (default: here)" },
        { "-I", O_INCLUDE, 1,
          "-I DIR                look there for what is included; outputs keep their\n"
          "                        path below it" },
        { "-D", O_DEFINE, 1, "-D NAME[=TEXT]        define a macro" },
        { "-U", O_UNDEFINE, 1, "-U NAME               undefine one" },
        { "-MD", O_MD, 0, "-MD                   write a makefile of what was read, NAME.d" },
        { "-MF", O_MF, 1, "-MF FILE              ... into this file" },
        { "-MT", O_MT, 1,
          "-MT TARGET            ... about this target instead of the outputs" },
        { "-MP", O_MP, 0,
          "-MP                   ... with an empty rule for each included file" },
        { "--list-outputs", O_LIST, 0,
          "--list-outputs        print what would be written, and stop" },
        { "--gen=", O_GEN, 2, "--gen=c               what to generate: C is what there is" },
        /*
         * The .idl is one of Via's own, runtime/idl/: what is declared in the module `via`, and
         * so is called via_… in C, becomes a part of the library instead of an error (E0902).
         */
        { "--library", O_LIBRARY, 0, NULL },
        { "-W", O_WARN, 2, "-W[no-]NAME, -Wall, -Wextra, -Werror[=NAME]   choose warnings" },
        { "-w", O_QUIET, 0, "-w                    no warnings" },
        { "-fmax-errors=", O_MAX, 2,
          "-fmax-errors=N        stop after N errors (20; 0: never)" },
        { "-fcase-sensitive", O_CASE, 0,
          "-fcase-sensitive      tell names and keywords apart by case" },
        { "--color=", O_COLOR, 2, "--color=WHEN          auto, always or never" },
        { "-E", O_PREPROCESS, 0, "-E                    preprocess only, to standard output" },
        { "--help", O_HELP, 0, "--help                this" },
        { "--version", O_VERSION, 0, "--version             which idlc this is" },
};

#define N_OPTIONS (sizeof(table) / sizeof(*table))

void strings_add(struct strings *strings, const char *string) {
        strings->v = mem_realloc(strings->v, (strings->n + 2) * sizeof(*strings->v));
        strings->v[strings->n++] = string;
        strings->v[strings->n] = NULL;
}

static void help(void) {
        puts("usage: idlc [options] FILE...\n\n"
             "Compiles each .idl FILE (-: standard input) to NAME.h and NAME.c.\n");
        for (unsigned i = 0; i < N_OPTIONS; i++)
                if (table[i].help)
                        printf("  %s\n", table[i].help);
        puts("\nExits with 0 if all went well, 1 after errors in a file, 2 after one in the command.");
}

static int wrong(const char *what, const char *argument, const char *best) {
        fprintf(stderr, "idlc: error: %s `%s`\n", what, argument);
        if (best)
                fprintf(stderr, "  help: did you mean `%s`?\n", best);
        else
                fputs("  help: `idlc --help` lists the options\n", stderr);
        return EXIT_USAGE;
}

static int unknown(const char *argument) {
        struct near near = near_start(argument, strcspn(argument, "="));
        struct buf name = { 0 };
        int r;

        for (unsigned i = 0; i < N_OPTIONS; i++)
                if (table[i].help)
                        near_offer(&near, table[i].name);
        if (near.best)
                buf_puts(&name, near.best);
        r = wrong("there is no option", argument, name.data);
        buf_fini(&name);
        return r;
}

static int color(struct options *options, const char *when) {
        const char *term = getenv("TERM");

        if (!strcmp(when, "always"))
                options->color = true;
        else if (!strcmp(when, "never"))
                options->color = false;
        else if (!strcmp(when, "auto"))
                options->color = isatty(STDERR_FILENO) && !getenv("NO_COLOR") && term &&
                                 strcmp(term, "dumb") != 0;
        else
                return wrong("--color is auto, always or never, not", when, NULL);
        return -1;
}

static int number(unsigned *ret, const char *text) {
        char *end;
        unsigned long value = strtoul(text, &end, 10);

        if (*end || end == text || *text == '-' || value > 1000000)
                return wrong("-fmax-errors needs a number, not", text, NULL);
        *ret = (unsigned)value;
        return -1;
}

static int warning(struct options *options, const char *name) {
        struct diag diag;
        char *best = NULL;
        int r;

        diag_init(&diag, NULL, NULL);
        if (diag_option(&diag, name) == 0) {
                strings_add(&options->warnings, name);
                return -1;
        }
        if (diag_option_near(name)) {
                best = mem_realloc(NULL, strlen(diag_option_near(name)) + 16);
                sprintf(best, "-W%s%s", strncmp(name, "no-", 3) ? "" : "no-",
                        diag_option_near(name));
        }
        r = wrong("there is no warning", name, best);
        free(best);
        return r;
}

static int take(struct options *options, enum option option, const char *argument) {
        switch (option) {
        case O_OUT:        options->out_dir = argument; break;
        case O_INCLUDE:    strings_add(&options->dirs, argument); break;
        case O_DEFINE:
                if (argument[0] == '-')
                        return wrong("no name of a macro:", argument, NULL);
                strings_add(&options->defines, argument);
                break;
        case O_UNDEFINE:   break;                       /* take_word() did it */
        case O_MD:         options->depfile = true; break;
        case O_MF:         options->depfile = true;
                options->depfile_path = argument;
                break;
        case O_MT:         options->depfile = true;
                strings_add(&options->targets, argument);
                break;
        case O_MP:         options->phony = true; break;
        case O_LIST:       options->list_outputs = true; break;
        case O_QUIET:      options->no_warnings = true; break;
        case O_CASE:       options->unit.case_sensitive = true; break;
        case O_LIBRARY:    options->library = true; break;
        case O_PREPROCESS: options->unit.preprocess = true; break;
        case O_WARN:       return warning(options, argument);
        case O_MAX:        return number(&options->max_errors, argument);
        case O_COLOR:      return color(options, argument);
        case O_GEN:
                if (strcmp(argument, "c") != 0)
                        return wrong("idlc generates c, not", argument, NULL);
                break;
        case O_VERSION:
                puts("idlc " IDLC_VERSION);
                return EXIT_FINE;
        case O_HELP:
                help();
                return EXIT_FINE;
        }
        return -1;
}

/* Deals with argv[*i], and what belongs to it. */
static int take_word(struct options *options, char **argv, int *i) {
        const char *word = argv[*i], *rest;
        unsigned found = N_OPTIONS;
        size_t len, longest = 0;

        for (unsigned k = 0; k < N_OPTIONS; k++) {
                len = strlen(table[k].name);
                if (len <= longest || strncmp(word, table[k].name, len) != 0 ||
                    (table[k].argument == 0 && word[len]))
                        continue;
                found = k;
                longest = len;
        }
        if (found == N_OPTIONS)
                return unknown(word);
        rest = word + longest;
        if (table[found].argument == 1 && !*rest) {
                rest = argv[++*i];
                if (!rest)
                        return wrong("something is missing after", word, NULL);
        }
        if (table[found].option == O_UNDEFINE) {        /* told from -D by a '-' in front */
                struct buf marked = { 0 };

                buf_printf(&marked, "-%s", rest);
                strings_add(&options->defines, marked.data);
                return -1;
        }
        return take(options, table[found].option, rest);
}

int options_read(struct options *options, int argc, char **argv) {
        bool only_files = false;
        int r;

        *options = (struct options){ .out_dir = ".", .max_errors = 20 };
        color(options, "auto");
        for (int i = 1; i < argc; i++) {
                if (!only_files && !strcmp(argv[i], "--")) {
                        only_files = true;
                } else if (only_files || argv[i][0] != '-' || !argv[i][1]) {
                        strings_add(&options->files, argv[i]);
                } else {
                        r = take_word(options, argv, &i);
                        if (r >= 0)
                                return r;
                }
        }
        options->unit.dirs = options->dirs.v;
        options->unit.defines = options->defines.v;
        if (options->files.n == 0) {
                fputs("idlc: error: no file to compile\n"
                      "  help: `idlc --help` tells how it is used\n", stderr);
                return EXIT_USAGE;
        }
        if (options->files.n > 1 && options->depfile_path)
                return wrong("only one file can be compiled with -MF", options->depfile_path, NULL);
        return -1;
}

void options_fini(struct options *options) {
        for (unsigned i = 0; i < options->defines.n; i++)
                if (options->defines.v[i][0] == '-')
                        free((char *)options->defines.v[i]);
        free(options->files.v);
        free(options->dirs.v);
        free(options->defines.v);
        free(options->warnings.v);
        free(options->targets.v);
}

void options_apply(const struct options *options, struct diag *diag) {
        diag->color = options->color;
        diag->max_errors = options->max_errors;
        diag->no_warnings = options->no_warnings;
        for (unsigned i = 0; i < options->warnings.n; i++)
                diag_option(diag, options->warnings.v[i]);
}
