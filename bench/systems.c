/*
 * systems.c - the tables: which cases there are, and which systems do them over what
 *
 * A new floor is a line here: name, transport, cases, placements, server, client. Rows of one
 * transport that do the same case are run next to each other, and compared.
 */
#include <string.h>
#include "bench.h"
#include "floor_hand.h"
#include "floor_mq.h"
#include "floor_pingpong.h"
#include "floor_ring.h"
#include "floor_stream.h"
#include "idlc_time.h"
#include "via_cells.h"

#define KIB 1024u
#define SEQ BENCH_CASE_SEQUENTIAL
#define PIPE BENCH_CASE_PIPELINED
#define ONE (1u << BENCH_ONE_CORE)
#define TWO (1u << BENCH_TWO_CORES)
#define BOTH (ONE | TWO)
#define STREAM BENCH_CASE_STREAM
#define SPIN (0x01 | BENCH_CASE_IDLE)
#define RAW_SPIN 0x01   /* 64B */

const char *const bench_metric_names[BENCH_METRICS] = {
        [BENCH_P50] = "p50_us",
        [BENCH_P99] = "p99_us",
        [BENCH_RATE] = "calls_per_s",
        [BENCH_CPU_CLIENT] = "client_cpu_us",
        [BENCH_CPU_SERVER] = "server_cpu_us",
        [BENCH_SYSCALLS_CLIENT] = "client_syscalls",
        [BENCH_SYSCALLS_SERVER] = "server_syscalls",
        [BENCH_IDLE] = "idle_cpu_us_per_s",
        [BENCH_SECONDS] = "seconds",
};

const char *const bench_placement_names[BENCH_PLACEMENTS] = {
        [BENCH_ONE_CORE] = "one-core",
        [BENCH_TWO_CORES] = "two-cores",
};

/* The order is that of the bits of BENCH_CASE_*. */
const struct bench_case bench_cases[] = {
        { "64B",         64,          1,   "raw"  },
        { "1KiB",        KIB,         1,   "raw"  },
        { "64KiB",       64 * KIB,    1,   "raw"  },
        { "1MiB",        KIB * KIB,   1,   "raw"  },
        { "64B-x64",     64,          64,  "hand" },
        { "64B-x256",    64,          256, "hand" },
        { "10000-lines", 10000,       1,   ""     },
        { "idle",        64,          1,   ""     },
        { "64B-stream",  64,          0,   "raw"  },
        { "1MiB-stream", KIB * KIB,   0,   "raw"  },
};
const unsigned bench_n_cases = sizeof(bench_cases) / sizeof(*bench_cases);

bool bench_spins(const struct bench_system *system) {
        size_t n = strlen(system->name);

        return n > 5 && strcmp(system->name + n - 5, "-spin") == 0;
}

const struct bench_system bench_systems[] = {
        { "raw", "unix", SEQ, BOTH, false, pingpong_serve_epoll, pingpong_drive },
        { "raw", "tcp", SEQ, BOTH, false, pingpong_serve_epoll, pingpong_drive },
        { "raw", "mq", SEQ, BOTH, false, mq_serve, mq_drive },
        { "raw-blocking", "unix", SEQ, BOTH, false, pingpong_serve_blocking, pingpong_drive },
        { "raw-blocking", "tcp", SEQ, BOTH, false, pingpong_serve_blocking, pingpong_drive },
        { "hand", "unix", PIPE, BOTH, false, hand_serve, hand_drive },
        { "hand", "tcp", PIPE, BOTH, false, hand_serve, hand_drive },
        { "raw", "unix", STREAM, BOTH, false, stream_serve, stream_drive },
        { "raw", "tcp", STREAM, BOTH, false, stream_serve, stream_drive },
        { "raw-spin", "unix", RAW_SPIN, TWO, false, pingpong_serve_spin, pingpong_drive_spin },
        { "raw-spin", "tcp", RAW_SPIN, TWO, false, pingpong_serve_spin, pingpong_drive_spin },
        { "via", "unix", SEQ | PIPE | STREAM | BENCH_CASE_IDLE, BOTH, false, via_cells_serve,
          via_cells_drive },
        { "via", "tcp", SEQ | PIPE | STREAM | BENCH_CASE_IDLE, BOTH, false, via_cells_serve,
          via_cells_drive },
        { "via-async", "unix", PIPE, BOTH, false, via_cells_serve, via_cells_drive },
        { "via-spin", "unix", SPIN, BOTH, false, via_cells_serve, via_cells_drive },
        { "via-spin", "tcp", SPIN, BOTH, false, via_cells_serve, via_cells_drive },
        { "via", "inproc", SEQ | PIPE | BENCH_CASE_IDLE, BOTH, true,  via_cells_serve,
          via_cells_drive },
        { "via-spin", "inproc", SPIN, BOTH, true, via_cells_serve, via_cells_drive },
        { "raw", "shm", SEQ, BOTH, false, ring_serve_raw, ring_drive_raw },
        { "hand", "shm", PIPE, BOTH, false, ring_serve_hand, ring_drive_hand },
        { "via", "shm", SEQ | PIPE | BENCH_CASE_IDLE, BOTH, false, via_cells_serve,
          via_cells_drive },
        { "raw-spin", "shm", SEQ, TWO, false, ring_serve_raw, ring_drive_raw },
        { "hand-spin", "shm", PIPE, TWO, false, ring_serve_hand, ring_drive_hand },
        { "via-spin", "shm", SEQ | PIPE | BENCH_CASE_IDLE, BOTH, false, via_cells_serve,
          via_cells_drive },
        { "raw", "fifo", SEQ, BOTH, false, pingpong_serve_epoll, pingpong_drive },
        { "raw-in-time", "fifo", SEQ, BOTH, false, pingpong_serve_epoll, pingpong_drive_in_time },
        { "raw-blocking", "fifo", SEQ, BOTH, false, pingpong_serve_blocking, pingpong_drive },
        { "via", "fifo", SEQ | PIPE, BOTH, false, via_cells_serve, via_cells_drive },
        { "via", "mq", SEQ | PIPE, BOTH, false, via_cells_serve, via_cells_drive },
        { "idlc", "-", BENCH_CASE_IDLC, ONE, false, NULL, idlc_time_drive },
};
const unsigned bench_n_systems = sizeof(bench_systems) / sizeof(*bench_systems);
