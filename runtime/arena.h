#pragma once
/*
 * arena.h - memory that is taken in pieces and given back all at once, from the inside
 *
 * Chunks from malloc, handed out front to back. The newest is the only one with room; a reset
 * keeps one, so that rounds which fit there allocate nothing; a large one only as long as it is
 * needed now and then. Never frees a piece, never moves one but by via_arena_grow(), and does not
 * zero.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <via/arena.h>

#if defined(__SANITIZE_ADDRESS__)
#define VIA_ARENA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define VIA_ARENA_ASAN 1
#endif
#endif

#ifdef VIA_ARENA_ASAN
#include <sanitizer/asan_interface.h>
#define VIA_ARENA_REDZONE 16            /* bytes behind each piece that nobody may touch */
#else
#define VIA_ARENA_REDZONE 0
#define ASAN_POISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

enum {
        VIA_ARENA_FIRST = 4096,         /* bytes of the first chunk, its header included */
        VIA_ARENA_KEEP  = 65536,        /* of the largest that a reset keeps in any case */
        VIA_ARENA_MOST  = 8 << 20,      /* of the largest that it ever keeps */
        /* rounds after which one above KEEP is not needed any more */
        VIA_ARENA_IDLE  = 16,
        VIA_ARENA_ALIGN = __alignof__(max_align_t),
};

struct via_chunk {
        struct via_chunk *older;
        size_t            size;         /* this header included */
        _Alignas(VIA_ARENA_ALIGN) uint8_t data[];
};

struct via_arena {
        uint8_t          *next;         /* where the next piece begins */
        uint8_t          *end;          /* of the newest chunk, or where the limit is reached */
        struct via_chunk *chunks;       /* newest first */
        size_t            max;          /* bytes between two resets */
        size_t            used;         /* of them, out of all chunks but the newest */
        /* rounds in a row that VIA_ARENA_KEEP would have been enough for */
        unsigned          idle;
};

/* An arena in memory of the caller's, for @max bytes (0: no limit). Takes no memory yet. */
void via_arena_init(struct via_arena *arena, size_t max);

/*
 * Frees all that was taken, and the chunks. The arena is as after via_arena_init(); zeroed
 * memory is allowed too.
 */
void via_arena_fini(struct via_arena *arena);

/* via_arena_take() when the newest chunk has no room. */
void *via_arena_more(struct via_arena *arena, size_t size);

/* @size bytes (not 0), aligned to @align (a power of two, at most VIA_ARENA_ALIGN); or NULL. */
static inline void *via_arena_take(struct via_arena *arena, size_t size, size_t align) {
        uintptr_t at = ((uintptr_t)arena->next + align - 1) & ~(uintptr_t)(align - 1);
        uintptr_t end = (uintptr_t)arena->end;

        if (__builtin_expect(at > end || end - at < size + VIA_ARENA_REDZONE, 0))
                return via_arena_more(arena, size);
        ASAN_UNPOISON_MEMORY_REGION((void *)at, size);
        arena->next = (uint8_t *)at + size + VIA_ARENA_REDZONE;
        return (void *)at;
}

/* via_arena_reset(), when the first chunk was enough: then it only begins anew. */
static inline void via_arena_rewind(struct via_arena *arena) {
        struct via_chunk *chunk = arena->chunks;

        if (VIA_ARENA_REDZONE || (chunk && (chunk->older || chunk->size > VIA_ARENA_KEEP)))
                via_arena_reset(arena);
        else if (chunk)
                arena->next = chunk->data;
}

/* Whether the @size bytes at @piece were the last that were taken. */
static inline bool via_arena_is_last(const struct via_arena *arena, const void *piece,
                                     size_t size) {
        return piece && (uintptr_t)piece + size + VIA_ARENA_REDZONE == (uintptr_t)arena->next;
}

/* Gives the end of @piece back if it was the last that was taken, else does nothing. */
static inline void via_arena_shrink(struct via_arena *arena, void *piece, size_t size, size_t to) {
        if (!via_arena_is_last(arena, piece, size))
                return;
        ASAN_POISON_MEMORY_REGION((uint8_t *)piece + to, size - to);
        arena->next = (uint8_t *)piece + to + VIA_ARENA_REDZONE;
}

/*
 * Makes @piece (NULL if @size is 0) larger: where it is, if it was the last that was taken,
 * else by a copy. NULL: no room.
 */
static inline void *via_arena_grow(struct via_arena *arena, void *piece, size_t size, size_t to,
                                   size_t align) {
        void *copy;

        if (via_arena_is_last(arena, piece, size) &&
            to - size <= (size_t)(arena->end - arena->next)) {
                ASAN_UNPOISON_MEMORY_REGION(piece, to);
                arena->next += to - size;
                return piece;
        }
        copy = via_arena_take(arena, to, align);
        if (copy && size)
                memcpy(copy, piece, size);
        return copy;
}
