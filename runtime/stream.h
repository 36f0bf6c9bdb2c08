#pragma once
/*
 * stream.h - one end of a streaming call
 *
 * Items that came and were not read wait in a buffer, as a size and so many bytes each; at most
 * one that was written waits for credit. What may be sent is the machine's to say (flow.h).
 * Never sleeps: whoever has no loop takes turns until it may go on.
 */
#include <via/idl.h>
#include <via/stream.h>
#include "buffer.h"
#include "flow.h"
#include "session.h"

struct via_handle;
struct via_work;

/* A blocking read that waits, on its stack: where the next item may be put as it comes. */
struct via_wanted {
        void             *item;
        struct via_error *err;
        int               code;
        bool              came;
};

struct via_stream {
        struct via_flow          flow;
        const struct via_method *method;
        struct via_session      *session;       /* NULL: its link, or the call, has ended */
        struct via_pool         *pool;          /* borrowed, as are these */
        const struct via_limits *limits;
        struct via_buffer        in, out;
        size_t                   n_whole;       /* items in `in` that are there to the last byte */
        uint32_t                 out_total;     /* size of the item of which `out` is the rest */
        uint32_t                 owed;          /* credit that could not be announced yet */
        uint32_t                 id;
        bool                     high;
        bool                     served;        /* it is a handler's */
        bool                     asked;         /* somebody waits for the next item */
        bool                     taken;         /* the item that is arriving counts as read */
        bool                     full;          /* a writer was told to wait */
        bool                     begun;         /* `out` has had its first piece */
        bool                     ended;         /* the half-close has been said */
        bool                     dropping;      /* nobody reads any more */
        bool                     done;          /* the call has ended */
        bool                     is_ready;      /* it is in session->ready */
        struct via_stream       *next, **prev, *next_ready, **prev_ready;
        void                   (*on_ready)(void *user, struct via_stream *stream);
        void                    *user;

        struct via_call         *call;          /* a handler's: its call */
        struct via_work         *work;          /* if that was offloaded */

        struct via_shared       *shared;        /* its client's, or NULL; lives as long as it */
        struct via_client       *client;        /* a client's, and: */
        struct via_handle       *handle;        /* NULL: the call has ended */
        struct via_arena        *arena;         /* lent, or NULL */
        struct via_error         err;           /* how it ended, if not well */
        uint8_t                 *reply;         /* owned: what the server answered, or NULL */
        size_t                   reply_size;
        struct via_wanted       *wanted;        /* lent by a blocking read, or NULL */
};

static inline const struct via_type *via_stream_reads(const struct via_stream *stream) {
        return stream->served ? stream->method->in_item : stream->method->out_item;
}

static inline const struct via_type *via_stream_writes(const struct via_stream *stream) {
        return stream->served ? stream->method->out_item : stream->method->in_item;
}

/* Whether an item that comes whole goes straight to a blocking reader. */
static inline bool via_stream_takes(const struct via_stream *stream) {
        return stream->wanted && !stream->n_whole && !stream->dropping && !stream->done;
}

void via_stream_begin(struct via_stream *stream);
void via_stream_join(struct via_stream *stream, struct via_session *session, uint32_t id);
void via_stream_stray(struct via_stream *stream);
void via_stream_leave(struct via_stream *stream);
void via_stream_orphan(struct via_stream *stream);
void via_stream_fini(struct via_stream *stream);
void via_stream_mark(struct via_stream *stream);
void via_streams_tell(struct via_session *session);
void via_stream_unready(struct via_stream *stream);

void via_stream_came(struct via_stream *stream, const struct via_event *ev);
bool via_stream_peek(const struct via_stream *stream, const uint8_t **ret_bytes, size_t *ret_size);
void via_stream_pop(struct via_stream *stream);
int  via_stream_decode(struct via_stream *stream, const uint8_t *bytes, size_t size, void *item,
                      const struct via_limits *limits, struct via_error *err);
int  via_stream_next(struct via_stream *stream, void *item, struct via_error *err);
void via_stream_ask(struct via_stream *stream);
void via_stream_drop(struct via_stream *stream);

int  via_stream_put(struct via_stream *stream, const void *item, struct via_error *err);
int  via_stream_put_bytes(struct via_stream *stream, const uint8_t *bytes, size_t size);
void via_stream_push(struct via_stream *stream);
void via_stream_room(struct via_stream *stream);
void via_stream_end(struct via_stream *stream);

/* By what the stream is: a client's, a handler's, or that of work in another thread. */
void via_stream_fail(struct via_stream *stream, int code, const char *text);
void via_stream_over(struct via_stream *stream, int code, const struct via_error *err);
int  via_stream_keep_reply(struct via_stream *stream, const uint8_t *body, size_t size);
int  via_work_read(struct via_stream *stream, void *item, struct via_error *err);
int  via_work_write(struct via_stream *stream, const void *item, struct via_error *err);
