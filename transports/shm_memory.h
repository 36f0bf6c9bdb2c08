#pragma once
/*
 * shm_memory.h - the memory of one end of a shm: link, and how the other end may look at it
 *
 * Each end makes its own, writes into it, and hands the other a descriptor that is sealed so
 * that it can be neither resized nor written through: each byte has one writer, and can always
 * be read. Drawn as boxes in docs/shm.md. Knows nothing of frames, sleeping or sockets.
 */
#include <stdbool.h>
#include "ring.h"

enum {
        VIA_SHM_RING_LEAST = 4096,
        VIA_SHM_RING_MOST  = 64 * 1024 * 1024,
};

/* What the file begins with, in a page of its own: the words that its maker publishes. */
struct via_shm_words {
        struct via_ring_position     tail;      /* of the ring that follows */
        struct via_ring_position     head;      /* of the other end's ring, which we read */
        /* 0: awake; else a number that is new each time << 8, and the events slept for */
        _Alignas(64) _Atomic uint64_t sleeping;
        _Atomic uint32_t             left;      /* 1: closed in order */
};

/* A mapping: the words, then the ring twice, so that any piece of it lies together. */
struct via_shm_memory {
        struct via_shm_words *words;            /* NULL: none */
        unsigned char        *ring;
        size_t                size;             /* of the ring, a power of two */
};

/* Makes memory with a ring of @size, to be written by us; its sealed descriptor is *@ret_fd. */
int  via_shm_make(struct via_shm_memory *memory, size_t size, int *ret_fd);

/*
 * Maps what the other end made, to be read only; it says that its ring is of @size. -EPROTO
 * unless the descriptor is of memory which can be read whatever its maker does from now on. The
 * descriptor stays the caller's, and is needed no more.
 */
int  via_shm_take(struct via_shm_memory *memory, size_t size, int fd);

void via_shm_drop(struct via_shm_memory *memory);
