#pragma once
/*
 * stream_model.h - one end of a stream in test_cable: what it sends, and what it has read
 *
 * Counts by itself all that the machine counts, so that one can be held against the other.
 */
#include <stdbool.h>
#include "flow.h"
#include "random.h"

struct stream {
        struct via_flow flow;                   /* the machine's */

        /* sending: the next piece is of this item, from here on */
        uint32_t item, at;
        uint32_t target;                        /* items to send before it rests */
        bool     closed;
        uint64_t granted;                       /* by credit that came, besides the first */

        /* receiving: items begun, all here, and asked for; how many more are to be asked for */
        uint32_t begun, whole, got, taken, wants;
        bool     sulks;                         /* nobody reads it for now */
        bool     ended;                         /* the caller has said so */
        uint64_t received, cost_taken, announced;
        uint32_t owed;                          /* credit for which there was no memory yet */
};

/* The size of an item, the same at both ends; one of an impolite stream may be above @cap. */
static inline uint32_t stream_item_size(uint32_t call, bool back, uint32_t item, uint32_t cap,
                                        uint32_t big) {
        struct random random = { (uint64_t)call << 33 | (uint64_t)back << 32 | item };
        uint32_t kind = random_below(&random, 16), size;

        size = random_below(&random, kind == 0 ? 1 : kind < 3 ? big + 1 : 200);
        return call % 16 && size > cap ? cap : size;
}
