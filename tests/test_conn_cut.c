/*
 * test_conn_cut.c - frames that are too big, and frames in pieces
 */
#include "alloc.h"
#include "conn.h"
#include "end.h"
#include "every_frame.h"
#include "frames.h"
#include "test.h"

static struct end end, other;
static struct frames f;

/* --- frames that are too big ------------------------------------------------------------------ */

TEST(too_big_is_skipped_and_told) {
        static char body[1000];
        uint32_t id;

        start(&end, 100);
        frames_hello(&f);
        id = call(&end, &sent[0], INT64_MAX);
        frames_call(&f, 1, 77, body, 92);       /* with the method's number just fits */
        frames_call(&f, 2, 78, body, 93);
        frames_put(&f, (struct wire_header){ .type = WIRE_REPLY, .id = 999 }, body, 1000);
        frames_put(&f, (struct wire_header){ .type = WIRE_REPLY, .id = id }, body, 101);
        frames_call(&f, 3, 79, body, 1);
        arrive_all(&end, &f);
        REQUIRE(end.n_events == 4);
        CHECK(!end.events[0].too_big && end.events[0].size == 92);
        CHECK(end.events[1].too_big && end.events[1].id == 2 && end.events[1].method == 78);
        CHECK_INT(end.events[1].size, ==, 101); /* what is compared with max_message */
        CHECK(end.events[2].too_big && end.events[2].call == &sent[0]);
        CHECK_INT(end.events[2].size, ==, 101);
        CHECK(!end.events[3].too_big && end.events[3].id == 3);
        CHECK_INT(end.n_held, ==, 0);
        stop(&end);
}

/* No byte of it is kept, whatever comes; and after it the link is as good as before. */
static void skips(uint32_t length) {
        static uint8_t some[1 << 20];
        uint64_t left = length - WIRE_METHOD;
        unsigned long before;
        struct via_event ev;
        size_t used;

        start_greeted(&end);
        before = alloc_count();
        frames_header(&f, (struct wire_header){ .length = length, .type = WIRE_CALL, .id = 5 });
        frames_raw(&f, "methodno", 8);
        arrive_all(&end, &f);
        REQUIRE(end.n_events == 1);
        CHECK(end.events[0].too_big && end.events[0].id == 5 && end.events[0].size == length);
        CHECK_INT(end.n_held, ==, 0);
        while (left) {
                size_t n = left < sizeof(some) ? (size_t)left : sizeof(some);

                REQUIRE(via_conn_next(&end.conn, some, n, &used, &ev) == VIA_CONN_MORE);
                REQUIRE(used == n);
                left -= n;
        }
        CHECK_INT(alloc_count(), ==, before + 1);       /* the one of arrive() */
        frames_call(&f, 6, 1, "hi", 2);
        arrive_all(&end, &f);
        REQUIRE(end.n_events == 2);
        CHECK(end.events[1].id == 6 && end.events[1].size == 2);
        stop(&end);
}

TEST(two_gigabytes_are_skipped) {
        skips(2147483648u);
        skips(UINT32_MAX);
}

/* --- frames in pieces ------------------------------------------------------------------------- */

static void check_same(const struct end *a, const struct end *b) {
        CHECK_INT(a->r, ==, b->r);
        CHECK_INT(a->n_held, ==, b->n_held);
        CHECK_INT(a->bodies, ==, b->bodies);
        CHECK_INT(a->metas, ==, b->metas);
        CHECK(memcmp(&a->conn.link, &b->conn.link, sizeof(a->conn.link)) == 0);
        CHECK(memcmp(a->flows, b->flows, sizeof(a->flows)) == 0);
        CHECK_INT(a->conn.calls.n, ==, b->conn.calls.n);
        CHECK_STR(a->conn.why, b->conn.why);
        REQUIRE(a->n_events == b->n_events);
        for (unsigned i = 0; i < a->n_events; i++) {
                const struct via_event *x = &a->events[i], *y = &b->events[i];

                CHECK(x->type == y->type && x->id == y->id && x->value == y->value);
                CHECK(x->size == y->size && x->method == y->method && x->call == y->call);
                CHECK(x->too_big == y->too_big && x->oneway == y->oneway);
                CHECK(x->back == y->back && x->first == y->first && x->more == y->more);
                CHECK(x->meta_size == y->meta_size);
        }
}

TEST(cut_at_any_byte_it_is_the_same) {
        static struct frames all;

        everything(&all);
        start_everything(&end);
        arrive(&end, all.data, all.n);
        CHECK_INT(end.n_events, ==, N_EVERYTHING);
        CHECK_INT(end.r, ==, -EPROTO);
        for (size_t cut = 0; cut <= all.n; cut++) {
                start_everything(&other);
                if (cut)
                        arrive(&other, all.data, cut);
                if (other.r >= 0 && cut < all.n)
                        arrive(&other, all.data + cut, all.n - cut);
                check_same(&end, &other);
                stop(&other);
        }
        start_everything(&other);
        for (size_t i = 0; i < all.n && other.r >= 0; i++) {
                arrive(&other, all.data + i, 1);
                REQUIRE(other.n_held <= WIRE_HEADER + 200);
        }
        check_same(&end, &other);
        stop(&other);
        stop(&end);
}

TEST(a_thousand_frames_at_once) {
        static uint8_t all[40 * 1000];
        static struct frames one;

        start_greeted(&end);
        for (uint32_t i = 0; i < 1000; i++) {
                one.n = 0;
                frames_call(&one, i, i, "12345678", 8);
                memcpy(all + i * one.n, one.data, one.n);
        }
        arrive(&end, all, one.n * 1000);
        REQUIRE(end.n_events == 1000);
        for (uint32_t i = 0; i < 1000; i++)
                REQUIRE(end.events[i].id == i && end.events[i].method == i);
        stop(&end);
}
