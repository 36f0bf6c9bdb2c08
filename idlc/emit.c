/*
 * emit.c - text that is C: lists of arguments, and lines with a comment each
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "emit.h"
#include "gen_c.h"

__attribute__((format(printf, 2, 0)))
static const char *print(struct arena *arena, const char *format, va_list args) {
        struct buf text = { 0 };
        const char *kept;

        buf_vprintf(&text, format, args);
        kept = arena_strndup(arena, text.data ? text.data : "", text.len);
        buf_fini(&text);
        return kept;
}

/* Twice the room for @n items of @size bytes when there is no more. */
static void *grow(struct arena *arena, void *items, unsigned n, unsigned *room, size_t size) {
        void *more;

        if (n < *room)
                return items;
        *room = *room ? *room * 2 : 8;
        more = arena_alloc(arena, *room * size);
        if (n)
                memcpy(more, items, n * size);
        return more;
}

void list_add(struct list *list, const char *format, ...) {
        va_list args;

        list->items = grow(list->arena, list->items, list->n, &list->room, sizeof(*list->items));
        va_start(args, format);
        list->items[list->n++] = print(list->arena, format, args);
        va_end(args);
}

void emit_list(struct buf *out, const char *head, const struct list *list, const char *tail) {
        const char *line = strrchr(head, '\n') ? strrchr(head, '\n') + 1 : head;
        size_t indent = strlen(line), column = indent, len;

        /* A head that leaves no room is not lined up with, but left behind by two steps. */
        if (indent > GEN_WIDTH * 5 / 8)
                indent = strspn(line, " ") + 16;
        buf_puts(out, head);
        for (unsigned i = 0; i < list->n; i++) {
                len = strlen(list->items[i]) + (i + 1 < list->n ? 1 : strlen(tail));
                if (i && column + 1 + len > GEN_WIDTH) {
                        buf_printf(out, "\n%*s", (int)indent, "");
                        column = indent;
                } else if (i) {
                        buf_putc(out, ' ');
                        column++;
                } else if (column + len > GEN_WIDTH && indent < column) {
                        buf_printf(out, "\n%*s", (int)indent, "");
                        column = indent;
                }
                buf_puts(out, list->items[i]);
                if (i + 1 < list->n)
                        buf_putc(out, ',');
                column += len;
        }
        buf_puts(out, tail);
}

void rows_add(struct rows *rows, const char *comment, const char *format, ...) {
        struct row *row;
        va_list args;

        rows->rows = grow(rows->arena, rows->rows, rows->n, &rows->room, sizeof(*rows->rows));
        row = &rows->rows[rows->n++];
        row->comment = comment;
        va_start(args, format);
        row->code = print(rows->arena, format, args);
        va_end(args);
}

void rows_emit(const struct rows *rows, struct buf *out) {
        size_t column = 0, len;
        const struct row *row;

        /* Comments begin in one column; a line that is much longer than others does not push it. */
        for (row = rows->rows; row < rows->rows + rows->n; row++) {
                len = rows->indent + strlen(row->code);
                if (row->comment && len > column && len <= 48)
                        column = len;
        }
        column = column / 8 * 8 + 8;

        for (row = rows->rows; row < rows->rows + rows->n; row++) {
                len = rows->indent + strlen(row->code);
                if (!row->comment) {
                        buf_printf(out, "%*s%s\n", (int)rows->indent, "", row->code);
                } else if (!strchr(row->comment, '\n') && len < column &&
                           column + strlen(row->comment) + 6 <= GEN_WIDTH) {
                        buf_printf(out, "%*s%s%*s/* %s */\n", (int)rows->indent, "", row->code,
                                   (int)(column - len), "", row->comment);
                } else {
                        emit_comment(out, rows->indent, row->comment);
                        buf_printf(out, "%*s%s\n", (int)rows->indent, "", row->code);
                }
        }
}
