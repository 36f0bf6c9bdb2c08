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
#include "stream_model.h"

enum { LEDGER_MOST = 4096 };            /* calls by one side, and frames of one that wait */

enum ledger_what {
        LEDGER_CALL,
        LEDGER_ONEWAY,
        LEDGER_REPLY,
        LEDGER_CANCEL,
        LEDGER_GOAWAY,
        LEDGER_HEAD,
        LEDGER_PIECE,
        LEDGER_END,
        LEDGER_CREDIT,
};

/* One end of a call; its address goes into the machine. */
struct ledger_call {
        uint32_t number;                        /* by who made it */
        uint32_t id;
        int64_t  due;
        bool     high;
        bool     made;                          /* this is the end that has made it */
        bool     told;                          /* that it is overdue, at the other end */
        bool     headed;
        bool     broken;                        /* an item was too big: it is to end */
        uint8_t  ways;                          /* which way items go, from this end's view */
        /* at the end that serves it: whether the machine has it, or it had no room */
        enum { LEDGER_WAITS = 1, LEDGER_REFUSED, LEDGER_ENDED } state;
        uint32_t place;                         /* among those that have not ended */
        struct stream stream;                   /* if there are ways */
};

/* A frame that a side has queued. */
struct ledger_frame {
        enum ledger_what what;
        uint32_t         number, id;            /* of the call, by who made it */
        uint32_t         size, value;           /* size: of the body without metadata */
        uint32_t         meta;
        uint32_t         item, at;              /* PIECE: which one it is of, and from where */
        bool             back;                  /* PIECE, CREDIT: of a call of who hears it */
        bool             high;                  /* which stream it is in */
};

struct ledger_side {
        struct ledger_call  made[LEDGER_MOST];
        struct ledger_call  served[LEDGER_MOST];        /* by the other one's numbers */
        uint32_t            n_made;
        uint64_t            max_message;
        uint32_t            max_metadata;
        uint32_t            last_id;            /* the last of the other's calls that was seen */
        struct ledger_frame frames[LEDGER_MOST];        /* a ring */
        uint32_t            n_frames;           /* queued by this side so far */
        /* how many of the other's frames are dealt with, in the view of either stream */
        uint32_t            n_arrived[2];
};

struct ledger {
        struct ledger_side sides[2];
};

void ledger_init(struct ledger *ledger);

/* The next call of @side; it counts from ledger_sent() on. */
struct ledger_call *ledger_call(struct ledger *ledger, int side);

/* Whether one more frame of @side can be noted. */
bool ledger_has_room(struct ledger *ledger, int side);
void ledger_sent(struct ledger *ledger, int side, struct ledger_frame frame);

/* @ev came out at @side; returns the frame that it was. */
const struct ledger_frame *ledger_arrived(struct ledger *ledger, int side,
                                          const struct via_event *ev);

/* A call ends at this end of it, which it may do once. */
void ledger_ended(struct ledger_call *call);
void ledger_expired(struct ledger *ledger, int side, void *call, uint32_t id, int64_t now);
void ledger_swept(const struct ledger *ledger, int side, int64_t now);

/* All that was sent to @side must have come. */
void ledger_complete(struct ledger *ledger, int side);

/* The link of @side is at its end: its calls must be, too. */
void ledger_over(const struct ledger *ledger, int side);

/* What the body of a frame consists of, its metadata in front. */
void ledger_fill(uint8_t *body, const struct ledger_frame *frame);

/* Says what is wrong and ends the program. */
void ledger_wrong(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
