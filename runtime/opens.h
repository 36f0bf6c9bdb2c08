#pragma once
/*
 * opens.h - the calls of the peer that are not answered yet, by the peer's ids
 *
 * A hash table, since the ids are anybody's; no memory until one call is in it, and no more
 * calls than its limit. What is due only hears of it: it stays until it is taken. Reads no
 * clock, makes no system call, calls nobody back. Not thread-safe.
 */
#include <stddef.h>
#include <stdint.h>
#include "calls.h"

struct via_open {
        void            *call;          /* borrowed; NULL: free */
        struct via_flow *flow;          /* borrowed; NULL: it has no stream */
        int64_t          due;           /* monotonic ms, INT64_MAX: whenever */
        uint32_t         id;
};

struct via_opens {
        struct via_open *slots;
        uint32_t         mask;          /* slots - 1, a power of two less one; 0 with no slots */
        uint32_t         n;             /* calls in it */
        uint32_t         max;
        uint32_t         sweep;         /* slots that via_opens_expire() has still to look at */
        int64_t          due;           /* no call is due before this */
};

void via_opens_init(struct via_opens *opens, uint32_t max);
void via_opens_fini(struct via_opens *opens);

int  via_opens_add(struct via_opens *opens, uint32_t id, void *call, int64_t due,
                  struct via_flow *flow);
struct via_open *via_opens_find(const struct via_opens *opens, uint32_t id);
int  via_opens_take(struct via_opens *opens, uint32_t id, void **ret_call);
int  via_opens_expire(struct via_opens *opens, int64_t now, void **ret_call, uint32_t *ret_id);
