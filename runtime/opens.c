/*
 * opens.c - the calls of the peer that are not answered yet, by the peer's ids
 *
 * Open addressing, one slot after the other. A slot that was left is marked rather than closed,
 * so that a sweep over the slots may be interrupted by anything that takes calls out. Ids that
 * are chosen to collide make each look-up pass at most all calls of that peer: its own limit.
 */
#include <errno.h>
#include <stdlib.h>
#include "opens.h"

#define SLOTS_FIRST 8u

static char left;                               /* its address: the slot was left */

/* Makes an empty table for at most @max calls. Pair with via_opens_fini(). */
void via_opens_init(struct via_opens *opens, uint32_t max) {
        *opens = (struct via_opens){ .max = max, .due = INT64_MAX };
}

/* Forgets every call without telling it; whoever still cares takes them out first. */
void via_opens_fini(struct via_opens *opens) {
        free(opens->slots);
        *opens = (struct via_opens){ .due = INT64_MAX };
}

static uint32_t place_of(uint32_t id) {
        uint32_t hash = id * 0x9e3779b1u;

        return hash ^ hash >> 16;
}

/* Where @id is, or else the free slot that says that it is nowhere. */
static struct via_open *look(const struct via_opens *opens, uint32_t id) {
        uint32_t at = place_of(id);

        /* One slot in four is free, so this ends. */
        for (;; at++) {
                struct via_open *slot = &opens->slots[at & opens->mask];

                if (!slot->call || (slot->id == id && slot->call != &left))
                        return slot;
        }
}

/* Makes slots for twice the calls there are: 0 or -ENOMEM. Ends a sweep, which begins anew. */
static int rebuild(struct via_opens *opens) {
        struct via_opens old = *opens;
        uint32_t n = SLOTS_FIRST;

        while (n / 2 <= old.n)
                n *= 2;
        opens->slots = calloc(n, sizeof(*opens->slots));
        if (!opens->slots) {
                opens->slots = old.slots;
                return -ENOMEM;
        }
        opens->mask = n - 1;
        opens->n_used = old.n;
        opens->sweep = 0;
        opens->due = INT64_MAX;
        for (uint32_t i = 0; old.slots && i <= old.mask; i++) {
                struct via_open *slot = &old.slots[i];

                if (!slot->call || slot->call == &left)
                        continue;
                *look(opens, slot->id) = *slot;
                if (slot->due < opens->due)
                        opens->due = slot->due;
        }
        free(old.slots);
        return 0;
}

/*
 * Puts in @call, which the peer calls @id; call and @flow stay the caller's.
 *
 * Returns 0, VIA_CALLS_FULL, -EEXIST (the peer has a call of this id open) or -ENOMEM.
 */
int via_opens_add(struct via_opens *opens, uint32_t id, void *call, int64_t due,
                  struct via_flow *flow) {
        struct via_open *slot;
        int r;

        if (via_opens_find(opens, id))
                return -EEXIST;
        if (opens->n >= opens->max)
                return VIA_CALLS_FULL;
        if (!opens->slots || opens->n_used >= opens->mask - opens->mask / 4) {
                r = rebuild(opens);
                if (r < 0)
                        return r;
        }
        slot = look(opens, id);
        *slot = (struct via_open){ .call = call, .flow = flow, .due = due, .id = id };
        opens->n++;
        opens->n_used++;
        if (due < opens->due)
                opens->due = due;
        return 0;
}

/* The call @id, which stays where it is; NULL: there is no such call. */
struct via_open *via_opens_find(const struct via_opens *opens, uint32_t id) {
        struct via_open *slot = opens->n ? look(opens, id) : NULL;

        return slot && slot->call ? slot : NULL;
}

/* Hands back the call @id and forgets it: 0, or VIA_CALLS_NONE. */
int via_opens_take(struct via_opens *opens, uint32_t id, void **ret_call) {
        struct via_open *slot = via_opens_find(opens, id);
        uint32_t at;

        if (!slot)
                return VIA_CALLS_NONE;
        *ret_call = slot->call;
        slot->call = &left;
        opens->n--;

        /* Before a free slot nothing needs to be marked: nobody looks on behind it. */
        at = (uint32_t)(slot - opens->slots);
        if (opens->slots[(at + 1) & opens->mask].call)
                return 0;
        for (; opens->slots[at & opens->mask].call == &left; at--, opens->n_used--)
                opens->slots[at & opens->mask].call = NULL;
        return 0;
}

/*
 * Tells of one call that is due by @now, in no order, and once: then it is due no more, but stays
 * until it is taken. 0, or VIA_CALLS_NONE. A sweep over the slots as in calls.c. With @now at
 * INT64_MAX, which is always, whoever asks takes each call out.
 */
int via_opens_expire(struct via_opens *opens, int64_t now, void **ret_call, uint32_t *ret_id) {
        if (now < opens->due && !opens->sweep)
                return VIA_CALLS_NONE;
        if (!opens->sweep)
                opens->due = INT64_MAX;
        while (opens->n && opens->sweep <= opens->mask) {
                struct via_open *slot = &opens->slots[opens->sweep++];

                if (!slot->call || slot->call == &left)
                        continue;
                if (slot->due <= now) {
                        slot->due = INT64_MAX;
                        *ret_id = slot->id;
                        *ret_call = slot->call;
                        return 0;
                }
                if (slot->due < opens->due)
                        opens->due = slot->due;
        }
        opens->sweep = 0;
        return VIA_CALLS_NONE;
}
