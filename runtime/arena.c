/*
 * arena.c - memory that is taken in pieces and given back all at once
 *
 * The limit costs nothing on the way: a chunk ends early where it would be passed, and only who
 * runs into the end of a chunk asks why.
 */
#include <stdlib.h>
#include "arena.h"

void via_arena_init(struct via_arena *arena, size_t max) {
        *arena = (struct via_arena){ .max = max ? max : SIZE_MAX };
}

/* Makes @chunk, with all its room, the newest one; what was used until now is in arena->used. */
static void chunk_open(struct via_arena *arena, struct via_chunk *chunk) {
        size_t room = chunk->size - sizeof(*chunk), left = arena->max - arena->used;

        arena->chunks = chunk;
        arena->next = chunk->data;
        arena->end = chunk->data + (room < left ? room : left);
        ASAN_POISON_MEMORY_REGION(chunk->data, room);
}

static void chunk_free(struct via_chunk *chunk) {
        ASAN_UNPOISON_MEMORY_REGION(chunk->data, chunk->size - sizeof(*chunk));
        free(chunk);
}

/*
 * Twice as large as the one before, so that few are needed, up to what a reset may keep; a
 * piece that is larger than that gets a chunk of its own size. Bytes left over in the chunk
 * before are lost until the reset.
 */
void *via_arena_more(struct via_arena *arena, size_t size) {
        size_t room = arena->chunks ? arena->chunks->size * 2 : VIA_ARENA_FIRST;
        size_t used = arena->used, need = sizeof(struct via_chunk) + VIA_ARENA_REDZONE;
        struct via_chunk *chunk;

        if (arena->chunks) {
                used += (size_t)(arena->next - arena->chunks->data);
                /* or the last few bytes of the limit cost a chunk each */
                used += (0 - used) % VIA_ARENA_ALIGN;
        }
        if (size > SIZE_MAX / 2 || used > arena->max ||
            size + VIA_ARENA_REDZONE > arena->max - used)
                return NULL;

        need += size;
        room = room > VIA_ARENA_KEEP ? VIA_ARENA_KEEP : room;
        while (room < need && room < VIA_ARENA_KEEP)
                room *= 2;
        /*
         * a large one with room for the small pieces beside it, so that it is enough the next
         * time
         */
        room = room < need ? need + VIA_ARENA_FIRST : room;

        chunk = malloc(room);
        if (!chunk)
                return NULL;
        chunk->older = arena->chunks;
        chunk->size = room;
        arena->used = used;
        chunk_open(arena, chunk);
        return via_arena_take(arena, size, 1);
}

/* The largest size of a chunk that is worth keeping after this round. */
static size_t keep_most(struct via_arena *arena) {
        size_t used = arena->used;

        if (arena->chunks)
                used += (size_t)(arena->next - arena->chunks->data);
        arena->idle = used > VIA_ARENA_KEEP ? 0 : arena->idle + 1;
        return arena->idle > VIA_ARENA_IDLE ? VIA_ARENA_KEEP : VIA_ARENA_MOST;
}

void via_arena_reset(struct via_arena *arena) {
        struct via_chunk *chunk = arena->chunks, *kept = NULL, *older;
        size_t most;

        /* As via_arena_rewind() has it: nothing to free, nothing to choose from. */
        if (!VIA_ARENA_REDZONE && chunk && !chunk->older && chunk->size <= VIA_ARENA_KEEP) {
                arena->next = chunk->data;
                return;
        }
        most = keep_most(arena);

        for (; chunk; chunk = older) {
                struct via_chunk *smaller = chunk;

                older = chunk->older;
                if (chunk->size <= most && (!kept || chunk->size > kept->size)) {
                        smaller = kept;
                        kept = chunk;
                }
                if (smaller)
                        chunk_free(smaller);
        }
        *arena = (struct via_arena){ .max = arena->max, .idle = arena->idle };
        if (kept) {
                kept->older = NULL;
                chunk_open(arena, kept);
        }
}

void via_arena_fini(struct via_arena *arena) {
        struct via_chunk *chunk, *older;

        for (chunk = arena->chunks; chunk; chunk = older) {
                older = chunk->older;
                chunk_free(chunk);
        }
        via_arena_init(arena, arena->max);
}

struct via_arena *via_arena_new(size_t max) {
        struct via_arena *arena = malloc(sizeof(*arena));

        if (arena)
                via_arena_init(arena, max);
        return arena;
}

struct via_arena *via_arena_free(struct via_arena *arena) {
        if (arena) {
                via_arena_fini(arena);
                free(arena);
        }
        return NULL;
}

void *via_arena_alloc(struct via_arena *arena, size_t size) {
        return size > SIZE_MAX / 2 ? NULL : via_arena_take(arena, size ? size : 1, VIA_ARENA_ALIGN);
}
