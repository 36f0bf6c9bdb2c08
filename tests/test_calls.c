/*
 * test_calls.c - the calls that wait for a reply
 */
#include "alloc.h"
#include "calls.h"
#include "random.h"
#include "test.h"

static char things[1024];                       /* what calls point to: their addresses */

static uint32_t add(struct via_calls *calls, void *call, int64_t due) {
        uint32_t id = 0;

        REQUIRE(via_calls_add(calls, call, due, &id) == 0);
        return id;
}

static void *take(struct via_calls *calls, uint32_t id) {
        void *call = NULL;

        return via_calls_take(calls, id, &call) == 0 ? call : NULL;
}

static void *expire(struct via_calls *calls, int64_t now, uint32_t *ret_id) {
        void *call = NULL;

        return via_calls_expire(calls, now, &call, ret_id) == 0 ? call : NULL;
}

TEST(each_id_finds_its_call_once) {
        struct via_calls calls;
        uint32_t ids[100];

        via_calls_init(&calls, 100);
        for (int i = 0; i < 100; i++)
                ids[i] = add(&calls, &things[i], INT64_MAX);
        for (int i = 99; i >= 0; i--)
                CHECK(take(&calls, ids[i]) == &things[i]);
        for (int i = 0; i < 100; i++)
                CHECK(!take(&calls, ids[i]));
        CHECK_INT(calls.n, ==, 0);
        via_calls_fini(&calls);
}

TEST(late_reply_finds_nobody) {
        struct via_calls calls;
        uint32_t early, id;

        via_calls_init(&calls, 1);
        early = add(&calls, &things[0], 5);
        CHECK(expire(&calls, 5, &id) == &things[0]);
        CHECK_INT(id, ==, early);
        for (int i = 0; i < 20; i++) {          /* each slot has somebody else in turn */
                id = add(&calls, &things[1], INT64_MAX);
                CHECK(!take(&calls, early));
                CHECK(take(&calls, id) == &things[1]);
        }
        via_calls_fini(&calls);
}

TEST(no_more_than_max) {
        struct via_calls calls;
        uint32_t id = 77, first;

        via_calls_init(&calls, 5);
        first = add(&calls, &things[0], INT64_MAX);
        for (int i = 1; i < 5; i++)
                add(&calls, &things[i], INT64_MAX);
        CHECK_INT(via_calls_add(&calls, &things[5], INT64_MAX, &id), ==, VIA_CALLS_FULL);
        CHECK_INT(id, ==, 77);
        take(&calls, first);
        CHECK_INT(via_calls_add(&calls, &things[5], INT64_MAX, &id), ==, 0);
        via_calls_fini(&calls);
}

TEST(nobody_in_an_empty_table) {
        struct via_calls calls;
        uint32_t id;

        via_calls_init(&calls, 8);
        CHECK(!take(&calls, 0));
        CHECK(!expire(&calls, INT64_MAX, &id));
        via_calls_fini(&calls);
        via_calls_fini(&calls);
        CHECK_INT(via_calls_add(&calls, &things[0], 0, &id), ==, VIA_CALLS_FULL);
}

TEST(ids_go_round_past_zero) {
        struct via_calls calls;
        uint32_t old[3], id;

        via_calls_init(&calls, 64);
        calls.next = UINT32_MAX - 40;
        for (int i = 0; i < 3; i++)             /* these stay, while the others go round */
                old[i] = add(&calls, &things[i], INT64_MAX);
        for (int i = 0; i < 30; i++)
                CHECK(take(&calls, add(&calls, &things[100], INT64_MAX)));
        for (int i = 3; i < 64; i++)            /* the table doubles on the way */
                id = add(&calls, &things[i], i);
        CHECK_INT(id, <, 100);
        for (int i = 0; i < 3; i++)
                CHECK(take(&calls, old[i]) == &things[i]);
        for (int i = 3; i < 64; i++)
                CHECK(expire(&calls, 1000, &id));
        CHECK_INT(calls.n, ==, 0);
        via_calls_fini(&calls);
}

TEST(due_is_the_next_one) {
        struct via_calls calls;
        uint32_t id;

        via_calls_init(&calls, 64);
        for (int i = 0; i < 40; i++)
                add(&calls, &things[i], 1000 - i * 10);
        CHECK_INT(calls.due, ==, 610);
        CHECK(!expire(&calls, 609, &id));
        CHECK(expire(&calls, 610, &id) == &things[39]);
        CHECK(!expire(&calls, 610, &id));
        CHECK_INT(calls.due, ==, 620);
        for (int i = 38; i >= 0; i--)
                CHECK(expire(&calls, 1000, &id));
        CHECK(!expire(&calls, 1000, &id));
        CHECK_INT(calls.due, ==, INT64_MAX);
        via_calls_fini(&calls);
}

TEST(those_begun_since_are_due_later) {
        struct via_calls calls;
        uint32_t first, id;

        via_calls_init(&calls, 100);
        add(&calls, &things[0], 10);
        first = calls.next;
        add(&calls, &things[1], 10);
        add(&calls, &things[2], INT64_MAX);
        via_calls_postpone(&calls, first, 5);
        CHECK(expire(&calls, 14, &id) == &things[0]);
        CHECK(!expire(&calls, 14, &id));
        CHECK(expire(&calls, 15, &id) == &things[1]);
        CHECK(!expire(&calls, INT64_MAX - 1, &id));
        CHECK(expire(&calls, INT64_MAX, &id) == &things[2]);
        via_calls_postpone(&calls, calls.next, 5);
        via_calls_fini(&calls);
}

TEST(whoever_never_is_due_ends_at_the_end_of_time) {
        struct via_calls calls;
        uint32_t id;

        via_calls_init(&calls, 8);
        add(&calls, &things[0], INT64_MAX);
        CHECK(!expire(&calls, INT64_MAX - 1, &id));
        CHECK(expire(&calls, INT64_MAX, &id) == &things[0]);
        via_calls_fini(&calls);
}

/* Ending a call may start others: the table grows below the sweep. */
TEST(calls_may_start_while_others_expire) {
        struct via_calls calls;
        int ended = 0;
        uint32_t id;

        via_calls_init(&calls, 1024);
        for (int i = 0; i < 8; i++)
                add(&calls, &things[i], 10);
        while (expire(&calls, 10, &id)) {
                ended++;
                if (ended <= 8)
                        for (int i = 0; i < 5; i++)
                                add(&calls, &things[8 + i], 20);
                CHECK_INT(ended, <=, 8);
        }
        CHECK_INT(ended, ==, 8);
        CHECK_INT(calls.due, ==, 20);
        for (ended = 0; expire(&calls, 20, &id); ended++)
                ;
        CHECK_INT(ended, ==, 40);
        via_calls_fini(&calls);
}

/* Against the simplest table there is. */
TEST(does_what_a_list_would) {
        struct {
                uint32_t id;
                int64_t due;
                void *call;
        } list[300] = { { 0 } };
        struct random random = { 1 };
        struct via_calls calls;
        int64_t now = 0;
        unsigned n = 0;

        via_calls_init(&calls, 300);
        calls.next = UINT32_MAX - 50000;
        for (int step = 0; step < 200000; step++) {
                unsigned i = random_below(&random, 300);
                uint32_t id;
                void *call;

                if (!list[i].call) {
                        list[i].call = &things[i];
                        list[i].due = now + random_below(&random, 1000);
                        list[i].id = add(&calls, list[i].call, list[i].due);
                        n++;
                } else if (random_once(&random, 2)) {
                        REQUIRE(take(&calls, list[i].id) == list[i].call);
                        list[i].call = NULL;
                        n--;
                }
                now += random_below(&random, 5);
                if (!random_once(&random, 20))
                        continue;
                while ((call = expire(&calls, now, &id))) {
                        i = (unsigned)((char *)call - things);
                        REQUIRE(list[i].call && list[i].id == id && list[i].due <= now);
                        list[i].call = NULL;
                        n--;
                }
                for (i = 0; i < 300; i++)
                        REQUIRE(!list[i].call || (list[i].due > now && list[i].due >= calls.due));
                REQUIRE(calls.n == n);
        }
        via_calls_fini(&calls);
}

TEST(no_memory_loses_no_call) {
        struct alloc_turns turns = { 0 };

        while (alloc_turn(&turns)) {
                uint32_t ids[64], id = 7;
                struct via_calls calls;
                unsigned n = 0;

                via_calls_init(&calls, 64);
                while (n < 64) {
                        int r = via_calls_add(&calls, &things[n], INT64_MAX, &id);

                        if (r == 0)
                                ids[n++] = id;
                        else
                                CHECK_INT(r, ==, -ENOMEM);
                }
                for (unsigned i = 0; i < 64; i++)
                        CHECK(take(&calls, ids[i]) == &things[i]);
                via_calls_fini(&calls);
        }
        CHECK_INT(turns.n, ==, 5);              /* 8, 16, 32, 64 slots, and none fails */
}
