#pragma once
/*
 * token.h - what the preprocessor works on: words that have no meaning yet
 */
#include <stdbool.h>
#include <stdint.h>
#include "text.h"

enum token_kind {
        /* of the file, of the line in a directive, of an argument */
        TOKEN_END,
        /* the end of a line; only the scanner and directives see it */
        TOKEN_LINE,
        TOKEN_NAME,
        TOKEN_NUMBER,
        TOKEN_STRING,                   /* with quotes, perhaps an L before them */
        TOKEN_CHAR,
        TOKEN_HEADER,                   /* <name> or "name" after #include */
        TOKEN_PUNCT,
        TOKEN_PASTE,                    /* ## in the body of a macro */
        TOKEN_EMPTY,                    /* an argument with nothing in it, next to ## */
        TOKEN_OTHER,                    /* a byte that belongs nowhere; already complained about */
};

struct token {
        enum token_kind kind : 8;
        bool space : 1;                 /* something separates it from what is before */
        bool first : 1;                 /* on its line */
        /* a macro's own name in its expansion: never expanded again */
        bool frozen : 1;
        bool bad : 1;                   /* already complained about */
        uint16_t punct;                 /* '{', or PUNCT2('>', '>') */
        struct span at;                 /* of a token out of a macro: where the macro is used */
        const char *text;               /* borrowed, not terminated */
        uint32_t len;
};

#define PUNCT2(a, b) ((uint16_t)((a) << 8 | (b)))

struct diag;

/* The state of one scanner, for scan.l */
struct scan {
        struct source *source;          /* NULL: scanning what ## made */
        struct diag *diag;
        struct span at;                 /* for want of a source */
        uint32_t offset;                /* into source->text */
        bool first, space;
        char open;                      /* the quote that was not closed; the next one is its end */
        bool quiet;                     /* in a skipped group: only comments can be wrong */
};

/* The reentrant scanner that flex makes of scan.l */
int  scan_open(struct scan *scan, char *text, uint32_t len, void **ret_scanner);
void scan_close(void *scanner);
void scan_next(void *scanner, struct token *ret_token);
void scan_header(void *scanner);        /* what comes next is the name of an #include */
