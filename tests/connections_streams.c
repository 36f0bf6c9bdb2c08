/*
 * connections_streams.c - streams whose link ends, or has never been
 */
#include "caller.h"
#include "connections_place.h"
#include "host.h"
#include "test.h"

TEST(a_stream_ends_with_its_link) {
        for (int driver = 0; driver < DRIVERS; driver++) {
                struct msg_none request = { 0 };
                struct via_error err = VIA_ERROR_INIT;
                struct via_stream *stream;
                struct msg_octets item;
                struct caller caller;
                struct host host;
                int code;

                host_start(&host, place("a"), NULL);
                REQUIRE(caller_open(&caller, (enum driver)driver, place("a"), NULL, NULL) ==
                        VIA_OK);
                CHECK_INT(call_echo(&caller, "x", 1, NULL), ==, VIA_OK);
                REQUIRE(via_stream_open(caller.client, method("Streams/mirror"), NULL, &request,
                                        &stream, &err) == VIA_OK);
                caller_poll(&caller);
                kill(host.pid, SIGKILL);
                waitpid(host.pid, NULL, 0);
                while ((code = via_stream_read(stream, method("Streams/mirror"), &item, &err)) ==
                       VIA_LATER)
                        caller_turn(&caller);
                CHECK_INT(code, ==, VIA_END);
                while ((code = via_stream_finish(stream, method("Streams/mirror"), NULL, &err)) ==
                       VIA_LATER)
                        caller_turn(&caller);
                CHECK_INT(code, ==, VIA_UNAVAILABLE);
                via_error_fini(&err);
                caller_close(&caller);
                host_start(&host, place("a"), NULL);    /* cleans up after it */
                host_stop(&host);
                place_end();
        }
}

/* One that is opened before there is a link waits for it, and then is like any other. */
TEST(a_stream_of_a_lazy_client) {
        for (int driver = 0; driver < DRIVERS; driver++) {
                struct via_client_options options = { .flags = VIA_CLIENT_LAZY };
                struct msg_octets item = { .data = { 3, (uint8_t *)(uintptr_t) "abc" } };
                const struct via_method *m = method("Streams/mirror");
                struct msg_none request = { 0 };
                struct via_stream *stream;
                struct caller caller;
                struct host host;
                int code;

                host_start(&host, place("a"), NULL);
                REQUIRE(caller_open(&caller, (enum driver)driver, place("a"), &options, NULL) ==
                        VIA_OK);
                REQUIRE(via_stream_open(caller.client, m, NULL, &request, &stream, NULL) ==
                        VIA_OK);
                while ((code = via_stream_write(stream, m, &item, NULL)) == VIA_LATER)
                        caller_turn(&caller);
                CHECK_INT(code, ==, VIA_OK);
                while ((code = via_stream_read(stream, m, &item, NULL)) == VIA_LATER)
                        caller_turn(&caller);
                CHECK_INT(code, ==, VIA_OK);
                CHECK(item.data.len == 3 && memcmp(item.data.data, "abc", 3) == 0);
                free(item.data.data);
                while ((code = via_stream_finish(stream, m, NULL, NULL)) == VIA_LATER)
                        caller_turn(&caller);
                CHECK_INT(code, ==, VIA_OK);
                caller_close(&caller);
                host_stop(&host);
                place_end();
        }
}

/* Closed and cancelled before there was a link, in all ways. */
TEST(a_stream_that_never_had_a_link) {
        struct via_client_options options = { .flags = VIA_CLIENT_LAZY };
        struct via_call_options patient = { .flags = VIA_WAIT_FOR_READY };
        const struct via_method *m = method("Streams/mirror");
        struct msg_none request = { 0 };
        struct via_stream *streams[3];
        struct caller caller;

        REQUIRE(caller_open(&caller, LOOP, place("nobody"), &options, NULL) == VIA_OK);
        for (int i = 0; i < 3; i++)
                REQUIRE(via_stream_open(caller.client, m, &patient, &request, &streams[i],
                                        NULL) == VIA_OK);
        via_stream_cancel(streams[0]);
        CHECK_INT(via_stream_finish(streams[0], m, NULL, NULL), ==, VIA_CANCELLED);
        CHECK_INT(via_stream_close_send(streams[1], NULL), ==, VIA_OK);
        CHECK_INT(via_stream_finish(streams[1], m, NULL, NULL), ==, VIA_LATER);
        uv_run(&caller.loop, UV_RUN_NOWAIT);
        via_stream_cancel(streams[1]);
        CHECK_INT(via_stream_finish(streams[1], m, NULL, NULL), ==, VIA_CANCELLED);
        via_stream_cancel(streams[2]);
        CHECK_INT(via_stream_finish(streams[2], m, NULL, NULL), ==, VIA_CANCELLED);
        caller_close(&caller);
        place_end();
}

static void nothing(void *user, struct via_stream *stream) {
        (void)user;
        (void)stream;
}

/* What has lost its link, or never had one, may outlive its client as well as any other stream. */
TEST(streams_without_a_link_outlive_their_client) {
        struct via_client_options options = { .flags = VIA_CLIENT_LAZY };
        struct via_call_options patient = { .flags = VIA_WAIT_FOR_READY };
        const struct via_method *m = method("Streams/mirror");
        struct msg_none request = { 0 };
        struct via_stream *streams[2];
        struct msg_octets item;
        struct caller caller;
        struct host host;

        host_start(&host, place("a"), NULL);
        REQUIRE(caller_open(&caller, LOOP, place("a"), &options, NULL) == VIA_OK);
        REQUIRE(via_stream_open(caller.client, m, NULL, &request, &streams[0], NULL) == VIA_OK);
        while (via_client_state(caller.client) != VIA_CLIENT_READY)
                caller_turn(&caller);
        caller_poll(&caller);
        kill(host.pid, SIGKILL);
        waitpid(host.pid, NULL, 0);
        while (!via_stream_done(streams[0]))
                caller_turn(&caller);
        caller_poll(&caller);
        REQUIRE(via_stream_open(caller.client, m, &patient, &request, &streams[1], NULL) ==
                VIA_OK);
        caller_close(&caller);
        for (int i = 0; i < 2; i++) {
                via_stream_on_ready(streams[i], nothing, NULL);
                CHECK_INT(via_stream_read(streams[i], m, &item, NULL), ==, VIA_END);
                CHECK_INT(via_stream_finish(streams[i], m, NULL, NULL), ==,
                          i ? VIA_CANCELLED : VIA_UNAVAILABLE);
        }
        host_start(&host, place("a"), NULL);    /* cleans up after the dead one */
        host_stop(&host);
        place_end();
}
