#pragma once
/*
 * buffer.h - bytes that come in at one end and leave at the other, and a pool in which idle
 * ones wait
 *
 * Links borrow a buffer while they have bytes to keep and give it back when they have none, so
 * that ten thousand idle links own nothing. Grows only as bytes arrive. Not thread-safe: one
 * pool a loop.
 */
#include <stddef.h>
#include <stdint.h>

struct via_buffer {
        uint8_t *data;                  /* NULL: it has none */
        size_t   head, tail, cap;       /* filled from head to tail */
};

struct via_pool {
        struct via_buffer spare[2];
};

/* bytes; larger ones are not kept once idle */
#define VIA_BUFFER_KEEP ((size_t)8 * 1024 * 1024)

static inline size_t via_buffer_used(const struct via_buffer *b) {
        return b->tail - b->head;
}

void via_pool_fini(struct via_pool *pool);

void via_buffer_fini(struct via_buffer *b);
void via_buffer_drop(struct via_buffer *b, struct via_pool *pool);
int  via_buffer_grow(struct via_buffer *b, struct via_pool *pool, size_t room);

/* Forgets what is in @b and hands its memory to the pool, which keeps the larger ones. */
static inline void via_buffer_give(struct via_buffer *b, struct via_pool *pool) {
        struct via_buffer *first = &pool->spare[0];
        struct via_buffer *spare = first->data ? first + 1 : first;

        if (__builtin_expect(spare->data || b->cap > (spare == first ? VIA_BUFFER_KEEP
                                                                     : first->cap), 0)) {
                via_buffer_drop(b, pool);
                return;
        }
        spare->data = b->data;
        spare->cap = b->cap;
        *b = (struct via_buffer){ 0 };
}

/*
 * Makes sure that @room bytes (more than 0) can be written at b->data + b->tail: moves what is
 * in @b to its front, takes memory from the pool, or grows. Returns 0 or -ENOMEM, and then @b
 * is as it was.
 */
static inline int via_buffer_room(struct via_buffer *b, struct via_pool *pool, size_t room) {
        struct via_buffer *spare = &pool->spare[!pool->spare[0].data];

        if (b->cap - b->tail >= room)
                return 0;
        if (b->data || spare->cap < room)
                return via_buffer_grow(b, pool, room);
        b->data = spare->data;
        b->cap = spare->cap;
        spare->data = NULL;
        spare->cap = 0;
        return 0;
}
