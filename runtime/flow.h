#pragma once
/*
 * flow.h - the credit of one stream, or of all streams of a link together, both ways
 *
 * Plain numbers that only ever grow: what was sent and may be, what has come and may. An item
 * costs its bytes and WIRE_ITEM_COST. Lives in whoever owns the call, and is lent to the
 * machine for as long as the call is there. Keeps no items and decides nothing: see conn_flow.c.
 */
#include <stdint.h>

enum {                                  /* via_flow.state */
        VIA_FLOW_SENDS    = 1,          /* the method lets this end send items */
        VIA_FLOW_RECEIVES = 2,          /* and lets the peer */
        VIA_FLOW_ENDED    = 4,          /* the peer, who calls, sends no more */
        VIA_FLOW_CLOSED   = 8,          /* this end has said that it sends no more */
};

struct via_flow {
        uint64_t sent, allowed;         /* by this end; allowed: by the peer's credit */
        uint64_t received;              /* from the peer */
        /* of that, what was asked for: an item counts whole as soon as it is asked for */
        uint64_t taken;
        /* what the peer may send by what is taken, and what it knows of that */
        uint64_t granted, announced;
        uint32_t window;                /* how far the peer may be ahead of what is taken */
        uint32_t total, got;            /* of the item that has not come whole yet; else equal */
        uint8_t  state;
};
