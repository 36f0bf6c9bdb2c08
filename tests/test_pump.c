/*
 * test_pump.c - bytes between a machine and a link that does what it is told
 */
#include "fake_link.h"

/* --- sending --- */

TEST(hello_goes_before_everything) {
        struct via_pump pump;
        struct fake *fake = start(&pump);

        CHECK_INT(via_pump_queued(&pump), ==, 0);
        queue(&pump, "a call");
        CHECK_INT(via_pump_flush(&pump), ==, 0);
        CHECK_INT(fake->n_out, ==, WIRE_HEADER + WIRE_HELLO + 6);
        CHECK_INT(fake->out[4], ==, WIRE_HELLO_FRAME);
        CHECK(memcmp(fake->out + WIRE_HEADER + WIRE_HELLO, "a call", 6) == 0);
        queue(&pump, "another");
        CHECK_INT(via_pump_flush(&pump), ==, 0);
        CHECK_INT(fake->n_out, ==, WIRE_HEADER + WIRE_HELLO + 13);
        stop(&pump);
}

TEST(a_hello_alone_is_sent_too) {
        struct via_pump pump;
        struct fake *fake = start(&pump);

        CHECK_INT(via_pump_flush(&pump), ==, 0);
        CHECK_INT(fake->n_out, ==, WIRE_HEADER + WIRE_HELLO);
        stop(&pump);
}

TEST(what_was_lent_and_not_committed_is_not_sent) {
        struct via_pump pump;
        struct fake *fake = start_greeted(&pump);

        REQUIRE(via_pump_reserve(&pump, 1000));
        queue(&pump, "this");
        REQUIRE(via_pump_reserve(&pump, 1000000));
        CHECK_INT(via_pump_flush(&pump), ==, 0);
        CHECK_INT(fake->n_out, ==, 4);
        stop(&pump);
}

TEST(what_does_not_go_now_goes_later) {
        struct via_pump pump;
        struct fake *fake = start_greeted(&pump);

        fake->out_most = 3;                     /* a few at a time, and room for ten */
        fake->out_room = 10;
        queue(&pump, "0123456789");
        queue(&pump, "abcdefghij");
        CHECK_INT(via_pump_flush(&pump), ==, VIA_PUMP_BLOCKED);
        CHECK_INT(via_pump_queued(&pump), ==, 10);
        fake->out_room = 1;
        CHECK_INT(via_pump_flush(&pump), ==, VIA_PUMP_BLOCKED);
        queue(&pump, "KLM");
        CHECK_INT(via_pump_queued(&pump), ==, 12);
        fake->out_room = 100;
        CHECK_INT(via_pump_flush(&pump), ==, 0);
        CHECK_INT(via_pump_queued(&pump), ==, 0);
        CHECK(fake->n_out == 23 && memcmp(fake->out, "0123456789abcdefghijKLM", 23) == 0);
        stop(&pump);
}

TEST(a_pong_goes_behind_what_is_queued) {
        struct via_pump pump;
        struct fake *fake = start_greeted(&pump);
        struct via_event ev;

        queue(&pump, "reply");
        frames_put(&input, (struct wire_header){ .type = WIRE_PING, .value = 7 }, "", 0);
        arrives(fake, input.data, input.n);
        receive(&pump, &ev);
        CHECK_INT(via_pump_flush(&pump), ==, 0);
        CHECK_INT(fake->n_out, ==, 5 + WIRE_HEADER);
        CHECK_INT(fake->out[5 + 4], ==, WIRE_PONG);
        stop(&pump);
}

TEST(errors_of_the_link_come_up) {
        struct via_pump pump;
        struct fake *fake = start_greeted(&pump);

        fake->in_end = -ECONNRESET;
        CHECK_INT(via_pump_drain(&pump, 0), ==, -ECONNRESET);
        fake->in_end = 0;
        CHECK_INT(via_pump_drain(&pump, 0), ==, -EPIPE);
        fake->in_end = -EAGAIN;
        CHECK_INT(via_pump_drain(&pump, 0), ==, -EAGAIN);
        queue(&pump, "x");
        fake->out_room = 0;
        fake->out_end = -EPIPE;
        CHECK_INT(via_pump_flush(&pump), ==, -EPIPE);
        stop(&pump);
}

/* --- receiving --- */

TEST(frames_come_out_however_they_come_in) {
        for (size_t most = 1; most < 40; most++) {
                unsigned n = 0, seen = 0;
                struct via_pump pump;
                struct fake *fake = start_greeted(&pump);
                struct via_event ev;

                for (uint32_t i = 0; i < 10; i++)
                        frames_call(&input, i, 1000 + i, "0123456789", i);
                arrives(fake, input.data, input.n);
                fake->in_most = most;
                while (via_pump_drain(&pump, 0) == 0) {
                        while (via_pump_next(&pump, &ev) == 0) {
                                CHECK(ev.id == n && ev.method == 1000 + n && ev.size == n);
                                CHECK(memcmp(ev.body, "0123456789", ev.size) == 0);
                                n++;
                        }
                        via_pump_rest(&pump, 0);
                        seen++;
                }
                CHECK_INT(n, ==, 10);
                CHECK_INT(seen, ==, (input.n + most - 1) / most);
                CHECK(!pump.in.data);
                stop(&pump);
        }
}

TEST(an_idle_pump_owns_nothing) {
        struct via_pump pump;
        struct fake *fake = start_greeted(&pump);
        struct via_event ev;

        CHECK(!pump.in.data && !pump.out.data);
        CHECK_INT(via_pump_drain(&pump, 0), ==, -EAGAIN);
        CHECK(!pump.in.data);
        frames_call(&input, 1, 2, "abc", 3);
        arrives(fake, input.data, input.n - 1);
        receive(&pump, &ev);
        via_pump_rest(&pump, 0);
        CHECK(pump.in.data);                    /* half a frame has to be kept */
        CHECK_INT(pump.conn.due, ==, 30000);
        arrives(fake, input.data + input.n - 1, 1);
        CHECK_INT(receive(&pump, &ev), ==, 1);
        via_pump_rest(&pump, 0);
        CHECK(!pump.in.data);
        CHECK_INT(pump.conn.due, ==, INT64_MAX);
        stop(&pump);
}

TEST(says_when_there_may_be_more) {
        static uint8_t lots[1 << 20];
        struct via_pump pump;
        struct fake *fake = start_greeted(&pump);
        struct via_event ev;

        wire_put_header(lots, &(struct wire_header){ .length = sizeof(lots), .type = WIRE_CALL });
        arrives(fake, lots, sizeof(lots));
        receive(&pump, &ev);
        CHECK(pump.full);
        fake->in_most = 100;
        receive(&pump, &ev);
        CHECK(!pump.full);
        fake->n_in = 0;
        CHECK_INT(via_pump_drain(&pump, 0), ==, -EAGAIN);
        CHECK(!pump.full);
        stop(&pump);
}

TEST(waits_in_the_link_where_it_can) {
        struct via_pump pump;
        struct fake *fake = start_greeted(&pump);

        CHECK_INT(via_pump_drain(&pump, 0), ==, -EAGAIN);
        CHECK_INT(fake->waited, ==, -1);
        CHECK_INT(via_pump_drain(&pump, 250), ==, -EAGAIN);
        CHECK_INT(fake->waited, ==, 250);
        fake->link.by = &transport_without_wait;
        CHECK_INT(via_pump_drain(&pump, 999), ==, -EAGAIN);
        CHECK_INT(fake->waited, ==, 250);
        stop(&pump);
}

TEST(wants_what_it_needs) {
        struct via_pump pump;
        struct fake *fake = start_greeted(&pump);
        struct via_wait wait = { .n_fds = 99 };

        CHECK_INT(via_pump_arm(&pump, true, &wait), ==, VIA_AWAKE);
        CHECK_INT(fake->wanted, ==, POLLIN);
        fake->out_room = 0;
        queue(&pump, "x");
        via_pump_flush(&pump);
        via_pump_arm(&pump, true, &wait);
        CHECK_INT(fake->wanted, ==, POLLIN | POLLOUT);
        via_pump_arm(&pump, false, &wait);
        CHECK_INT(fake->wanted, ==, POLLOUT);
        stop(&pump);
}

TEST(a_fault_comes_up) {
        struct via_pump pump;
        struct fake *fake = start(&pump);
        struct via_event ev;

        frames_raw(&input, "SSH-2.0-OpenSSH_9.2p1", 21);
        arrives(fake, input.data, input.n);
        CHECK_INT(via_pump_drain(&pump, 0), ==, 0);
        CHECK_INT(via_pump_next(&pump, &ev), ==, -EPROTO);
        stop(&pump);
}
