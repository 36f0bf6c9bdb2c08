/*
 * conn_flow.c - streams: items, and the credit for them, both ways
 *
 * What may be sent is counted twice, for its stream and for the link. An item is taken, and makes
 * room for others, when somebody asks for it and its first piece is there. So what nobody reads
 * fills its window and no more; and an item larger than that flows only while somebody waits for
 * it: by asking he has granted all of it.
 */
#include <errno.h>
#include "conn_impl.h"

static void flow_init(struct via_flow *flow, uint32_t window, uint32_t allowed) {
        *flow = (struct via_flow){
                .allowed = allowed, .granted = window, .announced = window, .window = window };
}

void via_conn_flows_init(struct via_conn *conn, const struct via_limits *limits) {
        conn->stream_credit = (uint32_t)via_limits_get(limits, VIA_LIMIT_STREAM_CREDIT);
        conn->peer_credit = WIRE_FIRST_CREDIT;
        flow_init(&conn->link, (uint32_t)via_limits_get(limits, VIA_LIMIT_LINK_CREDIT),
                  WIRE_FIRST_CREDIT);
}

/*
 * The stream of a call begins, at either end: @flow is what via_calls_flow() or via_opens_add()
 * is to be given, @state which ways the method lets items go.
 */
void via_conn_flow(const struct via_conn *conn, struct via_flow *flow, uint8_t state) {
        flow_init(flow, conn->stream_credit, conn->peer_credit);
        flow->state = state;
}

/* Lets this end send @more bytes. */
static int allow(struct via_conn *conn, struct via_flow *flow, uint32_t more) {
        if (flow->allowed + more - flow->sent > WIRE_CREDIT_MAX)
                return via_conn_fault(conn, "credit overflow: %u bytes more than %llu", more,
                                      (unsigned long long)(flow->allowed - flow->sent));
        flow->allowed += more;
        return 0;
}

/* The peer's hello says how much it takes: streams that are open already may send the rest. */
int via_conn_flows_hello(struct via_conn *conn, uint32_t stream, uint32_t link) {
        uint32_t more = stream > WIRE_FIRST_CREDIT ? stream - WIRE_FIRST_CREDIT : 0;
        struct via_calls *calls = &conn->calls;
        int r;

        r = allow(conn, &conn->link, link > WIRE_FIRST_CREDIT ? link - WIRE_FIRST_CREDIT : 0);
        if (stream > WIRE_CREDIT_MAX)
                r = via_conn_fault(conn, "credit overflow: %u bytes for each stream", stream);
        if (r < 0)
                return r;
        conn->peer_credit = WIRE_FIRST_CREDIT + more;
        for (uint32_t i = 0; calls->slots && i <= calls->mask; i++)
                if (calls->slots[i].call && calls->slots[i].flow)
                        calls->slots[i].flow->allowed += more;
        return 0;
}

/* --- what comes in ---------------------------------------------------------------------------- */

static uint64_t cost_of(const struct wire_header *h) {
        return (uint64_t)h->length + (h->flags & WIRE_REST ? 0 : WIRE_ITEM_COST);
}

/* Whether @h can be a piece of any item at all. One without bytes could go on for ever. */
static bool is_piece(const struct wire_header *h) {
        if (!(h->flags & (WIRE_MORE | WIRE_REST)))
                return h->length == h->value;
        return h->length > 0 && h->length < h->value;
}

/* Whether it is the next one of the item of its stream. */
static int check_piece(struct via_conn *conn, const struct wire_header *h,
                       const struct via_flow *flow) {
        bool rest = h->flags & WIRE_REST, more = h->flags & WIRE_MORE;
        uint32_t left = rest ? flow->total - flow->got : h->value;

        if (rest != (flow->got < flow->total))
                return via_conn_fault(conn, rest ? "the rest of an item that was not begun"
                                                 : "an item within another one");
        if (rest && h->value != flow->total)
                return via_conn_fault(conn, "an item of %u bytes that has %u in its next piece",
                                      flow->total, h->value);
        if (h->length > left || more != (h->length < left))
                return via_conn_fault(conn, "pieces that do not add up to an item of %u bytes",
                                      h->value);
        return 0;
}

/* What may be known of an item from its header, before its body is there. Changes nothing. */
int via_conn_check_item(struct via_conn *conn, const struct wire_header *h,
                        const struct via_subject *of) {
        const struct via_flow *flow = of->flow;
        uint64_t cost = cost_of(h);
        int r = 0;

        if (!is_piece(h))
                return via_conn_fault(conn, "a piece of %u bytes of an item of %u", h->length,
                                      h->value);
        if (of->call && !flow)
                return via_conn_fault(conn, "an item for a call that has no stream");
        if (of->call && !(flow->state & VIA_FLOW_RECEIVES))
                return via_conn_fault(conn, "an item in the wrong direction");
        if (of->call && flow->state & VIA_FLOW_ENDED)
                return via_conn_fault(conn, "an item after the end of its stream");
        if (of->call)
                r = check_piece(conn, h, flow);
        if (r < 0)
                return r;
        if (cost > conn->link.announced - conn->link.received ||
            (of->call && cost > flow->announced - flow->received))
                return via_conn_fault(conn, "more items than it was given credit for");
        return 0;
}

/* How far what is granted is ahead of what the peer knows; less than 0 if items never came. */
static int64_t ahead(const struct via_flow *flow) {
        return (int64_t)(flow->granted - flow->announced);
}

/*
 * @n bytes of the link are taken, or if less than 0, will not come after all. The peer is told
 * when it has no more than half a window left: streams that nobody reads may hold the other half
 * for as long as they like, and the rest goes on in what is left.
 */
static void link_take(struct via_conn *conn, int64_t n, bool at_once) {
        struct via_flow *link = &conn->link;

        link->taken += (uint64_t)n;
        link->granted = link->taken + link->window;
        if (ahead(link) > 0 && (at_once || link->announced - link->received <= link->window / 2))
                conn->state |= VIA_CONN_CREDIT_DUE;
}

/* Counts a piece that via_conn_check_item() has let pass. Nobody waits for it: it is given back. */
void via_conn_item(struct via_conn *conn, const struct wire_header *h,
                   const struct via_subject *of) {
        struct via_flow *flow = of->flow;
        uint64_t cost = cost_of(h);

        conn->link.received += cost;
        link_take(conn, of->call ? 0 : (int64_t)cost, false);
        if (!of->call)
                return;
        flow->received += cost;
        if (!(h->flags & WIRE_REST))
                flow->got = 0;
        flow->total = h->value;
        flow->got += h->length;
}

/* The caller has sent its last item: 0 if somebody is to know, or VIA_CONN_MORE. */
int via_conn_end(struct via_conn *conn, const struct via_subject *of) {
        struct via_flow *flow = of->flow;

        if (!of->call)
                return VIA_CONN_MORE;
        if (!flow || !(flow->state & VIA_FLOW_RECEIVES))
                return via_conn_fault(conn, "the end of a stream that is none");
        if (flow->state & VIA_FLOW_ENDED)
                return via_conn_fault(conn, "a second end of a stream");
        if (flow->got < flow->total)
                return via_conn_fault(conn, "the end of a stream within an item");
        flow->state |= VIA_FLOW_ENDED;
        return 0;
}

/* The peer lets this end send more: 0 if somebody is to know, or VIA_CONN_MORE. */
int via_conn_credit(struct via_conn *conn, const struct wire_header *h,
                    const struct via_subject *of) {
        struct via_flow *flow = of->flow;

        if (h->flags & WIRE_LINK)
                return allow(conn, &conn->link, h->value);
        if (!of->call)
                return VIA_CONN_MORE;
        if (!flow || !(flow->state & VIA_FLOW_SENDS))
                return via_conn_fault(conn, "credit for a stream that is none");
        return allow(conn, flow, h->value);
}

/* --- what is taken ---------------------------------------------------------------------------- */

/*
 * Somebody asks for the next item, of @item_size bytes, whose first piece is there; @whole, if
 * all of it is. Returns the credit to announce for its stream now, 0 for none: the link's own is
 * announced by via_conn_pull().
 */
uint32_t via_conn_take(struct via_conn *conn, struct via_flow *flow, size_t item_size, bool whole) {
        uint64_t cost = (uint64_t)item_size + WIRE_ITEM_COST;
        uint32_t credit;

        link_take(conn, (int64_t)cost, !whole);
        flow->taken += cost;
        flow->granted = flow->taken + flow->window;
        if (flow->state & VIA_FLOW_ENDED || (whole && ahead(flow) < flow->window / 2))
                return 0;
        credit = (uint32_t)ahead(flow);
        flow->announced = flow->granted;
        return credit;
}

/*
 * The link's credit that is to be announced now. The peer may not be given more than it can
 * count: what is above that waits for items to come.
 */
uint32_t via_conn_announce(struct via_conn *conn) {
        struct via_flow *link = &conn->link;
        uint64_t most = link->received + WIRE_CREDIT_MAX;
        uint64_t to = link->granted < most ? link->granted : most;
        uint32_t credit =
                (int64_t)(to - link->announced) > 0 ? (uint32_t)(to - link->announced) : 0;

        link->announced += credit;
        return credit;
}

/*
 * A call ends that had a stream, which is not in calls or opens any more: the link gets back what
 * was received of it and not taken. It may be called again.
 */
void via_conn_drop(struct via_conn *conn, struct via_flow *flow) {
        link_take(conn, (int64_t)(flow->received - flow->taken), false);
        flow->taken = flow->received;
}
