#pragma once
/*
 * side.h - one side of a life in test_cable: what it does when the schedule says so
 *
 * Calls and answers, writes and reads streams, gives up, leaves; each of it is told to the
 * ledger, and what comes in is shown to it.
 */
#include "cable.h"
#include "ledger.h"
#include "pump.h"
#include "schedule.h"

enum { QUEUE_MOST = 1 << 18 };                  /* bytes that may wait before no more is said */

struct side {
        struct via_pump pump;
        struct via_pool pool;
        uint32_t        peer_calls;             /* as many as the other one allows */
        uint32_t        stream_window, link_window;
        bool            open;
        bool            hears_all;              /* the other one closed when all was sent */
        struct ledger_call *made[LEDGER_MOST];          /* its own that have not ended */
        struct ledger_call *served[LEDGER_MOST];        /* the other's, not yet answered */
        uint32_t        n_made, n_served;
        uint64_t        link_granted;           /* by credit that came */
        uint64_t        excess;                 /* asked for, and ended before it came */
        uint32_t        pinged, ponged;         /* numbers of pings; of the last one answered */
};

struct life {
        struct cable    cable;
        struct schedule schedule;
        struct ledger   ledger;
        struct side     sides[2];
        uint32_t        big;                    /* the largest item */
        uint64_t        items, bytes;           /* that came */
};

extern struct life life;

void side_call(int side, const struct step *step, uint8_t ways);
void side_oneway(int side, const struct step *step);
void side_answer(int side, const struct step *step, struct ledger_call *call);
void side_head(int side, const struct step *step);
void side_cancel(int side, const struct step *step);
void side_ping(int side);
void side_goaway(int side, const struct step *step);
void side_end(int side, int r);
bool side_turn(int side);
void side_leave(int side);
void side_pass_time(bool until);

/* side_stream.c */
bool side_say(int side, struct wire_header header, struct ledger_frame frame);
struct ledger_call *side_pick(int side, uint32_t number, uint8_t way);
bool side_write(int side, struct ledger_call *call, uint32_t number, unsigned pieces);
void side_read(int side, struct ledger_call *call, uint32_t more);
bool side_close(int side, struct ledger_call *call);
void side_item(int side, struct ledger_call *call, const struct via_event *ev);
void side_credit(int side, struct ledger_call *call, const struct via_event *ev);
void side_stream_ended(int side, struct ledger_call *call);

/* rest.c */
void come_to_rest(void);
