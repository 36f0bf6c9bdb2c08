/*
 * test_keepalive.c - keepalive.c with a made-up clock
 */
#include "endpoint.h"
#include "keepalive.h"
#include "test.h"

static struct via_conn conn;
static struct via_keepalive keepalive;
static uint32_t id;

/* Asks after 100 ms, waits 50 for an answer; one call is in flight if @busy. */
static void begin(bool busy, bool idle) {
        static const struct via_limits limits;

        via_conn_init(&conn, &limits, 0);
        conn.state &= (uint8_t)~VIA_CONN_HELLO_DUE;
        if (busy)
                REQUIRE(via_calls_add(&conn.calls, &conn, INT64_MAX, &id) == 0);
        via_keepalive_init(&keepalive, 100, 50, idle, 1000);
}

static int tick(int64_t now) {
        return via_keepalive_tick(&keepalive, &conn, now);
}

static int64_t due(void) {
        return via_keepalive_due(&keepalive, &conn);
}

TEST(it_asks_and_waits) {
        begin(true, false);
        CHECK_INT(due(), ==, 1100);
        CHECK_INT(tick(1099), ==, 0);
        CHECK_INT(conn.state & VIA_CONN_PING_DUE, ==, 0);
        CHECK_INT(tick(1100), ==, VIA_KEEPALIVE_PING);
        CHECK(conn.state & VIA_CONN_PING_DUE);
        CHECK_INT(due(), ==, 1150);
        CHECK_INT(tick(1149), ==, 0);
        CHECK_INT(tick(1150), ==, 0);           /* the answer may be before the door */
        CHECK_INT(due(), >, 1150);
        CHECK_INT(tick(due()), ==, -ETIMEDOUT);
        CHECK(strcmp(conn.why, "no answer to a ping within 50 ms") == 0);
        via_conn_fini(&conn);
}

TEST(whatever_comes_is_an_answer) {
        begin(true, false);
        via_keepalive_heard(&keepalive, 1090);
        CHECK_INT(tick(1100), ==, 0);
        CHECK_INT(tick(1190), ==, VIA_KEEPALIVE_PING);
        via_keepalive_heard(&keepalive, 1200);
        CHECK_INT(due(), ==, 1300);
        CHECK_INT(tick(1250), ==, 0);
        CHECK_INT(tick(1300), ==, VIA_KEEPALIVE_PING);
        CHECK_INT(tick(1350), ==, 0);
        via_keepalive_heard(&keepalive, 1355);  /* late, but there */
        CHECK_INT(tick(1360), ==, 0);
        CHECK_INT(due(), ==, 1455);
        via_conn_fini(&conn);
}

TEST(without_calls_it_asks_only_if_told_to) {
        void *call;

        begin(false, false);
        CHECK_INT(due(), ==, INT64_MAX);
        CHECK_INT(tick(999999), ==, 0);
        via_conn_fini(&conn);
        begin(false, true);
        CHECK_INT(due(), ==, 1100);
        CHECK_INT(tick(1100), ==, VIA_KEEPALIVE_PING);
        via_conn_fini(&conn);
        begin(true, false);                     /* who has asked wants to know */
        CHECK_INT(tick(1100), ==, VIA_KEEPALIVE_PING);
        REQUIRE(via_calls_take(&conn.calls, id, &call) == 0);
        CHECK_INT(due(), ==, 1150);
        via_conn_fini(&conn);
}

TEST(it_is_off_unless_asked_for) {
        begin(true, true);
        via_keepalive_init(&keepalive, 0, 0, true, 0);
        CHECK_INT(due(), ==, INT64_MAX);
        CHECK_INT(tick(INT64_MAX - 1), ==, 0);
        via_conn_fini(&conn);
}

/* What a URI says, a program, and a transport that cannot tell who has gone. */
TEST(who_has_the_say) {
        static const struct via_transport seeing = { .scheme = "a" },
                                          blind = { .scheme = "b", .traits = VIA_BLIND };
        struct via_endpoint endpoint;

        CHECK_INT(via_endpoint_parse(&endpoint, "unix:/x?keepalive=10s&keepalive_timeout=3s", NULL,
                                     &(struct via_limits){ .v = { 0 } }, NULL),
                  ==, VIA_OK);
        CHECK_INT(endpoint.keepalive_ms, ==, 10000);
        CHECK_INT(endpoint.keepalive_timeout_ms, ==, 3000);
        endpoint.keepalive_ms = -1;
        endpoint.by = &seeing;
        CHECK_INT(via_endpoint_keepalive(&endpoint, 0), ==, 0);
        CHECK_INT(via_endpoint_keepalive(&endpoint, 7), ==, 7);
        endpoint.by = &blind;
        CHECK_INT(via_endpoint_keepalive(&endpoint, 0), ==, 20000);
        CHECK_INT(via_endpoint_keepalive(&endpoint, 7), ==, 7);
        endpoint.keepalive_ms = 0;              /* ?keepalive=0 */
        CHECK_INT(via_endpoint_keepalive(&endpoint, 7), ==, 0);
        endpoint.keepalive_ms = 9;
        CHECK_INT(via_endpoint_keepalive(&endpoint, 7), ==, 9);
}

TEST(times_that_are_none) {
        static const char *const wrong[] = { "keepalive=x", "keepalive=10us", "keepalive=",
                                             "keepalive_timeout=0", "keepalive_timeout=1us" };

        for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
                struct via_error err = VIA_ERROR_INIT;
                struct via_endpoint endpoint;
                char uri[64];

                snprintf(uri, sizeof(uri), "unix:/x?%s", wrong[i]);
                CHECK_INT(via_endpoint_parse(&endpoint, uri, NULL,
                                             &(struct via_limits){ .v = { 0 } }, &err),
                          ==, VIA_INVALID_ARGUMENT);
                CHECK(err.message && strstr(err.message, "keepalive"));
                via_error_fini(&err);
        }
}
