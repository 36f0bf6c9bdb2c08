#pragma once
/*
 * machine.h - what /proc says of the machine as a whole
 */
#include <stdint.h>

struct machine {
        double   uptime;                        /* seconds */
        double   load[3];                       /* over 1, 5 and 15 minutes */
        uint32_t processes, threads, running, cores;
        uint64_t memory_total, memory_available, swap_total, swap_free;         /* bytes */
};

/* Reads it all anew. @root is an open descriptor of /proc. Returns 0, or a negative errno. */
int machine_read(int root, struct machine *ret_machine);
