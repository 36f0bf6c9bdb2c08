#pragma once
/*
 * calls.h - the calls a connection has made and not yet heard back about
 *
 * Slots that are found by id without a search; as many as were ever needed at once, up to a
 * limit. Time is an argument: nothing in here reads a clock, makes a system call or calls
 * anyone back. Not thread-safe.
 */
#include <stdint.h>

struct via_slot {
        void    *call;                  /* borrowed; NULL: free */
        int64_t  due;                   /* monotonic ms, INT64_MAX: whenever */
        uint32_t id;
};

struct via_calls {
        struct via_slot *slots;
        uint32_t         mask;          /* slots - 1, a power of two less one; 0 with no slots */
        uint32_t         next;          /* the id to try first */
        uint32_t         n;             /* slots taken */
        uint32_t         max;
        uint32_t         sweep;         /* the slot at which via_calls_expire() goes on */
        int64_t          due;           /* no call is due before this */
};

enum {                                  /* expected conditions, positive as everywhere */
        VIA_CALLS_FULL = 1,
        VIA_CALLS_NONE,
};

void via_calls_init(struct via_calls *calls, uint32_t max);
void via_calls_fini(struct via_calls *calls);

int  via_calls_add(struct via_calls *calls, void *call, int64_t due, uint32_t *ret_id);
int  via_calls_take(struct via_calls *calls, uint32_t id, void **ret_call);
int  via_calls_expire(struct via_calls *calls, int64_t now, void **ret_call, uint32_t *ret_id);
