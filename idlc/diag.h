#pragma once
/*
 * diag.h - what is said to the person who wrote the file
 *
 * One call reports one thing; diag_note() and diag_help() after it belong to it, and are silent
 * if it was. What can be said is in diagnostics.def. Knows nothing of the language; decides
 * nothing but whether a warning counts.
 *
 *      diag(d, UNKNOWN_TYPE, span, "Pont");
 *      diag_note(d, other, "`%s` is declared here", name);
 *      diag_help(d, "did you mean `%s`?", best);
 */
#include <stdbool.h>
#include <stdio.h>
#include "text.h"

enum diag_severity {
        DIAG_OFF,                       /* never in the table: a warning switched off */
        DIAG_EXTRA,                     /* a warning for those who ask with -Wextra */
        DIAG_ALL,                       /* a warning for those who ask with -Wall */
        DIAG_WARNING,
        DIAG_ERROR,
        DIAG_FATAL,                     /* an error after which nothing more is read */
};

enum diag_id {
#define DIAG(id, number, severity, name, format) DIAG_##id,
#include "diagnostics.def"
#undef DIAG
        DIAG_N_IDS
};

/* As arrays, so that the compiler checks arguments against them. */
#define DIAG(id, number, severity, name, format) static const char diag_format_##id[] = format;
#include "diagnostics.def"
#undef DIAG

struct diag {
        struct text *text;              /* borrowed */
        FILE    *out;                   /* NULL: only count */
        unsigned n_errors, n_warnings;
        unsigned max_errors;            /* 0: no limit */
        bool     color;
        bool     no_warnings;           /* -w */
        bool     werror;                /* -Werror */
        bool     silent;                /* what follows belongs to something nobody saw */
        bool     stop;                  /* too many errors, or a fatal one: give up quietly */
        uint32_t last_include;          /* whose "included from" lines were printed last */
        uint32_t last_error;            /* a second error at the same place is an echo */
        unsigned char level[DIAG_N_IDS];        /* enum diag_severity, after -W options */
        bool     as_error[DIAG_N_IDS];          /* -Werror=name */
};

void diag_init(struct diag *diag, struct text *text, FILE *out);

/*
 * What follows -W: name, no-name, error, error=name, no-error=name, all, extra. -ENOENT: no
 * such.
 */
int diag_option(struct diag *diag, const char *argument);
const char *diag_option_near(const char *argument);

#define diag(d, id, span, ...) \
        diag_report((d), DIAG_##id, (span), diag_format_##id, ##__VA_ARGS__)
void diag_report(struct diag *diag, enum diag_id id, struct span at, const char *format, ...)
        __attribute__((format(printf, 4, 5)));
void diag_note(struct diag *diag, struct span at, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
void diag_help(struct diag *diag, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

/* The source line of @at with what matters underlined. */
void diag_show(const struct diag *diag, const struct place *place, struct span at);
