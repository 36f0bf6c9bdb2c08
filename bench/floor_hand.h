#pragma once
/*
 * floor_hand.h - the hand-written floor: the least an RPC can be
 *
 * A 12-byte header, a method number, calls matched by id, 64-byte payloads, and every read and
 * write a batch. No deadlines, no limits a stranger could not cross, no second connection.
 */
struct bench_side;

int hand_serve(struct bench_side *side);
int hand_drive(struct bench_side *side);
