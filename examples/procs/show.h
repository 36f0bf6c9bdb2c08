#pragma once
/*
 * show.h - processes and machines as people read them, on standard output
 *
 * Cleans every text (see text.h): this terminal need not trust the server.
 */
#include "procs.h"

/* A table as top's, with a line of titles. */
void show_processes(size_t n, struct procs_Process *const *processes);

/* A line: "+" and a process that has started, or "-" and one that has ended. */
void show_event(const struct procs_Event *event);

/* The lines above top's table. */
void show_machine(const struct procs_Machine *machine);
