#pragma once
/*
 * block.h - the driver that sleeps in the kernel, for clients without a loop
 *
 * Knows neither calls nor frames; keeps nothing between two calls.
 */
#include <stdint.h>
#include "spin.h"

int via_block_drain(struct via_pump *pump, struct via_spin *spin, int64_t until);
int via_block_flush(struct via_pump *pump, int64_t until);
