#pragma once
/*
 * sock.h - the sockets and FIFOs of the floors: one listener, one connection
 *
 * For floors only: a Via cell gets its sockets from Via. Not a general library: whatever goes
 * wrong is written into side->why.
 */
#include <stddef.h>

struct bench_side;

/*
 * Listens, says so, and waits for the one client: its descriptor, blocking, or negative errno.
 */
int sock_serve(struct bench_side *side);

/* Connects to side->address: a blocking descriptor, or negative errno. */
int sock_connect(struct bench_side *side);

/*
 * The same as a pair of descriptors to read from and to write to: of a socket, twice the same; of
 * "fifo", a FIFO each way. 0 or negative errno.
 */
int sock_serve_ends(struct bench_side *side, int *ret_in, int *ret_out);
int sock_connect_ends(struct bench_side *side, int *ret_in, int *ret_out);
void sock_close_ends(int in, int out);

/* All of @len bytes: 0, -ECONNRESET if the peer left in between, or negative errno. */
int sock_read_all(int fd, void *buf, size_t len);
int sock_write_all(int fd, const void *buf, size_t len);
