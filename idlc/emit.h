#pragma once
/*
 * emit.h - text that is C: comments, lists in lines of readable length, literals
 *
 * Whatever a person wrote in an .idl comes out as something that a C compiler takes for what it
 * is: no comment ends early, no string goes on, no trigraph means anything.
 */
#include "ast.h"
#include "buf.h"

/* The arguments of one function, or the like: what is between the commas. */
struct list {
        struct arena *arena;
        const char  **items;
        unsigned      n, room;
};

void list_add(struct list *list, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* @head, the items, @tail; broken where the line is full, and then lined up behind @head. */
void emit_list(struct buf *out, const char *head, const struct list *list, const char *tail);

/* What a comment may say: @text without what would end it or upset a compiler. NULL stays NULL. */
const char *emit_clean(struct arena *arena, const char *text);

/* A comment on lines of its own, from column @indent on; nothing for NULL. @text is clean. */
void emit_comment(struct buf *out, unsigned indent, const char *text);

/*
 * Lines of code with a comment each, which stands behind the line if it fits there, else above
 * it.
 */
struct rows {
        struct arena *arena;
        unsigned indent;
        struct row {
                const char *code, *comment;
        } *rows;
        unsigned n, room;
};

void rows_add(struct rows *rows, const char *comment, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
void rows_emit(const struct rows *rows, struct buf *out);

/* A string literal, with its quotes. */
const char *emit_string(struct arena *arena, const char *text, size_t len);

/*
 * A constant expression of the value, typed as C needs it: "INT64_C(5)", "1.5f",
 * "hello_Sky_CLEAR".
 */
const char *emit_value(struct arena *arena, const struct idl_value *value);
const char *emit_int(struct arena *arena, int64_t value);
