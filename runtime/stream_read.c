/*
 * stream_read.c - the items that come: kept until they are asked for, and credit for their sender
 *
 * An item is counted as read when it is asked for, even if only its first piece is there: the
 * rest, and no more than that, may then come too, however large it is.
 */
#include <stdlib.h>
#include <string.h>
#include "codec_octets.h"
#include "stream.h"

enum { HEAD = sizeof(uint32_t) };               /* before each item in the buffer: its size */

static uint32_t head_of(const struct via_buffer *in) {
        uint32_t size;

        memcpy(&size, in->data + in->head, HEAD);
        return size;
}

/* Lets the sender know that it may send more. */
static void grant(struct via_stream *stream, uint32_t credit) {
        struct via_session *session = stream->session;

        stream->owed += credit;
        if (!stream->owed || stream->done || (stream->flow.state & VIA_FLOW_ENDED))
                return;
        if (via_session_put(session, stream->high,
                            &(struct wire_header){ .type = WIRE_CREDIT,
                                                   .flags = stream->served ? WIRE_BACK : 0,
                                                   .id = stream->id,
                                                   .value = stream->owed }))
                stream->owed = 0;
}

static void take(struct via_stream *stream, size_t size, bool whole) {
        struct via_session *session = stream->session;

        if (session)
                grant(stream, via_conn_take(&session->pump.conn, &stream->flow, size, whole));
}

/* Somebody waits for an item: of one that has begun to come, the rest may follow. */
void via_stream_ask(struct via_stream *stream) {
        stream->asked = true;
        if (!stream->n_whole && via_buffer_used(&stream->in) && !stream->taken) {
                stream->taken = true;
                take(stream, head_of(&stream->in), false);
        }
}

/* Decodes an item to where it is wanted: in the arena that was lent, or on the heap. */
int via_stream_decode(struct via_stream *stream, const uint8_t *bytes, size_t size, void *item,
                      const struct via_limits *limits, struct via_error *err) {
        const struct via_type *type = via_stream_reads(stream);
        struct via_arena own, *arena = stream->arena ? stream->arena : &own;
        void *message, *copy;
        int code;

        if (!stream->arena)
                via_arena_init(&own, 0);
        message = via_arena_alloc(arena, type->desc.sizeof_message);
        code = message ? via_message_decode(type, bytes, size, limits, arena, message, err)
                       : via_error_set(err, VIA_RESOURCE_EXHAUSTED, "no memory for the item");
        if (!code && stream->arena) {
                memcpy(item, message, type->desc.sizeof_message);
        } else if (!code) {
                copy = via_message_dup(type, message, NULL);
                if (copy) {
                        memcpy(item, copy, type->desc.sizeof_message);
                        free(copy);
                } else {
                        code = via_error_set(err, VIA_RESOURCE_EXHAUSTED, "no memory for the item");
                }
        }
        if (!stream->arena)
                via_arena_fini(&own);
        if (code && code != VIA_RESOURCE_EXHAUSTED)
                code = stream->served ? VIA_INVALID_ARGUMENT : VIA_INTERNAL;
        return code;
}

/* The next item's bytes, borrowed until via_stream_pop(); false: none is whole. */
bool via_stream_peek(const struct via_stream *stream, const uint8_t **ret_bytes, size_t *ret_size) {
        if (!stream->n_whole)
                return false;
        *ret_bytes = stream->in.data + stream->in.head + HEAD;
        *ret_size = head_of(&stream->in);
        return true;
}

/* The item that was peeked at counts as read. */
void via_stream_pop(struct via_stream *stream) {
        struct via_buffer *in = &stream->in;
        uint32_t size = head_of(in);

        if (!stream->taken)
                take(stream, size, true);
        stream->taken = false;
        stream->asked = false;
        in->head += HEAD + size;
        stream->n_whole--;
        if (!via_buffer_used(in))
                via_buffer_give(in, stream->pool);
}

/* Takes the next item out of those that wait: VIA_OK, VIA_LATER if there is none, or a code. */
int via_stream_next(struct via_stream *stream, void *item, struct via_error *err) {
        const uint8_t *bytes;
        size_t size;
        int code;

        if (!via_stream_peek(stream, &bytes, &size))
                return VIA_LATER;
        code = via_stream_decode(stream, bytes, size, item, stream->limits, err);
        via_stream_pop(stream);
        return code;
}

/* Forgets what has come, and all that will: it counts as read, so that nothing waits for us. */
void via_stream_drop(struct via_stream *stream) {
        struct via_buffer *in = &stream->in;

        stream->dropping = true;
        while (stream->n_whole)
                via_stream_pop(stream);
        if (via_buffer_used(in) && !stream->taken)
                take(stream, head_of(in), false);
        stream->taken = via_buffer_used(in) != 0;
        via_buffer_give(in, stream->pool);
}

/* A piece that nobody wants: the first of an item counts for all of it. */
static void pass(struct via_stream *stream, const struct via_event *ev) {
        if (ev->first && !stream->taken)
                take(stream, ev->value, !ev->more);
        stream->taken = ev->more;
}

static int keep(struct via_stream *stream, const struct via_event *ev) {
        struct via_buffer *in = &stream->in;
        size_t head = ev->first ? HEAD : 0;

        if (via_buffer_room(in, stream->pool, head + ev->size + 1) < 0)
                return -1;
        if (head)
                memcpy(in->data + in->tail, &ev->value, HEAD);
        if (ev->size)
                memcpy(in->data + in->tail + head, ev->body, ev->size);
        in->tail += head + ev->size;
        return 0;
}

/* An item for a blocking reader; octets that are in his arena already stay where they are. */
static int decode_wanted(struct via_stream *stream, const struct via_event *ev,
                         const struct via_wanted *wanted) {
        const struct via_type *type = via_stream_reads(stream);
        void *message;

        if (ev->placed && via_decode_placed(type, ev->body, ev->size, stream->limits,
                                            stream->arena, &message) == VIA_OK) {
                memcpy(wanted->item, message, type->desc.sizeof_message);
                return VIA_OK;
        }
        return via_stream_decode(stream, ev->body, ev->size, wanted->item, stream->limits,
                                 wanted->err);
}

/*
 * A piece of an item has come. One that is whole, and that a blocking reader waits for, goes
 * straight to it.
 */
void via_stream_came(struct via_stream *stream, const struct via_event *ev) {
        struct via_wanted *wanted = stream->wanted;

        if (stream->dropping || stream->done) {
                pass(stream, ev);
                return;
        }
        if (via_stream_takes(stream) && ev->first && !ev->more) {
                take(stream, ev->size, true);
                stream->asked = false;
                wanted->code = decode_wanted(stream, ev, wanted);
                wanted->came = true;
                stream->wanted = NULL;
                stream->session->halt = true;   /* what comes behind it can wait where it is */
                return;
        }
        if (keep(stream, ev) < 0) {
                via_stream_fail(stream, VIA_RESOURCE_EXHAUSTED, "no memory for an item");
                return;
        }
        if (!ev->more) {
                stream->n_whole++;
                via_stream_mark(stream);
        } else if (stream->asked && !stream->n_whole && !stream->taken) {
                stream->taken = true;
                take(stream, ev->value, false);
        }
}
