/*
 * test_conn.c - what the machine makes of frames, right and wrong
 */
#include "alloc.h"
#include "conn.h"
#include "end.h"
#include "frames.h"
#include "test.h"

static struct end end, other;
static struct frames f;

/* --- hello ------------------------------------------------------------------------------------ */

TEST(says_hello_first_and_once) {
        struct wire_header h[5];

        start(&end, 123456);
        CHECK(via_conn_talks(&end.conn));
        REQUIRE(pull(&end, &f, h) == 1);
        CHECK(h[0].type == WIRE_HELLO_FRAME && h[0].id == WIRE_MAGIC && h[0].length == 16);
        CHECK_INT(h[0].value, ==, 1 << 16 | 1);
        CHECK_INT(h[0].meta, ==, 0);
        CHECK_INT(wire_get32(f.data + 16), ==, 123456);
        CHECK_INT(wire_get32(f.data + 20), ==, 1024);
        CHECK_INT(wire_get32(f.data + 24), ==, 65536);
        CHECK_INT(wire_get32(f.data + 28), ==, 1048576);
        CHECK(memcmp(f.data, "\x10\0\0\0\1\0\0\0VIA!", 12) == 0);       /* on every machine */
        CHECK_INT(pull(&end, &f, h), ==, 0);
        stop(&end);
}

TEST(two_machines_greet_each_other) {
        struct wire_header h[5];

        start(&end, 100000);
        start(&other, 200000);
        pull(&end, &f, h);
        arrive_all(&other, &f);
        pull(&other, &f, h);
        arrive_all(&end, &f);
        CHECK_INT(end.conn.peer_message, ==, 200000);
        CHECK_INT(other.conn.peer_message, ==, 100000);
        CHECK(end.r == VIA_CONN_MORE && other.r == VIA_CONN_MORE);
        CHECK(!end.n_events && !other.n_events);
        stop(&end);
        stop(&other);
}

TEST(nothing_comes_before_hello) {
        for (unsigned type = 0; type < 256; type++) {
                if (type == WIRE_HELLO_FRAME || type == WIRE_GOAWAY)
                        continue;
                frames_put(&f, (struct wire_header){ .type = (uint8_t)type, .id = WIRE_MAGIC },
                           "12345678", 8);
                refused(&f, false, "these are not the first bytes of a Via peer");
        }
        frames_text(&f, (struct wire_header){ .type = WIRE_HELLO_FRAME, .id = WIRE_MAGIC + 1 },
                    "sixteen bytes...");
        refused(&f, false, "these are not the first bytes of a Via peer");
        frames_raw(&f, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 35);
        refused(&f, false, "these are not the first bytes of a Via peer");
}

TEST(hello_has_a_size) {
        static char body[WIRE_HELLO_MAX + 1];
        struct wire_header hello = { .type = WIRE_HELLO_FRAME,
                                     .id = WIRE_MAGIC,
                                     .value = 1 << 16 | 1 };

        frames_put(&f, hello, body, WIRE_HELLO - 1);
        refused(&f, false, "a hello of 15 bytes");
        frames_put(&f, hello, body, WIRE_HELLO_MAX + 1);
        refused(&f, false, "a hello of 4097 bytes");
        hello.length = UINT32_MAX;
        frames_header(&f, hello);
        refused(&f, false, "a hello of 4294967295 bytes");
        hello.meta = 1;
        frames_put(&f, hello, body, WIRE_HELLO);
        refused(&f, false,
                "a frame of type 1 whose length 16 and metadata 1 do not fit");

        start(&end, 0);                         /* one from the future says more */
        hello.meta = 0;
        frames_put(&f, hello, body, WIRE_HELLO_MAX);
        frames_call(&f, 1, 2, "", 0);
        arrive_all(&end, &f);
        CHECK_INT(end.n_events, ==, 1);
        stop(&end);
}

TEST(second_hello_is_refused) {
        struct wire_header short_hello = { .type = WIRE_HELLO_FRAME, .id = WIRE_MAGIC };

        frames_hello(&f);
        refused(&f, true, "a second hello");
        frames_put(&f, short_hello, "", 0);     /* and is not read where it has no bytes */
        refused(&f, true, "a second hello");
}

TEST(versions_must_meet) {
        static const struct {
                unsigned oldest, newest;
                int r;
                const char *why;
        } peers[] = {
                { 1, 1, VIA_CONN_MORE, "" },
                { 0, 1, VIA_CONN_MORE, "" },
                { 1, 9, VIA_CONN_MORE, "" },
                { 0, 65535, VIA_CONN_MORE, "" },
                { 2, 3, -EPROTONOSUPPORT,
                  "it speaks version 2 to 3 of the protocol, this end version 1" },
                { 0, 0, -EPROTONOSUPPORT,
                  "it speaks version 0 to 0 of the protocol, this end version 1" },
                { 65535, 65535, -EPROTONOSUPPORT,
                  "it speaks version 65535 to 65535 of the protocol, this end version 1" },
                { 1, 0, -EPROTONOSUPPORT,
                  "it speaks version 1 to 0 of the protocol, this end version 1" },
        };

        for (size_t i = 0; i < sizeof(peers) / sizeof(peers[0]); i++) {
                start(&end, 0);
                frames_hello_of(&f, peers[i].oldest, peers[i].newest, 4194304, 1024);
                arrive_all(&end, &f);
                CHECK_INT(end.r, ==, peers[i].r);
                CHECK_STR(end.conn.why, peers[i].why);
                stop(&end);
        }
}

/* Whoever speaks another version is still told so, in frames that it can read. */
TEST(other_version_hears_hello_and_goaway) {
        struct wire_header h[5];

        start(&end, 0);
        frames_hello_of(&f, 7, 8, 4194304, 1024);
        arrive_all(&end, &f);
        CHECK_INT(end.r, ==, -EPROTONOSUPPORT);
        via_conn_goaway(&end.conn, 3, end.conn.why);
        REQUIRE(pull(&end, &f, h) == 2);
        CHECK(h[0].type == WIRE_HELLO_FRAME && h[1].type == WIRE_GOAWAY);
        CHECK_INT(h[1].value, ==, 3);
        CHECK_INT(h[1].length, ==, strlen(end.conn.why));
        CHECK(memcmp(f.data + 48, "it speaks version 7 to 8", 24) == 0);
        stop(&end);
}

TEST(hello_tells_what_the_peer_takes) {
        start(&end, 5000);
        CHECK_INT(end.conn.peer_message, ==, 5000);     /* until it says otherwise */
        frames_hello_of(&f, 1, 1, 777, 3);
        arrive_all(&end, &f);
        CHECK_INT(end.conn.peer_message, ==, 777);
        for (int i = 0; i < 3; i++)
                call(&end, &sent[i], INT64_MAX);
        CHECK_INT(via_calls_add(&end.conn.calls, &sent[4], 0, &(uint32_t){ 0 }), ==,
                  VIA_CALLS_FULL);
        stop(&end);

        start(&end, 0);                         /* a peer that allows more does not raise ours */
        frames_hello_of(&f, 1, 1, 777, UINT32_MAX);
        arrive_all(&end, &f);
        CHECK_INT(end.conn.calls.max, ==, 1024);
        stop(&end);

        /* more are in flight than the peer turns out to take */
        start(&end, 0);
        for (int i = 0; i < 10; i++)
                call(&end, &sent[i], INT64_MAX);
        frames_hello_of(&f, 1, 1, 777, 2);
        for (uint32_t id = 1; id <= 10; id++)
                frames_put(&f, (struct wire_header){ .type = WIRE_REPLY, .id = id }, "", 0);
        arrive_all(&end, &f);
        CHECK_INT(end.n_events, ==, 10);
        stop(&end);
}

/* --- calls and replies ------------------------------------------------------------------------ */

TEST(call_arrives_whole) {
        struct via_event *ev = end.events;

        start_greeted(&end);
        frames_call(&f, 42, 0x1122334455667788, "abc", 3);
        f.data[5] = WIRE_ONEWAY;
        frames_call(&f, 43, 1, "", 0);
        f.data[WIRE_HEADER + WIRE_METHOD + 3 + 5] = (uint8_t)~WIRE_ONEWAY;     /* unknown ones */
        arrive_all(&end, &f);
        REQUIRE(end.n_events == 2);
        CHECK(ev[0].type == VIA_EVENT_CALL && ev[0].id == 42 && ev[0].value == 1000);
        CHECK(ev[0].method == 0x1122334455667788 && ev[0].oneway && !ev[0].too_big);
        CHECK_INT(ev[0].size, ==, 3);
        CHECK_INT(end.bodies, ==, 'a' + 2 * 'b' + 3 * 'c');
        CHECK(ev[1].type == VIA_EVENT_CALL && ev[1].size == 0 && !ev[1].oneway);
        stop(&end);
}

TEST(replies_find_their_calls) {
        uint32_t ids[100];

        start_greeted(&end);
        for (int i = 0; i < 100; i++)
                ids[i] = call(&end, &sent[i], INT64_MAX);
        for (int i = 99; i >= 0; i--)
                frames_put(&f,
                           (struct wire_header){ .type = WIRE_REPLY,
                                                 .id = ids[i],
                                                 .value = (uint32_t)i },
                           "xyz", (size_t)i % 4);
        arrive_all(&end, &f);
        REQUIRE(end.n_events == 100);
        for (int i = 0; i < 100; i++) {
                struct via_event *ev = &end.events[99 - i];

                CHECK(ev->type == VIA_EVENT_REPLY && ev->call == &sent[i]);
                CHECK(ev->value == (uint32_t)i && ev->size == (size_t)i % 4);
        }
        CHECK_INT(end.conn.calls.n, ==, 0);
        stop(&end);
}

TEST(late_replies_find_nobody) {
        struct wire_header reply = { .type = WIRE_REPLY };
        uint32_t id;
        void *what;

        start_greeted(&end);
        reply.id = call(&end, &sent[0], 50);
        REQUIRE(via_calls_expire(&end.conn.calls, 50, &what, &id) == 0);
        frames_text(&f, reply, "too late");
        reply.id = 0;                           /* and what nobody ever asked */
        frames_text(&f, reply, "unasked");
        reply.id = 12345;
        frames_text(&f, reply, "unasked");
        id = reply.id = call(&end, &sent[1], 50);
        frames_text(&f, reply, "in time");
        frames_text(&f, reply, "twice");
        arrive_all(&end, &f);
        REQUIRE(end.n_events == 1);
        CHECK(end.events[0].call == &sent[1] && end.events[0].size == 7);
        CHECK_INT(end.r, ==, VIA_CONN_MORE);
        stop(&end);
}

TEST(ids_go_round) {
        start_greeted(&end);
        end.conn.calls.next = UINT32_MAX - 1;
        for (int i = 0; i < 5; i++)
                frames_put(&f,
                           (struct wire_header){ .type = WIRE_REPLY,
                                                 .id = call(&end, &sent[i], INT64_MAX) },
                           "", 0);
        CHECK_INT(wire_get32(f.data + 8), ==, UINT32_MAX - 1);
        CHECK_INT(wire_get32(f.data + 2 * WIRE_HEADER + 8), ==, 0);
        arrive_all(&end, &f);
        REQUIRE(end.n_events == 5);
        for (int i = 0; i < 5; i++)
                CHECK(end.events[i].call == &sent[i]);
        stop(&end);
}

TEST(cancel_arrives) {
        start_greeted(&end);
        REQUIRE(via_opens_add(&end.conn.opens, 9, &sent[7], INT64_MAX, NULL) == 0);
        frames_put(&f, (struct wire_header){ .type = WIRE_CANCEL, .id = 8 }, "", 0);
        frames_put(&f, (struct wire_header){ .type = WIRE_CANCEL, .id = 9 }, "", 0);
        arrive_all(&end, &f);
        REQUIRE(end.n_events == 1);
        CHECK(end.events[0].type == VIA_EVENT_CANCEL && end.events[0].id == 9);
        CHECK(end.events[0].call == &sent[7]);
        stop(&end);
}

/* --- frames that are wrong -------------------------------------------------------------------- */

TEST(unknown_types_are_refused) {
        for (unsigned type = 0; type < 256; type++) {
                char why[80];

                if (type >= WIRE_HELLO_FRAME && type <= WIRE_CREDIT)
                        continue;
                snprintf(why, sizeof(why), "a frame of unknown type %u", type);
                frames_put(&f, (struct wire_header){ .type = (uint8_t)type }, "", 0);
                refused(&f, true, why);
        }
}

TEST(lengths_must_fit) {
        static char text[WIRE_TEXT_MAX + 1];

        for (uint8_t type = WIRE_CALL; type <= WIRE_CREDIT; type++) {
                bool has = type == WIRE_CALL || type == WIRE_REPLY || type == WIRE_HEAD;
                uint16_t meta = !has ? 4 : type == WIRE_CALL ? 13 : 21;
                char why[80];

                snprintf(why, sizeof(why),
                         "a frame of type %u whose length 20 and metadata %u do not fit", type,
                         meta);
                frames_put(&f, (struct wire_header){ .type = type, .meta = meta }, text, 20);
                refused(&f, true, why);
        }
        for (uint8_t type = WIRE_CANCEL; type <= WIRE_PONG; type++) {
                char why[80];

                snprintf(why, sizeof(why), "a frame of type %u with 4097 bytes", type);
                frames_put(&f, (struct wire_header){ .type = type }, text, sizeof(text));
                refused(&f, true, why);
                snprintf(why, sizeof(why), "a frame of type %u with 4294967295 bytes", type);
                frames_header(&f, (struct wire_header){ .type = type, .length = UINT32_MAX });
                refused(&f, true, why);
        }
        frames_put(&f, (struct wire_header){ .type = WIRE_CALL }, text, WIRE_METHOD - 1);
        refused(&f, true, "a frame of type 2 whose length 7 and metadata 0 do not fit");
}

/* A fault is told of the frame that has it: what came before still counts. */
TEST(what_came_before_a_fault_counts) {
        start_greeted(&end);
        frames_call(&f, 1, 1, "", 0);
        frames_call(&f, 2, 1, "", 0);
        frames_header(&f, (struct wire_header){ .type = 99 });
        arrive_all(&end, &f);
        CHECK_INT(end.n_events, ==, 2);
        CHECK_INT(end.r, ==, -EPROTO);
        CHECK_INT(end.n_held, ==, WIRE_HEADER);
        stop(&end);
}
