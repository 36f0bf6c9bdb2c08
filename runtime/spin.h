#pragma once
/*
 * spin.h - looking for bytes a little longer before going to sleep
 *
 * Being woken costs more than most small calls take, so a short look first is the largest gain
 * there is; when what is awaited never comes in time, it is a loss. So it stops by itself: a look
 * that finds nothing makes the next ones rarer, one that finds something brings them back.
 *
 * On a single CPU nothing comes while we look. There a look is to let others run, sched_yield(),
 * and to ask once: the peer has answered then, and did not have to wake us. Never sleeps.
 */
#include <stdint.h>
#include "pump.h"

struct via_spin {
        /* of one look; 0: off. If it yields: what a yield may take */
        uint32_t budget_us;
        uint16_t misses;                /* in a row */
        uint16_t skip;                  /* chances to let go by */
        /*
         * ns, of a look that has been broken off; 0: none has. If it yields: when it may again
         */
        int64_t  until;
        bool     yields;                /* a look is to let others run and then to ask once */
        uint8_t  looks, hits;           /* of those, counted to do something once in so many */
        uint16_t wary;                  /* so many will all be timed: one took long lately */
        uint8_t  early;                 /* more than 0: things were lately there before a yield */
};

enum { VIA_SPIN_UNSET = -1 };           /* as a budget: what suits the transport */
enum { VIA_SPIN_ON = 1 };               /* nothing yet, but the look is not over */

/* How often the link is asked before the clock is. */
enum { VIA_SPIN_TRIES = 16 };

void via_spin_init(struct via_spin *spin, int budget_us, const struct via_transport *by,
                   bool server);
int  via_spin_look(struct via_spin *spin, struct via_pump *pump, unsigned tries);
int  via_spin_drain(struct via_spin *spin, struct via_pump *pump);

/* Gives up a look that has been broken off. */
static inline void via_spin_forget(struct via_spin *spin) {
        if (!spin->yields)
                spin->until = 0;
}
