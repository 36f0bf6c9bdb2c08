#pragma once
/*
 * floor_mq.h - the least a round trip over two POSIX message queues can be
 *
 * No header, no lifeline: a blocking client and an epoll server.
 */
struct bench_side;

int mq_serve(struct bench_side *side);
int mq_drive(struct bench_side *side);
