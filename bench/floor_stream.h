#pragma once
/*
 * floor_stream.h - the least a stream of messages can be: one write for each
 */
struct bench_side;

int stream_serve(struct bench_side *side);
int stream_drive(struct bench_side *side);
