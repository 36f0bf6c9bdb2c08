/*
 * conn.c - the machine: what it makes of the frames that come in
 *
 * Nearly every frame is a call or a reply that has come whole, with nothing about it: these go
 * a way of their own. All others are judged by their header and by the call that they speak of,
 * then waited for, and taken apart once; what is for nobody, or too big, is skipped unseen.
 */
#include <errno.h>
#include "conn_impl.h"

/* What is counted against max_message, of what can be longer; the rest has a limit of its own. */
static uint32_t length_of(const struct wire_header *h) {
        if (h->type == WIRE_ITEM)
                return h->value;
        return h->type == WIRE_CALL || h->type == WIRE_REPLY ? h->length : 0;
}

static bool too_big(const struct via_conn *conn, const struct wire_header *h) {
        return length_of(h) > conn->max_message || h->meta > conn->max_metadata;
}

static bool has_meta(const struct wire_header *h) {
        return h->type == WIRE_CALL || h->type == WIRE_REPLY || h->type == WIRE_HEAD;
}

/* Of all others nobody reads the body. */
static bool has_body(const struct wire_header *h) {
        return has_meta(h) || h->type == WIRE_ITEM || h->type == WIRE_GOAWAY ||
               h->type == WIRE_HELLO_FRAME;
}

/* What may be known of a frame from its header alone: that it is nonsense. */
static int check_header(struct via_conn *conn, const struct wire_header *h) {
        size_t least = h->meta + (h->type == WIRE_CALL ? (size_t)WIRE_METHOD : 0);
        bool hello = h->type == WIRE_HELLO_FRAME, greeted = conn->state & VIA_CONN_HELLO_SEEN;

        if (!greeted && h->type != WIRE_GOAWAY && !(hello && h->id == WIRE_MAGIC))
                return via_conn_fault(conn, "these are not the first bytes of a Via peer");
        if (h->type < WIRE_HELLO_FRAME || h->type > WIRE_CREDIT)
                return via_conn_fault(conn, "a frame of unknown type %u", h->type);
        if (hello && greeted)
                return via_conn_fault(conn, "a second hello");
        if (hello && (h->length < WIRE_HELLO || h->length > WIRE_HELLO_MAX))
                return via_conn_fault(conn, "a hello of %u bytes", h->length);
        if ((h->meta && !has_meta(h)) || h->length < least ||
            (h->type == WIRE_HEAD && h->length > least))
                return via_conn_fault(
                        conn, "a frame of type %u whose length %u and metadata %u do not fit",
                        h->type, h->length, h->meta);
        if (!has_meta(h) && h->type != WIRE_ITEM && h->length > WIRE_TEXT_MAX)
                return via_conn_fault(conn, "a frame of type %u with %u bytes", h->type, h->length);
        return 0;
}

/* The call that @h speaks of: one of ours, or one of the peer's that somebody has put there. */
static struct via_subject find(const struct via_conn *conn, const struct wire_header *h) {
        struct via_subject of = { .call = NULL };
        struct via_open *open;

        if (h->type == WIRE_CREDIT && h->flags & WIRE_LINK)
                return of;
        if (h->type == WIRE_HEAD ||
            (h->flags & WIRE_BACK && (h->type == WIRE_ITEM || h->type == WIRE_CREDIT))) {
                of.slot = via_calls_find(&conn->calls, h->id);
                if (of.slot) {
                        of.call = of.slot->call;
                        of.flow = of.slot->flow;
                }
                return of;
        }
        open = via_opens_find(&conn->opens, h->id);
        if (open) {
                of.call = open->call;
                of.flow = open->flow;
        }
        return of;
}

static int check_head(struct via_conn *conn, const struct via_subject *of) {
        if (of->slot && of->slot->headed)
                return via_conn_fault(conn, "a second head of a call");
        if (of->flow && of->flow->received)
                return via_conn_fault(conn, "a head after items");
        return 0;
}

/*
 * How much of the body must be there before the frame can be dealt with; the rest of it is
 * skipped. It is judged by the header, and by the call that it speaks of: 0 or -EPROTO.
 */
static int judge(struct via_conn *conn, const struct wire_header *h, struct via_subject *ret_of,
                 size_t *ret_want) {
        bool big = too_big(conn, h);
        int r = check_header(conn, h);

        if (r < 0)
                return r;
        *ret_want = h->length;
        if (h->type == WIRE_CALL || h->type == WIRE_REPLY) {
                if (big)
                        *ret_want = h->type == WIRE_CALL && h->meta <= conn->max_metadata
                                            ? h->meta + (size_t)WIRE_METHOD
                                            : 0;
                return 0;
        }
        if (h->type < WIRE_HEAD && h->type != WIRE_CANCEL)
                return 0;
        *ret_of = find(conn, h);
        if (big || !ret_of->call || !has_body(h))
                *ret_want = 0;
        if (h->type == WIRE_HEAD)
                return check_head(conn, ret_of);
        return h->type == WIRE_ITEM ? via_conn_check_item(conn, h, ret_of) : 0;
}

/* Takes any call and any reply apart: 0 with an event, or VIA_CONN_MORE if nobody waits for it. */
static int on_message(struct via_conn *conn, const struct wire_header *h, const uint8_t *body,
                      struct via_event *ev) {
        size_t before = h->meta + (h->type == WIRE_CALL ? (size_t)WIRE_METHOD : 0);
        bool read = h->meta <= conn->max_metadata;

        ev->too_big = too_big(conn, h);
        ev->meta_size = h->meta;
        ev->meta = ev->too_big ? NULL : body;
        ev->body = ev->too_big ? NULL : body + before;
        ev->size = ev->too_big ? h->length : h->length - before;
        if (h->type == WIRE_REPLY) {
                ev->type = VIA_EVENT_REPLY;
                return via_calls_take(&conn->calls, h->id, &ev->call) ? VIA_CONN_MORE : 0;
        }
        ev->type = VIA_EVENT_CALL;
        ev->method = read ? wire_get64(body + h->meta) : 0;
        ev->oneway = h->flags & WIRE_ONEWAY;
        if (!ev->oneway)
                conn->last_id = h->id;
        return 0;
}

static int on_head(struct via_conn *conn, const struct wire_header *h, const uint8_t *body,
                   const struct via_subject *of, struct via_event *ev) {
        if (!of->call)
                return VIA_CONN_MORE;
        of->slot->headed = true;
        ev->type = VIA_EVENT_HEAD;
        ev->too_big = too_big(conn, h);
        ev->meta_size = h->meta;
        ev->meta = ev->too_big ? NULL : body;
        ev->body = NULL;
        ev->size = 0;
        return 0;
}

static int on_item(struct via_conn *conn, const struct wire_header *h,
                   const struct via_subject *of, struct via_event *ev) {
        via_conn_item(conn, h, of);
        ev->type = VIA_EVENT_ITEM;
        ev->back = of->slot;
        ev->first = !(h->flags & WIRE_REST);
        ev->more = h->flags & WIRE_MORE;
        ev->too_big = too_big(conn, h);
        if (ev->too_big) {
                ev->body = NULL;
                ev->size = h->value;
        }
        return of->call && (ev->first || !ev->too_big) ? 0 : VIA_CONN_MORE;
}

/*
 * Takes one frame apart, of which there is as much as judge() has wanted. Returns 0 with an
 * event, VIA_CONN_MORE if it was the machine's own business, -EPROTO.
 */
static int on_frame(struct via_conn *conn, const struct wire_header *h, const uint8_t *body,
                    const struct via_subject *of, struct via_event *ev) {
        int r;

        *ev = (struct via_event){ .id = h->id,
                                  .value = h->value,
                                  .call = of->call,
                                  .body = has_body(h) ? body : NULL,
                                  .size = has_body(h) ? h->length : 0 };
        switch (h->type) {
        case WIRE_CALL:
        case WIRE_REPLY:
                return on_message(conn, h, body, ev);
        case WIRE_CANCEL:
                ev->type = VIA_EVENT_CANCEL;
                return of->call ? 0 : VIA_CONN_MORE;
        case WIRE_GOAWAY:
                via_conn_on_goaway(conn, h, body);
                ev->type = VIA_EVENT_GOAWAY;
                return 0;
        case WIRE_PING:
                conn->pong = h->value;
                conn->state |= VIA_CONN_PONG_DUE;
                return VIA_CONN_MORE;
        case WIRE_PONG:
                ev->type = VIA_EVENT_PONG;
                return 0;
        case WIRE_HEAD:
                return on_head(conn, h, body, of, ev);
        case WIRE_ITEM:
                return on_item(conn, h, of, ev);
        case WIRE_END:
                ev->type = VIA_EVENT_END;
                return via_conn_end(conn, of);
        case WIRE_CREDIT:
                ev->type = VIA_EVENT_CREDIT;
                ev->back = of->slot;
                return via_conn_credit(conn, h, of);
        default:
                r = via_conn_on_hello(conn, h, body);
                return r < 0 ? r : VIA_CONN_MORE;
        }
}

/* via_conn_next(), whatever the frames are. */
int via_conn_next_any(struct via_conn *conn, const uint8_t *data, size_t size, size_t *ret_used,
                      struct via_event *ret_event) {
        size_t used = 0;
        int r = VIA_CONN_MORE;

        while (r == VIA_CONN_MORE) {
                struct via_subject of = { .call = NULL };
                struct wire_header h;
                size_t want;

                if (conn->skip) {
                        want = conn->skip < size - used ? (size_t)conn->skip : size - used;
                        conn->skip -= want;
                        used += want;
                }
                if (size - used < WIRE_HEADER)
                        break;
                h = wire_get_header(data + used);
                r = judge(conn, &h, &of, &want);
                if (r < 0)
                        break;
                r = VIA_CONN_MORE;
                if (size - used - WIRE_HEADER < want)
                        break;
                r = on_frame(conn, &h, data + used + WIRE_HEADER, &of, ret_event);
                if (r < 0)
                        break;
                conn->skip = h.length - want;
                used += WIRE_HEADER + want;
        }
        *ret_used = used;
        return r;
}
