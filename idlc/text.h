#pragma once
/*
 * text.h - the source files of one run, and what a position in them means
 *
 * A position is one number: an offset into all files laid end to end, 0 meaning nowhere. It is
 * cheap to keep with every token; only when a person is told of it does it become file, line and
 * column. Reads files; prints nothing.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span {
        uint32_t begin;                 /* of the first byte */
        uint32_t end;                   /* after the last byte */
};

/* Where a comment is, for those who look for the documentation of something. */
struct comment {
        uint32_t begin, end;            /* offsets in the file's raw text, markers included */
};

struct source {
        const char *path;               /* as opened, or what stands for it: "<stdin>" */
        char       *raw;                /* as read, NUL after the end */
        uint32_t    raw_len;
        char       *text;               /* a copy without line continuations, the scanner's */
        uint32_t    text_len;           /* three NULs follow: flex wants two */
        /* offsets in text before which something was left out ... */
        uint32_t   *splices;
        uint32_t   *skipped;            /* ... and how much, in all, up to there */
        uint32_t    n_splices;
        uint32_t    base;               /* the position of raw[0] */
        uint32_t   *lines;              /* raw offsets of the beginnings of lines */
        uint32_t    n_lines;
        struct comment *comments;       /* in order, as the scanner met them */
        uint32_t    n_comments, room_comments;
        uint32_t    included_at;        /* position of the #include, 0: main */
        void       *file;               /* the struct idl_file */
        struct source *next;
};

struct text {
        struct source *sources, **tail;
        struct source *last;            /* found last: positions come in bunches */
        uint32_t next_base;
};

struct place {
        const struct source *source;
        unsigned line;                  /* from 1 */
        unsigned column;                /* from 1, in characters, a tab being one */
        const char *line_text;          /* without its end */
        unsigned line_len;
};

void text_init(struct text *text);
void text_fini(struct text *text);

/* Both take a copy; @ret_source stays the text's. -ENOENT and the like; -EFBIG; -EISDIR. */
int text_open(struct text *text, const char *path, struct source **ret_source);
int text_add(struct text *text, const char *name, const char *data, size_t len,
             struct source **ret_source);

/* False: @pos is nowhere (the command line, say). */
bool text_place(struct text *text, uint32_t pos, struct place *ret_place);
struct source *text_source(struct text *text, uint32_t pos);

/* The position of an offset into source->text. */
uint32_t source_pos(const struct source *source, uint32_t offset);
void source_comment(struct source *source, uint32_t begin, uint32_t end);
