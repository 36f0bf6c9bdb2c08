/*
 * calls.c - the calls a connection has made and not yet heard back about
 *
 * An id's slot is its low bits. Ids only ever count up, so when the table doubles no two calls
 * can come to want the same slot: they differed in fewer bits already.
 */
#include <errno.h>
#include <stdlib.h>
#include "calls.h"

#define SLOTS_FIRST 8u

/* Makes an empty table for at most @max calls. Pair with via_calls_fini(). */
void via_calls_init(struct via_calls *calls, uint32_t max) {
        *calls = (struct via_calls){ .next = 1, .max = max, .due = INT64_MAX };
}

/* Forgets every call without telling it; whoever still cares expires them first. */
void via_calls_fini(struct via_calls *calls) {
        free(calls->slots);
        *calls = (struct via_calls){ 0 };
}

/* At most @max calls from now on; those that are there already stay. */
void via_calls_limit(struct via_calls *calls, uint32_t max) {
        calls->max = max;
        calls->room = 0;                        /* to be found anew */
}

/* Makes twice as many slots: 0 or -ENOMEM. */
static int grow(struct via_calls *calls) {
        uint32_t n = calls->slots ? (calls->mask + 1) * 2 : SLOTS_FIRST;
        struct via_slot *slots = calloc(n, sizeof(*slots));

        if (!slots)
                return -ENOMEM;
        for (uint32_t i = 0; calls->slots && i <= calls->mask; i++)
                if (calls->slots[i].call)
                        slots[calls->slots[i].id & (n - 1)] = calls->slots[i];
        free(calls->slots);
        calls->slots = slots;
        calls->mask = n - 1;
        return 0;
}

/* Makes sure that there is a slot for one more call: as via_calls_add(). */
int via_calls_make_room(struct via_calls *calls) {
        int r = 0;

        if (calls->n >= calls->max)
                return VIA_CALLS_FULL;
        if (!calls->slots || calls->n > calls->mask)
                r = grow(calls);
        if (r == 0)
                calls->room = calls->mask + 1 < calls->max ? calls->mask + 1 : calls->max;
        return r;
}

/* Those that were added since the id to try first was @first are due @ms later than was said. */
void via_calls_postpone(struct via_calls *calls, uint32_t first, int64_t ms) {
        for (uint32_t i = 0; calls->slots && i <= calls->mask; i++)
                if (calls->slots[i].call && calls->slots[i].id - first < calls->next - first &&
                    calls->slots[i].due != INT64_MAX)
                        calls->slots[i].due += ms;
}

/* The call @id, which is there, has a stream: @flow stays the caller's, as long as the call. */
void via_calls_flow(struct via_calls *calls, uint32_t id, struct via_flow *flow) {
        calls->slots[id & calls->mask].flow = flow;
}

/*
 * Hands back one call that was added after the one that had @id (0: any call), in no order: 0, or
 * VIA_CALLS_NONE. *@at is 0 at first, and where to go on.
 */
int via_calls_later(struct via_calls *calls, uint32_t id, uint32_t *at, void **ret_call) {
        while (calls->n && *at <= calls->mask) {
                struct via_slot *slot = &calls->slots[(*at)++];

                if (slot->call && (!id || (int32_t)(slot->id - id) > 0))
                        return via_calls_take(calls, slot->id, ret_call);
        }
        return VIA_CALLS_NONE;
}

/*
 * Hands back one call that is due by @now, in no order: 0, or VIA_CALLS_NONE. A sweep over the
 * slots goes on where the last call of it was found, and collects what is due next on its way,
 * so that ending n calls looks at each slot once.
 */
int via_calls_expire(struct via_calls *calls, int64_t now, void **ret_call, uint32_t *ret_id) {
        if (now < calls->due && !calls->sweep)
                return VIA_CALLS_NONE;
        if (!calls->sweep)
                calls->due = INT64_MAX;
        while (calls->n && calls->sweep <= calls->mask) {
                struct via_slot *slot = &calls->slots[calls->sweep++];

                if (!slot->call)
                        continue;
                if (slot->due <= now) {
                        *ret_id = slot->id;
                        return via_calls_take(calls, slot->id, ret_call);
                }
                if (slot->due < calls->due)
                        calls->due = slot->due;
        }
        calls->sweep = 0;
        return VIA_CALLS_NONE;
}
