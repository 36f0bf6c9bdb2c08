/*
 * test_buffer.c - bytes in, bytes out, and the pool
 */
#include "alloc.h"
#include "buffer.h"
#include "random.h"
#include "test.h"

static void put(struct via_buffer *b, struct via_pool *pool, size_t n, uint8_t *next) {
        REQUIRE(via_buffer_room(b, pool, n) == 0);
        for (size_t i = 0; i < n; i++)
                b->data[b->tail++] = (*next)++;
}

static void get(struct via_buffer *b, size_t n, uint8_t *next) {
        REQUIRE(via_buffer_used(b) >= n);
        for (size_t i = 0; i < n; i++)
                REQUIRE(b->data[b->head++] == (*next)++);
}

TEST(bytes_leave_as_they_came) {
        struct random random = { 7 };
        struct via_buffer b = { 0 };
        struct via_pool pool = { 0 };
        uint8_t in = 0, out = 0;

        for (int i = 0; i < 3000; i++) {
                size_t n = random_below(&random, random_once(&random, 10) ? 60000 : 3000);

                if (random_once(&random, 2))
                        put(&b, &pool, n, &in);
                else
                        get(&b, n < via_buffer_used(&b) ? n : via_buffer_used(&b), &out);
                REQUIRE(b.tail <= b.cap);
        }
        get(&b, via_buffer_used(&b), &out);
        CHECK_INT(in, ==, out);
        via_buffer_give(&b, &pool);
        via_pool_fini(&pool);
}

TEST(what_leaves_makes_room_again) {
        struct via_buffer b = { 0 };
        struct via_pool pool = { 0 };
        uint8_t in = 0, out = 0;
        size_t cap;

        put(&b, &pool, 1000, &in);
        cap = b.cap;
        for (int i = 0; i < 10000; i++) {
                put(&b, &pool, 1000, &in);
                get(&b, 1000, &out);
        }
        CHECK_INT(b.cap, ==, cap);
        via_buffer_fini(&b);
        via_pool_fini(&pool);
}

/* To the byte: what does not fit by one does not fit. */
TEST(room_is_there_when_it_fits_exactly) {
        struct via_pool pool = { 0 };

        for (size_t used = 0; used < 3; used++) {
                struct via_buffer b = { 0 };
                uint8_t in = 0, out = 0;
                unsigned long before;
                size_t cap;

                put(&b, &pool, 1 + used, &in);
                get(&b, 1, &out);
                cap = b.cap;
                before = alloc_count();
                put(&b, &pool, cap - used, &in);
                CHECK_INT(alloc_count(), ==, before);
                put(&b, &pool, 1, &in);
                CHECK_INT(b.cap, ==, cap * 2);
                get(&b, via_buffer_used(&b), &out);
                via_buffer_fini(&b);
        }
}

TEST(a_buffer_given_back_is_taken_again) {
        struct via_buffer b = { 0 };
        struct via_pool pool = { 0 };
        unsigned long before;

        REQUIRE(via_buffer_room(&b, &pool, 1) == 0);
        before = alloc_count();
        for (int i = 0; i < 100; i++) {
                via_buffer_give(&b, &pool);
                CHECK(!b.data && !b.cap && !b.head && !b.tail);
                REQUIRE(via_buffer_room(&b, &pool, 100) == 0);
                CHECK_INT(b.head, ==, 0);
                b.tail = 50;
        }
        CHECK_INT(alloc_count(), ==, before);
        via_buffer_give(&b, &pool);
        via_pool_fini(&pool);
        CHECK_INT(alloc_live(), ==, 0);
}

/* What is kept for whoever comes next is two buffers, the larger ones, and none that is huge. */
TEST(the_pool_keeps_little) {
        static const size_t sizes[] = { 300000, 100, 1000000, 9000000, 500000 };
        struct via_buffer b[5] = { { 0 } };
        struct via_pool pool = { 0 };

        for (int i = 0; i < 5; i++)
                REQUIRE(via_buffer_room(&b[i], &pool, sizes[i]) == 0);
        for (int i = 0; i < 5; i++)
                via_buffer_give(&b[i], &pool);
        CHECK_INT(alloc_live(), ==, 2);
        CHECK_INT(pool.spare[0].cap, ==, 1 << 20);
        CHECK_INT(pool.spare[1].cap, ==, 1 << 19);
        via_pool_fini(&pool);
        via_pool_fini(&pool);
        CHECK_INT(alloc_live(), ==, 0);
}

TEST(giving_nothing_is_nothing) {
        struct via_buffer b = { 0 };
        struct via_pool pool = { 0 };

        via_buffer_give(&b, &pool);
        via_buffer_fini(&b);
        CHECK(!pool.spare[0].data && !pool.spare[1].data);
}

TEST(no_memory_loses_no_byte) {
        struct alloc_turns turns = { 0 };

        while (alloc_turn(&turns)) {
                struct via_buffer b = { 0 };
                struct via_pool pool = { 0 };
                uint8_t in = 0, out = 0;

                while (via_buffer_used(&b) < 3000000) {
                        if (via_buffer_used(&b) > 5000)
                                get(&b, 1000, &out);
                        if (via_buffer_room(&b, &pool, 70000) == 0)
                                put(&b, &pool, 70000, &in);
                        else
                                CHECK(alloc_failed());
                }
                get(&b, via_buffer_used(&b), &out);
                CHECK_INT(in, ==, out);
                via_buffer_fini(&b);
                via_pool_fini(&pool);
        }
        CHECK_INT(turns.n, >, 3);
}

TEST(room_that_cannot_be) {
        struct via_buffer b = { 0 };
        struct via_pool pool = { 0 };
        uint8_t in = 0, out = 0;

        put(&b, &pool, 100, &in);
        CHECK_INT(via_buffer_room(&b, &pool, SIZE_MAX), ==, -ENOMEM);
        CHECK_INT(via_buffer_room(&b, &pool, SIZE_MAX / 2), ==, -ENOMEM);
        get(&b, 100, &out);
        via_buffer_fini(&b);
}
