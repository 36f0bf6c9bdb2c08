/*
 * test_conn_meta.c - metadata in front of bodies, and heads
 */
#include "end.h"
#include "frames.h"
#include "test.h"

static const char meta[] = "\3\0\5\0keyvalue";  /* 12 bytes, not that the machine would look */

static struct end end;
static struct frames f;

static void head(uint32_t id) {
        frames_meta(&f, (struct wire_header){ .type = WIRE_HEAD, .id = id }, meta, 12, NULL, 0);
}

TEST(calls_and_replies_have_metadata) {
        struct via_event *ev = end.events;
        uint32_t id;

        start_greeted(&end);
        id = call(&end, &sent[0], INT64_MAX);
        frames_meta(&f, (struct wire_header){ .type = WIRE_CALL, .id = 3, .value = 9 }, meta, 12,
                    "\1\0\0\0\0\0\0\0request", 15);
        frames_meta(&f, (struct wire_header){ .type = WIRE_REPLY, .id = id, .value = 0 }, meta, 12,
                    "response", 8);
        frames_call(&f, 4, 2, "without", 7);
        arrive_all(&end, &f);
        REQUIRE(end.n_events == 3);
        CHECK(ev[0].type == VIA_EVENT_CALL && ev[0].id == 3 && ev[0].value == 9);
        CHECK(ev[0].method == 1 && ev[0].size == 7 && ev[0].meta_size == 12);
        CHECK(ev[1].type == VIA_EVENT_REPLY && ev[1].call == &sent[0]);
        CHECK(ev[1].size == 8 && ev[1].meta_size == 12);
        CHECK(ev[2].method == 2 && ev[2].size == 7 && ev[2].meta_size == 0);
        CHECK_INT(end.conn.calls.n, ==, 0);
        stop(&end);
}

TEST(metadata_alone_is_enough) {
        struct via_event *ev = end.events;

        start_greeted(&end);
        frames_meta(&f, (struct wire_header){ .type = WIRE_CALL, .flags = WIRE_ONEWAY }, meta, 12,
                    "methodno", 8);
        frames_meta(&f,
                    (struct wire_header){ .type = WIRE_REPLY,
                                          .id = call(&end, &sent[0], INT64_MAX) },
                    meta, 12, "", 0);
        arrive_all(&end, &f);
        REQUIRE(end.n_events == 2);
        CHECK(ev[0].oneway && ev[0].size == 0 && ev[0].meta_size == 12);
        CHECK(ev[1].size == 0 && ev[1].meta_size == 12);
        CHECK_INT(end.conn.last_id, ==, 0);     /* of a oneway it means nothing */
        stop(&end);
}

TEST(metadata_must_fit_into_the_body) {
        frames_meta(&f, (struct wire_header){ .type = WIRE_CALL }, meta, 12, "methodn", 7);
        refused(&f, true, "a frame of type 2 whose length 19 and metadata 12 do not fit");
        frames_put(&f, (struct wire_header){ .type = WIRE_REPLY, .meta = 13 }, meta, 12);
        refused(&f, true, "a frame of type 3 whose length 12 and metadata 13 do not fit");
        frames_put(&f, (struct wire_header){ .type = WIRE_HEAD, .meta = 13 }, meta, 12);
        refused(&f, true, "a frame of type 8 whose length 12 and metadata 13 do not fit");
        frames_put(&f, (struct wire_header){ .type = WIRE_HEAD, .meta = 11 }, meta, 12);
        refused(&f, true, "a frame of type 8 whose length 12 and metadata 11 do not fit");
        for (uint8_t type = WIRE_HELLO_FRAME + 1; type <= WIRE_CREDIT; type++) {
                char why[80];

                if (type == WIRE_CALL || type == WIRE_REPLY || type == WIRE_HEAD)
                        continue;
                snprintf(why, sizeof(why),
                         "a frame of type %u whose length 12 and metadata 1 do not fit", type);
                frames_put(&f, (struct wire_header){ .type = type, .value = 12, .meta = 1 }, meta,
                           12);
                refused(&f, true, why);
        }
}

/* Of metadata above the limit nothing is kept, and only its call suffers. */
TEST(too_much_metadata_is_skipped_and_told) {
        static char body[70000];
        struct via_event *ev = end.events;
        uint32_t id;

        start_greeted(&end);                    /* max_metadata=64 */
        id = call(&end, &sent[0], INT64_MAX);
        frames_meta(&f, (struct wire_header){ .type = WIRE_CALL, .id = 1 }, body, 64, "methodno",
                    8);
        frames_meta(&f, (struct wire_header){ .type = WIRE_CALL, .id = 2 }, body, 65, "methodno",
                    8);
        frames_meta(&f, (struct wire_header){ .type = WIRE_HEAD, .id = id }, body, 65, NULL, 0);
        frames_meta(&f, (struct wire_header){ .type = WIRE_REPLY, .id = id }, body, 65, "yes", 3);
        frames_call(&f, 3, 7, "", 0);
        arrive_all(&end, &f);
        REQUIRE(end.n_events == 5);
        CHECK(!ev[0].too_big && ev[0].meta_size == 64);
        CHECK(ev[1].too_big && ev[1].meta_size == 65 && ev[1].id == 2 && !ev[1].meta);
        CHECK(ev[2].type == VIA_EVENT_HEAD && ev[2].too_big && ev[2].meta_size == 65);
        CHECK(ev[3].type == VIA_EVENT_REPLY && ev[3].too_big && ev[3].call == &sent[0]);
        CHECK(!ev[4].too_big && ev[4].id == 3);

        frames_header(&f, (struct wire_header){ .length = 65535, .meta = 65535, .type = WIRE_HEAD,
                                                .id = call(&end, &sent[1], INT64_MAX) });
        arrive_all(&end, &f);
        CHECK_INT(end.n_events, ==, 6);         /* at once, nothing waits */
        CHECK_INT(end.n_held, ==, 0);
        CHECK_INT(end.conn.skip, ==, 65535);
        stop(&end);
}

/* Metadata that is allowed stands before the method of a call that is too big. */
TEST(too_big_with_metadata_tells_its_method) {
        static char body[300];

        start(&end, 100);
        frames_hello(&f);
        wire_put64((uint8_t *)body, 77);
        frames_meta(&f, (struct wire_header){ .type = WIRE_CALL, .id = 1 }, meta, 12, body, 88);
        frames_meta(&f, (struct wire_header){ .type = WIRE_CALL, .id = 2 }, meta, 12, body, 89);
        arrive_all(&end, &f);
        REQUIRE(end.n_events == 2);
        CHECK(!end.events[0].too_big && end.events[0].size == 80);
        CHECK(end.events[1].too_big && end.events[1].method == 77 && end.events[1].size == 101);
        stop(&end);
}

/* --- heads ------------------------------------------------------------------------------------ */

TEST(head_is_for_a_call_of_ours) {
        static struct via_flow flow;
        uint32_t unary, stream;

        start_greeted(&end);
        unary = call(&end, &sent[0], INT64_MAX);
        stream = open_stream(&end, &sent[1], VIA_FLOW_RECEIVES, &flow);
        serve_stream(&end, 50, &sent[2], VIA_FLOW_RECEIVES, &end.flows[0]);
        head(unary);
        head(stream);
        head(50);                               /* one of the peer's is another call */
        frames_item(&f, WIRE_BACK, stream, 5);
        frames_put(&f, (struct wire_header){ .type = WIRE_REPLY, .id = unary }, "", 0);
        head(unary);                            /* nobody waits any more */
        arrive_all(&end, &f);
        REQUIRE(end.n_events == 4);
        CHECK(end.events[0].type == VIA_EVENT_HEAD && end.events[0].call == &sent[0]);
        CHECK(end.events[0].meta_size == 12 && end.events[0].size == 0);
        CHECK(end.events[1].type == VIA_EVENT_HEAD && end.events[1].call == &sent[1]);
        CHECK_INT(end.conn.calls.n, ==, 1);
        stop(&end);
}

TEST(head_comes_once_and_first) {
        static struct via_flow flow;
        uint32_t id;

        for (int streams = 0; streams < 2; streams++) {
                start_greeted(&end);
                id = streams ? open_stream(&end, &sent[0], VIA_FLOW_RECEIVES, &flow)
                             : call(&end, &sent[0], INT64_MAX);
                head(id);
                head(id);
                arrive_all(&end, &f);
                CHECK_INT(end.n_events, ==, 1);
                CHECK_INT(end.r, ==, -EPROTO);
                CHECK_STR(end.conn.why, "a second head of a call");
                stop(&end);
        }
        start_greeted(&end);
        id = open_stream(&end, &sent[0], VIA_FLOW_RECEIVES, &flow);
        frames_item(&f, WIRE_BACK, id, 0);
        head(id);
        arrive_all(&end, &f);
        CHECK_INT(end.r, ==, -EPROTO);
        CHECK_STR(end.conn.why, "a head after items");
        stop(&end);
}

/* The next call in the same slot has a head of its own. */
TEST(each_call_has_its_head) {
        start_greeted(&end);
        for (int i = 0; i < 100; i++) {
                uint32_t id = call(&end, &sent[i], INT64_MAX);

                head(id);
                frames_put(&f, (struct wire_header){ .type = WIRE_REPLY, .id = id }, "", 0);
                arrive_all(&end, &f);
                REQUIRE(end.r == VIA_CONN_MORE && end.n_events == 2 * (unsigned)i + 2);
        }
        stop(&end);
}
