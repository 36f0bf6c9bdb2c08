/*
 * test_opens.c - the calls of a peer that are not answered yet
 */
#include "alloc.h"
#include "opens.h"
#include "random.h"
#include "test.h"

static char things[65536];                      /* what calls point to: their addresses */

static void *take(struct via_opens *opens, uint32_t id) {
        void *call = NULL;

        return via_opens_take(opens, id, &call) == 0 ? call : NULL;
}

static void *expire(struct via_opens *opens, int64_t now, uint32_t *ret_id) {
        void *call = NULL;

        return via_opens_expire(opens, now, &call, ret_id) == 0 ? call : NULL;
}

static int add(struct via_opens *opens, uint32_t id, void *call, int64_t due) {
        return via_opens_add(opens, id, call, due, NULL);
}

TEST(costs_nothing_until_it_is_used) {
        unsigned long before = alloc_count();
        struct via_opens opens;
        uint32_t id;

        via_opens_init(&opens, 1024);
        CHECK(!via_opens_find(&opens, 0));
        CHECK(!take(&opens, 1));
        CHECK(!expire(&opens, INT64_MAX, &id));
        via_opens_fini(&opens);
        via_opens_fini(&opens);
        CHECK_INT(alloc_count(), ==, before);
        CHECK_INT(add(&opens, 1, &things[0], 0), ==, VIA_CALLS_FULL);
}

TEST(each_id_finds_its_call_once) {
        struct via_opens opens;
        struct via_flow flow;

        via_opens_init(&opens, 100);
        CHECK_INT(via_opens_add(&opens, 7, &things[7], INT64_MAX, &flow), ==, 0);
        CHECK_INT(add(&opens, 0, &things[0], INT64_MAX), ==, 0);
        CHECK_INT(add(&opens, UINT32_MAX, &things[1], INT64_MAX), ==, 0);
        CHECK(via_opens_find(&opens, 7)->call == &things[7]);
        CHECK(via_opens_find(&opens, 7)->flow == &flow);
        CHECK(!via_opens_find(&opens, 0)->flow);
        CHECK(!via_opens_find(&opens, 8));
        CHECK(take(&opens, 7) == &things[7] && !take(&opens, 7));
        CHECK(take(&opens, UINT32_MAX) == &things[1]);
        CHECK(take(&opens, 0) == &things[0]);
        CHECK_INT(opens.n, ==, 0);
        via_opens_fini(&opens);
}

TEST(an_id_is_there_once) {
        struct via_opens opens;

        via_opens_init(&opens, 1);
        CHECK_INT(add(&opens, 5, &things[0], INT64_MAX), ==, 0);
        CHECK_INT(add(&opens, 5, &things[1], INT64_MAX), ==, -EEXIST);  /* even where it is full */
        CHECK_INT(add(&opens, 6, &things[1], INT64_MAX), ==, VIA_CALLS_FULL);
        CHECK(take(&opens, 5) == &things[0]);
        CHECK_INT(add(&opens, 5, &things[1], INT64_MAX), ==, 0);
        CHECK(take(&opens, 5) == &things[1]);
        via_opens_fini(&opens);
}

/* One call at a time, for ever: no memory is asked for again. */
TEST(slots_are_used_again) {
        struct via_opens opens;
        unsigned long before;

        via_opens_init(&opens, 1024);
        REQUIRE(add(&opens, 0, &things[0], INT64_MAX) == 0);
        before = alloc_count();
        for (uint32_t id = 1; id < 100000; id++) {
                REQUIRE(add(&opens, id, &things[1], INT64_MAX) == 0);
                REQUIRE(take(&opens, id) == &things[1]);
        }
        CHECK_INT(alloc_count(), ==, before);
        CHECK_INT(opens.mask, <, 16);
        via_opens_fini(&opens);
}

TEST(as_many_as_the_limit_can_be) {
        struct via_opens opens;
        uint32_t step = 0x10001, id;

        via_opens_init(&opens, 65536);
        for (uint32_t i = 0; i < 65536; i++)
                REQUIRE(add(&opens, i * step, &things[i], i) == 0);
        CHECK_INT(add(&opens, 1, &things[0], 0), ==, VIA_CALLS_FULL);
        CHECK_INT(opens.n, ==, 65536);
        for (uint32_t i = 0; i < 65536; i++)
                REQUIRE(via_opens_find(&opens, i * step)->call == &things[i]);
        for (uint32_t i = 0; i < 65536; i += 2)
                REQUIRE(take(&opens, i * step) == &things[i]);
        for (uint32_t i = 0; i < 32768; i++)
                REQUIRE(expire(&opens, INT64_MAX - 1, &id) == &things[id / step] && id / step % 2);
        CHECK(!expire(&opens, INT64_MAX - 1, &id));
        via_opens_fini(&opens);
}

/* Ids that a peer has chosen so that all want the same slot. */
TEST(ids_that_collide_find_their_calls) {
        enum { N = 512 };
        static uint32_t ids[N];
        struct via_opens opens, probe;
        unsigned n = 0;

        /* With eight slots, whoever comes alone to slot 3. */
        for (uint32_t id = 0; n < N; id++) {
                via_opens_init(&probe, 1);
                REQUIRE(add(&probe, id, &things[0], 0) == 0);
                if (probe.slots[3].call)
                        ids[n++] = id;
                via_opens_fini(&probe);
        }
        via_opens_init(&opens, 4);
        for (int i = 0; i < 4; i++)
                CHECK_INT(add(&opens, ids[i], &things[i], INT64_MAX), ==, 0);
        CHECK(take(&opens, ids[1]) == &things[1]);      /* those behind it are still found */
        CHECK(take(&opens, ids[3]) == &things[3]);
        CHECK(via_opens_find(&opens, ids[2])->call == &things[2]);
        CHECK_INT(add(&opens, ids[2], &things[9], INT64_MAX), ==, -EEXIST);
        CHECK_INT(add(&opens, ids[1], &things[1], INT64_MAX), ==, 0);
        for (int i = 0; i < 3; i++)
                CHECK(take(&opens, ids[i]) == &things[i]);
        CHECK(!take(&opens, ids[3]));
        via_opens_fini(&opens);

        via_opens_init(&opens, N);
        for (int round = 0; round < 10; round++) {
                for (int i = 0; i < N; i++)
                        REQUIRE(add(&opens, ids[i], &things[i], INT64_MAX) == 0);
                for (int i = round % 2 ? N - 1 : 0; i >= 0 && i < N; i += round % 2 ? -1 : 1)
                        REQUIRE(take(&opens, ids[i]) == &things[i]);
        }
        via_opens_fini(&opens);
}

/* --- time ------------------------------------------------------------------------------------- */

TEST(who_is_due_hears_of_it_once_and_stays) {
        struct via_opens opens;
        uint32_t id;

        via_opens_init(&opens, 8);
        add(&opens, 70, &things[0], 100);
        add(&opens, 71, &things[1], 50);
        CHECK_INT(opens.due, ==, 50);
        CHECK(!expire(&opens, 49, &id));
        CHECK(expire(&opens, 50, &id) == &things[1] && id == 71);
        CHECK(!expire(&opens, 50, &id));
        CHECK_INT(opens.due, ==, 100);
        CHECK(expire(&opens, 1000, &id) == &things[0] && id == 70);
        CHECK(!expire(&opens, 1000000, &id));
        CHECK_INT(opens.due, ==, INT64_MAX);
        CHECK_INT(opens.n, ==, 2);
        CHECK(take(&opens, 70) == &things[0] && take(&opens, 71) == &things[1]);
        via_opens_fini(&opens);
}

/* The end of a link: each is taken out as it is told, whatever its time. */
TEST(all_are_due_at_the_end_of_time) {
        struct via_opens opens;
        bool told[1000] = { 0 };
        unsigned n = 0;
        void *call;
        uint32_t id;

        via_opens_init(&opens, 1000);
        for (uint32_t i = 0; i < 1000; i++)
                add(&opens, i * 7, &things[i], i % 3 ? INT64_MAX : i);
        while ((call = expire(&opens, INT64_MAX, &id))) {
                REQUIRE(call == &things[id / 7] && !told[id / 7]);
                told[id / 7] = true;
                REQUIRE(take(&opens, id) == call);
                n++;
        }
        CHECK_INT(n, ==, 1000);
        via_opens_fini(&opens);
}

/* Against the simplest table there is, while it grows, shrinks and is swept. */
TEST(does_what_a_list_would) {
        struct {
                uint32_t id;
                int64_t due;
                void *call;
                struct via_flow *flow;
        } list[300] = { { 0 } };
        static struct via_flow flows[300];
        struct random random = { 1 };
        struct via_opens opens;
        int64_t now = 0;
        unsigned n = 0;

        via_opens_init(&opens, 300);
        for (int step = 0; step < 300000; step++) {
                unsigned i = random_below(&random, 300);
                uint32_t id = (uint32_t)random_next(&random) & (step & 4096 ? 1023 : UINT32_MAX);
                struct via_open *open = via_opens_find(&opens, id);
                void *call;

                for (unsigned j = 0; j < 300 && open; j++)
                        if (list[j].call && list[j].id == id)
                                REQUIRE(open->call == list[j].call && open->flow == list[j].flow);
                if (!list[i].call && open) {
                        REQUIRE(add(&opens, id, &things[i], 0) == -EEXIST);
                } else if (!list[i].call) {
                        list[i].call = &things[i];
                        list[i].flow = random_once(&random, 2) ? &flows[i] : NULL;
                        list[i].due = now + random_below(&random, 1000);
                        list[i].id = id;
                        REQUIRE(via_opens_add(&opens, id, list[i].call, list[i].due,
                                              list[i].flow) == 0);
                        n++;
                } else if (random_once(&random, step & 8192 ? 3 : 1)) {
                        REQUIRE(take(&opens, list[i].id) == list[i].call);
                        list[i].call = NULL;
                        n--;
                }
                REQUIRE(opens.n == n);
                now += random_below(&random, 5);
                if (!random_once(&random, 20))
                        continue;
                while ((call = expire(&opens, now, &id))) {
                        i = (unsigned)((char *)call - things);
                        REQUIRE(list[i].call && list[i].id == id && list[i].due <= now);
                        list[i].due = INT64_MAX;
                        if (random_once(&random, 2))
                                continue;
                        REQUIRE(take(&opens, id) == call);
                        list[i].call = NULL;
                        n--;
                        if (random_once(&random, 3)) {  /* while others expire */
                                list[i].call = call;
                                list[i].due = now + 1 + random_below(&random, 1000);
                                list[i].flow = NULL;
                                REQUIRE(add(&opens, id, call, list[i].due) == 0);
                                n++;
                        }
                }
                for (i = 0; i < 300; i++)
                        REQUIRE(!list[i].call || (list[i].due > now && list[i].due >= opens.due));
        }
        via_opens_fini(&opens);
}

TEST(no_memory_loses_no_call) {
        struct alloc_turns turns = { 0 };

        while (alloc_turn(&turns)) {
                struct via_opens opens;

                via_opens_init(&opens, 64);
                for (uint32_t i = 0; i < 64;) {
                        int r = add(&opens, i, &things[i], INT64_MAX);

                        if (r == 0)
                                i++;
                        else
                                CHECK(r == -ENOMEM && alloc_failed() && opens.n == i);
                }
                for (uint32_t i = 0; i < 64; i++)
                        CHECK(take(&opens, i) == &things[i]);
                via_opens_fini(&opens);
        }
        CHECK_INT(turns.n, >, 4);
}
