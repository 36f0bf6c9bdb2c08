#pragma once
/*
 * conn.h - the machine: what one end of a Via connection knows and expects
 *
 * Bytes that came in are shown to it and events are pulled out; control frames to send are
 * pulled out too; time is an argument. It makes no system call, reads no clock, calls nobody
 * back and keeps no bytes: who shows it half a frame shows it again with the rest. Calls that
 * this end has made wait in it for their replies, and calls of the other end, if they are put
 * there, for their answers. It counts the credit of streams and sees that the peer keeps to it;
 * items pass through as events.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <via/limits.h>
#include "calls.h"
#include "flow.h"
#include "opens.h"
#include "wire.h"

enum via_event_type {
        VIA_EVENT_CALL = 1,             /* method, value: ms to answer within, oneway, meta */
        /* call: the one that this ends, value: enum via_code, meta */
        VIA_EVENT_REPLY,
        VIA_EVENT_CANCEL,               /* call: one of the peer's */
        /* value: enum via_code, id: the last of our calls that it has seen; text in conn->why */
        VIA_EVENT_GOAWAY,
        VIA_EVENT_HEAD,                 /* call: one of ours, meta */
        VIA_EVENT_ITEM,                 /* call: ours if back, value: the whole size, first, more */
        VIA_EVENT_END,                  /* call: one of the peer's, who sends no more items */
        /* call: ours if back; NULL: all streams of the link may try again */
        VIA_EVENT_CREDIT,
        VIA_EVENT_PONG,                 /* value: that of the ping */
};

/*
 * What a frame was. The body of one that is too_big is not here, but is being skipped, for one of
 * two reasons: it is longer than max_message, or meta_size is more than max_metadata; then method
 * is not known. Of an item that is too_big only the first piece is an event.
 */
struct via_event {
        enum via_event_type type;
        uint32_t            id;
        bool                oneway;
        bool                too_big;
        /* it came in the stream of the high ones, see pump_lanes.c */
        bool                high;
        bool                back;       /* ITEM, CREDIT: call is one that this end has made */
        bool                first, more;        /* ITEM: the first piece; not the last one */
        bool                placed;     /* the body is where it was aimed at, see pump.h */
        uint16_t            meta_size;
        uint32_t            value;
        uint64_t            method;     /* as via_method_id() */
        /* as it was put into calls or opens; only a reply takes it out of there */
        void               *call;
        const uint8_t      *body;       /* borrowed from the bytes shown; without metadata */
        /* of the body; if too_big, of the frame's: what is more than max_message */
        size_t              size;
        const uint8_t      *meta;       /* borrowed as the body; only if meta_size */
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
        VIA_CONN_CREDIT_DUE  = 64,      /* that of the link */
        VIA_CONN_PING_DUE    = 128,
};

struct via_conn {
        struct via_calls calls;
        struct via_opens opens;         /* the peer's, those that somebody has put there */
        struct via_flow  link;          /* all streams together */
        uint64_t         max_message;   /* of ours; frames above it are skipped */
        uint64_t         peer_message;  /* what the peer takes; until its hello, as much as we do */
        uint64_t         skip;          /* bytes of a frame too big, still to come */
        /* the peer must have said something by then; INT64_MAX: no matter */
        int64_t          due;
        uint32_t         handshake_ms, stall_ms;
        uint32_t         pong, ping;
        uint32_t         max_calls;     /* in flight, of the peer's to us; ours are in calls.max */
        uint32_t         last_id;       /* of the peer's calls, oneways aside; 0: none yet */
        uint32_t         stream_credit; /* of ours: what each stream of the peer's begins with */
        uint32_t         peer_credit;   /* what ours do; WIRE_FIRST_CREDIT until its hello */
        uint16_t         max_metadata;  /* of ours */
        uint8_t          state;
        uint8_t          goaway_code;   /* ours, or the one seen */
        /*
         * In words: what the peer did wrong, or why either end leaves; "" if nobody has, or
         * there is no memory. Owned, see via_conn_words().
         */
        char            *why;
};

enum { VIA_CONN_WHY = 160 };            /* bytes of conn->why and its zero, at most */

/* The bytes that control frames may take at once: the room that via_conn_pull() wants. */
enum { VIA_CONN_PULL = 4 * WIRE_HEADER + WIRE_HELLO + WIRE_HEADER + VIA_CONN_WHY };

void via_conn_init(struct via_conn *conn, const struct via_limits *limits, int64_t now);
void via_conn_fini(struct via_conn *conn);

int  via_conn_next_any(struct via_conn *conn, const uint8_t *data, size_t size, size_t *ret_used,
                      struct via_event *ret_event);
void via_conn_rest(struct via_conn *conn, size_t left, int64_t now);
void via_conn_pause(struct via_conn *conn);
int  via_conn_tick(struct via_conn *conn, int64_t now);

/*
 * Whether the @size bytes at @data begin with what nearly every frame is: a call or a reply that is
 * all there, not too big, without metadata. Then *@ret_header is its header.
 */
static inline bool via_conn_is_plain(const struct via_conn *conn, const uint8_t *data, size_t size,
                                     struct wire_header *ret_header) {
        struct wire_header h;

        if (__builtin_expect(conn->skip || size < WIRE_HEADER ||
                                     !(conn->state & VIA_CONN_HELLO_SEEN), 0))
                return false;
        *ret_header = h = wire_get_header(data);
        return __builtin_expect(!h.meta && h.length <= conn->max_message &&
                                        h.length <= size - WIRE_HEADER &&
                                        (h.type == WIRE_REPLY ||
                                         (h.type == WIRE_CALL && h.length >= WIRE_METHOD)), 1);
}

static inline void via_conn_plain_event(const struct wire_header *h, struct via_event *ev) {
        ev->id = h->id;
        ev->value = h->value;
        ev->oneway = ev->too_big = ev->high = ev->back = false;
        ev->first = ev->more = ev->placed = false;
        ev->meta_size = 0;
}

/* The event that a plain reply is to @call, which is no longer among the calls. */
static inline void via_conn_plain_reply(const struct wire_header *h, const uint8_t *body,
                                        void *call, struct via_event *ev) {
        via_conn_plain_event(h, ev);
        ev->type = VIA_EVENT_REPLY;
        ev->call = call;
        ev->body = body;
        ev->size = h->length;
}

/* Remembers a plain call, for the case that this end leaves. */
static inline void via_conn_saw_call(struct via_conn *conn, const struct wire_header *h) {
        if (!(h->flags & WIRE_ONEWAY))
                conn->last_id = h->id;
}

/* The event that a plain call is. */
static inline void via_conn_plain_call(const struct wire_header *h, const uint8_t *body,
                                       struct via_event *ev) {
        via_conn_plain_event(h, ev);
        ev->type = VIA_EVENT_CALL;
        ev->oneway = h->flags & WIRE_ONEWAY;
        ev->method = wire_get64(body);
        ev->body = body + WIRE_METHOD;
        ev->size = h->length - WIRE_METHOD;
}

/*
 * Looks at the @size bytes at @data, the oldest first, until there is an event in them. Sets
 * *@ret_used to how many are dealt with, whatever it returns; these may go once the event has
 * been read, and the rest is to be shown again.
 *
 * Returns 0 and an event; VIA_CONN_MORE, when more bytes are needed; -EPROTO or
 * -EPROTONOSUPPORT, when the peer has broken the protocol or speaks another one (conn->why says
 * how).
 *
 * What nearly every frame is, is dealt with in line, see via_conn_is_plain(). All else is looked at
 * anew.
 */
static inline int via_conn_next(struct via_conn *conn, const uint8_t *data, size_t size,
                                size_t *ret_used, struct via_event *ev) {
        const uint8_t *body = data + WIRE_HEADER;
        struct wire_header h;
        void *call;

        if (__builtin_expect(!via_conn_is_plain(conn, data, size, &h), 0) ||
            (h.type == WIRE_REPLY && via_calls_take(&conn->calls, h.id, &call) != 0))
                return via_conn_next_any(conn, data, size, ret_used, ev);
        *ret_used = WIRE_HEADER + h.length;
        if (h.type == WIRE_REPLY) {
                via_conn_plain_reply(&h, body, call, ev);
        } else {
                via_conn_saw_call(conn, &h);
                via_conn_plain_call(&h, body, ev);
        }
        return 0;
}

/* conn_talk.c: what it says itself */
void via_conn_goaway(struct via_conn *conn, uint8_t code, const char *why);
void via_conn_ping(struct via_conn *conn, uint32_t value);
size_t via_conn_pull(struct via_conn *conn, uint8_t *buf);
size_t via_conn_pull_early(struct via_conn *conn, uint8_t *buf);

/* Whether via_conn_pull() has something to say. */
static inline bool via_conn_talks(const struct via_conn *conn) {
        return conn->state & (VIA_CONN_HELLO_DUE | VIA_CONN_PONG_DUE | VIA_CONN_GOAWAY_DUE |
                              VIA_CONN_CREDIT_DUE | VIA_CONN_PING_DUE);
}

/* conn_flow.c: streams */
void via_conn_flow(const struct via_conn *conn, struct via_flow *flow, uint8_t state);
uint32_t via_conn_take(struct via_conn *conn, struct via_flow *flow, size_t item_size, bool whole);
void via_conn_drop(struct via_conn *conn, struct via_flow *flow);

/*
 * How many bytes of an item may be sent now, as a piece of it: 0 if there is no credit, or for a
 * @first piece, not even for what each item costs besides.
 */
static inline size_t via_conn_room(const struct via_conn *conn, const struct via_flow *flow,
                                   bool first) {
        uint64_t room = flow->allowed - flow->sent, all = conn->link.allowed - conn->link.sent;
        unsigned cost = first ? WIRE_ITEM_COST : 0;

        if (all < room)
                room = all;
        return room > cost ? (size_t)(room - cost) : 0;
}

/* A piece of @size bytes, for which there was room, has been queued. */
static inline void via_conn_sent(struct via_conn *conn, struct via_flow *flow, size_t size,
                                 bool first) {
        size_t cost = size + (first ? WIRE_ITEM_COST : 0);

        flow->sent += cost;
        conn->link.sent += cost;
}
