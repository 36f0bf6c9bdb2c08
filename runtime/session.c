/*
 * session.c - one link and the calls over it, in both directions
 */
#include "client_impl.h"
#include "clock.h"
#include "serve.h"
#include "session.h"
#include "stream.h"

static struct via_stream *stream_of(const struct via_event *ev) {
        if (ev->back)
                return ((struct via_handle *)ev->call)->stream;
        return ((struct via_call *)ev->call)->stream;
}

/* The peer takes more items: of one stream, or of all. */
static void on_credit(struct via_session *session, const struct via_event *ev) {
        if (ev->call) {
                via_stream_room(stream_of(ev));
                return;
        }
        for (struct via_stream *s = session->streams, *next; s; s = next) {
                next = s->next;
                via_stream_room(s);
        }
}

/* Deals with @ev, which @came a moment ago or, if others were before it, longer. */
void via_session_event(struct via_session *session, const struct via_event *ev, int64_t came,
                       int64_t now) {
        switch (ev->type) {
        case VIA_EVENT_CALL:
                via_serve(session, ev, came, now);
                break;
        case VIA_EVENT_REPLY:
                via_client_on_reply(session->client, ev);
                break;
        case VIA_EVENT_HEAD:
                via_client_on_head(session->client, ev);
                break;
        case VIA_EVENT_ITEM:
                if (ev->too_big)
                        via_stream_fail(stream_of(ev), VIA_RESOURCE_EXHAUSTED,
                                        "an item was larger than max_message");
                else
                        via_stream_came(stream_of(ev), ev);
                break;
        case VIA_EVENT_END:
                via_stream_mark(stream_of(ev));
                via_call_items_end(ev->call);
                break;
        case VIA_EVENT_CREDIT:
                on_credit(session, ev);
                break;
        case VIA_EVENT_CANCEL:
                via_call_given_up(ev->call, VIA_CANCELLED);
                break;
        case VIA_EVENT_GOAWAY:
                if (session->client)
                        via_client_goaway(session->client, ev->id);
                break;
        case VIA_EVENT_PONG:
                break;
        }
}

/* Writes a frame without a body: whether there was memory for it. */
bool via_session_put(struct via_session *session, bool high, const struct wire_header *header) {
        uint8_t *room = via_pump_reserve_for(&session->pump, high, WIRE_HEADER);

        if (!room)
                return false;
        wire_put_header(room, header);
        via_pump_commit(&session->pump, WIRE_HEADER);
        via_session_kick(session);
        return true;
}

/* via_session_kick() where there is a loop to be woken. */
int via_session_kick_loop(struct via_session *session) {
        if (!session->tail)
                session->tail = via_tail_new(session->loop, session->wake, session->owner);
        if (!session->tail)
                return -ENOMEM;
        via_tail_run(session->tail);
        return 0;
}

/* Tells those who are to be told what has happened. Each may start, write or end what it likes. */
void via_session_ready(struct via_session *session) {
        if (session->client)
                via_client_tell(session->client);
        if (session->ready)
                via_streams_tell(session);
}

/* After a flush: who waited for the queue to leave may write again. */
void via_session_room(struct via_session *session) {
        if (!session->crowded || via_pump_queued(&session->pump))
                return;
        session->crowded = false;
        for (struct via_stream *s = session->streams, *next; s; s = next) {
                next = s->next;
                via_stream_room(s);
        }
}

/* Asks whether the peer is there if it is time to: 0, or -ETIMEDOUT when it has not answered. */
int via_session_ask(struct via_session *session, int64_t now) {
        int r;

        if (!session->keepalive.every_ms)
                return 0;
        r = via_keepalive_tick(&session->keepalive, &session->pump.conn, now);
        if (r == VIA_KEEPALIVE_PING)
                via_session_kick(session);
        return r < 0 ? r : 0;
}

/* Ends what is overdue. */
void via_session_tick(struct via_session *session, int64_t now) {
        struct via_opens *opens = &session->pump.conn.opens;
        void *call;
        uint32_t id;

        if (session->client)
                via_client_expire(session->client, now);
        while (via_opens_expire(opens, now, &call, &id) == 0)
                via_call_given_up(call, VIA_DEADLINE_EXCEEDED);
}

/* The link has ended: nobody waits for the answers to its calls any more. */
void via_session_end(struct via_session *session) {
        while (session->open)
                via_call_lost(session->open);
        while (session->streams)
                via_stream_orphan(session->streams);
        while (session->ready)
                via_stream_unready(session->ready);
        session->tail = via_tail_close(session->tail);
}
