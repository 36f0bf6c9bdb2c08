/*
 * conn.c - the machine: what one end of a Via connection knows and expects
 *
 * Both ends are the same machine. Each says hello in its first flush, together with whatever
 * else it has to say, and expects a hello before anything else from the peer.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "conn.h"

void via_conn_init(struct via_conn *conn, const struct via_limits *limits, int64_t now) {
        *conn = (struct via_conn){
                .max_message = via_limits_get(limits, VIA_LIMIT_MESSAGE),
                .handshake_ms = (uint32_t)via_limits_get(limits, VIA_LIMIT_HANDSHAKE),
                .stall_ms = (uint32_t)via_limits_get(limits, VIA_LIMIT_STALL),
                .state = VIA_CONN_HELLO_DUE,
        };
        conn->peer_message = conn->max_message;
        conn->max_calls = (uint32_t)via_limits_get(limits, VIA_LIMIT_CALLS);
        conn->due = now + conn->handshake_ms;
        via_calls_init(&conn->calls, conn->max_calls);
}

/* Forgets the calls without ending them: whoever made them takes them out first. */
void via_conn_fini(struct via_conn *conn) {
        via_calls_fini(&conn->calls);
}

/* Remembers what the peer did wrong; the connection is over. */
__attribute__((format(printf, 2, 3)))
static int conn_fault(struct via_conn *conn, const char *format, ...) {
        va_list args;

        va_start(args, format);
        vsnprintf(conn->why, sizeof(conn->why), format, args);
        va_end(args);
        return -EPROTO;
}

static int on_hello(struct via_conn *conn, const struct wire_header *h, const uint8_t *body) {
        unsigned oldest = h->value & 0xffff, newest = h->value >> 16;
        uint32_t calls = wire_read32(body + 4);

        if (oldest > WIRE_VERSION || newest < WIRE_VERSION) {
                conn_fault(conn,
                           "it speaks version %u to %u of the protocol, this end version %d",
                           oldest, newest, WIRE_VERSION);
                return -EPROTONOSUPPORT;
        }
        conn->peer_message = wire_read32(body);
        if (calls < conn->calls.max)
                conn->calls.max = calls;
        conn->state |= VIA_CONN_HELLO_SEEN;
        conn->due = INT64_MAX;
        return 0;
}

/*
 * A sentence of the peer's goes into our errors and onto terminals: nothing but printable text.
 * It is copied before it is looked at, because the peer may still write to what is shown.
 */
static void on_goaway(struct via_conn *conn, const struct wire_header *h, const uint8_t *body) {
        size_t n = h->length < sizeof(conn->why) - 1 ? h->length : sizeof(conn->why) - 1;

        if (n)
                memcpy(conn->why, body, n);
        for (size_t i = 0; i < n; i++)
                if (conn->why[i] < ' ' || conn->why[i] > '~')
                        conn->why[i] = '?';
        conn->why[n] = 0;
        conn->goaway_code = h->value <= 16 ? (uint8_t)h->value : 2;
        conn->state |= VIA_CONN_GOAWAY_SEEN;
        if (conn->state & VIA_CONN_GOAWAY_DUE) {        /* its words are not ours to say */
                conn->state &= (uint8_t)~VIA_CONN_GOAWAY_DUE;
                conn->state |= VIA_CONN_GOAWAY_SENT;
        }
}

/* Only calls and replies can be too big: everything else has a limit of its own, see below. */
static bool too_big(const struct via_conn *conn, const struct wire_header *h) {
        return h->length > conn->max_message && (h->type == WIRE_CALL || h->type == WIRE_REPLY);
}

/* What may be known of a frame from its header alone: that it is nonsense. */
static int check_header(struct via_conn *conn, const struct wire_header *h) {
        size_t least = h->type == WIRE_CALL ? WIRE_METHOD : 0;
        bool hello = h->type == WIRE_HELLO_FRAME, greeted = conn->state & VIA_CONN_HELLO_SEEN;

        if (!greeted && h->type != WIRE_GOAWAY && !(hello && h->id == WIRE_MAGIC))
                return conn_fault(conn, "these are not the first bytes of a Via peer");
        if (h->type < WIRE_HELLO_FRAME || h->type > WIRE_PONG)
                return conn_fault(conn, "a frame of unknown type %u", h->type);
        if (hello && greeted)
                return conn_fault(conn, "a second hello");
        if (hello && (h->length < WIRE_HELLO || h->length > WIRE_HELLO_MAX))
                return conn_fault(conn, "a hello of %u bytes", h->length);
        if (h->meta || h->length < least)
                return conn_fault(
                        conn, "a frame of type %u whose length %u and metadata %u do not fit",
                        h->type, h->length, h->meta);
        if (h->type != WIRE_CALL && h->type != WIRE_REPLY && h->length > WIRE_TEXT_MAX)
                return conn_fault(conn, "a frame of type %u with %u bytes", h->type, h->length);
        return 0;
}

/*
 * Takes a call or a reply apart: 0 with an event, or VIA_CONN_MORE if nobody waits for the
 * reply.
 */
static inline int on_message(struct via_conn *conn, const struct wire_header *h,
                             const uint8_t *body, bool big, struct via_event *ev) {
        ev->id = h->id;
        ev->value = h->value;
        ev->body = big ? NULL : body;
        ev->size = h->length;
        ev->too_big = big;
        ev->high = false;
        if (h->type == WIRE_REPLY) {
                ev->type = VIA_EVENT_REPLY;
                return via_calls_take(&conn->calls, h->id, &ev->call) ? VIA_CONN_MORE : 0;
        }
        ev->type = VIA_EVENT_CALL;
        ev->oneway = h->flags & WIRE_ONEWAY;
        ev->method = wire_get64(body);
        if (!big) {
                ev->body += WIRE_METHOD;
                ev->size -= WIRE_METHOD;
        }
        return 0;
}

/*
 * Takes one whole frame apart; a frame too big, by its header and method alone. Returns 0 with
 * an event, VIA_CONN_MORE if it was the machine's own business, -EPROTO.
 */
static int on_frame(struct via_conn *conn, const struct wire_header *h, const uint8_t *body,
                    struct via_event *ev) {
        int r;

        *ev = (struct via_event){
                .id = h->id, .value = h->value, .body = body, .size = h->length };
        switch (h->type) {
        case WIRE_CALL:
        case WIRE_REPLY:
                r = on_message(conn, h, body, too_big(conn, h), ev);
                if (ev->too_big) {
                        ev->body = NULL;
                        ev->size = h->length;
                }
                return r;
        case WIRE_CANCEL:
                ev->type = VIA_EVENT_CANCEL;
                return 0;
        case WIRE_GOAWAY:
                on_goaway(conn, h, body);
                ev->type = VIA_EVENT_GOAWAY;
                return 0;
        case WIRE_PING:
                conn->pong = h->value;
                conn->state |= VIA_CONN_PONG_DUE;
                return VIA_CONN_MORE;
        case WIRE_HELLO_FRAME:
                r = on_hello(conn, h, body);
                return r < 0 ? r : VIA_CONN_MORE;
        default:
                return VIA_CONN_MORE;
        }
}

/* via_conn_next(), whatever the frames are. */
__attribute__((noinline))
static int next_any(struct via_conn *conn, const uint8_t *data, size_t size, size_t *ret_used,
                                              struct via_event *ret_event) {
        size_t used = 0;
        int r = VIA_CONN_MORE;

        while (r == VIA_CONN_MORE) {
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
                r = check_header(conn, &h);
                if (r < 0)
                        break;
                r = VIA_CONN_MORE;
                want = h.length;
                if (too_big(conn, &h))
                        want = h.type == WIRE_CALL ? WIRE_METHOD : 0;
                if (size - used - WIRE_HEADER < want)
                        break;
                conn->skip = h.length - want;
                r = on_frame(conn, &h, data + used + WIRE_HEADER, ret_event);
                if (r < 0)
                        break;
                used += WIRE_HEADER + want;
        }
        *ret_used = used;
        return r;
}

/* Whether @h begins what nearly every frame is: a call or a reply, not too big, all in order. */
static inline bool is_plain(const struct via_conn *conn, const struct wire_header *h) {
        return conn->state & VIA_CONN_HELLO_SEEN && h->meta == 0 &&
               h->length <= conn->max_message &&
               (h->type == WIRE_REPLY || (h->type == WIRE_CALL && h->length >= WIRE_METHOD));
}

/*
 * Looks at the @size bytes at @data, the oldest first, until there is an event in them. Sets
 * *@ret_used to how many are dealt with, whatever it returns; these may go once the event has
 * been read, and the rest is to be shown again.
 *
 * Returns 0 and an event; VIA_CONN_MORE, when more bytes are needed; -EPROTO or
 * -EPROTONOSUPPORT, when the peer has broken the protocol or speaks another one (conn->why says
 * how).
 */
int via_conn_next(struct via_conn *conn, const uint8_t *data, size_t size, size_t *ret_used,
                  struct via_event *ret_event) {
        struct wire_header h;

        /* A plain frame that is all there is dealt with at once; all else is looked at anew. */
        if (__builtin_expect(!conn->skip && size >= WIRE_HEADER, 1)) {
                h = wire_get_header(data);
                if (__builtin_expect(is_plain(conn, &h) && size - WIRE_HEADER >= h.length, 1) &&
                    on_message(conn, &h, data + WIRE_HEADER, false, ret_event) == 0) {
                        *ret_used = WIRE_HEADER + h.length;
                        return 0;
                }
        }
        return next_any(conn, data, size, ret_used, ret_event);
}

/*
 * To be told at the end of each turn that brought bytes: @left of them wait for the rest of
 * their frame.
 */
void via_conn_rest(struct via_conn *conn, size_t left, int64_t now) {
        if (conn->state & VIA_CONN_HELLO_SEEN)
                conn->due = left || conn->skip ? now + conn->stall_ms : INT64_MAX;
}

/* A peer that we do not read cannot keep us waiting; once we do, via_conn_rest() is due. */
void via_conn_pause(struct via_conn *conn) {
        if (conn->state & VIA_CONN_HELLO_SEEN)
                conn->due = INT64_MAX;
}

/* Whether the peer has kept us waiting too long: 0, or -ETIMEDOUT (conn->why says for what). */
int via_conn_tick(struct via_conn *conn, int64_t now) {
        if (now < conn->due)
                return 0;
        if (conn->state & VIA_CONN_HELLO_SEEN)
                conn_fault(conn, "half a frame, then silence for %u ms", conn->stall_ms);
        else
                conn_fault(conn, "no hello within %u ms", conn->handshake_ms);
        return -ETIMEDOUT;
}

/* This end leaves, or turns the peer away: says so once, in via_conn_pull(). */
void via_conn_goaway(struct via_conn *conn, uint8_t code, const char *why) {
        if (conn->state & (VIA_CONN_GOAWAY_DUE | VIA_CONN_GOAWAY_SENT))
                return;
        if (why != conn->why)
                snprintf(conn->why, sizeof(conn->why), "%s", why);
        conn->goaway_code = code;
        conn->state |= VIA_CONN_GOAWAY_DUE;
}

/*
 * Writes the control frames that are due into the VIA_CONN_PULL bytes at @buf; returns how many
 * it took.
 */
size_t via_conn_pull(struct via_conn *conn, uint8_t *buf) {
        uint8_t *p = buf;

        if (conn->state & VIA_CONN_HELLO_DUE) {
                wire_put_header(
                        p, &(struct wire_header){ .length = WIRE_HELLO,
                                                  .type = WIRE_HELLO_FRAME,
                                                  .id = WIRE_MAGIC,
                                                  .value = WIRE_VERSION << 16 | WIRE_VERSION });
                wire_put32(p + WIRE_HEADER, (uint32_t)conn->max_message);
                wire_put32(p + WIRE_HEADER + 4, conn->max_calls);
                wire_put64(p + WIRE_HEADER + 8, 0);
                p += WIRE_HEADER + WIRE_HELLO;
        }
        if (conn->state & VIA_CONN_PONG_DUE) {
                wire_put_header(p, &(struct wire_header){ .type = WIRE_PONG, .value = conn->pong });
                p += WIRE_HEADER;
        }
        if (conn->state & VIA_CONN_GOAWAY_DUE) {
                size_t n = strlen(conn->why);

                wire_put_header(p, &(struct wire_header){ .length = (uint32_t)n,
                                                          .type = WIRE_GOAWAY,
                                                          .value = conn->goaway_code });
                memcpy(p + WIRE_HEADER, conn->why, n);
                p += WIRE_HEADER + n;
                conn->state |= VIA_CONN_GOAWAY_SENT;
        }
        conn->state &= (uint8_t) ~(VIA_CONN_HELLO_DUE | VIA_CONN_PONG_DUE | VIA_CONN_GOAWAY_DUE);
        return (size_t)(p - buf);
}

/*
 * As via_conn_pull(), but for the goaway: what may overtake all else. A goaway is the last word,
 * behind everything.
 */
size_t via_conn_pull_early(struct via_conn *conn, uint8_t *buf) {
        uint8_t goaway = conn->state & VIA_CONN_GOAWAY_DUE;
        size_t n;

        conn->state &= (uint8_t)~VIA_CONN_GOAWAY_DUE;
        n = via_conn_pull(conn, buf);
        conn->state |= goaway;
        return n;
}
