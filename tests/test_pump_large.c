/*
 * test_pump_large.c - large frames: sent from where they are, received where they are to stay
 */
#include "alloc.h"
#include "fake_link.h"

TEST(a_large_frame_is_sent_from_where_it_is) {
        static const size_t rooms[] = { 0, 1, 9, 10, 11, 5000, 16393, 16394, 16395, 39999, 50000 };
        static uint8_t data[40000], copy[sizeof(data)];

        for (size_t i = 0; i < sizeof(rooms) / sizeof(*rooms); i++) {
                struct via_pump pump;
                struct fake *fake = start_greeted(&pump);
                size_t all = 10 + sizeof(data), gone = rooms[i] < all ? rooms[i] : all;

                for (size_t k = 0; k < sizeof(data); k++)
                        data[k] = copy[k] = (uint8_t)(k * 7 / 3);
                fake->out_room = rooms[i];
                fake->out_most = 15000;
                CHECK_INT(via_pump_put_large(&pump, (const uint8_t *)"0123456789", 10, data,
                                             sizeof(data)),
                          ==, 0);
                memset(data, 0, sizeof(data));  /* it was lent no longer than that */
                CHECK_INT(via_pump_queued(&pump), ==, all - gone);
                CHECK(via_pump_idle(&pump) == (all == gone));
                if (all > gone)
                        CHECK_INT(via_pump_put_large(&pump, copy, 10, data, 1), ==,
                                  VIA_PUMP_BLOCKED);
                CHECK_INT(via_pump_queued(&pump), ==, all - gone);
                fake->out_room = SIZE_MAX;
                CHECK_INT(via_pump_flush(&pump), ==, 0);
                CHECK(fake->n_out == all && memcmp(fake->out, "0123456789", 10) == 0);
                CHECK(memcmp(fake->out + 10, copy, sizeof(copy)) == 0);
                stop(&pump);
        }
}

TEST(a_large_frame_goes_behind_what_is_queued) {
        struct via_pump pump;
        struct fake *fake = start_greeted(&pump);

        queue(&pump, "before");
        CHECK_INT(via_pump_put_large(&pump, (const uint8_t *)"head", 4, (const uint8_t *)"body", 4),
                  ==, 0);
        CHECK(fake->n_out == 14 && memcmp(fake->out, "beforeheadbody", 14) == 0);
        alloc_fail(1);
        CHECK_INT(via_pump_put_large(&pump, (const uint8_t *)"head", 4, (const uint8_t *)"body",
                                     VIA_BUFFER_KEEP),
                  ==, -ENOMEM);
        alloc_fail(0);
        CHECK_INT(fake->n_out, ==, 14);
        CHECK(via_pump_idle(&pump));
        stop(&pump);
}

enum { LARGE = 200000 };

/* The bytes of a call with a large request, and of one behind it. */
static uint8_t *large_call(size_t *ret_n) {
        uint8_t *bytes = malloc(WIRE_HEADER + WIRE_METHOD + LARGE + 100);

        REQUIRE(bytes);
        wire_put_header(bytes, &(struct wire_header){
                                       .type = WIRE_CALL, .id = 5, .length = WIRE_METHOD + LARGE });
        wire_put64(bytes + WIRE_HEADER, 77);
        for (size_t i = 0; i < LARGE; i++)
                bytes[WIRE_HEADER + WIRE_METHOD + i] = (uint8_t)(i * 5 / 3);
        frames_call(&input, 6, 78, "after", 5);
        memcpy(bytes + WIRE_HEADER + WIRE_METHOD + LARGE, input.data, input.n);
        *ret_n = WIRE_HEADER + WIRE_METHOD + LARGE + input.n;
        return bytes;
}

/* Received in pieces of @most; the room is given up when so many bytes have come. */
static void receive_aimed(size_t most, size_t give_up) {
        size_t size = WIRE_HEADER + WIRE_METHOD + LARGE, n;
        uint8_t *room = malloc(size + VIA_PUMP_SPARE), *bytes;
        struct wire_header h;
        struct via_event ev;
        struct via_pump pump;
        struct fake *fake = start_greeted(&pump);
        bool placed = false, aimed = false;
        unsigned seen = 0;

        REQUIRE(room);
        bytes = large_call(&n);
        arrives(fake, bytes, n);
        fake->in_most = most;
        pump.most = VIA_PUMP_LARGE;
        while (via_pump_drain(&pump, 0) == 0) {
                while (via_pump_next(&pump, &ev) == 0) {
                        if (seen++ == 0) {
                                CHECK(ev.id == 5 && ev.method == 77 && ev.size == LARGE);
                                CHECK(memcmp(ev.body, bytes + size - LARGE, LARGE) == 0);
                                placed = ev.placed;
                                CHECK(placed == (ev.body >= room &&
                                                 ev.body < room + size + VIA_PUMP_SPARE));
                                CHECK_INT(pump.most, ==,
                                          placed ? VIA_PUMP_FIRST + 20 : VIA_PUMP_LARGE);
                        } else {
                                CHECK(ev.id == 6 && ev.size == 5 && !ev.placed);
                        }
                }
                if (!aimed && via_pump_half(&pump, &h)) {
                        CHECK(h.id == 5 && h.length == size - WIRE_HEADER);
                        via_pump_aim(&pump, room, size);
                        aimed = true;
                }
                if (n - fake->n_in >= give_up && pump.aimed.data) {
                        CHECK_INT(via_pump_unaim(&pump), ==, 0);
                        memset(room, 0, size);
                }
                via_pump_rest(&pump, 10);
                CHECK(pump.conn.due == (pump.aimed.data || pump.in.data ? 30010 : INT64_MAX));
        }
        CHECK_INT(seen, ==, 2);
        /* the next one was received with less, once */
        CHECK_INT(pump.most, ==, VIA_PUMP_LARGE);
        CHECK(placed == (aimed && give_up > size));
        free(bytes);
        free(room);
        stop(&pump);
}

TEST(a_large_frame_is_received_where_it_is_to_stay) {
        receive_aimed(1000, SIZE_MAX);
        receive_aimed(16, SIZE_MAX);
        receive_aimed(0, SIZE_MAX);
}

TEST(room_that_was_lent_can_be_given_up) {
        receive_aimed(1000, 1001);
        receive_aimed(1000, 150000);
        receive_aimed(7, 17);
}
