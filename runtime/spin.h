#pragma once
/*
 * spin.h - looking for bytes a little longer before going to sleep
 *
 * Being woken costs more than most small calls take, so a short look first is the largest gain
 * there is; on a single CPU, or when what is awaited never comes in time, it is a loss. So it
 * stops by itself: a look that finds nothing makes the next ones rarer. Never sleeps.
 */
#include <stdint.h>
#include "pump.h"

struct via_spin {
        uint32_t budget_us;             /* of one look; 0: off */
        uint16_t misses;                /* in a row */
        uint16_t skip;                  /* chances to let go by */
};

enum { VIA_SPIN_UNSET = -1 };

void via_spin_init(struct via_spin *spin, int budget_us, const struct via_transport *by);
int  via_spin_drain(struct via_spin *spin, struct via_pump *pump);
