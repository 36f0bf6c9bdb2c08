#pragma once
/*
 * bench.h - the words the benchmark is made of
 *
 * A *cell* is one figure's place: a system (a floor, or Via) on a transport, in a placement,
 * doing a case. Systems, cases and bounds are tables; a new floor is one file and one line in
 * systems.c. Nothing in here knows how a system moves its bytes. A system whose name ends in
 * "-spin" looks for bytes without sleeping, and its floor is one that does the same.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum bench_metric {
        BENCH_P50,                      /* µs of a round trip */
        BENCH_P99,
        BENCH_RATE,                     /* calls a second */
        BENCH_CPU_CLIENT,               /* µs of CPU a call, user and system */
        BENCH_CPU_SERVER,
        BENCH_SYSCALLS_CLIENT,          /* system calls a call */
        BENCH_SYSCALLS_SERVER,
        BENCH_IDLE,                     /* µs of CPU a second, of a server nobody calls any more */
        BENCH_SECONDS,                  /* of a whole run of something */
        BENCH_METRICS,
};

enum bench_placement {
        BENCH_ONE_CORE,                 /* both sides pinned to the same CPU */
        BENCH_TWO_CORES,                /* one CPU each */
        BENCH_PLACEMENTS,
};

struct bench_case {
        const char *name;
        size_t      size;               /* bytes each way */
        unsigned    window;             /* calls outstanding; 1: one after the other; 0: a stream */
        const char *floor;              /* the system this case is measured against */
};

struct bench_side;

struct bench_system {
        const char *name;
        const char *transport;
        unsigned    cases;              /* a set of BENCH_CASE_* */
        unsigned    placements;         /* a set of 1 << BENCH_*_CORE(S) */
        bool        threaded;           /* the server is a thread of the client's process */

        /*
         * The server: listens, calls side_ready(), serves until the client leaves. It is killed
         * if it does not come back. NULL: this system has no server.
         */
        int (*serve)(struct bench_side *side);

        /* The client: connects, measures through a meter, leaves. */
        int (*drive)(struct bench_side *side);
};

enum {                                  /* the sets of cases, as bits over bench_cases[] */
        BENCH_CASE_SEQUENTIAL = 0x0f,
        BENCH_CASE_PIPELINED  = 0x30,
        BENCH_CASE_IDLC       = 0x40,
        BENCH_CASE_IDLE       = 0x80,
        BENCH_CASE_STREAM     = 0x300,
};

/*
 * What both sides of one run of a cell are told, and what the client tells back. Each process
 * has its own copy.
 */
struct bench_side {
        const struct bench_system *system;
        const struct bench_case   *kind;
        enum bench_placement       placement;
        const char                *dir;         /* the benchmark's own, removed after it */
        const char                *idlc;        /* the compiler, or NULL */
        int64_t                    slice_ns;    /* how long to measure */
        uint64_t                   exact;       /* not 0: make this many calls, read no clock */

        int                        ready_fd;    /* the server's way to say where it listens */
        char                       address[160];
        clockid_t                  own_clock;   /* CPU time of this side, and of the other */
        clockid_t                  peer_clock;

        double                     value[BENCH_METRICS];        /* NAN: not measured */
        char                       why[200];    /* what went wrong */
};

extern const struct bench_case bench_cases[];
extern const unsigned bench_n_cases;
extern const struct bench_system bench_systems[];
extern const unsigned bench_n_systems;
extern const char *const bench_metric_names[BENCH_METRICS];
extern const char *const bench_placement_names[BENCH_PLACEMENTS];

/* Whether it looks for bytes without sleeping, as its name says. */
bool bench_spins(const struct bench_system *system);

/* Tells the client that the server listens at @address. */
int side_ready(struct bench_side *side, const char *address);

/* Keeps "@what: strerror" as the reason of a failed run; returns @r, which is negative. */
int side_fail(struct bench_side *side, int r, const char *what);
