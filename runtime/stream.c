/*
 * stream.c - one end of a streaming call: its place in a session, and when its user is told
 */
#include <stdlib.h>
#include "client_impl.h"
#include "serve.h"
#include "stream.h"

static void list_in(struct via_stream **list, struct via_stream *stream) {
        stream->next = *list;
        stream->prev = list;
        if (stream->next)
                stream->next->prev = &stream->next;
        *list = stream;
}

static void list_out(struct via_stream *stream) {
        if (!stream->prev)
                return;
        *stream->prev = stream->next;
        if (stream->next)
                stream->next->prev = stream->prev;
        stream->prev = NULL;
}

/* @stream, whose flow is the machine's to know by now, is one of @session's. */
void via_stream_join(struct via_stream *stream, struct via_session *session, uint32_t id) {
        list_out(stream);
        stream->session = session;
        stream->pool = session->pump.pool;
        stream->id = id;
        list_in(&session->streams, stream);
}

/* A client's stream has no link yet, or not any more: its client is still to know it. */
void via_stream_stray(struct via_stream *stream) {
        list_in(&stream->client->links.strays, stream);
}

void via_stream_unready(struct via_stream *stream) {
        if (!stream->is_ready)
                return;
        *stream->prev_ready = stream->next_ready;
        if (stream->next_ready)
                stream->next_ready->prev_ready = stream->prev_ready;
        stream->is_ready = false;
}

/* It has no link any more: nothing can be sent; what has come may still be read. */
void via_stream_leave(struct via_stream *stream) {
        struct via_session *session = stream->session;

        if (!session)
                return;
        via_conn_drop(&session->pump.conn, &stream->flow);
        via_stream_unready(stream);
        list_out(stream);
        stream->session = NULL;
        via_buffer_give(&stream->out, stream->pool);
}

/* Its client is about to be gone, and all that the stream had of it. */
void via_stream_orphan(struct via_stream *stream) {
        via_stream_leave(stream);
        via_stream_unready(stream);
        list_out(stream);
        via_buffer_fini(&stream->in);
        stream->n_whole = 0;
        stream->client = NULL;
        stream->done = true;
        if (stream->err.code)                   /* it had ended before */
                return;
        via_error_set(&stream->err, VIA_CANCELLED, "the client was closed");
        stream->err.code = VIA_CANCELLED;
}

/* Frees what it holds; it has left. */
void via_stream_fini(struct via_stream *stream) {
        via_stream_unready(stream);
        list_out(stream);
        if (stream->in.data)
                via_buffer_give(&stream->in, stream->pool);
        via_error_fini(&stream->err);
        free(stream->reply);
}

/* Where a client's stream is told things that has no link yet, or not any more. */
static struct via_session *home(const struct via_stream *stream) {
        return stream->client && stream->client->links.place ? &stream->client->own : NULL;
}

/* Its user is to be told, at the end of the turn, that something may go on. */
void via_stream_mark(struct via_stream *stream) {
        struct via_session *session = stream->session ? stream->session : home(stream);

        if (stream->work) {
                via_work_wake(stream->work);
                return;
        }
        if (!session || !stream->on_ready || stream->is_ready)
                return;
        stream->is_ready = true;
        stream->next_ready = session->ready;
        stream->prev_ready = &session->ready;
        if (stream->next_ready)
                stream->next_ready->prev_ready = &stream->next_ready;
        session->ready = stream;
        via_session_kick(session);
}

/* Tells the users of the streams that are ready. Each may end any stream, its own too. */
void via_streams_tell(struct via_session *session) {
        struct via_stream *due = session->ready;

        /* Who becomes ready meanwhile is told the next time, or two could keep each other busy. */
        session->ready = NULL;
        if (due)
                due->prev_ready = &due;
        while (due) {
                struct via_stream *stream = due;

                via_stream_unready(stream);
                stream->on_ready(stream->user, stream);
        }
}

void via_stream_on_ready(struct via_stream *stream,
                         void (*on_ready)(void *user, struct via_stream *stream), void *user) {
        VIA_GUEST(stream->shared);

        stream->on_ready = on_ready;
        stream->user = user;
        if (!on_ready)
                via_stream_unready(stream);
        else
                via_stream_mark(stream);        /* there may be something to do already */
}

struct via_arena *via_stream_arena(const struct via_stream *stream) {
        return stream->arena;
}
