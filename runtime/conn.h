#pragma once
/*
 * conn.h - the machine: what one end of a Via connection knows and expects
 *
 * Bytes that came in are shown to it and events are pulled out; control frames to send are
 * pulled out too; time is an argument. It makes no system call, reads no clock, calls nobody
 * back and keeps no bytes: who shows it half a frame shows it again with the rest. Calls that
 * this end has made wait in it for their replies; the calls of the other end pass through as
 * events.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <via/limits.h>
#include "calls.h"
#include "wire.h"

enum via_event_type {
        VIA_EVENT_CALL = 1,             /* method, value: ms to answer within, oneway */
        VIA_EVENT_REPLY,                /* call: the one that this ends, value: enum via_code */
        VIA_EVENT_CANCEL,
        VIA_EVENT_GOAWAY,               /* value: enum via_code; the text is in conn->why */
};

struct via_event {
        enum via_event_type type;
        bool                oneway;
        /* longer than max_message: the body is not here, and is being skipped */
        bool                too_big;
        /* it came in the stream of the high ones, see pump_lanes.c */
        bool                high;
        uint32_t            id;
        uint32_t            value;
        uint64_t            method;     /* as via_method_id() */
        void               *call;
        const uint8_t      *body;       /* borrowed from the bytes shown */
        /* of the body; if too_big, of the frame's: what is more than max_message */
        size_t              size;
};

enum {                                  /* expected conditions */
        VIA_CONN_MORE = 1,              /* nothing more can be made of the bytes shown */
};

enum {                                  /* via_conn.state */
        VIA_CONN_HELLO_DUE   = 1,       /* to be sent */
        VIA_CONN_HELLO_SEEN  = 2,
        VIA_CONN_PONG_DUE    = 4,
        VIA_CONN_GOAWAY_DUE  = 8,
        VIA_CONN_GOAWAY_SENT = 16,
        VIA_CONN_GOAWAY_SEEN = 32,
};

struct via_conn {
        struct via_calls calls;
        uint64_t         max_message;   /* of ours; frames above it are skipped */
        uint64_t         peer_message;  /* what the peer takes; until its hello, as much as we do */
        uint64_t         skip;          /* bytes of a frame too big, still to come */
        /* the peer must have said something by then; INT64_MAX: no matter */
        int64_t          due;
        uint32_t         handshake_ms, stall_ms;
        uint32_t         pong;
        uint32_t         max_calls;     /* in flight, of the peer's to us; ours are in calls.max */
        uint8_t          state;
        uint8_t          goaway_code;   /* ours, or the one seen */
        /* in words: what the peer did wrong, or why either end leaves */
        char             why[160];
};

/* The bytes that control frames may take at once: the room that via_conn_pull() wants. */
enum { VIA_CONN_PULL = 2 * WIRE_HEADER + WIRE_HELLO + WIRE_HEADER + 160 };

void via_conn_init(struct via_conn *conn, const struct via_limits *limits, int64_t now);
void via_conn_fini(struct via_conn *conn);

int  via_conn_next(struct via_conn *conn, const uint8_t *data, size_t size, size_t *ret_used,
                  struct via_event *ret_event);
void via_conn_rest(struct via_conn *conn, size_t left, int64_t now);
void via_conn_pause(struct via_conn *conn);
int  via_conn_tick(struct via_conn *conn, int64_t now);

void via_conn_goaway(struct via_conn *conn, uint8_t code, const char *why);
size_t via_conn_pull(struct via_conn *conn, uint8_t *buf);
size_t via_conn_pull_early(struct via_conn *conn, uint8_t *buf);

/* Whether via_conn_pull() has something to say. */
static inline bool via_conn_talks(const struct via_conn *conn) {
        return conn->state & (VIA_CONN_HELLO_DUE | VIA_CONN_PONG_DUE | VIA_CONN_GOAWAY_DUE);
}
