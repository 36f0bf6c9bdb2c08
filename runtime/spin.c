/*
 * spin.c - looking for bytes a little longer before going to sleep
 */
#include <errno.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>
#include "spin.h"

enum {
        BUDGET_US  = 50,                /* on transports that are looked at without a system call */
        /* then every 1,024th chance is taken, to see whether times have changed */
        MISSES_MAX = 10,
};

static bool bound_to_one_cpu(void) {
        cpu_set_t set;

        return sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) == 1;
}

/*
 * @budget_us as ?spin= says; VIA_SPIN_UNSET: what suits the transport, and nothing for a process
 * that is bound to one CPU. Who binds both ends, each to its own, knows better and says so.
 */
void via_spin_init(struct via_spin *spin, int budget_us, const struct via_transport *by) {
        if (budget_us == VIA_SPIN_UNSET)
                budget_us = by->traits & VIA_MEMORY && !bound_to_one_cpu() ? BUDGET_US : 0;
        *spin = (struct via_spin){ .budget_us = budget_us > 0 && sysconf(_SC_NPROCESSORS_ONLN) > 1
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
 * It paid to wait. One hit among many misses may be chance, and costs no more than one look in
 * vain: only as many hits as there were misses make up for them. What had come before the look
 * is neither, because on a shared CPU it often has: the peer ran when it was sent to.
 */
static void hit(struct via_spin *spin) {
        spin->until = 0;
        if (spin->misses)
                spin->misses--;
}

static void miss(struct via_spin *spin) {
        spin->until = 0;
        if (spin->misses < MISSES_MAX)
                spin->misses++;
        spin->skip = (uint16_t)((1u << spin->misses) - 1);
}

/*
 * As via_pump_drain() without waiting, asked @tries times; but when nothing came, -EAGAIN says
 * that it is time to sleep, and VIA_SPIN_ON to look again, after others had their turn if there
 * are any. A look that is given up in between is forgotten by clearing spin->until.
 */
int via_spin_look(struct via_spin *spin, struct via_pump *pump, unsigned tries) {
        int64_t now;

        if (!spin->budget_us)
                return -EAGAIN;
        if (spin->skip) {
                spin->skip--;
                return -EAGAIN;
        }
        for (unsigned i = 0; i < tries; i++) {
                int r = via_pump_drain(pump, 0);

                if (r != -EAGAIN) {
                        if (i > 0 || spin->until)
                                hit(spin);
                        return r;
                }
                relax();
        }
        now = now_ns();
        if (!spin->until)
                spin->until = now + (int64_t)spin->budget_us * 1000;
        if (now < spin->until)
                return VIA_SPIN_ON;
        miss(spin);
        return -EAGAIN;
}

/* A whole look, for those who have nothing else to do: as via_spin_look(), but VIA_SPIN_ON. */
int via_spin_drain(struct via_spin *spin, struct via_pump *pump) {
        int r;

        do
                r = via_spin_look(spin, pump, VIA_SPIN_TRIES);
        while (r == VIA_SPIN_ON);
        return r;
}
