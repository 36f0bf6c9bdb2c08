/*
 * meter.c - when to stop, and what was measured until then
 *
 * CPU time is read from the two processes' CPU clocks at both ends of the measured window: they
 * count the same user and system time as getrusage(), but in nanoseconds and without asking the
 * server, which would have to leave its loop to answer.
 */
#include <errno.h>
#include <math.h>
#include <sys/mman.h>
#include <time.h>
#include "bench.h"
#include "meter.h"
#include "stats.h"

#define SAMPLES_MAX (1u << 20)
#define SETTLE_NS 5000000             /* for the last look to end, and what the kernel puts off */
#define SAMPLES_SIZE (SAMPLES_MAX * sizeof(uint32_t))

static int64_t clock_ns(clockid_t clock) {
        struct timespec ts = { 0 };

        if (clock_gettime(clock, &ts) < 0)
                return -1;
        return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

/* The samples' pages are touched here, so that no page fault is measured. */
int meter_init(struct meter *meter, struct bench_side *side) {
        void *samples = NULL;

        if (side->kind->window == 1 && !side->exact) {
                samples = mmap(NULL, SAMPLES_SIZE, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
                if (samples == MAP_FAILED)
                        return -errno;
        }

        *meter = (struct meter){ .side = side, .samples = samples };
        if (!side->exact) {
                meter->start = meter->last = clock_ns(CLOCK_MONOTONIC);
                meter->until = meter->start + side->slice_ns / 4;
        }
        return 0;
}

void meter_fini(struct meter *meter) {
        if (meter->samples)
                munmap(meter->samples, SAMPLES_SIZE);
        *meter = (struct meter){ 0 };
}

static void meter_begin(struct meter *meter, uint64_t calls) {
        meter->warm = true;
        meter->calls = calls;
        meter->n_samples = 0;
        meter->cpu_own = clock_ns(meter->side->own_clock);
        meter->cpu_peer = clock_ns(meter->side->peer_clock);
        meter->start = meter->last = clock_ns(CLOCK_MONOTONIC);
        meter->until = meter->start + meter->side->slice_ns - meter->side->slice_ns / 4;
}

static void meter_end(struct meter *meter, int64_t now, uint64_t calls) {
        double *value = meter->side->value;
        double n = (double)(calls - meter->calls);
        int64_t own = clock_ns(meter->side->own_clock);
        int64_t peer = clock_ns(meter->side->peer_clock);

        if (n <= 0)
                return;
        value[BENCH_RATE] = n * 1e9 / (double)(now - meter->start);
        if (meter->cpu_own >= 0)
                value[BENCH_CPU_CLIENT] = (double)(own - meter->cpu_own) / n / 1e3;
        if (meter->cpu_peer >= 0 && peer >= 0)
                value[BENCH_CPU_SERVER] = (double)(peer - meter->cpu_peer) / n / 1e3;
        if (meter->n_samples) {
                value[BENCH_P50] = stats_percentile(meter->samples, meter->n_samples, 50) / 1e3;
                value[BENCH_P99] = stats_percentile(meter->samples, meter->n_samples, 99) / 1e3;
        }
}

bool meter_more(struct meter *meter, uint64_t calls) {
        int64_t now;

        if (meter->side->exact)
                return calls < meter->side->exact;

        now = clock_ns(CLOCK_MONOTONIC);
        if (meter->samples && calls && meter->n_samples < SAMPLES_MAX) {
                int64_t took = now - meter->last;

                meter->samples[meter->n_samples++] =
                        took < UINT32_MAX ? (uint32_t)took : UINT32_MAX;
        }
        meter->last = now;

        if (now < meter->until)
                return true;
        if (!meter->warm) {
                meter_begin(meter, calls);
                return true;
        }
        meter_end(meter, now, calls);
        return false;
}

int meter_sequential(struct bench_side *side, int (*call)(void *self), void *self) {
        struct meter meter;
        uint64_t calls = 0;
        int r;

        r = meter_init(&meter, side);
        if (r < 0)
                return side_fail(side, r, "memory for the samples");

        while (r == 0 && meter_more(&meter, calls)) {
                r = call(self);
                calls++;
        }
        meter_fini(&meter);
        return r;
}

static void nap(int64_t ns) {
        struct timespec ts = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };

        nanosleep(&ts, NULL);
}

int meter_idle(struct bench_side *side) {
        int64_t start, cpu, end, took;

        nap(SETTLE_NS);
        start = clock_ns(CLOCK_MONOTONIC);
        cpu = clock_ns(side->peer_clock);
        nap(side->slice_ns);
        end = clock_ns(side->peer_clock);
        took = clock_ns(CLOCK_MONOTONIC) - start;
        if (cpu >= 0 && end >= 0)
                side->value[BENCH_IDLE] = (double)(end - cpu) * 1e6 / (double)took;
        return 0;
}
