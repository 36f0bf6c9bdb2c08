#pragma once
/*
 * inproc_pair.h - the memory between two ends in one process
 *
 * Two rings, one each way, and what each side says of itself: that it sleeps, that it is gone.
 * Whoever leaves last frees all of it. Knows no names, and never sleeps itself.
 */
#include "bell.h"
#include "note.h"
#include "ring.h"

enum { VIA_INPROC_RING_SIZE = 64 * 1024 };

/* One of the two ends, as the other sees it. */
struct via_inproc_side {
        struct via_ring_position tail;          /* of the ring it writes into */
        struct via_ring_position head;          /* of the ring it reads from */
        unsigned char           *bytes;         /* what it writes into; from its first send() on */
        _Alignas(64) atomic_int  sleeping;      /* the events that it sleeps for, or 0 */
        /* 1: it closed; else 0, or why it never was there */
        atomic_int               gone;
        int                      bell;
};

struct via_inproc_pair {
        struct via_inproc_side  sides[2];       /* client, server */
        atomic_int              users;
        struct via_inproc_pair *next;           /* among those not yet accepted */
};

/* Makes a pair for two users, which has no rings yet. */
int  via_inproc_pair_new(struct via_inproc_pair **ret_pair);

/* Frees one that nobody else has seen. */
void via_inproc_pair_free(struct via_inproc_pair *pair);

/* @side (0: client, 1: server) is gone, and says @why; the last one frees the pair. */
void via_inproc_pair_leave(struct via_inproc_pair *pair, int side, int why);

/* Wakes @side if it sleeps for one of @events. */
static inline void via_inproc_wake(struct via_inproc_side *side, int events) {
        if ((atomic_load(&side->sleeping) & events) && atomic_exchange(&side->sleeping, 0))
                via_bell_ring(side->bell);
}
