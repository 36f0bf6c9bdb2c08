/*
 * test_pump_memory.c - the pump: what it allocates, when, and what if it cannot
 */
#include "alloc.h"
#include "fake_link.h"

/* What is announced costs nothing; what arrives costs at most what doubling makes of it. */
TEST(memory_grows_with_what_arrives) {
        enum { SIZE = 4194304 };
        uint8_t *frame = malloc(WIRE_HEADER + SIZE);
        size_t shown = 0, part = 1000;
        struct via_pump pump;
        struct fake *fake = start_greeted(&pump);
        struct via_event ev = { 0 };
        unsigned n = 0;

        wire_put_header(frame, &(struct wire_header){ .length = SIZE, .type = WIRE_CALL });
        for (size_t i = 0; i < SIZE; i++)
                frame[WIRE_HEADER + i] = (uint8_t)(i * i >> 8);
        while (shown < WIRE_HEADER + SIZE) {
                if (part > WIRE_HEADER + SIZE - shown)
                        part = WIRE_HEADER + SIZE - shown;
                arrives(fake, frame + shown, part);
                fake->in_end = -EAGAIN;
                shown += part;
                while (fake->n_in) {
                        n += receive(&pump, &ev);
                        CHECK_INT(pump.in.cap, <=, 131072 + 2 * (shown + 32768));
                }
                part += part / 4;
        }
        REQUIRE(n == 1);
        CHECK_INT(ev.size, ==, SIZE - WIRE_METHOD);
        CHECK(memcmp(ev.body, frame + WIRE_HEADER + WIRE_METHOD, ev.size) == 0);
        via_pump_rest(&pump, 0);
        CHECK(!pump.in.data);
        free(frame);
        stop(&pump);
}

TEST(memory_is_flat_while_a_frame_too_big_passes) {
        static uint8_t some[100000];
        struct via_pump pump;
        struct fake *fake = start_greeted(&pump);
        uint64_t left = 2147483648u - WIRE_METHOD;
        struct via_event ev;
        unsigned long before;

        frames_header(
                &input, (struct wire_header){ .length = 2147483648u, .type = WIRE_CALL, .id = 9 });
        frames_raw(&input, "methodno", 8);
        arrives(fake, input.data, input.n);
        CHECK_INT(receive(&pump, &ev), ==, 1);
        CHECK(ev.too_big && ev.id == 9);
        before = alloc_count();
        while (left) {
                size_t n = left < sizeof(some) ? (size_t)left : sizeof(some);

                arrives(fake, some, n);
                while (fake->n_in)
                        REQUIRE(receive(&pump, &ev) == 0);
                via_pump_rest(&pump, 0);
                left -= n;
        }
        CHECK_INT(alloc_count(), ==, before);
        input.n = 0;
        frames_call(&input, 10, 1, "ok", 2);
        arrives(fake, input.data, input.n);
        CHECK_INT(receive(&pump, &ev), ==, 1);
        CHECK(ev.id == 10 && !ev.too_big);
        stop(&pump);
}

TEST(no_allocation_per_frame) {
        unsigned long before = 0;
        struct via_pump pump;
        struct fake *fake = start_greeted(&pump);

        for (int round = 0; round < 2000; round++) {
                struct via_event ev;
                uint32_t id;
                void *call;

                if (round == 1)                 /* the first round fetches what all others use */
                        before = alloc_count();
                input.n = 0;
                for (uint32_t i = 0; i < 5; i++) {
                        REQUIRE(via_calls_add(&pump.conn.calls, &pump, 0, &id) == 0);
                        queue(&pump, "a call");
                        frames_call(&input, i, i, "abcdef", 6);
                        frames_put(&input, (struct wire_header){ .type = WIRE_REPLY, .id = id },
                                   "x", 1);
                }
                arrives(fake, input.data, input.n - 3);
                REQUIRE(receive(&pump, &ev) == 9);
                via_pump_rest(&pump, 0);
                fake->out_room = 20;
                REQUIRE(via_pump_flush(&pump) == VIA_PUMP_BLOCKED);
                fake->out_room = 1000;
                REQUIRE(via_pump_flush(&pump) == 0);
                arrives(fake, input.data + input.n - 3, 3);
                REQUIRE(receive(&pump, &ev) == 1);
                via_pump_rest(&pump, 0);
                REQUIRE(via_calls_expire(&pump.conn.calls, 0, &call, &id) == VIA_CALLS_NONE);
        }
        CHECK_INT(alloc_count(), ==, before);
        stop(&pump);
}

/* A thousand links that are busy one after the other share what two need. */
TEST(links_share_a_pool) {
        enum { LINKS = 1000 };
        static struct via_pump pumps[LINKS];
        struct fake *fakes[LINKS];
        struct via_event ev;
        unsigned long before = 0;

        for (int i = 0; i < LINKS; i++)
                fakes[i] = start_greeted(&pumps[i]);
        input.n = 0;
        frames_call(&input, 1, 2, "abc", 3);
        for (int i = 0; i < LINKS; i++) {
                arrives(fakes[i], input.data, input.n);
                CHECK_INT(receive(&pumps[i], &ev), ==, 1);
                queue(&pumps[i], "answer");
                CHECK_INT(via_pump_flush(&pumps[i]), ==, 0);
                via_pump_rest(&pumps[i], 0);
                if (i == 0)
                        before = alloc_count();
        }
        CHECK_INT(alloc_count(), ==, before);
        CHECK_INT(alloc_live(), ==, LINKS + 2); /* the links, and two buffers */
        for (int i = 1; i < LINKS; i++)
                via_pump_fini(&pumps[i]);
        stop(&pumps[0]);
}

TEST(closes_its_link_once) {
        struct via_pump pump = { 0 };

        via_pump_fini(&pump);                   /* the zero state */
        CHECK_INT(fake_closed, ==, 0);
        start(&pump);
        via_pump_fini(&pump);
        CHECK_INT(fake_closed, ==, 1);
        stop(&pump);
        CHECK_INT(fake_closed, ==, 1);
}

static void say_no_memory(const struct via_transport *by) {
        struct alloc_turns turns = { 0 };

        while (alloc_turn(&turns)) {
                struct fake *fake = calloc(1, sizeof(*fake));
                struct via_event ev;
                struct via_pump pump;
                uint8_t *room;
                int r;

                if (!fake)
                        continue;
                fake->link.by = by;
                fake->in_end = -EAGAIN;
                fake->out_room = SIZE_MAX;
                via_pump_init(&pump, &fake->link, &pool, &defaults, 0);
                input.n = 0;
                frames_hello(&input);
                frames_call(&input, 1, 2, "abc", 3);
                arrives(fake, input.data, input.n);
                r = via_pump_drain(&pump, 0);
                if (r == -ENOMEM) {             /* nothing is lost: it can be tried again */
                        CHECK(alloc_failed());
                        r = via_pump_drain(&pump, 0);
                }
                CHECK_INT(r, ==, 0);
                CHECK_INT(via_pump_next(&pump, &ev), ==, 0);
                room = via_pump_reserve(&pump, 300000);
                CHECK(room || alloc_failed());
                if (room)
                        via_pump_commit(&pump, 1);
                r = via_pump_flush(&pump);
                if (r == -ENOMEM) {
                        CHECK(alloc_failed());
                        r = via_pump_flush(&pump);
                }
                CHECK_INT(r, ==, 0);
                CHECK_INT(fake->n_out, ==, WIRE_HEADER + WIRE_HELLO + (room ? 1 : 0));
                via_pump_fini(&pump);
                via_pool_fini(&pool);
        }
        CHECK_INT(turns.n, >=, 4);
}

TEST(no_memory_is_said) {
        say_no_memory(&transport);
        say_no_memory(&transport_with_lanes);
}
