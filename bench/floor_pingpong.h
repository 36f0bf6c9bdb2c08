#pragma once
/*
 * floor_pingpong.h - the least a round trip can be: bytes there, the same bytes back
 *
 * No header, no message, no meaning. `raw`: a blocking client and an epoll server, as Via has
 * them; over FIFOs it polls before it reads, which a deadline costs there. `raw-blocking`: both
 * sides blocking.
 */
struct bench_side;

int pingpong_serve_epoll(struct bench_side *side);
int pingpong_serve_blocking(struct bench_side *side);
int pingpong_drive(struct bench_side *side);

/* Both ends look until something is there, and never sleep. */
int pingpong_serve_spin(struct bench_side *side);
int pingpong_drive_spin(struct bench_side *side);
int pingpong_drive_in_time(struct bench_side *side);
