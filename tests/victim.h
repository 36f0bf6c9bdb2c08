#pragma once
/*
 * victim.h - a server on a unix socket that peers without Via behind them may do bad things to,
 * and how it is seen to be well
 */
#include <unistd.h>
#include "caller.h"
#include "host.h"
#include "raw.h"
#include "test.h"

static char dir[64];
static struct host host;

static inline void serve(const char *query) {
        char place[256];
        int i = 0;

        while (strcmp(via_transports[i]->scheme, "unix") != 0)
                i++;
        snprintf(dir, sizeof(dir), "/tmp/via-bad-client-XXXXXX");
        REQUIRE(mkdtemp(dir) != NULL);
        host_place(via_transports[i], dir, query, place, sizeof(place));
        host_start(&host, place, NULL);
}

/* The server is well: it serves somebody else, and then ends in order. */
static inline void still_serves(void) {
        struct via_error err = VIA_ERROR_INIT;
        struct caller caller;
        int code = caller_open(&caller, BLOCKING, host.endpoint, NULL, &err);

        if (code)
                via_error_report(&err);
        REQUIRE(code == VIA_OK);
        CHECK_INT(call_echo(&caller, "x", 1, &err), ==, VIA_OK);
        if (err.code)
                via_error_report(&err);
        caller_close(&caller);
}

static inline void end(void) {
        still_serves();
        host_stop(&host);
        CHECK_INT(rmdir(dir), ==, 0);
}

/* The link is well: it takes one more call. */
static inline void link_serves(struct raw *raw) {
        raw_say_call(raw, "echo", 4711, "\x0a\x02hi", 4);
        REQUIRE(raw_hear_type(raw, WIRE_REPLY));
        CHECK_INT(raw->header.id, ==, 4711);
        CHECK_INT(raw->header.value, ==, VIA_OK);
        CHECK_INT(raw->header.length, ==, 4);
        CHECK(memcmp(raw->body, "\x0a\x02hi", 4) == 0);
        raw_close(raw);
}

static inline void greet(struct raw *raw) {
        raw_connect(raw, host.endpoint);
        raw_say_hello(raw);
}
