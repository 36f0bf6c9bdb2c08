/*
 * buf.c - text that grows, and memory that is freed all at once
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "buf.h"

#define BLOCK_SIZE (64u << 10)
#define ALIGN      (sizeof(max_align_t))

struct arena_block {
        struct arena_block *older;
        max_align_t memory[];
};

static _Noreturn void out_of_memory(void) {
        fputs("idlc: fatal error: out of memory\n", stderr);
        exit(3);
}

void *mem_realloc(void *memory, size_t size) {
        void *moved = realloc(memory, size ? size : 1);

        if (!moved)
                out_of_memory();
        return moved;
}

void buf_fini(struct buf *buf) {
        free(buf->data);
        *buf = (struct buf){ 0 };
}

void buf_clear(struct buf *buf) {
        buf->len = 0;
        if (buf->data)
                buf->data[0] = '\0';
}

/* Room for @more bytes and a NUL. */
static void buf_grow(struct buf *buf, size_t more) {
        size_t room = buf->room ? buf->room : 256;

        if (more >= SIZE_MAX / 2 - buf->len)
                out_of_memory();
        while (room <= buf->len + more)
                room *= 2;
        if (room != buf->room)
                buf->data = mem_realloc(buf->data, room);
        buf->room = room;
}

void buf_add(struct buf *buf, const void *data, size_t len) {
        buf_grow(buf, len);
        if (len)
                memcpy(buf->data + buf->len, data, len);
        buf->len += len;
        buf->data[buf->len] = '\0';
}

void buf_puts(struct buf *buf, const char *text) {
        buf_add(buf, text, strlen(text));
}

void buf_putc(struct buf *buf, char c) {
        buf_add(buf, &c, 1);
}

void buf_vprintf(struct buf *buf, const char *format, va_list args) {
        char small[512];
        va_list again;
        int len;

        va_copy(again, args);
        len = vsnprintf(small, sizeof(small), format, args);
        if (len > 0 && (size_t)len < sizeof(small)) {
                buf_add(buf, small, (size_t)len);
        } else if (len > 0) {
                buf_grow(buf, (size_t)len);
                vsnprintf(buf->data + buf->len, (size_t)len + 1, format, again);
                buf->len += (size_t)len;
        }
        va_end(again);
}

void buf_printf(struct buf *buf, const char *format, ...) {
        va_list args;

        va_start(args, format);
        buf_vprintf(buf, format, args);
        va_end(args);
}

void arena_fini(struct arena *arena) {
        struct arena_block *older;

        for (struct arena_block *block = arena->blocks; block; block = older) {
                older = block->older;
                free(block);
        }
        *arena = (struct arena){ 0 };
}

void *arena_alloc(struct arena *arena, size_t size) {
        struct arena_block *block;
        size_t room;
        void *memory;

        if (size > SIZE_MAX / 2)
                out_of_memory();
        size = (size + ALIGN - 1) / ALIGN * ALIGN;
        if (size > arena->left) {
                room = size > BLOCK_SIZE / 4 ? size : BLOCK_SIZE;
                block = calloc(1, sizeof(*block) + room);
                if (!block)
                        out_of_memory();
                block->older = arena->blocks;
                arena->blocks = block;
                if (room == size)
                        return block->memory;   /* its own block; the open one stays open */
                arena->next = (char *)block->memory;
                arena->left = room;
        }
        memory = arena->next;
        arena->next += size;
        arena->left -= size;
        return memory;
}

char *arena_strndup(struct arena *arena, const char *text, size_t len) {
        char *copy = arena_alloc(arena, len + 1);

        memcpy(copy, text, len);
        return copy;
}

char *arena_strdup(struct arena *arena, const char *text) {
        return arena_strndup(arena, text, strlen(text));
}

char *arena_printf(struct arena *arena, const char *format, ...) {
        struct buf buf = { 0 };
        va_list args;
        char *copy;

        va_start(args, format);
        buf_vprintf(&buf, format, args);
        va_end(args);
        copy = arena_strndup(arena, buf.data ? buf.data : "", buf.len);
        buf_fini(&buf);
        return copy;
}
