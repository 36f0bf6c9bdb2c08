/*
 * table.c - the transports there are; a line here and one in meson.build makes one more
 */
#include <via/transport.h>
#include "table.h"

#define ADDRESS(transport) &transport,

const struct via_transport *const via_transports[] = { VIA_TRANSPORTS(ADDRESS) NULL };
