#pragma once
/*
 * fake_link.h - a link that does what it is told, and a pump on it
 *
 * For the tests of the pump: what the peer sends is put into @input and arrives, what the pump
 * sends is kept, and neither needs a peer.
 */
#include "frames.h"
#include "pump.h"
#include "test.h"

/* A link that has received what is in @in, and does to the rest what it is told. */
struct fake {
        struct via_link link;
        const uint8_t  *in;
        size_t          n_in, in_most;          /* at most so many at once; 0: as many as fit */
        ssize_t         in_end;                 /* what recv() returns after them */
        uint8_t         out[1 << 16];           /* what was sent, the first of it */
        size_t          n_out, out_most, out_room;
        ssize_t         out_end;                /* what send() returns when there is no room */
        int             waited, wanted;
        uint8_t         in_priority;            /* of what it has received */
        char            sent[64];               /* N or H for each send() */
};

extern int fake_closed;                         /* links, so far */

extern const struct via_transport transport, transport_without_wait, transport_with_lanes;

extern struct via_pool pool;
extern const struct via_limits defaults;
extern struct frames input;

/* A pump on a new link, which is the pump's; greeted: both have said hello, and @input is empty. */
struct fake *start_by(struct via_pump *pump, const struct via_transport *by);
struct fake *start(struct via_pump *pump);
struct fake *greet(struct via_pump *pump, struct fake *fake);
struct fake *start_greeted(struct via_pump *pump);

/* These @n bytes are there to be received, instead of what was. */
void arrives(struct fake *fake, const void *bytes, size_t n);

/* Receives once, and counts what came out. */
unsigned receive(struct via_pump *pump, struct via_event *ev);

void queue(struct via_pump *pump, const char *bytes);

/* The end of the last pump: nothing is left allocated. */
void stop(struct via_pump *pump);
