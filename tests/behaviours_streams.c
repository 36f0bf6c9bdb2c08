/*
 * behaviours_streams.c - calls in which items go to and fro
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/wait.h>
#include <unistd.h>
#include "behaviour.h"
#include "waiting.h"

static const struct {
        uint32_t n, size;
} kinds[] = { { 0, 10 }, { 1, 0 }, { 1000, 0 }, { 10, 1 }, { 20000, 64 },
              { 200, 16384 }, { 20, 65520 }, { 20, 65521 }, { 3, 3000001 } };
#define EACH_KIND(k) (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)

static bool is_pattern(size_t n, const uint8_t *data) {
        return n == 0 || memcmp(data, pattern(n), n) == 0;
}

/* Reads until the end: how many items, all of @size; -1: one was wrong. */
static int64_t read_all(struct caller *caller, struct via_stream *stream, uint32_t size) {
        int64_t n_items = 0;
        uint8_t *data;
        size_t n;
        int code;

        while ((code = WAITING(caller, conf_Streams_source_read(stream, &n, &data, NULL))) ==
               VIA_OK) {
                bool good = n == size && is_pattern(n, data);

                free(data);
                if (!good)
                        return -1;
                n_items++;
        }
        CHECK_INT(code, ==, VIA_END);
        CHECK_INT(conf_Streams_source_read(stream, &n, &data, NULL), ==, VIA_END);
        return n_items;
}

BEHAVIOUR(the_server_streams) {
        for EACH_KIND(k) {
                        struct via_stream *stream =
                                open_source(&scene->caller, kinds[k].n, kinds[k].size);

                        CHECK_INT(read_all(&scene->caller, stream, kinds[k].size), ==, kinds[k].n);
                        CHECK(via_stream_done(stream));
                        CHECK_INT(WAITING(&scene->caller,
                                          conf_Streams_source_finish(stream, NULL)),
                                  ==, VIA_OK);
                }
}

static struct via_stream *open_sink(struct caller *caller) {
        struct via_stream *stream = NULL;

        REQUIRE(conf_Streams_sink_open(caller->client, &stream, NULL) == VIA_OK);
        waits_for(caller, stream);
        return stream;
}

BEHAVIOUR(the_client_streams) {
        for EACH_KIND(k) {
                        struct via_stream *stream = open_sink(&scene->caller);
                        uint64_t n = 0;

                        for (uint32_t i = 0; i < kinds[k].n; i++)
                                REQUIRE(WAITING(&scene->caller,
                                                conf_Streams_sink_write(stream, kinds[k].size,
                                                                        pattern(kinds[k].size),
                                                                        NULL)) == VIA_OK);
                        CHECK_INT(conf_Streams_sink_close_send(stream, NULL), ==, VIA_OK);
                        CHECK_INT(WAITING(&scene->caller,
                                          conf_Streams_sink_finish(stream, &n, NULL)),
                                  ==, VIA_OK);
                        CHECK_INT(n, ==, (uint64_t)kinds[k].n * kinds[k].size);
                }
}

/* --- both ways --- */

static struct via_stream *open_mirror(struct caller *caller, bool in_pool) {
        struct via_stream *stream = NULL;

        REQUIRE((in_pool ? conf_Streams_pool_mirror_open(caller->client, &stream, NULL)
                         : conf_Streams_mirror_open(caller->client, &stream, NULL)) == VIA_OK);
        waits_for(caller, stream);
        return stream;
}

/* @first: the item's first byte, so that it is known again. */
static int put(struct caller *caller, struct via_stream *stream, bool in_pool, size_t n,
               uint8_t first) {
        uint8_t *data = malloc(n + 1);
        int code;

        REQUIRE(data != NULL);
        memcpy(data, pattern(n), n);
        data[0] = first;
        code = WAITING(caller, in_pool ? conf_Streams_pool_mirror_write(stream, n, data, NULL)
                                       : conf_Streams_mirror_write(stream, n, data, NULL));
        free(data);
        return code;
}

static void get(struct caller *caller, struct via_stream *stream, bool in_pool, size_t n,
                uint8_t first) {
        uint8_t *data = NULL;
        size_t size = 0;

        REQUIRE(WAITING(caller, in_pool
                                        ? conf_Streams_pool_mirror_read(stream, &size, &data, NULL)
                                        : conf_Streams_mirror_read(stream, &size, &data, NULL)) ==
                VIA_OK);
        CHECK_INT(size, ==, n);
        CHECK(size == n && data[0] == first &&
              (n < 2 || memcmp(data + 1, pattern(n) + 1, n - 1) == 0));
        free(data);
}

static int finish_mirror(struct caller *caller, struct via_stream *stream, bool in_pool) {
        return WAITING(caller, in_pool ? conf_Streams_pool_mirror_finish(stream, NULL)
                                       : conf_Streams_mirror_finish(stream, NULL));
}

static void there_and_back(struct scene *scene, bool in_pool) {
        static const size_t sizes[] = { 1, 64, 4096, 65536, 1 << 20 };

        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
                struct via_stream *stream = open_mirror(&scene->caller, in_pool);

                for (uint8_t k = 0; k < 20; k++) {
                        REQUIRE(put(&scene->caller, stream, in_pool, sizes[i], k) == VIA_OK);
                        get(&scene->caller, stream, in_pool, sizes[i], k);
                }
                CHECK_INT(finish_mirror(&scene->caller, stream, in_pool), ==, VIA_OK);
        }
}

BEHAVIOUR(both_stream_by_turns) {
        there_and_back(scene, false);
}

BEHAVIOUR(a_handler_that_blocks_streams) {
        there_and_back(scene, true);
}

BEHAVIOUR(many_streams_do_not_mix) {
        struct via_stream *streams[40];

        for (int i = 0; i < 40; i++)
                streams[i] = open_mirror(&scene->caller, false);
        for (int round = 0; round < 20; round++) {
                for (int i = 0; i < 40; i++)
                        REQUIRE(put(&scene->caller, streams[i], false, 100,
                                    (uint8_t)(i + round)) == VIA_OK);
                for (int i = 39; i >= 0; i--)
                        get(&scene->caller, streams[i], false, 100, (uint8_t)(i + round));
        }
        for (int i = 0; i < 40; i++)
                CHECK_INT(finish_mirror(&scene->caller, streams[i], false), ==, VIA_OK);
}

/* --- who does not read --- */

BEHAVIOUR(a_slow_stream_stops_nobody_else) {
        struct via_stream *slow[4], *other;

        for (int i = 0; i < 4; i++)
                slow[i] = open_source(&scene->caller, 1000000, 1000);
        other = open_source(&scene->caller, 5000, 1000);
        CHECK_INT(read_all(&scene->caller, other, 1000), ==, 5000);
        CHECK_INT(WAITING(&scene->caller, conf_Streams_source_finish(other, NULL)), ==, VIA_OK);
        CHECK_INT(call_echo(&scene->caller, pattern(100000), 100000, NULL), ==, VIA_OK);
        if (scene->host.pid)
                CHECK(host_memory(&scene->host) < 100 * 1024);
        for (int i = 0; i < 4; i++) {
                via_stream_cancel(slow[i]);
                via_stream_cancel(slow[i]);     /* harmless twice */
                CHECK_INT(conf_Streams_source_finish(slow[i], NULL), ==, VIA_CANCELLED);
        }
        CHECK_INT(call_echo(&scene->caller, "a", 1, NULL), ==, VIA_OK);
}

BEHAVIOUR(a_server_that_does_not_read_stops_the_writer) {
        struct via_call_options options = { .timeout_ms = 300 };
        struct via_stream *stream = NULL;
        uint64_t sent = 0;
        int code;

        REQUIRE(conf_Streams_deaf_open_with(scene->caller.client, &options, &stream, NULL) ==
                VIA_OK);
        waits_for(&scene->caller, stream);
        while ((code = WAITING(&scene->caller, conf_Streams_deaf_write(stream, 1000, pattern(1000),
                                                                       NULL))) == VIA_OK)
                sent += 1000;
        CHECK_INT(code, ==, VIA_DEADLINE_EXCEEDED);
        CHECK(sent >= 16000 && sent < 200000);
        CHECK_INT(conf_Streams_deaf_finish(stream, NULL), ==, VIA_DEADLINE_EXCEEDED);
        CHECK_INT(call_echo(&scene->caller, "a", 1, NULL), ==, VIA_OK);
}

/* --- how it ends --- */

BEHAVIOUR(what_is_not_read_is_dropped_at_the_finish) {
        struct via_stream *stream = open_source(&scene->caller, 500, 1000);

        CHECK_INT(WAITING(&scene->caller, conf_Streams_source_finish(stream, NULL)), ==, VIA_OK);
        stream = open_source(&scene->caller, 2, 3000000);
        CHECK_INT(WAITING(&scene->caller, conf_Streams_source_finish(stream, NULL)), ==, VIA_OK);
        CHECK_INT(call_echo(&scene->caller, "a", 1, NULL), ==, VIA_OK);
}

BEHAVIOUR(an_exception_comes_after_the_items) {
        struct via_error err = VIA_ERROR_INIT;
        struct via_stream *stream = NULL;
        uint32_t n;

        REQUIRE(conf_Streams_few_open(scene->caller.client, 5, &stream, NULL) == VIA_OK);
        waits_for(&scene->caller, stream);
        for (uint32_t i = 0; i < 5; i++) {
                REQUIRE(WAITING(&scene->caller, conf_Streams_few_read(stream, &n, NULL)) == VIA_OK);
                CHECK_INT(n, ==, i);
        }
        CHECK_INT(WAITING(&scene->caller, conf_Streams_few_read(stream, &n, NULL)), ==, VIA_END);
        CHECK_INT(conf_Streams_few_finish(stream, &err), ==, VIA_UNKNOWN);
        CHECK(conf_Refused_get(&err) && conf_Refused_get(&err)->code == 5);
        via_error_fini(&err);
}

BEHAVIOUR(a_server_may_answer_before_the_client_has_ended) {
        struct via_stream *stream = NULL;
        uint32_t n = 0;
        int code = VIA_OK;

        REQUIRE(conf_Streams_early_open(scene->caller.client, &stream, NULL) == VIA_OK);
        waits_for(&scene->caller, stream);
        for (int i = 0; i < 100000 && code == VIA_OK; i++)
                code = WAITING(&scene->caller, conf_Streams_early_write(stream, 7, NULL));
        CHECK_INT(code, ==, VIA_CANCELLED);
        CHECK_INT(conf_Streams_early_finish(stream, &n, NULL), ==, VIA_OK);
        CHECK_INT(n, ==, 7);
        CHECK_INT(call_echo(&scene->caller, "a", 1, NULL), ==, VIA_OK);
}

BEHAVIOUR(nothing_is_written_after_the_half_close) {
        struct via_stream *stream = open_sink(&scene->caller);
        struct via_error err = VIA_ERROR_INIT;
        uint64_t n = 1;

        CHECK_INT(conf_Streams_sink_close_send(stream, NULL), ==, VIA_OK);
        CHECK_INT(conf_Streams_sink_close_send(stream, NULL), ==, VIA_OK);
        CHECK_INT(conf_Streams_sink_write(stream, 1, pattern(1), &err), ==,
                  VIA_FAILED_PRECONDITION);
        CHECK(err.message && strstr(err.message, "closed"));
        CHECK_INT(conf_Streams_mirror_write(stream, 1, pattern(1), &err), ==,
                  VIA_FAILED_PRECONDITION);
        CHECK(err.message && strstr(err.message, "conf.Streams/sink"));
        CHECK_INT(WAITING(&scene->caller, conf_Streams_sink_finish(stream, &n, NULL)), ==, VIA_OK);
        CHECK_INT(n, ==, 0);
        via_error_fini(&err);
}

BEHAVIOUR(an_item_too_large, .query = "max_message=100000") {
        struct via_stream *stream = open_sink(&scene->caller);
        uint64_t n = 0;

        CHECK_INT(call_echo(&scene->caller, "a", 1, NULL), ==, VIA_OK); /* it has said hello */
        CHECK_INT(WAITING(&scene->caller,
                          conf_Streams_sink_write(stream, 100001, pattern(100001), NULL)), ==,
                  VIA_RESOURCE_EXHAUSTED);
        CHECK_INT(WAITING(&scene->caller,
                          conf_Streams_sink_write(stream, 90000, pattern(90000), NULL)), ==,
                  VIA_OK);
        CHECK_INT(WAITING(&scene->caller, conf_Streams_sink_finish(stream, &n, NULL)), ==, VIA_OK);
        CHECK_INT(n, ==, 90000);
}

BEHAVIOUR(a_stream_ends_when_its_time_is_over) {
        struct via_call_options options = { .timeout_ms = 100 };
        struct via_stream *stream = NULL;
        uint32_t before = given_up(&scene->caller);
        uint8_t *data;
        size_t n;

        REQUIRE(conf_Streams_pool_mirror_open_with(scene->caller.client, &options, &stream, NULL) ==
                VIA_OK);
        waits_for(&scene->caller, stream);
        CHECK_INT(WAITING(&scene->caller, conf_Streams_pool_mirror_read(stream, &n, &data, NULL)),
                  ==, VIA_END);
        CHECK_INT(conf_Streams_pool_mirror_finish(stream, NULL), ==, VIA_DEADLINE_EXCEEDED);
        CHECK_INT(given_up(&scene->caller), ==, before);
}

/* Has work write more than there is room for, and return: what it wrote waits for the client. */
static struct via_stream *open_returned(struct scene *scene) {
        struct via_stream *stream = open_mirror(&scene->caller, true);

        for (int i = 0; i < 100; i++)
                REQUIRE(put(&scene->caller, stream, true, 1000, (uint8_t)i) == VIA_OK);
        CHECK_INT(conf_Streams_pool_mirror_close_send(stream, NULL), ==, VIA_OK);
        for (int i = 0; i < 10; i++) {
                CHECK_INT(call_echo(&scene->caller, "a", 1, NULL), ==, VIA_OK);
                usleep(1000);
        }
        return stream;
}

BEHAVIOUR(work_that_has_returned_is_given_up_once) {
        for (int i = 0; i < 20; i++) {
                struct via_stream *stream = open_returned(scene);

                via_stream_cancel(stream);
                CHECK_INT(conf_Streams_pool_mirror_finish(stream, NULL), ==, VIA_CANCELLED);
        }
        there_and_back(scene, true);
}

BEHAVIOUR(what_work_has_written_arrives_after_it_has_returned) {
        for (int i = 0; i < 20; i++) {
                struct via_stream *stream = open_returned(scene);

                for (int k = 0; k < 100; k++)
                        get(&scene->caller, stream, true, 1000, (uint8_t)k);
                CHECK_INT(finish_mirror(&scene->caller, stream, true), ==, VIA_OK);
        }
}

/* As fast as it can: each is ended at the server too, and what it has is given back. */
BEHAVIOUR(streams_opened_and_cancelled_by_the_thousand) {
        for (int i = 0; i < 3000; i++) {
                struct via_stream *stream = NULL;
                int code = conf_Streams_deaf_open(scene->caller.client, &stream, NULL);

                REQUIRE(code == VIA_OK);
                waits_for(&scene->caller, stream);
                conf_Streams_deaf_write(stream, 100, pattern(100), NULL);
                via_stream_cancel(stream);
                CHECK_INT(conf_Streams_deaf_finish(stream, NULL), ==, VIA_CANCELLED);
                if (scene->caller.driver != BLOCKING)
                        caller_poll(&scene->caller);
        }
        until_given_up(&scene->caller, 3000);
        if (scene->host.pid)
                CHECK(host_memory(&scene->host) < 100 * 1024);
}

BEHAVIOUR(a_stopping_server_finishes_its_streams, .shared = true) {
        struct via_stream *stream = open_mirror(&scene->caller, false);

        REQUIRE(put(&scene->caller, stream, false, 10, 1) == VIA_OK);
        get(&scene->caller, stream, false, 10, 1);
        host_ask_to_stop(&scene->host);
        for (uint8_t i = 0; i < 50; i++) {
                REQUIRE(put(&scene->caller, stream, false, 10, i) == VIA_OK);
                get(&scene->caller, stream, false, 10, i);
        }
        CHECK_INT(finish_mirror(&scene->caller, stream, false), ==, VIA_OK);
        host_wait(&scene->host);
}

/* Nobody says goodbye, and nothing but the end of the link tells the handlers. */
BEHAVIOUR(streams_of_a_client_that_dies, .shared = true) {
        struct caller other;
        pid_t pid;

        fflush(stdout);
        if (!scene->host.pid)                   /* it would take the server with it */
                return;
        pid = fork();
        REQUIRE(pid >= 0);
        if (pid == 0) {
                struct via_stream *stream;
                uint8_t *data;
                size_t n;

                scene_open(scene, &other);
                open_mirror(&other, false);
                open_mirror(&other, true);
                stream = open_source(&other, 1000000, 1000);
                _exit(WAITING(&other, conf_Streams_source_read(stream, &n, &data, NULL)));
        }
        CHECK_INT(waitpid(pid, NULL, 0), ==, pid);
        CHECK_INT(call_echo(&scene->caller, "a", 1, NULL), ==, VIA_OK);
}
