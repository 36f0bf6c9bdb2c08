#pragma once
/*
 * meter.h - when to stop, and what was measured until then
 *
 * A client loops `while (meter_more(&meter, calls))` around its calls. The first quarter of the
 * slice is a warm-up and counts for nothing. One clock reading serves as the end of one call
 * and the beginning of the next. Makes no allocation while it measures.
 */
#include <stdbool.h>
#include <stdint.h>

struct bench_side;

struct meter {
        struct bench_side *side;
        uint32_t *samples;              /* ns each; NULL with several calls outstanding */
        uint32_t  n_samples;
        bool      warm;
        int64_t   start, last, until;
        int64_t   cpu_own, cpu_peer;
        uint64_t  calls;                /* when the warm-up was over */
};

int  meter_init(struct meter *meter, struct bench_side *side);
void meter_fini(struct meter *meter);

/* To be called after each call or batch, with the number of calls completed so far. */
bool meter_more(struct meter *meter, uint64_t calls);

/* The whole loop of a client that makes one call after the other. */
int meter_sequential(struct bench_side *side, int (*call)(void *self), void *self);

/*
 * How much CPU the server uses that nobody calls any more: waits a little, and then for as long
 * as there is to measure.
 */
int meter_idle(struct bench_side *side);
