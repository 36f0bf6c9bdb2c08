/*
 * stats.c - what is counted of each method, and what that adds up to
 *
 * Latency is counted by its size, two places to each power of 2, so that 64 of them go from a
 * microsecond to more than an hour and what is read out of them is right within a half.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "serve.h"
#include "stats.h"

/* Of one method in one thread. */
struct via_count {
        const struct via_method *method;
        struct via_count        *next;          /* under the lock of the stats */
        bool                     again;         /* the method has another before it */
        _Atomic uint64_t         begun, ended, bytes_in, bytes_out, us;
        _Atomic uint64_t         codes[VIA_STATS_CODES];
        _Atomic uint64_t         latency[VIA_STATS_BUCKETS];
};

struct via_stats {
        pthread_mutex_t    lock;
        struct via_count  *counts, **last;      /* of all threads, in the order they came */
        _Atomic uint64_t   refused;             /* by any thread */
};

/* --- its life --- */

struct via_stats *via_stats_new(void) {
        struct via_stats *stats = calloc(1, sizeof(*stats));

        if (stats) {
                pthread_mutex_init(&stats->lock, NULL);
                stats->last = &stats->counts;
        }
        return stats;
}

/* Nobody counts any more. */
struct via_stats *via_stats_free(struct via_stats *stats) {
        while (stats && stats->counts) {
                struct via_count *next = stats->counts->next;

                free(stats->counts);
                stats->counts = next;
        }
        if (stats)
                pthread_mutex_destroy(&stats->lock);
        free(stats);
        return NULL;
}

static struct via_count *count_new(struct via_stats *stats, const struct via_method *method) {
        struct via_count *count = calloc(1, sizeof(*count));

        if (!count)
                return NULL;
        count->method = method;
        pthread_mutex_lock(&stats->lock);
        for (struct via_count *c = stats->counts; c && !count->again; c = c->next)
                count->again = c->method == method;
        *stats->last = count;
        stats->last = &count->next;
        pthread_mutex_unlock(&stats->lock);
        return count;
}

static int cover(struct via_stats *stats, struct via_served *served) {
        if (served->method && !served->count)
                served->count = count_new(stats, served->method);
        return served->method && !served->count ? -1 : 0;
}

/* Counts what @dispatch serves and is not counted yet: 0, or -1, no memory. */
int via_stats_cover(struct via_stats *stats, struct via_dispatch *dispatch) {
        struct via_intercept *intercept = via_intercept_of(dispatch);
        struct via_methods *methods = &dispatch->methods;

        if (!intercept)
                return -1;
        intercept->stats = stats;
        for (size_t i = 0; methods->places && i <= methods->mask; i++)
                if (cover(stats, &methods->places[i]) < 0)
                        return -1;
        return 0;
}

/* --- counting --- */

/* Where a call is counted that took @us microseconds: the inverse of via_stats_bound(). */
unsigned via_stats_bucket(uint64_t us) {
        unsigned e, bucket;

        if (us < 2)
                return (unsigned)us;
        e = 63 - (unsigned)__builtin_clzll(us);
        bucket = 2 * e + ((us >> (e - 1)) & 1);
        return bucket < VIA_STATS_BUCKETS ? bucket : VIA_STATS_BUCKETS - 1;
}

uint64_t via_stats_bound(unsigned bucket) {
        if (bucket >= VIA_STATS_BUCKETS)
                return UINT64_MAX;
        return bucket < 2 ? bucket : (UINT64_C(2) + (bucket & 1)) << (bucket / 2 - 1);
}

void via_stats_begun(struct via_count *count) {
        via_count_add(&count->begun, 1);
}

void via_stats_ended(struct via_count *count, int code, const struct via_call_facts *facts) {
        via_count_add(&count->ended, 1);
        via_count_add(&count->codes[code], 1);
        via_count_add(&count->latency[via_stats_bucket(facts->us)], 1);
        via_count_add(&count->us, facts->us);
        via_count_add(&count->bytes_in, facts->bytes_in);
        via_count_add(&count->bytes_out, facts->bytes_out);
}

/* A call that its method has never heard of. */
void via_stats_turned_down(struct via_count *count, int code) {
        via_count_add(&count->begun, 1);
        via_count_add(&count->ended, 1);
        via_count_add(&count->codes[code], 1);
        via_count_add(&count->latency[0], 1);
}

/* A call of a method that there is not. */
void via_stats_refused(struct via_stats *stats) {
        atomic_fetch_add_explicit(&stats->refused, 1, memory_order_relaxed);
}

/* --- reading --- */

static uint64_t get(const _Atomic uint64_t *count) {
        return atomic_load_explicit((_Atomic uint64_t *)(uintptr_t)count, memory_order_relaxed);
}

static void add(struct via_method_stats *to, const struct via_count *count) {
        uint64_t ended = get(&count->ended), begun = get(&count->begun);

        to->calls += ended;
        to->in_flight += begun > ended ? begun - ended : 0;
        to->bytes_in += get(&count->bytes_in);
        to->bytes_out += get(&count->bytes_out);
        to->us += get(&count->us);
        for (int i = 0; i < VIA_STATS_CODES; i++)
                to->codes[i] += get(&count->codes[i]);
        for (int i = 0; i < VIA_STATS_BUCKETS; i++)
                to->latency[i] += get(&count->latency[i]);
}

/* The sum of all threads' of the method number @index: whether there is one. */
bool via_stats_sum(struct via_stats *stats, unsigned index, struct via_method_stats *ret) {
        const struct via_method *method = NULL;

        pthread_mutex_lock(&stats->lock);
        for (const struct via_count *c = stats->counts; c; c = c->next) {
                if (!method && !c->again && index-- == 0) {
                        method = c->method;
                        *ret = (struct via_method_stats){ .method = method->name };
                }
                if (method && c->method == method)
                        add(ret, c);
        }
        pthread_mutex_unlock(&stats->lock);
        return method;
}

uint64_t via_stats_refusals(const struct via_stats *stats) {
        return get(&stats->refused);
}

uint64_t via_stats_quantile(const struct via_method_stats *stats, double part) {
        uint64_t n = 0, before = 0;
        double want;
        int last = 0;

        for (int i = 0; i < VIA_STATS_BUCKETS; i++) {
                n += stats->latency[i];
                last = stats->latency[i] ? i : last;
        }
        if (!n)
                return 0;
        want = part < 0 ? 0 : part > 1 ? (double)n : part * (double)n;
        for (int i = 0; i <= last; i++) {
                double in = (double)stats->latency[i];
                uint64_t low = via_stats_bound((unsigned)i), high;

                if ((double)before + in < want || !stats->latency[i]) {
                        before += stats->latency[i];
                        continue;
                }
                high = i + 1 < VIA_STATS_BUCKETS ? via_stats_bound((unsigned)i + 1) : low;
                return low + (uint64_t)((double)(high - low) * (want - (double)before) / in);
        }
        return via_stats_bound((unsigned)last);
}
