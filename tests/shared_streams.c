/*
 * shared_streams.c - a stream that several threads use
 */
#include "client_impl.h"
#include "shared_crew.h"
#include "stream.h"
#include "test.h"

static struct via_stream *both;                 /* that two threads use */

static void *writer(void *arg) {
        const struct via_method *m = method("Streams/mirror");

        (void)arg;
        for (uint32_t i = 0; i < 1000; i++) {
                struct msg_octets item = { .data = { i, (uint8_t *)(uintptr_t)pattern(i) } };

                CHECK_INT(via_stream_write(both, m, &item, NULL), ==, VIA_OK);
        }
        CHECK_INT(via_stream_close_send(both, NULL), ==, VIA_OK);
        return NULL;
}

TEST(one_writes_and_another_reads) {
        const struct via_method *m = method("Streams/mirror");
        struct crew crew = { .n = 0 };
        struct msg_octets item;

        begin(via_transports[0], 0);
        both = open_mirror();
        join_in(&crew, writer);
        for (uint32_t i = 0; i < 1000; i++) {
                CHECK_INT(via_stream_read(both, m, &item, NULL), ==, VIA_OK);
                CHECK_INT(item.data.len, ==, i);
                free(item.data.data);
        }
        wait_for(&crew);
        CHECK_INT(via_stream_finish(both, m, NULL, NULL), ==, VIA_OK);
        end();
}

static atomic_int items;

static void *reader(void *arg) {
        const struct via_method *m = method("Streams/mirror");
        struct msg_octets item = { .data = { 0, NULL } };
        int code;

        (void)arg;
        while ((code = via_stream_read(both, m, &item, NULL)) == VIA_OK) {
                atomic_fetch_add(&items, (int)item.data.len);
                free(item.data.data);
                item.data = (ProtobufCBinaryData){ 0, NULL };
        }
        CHECK_INT(code, ==, VIA_END);
        return NULL;
}

/* Nobody said that they may not: each item is one reader's. */
TEST(one_writes_and_three_read) {
        struct crew crew = { .n = 0 };

        begin(via_transports[0], 0);
        atomic_store(&items, 0);
        both = open_mirror();
        for (int i = 0; i < 3; i++)
                join_in(&crew, reader);
        writer(NULL);
        wait_for(&crew);
        CHECK_INT(atomic_load(&items), ==, 999 * 1000 / 2);
        CHECK_INT(via_stream_finish(both, method("Streams/mirror"), NULL, NULL), ==, VIA_OK);
        end();
}

static void *write_in_vain(void *arg) {
        const struct via_method *m = method("Streams/deaf");
        struct msg_octets item = { .data = { 10000, (uint8_t *)(uintptr_t)pattern(10000) } };
        int code;

        while ((code = via_stream_write(both, m, &item, NULL)) == VIA_OK)
                ;
        CHECK_INT(code, ==, arg ? VIA_CANCELLED : VIA_FAILED_PRECONDITION);
        return NULL;
}

/* Who waits to write learns that another one has said that there is no more, or to stop. */
TEST(one_writes_and_another_ends_it) {
        const struct via_method *m = method("Streams/deaf");
        struct msg_none request = { 0 };

        begin(via_transports[0], 0);
        for (int i = 0; i < 2; i++) {
                struct crew crew = { .n = i };

                REQUIRE(via_stream_open(client, m, &patient, &request, &both, NULL) == VIA_OK);
                join_in(&crew, write_in_vain);
                for (bool waits = false; !waits;) {
                        pthread_mutex_lock(&client->shared->lock);
                        waits = both->full;
                        pthread_mutex_unlock(&client->shared->lock);
                }
                if (i == 0)
                        CHECK_INT(via_stream_close_send(both, NULL), ==, VIA_OK);
                else
                        via_stream_cancel(both);
                pthread_join(crew.threads[i], NULL);
                via_stream_cancel(both);
                via_stream_finish(both, m, NULL, NULL);
        }
        end();
}
