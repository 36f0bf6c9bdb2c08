#pragma once
/*
 * cable.h - two links in one process, and between them a cable that is held in memory
 *
 * Bytes take a while, arrive in other pieces than they were sent in, and the cable can be cut at
 * any of them. Time is made up: it passes when somebody moves it. All that looks random comes
 * from one seed. Knows nothing of frames or calls, and judges nobody.
 */
#include <via/transport.h>
#include "random.h"

enum { CABLE_ROOM = 1 << 16, CABLE_PIECES = 64 };

/* What is on its way from one end to the other. */
struct cable_way {
        uint8_t  bytes[CABLE_ROOM];             /* a ring: from got to sent */
        uint64_t sent, got;                     /* bytes so far */
        struct {
                uint64_t end;                   /* of the piece, as counted by sent */
                int64_t  arrives;
        } pieces[CABLE_PIECES];                 /* the first is the next to arrive */
        unsigned n_pieces;
        int      ended;                         /* after the last byte: 1 it left, or -errno */
        bool     deaf;                          /* nobody will receive from it */
};

struct cable {
        struct random    random;
        int64_t          now;
        uint32_t         room;                  /* bytes on the way at most, up to CABLE_ROOM */
        uint32_t         delay;                 /* ms at most */
        bool             whole;                 /* not in odd pieces */
        bool             lends;                 /* links have room of their own, see via_loan */
        bool             lanes;                 /* links have priorities, see VIA_PRIORITY */
        /* from end 0, and from end 1; the second of each is what is high */
        struct cable_way ways[2][2];
};

void cable_init(struct cable *cable, uint64_t seed);

/* The link at @end of the cable, 0 or 1, on the heap as a pump wants it; NULL: no memory. */
struct via_link *cable_link(struct cable *cable, int end);

/* Cuts the cable: some of what is on its way still arrives, then both ends see a fault. */
void cable_cut(struct cable *cable);

/* When the next bytes arrive, at either end; INT64_MAX: none are on their way. */
int64_t cable_next(const struct cable *cable);
