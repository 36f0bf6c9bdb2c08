#pragma once
/*
 * via_cells.h - Via itself, as an application uses it: a generated stub, a handler, an endpoint
 *
 * Public headers only. The transport is a word in the endpoint, here as everywhere.
 */
struct bench_side;

int via_cells_serve(struct bench_side *side);
int via_cells_drive(struct bench_side *side);
