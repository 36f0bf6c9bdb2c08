/*
 * spin.c - looking for bytes a little longer before going to sleep
 */
#include <errno.h>
#include <sched.h>
#include <time.h>
#include "spin.h"

enum {
        BUDGET_US  = 50,                /* on transports that are looked at without a system call */
        /* then every 256th chance is taken, to see whether times have changed */
        MISSES_MAX = 8,
};

static bool one_cpu(void) {
        cpu_set_t set;

        return sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) == 1;
}

/*
 * @budget_us as ?spin= says; VIA_SPIN_UNSET: what suits the transport. A process that has one
 * CPU never spins.
 */
void via_spin_init(struct via_spin *spin, int budget_us, const struct via_transport *by) {
        if (budget_us == VIA_SPIN_UNSET)
                budget_us = by->traits & VIA_MEMORY ? BUDGET_US : 0;
        *spin = (struct via_spin){ .budget_us = budget_us > 0 && !one_cpu()
                                                        ? (uint32_t)budget_us
                                                        : 0 };
}

static int64_t now_ns(void) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
        __builtin_ia32_pause();
#endif
}

/*
 * As via_pump_drain() without waiting, but -EAGAIN only after a look of the budget's length, if
 * one is likely to pay.
 */
int via_spin_drain(struct via_spin *spin, struct via_pump *pump) {
        int64_t until = 0;
        int r;

        if (!spin->budget_us)
                return -EAGAIN;
        if (spin->skip) {
                spin->skip--;
                return -EAGAIN;
        }
        for (;;) {
                for (int i = 0; i < 16; i++) {
                        r = via_pump_drain(pump, 0);
                        if (r != -EAGAIN) {
                                spin->misses = 0;
                                return r;
                        }
                        relax();
                }
                if (!until)
                        until = now_ns() + (int64_t)spin->budget_us * 1000;
                else if (now_ns() >= until)
                        break;
        }
        if (spin->misses < MISSES_MAX)
                spin->misses++;
        spin->skip = (uint16_t)((1u << spin->misses) - 1);
        return -EAGAIN;
}
