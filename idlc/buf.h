#pragma once
/*
 * buf.h - text that grows, and memory that is freed all at once
 *
 * A compiler without memory has nothing useful left to say: these print one line and leave with
 * status 3 rather than return an error.
 */
#include <stdarg.h>
#include <stddef.h>

struct buf {
        char  *data;                    /* NUL-terminated once anything was added; NULL: empty */
        size_t len;
        size_t room;
};

void buf_fini(struct buf *buf);
void buf_clear(struct buf *buf);
void buf_add(struct buf *buf, const void *data, size_t len);
void buf_puts(struct buf *buf, const char *text);
void buf_putc(struct buf *buf, char c);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *buf, const char *format, va_list args)
        __attribute__((format(printf, 2, 0)));

/* Memory that goes in one piece. What it hands out is zeroed and aligned for anything. */
struct arena {
        struct arena_block *blocks;     /* newest first; zeroed: empty */
        char  *next;
        size_t left;
};

void  arena_fini(struct arena *arena);
void *arena_alloc(struct arena *arena, size_t size);
char *arena_strndup(struct arena *arena, const char *text, size_t len);
char *arena_strdup(struct arena *arena, const char *text);
char *arena_printf(struct arena *arena, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

#define arena_new(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
#define arena_array(arena, type, n) ((type *)arena_alloc((arena), sizeof(type) * (size_t)(n)))

/* Plain heap, never NULL. */
void *mem_realloc(void *memory, size_t size);
