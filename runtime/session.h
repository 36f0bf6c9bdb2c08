#pragma once
/*
 * session.h - one link and the calls over it, in both directions
 *
 * What a client has in common with one link of a server: the pump, and who calls and who serves
 * over it. Each end may do both: what a client serves are callbacks. An event that was pulled out
 * of the pump finds its call here. Never sleeps, and does not know who does; not thread-safe.
 */
#include "keepalive.h"
#include "loop_uv.h"
#include "pump.h"
#include "spin.h"

struct via_budget;
struct via_call;
struct via_client;
struct via_dispatch;
struct via_stream;

struct via_session {
        struct via_pump          pump;
        struct via_spin          spin;
        struct via_keepalive     keepalive;
        const struct via_limits *limits;        /* borrowed */
        const char              *endpoint;      /* borrowed: as a client must write it */
        struct via_dispatch     *dispatch;      /* borrowed; NULL: this end serves nothing */
        struct via_client       *client;        /* who calls from this end, or NULL */
        struct via_call         *open;          /* the peer's calls that are not answered yet */
        struct via_budget       *budget;        /* borrowed; NULL: they are counted here alone */
        struct via_stream       *streams;       /* all that are open here */
        struct via_stream       *ready;         /* those whose on_ready is due */

        /* how to have another turn soon; no loop: its driver has one anyway */
        uv_loop_t               *loop;          /* borrowed */
        struct via_tail         *tail;          /* made when first needed */
        via_wake_fn              wake;
        void                    *owner;

        unsigned                 turns;         /* that are on the stack; their end sends */
        unsigned                 delivering;    /* turns of a client within handlers of its own */
        bool                     closing;       /* new calls are turned away */
        bool                     crowded;       /* a writer waits for the queue to leave */
        bool                     halt;          /* what is left to be delivered can wait */
};

enum { VIA_SESSION_NESTED_MAX = 16 };

void via_session_event(struct via_session *session, const struct via_event *ev, int64_t came,
                       int64_t now);
void via_session_ready(struct via_session *session);
bool via_client_has_news(const struct via_client *client);
void via_session_room(struct via_session *session);
int  via_session_kick_loop(struct via_session *session);
int  via_session_ask(struct via_session *session, int64_t now);
void via_session_tick(struct via_session *session, int64_t now);
void via_session_end(struct via_session *session);

bool via_session_put(struct via_session *session, bool high, const struct wire_header *header);

/* Makes sure that what was written outside of a turn is sent soon: 0 or -ENOMEM. */
static inline int via_session_kick(struct via_session *session) {
        return session->loop && !session->turns ? via_session_kick_loop(session) : 0;
}

/* Whether somebody is to be told something that happened outside of a turn, or in its end. */
static inline bool via_session_has_news(const struct via_session *session) {
        return session->ready || (session->client && via_client_has_news(session->client));
}

/* When via_session_tick() has something to do: the next deadline of either side's calls. */
static inline int64_t via_session_due(const struct via_session *session) {
        const struct via_conn *conn = &session->pump.conn;
        int64_t due = conn->due < conn->calls.due ? conn->due : conn->calls.due;
        int64_t ask = via_keepalive_due(&session->keepalive, conn);

        if (ask < due)
                due = ask;
        return conn->opens.due < due ? conn->opens.due : due;
}
