/*
 * test_conn.c - every rule of the machine: what it makes of bytes, and what it says itself
 */
#include "alloc.h"
#include "conn.h"
#include "frames.h"
#include "test.h"

/* One end: its machine, the bytes it was shown but not done with, and what was made of them. */
struct end {
        struct via_conn   conn;
        struct via_limits limits;
        uint8_t           held[65536];
        size_t            n_held;
        struct via_event  events[1200];
        unsigned          n_events;
        size_t            bodies;               /* a sum over all bytes of all bodies */
        int               r;
};

static void *sent[2000];                        /* addresses to be calls */

static void start(struct end *end, uint64_t max_message) {
        memset(end, 0, sizeof(*end));
        via_limits_set(&end->limits, VIA_LIMIT_MESSAGE, max_message, NULL);
        via_limits_set(&end->limits, VIA_LIMIT_HANDSHAKE, 500, NULL);
        via_limits_set(&end->limits, VIA_LIMIT_STALL, 3000, NULL);
        via_conn_init(&end->conn, &end->limits, 10000);
        end->r = VIA_CONN_MORE;
}

/* Shows the machine what it has not dealt with and @n bytes more, in memory of just that size. */
static void arrive(struct end *end, const void *bytes, size_t n) {
        uint8_t *shown;
        size_t at = 0, used;

        REQUIRE(n <= sizeof(end->held) - end->n_held);
        memcpy(end->held + end->n_held, bytes, n);
        end->n_held += n;
        shown = malloc(end->n_held);
        memcpy(shown, end->held, end->n_held);
        do {
                struct via_event *ev = &end->events[end->n_events];

                used = SIZE_MAX;
                end->r = via_conn_next(&end->conn, shown + at, end->n_held - at, &used, ev);
                REQUIRE(used <= end->n_held - at);
                at += used;
                if (end->r)
                        break;
                end->n_events++;
                REQUIRE(end->n_events < sizeof(end->events) / sizeof(end->events[0]));
                if (ev->too_big)
                        REQUIRE(!ev->body);
                else if (ev->size)
                        REQUIRE(ev->body >= shown && ev->body + ev->size <= shown + at);
                for (size_t i = 0; !ev->too_big && i < ev->size; i++)
                        end->bodies += (i + 1) * ev->body[i];
                ev->body = NULL;
        } while (true);
        free(shown);
        end->n_held -= at;
        memmove(end->held, end->held + at, end->n_held);
}

static void arrive_all(struct end *end, struct frames *f) {
        arrive(end, f->data, f->n);
        f->n = 0;
}

/* An end that has been greeted. */
static void start_greeted(struct end *end) {
        struct frames f = { .n = 0 };

        start(end, 0);
        frames_hello(&f);
        arrive_all(end, &f);
        REQUIRE(end->r == VIA_CONN_MORE && end->n_held == 0);
}

/* What the machine of @end has to say, as frames that stand in @f. */
static unsigned pull(struct end *end, struct frames *f, struct wire_header headers[3]) {
        uint8_t *buf = malloc(VIA_CONN_PULL);
        unsigned n = 0;

        f->n = 0;
        frames_raw(f, buf, via_conn_pull(&end->conn, buf));
        free(buf);
        for (size_t i = 0; i < f->n; i += WIRE_HEADER + headers[n++].length) {
                REQUIRE(n < 3 && f->n - i >= WIRE_HEADER);
                headers[n] = wire_get_header(f->data + i);
                REQUIRE(f->n - i - WIRE_HEADER >= headers[n].length);
        }
        CHECK(!via_conn_talks(&end->conn));
        return n;
}

static uint32_t call(struct end *end, void *what, int64_t due) {
        uint32_t id = 0;

        REQUIRE(via_calls_add(&end->conn.calls, what, due, &id) == 0);
        return id;
}

static void stop(struct end *end) {
        via_conn_fini(&end->conn);
}

/* The first bytes that @f has must end the connection, and be described as @why. */
static void refused(struct frames *f, bool greeted, const char *why) {
        static struct end end;

        if (greeted)
                start_greeted(&end);
        else
                start(&end, 0);
        arrive_all(&end, f);
        CHECK_INT(end.r, ==, -EPROTO);
        CHECK_STR(end.conn.why, why);
        CHECK_INT(end.n_events, ==, 0);
        stop(&end);
}

static struct end end, other;
static struct frames f;

/* --- hello ------------------------------------------------------------------------------------ */

TEST(says_hello_first_and_once) {
        struct wire_header h[3];

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
        struct wire_header h[3];

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
        struct wire_header h[3];

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

/* Something of everything. Both ends of a comparison have made the same calls before. */
static void everything(struct frames *all) {
        static char body[300];

        for (size_t i = 0; i < sizeof(body); i++)
                body[i] = (char)i;
        frames_hello_of(all, 0, 3, 1000, 1000);
        frames_call(all, 1, 11, body, 50);
        frames_put(all, (struct wire_header){ .type = WIRE_PING, .value = 1 }, "", 0);
        frames_put(all, (struct wire_header){ .type = WIRE_REPLY, .id = 1, .value = 5 }, body, 20);
        frames_call(all, 2, 12, body, 250);     /* too big */
        frames_put(all, (struct wire_header){ .type = WIRE_REPLY, .id = 2 }, body, 300);
        frames_put(all, (struct wire_header){ .type = WIRE_REPLY, .id = 77 }, body, 299);
        frames_put(all, (struct wire_header){ .type = WIRE_REPLY, .id = 78 }, body, 2);
        frames_put(all, (struct wire_header){ .type = WIRE_PONG }, body, 3);
        frames_put(all, (struct wire_header){ .type = WIRE_CANCEL, .id = 1 }, body, 7);
        frames_text(all, (struct wire_header){ .type = WIRE_GOAWAY, .value = 8 }, "enough");
        frames_call(all, 3, 13, body, 0);
        frames_header(all, (struct wire_header){ .type = 200 });
}

static void start_everything(struct end *one) {
        start(one, 200);
        for (int i = 0; i < 3; i++)
                call(one, &sent[i], INT64_MAX);
        REQUIRE(via_opens_add(&one->conn.opens, 1, &sent[10], INT64_MAX, NULL) == 0);
}

static void check_same(const struct end *a, const struct end *b) {
        CHECK_INT(a->r, ==, b->r);
        CHECK_INT(a->n_held, ==, b->n_held);
        CHECK_INT(a->bodies, ==, b->bodies);
        CHECK_INT(a->conn.calls.n, ==, b->conn.calls.n);
        CHECK_STR(a->conn.why, b->conn.why);
        REQUIRE(a->n_events == b->n_events);
        for (unsigned i = 0; i < a->n_events; i++) {
                const struct via_event *x = &a->events[i], *y = &b->events[i];

                CHECK(x->type == y->type && x->id == y->id && x->value == y->value);
                CHECK(x->size == y->size && x->method == y->method && x->call == y->call);
                CHECK(x->too_big == y->too_big && x->oneway == y->oneway);
        }
}

TEST(cut_at_any_byte_it_is_the_same) {
        static struct frames all;

        everything(&all);
        start_everything(&end);
        arrive(&end, all.data, all.n);
        CHECK_INT(end.n_events, ==, 8);
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

/* --- what it says itself ---------------------------------------------------------------------- */

TEST(ping_brings_pong) {
        struct wire_header h[3];

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
        struct wire_header h[3];

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
        struct wire_header h[3];

        start_greeted(&end);
        pull(&end, &f, h);
        f.n = 0;
        frames_put(&f, (struct wire_header){ .type = WIRE_PONG }, "", 0);
        arrive_all(&end, &f);
        CHECK(end.n_events == 1 && end.events[0].type == VIA_EVENT_PONG);
        CHECK(!via_conn_talks(&end.conn));
        stop(&end);
}

static void says_goodbye(const char *text, size_t n, uint32_t code, bool greeted) {
        if (greeted)
                start_greeted(&end);
        else
                start(&end, 0);
        frames_put(&f, (struct wire_header){ .type = WIRE_GOAWAY, .value = code }, text, n);
        arrive_all(&end, &f);
        REQUIRE(end.n_events == 1);
        CHECK(end.events[0].type == VIA_EVENT_GOAWAY && end.events[0].value == code);
        CHECK(end.conn.state & VIA_CONN_GOAWAY_SEEN);
        stop(&end);
}

TEST(goaway_says_why) {
        static char text[WIRE_TEXT_MAX];

        says_goodbye("moving house", 12, 14, true);
        CHECK_STR(end.conn.why, "moving house");
        CHECK_INT(end.conn.goaway_code, ==, 14);
        says_goodbye("", 0, 0, true);
        CHECK_STR(end.conn.why, "");
        says_goodbye("full", 4, 8, false);      /* even to whom it has not greeted */
        CHECK_STR(end.conn.why, "full");
        says_goodbye("", 0, 17, true);          /* a code that is none */
        CHECK_INT(end.conn.goaway_code, ==, 2);
        says_goodbye("", 0, UINT32_MAX, true);
        CHECK_INT(end.conn.goaway_code, ==, 2);
        says_goodbye("\033[31mred\n\0\177\377~", 13, 1, true);
        CHECK_STR(end.conn.why, "?[31mred????~");
        memset(text, 'x', sizeof(text));
        says_goodbye(text, sizeof(text), 1, true);
        CHECK_INT(strlen(end.conn.why), ==, sizeof(end.conn.why) - 1);
}

TEST(leaves_once) {
        static char text[1000];
        struct wire_header h[3];

        start_greeted(&end);
        pull(&end, &f, h);
        memset(text, 'x', sizeof(text) - 1);
        via_conn_goaway(&end.conn, 14, text);
        via_conn_goaway(&end.conn, 3, "again");
        REQUIRE(pull(&end, &f, h) == 1);
        CHECK(h[0].type == WIRE_GOAWAY && h[0].value == 14);
        CHECK_INT(h[0].length, ==, sizeof(end.conn.why) - 1);
        via_conn_goaway(&end.conn, 3, "and again");
        CHECK_INT(pull(&end, &f, h), ==, 0);
        stop(&end);
}

/* The peer's words must not go back to it as if they were ours. */
TEST(both_leave_at_once) {
        struct wire_header h[3];

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

TEST(all_it_can_say_fits) {
        static char text[1000];
        struct wire_header h[3];

        start(&end, 0);
        frames_hello(&f);
        frames_put(&f, (struct wire_header){ .type = WIRE_PING }, "", 0);
        arrive_all(&end, &f);
        memset(text, 'x', sizeof(text) - 1);
        via_conn_goaway(&end.conn, 1, text);
        REQUIRE(pull(&end, &f, h) == 3);        /* in memory of just VIA_CONN_PULL */
        CHECK(h[0].type == WIRE_HELLO_FRAME && h[1].type == WIRE_PONG && h[2].type == WIRE_GOAWAY);
        stop(&end);
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

TEST(asks_for_no_memory_itself) {
        struct wire_header h[3];
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
        CHECK_INT(alloc_count(), ==, before);
        pull(&end, &f, h);
        stop(&end);
        stop(&end);
        CHECK_INT(alloc_live(), ==, 0);
}
