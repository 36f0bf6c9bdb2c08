/*
 * test_pump.c - bytes between a machine and a link that does what it is told
 */
#include "alloc.h"
#include "frames.h"
#include "pump.h"
#include "test.h"

/* A link that has received what is in @in, and does to the rest what it is told. */
struct fake {
        struct via_link link;
        const uint8_t  *in;
        size_t          n_in, in_most;          /* at most so many at once; 0: as many as fit */
        ssize_t         in_end;                 /* what recv() returns after them */
        uint8_t         out[1 << 16];           /* what was sent, the first of it */
        size_t          n_out, out_most, out_room;
        ssize_t         out_end;                /* what send() returns when there is no room */
        int             waited, wanted;
        uint8_t         in_priority;            /* of what it has received */
        char            sent[64];               /* N or H for each send() */
};

static ssize_t fake_recv(struct via_link *link, void *buf, size_t size) {
        struct fake *fake = (struct fake *)link;
        size_t n = fake->n_in < size ? fake->n_in : size;

        if (fake->in_most && n > fake->in_most)
                n = fake->in_most;
        if (n == 0)
                return fake->in_end;
        memcpy(buf, fake->in, n);
        link->recv_priority = fake->in_priority;
        fake->in += n;
        fake->n_in -= n;
        return (ssize_t)n;
}

static ssize_t fake_recv_wait(struct via_link *link, void *buf, size_t size, int timeout_ms) {
        ((struct fake *)link)->waited = timeout_ms;
        return fake_recv(link, buf, size);
}

static ssize_t fake_send(struct via_link *link, const void *data, size_t size) {
        struct fake *fake = (struct fake *)link;
        size_t n = fake->out_room < size ? fake->out_room : size;

        if (fake->out_most && n > fake->out_most)
                n = fake->out_most;
        if (n == 0)
                return fake->out_end;
        if (strlen(fake->sent) < sizeof(fake->sent) - 1)
                strcat(fake->sent, link->send_priority ? "H" : "N");
        for (size_t i = 0; i < n; i++, fake->n_out++)
                if (fake->n_out < sizeof(fake->out))
                        fake->out[fake->n_out] = ((const uint8_t *)data)[i];
        fake->out_room -= n;
        return (ssize_t)n;
}

static int fake_arm(struct via_link *link, int want, struct via_wait *ret_wait) {
        ((struct fake *)link)->wanted = want;
        return ret_wait->n_fds == 0 ? VIA_AWAKE : -EINVAL;
}

static int closed;                              /* links, so far */

static void fake_close(struct via_link *link) {
        CHECK(link->by);
        closed++;
}

static const struct via_transport transport = {
        .scheme = "fake",
        .send = fake_send,
        .recv = fake_recv,
        .recv_wait = fake_recv_wait,
        .arm = fake_arm,
        .close = fake_close,
};

static const struct via_transport transport_without_wait = {
        .send = fake_send, .recv = fake_recv, .arm = fake_arm, .close = fake_close
};

static const struct via_transport transport_with_lanes = {
        .traits = VIA_PRIORITY, .send = fake_send, .recv = fake_recv, .arm = fake_arm,
        .close = fake_close
};

static struct via_pool pool;
static const struct via_limits defaults;
static struct frames f;

/* A pump on a new link, which is the pump's. */
static struct fake *start_by(struct via_pump *pump, const struct via_transport *by) {
        struct fake *fake = calloc(1, sizeof(*fake));

        REQUIRE(fake);
        fake->link.by = by;
        fake->in_end = fake->out_end = -EAGAIN;
        fake->out_room = SIZE_MAX;
        fake->waited = -1;
        via_pump_init(pump, &fake->link, &pool, &defaults, 0);
        return fake;
}

static struct fake *start(struct via_pump *pump) {
        return start_by(pump, &transport);
}

static void arrives(struct fake *fake, const void *bytes, size_t n) {
        fake->in = bytes;
        fake->n_in = n;
}

/* Receives once, and counts what came out. */
static unsigned receive(struct via_pump *pump, struct via_event *ev) {
        unsigned n = 0;
        int r = via_pump_drain(pump, 0);

        CHECK_INT(r, ==, 0);
        while ((r = via_pump_next(pump, ev)) == 0)
                n++;
        CHECK_INT(r, ==, VIA_CONN_MORE);
        return n;
}

static struct fake *greet(struct via_pump *pump, struct fake *fake) {
        struct via_event ev;

        f.n = 0;
        frames_hello(&f);
        arrives(fake, f.data, f.n);
        CHECK_INT(receive(pump, &ev), ==, 0);
        via_pump_rest(pump, 0);
        CHECK_INT(via_pump_flush(pump), ==, 0);
        f.n = fake->n_out = 0;
        *fake->sent = 0;
        return fake;
}

static struct fake *start_greeted(struct via_pump *pump) {
        return greet(pump, start(pump));
}

static void queue(struct via_pump *pump, const char *bytes) {
        uint8_t *room = via_pump_reserve(pump, strlen(bytes) + 100);

        REQUIRE(room);
        memcpy(room, bytes, strlen(bytes));
        via_pump_commit(pump, strlen(bytes));
}

static void stop(struct via_pump *pump) {
        via_pump_fini(pump);
        via_pump_fini(pump);
        via_pool_fini(&pool);
        CHECK_INT(alloc_live(), ==, 0);
}

/* --- sending ---------------------------------------------------------------------------------- */

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

TEST(a_pong_goes_behind_what_is_queued) {
        struct via_pump pump;
        struct fake *fake = start_greeted(&pump);
        struct via_event ev;

        queue(&pump, "reply");
        frames_put(&f, (struct wire_header){ .type = WIRE_PING, .value = 7 }, "", 0);
        arrives(fake, f.data, f.n);
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

/* --- receiving -------------------------------------------------------------------------------- */

TEST(frames_come_out_however_they_come_in) {
        for (size_t most = 1; most < 40; most++) {
                unsigned n = 0, seen = 0;
                struct via_pump pump;
                struct fake *fake = start_greeted(&pump);
                struct via_event ev;

                for (uint32_t i = 0; i < 10; i++)
                        frames_call(&f, i, 1000 + i, "0123456789", i);
                arrives(fake, f.data, f.n);
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
                CHECK_INT(seen, ==, (f.n + most - 1) / most);
                CHECK(!pump.in.data);
                stop(&pump);
        }
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
        frames_call(&f, 6, 78, "after", 5);
        memcpy(bytes + WIRE_HEADER + WIRE_METHOD + LARGE, f.data, f.n);
        *ret_n = WIRE_HEADER + WIRE_METHOD + LARGE + f.n;
        return bytes;
}

/* Received in pieces of @most; the room is given up when so many bytes have come. */
static void receive_aimed(size_t most, size_t give_up) {
        size_t size = WIRE_HEADER + WIRE_METHOD + LARGE, n;
        uint8_t *room = malloc(size), *bytes;
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
        while (via_pump_drain(&pump, 0) == 0) {
                while (via_pump_next(&pump, &ev) == 0) {
                        if (seen++ == 0) {
                                CHECK(ev.id == 5 && ev.method == 77 && ev.size == LARGE);
                                CHECK(memcmp(ev.body, bytes + size - LARGE, LARGE) == 0);
                                placed = ev.placed;
                                CHECK(placed == (ev.body == room + size - LARGE));
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

TEST(an_idle_pump_owns_nothing) {
        struct via_pump pump;
        struct fake *fake = start_greeted(&pump);
        struct via_event ev;

        CHECK(!pump.in.data && !pump.out.data);
        CHECK_INT(via_pump_drain(&pump, 0), ==, -EAGAIN);
        CHECK(!pump.in.data);
        frames_call(&f, 1, 2, "abc", 3);
        arrives(fake, f.data, f.n - 1);
        receive(&pump, &ev);
        via_pump_rest(&pump, 0);
        CHECK(pump.in.data);                    /* half a frame has to be kept */
        CHECK_INT(pump.conn.due, ==, 30000);
        arrives(fake, f.data + f.n - 1, 1);
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

        frames_raw(&f, "SSH-2.0-OpenSSH_9.2p1", 21);
        arrives(fake, f.data, f.n);
        CHECK_INT(via_pump_drain(&pump, 0), ==, 0);
        CHECK_INT(via_pump_next(&pump, &ev), ==, -EPROTO);
        stop(&pump);
}

/*
 * --- priorities
 * --------------------------------------------------------------------------------
 */

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
        frames_put(&f, (struct wire_header){ .type = WIRE_PING, .value = 7 }, "", 0);
        arrives(fake, f.data, f.n);
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
                f.n = 0;
                frames_call(&f, id, 1, "", 0);
                fake->in_priority = id == 8;
                arrives(fake, f.data, f.n);
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
        f.n = 0;
        frames_item(&f, 0, 77, 500);            /* for nobody */
        arrives(fake, f.data, f.n);
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

        frames_call(&f, 1, 2, "abc", 3);
        fake->in_priority = VIA_HIGH;
        arrives(fake, f.data, f.n - 1);
        CHECK_INT(receive(&pump, &ev), ==, 0);
        via_pump_rest(&pump, 0);
        CHECK(pump.high.in.data && !pump.in.data);
        CHECK_INT(pump.conn.due, ==, 30000);
        fake->in_priority = VIA_NORMAL;
        arrives(fake, f.data, f.n);
        CHECK_INT(receive(&pump, &ev), ==, 1);
        via_pump_rest(&pump, 0);
        CHECK_INT(pump.conn.due, ==, 30000);
        fake->in_priority = VIA_HIGH;
        arrives(fake, f.data + f.n - 1, 1);
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

        frames_header(&f, (struct wire_header){ .length = 1u << 30, .type = WIRE_CALL });
        frames_raw(&f, some, sizeof(some));
        fake->in_priority = VIA_HIGH;
        arrives(fake, f.data, f.n);
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

        frames_call(&f, 1, 2, "abc", 3);
        arrives(fake, f.data, f.n - 1);
        CHECK_INT(receive(&pump, &ev), ==, 0);
        CHECK_INT(via_pump_drain(&pump, 0), ==, -EAGAIN);
        CHECK(pump.in.data && !pump.high.in.data);
        stop(&pump);
}

/* --- memory ----------------------------------------------------------------------------------- */

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
                &f, (struct wire_header){ .length = 2147483648u, .type = WIRE_CALL, .id = 9 });
        frames_raw(&f, "methodno", 8);
        arrives(fake, f.data, f.n);
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
        f.n = 0;
        frames_call(&f, 10, 1, "ok", 2);
        arrives(fake, f.data, f.n);
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
                f.n = 0;
                for (uint32_t i = 0; i < 5; i++) {
                        REQUIRE(via_calls_add(&pump.conn.calls, &pump, 0, &id) == 0);
                        queue(&pump, "a call");
                        frames_call(&f, i, i, "abcdef", 6);
                        frames_put(&f, (struct wire_header){ .type = WIRE_REPLY, .id = id },
                                   "x", 1);
                }
                arrives(fake, f.data, f.n - 3);
                REQUIRE(receive(&pump, &ev) == 9);
                via_pump_rest(&pump, 0);
                fake->out_room = 20;
                REQUIRE(via_pump_flush(&pump) == VIA_PUMP_BLOCKED);
                fake->out_room = 1000;
                REQUIRE(via_pump_flush(&pump) == 0);
                arrives(fake, f.data + f.n - 3, 3);
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
        f.n = 0;
        frames_call(&f, 1, 2, "abc", 3);
        for (int i = 0; i < LINKS; i++) {
                arrives(fakes[i], f.data, f.n);
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
        CHECK_INT(closed, ==, 0);
        start(&pump);
        via_pump_fini(&pump);
        CHECK_INT(closed, ==, 1);
        stop(&pump);
        CHECK_INT(closed, ==, 1);
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
                f.n = 0;
                frames_hello(&f);
                frames_call(&f, 1, 2, "abc", 3);
                arrives(fake, f.data, f.n);
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
