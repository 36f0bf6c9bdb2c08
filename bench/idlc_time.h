#pragma once
/*
 * idlc_time.h - how long idlc takes for a long .idl file
 */
struct bench_side;

int idlc_time_drive(struct bench_side *side);
