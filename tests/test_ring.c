/*
 * test_ring.c - the byte ring: around its end, full, empty, between two threads, and facing a
 * liar
 */
#include <pthread.h>
#include <sched.h>
#include "ring.h"
#include "test.h"

enum { SIZE = 64 };

struct both {
        unsigned char            bytes[SIZE];
        struct via_ring_position tail, head;
        struct via_ring_writer   out;
        struct via_ring_reader   in;
};

/* Both ends of one ring, whose positions start at @position. */
static void both_init(struct both *both, uint64_t position) {
        memset(both, 0, sizeof(*both));
        both->tail.bytes = both->head.bytes = position;
        both->out = (struct via_ring_writer){ both->bytes, SIZE, position,
                                              position, &both->tail, &both->head };
        both->in = (struct via_ring_reader){ both->bytes, SIZE, position,
                                             position, &both->head, &both->tail };
}

TEST(fills_and_empties) {
        char data[SIZE + 1], got[SIZE + 1] = { 0 };
        struct both both;

        both_init(&both, 0);
        memset(data, 'x', sizeof(data));
        CHECK_INT(via_ring_read(&both.in, got, SIZE), ==, 0);
        CHECK_INT(via_ring_write(&both.out, data, sizeof(data)), ==, SIZE);
        CHECK_INT(via_ring_write(&both.out, data, 1), ==, 0);
        CHECK_INT(via_ring_room(&both.out, 1), ==, 0);
        CHECK_INT(via_ring_filled(&both.in, 1), ==, SIZE);
        CHECK_INT(via_ring_read(&both.in, got, 1), ==, 1);
        CHECK_INT(via_ring_write(&both.out, data, sizeof(data)), ==, 1);
        CHECK_INT(via_ring_read(&both.in, got, sizeof(got)), ==, SIZE);
        CHECK_INT(via_ring_read(&both.in, got, sizeof(got)), ==, 0);
        CHECK(memcmp(got, data, 1) == 0);
}

/* Every length at every place, over the end of the ring and of the 64 bits. */
TEST(bytes_survive_every_turn) {
        char data[SIZE], got[SIZE];
        struct both both;

        both_init(&both, UINT64_MAX - 1000);
        for (unsigned round = 0; round < 50 * SIZE; round++) {
                size_t n = 1 + round % SIZE;

                for (size_t i = 0; i < n; i++)
                        data[i] = (char)(round + i * 7);
                CHECK_INT(via_ring_write(&both.out, data, n), ==, n);
                CHECK_INT(via_ring_read(&both.in, got, sizeof(got)), ==, n);
                CHECK(memcmp(got, data, n) == 0);
        }
}

TEST(four_verbs) {
        const unsigned char *there = NULL;
        unsigned char *room = NULL;
        struct both both;

        both_init(&both, SIZE - 10);
        CHECK_INT(via_ring_reserve(&both.out, SIZE, &room), ==, 10);  /* what lies together */
        memcpy(room, "0123456789", 10);
        CHECK_INT(via_ring_peek(&both.in, &there), ==, 0);      /* not yet committed */
        via_ring_commit(&both.out, 10);
        CHECK_INT(via_ring_reserve(&both.out, SIZE, &room), ==, SIZE - 10);
        memcpy(room, "abc", 3);
        via_ring_commit(&both.out, 3);

        CHECK_INT(via_ring_peek(&both.in, &there), ==, 10);
        CHECK(memcmp(there, "0123456789", 10) == 0);
        via_ring_release(&both.in, 4);
        CHECK_INT(via_ring_peek(&both.in, &there), ==, 6);
        via_ring_release(&both.in, 6);
        CHECK_INT(via_ring_peek(&both.in, &there), ==, 3);
        CHECK(memcmp(there, "abc", 3) == 0);
        via_ring_release(&both.in, 3);
        CHECK_INT(via_ring_peek(&both.in, &there), ==, 0);
}

TEST(a_liar_leads_nowhere) {
        static const uint64_t lies[] = { 101 + SIZE, 99, 0, UINT64_MAX,
                                         UINT64_C(1) << 63, 100 - SIZE };
        const unsigned char *there = NULL;
        unsigned char *room = NULL;
        struct both both;
        char buf[SIZE];

        for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
                both_init(&both, 100);
                both.tail.bytes = lies[i];
                CHECK_INT(via_ring_read(&both.in, buf, sizeof(buf)), ==, -EPROTO);
                CHECK_INT(via_ring_peek(&both.in, &there), ==, -EPROTO);

                both_init(&both, 100);
                CHECK_INT(via_ring_write(&both.out, buf, SIZE), ==, SIZE);      /* tail 164 */
                both.head.bytes = lies[i] == 101 + SIZE ? lies[i]
                                  : lies[i] == 99 ? 99
                                                        : lies[i] - 1;
                CHECK_INT(via_ring_write(&both.out, buf, 1), ==, -EPROTO);
                CHECK_INT(via_ring_reserve(&both.out, SIZE, &room), ==, -EPROTO);
        }
}

enum { STREAM = 4 << 20 };

static void *write_stream(void *arg) {
        struct both *both = arg;
        unsigned char chunk[SIZE];

        for (size_t done = 0; done < STREAM;) {
                size_t n = 1 + done % 37;
                ssize_t moved;

                for (size_t i = 0; i < n; i++)
                        chunk[i] = (unsigned char)((done + i) % 251);
                moved = via_ring_write(&both->out, chunk, n);
                if (moved == 0)
                        sched_yield();
                done += (size_t)moved;
        }
        return NULL;
}

TEST(two_threads) {
        static struct both both;
        unsigned char chunk[SIZE];
        pthread_t thread;
        size_t wrong = 0, done = 0;

        both_init(&both, UINT64_MAX - STREAM / 2);
        REQUIRE(pthread_create(&thread, NULL, write_stream, &both) == 0);
        while (done < STREAM + 37) {
                ssize_t n = via_ring_read(&both.in, chunk, 1 + done % 53);

                REQUIRE(n >= 0);
                if (n == 0 && done >= STREAM)
                        break;
                if (n == 0)
                        sched_yield();
                for (ssize_t i = 0; i < n; i++)
                        wrong += chunk[i] != (unsigned char)((done + (size_t)i) % 251);
                done += (size_t)n;
        }
        pthread_join(thread, NULL);
        CHECK_INT(wrong, ==, 0);
        CHECK_INT(done, >=, STREAM);
}
