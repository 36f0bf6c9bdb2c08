/*
 * opens.c - the calls of the peer that are not answered yet, by the peer's ids
 *
 * Open addressing, one slot after the other, with no gap between a call and the slot that its id
 * asks for: where one is taken out, others move back. Ids that are chosen to collide make each
 * look-up pass at most all calls of that peer, of which it may have max_calls.
 */
#include <errno.h>
#include <stdlib.h>
#include "opens.h"

#define SLOTS_FIRST 8u

/* Makes an empty table for at most @max calls. Pair with via_opens_fini(). */
void via_opens_init(struct via_opens *opens, uint32_t max) {
        *opens = (struct via_opens){ .max = max, .due = INT64_MAX };
}

/* Forgets every call without telling it; whoever still cares takes them out first. */
void via_opens_fini(struct via_opens *opens) {
        free(opens->slots);
        *opens = (struct via_opens){ .due = INT64_MAX };
}

/* The slot that @id asks for. */
static uint32_t home_of(const struct via_opens *opens, uint32_t id) {
        uint32_t hash = id * 0x9e3779b1u;

        return (hash ^ hash >> 16) & opens->mask;
}

/* Where @id is, or else the free slot in which it would be. */
static struct via_open *look(const struct via_opens *opens, uint32_t id) {
        uint32_t at = home_of(opens, id);

        /* There are free slots, so this ends. */
        while (opens->slots[at].call && opens->slots[at].id != id)
                at = (at + 1) & opens->mask;
        return &opens->slots[at];
}

static void due_by(struct via_opens *opens, int64_t due) {
        if (due < opens->due)
                opens->due = due;
}

/* Makes twice as many slots: 0 or -ENOMEM. Ends a sweep, so that the next one sees all. */
static int grow(struct via_opens *opens) {
        struct via_opens old = *opens;
        uint32_t n = old.slots ? (old.mask + 1) * 2 : SLOTS_FIRST;

        opens->slots = calloc(n, sizeof(*opens->slots));
        if (!opens->slots) {
                opens->slots = old.slots;
                return -ENOMEM;
        }
        opens->mask = n - 1;
        opens->sweep = 0;
        opens->due = INT64_MAX;
        for (uint32_t i = 0; old.slots && i <= old.mask; i++) {
                if (!old.slots[i].call)
                        continue;
                *look(opens, old.slots[i].id) = old.slots[i];
                due_by(opens, old.slots[i].due);
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
        int r;

        if (via_opens_find(opens, id))
                return -EEXIST;
        if (opens->n >= opens->max)
                return VIA_CALLS_FULL;
        if (!opens->slots || opens->n > opens->mask / 2) {
                r = grow(opens);
                if (r < 0)
                        return r;
        }
        *look(opens, id) =
                (struct via_open){ .call = call, .flow = flow, .due = due, .id = id };
        opens->n++;
        due_by(opens, due);
        return 0;
}

/* The call @id, which stays where it is; NULL: there is no such call. */
struct via_open *via_opens_find(const struct via_opens *opens, uint32_t id) {
        struct via_open *slot = opens->n ? look(opens, id) : NULL;

        return slot && slot->call ? slot : NULL;
}

/*
 * Fills the slot @hole with one from behind it that may stand there, and so on. A sweep goes
 * down, so it meets what has moved again rather than not at all; but not what has moved past the
 * end, which is why that is told to the next sweep.
 */
static void close_gap(struct via_opens *opens, uint32_t hole) {
        uint32_t at = hole;

        for (;;) {
                struct via_open *slot;

                at = (at + 1) & opens->mask;
                slot = &opens->slots[at];
                if (!slot->call)
                        break;
                if (((at - home_of(opens, slot->id)) & opens->mask) < ((at - hole) & opens->mask))
                        continue;
                opens->slots[hole] = *slot;
                if (at < hole)
                        due_by(opens, slot->due);
                hole = at;
        }
        opens->slots[hole].call = NULL;
}

/* Hands back the call @id and forgets it: 0, or VIA_CALLS_NONE. */
int via_opens_take(struct via_opens *opens, uint32_t id, void **ret_call) {
        struct via_open *slot = via_opens_find(opens, id);

        if (!slot)
                return VIA_CALLS_NONE;
        *ret_call = slot->call;
        opens->n--;
        close_gap(opens, (uint32_t)(slot - opens->slots));
        return 0;
}

/*
 * Tells of one call that is due by @now, in no order, and once: then it is due no more, but stays
 * until it is taken. 0, or VIA_CALLS_NONE. With @now at INT64_MAX, by which all are due, whoever
 * asks takes each out. A sweep over the slots goes on where the last call of it was found.
 */
int via_opens_expire(struct via_opens *opens, int64_t now, void **ret_call, uint32_t *ret_id) {
        while (opens->n && (opens->sweep || now >= opens->due)) {
                if (!opens->sweep) {
                        opens->sweep = opens->mask + 1;
                        opens->due = INT64_MAX;
                }
                while (opens->sweep) {
                        struct via_open *slot = &opens->slots[--opens->sweep];

                        if (!slot->call)
                                continue;
                        if (slot->due > now) {
                                due_by(opens, slot->due);
                                continue;
                        }
                        slot->due = INT64_MAX;
                        *ret_id = slot->id;
                        *ret_call = slot->call;
                        return 0;
                }
        }
        return VIA_CALLS_NONE;
}
