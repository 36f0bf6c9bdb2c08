/*
 * test_arena.c - memory that is taken in pieces and given back all at once
 *
 * The arena is compiled into this program once more, with a malloc that counts and can fail.
 */
#include <stdint.h>
#include <stdlib.h>

static int mallocs, fail_at;

static void *counting_malloc(size_t size) {
        /* sanitizers do not like to be asked that */
        if (++mallocs == fail_at || size > SIZE_MAX / 4)
                return NULL;
        return malloc(size);
}

#define malloc counting_malloc
#include "arena.c"
#undef malloc
#include "test.h"

static size_t kept(const struct via_arena *arena) {
        size_t n = 0;

        for (const struct via_chunk *chunk = arena->chunks; chunk; chunk = chunk->older)
                n += chunk->size;
        return n;
}

TEST(pieces_are_apart_and_aligned) {
        struct via_arena *arena = via_arena_new(0);
        uint8_t *pieces[500];

        for (size_t i = 0; i < 500; i++) {
                pieces[i] = via_arena_alloc(arena, i);
                REQUIRE(pieces[i]);
                CHECK_INT((uintptr_t)pieces[i] % VIA_ARENA_ALIGN, ==, 0);
                memset(pieces[i], (int)i, i);
        }
        for (size_t i = 0; i < 500; i++) {
                for (size_t j = 0; j < i; j++)
                        CHECK_INT(pieces[i][j], ==, (uint8_t)i);
        }
        CHECK(!via_arena_free(arena));
        CHECK(!via_arena_free(NULL));
}

TEST(no_mallocs_once_it_is_warm) {
        static const size_t rounds[] = { 10, 5000, 20000, 40000, 65000 };
        struct via_arena arena;

        for (size_t r = 0; r < 5; r++) {
                via_arena_init(&arena, 0);
                for (int i = 0; i < 10; i++) {
                        if (i == 3)
                                mallocs = 0;
                        for (size_t left = rounds[r]; left >= 100; left -= 100)
                                CHECK(via_arena_take(&arena, 50, 1));
                        CHECK(via_arena_take(&arena, rounds[r] / 4, 8));
                        via_arena_reset(&arena);
                        CHECK_INT(kept(&arena), <=, VIA_ARENA_KEEP);
                }
                CHECK_INT(mallocs, ==, 0);
                via_arena_fini(&arena);
        }
}

TEST(keeps_what_is_needed_now_and_then) {
        struct via_arena arena;
        size_t before;

        via_arena_init(&arena, 0);
        for (int i = 0; i < 3; i++) {           /* large rounds, with small ones between */
                before = kept(&arena);
                CHECK(via_arena_take(&arena, 100, 8));
                CHECK(via_arena_take(&arena, 1 << 20, 8));
                CHECK(i < 2 || kept(&arena) == before);
                via_arena_reset(&arena);
                CHECK(via_arena_take(&arena, 100, 8));
                via_arena_reset(&arena);
                CHECK_INT(kept(&arena), >, 1 << 20);
        }
        for (int i = 0; i <= VIA_ARENA_IDLE; i++) {
                CHECK(via_arena_take(&arena, 100, 8));
                via_arena_reset(&arena);
        }
        CHECK_INT(kept(&arena), <=, VIA_ARENA_KEEP);

        CHECK(via_arena_take(&arena, VIA_ARENA_MOST, 8));
        via_arena_reset(&arena);
        CHECK_INT(kept(&arena), <=, VIA_ARENA_MOST);
        via_arena_fini(&arena);
        CHECK_INT(kept(&arena), ==, 0);
        via_arena_fini(&arena);
}

TEST(limit) {
        for (size_t max = 1; max < 20000; max += 997) {
                struct via_arena *arena = via_arena_new(max);

                for (int round = 0; round < 3; round++) {
                        size_t taken = 0;

                        while (via_arena_alloc(arena, 1))
                                taken += VIA_ARENA_ALIGN;
                        CHECK_INT(taken, <=, max + VIA_ARENA_ALIGN);
                        if (!VIA_ARENA_REDZONE)
                                CHECK_INT(taken, >=, max);
                        CHECK(!via_arena_alloc(arena, 1));
                        via_arena_reset(arena);
                        CHECK(!via_arena_alloc(arena, max + 1));
                        via_arena_reset(arena);
                }
                via_arena_free(arena);
        }
}

TEST(too_large) {
        struct via_arena *arena = via_arena_new(0);

        CHECK(!via_arena_alloc(arena, SIZE_MAX));
        CHECK(!via_arena_alloc(arena, SIZE_MAX / 2));
        CHECK(!via_arena_alloc(arena, SIZE_MAX - 16));
        CHECK(via_arena_alloc(arena, 16));
        via_arena_free(arena);
}

TEST(grow_and_shrink) {
        struct via_arena arena;
        char *a, *b, *c;

        via_arena_init(&arena, 0);
        a = via_arena_grow(&arena, NULL, 0, 4, 8);
        memcpy(a, "abcd", 4);
        b = via_arena_grow(&arena, a, 4, 100, 8);
        CHECK(a == b);                                  /* the last one stays where it is */
        b[99] = 'z';
        c = via_arena_take(&arena, 1, 1);
        *c = 'c';
        b = via_arena_grow(&arena, a, 100, 200, 8);
        CHECK(a != b);                                  /* another one must move */
        CHECK(memcmp(b, "abcd", 4) == 0);
        CHECK(b[99] == 'z' && *c == 'c');

        via_arena_shrink(&arena, b, 200, 50);
        c = via_arena_take(&arena, 10, 1);
        CHECK(c < b + 100);                             /* the end was given back */
        via_arena_shrink(&arena, b, 50, 10);            /* not the last one: nothing happens */
        CHECK((char *)via_arena_take(&arena, 1, 1) >= c + 10);

        b = via_arena_grow(&arena, NULL, 0, 3000, 8);
        memset(b, 'b', 3000);
        b = via_arena_grow(&arena, b, 3000, 300000, 8);  /* the last one, but its chunk is full */
        for (int i = 0; i < 3000; i++)
                CHECK(b[i] == 'b');
        memset(b, 'c', 300000);
        via_arena_fini(&arena);
}

TEST(every_allocation_fails_once) {
        for (fail_at = 1; fail_at < 20; fail_at++) {
                struct via_arena arena;
                int failed = 0;

                mallocs = 0;
                via_arena_init(&arena, 0);
                for (int i = 0; i < 2000; i++) {
                        char *p = via_arena_take(&arena, 100, 8);

                        if (p)
                                memset(p, 1, 100);
                        else
                                failed++;
                }
                CHECK_INT(failed, ==, mallocs >= fail_at ? 1 : 0);
                via_arena_reset(&arena);
                CHECK(via_arena_take(&arena, 100, 8));
                via_arena_fini(&arena);
        }
        fail_at = 1;
        mallocs = 0;
        CHECK(!via_arena_new(0));
        fail_at = 0;
}
