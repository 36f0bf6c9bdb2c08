#ifndef VIA_ARENA_H
#define VIA_ARENA_H
/*
 * via/arena.h - memory that is taken in pieces and given back all at once
 *
 * Lend one to a call (struct via_call_options) and the results of that call live in it: no
 * free(), and after the first few calls no allocation either, because a reset arena keeps its
 * memory. Not thread-safe; one thread at a time may use an arena.
 */
#include <stddef.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

struct via_arena;

/*
 * A new arena that will hand out at most @max bytes between two resets (0: no limit but memory).
 * Returns NULL if there is no memory. Free it with via_arena_free().
 */
struct via_arena *via_arena_new(size_t max);

/* Frees @arena and all that was taken from it; returns NULL. NULL is allowed. */
struct via_arena *via_arena_free(struct via_arena *arena);

/*
 * @size bytes, aligned for any type, not zeroed, valid until the next reset. Returns NULL if
 * there is no memory or the arena's limit is reached. @size 0 gives a pointer that must not be
 * read.
 */
void *via_arena_alloc(struct via_arena *arena, size_t size);

/*
 * Takes back everything that was handed out, at once. Memory is kept for the next round: as much
 * as recent rounds have needed, up to 8 MiB.
 */
void via_arena_reset(struct via_arena *arena);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop
#endif
