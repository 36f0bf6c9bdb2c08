/*
 * test_flow.c - credit as whoever reads and writes streams uses it: room, sent, take, drop
 */
#include "conn.h"
#include "test.h"

enum { STREAM = 20000, LINK = 50000, COST = WIRE_ITEM_COST };

static struct via_conn conn;
static struct via_flow flow;

static void start(void) {
        struct via_limits limits = { .v = { [VIA_LIMIT_STREAM_CREDIT] = STREAM,
                                            [VIA_LIMIT_LINK_CREDIT] = LINK } };
        uint8_t buf[VIA_CONN_PULL];

        via_conn_init(&conn, &limits, 0);
        via_conn_flow(&conn, &flow, VIA_FLOW_SENDS | VIA_FLOW_RECEIVES);
        via_conn_pull(&conn, buf);              /* its hello */
}

/* @n items of @size bytes each have come. */
static void come(struct via_flow *to, unsigned n, uint32_t size) {
        to->received += n * (uint64_t)(size + COST);
        conn.link.received += n * (uint64_t)(size + COST);
}

static uint32_t link_credit(void) {
        uint8_t buf[VIA_CONN_PULL];
        size_t n = via_conn_pull(&conn, buf);
        struct wire_header h;

        if (!n)
                return 0;
        REQUIRE(n == WIRE_HEADER);
        h = wire_get_header(buf);
        CHECK(h.type == WIRE_CREDIT && h.flags == WIRE_LINK && !h.length && !h.id && h.value);
        return h.value;
}

/* --- what may be sent ------------------------------------------------------------------------- */

TEST(room_is_the_less_of_both) {
        start();
        CHECK_INT(via_conn_room(&conn, &flow, true), ==, WIRE_FIRST_CREDIT - COST);
        CHECK_INT(via_conn_room(&conn, &flow, false), ==, WIRE_FIRST_CREDIT);
        flow.allowed = 1000;
        CHECK_INT(via_conn_room(&conn, &flow, true), ==, 1000 - COST);
        conn.link.allowed = 500;
        CHECK_INT(via_conn_room(&conn, &flow, true), ==, 500 - COST);
        CHECK_INT(via_conn_room(&conn, &flow, false), ==, 500);
        via_conn_fini(&conn);
}

TEST(no_room_without_what_an_item_costs) {
        start();
        for (unsigned left = 0; left <= COST + 1; left++) {
                flow.allowed = left;
                CHECK_INT(via_conn_room(&conn, &flow, true), ==, left > COST ? left - COST : 0);
                CHECK_INT(via_conn_room(&conn, &flow, false), ==, left);
        }
        via_conn_fini(&conn);
}

TEST(what_is_sent_is_counted_twice) {
        start();
        via_conn_sent(&conn, &flow, 100, true);
        via_conn_sent(&conn, &flow, 200, false);
        CHECK_INT(flow.sent, ==, 300 + COST);
        CHECK_INT(conn.link.sent, ==, 300 + COST);
        via_conn_sent(&conn, &flow, via_conn_room(&conn, &flow, true), true);
        CHECK_INT(via_conn_room(&conn, &flow, false), ==, 0);
        via_conn_fini(&conn);
}

/* --- what is taken ---------------------------------------------------------------------------- */

TEST(credit_is_announced_by_half_a_window) {
        uint32_t announced = 0, taken = 0;

        start();
        for (int i = 0; i < 1000; i++) {
                uint32_t size = (uint32_t)i % 300, credit;

                come(&flow, 1, size);
                taken += size + COST;
                credit = via_conn_take(&conn, &flow, size, true);
                announced += credit;
                if (credit)
                        CHECK_INT(credit, >=, STREAM / 2);
                CHECK_INT(taken - announced, <, STREAM / 2);
                CHECK_INT(flow.granted - flow.received, ==, STREAM);
                CHECK_INT(conn.link.granted - conn.link.received, ==, LINK);
        }
        CHECK_INT(announced, >, 0);
        CHECK_INT(flow.announced, ==, STREAM + announced);
        via_conn_fini(&conn);
}

TEST(the_link_announces_by_half_a_window_too) {
        start();
        for (int i = 0; i < 24; i++) {
                come(&flow, 1, 1000);
                via_conn_take(&conn, &flow, 1000, true);
        }
        CHECK_INT(link_credit(), ==, 0);        /* 24,384 */
        come(&flow, 1, 1000);
        via_conn_take(&conn, &flow, 1000, true);
        CHECK_INT(link_credit(), ==, 25 * 1016);
        CHECK_INT(link_credit(), ==, 0);
        via_conn_fini(&conn);
}

/* What nobody reads may hold nearly all of the window: the rest of it still goes round. */
TEST(streams_that_nobody_reads_leave_the_rest) {
        static struct via_flow unread;

        start();
        via_conn_flow(&conn, &unread, VIA_FLOW_RECEIVES);
        come(&unread, 1, LINK - 2000);
        for (int i = 0; i < 100; i++) {
                while (conn.link.announced - conn.link.received >= 116) {
                        come(&flow, 1, 100);
                        via_conn_take(&conn, &flow, 100, true);
                }
                CHECK_INT(link_credit(), >, 1000);
        }
        via_conn_fini(&conn);
}

/* Who waits for an item larger than the window has granted all of it. */
TEST(an_item_asked_for_flows_to_its_end) {
        uint32_t size = 1 << 20;

        start();
        flow.received = conn.link.received = STREAM;    /* the first piece is all it may be */
        CHECK_INT(via_conn_take(&conn, &flow, size, false), ==, size + COST);
        CHECK_INT(flow.announced - flow.received, ==, size + COST);
        CHECK_INT(link_credit(), ==, size + COST);
        CHECK_INT(conn.link.announced - conn.link.received, ==, LINK - STREAM + size + COST);
        via_conn_fini(&conn);

        start();                                /* at once, be it ever so little */
        come(&flow, 1, 100);
        CHECK_INT(via_conn_take(&conn, &flow, 101, false), ==, 101 + COST);
        CHECK_INT(link_credit(), ==, 101 + COST);
        via_conn_fini(&conn);
}

TEST(a_stream_that_has_ended_is_granted_no_more) {
        start();
        come(&flow, 3, STREAM / 4);
        flow.state |= VIA_FLOW_ENDED;
        for (int i = 0; i < 3; i++)
                CHECK_INT(via_conn_take(&conn, &flow, STREAM / 4, true), ==, 0);
        CHECK_INT(conn.link.taken, ==, flow.received);
        via_conn_fini(&conn);
}

/* --- the end of a call ------------------------------------------------------------------------ */

TEST(what_was_not_taken_is_given_back) {
        start();
        come(&flow, 10, 1000);
        via_conn_take(&conn, &flow, 1000, true);
        CHECK_INT(conn.link.granted - conn.link.received, ==, LINK - 9 * 1016);
        via_conn_drop(&conn, &flow);
        CHECK_INT(conn.link.granted - conn.link.received, ==, LINK);
        via_conn_drop(&conn, &flow);
        CHECK_INT(conn.link.granted - conn.link.received, ==, LINK);
        via_conn_fini(&conn);
}

/* Whoever asks for long items and is never sent them does not lift the link's credit for ever. */
TEST(what_never_came_is_taken_back) {
        uint64_t most = 0;

        start();
        for (int i = 0; i < 10000; i++) {
                via_conn_flow(&conn, &flow, VIA_FLOW_RECEIVES);
                come(&flow, 1, 1);
                via_conn_take(&conn, &flow, 1 << 20, false);
                link_credit();
                via_conn_drop(&conn, &flow);
                CHECK_INT(conn.link.granted - conn.link.received, ==, LINK);
                if (conn.link.announced - conn.link.received > most)
                        most = conn.link.announced - conn.link.received;
        }
        CHECK_INT(most, <=, LINK + (1 << 20));
        via_conn_fini(&conn);
}

/* No end may be granted more than it can count; what is above that waits for items to come. */
TEST(no_more_is_announced_than_can_be_counted) {
        static struct via_flow flows[4];
        uint64_t size = 1 << 30;

        start();
        for (int i = 0; i < 4; i++) {
                via_conn_flow(&conn, &flows[i], VIA_FLOW_RECEIVES);
                come(&flows[i], 1, 100);
                via_conn_take(&conn, &flows[i], size, false);
                CHECK_INT(flows[i].announced - flows[i].received, <=, WIRE_CREDIT_MAX);
                link_credit();
                CHECK_INT(conn.link.announced - conn.link.received, <=, WIRE_CREDIT_MAX);
        }
        CHECK_INT(conn.link.announced - conn.link.received, ==, WIRE_CREDIT_MAX);
        conn.link.received = conn.link.announced;       /* it goes on when that has come */
        via_conn_take(&conn, &flow, 0, true);
        CHECK_INT(link_credit(), ==, WIRE_CREDIT_MAX);
        via_conn_fini(&conn);
}

TEST(an_idle_link_is_small) {
        CHECK_INT(sizeof(struct via_conn), <=, 384);
        CHECK_INT(sizeof(struct via_flow), <=, 64);
}
