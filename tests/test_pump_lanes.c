/*
 * test_pump_lanes.c - the pump, and two streams of frames: what is urgent overtakes
 */
#include "fake_link.h"

static void queue_high(struct via_pump *pump, const char *bytes) {
        uint8_t *room = via_pump_reserve_for(pump, true, strlen(bytes) + 100);

        REQUIRE(room);
        memcpy(room, bytes, strlen(bytes));
        via_pump_commit(pump, strlen(bytes));
}

static bool was_sent(const struct fake *fake, const char *bytes, const char *how) {
        return fake->n_out == strlen(bytes) && memcmp(fake->out, bytes, fake->n_out) == 0 &&
               strcmp(fake->sent, how) == 0;
}

TEST(high_leaves_first) {
        struct via_pump pump;
        struct fake *fake = greet(&pump, start_by(&pump, &transport_with_lanes));

        queue(&pump, "one");
        queue_high(&pump, "NOW");
        queue(&pump, "two");
        queue_high(&pump, "THEN");
        CHECK_INT(via_pump_queued(&pump), ==, 13);
        CHECK_INT(via_pump_flush(&pump), ==, 0);
        CHECK(was_sent(fake, "NOWTHENonetwo", "HN"));
        stop(&pump);
}

/* In the middle of a normal frame; what is lent and not used, is not sent. */
TEST(high_leaves_between_two_pieces) {
        struct via_pump pump;
        struct fake *fake = greet(&pump, start_by(&pump, &transport_with_lanes));

        queue(&pump, "abcdef");
        fake->out_room = 3;
        CHECK_INT(via_pump_flush(&pump), ==, VIA_PUMP_BLOCKED);
        REQUIRE(via_pump_reserve(&pump, 1000));
        queue_high(&pump, "NOW");
        REQUIRE(via_pump_reserve_for(&pump, true, 1000));
        queue(&pump, "g");
        fake->out_room = 2;
        CHECK_INT(via_pump_flush(&pump), ==, VIA_PUMP_BLOCKED);
        CHECK_INT(via_pump_queued(&pump), ==, 5);
        fake->out_room = 100;
        CHECK_INT(via_pump_flush(&pump), ==, 0);
        CHECK(was_sent(fake, "abcNOWdefg", "NHHN"));
        stop(&pump);
}

TEST(without_lanes_all_keep_their_order) {
        struct via_pump pump;
        struct fake *fake = start_greeted(&pump);

        queue(&pump, "one");
        queue_high(&pump, "now");
        CHECK_INT(via_pump_flush(&pump), ==, 0);
        CHECK(was_sent(fake, "onenow", "N"));
        stop(&pump);
}

/* Hello must be first, whatever comes with it; a goaway must be last. */
TEST(hello_is_high_and_goaway_is_not) {
        struct via_pump pump;
        struct fake *fake = start_by(&pump, &transport_with_lanes);

        via_conn_goaway(&pump.conn, 0, "");
        queue(&pump, "normal");
        queue_high(&pump, "HIGH");
        CHECK_INT(via_pump_flush(&pump), ==, 0);
        CHECK_STR(fake->sent, "HN");
        CHECK_INT(fake->out[4], ==, WIRE_HELLO_FRAME);
        CHECK(memcmp(fake->out + WIRE_HEADER + WIRE_HELLO, "HIGHnormal", 10) == 0);
        CHECK_INT(fake->n_out, ==, 2 * WIRE_HEADER + WIRE_HELLO + 10);
        CHECK_INT(fake->out[fake->n_out - WIRE_HEADER + 4], ==, WIRE_GOAWAY);
        stop(&pump);
}

TEST(a_pong_is_high) {
        struct via_pump pump;
        struct fake *fake = greet(&pump, start_by(&pump, &transport_with_lanes));
        struct via_event ev;

        queue(&pump, "reply");
        frames_put(&input, (struct wire_header){ .type = WIRE_PING, .value = 7 }, "", 0);
        arrives(fake, input.data, input.n);
        receive(&pump, &ev);
        CHECK_INT(via_pump_flush(&pump), ==, 0);
        CHECK_STR(fake->sent, "HN");
        CHECK_INT(fake->out[4], ==, WIRE_PONG);
        CHECK(memcmp(fake->out + WIRE_HEADER, "reply", 5) == 0);
        stop(&pump);
}

/* Whatever may be said of calls that were not seen, it is not said of those that were. */
TEST(a_call_that_was_overtaken_is_not_the_last) {
        struct via_pump pump;
        struct fake *fake = greet(&pump, start_by(&pump, &transport_with_lanes));
        struct via_event ev;

        for (uint32_t id = 8; id > 5; id -= 2) {
                input.n = 0;
                frames_call(&input, id, 1, "", 0);
                fake->in_priority = id == 8;
                arrives(fake, input.data, input.n);
                REQUIRE(via_pump_drain(&pump, 0) == 0);
                REQUIRE(via_pump_next(&pump, &ev) == 0 && ev.id == id);
                via_pump_rest(&pump, 0);
                CHECK_INT(pump.conn.last_id, ==, 8);
        }
        stop(&pump);
}

/* What all streams wait for must not wait behind them. */
TEST(credit_of_the_link_is_high) {
        struct via_pump pump;
        struct fake *fake = greet(&pump, start_by(&pump, &transport_with_lanes));
        struct via_event ev;

        queue(&pump, "item");
        pump.conn.link.granted = pump.conn.link.announced = pump.conn.link.window = 1000;
        input.n = 0;
        frames_item(&input, 0, 77, 500);            /* for nobody */
        arrives(fake, input.data, input.n);
        receive(&pump, &ev);
        CHECK_INT(via_pump_flush(&pump), ==, 0);
        CHECK_STR(fake->sent, "HN");
        CHECK_INT(fake->out[4], ==, WIRE_CREDIT);
        CHECK(memcmp(fake->out + WIRE_HEADER, "item", 4) == 0);
        stop(&pump);
}

/*
 * Two streams of calls, some too big, cut and mixed in every way: each comes out whole and in its
 * own order, and says which it was.
 */
TEST(streams_come_apart) {
        for (size_t cut = 1; cut < 60; cut++) {
                struct frames streams[2] = { { .n = 0 }, { .n = 0 } };
                uint32_t seen[2] = { 0, 0 };
                size_t at[2] = { 0, 0 };
                static uint8_t big[3000];
                struct via_limits small = { .v = { [VIA_LIMIT_MESSAGE] = 100 } };
                struct via_pump pump;
                struct fake *fake = calloc(1, sizeof(*fake));
                unsigned turn = 0;

                REQUIRE(fake);
                fake->link.by = &transport_with_lanes;
                fake->in_end = fake->out_end = -EAGAIN;
                fake->out_room = SIZE_MAX;
                via_pump_init(&pump, &fake->link, &pool, &small, 0);
                greet(&pump, fake);
                for (uint32_t i = 0; i < 10; i++) {
                        frames_call(&streams[0], i, 0, big, i % 4 == 3 ? 700 : i);
                        frames_call(&streams[1], i, 1, big, i % 3 == 2 ? 300 : 2 * i);
                }
                while (at[0] < streams[0].n || at[1] < streams[1].n) {
                        unsigned which = turn++ / (1 + cut % 3) % 2;
                        size_t n = streams[which].n - at[which];
                        struct via_event ev;

                        n = n < cut ? n : cut;
                        if (n == 0)
                                continue;
                        fake->in_priority = (uint8_t)which;
                        arrives(fake, streams[which].data + at[which], n);
                        at[which] += n;
                        REQUIRE(via_pump_drain(&pump, 0) == 0);
                        while (via_pump_next(&pump, &ev) == 0) {
                                CHECK_INT(ev.high, ==, which);
                                CHECK_INT(ev.method, ==, which);
                                CHECK_INT(ev.id, ==, seen[which]);
                                CHECK_INT(ev.too_big, ==, which ? ev.id % 3 == 2 : ev.id % 4 == 3);
                                seen[which]++;
                        }
                        via_pump_rest(&pump, 0);
                }
                CHECK_INT(seen[0], ==, 10);
                CHECK_INT(seen[1], ==, 10);
                CHECK(!pump.in.data && !pump.high.in.data);
                CHECK_INT(pump.conn.due, ==, INT64_MAX);
                stop(&pump);
        }
}

/* Half a frame in either stream, or half of one too big, keeps the peer under its deadline. */
TEST(half_a_high_frame_is_waited_for) {
        struct via_pump pump;
        struct fake *fake = greet(&pump, start_by(&pump, &transport_with_lanes));
        struct via_event ev;

        frames_call(&input, 1, 2, "abc", 3);
        fake->in_priority = VIA_HIGH;
        arrives(fake, input.data, input.n - 1);
        CHECK_INT(receive(&pump, &ev), ==, 0);
        via_pump_rest(&pump, 0);
        CHECK(pump.high.in.data && !pump.in.data);
        CHECK_INT(pump.conn.due, ==, 30000);
        fake->in_priority = VIA_NORMAL;
        arrives(fake, input.data, input.n);
        CHECK_INT(receive(&pump, &ev), ==, 1);
        via_pump_rest(&pump, 0);
        CHECK_INT(pump.conn.due, ==, 30000);
        fake->in_priority = VIA_HIGH;
        arrives(fake, input.data + input.n - 1, 1);
        CHECK_INT(receive(&pump, &ev), ==, 1);
        via_pump_rest(&pump, 0);
        CHECK_INT(pump.conn.due, ==, INT64_MAX);
        CHECK(!pump.high.in.data && !pump.in.data);
        stop(&pump);
}

TEST(half_a_high_frame_too_big_is_waited_for) {
        static uint8_t some[1000];
        struct via_pump pump;
        struct fake *fake = greet(&pump, start_by(&pump, &transport_with_lanes));
        struct via_event ev;

        frames_header(&input, (struct wire_header){ .length = 1u << 30, .type = WIRE_CALL });
        frames_raw(&input, some, sizeof(some));
        fake->in_priority = VIA_HIGH;
        arrives(fake, input.data, input.n);
        CHECK_INT(receive(&pump, &ev), ==, 1);
        via_pump_rest(&pump, 0);
        CHECK(ev.too_big && !pump.high.in.data);
        CHECK_INT(pump.conn.due, ==, 30000);
        CHECK_INT(pump.conn.skip, ==, 0);       /* the other stream's, which goes on */
        stop(&pump);
}

/* Much comes in one stream while half a large frame waits in the other. */
TEST(both_streams_find_room) {
        enum { SIZE = 3000000, PART = 700000 };
        uint8_t *frame = calloc(1, WIRE_HEADER + SIZE);
        struct via_pump pump;
        struct fake *fake = greet(&pump, start_by(&pump, &transport_with_lanes));
        struct via_event ev;

        wire_put_header(frame, &(struct wire_header){ .length = SIZE, .type = WIRE_CALL });
        for (unsigned high = 0; high < 2; high++) {
                arrives(fake, frame, PART);
                fake->in_priority = (uint8_t)high;
                while (fake->n_in)
                        CHECK_INT(receive(&pump, &ev), ==, 0);
        }
        CHECK_INT(via_buffer_used(&pump.in), ==, PART);
        CHECK_INT(via_buffer_used(&pump.high.in), ==, PART);
        for (unsigned high = 0; high < 2; high++) {
                unsigned n = 0;

                arrives(fake, frame + PART, WIRE_HEADER + SIZE - PART);
                fake->in_priority = (uint8_t)high;
                while (fake->n_in)
                        n += receive(&pump, &ev);
                CHECK_INT(n, ==, 1);
                CHECK_INT(ev.high, ==, high);
        }
        via_pump_rest(&pump, 0);
        CHECK(!pump.in.data && !pump.high.in.data);
        free(frame);
        stop(&pump);
}

TEST(the_other_stream_keeps_no_buffer) {
        struct via_pump pump;
        struct fake *fake = greet(&pump, start_by(&pump, &transport_with_lanes));
        struct via_event ev;

        frames_call(&input, 1, 2, "abc", 3);
        arrives(fake, input.data, input.n - 1);
        CHECK_INT(receive(&pump, &ev), ==, 0);
        CHECK_INT(via_pump_drain(&pump, 0), ==, -EAGAIN);
        CHECK(pump.in.data && !pump.high.in.data);
        stop(&pump);
}
