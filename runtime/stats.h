#pragma once
/*
 * stats.h - what is counted of each method, where that is asked for
 *
 * Each dispatch has counters of its own, which only its thread writes, so that counting is a load
 * and a store of memory that nobody else wants. Any thread may read; it reads each number
 * whole, but not all at one moment. All live as long as the server.
 */
#include <stdatomic.h>
#include <stdint.h>
#include <via/services.h>

struct via_call_facts;
struct via_count;
struct via_dispatch;
struct via_stats;

/* Adds @n, by the one thread that writes. */
static inline void via_count_add(_Atomic uint64_t *count, uint64_t n) {
        atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + n,
                              memory_order_relaxed);
}

struct via_stats *via_stats_new(void);
struct via_stats *via_stats_free(struct via_stats *stats);
int  via_stats_cover(struct via_stats *stats, struct via_dispatch *dispatch);

unsigned via_stats_bucket(uint64_t us);
void via_stats_begun(struct via_count *count);
void via_stats_ended(struct via_count *count, int code, const struct via_call_facts *facts);
void via_stats_turned_down(struct via_count *count, int code);
void via_stats_refused(struct via_stats *stats);

bool via_stats_sum(struct via_stats *stats, unsigned index, struct via_method_stats *ret);
uint64_t via_stats_refusals(const struct via_stats *stats);
