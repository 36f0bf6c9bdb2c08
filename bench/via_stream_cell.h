#pragma once
/*
 * via_stream_cell.h - a stream of Via's: its handler, and who reads it
 */
#include "echo.h"

struct bench_side;

int stream_cell_source(struct via_call *call, uint32_t size, struct via_stream *stream);
int stream_cell_drive(struct bench_side *side, struct via_client *client);
