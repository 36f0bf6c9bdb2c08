/*
 * buffer.c - bytes that come in at one end and leave at the other, and a pool in which idle
 * ones wait
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "buffer.h"

#define BUFFER_FIRST ((size_t)128 * 1024)       /* a batch, and most sockets' fill */

void via_buffer_fini(struct via_buffer *b) {
        free(b->data);
        *b = (struct via_buffer){ 0 };
}

void via_pool_fini(struct via_pool *pool) {
        for (size_t i = 0; i < sizeof(pool->spare) / sizeof(pool->spare[0]); i++)
                via_buffer_fini(&pool->spare[i]);
}

/* via_buffer_give() where there is no free place for it, or it is too large. */
void via_buffer_drop(struct via_buffer *b, struct via_pool *pool) {
        struct via_buffer given = { .data = b->data, .cap = b->cap };

        *b = (struct via_buffer){ 0 };
        if (given.cap > VIA_BUFFER_KEEP)
                via_buffer_fini(&given);
        for (size_t i = 0; given.data && i < sizeof(pool->spare) / sizeof(pool->spare[0]); i++) {
                if (pool->spare[i].cap < given.cap) {
                        struct via_buffer smaller = pool->spare[i];

                        pool->spare[i] = given;
                        given = smaller;
                }
        }
        via_buffer_fini(&given);
}

static inline void buffer_take(struct via_buffer *b, struct via_pool *pool) {
        struct via_buffer *spare = &pool->spare[!pool->spare[0].data];

        b->data = spare->data;
        b->cap = spare->cap;
        spare->data = NULL;
        spare->cap = 0;
}

__attribute__((noinline)) static int buffer_grow(struct via_buffer *b, size_t room) {
        size_t used = via_buffer_used(b), cap;
        uint8_t *data;

        /* A long queue is only moved over as much as has left it: each of its bytes once. */
        if (b->cap - used < room || (used > BUFFER_FIRST && b->head < used)) {
                if (room > SIZE_MAX / 4 - used)
                        return -ENOMEM;
                cap = b->cap ? b->cap * 2 : BUFFER_FIRST;
                while (cap - used < room)
                        cap *= 2;
                data = realloc(b->data, cap);
                if (!data)
                        return -ENOMEM;
                b->data = data;
                b->cap = cap;
        }
        if (b->head)
                memmove(b->data, b->data + b->head, used);
        b->tail = used;
        b->head = 0;
        return 0;
}

/* via_buffer_room() where there is none yet. */
int via_buffer_grow(struct via_buffer *b, struct via_pool *pool, size_t room) {
        if (!b->data)
                buffer_take(b, pool);
        return b->cap - b->tail >= room ? 0 : buffer_grow(b, room);
}
