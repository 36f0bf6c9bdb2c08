/*
 * waiting.c - streams and started calls, waited for with either driver
 */
#include <unistd.h>
#include "test.h"
#include "waiting.h"

static void on_ready(void *user, struct via_stream *stream) {
        (void)user;
        (void)stream;                           /* uv_run() returns: that is all */
}

void waits_for(struct caller *caller, struct via_stream *stream) {
        if (caller->driver != BLOCKING)
                via_stream_on_ready(stream, on_ready, NULL);
}

struct via_stream *open_source(struct caller *caller, uint32_t n, uint32_t size) {
        struct via_stream *stream = NULL;

        REQUIRE(conf_Streams_source_open(caller->client, n, size, &stream, NULL) == VIA_OK);
        waits_for(caller, stream);
        return stream;
}

uint32_t given_up(struct caller *caller) {
        struct msg_number response;
        struct msg_none request = { 0 };

        REQUIRE(caller_call(caller, "Later/given_up", NULL, &request, &response, NULL) == VIA_OK);
        return response.n;
}

void until_given_up(struct caller *caller, uint32_t n) {
        while (given_up(caller) < n)
                usleep(1000);
        CHECK_INT(given_up(caller), ==, n);
}
