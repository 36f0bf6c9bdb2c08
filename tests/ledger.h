#pragma once
/*
 * ledger.h - what two machines on a cable owe each other: the judge of test_cable
 *
 * Told of everything that either end has queued to be sent and of every event that came out at
 * the other, it knows what must come next and that each call ends once. Stops the program, with
 * what was wrong, at the first thing that is.
 */
#include <via/error.h>
#include "conn.h"

enum { LEDGER_MOST = 4096 };                    /* calls by one side, and frames by one */

enum ledger_what { LEDGER_CALL, LEDGER_ONEWAY, LEDGER_REPLY, LEDGER_CANCEL, LEDGER_GOAWAY };

/* A call that a side has made; its address goes into the machine. */
struct ledger_call {
        uint32_t number;
        uint32_t id;
        int64_t  due;
        bool     high;
        enum { LEDGER_WAITS = 1, LEDGER_ENDED } state;
};

/* A frame that a side has queued. */
struct ledger_frame {
        enum ledger_what what;
        uint32_t         number, id;            /* of the call, by who made it */
        uint32_t         size, value;           /* size: of the request, or of the answer */
        bool             high;                  /* which stream it is in */
};

struct ledger_side {
        const struct via_opens *opens;          /* a cancel of what is not there stays unseen */
        struct ledger_call  calls[LEDGER_MOST];
        uint32_t            n_calls;
        struct ledger_frame frames[LEDGER_MOST];
        uint32_t            n_frames;           /* queued by this side */
        /* how many of the other's frames are dealt with, in the view of either stream */
        uint32_t            n_arrived[2];
};

struct ledger {
        struct ledger_side sides[2];
};

void ledger_init(struct ledger *ledger);

/* The next call of @side; it counts from ledger_sent() on. */
struct ledger_call *ledger_call(struct ledger *ledger, int side);

void ledger_sent(struct ledger *ledger, int side, struct ledger_frame frame);

/* @ev came out at @side; returns the frame that it was. */
const struct ledger_frame *ledger_arrived(struct ledger *ledger, int side,
                                          const struct via_event *ev, uint64_t max_message);
void ledger_expired(struct ledger *ledger, int side, void *call, uint32_t id, int64_t now);
void ledger_swept(const struct ledger *ledger, int side, int64_t now);

/* All that was sent to @side must have come. */
void ledger_complete(struct ledger *ledger, int side);

/* The link of @side is at its end: its calls must be, too. */
void ledger_over(const struct ledger *ledger, int side);

/* What the body of a frame consists of. */
void ledger_fill(uint8_t *body, const struct ledger_frame *frame);
uint64_t ledger_method(uint32_t number);

/* Says what is wrong and ends the program. */
void ledger_wrong(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
