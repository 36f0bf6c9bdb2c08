/*
 * test_conn_flow.c - streams: what comes in, what a peer may not send, and the credit for it
 */
#include "end.h"
#include "frames.h"
#include "test.h"

enum {
        BOTH = VIA_FLOW_SENDS | VIA_FLOW_RECEIVES,
        WINDOW = 65536,                         /* the defaults */
        LINK_WINDOW = 1048576,
};

static struct end end;
static struct frames f;

/* Calls of the peer's 1: streams both ways, 2: unary, 3: only we send; of ours the same. */
static void start_streams(void) {
        start_greeted(&end);
        serve_stream(&end, 1, &sent[1], BOTH, &end.flows[1]);
        serve_stream(&end, 2, &sent[2], 0, NULL);
        serve_stream(&end, 3, &sent[3], VIA_FLOW_SENDS, &end.flows[3]);
        open_stream(&end, &sent[4], BOTH, &end.flows[4]);
        call(&end, &sent[5], INT64_MAX);
        open_stream(&end, &sent[6], VIA_FLOW_SENDS, &end.flows[6]);
        f.n = 0;
}

static void put(uint8_t type, uint8_t flags, uint32_t id, uint32_t value) {
        frames_put(&f,
                   (struct wire_header){ .type = type, .flags = flags, .id = id, .value = value },
                   "", 0);
}

/* The header of a piece alone: it is judged by that. */
static void piece(uint8_t flags, uint32_t id, uint32_t whole, uint32_t length) {
        frames_header(&f, (struct wire_header){ .length = length,
                                                .type = WIRE_ITEM,
                                                .flags = flags,
                                                .id = id,
                                                .value = whole });
}

/* What @f has, after what has arrived without a fault, ends the connection. */
static void fault(const char *why) {
        REQUIRE(end.r == VIA_CONN_MORE);
        arrive_all(&end, &f);
        CHECK_INT(end.r, ==, -EPROTO);
        CHECK_STR(end.conn.why, why);
        stop(&end);
        start_streams();
}

/* The credit for all streams that is announced now. */
static uint32_t link_credit(void) {
        struct wire_header h[5];
        uint32_t credit = 0;

        for (unsigned n = pull(&end, &f, h); n; n--)
                if (h[n - 1].type == WIRE_CREDIT) {
                        CHECK(h[n - 1].flags == WIRE_LINK && h[n - 1].id == 0 && !credit);
                        CHECK(h[n - 1].value > 0);
                        credit = h[n - 1].value;
                }
        f.n = 0;
        return credit;
}

/* --- what comes in ---------------------------------------------------------------------------- */

TEST(items_arrive_piece_by_piece) {
        struct via_event *ev = end.events;

        start_streams();
        frames_item(&f, 0, 1, 3);
        frames_piece(&f, 0, 1, 100, 0, 60);
        frames_piece(&f, 0, 1, 100, 60, 30);
        frames_piece(&f, 0, 1, 100, 90, 10);
        frames_item(&f, 0, 1, 0);
        arrive_all(&end, &f);
        REQUIRE(end.n_events == 5);
        for (int i = 0; i < 5; i++) {
                CHECK(ev[i].type == VIA_EVENT_ITEM && ev[i].call == &sent[1] && !ev[i].back);
                CHECK(ev[i].first == (i < 2 || i == 4) && ev[i].more == (i == 1 || i == 2));
                CHECK(!ev[i].too_big && !ev[i].meta_size);
        }
        CHECK(ev[0].value == 3 && ev[0].size == 3);
        CHECK(ev[1].value == 100 && ev[2].value == 100 && ev[3].value == 100);
        CHECK(ev[1].size == 60 && ev[2].size == 30 && ev[3].size == 10);
        CHECK(ev[4].value == 0 && ev[4].size == 0);
        CHECK_INT(end.flows[1].received, ==, 3 * WIRE_ITEM_COST + 103);
        CHECK_INT(end.conn.link.received, ==, 3 * WIRE_ITEM_COST + 103);
        stop(&end);
}

/* The ids of the two directions have nothing to do with each other. */
TEST(back_is_for_a_call_of_ours) {
        start_streams();
        frames_item(&f, 0, 1, 1);
        frames_item(&f, WIRE_BACK, 1, 2);
        put(WIRE_CREDIT, 0, 1, 5);
        put(WIRE_CREDIT, WIRE_BACK, 1, 6);
        arrive_all(&end, &f);
        REQUIRE(end.n_events == 4);
        CHECK(end.events[0].call == &sent[1] && !end.events[0].back);
        CHECK(end.events[1].call == &sent[4] && end.events[1].back);
        CHECK(end.events[2].call == &sent[1] && !end.events[2].back);
        CHECK(end.events[3].call == &sent[4] && end.events[3].back);
        CHECK_INT(end.flows[1].allowed, ==, WIRE_FIRST_CREDIT + 5);
        CHECK_INT(end.flows[4].allowed, ==, WIRE_FIRST_CREDIT + 6);
        stop(&end);
}

TEST(end_is_heard_once) {
        start_streams();
        frames_item(&f, 0, 1, 10);
        put(WIRE_END, 0, 1, 0);
        put(WIRE_CREDIT, 0, 1, 50);             /* that it takes no more says nothing of us */
        arrive_all(&end, &f);
        REQUIRE(end.n_events == 3);
        CHECK(end.events[1].type == VIA_EVENT_END && end.events[1].call == &sent[1]);
        CHECK(end.flows[1].state & VIA_FLOW_ENDED);
        put(WIRE_END, 0, 1, 0);
        fault("a second end of a stream");
        stop(&end);
}

TEST(what_is_for_nobody_is_dropped) {
        start_streams();
        frames_item(&f, 0, 77, 100);
        frames_item(&f, WIRE_BACK, 77, 100);
        frames_piece(&f, 0, 77, 100, 30, 30);
        frames_piece(&f, WIRE_BACK, 77, 100, 0, 30);
        put(WIRE_END, 0, 77, 0);
        put(WIRE_END, 0, 4, 0);                 /* ours have no end */
        put(WIRE_CREDIT, 0, 77, 1);
        put(WIRE_CREDIT, WIRE_BACK, 77, UINT32_MAX);
        put(WIRE_CANCEL, 0, 77, 0);
        frames_put(&f, (struct wire_header){ .type = WIRE_HEAD, .id = 77 }, "", 0);
        arrive_all(&end, &f);
        CHECK_INT(end.r, ==, VIA_CONN_MORE);
        CHECK_INT(end.n_events, ==, 0);
        CHECK_INT(end.n_held, ==, 0);
        stop(&end);
}

TEST(cancel_is_for_a_call_that_is_open) {
        start_streams();
        put(WIRE_CANCEL, 0, 1, 0);
        put(WIRE_CANCEL, 0, 2, 0);
        put(WIRE_CANCEL, WIRE_BACK, 2, 0);      /* a bit that means nothing here */
        arrive_all(&end, &f);
        REQUIRE(end.n_events == 3);
        CHECK(end.events[0].type == VIA_EVENT_CANCEL && end.events[0].call == &sent[1]);
        CHECK(end.events[1].call == &sent[2] && end.events[2].call == &sent[2]);
        CHECK_INT(end.conn.opens.n, ==, 3);     /* it stays until it is answered */
        stop(&end);
}

/* Where nothing is to be read, what is there all the same is not waited for, nor shown. */
TEST(bodies_that_nobody_reads_are_skipped) {
        static const struct wire_header frames[] = {
                { .type = WIRE_CREDIT, .flags = WIRE_LINK, .value = 1 },
                { .type = WIRE_CREDIT, .id = 1, .value = 1 },
                { .type = WIRE_CANCEL, .id = 1 },
                { .type = WIRE_END, .id = 1 },
        };

        for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
                struct wire_header h = frames[i];

                start_streams();
                h.length = WIRE_TEXT_MAX;
                frames_header(&f, h);
                arrive_all(&end, &f);
                CHECK(end.n_events == 1 && end.n_held == 0 && end.conn.skip == WIRE_TEXT_MAX);
                CHECK_INT(end.events[0].size, ==, 0);
                stop(&end);
        }
}

/* No byte of what is for nobody is waited for or kept, and its credit is there again. */
TEST(credit_of_dropped_items_comes_back) {
        struct wire_header h[5];
        static uint8_t some[100000];
        struct via_event ev;
        size_t used;

        start_streams();
        pull(&end, &f, h);
        f.n = 0;
        piece(0, 77, 400000, 400000);
        arrive_all(&end, &f);
        CHECK_INT(end.n_held, ==, 0);
        CHECK_INT(link_credit(), ==, 0);        /* 400,016 is not half a window yet */
        for (int i = 0; i < 4; i++)
                REQUIRE(via_conn_next(&end.conn, some, sizeof(some), &used, &ev) ==
                                VIA_CONN_MORE &&
                        used == sizeof(some));
        piece(WIRE_MORE | WIRE_REST, 78, 400000, 200000);
        arrive_all(&end, &f);
        for (int i = 0; i < 2; i++)
                via_conn_next(&end.conn, some, sizeof(some), &used, &ev);
        CHECK_INT(link_credit(), ==, 600016);
        frames_item(&f, 0, 1, 1);
        arrive_all(&end, &f);
        CHECK_INT(end.n_events, ==, 1);
        stop(&end);
}

/* --- items that are too big ------------------------------------------------------------------- */

TEST(item_too_big_ends_its_call_only) {
        struct via_event *ev = end.events;

        start(&end, 100);
        frames_hello(&f);
        arrive_all(&end, &f);
        serve_stream(&end, 1, &sent[1], BOTH, &end.flows[1]);
        serve_stream(&end, 2, &sent[2], BOTH, &end.flows[2]);
        frames_item(&f, 0, 1, 100);
        frames_piece(&f, 0, 1, 3000, 0, 1000);
        frames_item(&f, 0, 2, 7);
        frames_piece(&f, 0, 1, 3000, 1000, 1000);
        frames_piece(&f, 0, 1, 3000, 2000, 1000);
        arrive_all(&end, &f);
        REQUIRE(end.n_events == 3);
        CHECK(!ev[0].too_big && ev[0].size == 100);
        CHECK(ev[1].too_big && ev[1].first && ev[1].call == &sent[1]);
        CHECK_INT(ev[1].size, ==, 3000);        /* what is compared with max_message */
        CHECK(ev[2].call == &sent[2]);
        CHECK_INT(end.n_held, ==, 0);

        piece(0, 1, 101, 101);                  /* a whole one too is skipped at once */
        arrive_all(&end, &f);
        CHECK_INT(end.n_events, ==, 4);
        CHECK_INT(end.n_held, ==, 0);
        CHECK_INT(end.conn.skip, ==, 101);
        stop(&end);
}

/* --- what a peer may not do ------------------------------------------------------------------- */

TEST(items_must_have_a_stream) {
        start_streams();
        piece(0, 2, 8, 8);
        fault("an item for a call that has no stream");
        piece(WIRE_BACK, 2, 8, 8);
        fault("an item for a call that has no stream");
        piece(0, 3, 8, 8);
        fault("an item in the wrong direction");
        piece(WIRE_BACK, 3, 8, 8);
        fault("an item in the wrong direction");
        put(WIRE_END, 0, 2, 0);
        fault("the end of a stream that is none");
        put(WIRE_END, 0, 3, 0);
        fault("the end of a stream that is none");
        put(WIRE_CREDIT, 0, 2, 1);
        fault("credit for a stream that is none");
        put(WIRE_CREDIT, WIRE_BACK, 2, 1);
        fault("credit for a stream that is none");
        stop(&end);
}

TEST(nothing_comes_after_the_end) {
        start_streams();
        put(WIRE_END, 0, 1, 0);
        piece(0, 1, 8, 8);
        fault("an item after the end of its stream");
        put(WIRE_END, 0, 1, 0);
        piece(0, 1, 0, 0);
        fault("an item after the end of its stream");
        frames_piece(&f, 0, 1, 8, 0, 4);
        put(WIRE_END, 0, 1, 0);
        fault("the end of a stream within an item");
        stop(&end);
}

TEST(pieces_must_add_up) {
        start_streams();
        piece(0, 1, 8, 7);
        fault("a piece of 7 bytes of an item of 8");
        piece(0, 1, 8, 9);
        fault("a piece of 9 bytes of an item of 8");
        piece(WIRE_MORE, 1, 8, 8);
        fault("a piece of 8 bytes of an item of 8");
        piece(WIRE_MORE, 1, 0, 0);
        fault("a piece of 0 bytes of an item of 0");
        piece(WIRE_REST, 1, 8, 8);
        fault("a piece of 8 bytes of an item of 8");
        piece(WIRE_REST, 1, 8, 3);
        fault("the rest of an item that was not begun");
        piece(0, 77, 8, 7);                     /* even what is for nobody */
        fault("a piece of 7 bytes of an item of 8");

        frames_piece(&f, 0, 1, 8, 0, 4);
        piece(0, 1, 8, 8);
        fault("an item within another one");
        frames_piece(&f, 0, 1, 8, 0, 4);
        piece(WIRE_MORE, 1, 8, 4);
        fault("an item within another one");
        frames_piece(&f, 0, 1, 8, 0, 4);
        piece(WIRE_REST, 1, 9, 4);
        fault("an item of 8 bytes that has 9 in its next piece");
        frames_piece(&f, 0, 1, 8, 0, 4);
        piece(WIRE_REST, 1, 8, 5);
        fault("pieces that do not add up to an item of 8 bytes");
        frames_piece(&f, 0, 1, 8, 0, 4);
        piece(WIRE_REST, 1, 8, 3);
        fault("pieces that do not add up to an item of 8 bytes");
        frames_piece(&f, 0, 1, 8, 0, 4);
        piece(WIRE_REST | WIRE_MORE, 1, 8, 4);
        fault("pieces that do not add up to an item of 8 bytes");
        stop(&end);
}

TEST(more_never_goes_on_without_end) {
        start_streams();
        frames_piece(&f, 0, 1, 8, 0, 4);
        piece(WIRE_REST | WIRE_MORE, 1, 8, 0);
        fault("a piece of 0 bytes of an item of 8");
        piece(WIRE_REST | WIRE_MORE, 77, 8, 0);
        fault("a piece of 0 bytes of an item of 8");
        stop(&end);
}

TEST(no_more_than_its_credit) {
        start_streams();
        piece(0, 1, WINDOW - WIRE_ITEM_COST, WINDOW - WIRE_ITEM_COST);
        arrive_all(&end, &f);                   /* just fits, but has not come whole */
        CHECK_INT(end.r, ==, VIA_CONN_MORE);
        stop(&end);

        start_streams();
        piece(0, 1, WINDOW - WIRE_ITEM_COST + 1, WINDOW - WIRE_ITEM_COST + 1);
        fault("more items than it was given credit for");
        piece(WIRE_MORE, 1, 3 * WINDOW, WINDOW - WIRE_ITEM_COST + 1);
        fault("more items than it was given credit for");
        for (int i = 0; i < WINDOW / WIRE_ITEM_COST; i++) {
                piece(0, 1, 0, 0);
                if (f.n > 4000)
                        arrive_all(&end, &f);
                end.n_events = 0;
        }
        arrive_all(&end, &f);
        piece(0, 1, 0, 0);                      /* even nothing costs 16 */
        fault("more items than it was given credit for");
        stop(&end);
}

TEST(no_more_than_the_credit_of_the_link) {
        start_streams();
        piece(0, 77, LINK_WINDOW, LINK_WINDOW);
        fault("more items than it was given credit for");
        end.conn.link.received = end.conn.link.announced - 30;
        piece(0, 1, 14, 14);
        arrive_all(&end, &f);
        CHECK_INT(end.r, ==, VIA_CONN_MORE);
        end.n_held = 0;
        piece(0, 1, 15, 15);
        fault("more items than it was given credit for");
        stop(&end);
}

TEST(credit_does_not_overflow) {
        start_streams();
        end.flows[1].sent = 100;
        put(WIRE_CREDIT, 0, 1, WIRE_CREDIT_MAX - WIRE_FIRST_CREDIT + 100);
        put(WIRE_CREDIT, 0, 1, 0);
        put(WIRE_CREDIT, WIRE_LINK, 0, WIRE_CREDIT_MAX - WIRE_FIRST_CREDIT);
        arrive_all(&end, &f);
        CHECK_INT(end.n_events, ==, 3);
        CHECK_INT(end.flows[1].allowed, ==, (uint64_t)WIRE_CREDIT_MAX + 100);
        put(WIRE_CREDIT, 0, 1, 1);
        fault("credit overflow: 1 bytes more than 2147483647");
        put(WIRE_CREDIT, WIRE_LINK, 0, UINT32_MAX);
        fault("credit overflow: 4294967295 bytes more than 16384");
        stop(&end);
}

static void hello_with(uint32_t stream, uint32_t link) {
        frames_hello(&f);
        wire_put32(f.data + WIRE_HEADER + 8, stream);
        wire_put32(f.data + WIRE_HEADER + 12, link);
}

TEST(hello_grants_credit) {
        static struct via_flow early, later;

        start(&end, 0);
        open_stream(&end, &sent[0], BOTH, &early);
        call(&end, &sent[1], INT64_MAX);
        CHECK_INT(via_conn_room(&end.conn, &early, true), ==, WIRE_FIRST_CREDIT - WIRE_ITEM_COST);
        via_conn_sent(&end.conn, &early, 1000, true);
        hello_with(100000, 200000);
        arrive_all(&end, &f);
        open_stream(&end, &sent[2], BOTH, &later);
        CHECK_INT(via_conn_room(&end.conn, &early, false), ==, 100000 - 1016);
        CHECK_INT(via_conn_room(&end.conn, &later, false), ==, 100000);
        CHECK_INT(end.conn.link.allowed - end.conn.link.sent, ==, 200000 - 1016);
        CHECK_INT(end.n_events, ==, 0);
        stop(&end);

        start(&end, 0);                         /* less than the least counts as that */
        hello_with(0, 1);
        arrive_all(&end, &f);
        open_stream(&end, &sent[0], BOTH, &early);
        CHECK_INT(via_conn_room(&end.conn, &early, false), ==, WIRE_FIRST_CREDIT);
        stop(&end);

        start(&end, 0);
        hello_with(WIRE_CREDIT_MAX, WIRE_CREDIT_MAX);
        arrive_all(&end, &f);
        CHECK_INT(end.r, ==, VIA_CONN_MORE);
        stop(&end);
        hello_with(WIRE_CREDIT_MAX + 1, WIRE_CREDIT_MAX);
        refused(&f, false, "credit overflow: 2147483648 bytes for each stream");
        hello_with(WIRE_CREDIT_MAX, UINT32_MAX);
        refused(&f, false, "credit overflow: 4294950911 bytes more than 16384");
}

TEST(credit_of_the_link_is_for_all_streams) {
        start_streams();
        put(WIRE_CREDIT, WIRE_LINK | WIRE_BACK, 1, 77);
        put(WIRE_CREDIT, WIRE_LINK, 2, 1);
        arrive_all(&end, &f);
        REQUIRE(end.n_events == 2);
        CHECK(end.events[0].type == VIA_EVENT_CREDIT && !end.events[0].call);
        CHECK(!end.events[0].back && !end.events[1].call);
        CHECK_INT(end.conn.link.allowed, ==, WIRE_FIRST_CREDIT + 78);
        CHECK_INT(end.flows[4].allowed, ==, WIRE_FIRST_CREDIT);
        stop(&end);
}
