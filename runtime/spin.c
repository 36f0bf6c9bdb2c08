/*
 * spin.c - looking for bytes a little longer before going to sleep
 */
#include <errno.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>
#include "clock.h"
#include "spin.h"

enum {
        BUDGET_US  = 50,                /* on transports that are looked at without a system call */
        /* bytes of a large frame a ns: the peer copies it twice */
        COPIED     = 8,
        /* then every 1,024th chance is taken, to see whether times have changed */
        MISSES_MAX = 10,
        YIELD_HITS = 8,                 /* make up for a miss, which is two system calls */
        YIELD_EARLY = 64,               /* one in so many is tried before the yield in any case */
        EARLY_MAX  = 8,
        YIELD_US   = 100,               /* a yield that takes longer: it was not only the peer's */
        YIELD_REST = 50,                /* then none for so many times as long */
        YIELD_WARY = 5000,              /* and after that each is timed for a while */
        YIELD_TIMED = 4,                /* one in so many is timed: the clock is a tenth of it */
};

static bool bound_to_one_cpu(void) {
        cpu_set_t set;

        return sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) == 1;
}

/*
 * @budget_us as ?spin= says; VIA_SPIN_UNSET: what suits the transport. A process that is bound to
 * one CPU yields then instead. Who binds both ends, each to its own, knows better and says so.
 */
void via_spin_init(struct via_spin *spin, int budget_us, const struct via_transport *by,
                   bool server) {
        bool unset = budget_us == VIA_SPIN_UNSET, one = bound_to_one_cpu();
        unsigned yields = by->traits & (server ? VIA_YIELD_SERVER : VIA_YIELD_CLIENT);

        if (unset)
                budget_us = by->traits & VIA_MEMORY && !one ? BUDGET_US : 0;
        if (sysconf(_SC_NPROCESSORS_ONLN) == 1)
                budget_us = 0;
        *spin = (struct via_spin){ .yields = unset && one && yields };
        spin->budget_us = spin->yields ? YIELD_US : (uint32_t)budget_us;
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
        if (spin->misses && (!spin->yields || ++spin->hits % YIELD_HITS == 0))
                spin->misses--;
}

static void miss(struct via_spin *spin) {
        spin->until = 0;
        if (spin->misses < MISSES_MAX)
                spin->misses++;
        spin->skip = (uint16_t)((1u << spin->misses) - 1);
}

/*
 * With one CPU for both ends, what is awaited comes while the peer runs, and nobody needs to be
 * woken if both are only waiting for their turn. But a third who wants the CPU has it for a time
 * slice then, where a sleeper would have been woken soon: so what yielding may lose is kept to a
 * fiftieth of the time.
 */
static int yield_and_look(struct via_spin *spin, struct via_pump *pump) {
        bool timed = ++spin->looks % YIELD_TIMED == 0 || spin->wary;
        int64_t start, took;
        int r;

        if (spin->early || spin->looks % YIELD_EARLY == 0) {
                r = via_pump_drain(pump, 0);
                if (r != -EAGAIN) {
                        if (spin->early < EARLY_MAX)
                                spin->early++;
                        return r;
                }
                spin->early = spin->early > 2 ? (uint8_t)(spin->early - 2) : 0;
        }
        start = timed ? now_ns() : 0;
        sched_yield();
        r = via_pump_drain(pump, 0);
        if (r == -EAGAIN)
                miss(spin);
        else
                hit(spin);
        if (timed) {
                took = now_ns() - start;
                if (spin->wary)
                        spin->wary--;
                if (took > (int64_t)spin->budget_us * 1000) {
                        spin->until = start + took * YIELD_REST;
                        spin->wary = YIELD_WARY;
                }
        }
        return r;
}

/* Whether it is too early to yield again. */
static bool rests(struct via_spin *spin) {
        if (via_clock_ms() < spin->until / 1000000)
                return true;
        spin->until = 0;
        return false;
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
        if (spin->yields)
                return spin->until && rests(spin) ? -EAGAIN : yield_and_look(spin, pump);
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
        if (!spin->until) {
                spin->until = now + (int64_t)spin->budget_us * 1000 +
                              (int64_t)(pump->large / COPIED);
                pump->large = 0;
        }
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
