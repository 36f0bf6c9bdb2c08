/*
 * stream_write.c - the items that go: at once where there is credit, else in pieces as it comes
 *
 * One item at most waits for credit, encoded, in a buffer of the stream's; who wants to write the
 * next one waits until it has gone. The half-close, and a handler's reply, wait for it too.
 */
#include <string.h>
#include "codec_octets.h"
#include "serve.h"
#include "stream.h"

enum { QUEUED_MOST = 128 * 1024 };              /* bytes, on the link, before a writer waits */

static void put_header(const struct via_stream *stream, uint8_t *to, size_t n, uint32_t total,
                       bool rest, bool more) {
        uint8_t flags = (uint8_t)((stream->served ? WIRE_BACK : 0) | (rest ? WIRE_REST : 0) |
                                  (more ? WIRE_MORE : 0));

        wire_put_header(to, &(struct wire_header){ .length = (uint32_t)n,
                                                   .type = WIRE_ITEM,
                                                   .flags = flags,
                                                   .id = stream->id,
                                                   .value = total });
}

/* Room for @n bytes of an item behind their header; NULL: no memory. */
static uint8_t *piece(struct via_stream *stream, size_t n, uint32_t total, bool rest, bool more) {
        uint8_t *room = via_pump_reserve_for(&stream->session->pump, stream->high,
                                             WIRE_HEADER + n);

        if (!room)
                return NULL;
        put_header(stream, room, n, total, rest, more);
        return room + WIRE_HEADER;
}

static void sent(struct via_stream *stream, size_t n, bool first) {
        struct via_pump *pump = &stream->session->pump;

        via_pump_commit(pump, WIRE_HEADER + n);
        via_conn_sent(&pump->conn, &stream->flow, n, first);
}

static size_t credit(const struct via_stream *stream, bool first) {
        return via_conn_room(&stream->session->pump.conn, &stream->flow, first);
}

/* However much credit there is: what the link does not take need not be encoded yet. */
static bool link_is_full(const struct via_session *session) {
        size_t queued = via_pump_queued(&session->pump);

        return queued > QUEUED_MOST || queued > session->limits->v[VIA_LIMIT_QUEUE];
}

/* The half-close, when nothing waits before it. */
void via_stream_end(struct via_stream *stream) {
        struct via_session *session = stream->session;

        if (!session || stream->ended || stream->out.data ||
            !(stream->flow.state & VIA_FLOW_CLOSED))
                return;
        stream->ended = via_session_put(
                session, stream->high,
                &(struct wire_header){ .type = WIRE_END, .id = stream->id });
}

/* What had to wait for the item that has just left. The stream may be gone then, with its call. */
static void left(struct via_stream *stream) {
        via_buffer_give(&stream->out, stream->pool);
        via_stream_end(stream);
        if (stream->full && !stream->work)
                via_stream_mark(stream);
        stream->full = false;
        if (stream->call)
                via_call_items_left(stream->call);
}

/* There may be credit: sends what it allows of the item that waits for it. */
void via_stream_push(struct via_stream *stream) {
        struct via_buffer *out = &stream->out;

        while (out->data) {
                size_t n = credit(stream, !stream->begun), all = via_buffer_used(out);
                uint8_t *room;

                n = n < all ? n : all;
                room = n ? piece(stream, n, stream->out_total, stream->begun, n < all) : NULL;
                if (!room)
                        return;
                memcpy(room, out->data + out->head, n);
                sent(stream, n, !stream->begun);
                stream->begun = true;
                out->head += n;
                if (n < all)
                        continue;
                left(stream);
                return;
        }
}

/* A writer that was told to wait may try again, if there is room. */
void via_stream_room(struct via_stream *stream) {
        if (stream->out.data)
                via_stream_push(stream);
        else if (stream->full && credit(stream, true) && !link_is_full(stream->session)) {
                stream->full = false;
                via_stream_mark(stream);
        }
}

__attribute__((cold)) static int big_item(const struct via_stream *stream, size_t size,
                                          struct via_error *err) {
        return via_error_set(err, VIA_RESOURCE_EXHAUSTED,
                             "the item has %zu bytes, more than the other end's max_message, %llu",
                             size,
                             (unsigned long long)stream->session->pump.conn.peer_message);
}

__attribute__((cold)) static int no_memory(struct via_error *err) {
        return via_error_set(err, VIA_RESOURCE_EXHAUSTED, "no memory for the item");
}

/* Whether the next item may be written: what went before has left, and there is credit. */
static size_t room_for_item(struct via_stream *stream) {
        struct via_session *session = stream->session;
        size_t most = stream->out.data || link_is_full(session) ? 0 : credit(stream, true);

        if (!most) {
                stream->full = true;
                session->crowded = session->crowded || link_is_full(session);
        }
        return most;
}

/*
 * Whether an item that there is no credit for will have it without being cut: its reader gives at
 * least half a window back. But that of the link may be held by others for as long as they like.
 */
static bool can_be_whole(const struct via_stream *stream, size_t size) {
        const struct via_conn *conn = &stream->session->pump.conn;

        return size + WIRE_ITEM_COST <= conn->peer_credit / 2 &&
               size + WIRE_ITEM_COST <= conn->link.allowed - conn->link.sent;
}

/* An item that the credit left does not suffice for waits, encoded, and begins to leave. */
static void wait_for_credit(struct via_stream *stream, size_t size) {
        stream->out.tail += size;
        stream->out_total = (uint32_t)size;
        stream->begun = false;
        via_stream_push(stream);
}

/*
 * An item that is mostly octets, for which there is credit: they go from where they are, as far as
 * the link takes them now. If it takes nothing, the writer waits.
 */
static int put_large(struct via_stream *stream, const struct via_octets *item, size_t size,
                     struct via_error *err) {
        struct via_pump *pump = &stream->session->pump;
        uint8_t head[WIRE_HEADER + VIA_OCTETS_HEAD], *p = head + WIRE_HEADER;
        int r;

        put_header(stream, head, size, (uint32_t)size, false, false);
        p = via_octets_head(via_stream_writes(stream), item->data.len, p);
        r = via_pump_put_large(pump, head, (size_t)(p - head), item->data.data, item->data.len);
        if (r < 0)
                return no_memory(err);
        if (r) {
                stream->full = stream->session->crowded = true;
                return VIA_LATER;
        }
        via_conn_sent(&pump->conn, &stream->flow, size, true);
        return VIA_OK;
}

/*
 * Takes @item on its way: VIA_OK, VIA_LATER when what went before has not left or there is no
 * credit at all, or a code, and the call goes on. The stream has its session.
 */
int via_stream_put(struct via_stream *stream, const void *item, struct via_error *err) {
        const struct via_type *type = via_stream_writes(stream);
        struct via_session *session = stream->session;
        struct via_buffer *out = &stream->out;
        size_t size, most = room_for_item(stream);
        uint8_t *room;
        int code;

        if (!most)
                return VIA_LATER;
        code = via_message_size(type, item, &size, err);
        if (code)
                return code;
        if (size > session->pump.conn.peer_message)
                return big_item(stream, size, err);
        if (size > most && can_be_whole(stream, size)) {
                stream->full = true;
                return VIA_LATER;
        }
        if (size > most) {
                if (via_buffer_room(out, stream->pool, size) < 0)
                        return no_memory(err);
                via_message_encode(type, item, out->data + out->tail, size);
                wait_for_credit(stream, size);
                return VIA_OK;
        }
        if (via_octets_large(type, item) && via_pump_takes_large(&session->pump))
                return put_large(stream, item, size, err);
        room = piece(stream, size, (uint32_t)size, false, false);
        if (!room)
                return no_memory(err);
        via_encode(type, item, room, size);
        sent(stream, size, true);
        return VIA_OK;
}

/* The same for an item that is encoded, and known not to be too large: VIA_OK or VIA_LATER. */
int via_stream_put_bytes(struct via_stream *stream, const uint8_t *bytes, size_t size) {
        struct via_buffer *out = &stream->out;
        size_t most = room_for_item(stream);
        uint8_t *room;

        if (!most)
                return VIA_LATER;
        room = size <= most ? piece(stream, size, (uint32_t)size, false, false) : NULL;
        if (room) {
                memcpy(room, bytes, size);
                sent(stream, size, true);
                return VIA_OK;
        }
        if (size <= most || via_buffer_room(out, stream->pool, size) < 0) {
                stream->full = stream->session->crowded = true; /* no memory: perhaps later */
                return VIA_LATER;
        }
        memcpy(out->data + out->tail, bytes, size);
        wait_for_credit(stream, size);
        return VIA_OK;
}
