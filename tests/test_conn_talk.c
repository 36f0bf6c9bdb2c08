/*
 * test_conn_talk.c - what the machine says itself, when it has waited long enough, and its memory
 */
#include "alloc.h"
#include "conn.h"
#include "end.h"
#include "every_frame.h"
#include "frames.h"
#include "test.h"

static struct end end;
static struct frames f;

/* --- what it says itself ---------------------------------------------------------------------- */

TEST(ping_brings_pong) {
        struct wire_header h[5];

        start_greeted(&end);
        pull(&end, &f, h);
        f.n = 0;
        frames_put(&f, (struct wire_header){ .type = WIRE_PING, .value = 0xabcdef01 }, "x", 1);
        arrive_all(&end, &f);
        CHECK_INT(end.n_events, ==, 0);
        REQUIRE(pull(&end, &f, h) == 1);
        CHECK(h[0].type == WIRE_PONG && h[0].value == 0xabcdef01 && h[0].length == 0);
        stop(&end);
}

TEST(many_pings_bring_one_pong) {
        struct wire_header h[5];

        start_greeted(&end);
        pull(&end, &f, h);
        f.n = 0;
        for (uint32_t i = 0; i < 10000; i++) {
                frames_put(&f, (struct wire_header){ .type = WIRE_PING, .value = i }, "", 0);
                if (f.n > 4000)
                        arrive_all(&end, &f);
        }
        arrive_all(&end, &f);
        REQUIRE(pull(&end, &f, h) == 1);
        CHECK_INT(h[0].value, ==, 9999);
        stop(&end);
}

TEST(pongs_are_not_answered) {
        struct wire_header h[5];

        start_greeted(&end);
        pull(&end, &f, h);
        f.n = 0;
        frames_put(&f, (struct wire_header){ .type = WIRE_PONG }, "", 0);
        arrive_all(&end, &f);
        CHECK(end.n_events == 1 && end.events[0].type == VIA_EVENT_PONG);
        CHECK(!via_conn_talks(&end.conn));
        stop(&end);
}

static void says_goodbye(const char *text, size_t n, uint32_t code, bool greeted, const char *why) {
        if (greeted)
                start_greeted(&end);
        else
                start(&end, 0);
        frames_put(&f, (struct wire_header){ .type = WIRE_GOAWAY, .value = code }, text, n);
        arrive_all(&end, &f);
        REQUIRE(end.n_events == 1);
        CHECK(end.events[0].type == VIA_EVENT_GOAWAY && end.events[0].value == code);
        CHECK(end.conn.state & VIA_CONN_GOAWAY_SEEN);
        CHECK_STR(end.conn.why, why);
        stop(&end);
}

TEST(goaway_says_why) {
        static char text[WIRE_TEXT_MAX], cut[VIA_CONN_WHY];

        says_goodbye("moving house", 12, 14, true, "moving house");
        CHECK_INT(end.conn.goaway_code, ==, 14);
        says_goodbye("", 0, 0, true, "");
        says_goodbye("full", 4, 8, false, "full");      /* even to whom it has not greeted */
        says_goodbye("", 0, 17, true, "");      /* a code that is none */
        CHECK_INT(end.conn.goaway_code, ==, 2);
        says_goodbye("", 0, UINT32_MAX, true, "");
        CHECK_INT(end.conn.goaway_code, ==, 2);
        says_goodbye("\033[31mred\n\0\177\377~", 13, 1, true, "?[31mred????~");
        memset(text, 'x', sizeof(text));
        memset(cut, 'x', sizeof(cut) - 1);
        says_goodbye(text, sizeof(text), 1, true, cut);
}

TEST(leaves_once) {
        static char text[1000];
        struct wire_header h[5];

        start_greeted(&end);
        pull(&end, &f, h);
        memset(text, 'x', sizeof(text) - 1);
        via_conn_goaway(&end.conn, 14, text);
        via_conn_goaway(&end.conn, 3, "again");
        REQUIRE(pull(&end, &f, h) == 1);
        CHECK(h[0].type == WIRE_GOAWAY && h[0].value == 14);
        CHECK_INT(h[0].length, ==, VIA_CONN_WHY - 1);
        via_conn_goaway(&end.conn, 3, "and again");
        CHECK_INT(pull(&end, &f, h), ==, 0);
        stop(&end);
}

/* The peer's words must not go back to it as if they were ours. */
TEST(both_leave_at_once) {
        struct wire_header h[5];

        start_greeted(&end);
        via_conn_goaway(&end.conn, 14, "ours");
        frames_text(&f, (struct wire_header){ .type = WIRE_GOAWAY, .value = 8 }, "theirs");
        arrive_all(&end, &f);
        CHECK_INT(end.n_events, ==, 1);
        CHECK_STR(end.conn.why, "theirs");
        CHECK_INT(end.conn.goaway_code, ==, 8);
        CHECK_INT(pull(&end, &f, h), ==, 1);    /* hello: a farewell is not answered by another */
        CHECK_INT(h[0].type, ==, WIRE_HELLO_FRAME);
        stop(&end);
}

/* So that the peer knows which of its calls were never seen; a oneway's id means nothing. */
TEST(goaway_names_the_last_call) {
        struct wire_header h[5];

        start_greeted(&end);
        frames_call(&f, 7, 1, "", 0);
        frames_call(&f, 9, 1, "", 0);
        frames_meta(&f, (struct wire_header){ .type = WIRE_CALL, .id = 11 }, "", 0, "methodno", 8);
        frames_meta(&f, (struct wire_header){ .type = WIRE_CALL, .id = 12 }, "x", 1, "methodno", 8);
        frames_header(&f, (struct wire_header){
                                  .length = 8, .type = WIRE_CALL, .flags = WIRE_ONEWAY, .id = 50 });
        frames_raw(&f, "methodno", 8);
        arrive_all(&end, &f);
        CHECK_INT(end.conn.last_id, ==, 12);
        via_conn_goaway(&end.conn, 14, "");
        REQUIRE(pull(&end, &f, h) == 2);
        CHECK(h[1].type == WIRE_GOAWAY && h[1].id == 12);
        stop(&end);

        start_greeted(&end);
        via_conn_goaway(&end.conn, 14, "");
        REQUIRE(pull(&end, &f, h) == 2);
        CHECK_INT(h[1].id, ==, 0);              /* none */
        f.n = 0;
        frames_put(&f, (struct wire_header){ .type = WIRE_GOAWAY, .id = 1234 }, "", 0);
        arrive_all(&end, &f);
        CHECK_INT(end.events[0].id, ==, 1234);
        stop(&end);
}

TEST(asks_whether_the_peer_is_there) {
        struct wire_header h[5];

        start_greeted(&end);
        pull(&end, &f, h);
        via_conn_ping(&end.conn, 5);
        via_conn_ping(&end.conn, 6);            /* the newest is enough */
        CHECK(via_conn_talks(&end.conn));
        REQUIRE(pull(&end, &f, h) == 1);
        CHECK(h[0].type == WIRE_PING && h[0].value == 6 && !h[0].length && !h[0].id);
        f.n = 0;
        frames_put(&f, (struct wire_header){ .type = WIRE_PONG, .value = 6 }, "", 0);
        arrive_all(&end, &f);
        REQUIRE(end.n_events == 1);
        CHECK(end.events[0].type == VIA_EVENT_PONG && end.events[0].value == 6);
        CHECK(!via_conn_talks(&end.conn));
        stop(&end);
}

TEST(all_it_can_say_fits) {
        static char text[1000];
        struct wire_header h[5];
        uint8_t early[VIA_CONN_PULL];

        for (int twice = 0; twice < 2; twice++) {
                start(&end, 0);
                frames_hello(&f);
                frames_put(&f, (struct wire_header){ .type = WIRE_PING }, "", 0);
                frames_item(&f, 0, 77, 4000);
                end.conn.link.granted = end.conn.link.announced = end.conn.link.window = 5000;
                arrive_all(&end, &f);
                via_conn_ping(&end.conn, 3);
                memset(text, 'x', sizeof(text) - 1);
                via_conn_goaway(&end.conn, 1, text);
                if (twice) {                    /* what overtakes, then the last word */
                        CHECK_INT(via_conn_pull_early(&end.conn, early), ==,
                                  4 * WIRE_HEADER + WIRE_HELLO);
                        REQUIRE(pull(&end, &f, h) == 1);
                        CHECK_INT(h[0].type, ==, WIRE_GOAWAY);
                } else {
                        REQUIRE(pull(&end, &f, h) == 5);        /* in memory of VIA_CONN_PULL */
                        CHECK(h[0].type == WIRE_HELLO_FRAME && h[1].type == WIRE_PONG);
                        CHECK(h[2].type == WIRE_PING && h[3].type == WIRE_CREDIT);
                        CHECK(h[3].flags == WIRE_LINK && h[4].type == WIRE_GOAWAY);
                        CHECK_INT(f.n, ==, VIA_CONN_PULL - 1);
                }
                f.n = 0;
                stop(&end);
        }
}

/* --- time ------------------------------------------------------------------------------------- */

TEST(hello_is_awaited_so_long) {
        start(&end, 0);                         /* at 10,000, with handshake=500 */
        CHECK_INT(end.conn.due, ==, 10500);
        CHECK_INT(via_conn_tick(&end.conn, 10499), ==, 0);
        frames_hello(&f);
        arrive(&end, f.data, f.n - 1);
        via_conn_rest(&end.conn, end.n_held, 10490);    /* coming slowly does not help */
        CHECK_INT(end.conn.due, ==, 10500);
        CHECK_INT(via_conn_tick(&end.conn, 10500), ==, -ETIMEDOUT);
        CHECK_STR(end.conn.why, "no hello within 500 ms");
        arrive(&end, f.data + f.n - 1, 1);
        CHECK_INT(end.conn.due, ==, INT64_MAX);
        via_conn_rest(&end.conn, 0, 10501);
        CHECK_INT(via_conn_tick(&end.conn, INT64_MAX - 1), ==, 0);
        f.n = 0;
        stop(&end);
}

TEST(half_a_frame_is_awaited_so_long) {
        start_greeted(&end);                    /* stall=3000 */
        frames_call(&f, 1, 1, "abc", 3);
        arrive(&end, f.data, 10);
        via_conn_rest(&end.conn, end.n_held, 20000);
        CHECK_INT(via_conn_tick(&end.conn, 22999), ==, 0);
        arrive(&end, f.data + 10, 10);
        via_conn_rest(&end.conn, end.n_held, 22999);
        CHECK_INT(via_conn_tick(&end.conn, 25998), ==, 0);
        CHECK_INT(via_conn_tick(&end.conn, 25999), ==, -ETIMEDOUT);
        CHECK_STR(end.conn.why, "half a frame, then silence for 3000 ms");
        arrive(&end, f.data + 20, f.n - 20);
        via_conn_rest(&end.conn, end.n_held, 26000);
        /* idle as long as it likes */
        CHECK_INT(via_conn_tick(&end.conn, INT64_MAX - 1), ==, 0);
        f.n = 0;
        stop(&end);
}

TEST(half_a_frame_too_big_is_awaited_too) {
        start(&end, 64);
        frames_hello(&f);
        frames_header(&f, (struct wire_header){ .length = 1000, .type = WIRE_CALL });
        frames_raw(&f, "methodno", 8);
        arrive_all(&end, &f);
        CHECK_INT(end.n_held, ==, 0);
        via_conn_rest(&end.conn, 0, 20000);
        CHECK_INT(via_conn_tick(&end.conn, 22999), ==, 0);
        CHECK_INT(via_conn_tick(&end.conn, 23000), ==, -ETIMEDOUT);
        stop(&end);
}

/* --- memory ----------------------------------------------------------------------------------- */

TEST(asks_for_memory_only_for_words) {
        struct wire_header h[5];
        struct via_event ev;
        unsigned long before;
        size_t used, at = 0;

        start_everything(&end);
        everything(&f);
        before = alloc_count();
        while (via_conn_next(&end.conn, f.data + at, f.n - at, &used, &ev) == 0)
                at += used;
        via_conn_goaway(&end.conn, 1, "why");
        via_conn_tick(&end.conn, INT64_MAX - 1);
        CHECK_INT(alloc_count(), ==, before + 1);       /* a goaway was among them, and had some */
        pull(&end, &f, h);
        stop(&end);
        stop(&end);
        CHECK_INT(alloc_live(), ==, 0);
}

TEST(says_goodbye_without_words) {
        struct wire_header h[5];

        start_greeted(&end);
        pull(&end, &f, h);
        alloc_fail(1);
        via_conn_goaway(&end.conn, 14, "moving house");
        alloc_fail(0);
        CHECK_STR(end.conn.why, "");
        REQUIRE(pull(&end, &f, h) == 1);
        CHECK(h[0].type == WIRE_GOAWAY && h[0].value == 14 && h[0].length == 0);
        stop(&end);
}
