#pragma once
/*
 * side.h - what a server's or client's process does around its system's function
 *
 * Pins itself, waits until the server listens, knows the two CPU clocks. Forks nobody.
 */
#include <sys/types.h>

struct bench_side;

/* The server's whole life: 0, or negative errno, of which the client has been told. */
int side_serve(struct bench_side *side, int cpu);

/*
 * The client's: @cpu[0] is its own, @cpu[1] for a server that is a thread. @server is the
 * server's process, or 0. @ready_fd brings the server's words.
 */
int side_drive(struct bench_side *side, const int cpu[2], pid_t server, int ready_fd);
