#pragma once
/*
 * table.h - the transports there are, in the order in which people see them
 */
#include <via/transport.h>

#define VIA_TRANSPORTS(X) \
        X(via_unix) \
        X(via_tcp) \
        X(via_inproc) \
        X(via_fifo) \
        X(via_mq) \
        X(via_shm) \
        X(via_exec) \
        X(via_stdio)

#define VIA_DECLARE_(transport) extern const struct via_transport transport;
VIA_TRANSPORTS(VIA_DECLARE_)
#undef VIA_DECLARE_
