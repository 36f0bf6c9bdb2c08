#pragma once
/*
 * calls.h - the calls a connection has made and not yet heard back about
 *
 * Slots that are found by id without a search; as many as were ever needed at once, up to a
 * limit. Time is an argument: nothing in here reads a clock, makes a system call or calls
 * anyone back. Not thread-safe.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "flow.h"

struct via_slot {
        void            *call;          /* borrowed; NULL: free */
        int64_t          due;           /* monotonic ms, INT64_MAX: whenever */
        uint32_t         id;
        bool             headed;        /* its head has come */
        struct via_flow *flow;          /* borrowed; NULL: it has no stream */
};

struct via_calls {
        struct via_slot *slots;
        uint32_t         mask;          /* slots - 1, a power of two less one; 0 with no slots */
        uint32_t         next;          /* the id to try first */
        uint32_t         n;             /* slots taken */
        uint32_t         max;           /* see via_calls_limit() */
        uint32_t         room;          /* calls of which it is certain that they have a slot */
        uint32_t         sweep;         /* the slot at which via_calls_expire() goes on */
        int64_t          due;           /* no call is due before this */
};

enum {                                  /* expected conditions, positive as everywhere */
        VIA_CALLS_FULL = 1,
        VIA_CALLS_NONE,
};

void via_calls_init(struct via_calls *calls, uint32_t max);
void via_calls_fini(struct via_calls *calls);

void via_calls_limit(struct via_calls *calls, uint32_t max);
int  via_calls_make_room(struct via_calls *calls);
void via_calls_postpone(struct via_calls *calls, uint32_t first, int64_t ms);
void via_calls_flow(struct via_calls *calls, uint32_t id, struct via_flow *flow);
int  via_calls_later(struct via_calls *calls, uint32_t id, uint32_t *at, void **ret_call);
int  via_calls_expire(struct via_calls *calls, int64_t now, void **ret_call, uint32_t *ret_id);

/*
 * Gives @call a slot, which stays the caller's. A late reply to a call long given up finds
 * nobody, rather than whoever has its slot now.
 *
 * Returns 0, VIA_CALLS_FULL, or -ENOMEM.
 */
static inline int via_calls_add(struct via_calls *calls, void *call, int64_t due,
                                uint32_t *ret_id) {
        struct via_slot *slot;
        uint32_t id;
        int r;

        if (__builtin_expect(calls->n >= calls->room, 0)) {
                r = via_calls_make_room(calls);
                if (r)
                        return r;
        }

        /* One slot is free, so this ends: at worst after passing each of the others. */
        do {
                id = calls->next++;
                slot = &calls->slots[id & calls->mask];
        } while (slot->call);

        slot->call = call;
        slot->due = due;
        slot->id = id;
        slot->headed = false;
        slot->flow = NULL;
        calls->n++;
        if (due < calls->due)
                calls->due = due;
        *ret_id = id;
        return 0;
}

/* The slot of the call @id, which stays in it; NULL: there is no such call. */
static inline struct via_slot *via_calls_find(const struct via_calls *calls, uint32_t id) {
        struct via_slot *slot = calls->slots ? &calls->slots[id & calls->mask] : NULL;

        return slot && slot->call && slot->id == id ? slot : NULL;
}

/* The call in @slot is over. */
static inline void via_calls_free(struct via_calls *calls, struct via_slot *slot) {
        slot->call = NULL;
        calls->n--;
}

/* Hands back the call answered by @id: 0, or VIA_CALLS_NONE if nobody waits for it. */
static inline int via_calls_take(struct via_calls *calls, uint32_t id, void **ret_call) {
        struct via_slot *slot;

        if (__builtin_expect(!calls->slots, 0))
                return VIA_CALLS_NONE;
        slot = &calls->slots[id & calls->mask];
        if (__builtin_expect(!slot->call || slot->id != id, 0))
                return VIA_CALLS_NONE;
        *ret_call = slot->call;
        via_calls_free(calls, slot);
        return 0;
}
