#pragma once
/*
 * floor_ring.h - the least that shared memory can do: two rings of bytes, and nothing around them
 *
 * `raw` copies each message in and out, one after the other; `hand` puts a header before each and
 * keeps many outstanding. On two cores both sides spin and never sleep; on one core the
 * client sleeps in the read of an eventfd, which the other side writes if a word in memory says
 * so, and the server in epoll_wait, as one that has more than one client must. No death is
 * noticed, no peer distrusted.
 */
struct bench_side;

int ring_serve_raw(struct bench_side *side);
int ring_drive_raw(struct bench_side *side);
int ring_serve_hand(struct bench_side *side);
int ring_drive_hand(struct bench_side *side);
