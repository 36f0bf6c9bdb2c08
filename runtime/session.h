#pragma once
/*
 * session.h - one link and the calls over it, in both directions
 *
 * What a client has in common with one link of a server: the pump, and who calls and who serves
 * over it. Each end may do both: what a client serves are callbacks. Not thread-safe; never
 * sleeps, and does not know who does.
 */
#include "pump.h"
#include "spin.h"

struct via_client;
struct via_dispatch;

struct via_session {
        struct via_pump          pump;
        struct via_spin          spin;
        const struct via_limits *limits;        /* borrowed */
        const char              *endpoint;      /* borrowed: as a client must write it */
        struct via_dispatch     *dispatch;      /* borrowed; NULL: this end serves nothing */
        struct via_client       *client;        /* borrowed; NULL: this end has made no call yet */
};
