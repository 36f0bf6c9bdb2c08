#pragma once
/*
 * connections_place.h - where the servers of connections.c, and of the files beside it, are
 */
#include <stdbool.h>
#include <via/error.h>

/* "unix:FOLDER/NAME", in a folder of this test's own; good for three more calls. */
const char *place(const char *name);
void place_end(void);                           /* nobody has left anything there */

bool says(const struct via_error *err, const char *what);
