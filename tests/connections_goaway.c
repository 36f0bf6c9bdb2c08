/*
 * connections_goaway.c - what a goaway says, and which calls are made again for it
 */
#include <pthread.h>
#include "caller.h"
#include "client_impl.h"
#include "connections_place.h"
#include "host.h"
#include "raw.h"
#include "test.h"

static void answer(struct raw *raw, uint32_t id, uint32_t n) {
        uint8_t body[] = { 8, (uint8_t)n };

        raw_say_frame(raw,
                      (struct wire_header){ .length = 2, .type = WIRE_REPLY, .id = id }, body);
}

static void goaway(struct raw *raw, uint32_t last_id) {
        raw_say_frame(raw,
                      (struct wire_header){ .length = 3,
                                            .type = WIRE_GOAWAY,
                                            .id = last_id,
                                            .value = VIA_UNAVAILABLE },
                      "bye");
}

enum { CALLS = 5, SEEN = 2 };

struct leaver {
        int listening;
        int second;                             /* calls that came to the second server */
};

/* Hears all calls, has seen only some of them, and leaves; the next one answers the others. */
static void *leaver_main(void *arg) {
        struct leaver *leaver = arg;
        uint32_t ids[CALLS];
        struct raw raw;

        raw_accept(&raw, leaver->listening);
        for (int i = 0; i < CALLS; i++) {
                CHECK(raw_hear_type(&raw, WIRE_CALL));
                ids[i] = raw.header.id;
        }
        raw_say_hello(&raw);
        goaway(&raw, ids[SEEN - 1]);
        answer(&raw, ids[0], 1);
        answer(&raw, ids[1], 1);
        raw_hear_type(&raw, 255);               /* until the client hangs up */
        raw_close(&raw);
        raw_accept(&raw, leaver->listening);
        raw_say_hello(&raw);
        while (leaver->second < CALLS - SEEN && raw_hear_type(&raw, WIRE_CALL)) {
                leaver->second++;
                answer(&raw, raw.header.id, 2);
        }
        raw_hear_type(&raw, 255);
        raw_close(&raw);
        return NULL;
}

static void calls_that_were_not_seen(enum driver driver) {
        struct msg_number request = { .n = 7 };
        struct outcome outcomes[CALLS];
        const char *uri = place("raw");
        struct leaver leaver = { .listening = raw_listen(strchr(uri, ':') + 1) };
        struct caller caller;
        pthread_t thread;

        REQUIRE(pthread_create(&thread, NULL, leaver_main, &leaver) == 0);
        REQUIRE(caller_open(&caller, driver, uri, NULL, NULL) == VIA_OK);
        for (int i = 0; i < CALLS; i++)
                CHECK_INT(caller_start(&caller, "nap", NULL, &request, &outcomes[i]), ==, VIA_OK);
        caller_wait(&caller, CALLS, outcomes);
        for (int i = 0; i < CALLS; i++) {
                CHECK_INT(outcomes[i].ended, ==, 1);
                CHECK_INT(outcomes[i].code, ==, VIA_OK);
                if (outcomes[i].response)
                        CHECK_INT(((struct msg_number *)outcomes[i].response)->n, ==,
                                  i < SEEN ? 1 : 2);
                outcome_fini(&outcomes[i]);
        }
        caller_close(&caller);
        pthread_join(thread, NULL);
        CHECK_INT(leaver.second, ==, CALLS - SEEN);
        close(leaver.listening);
        unlink(strchr(uri, ':') + 1);
        place_end();
}

TEST(calls_that_a_leaving_server_has_not_seen_are_made_again) {
        for (int driver = 0; driver < DRIVERS; driver++)
                calls_that_were_not_seen((enum driver)driver);
}

/* Leaves each time without having seen the call: that is enough after the second time. */
static void *deserter_main(void *arg) {
        struct leaver *leaver = arg;
        struct raw raw;

        for (int i = 0; i < 2; i++) {
                raw_accept(&raw, leaver->listening);
                raw_say_hello(&raw);
                CHECK(raw_hear_type(&raw, WIRE_CALL));
                goaway(&raw, 0);
                raw_close(&raw);
        }
        return NULL;
}

TEST(a_call_that_is_never_seen_is_made_again_once) {
        for (int driver = 0; driver < DRIVERS; driver++) {
                struct via_error err = VIA_ERROR_INIT;
                const char *uri = place("raw");
                struct leaver leaver = { .listening = raw_listen(strchr(uri, ':') + 1) };
                struct caller caller;
                pthread_t thread;

                REQUIRE(pthread_create(&thread, NULL, deserter_main, &leaver) == 0);
                REQUIRE(caller_open(&caller, (enum driver)driver, uri, NULL, NULL) == VIA_OK);
                CHECK_INT(call_nap(&caller, 1, 0, NULL, &err), ==, VIA_UNAVAILABLE);
                CHECK(says(&err, "bye"));
                via_error_fini(&err);
                pthread_join(thread, NULL);
                caller_close(&caller);
                close(leaver.listening);
                unlink(strchr(uri, ':') + 1);
                place_end();
        }
}

/* A server that drains says which calls it has dealt with. */
TEST(a_goaway_names_the_last_call) {
        struct host host;
        struct raw raw;

        host_start(&host, place("a"), NULL);
        raw_connect(&raw, host.endpoint);
        raw_say_hello(&raw);
        raw_say_call(&raw, "nap", 41, NULL, 0);
        raw_say_call(&raw, "nap", 42, NULL, 0);
        CHECK(raw_hear_type(&raw, WIRE_REPLY));
        CHECK(raw_hear_type(&raw, WIRE_REPLY));
        host_ask_to_stop(&host);
        CHECK(raw_hear_type(&raw, WIRE_GOAWAY));
        CHECK_INT(raw.header.id, ==, 42);
        raw_close(&raw);
        host_wait(&host);
        place_end();
}

/* Who waits for the next link sleeps meanwhile: a turn that comes to nothing takes its time. */
TEST(a_server_that_drains_costs_no_turns) {
        struct msg_none none = { 0 };
        struct via_call_options soon = { .timeout_ms = 200 };
        struct outcome never, next;
        struct caller caller;
        struct host host;
        int turns = 0;

        host_start(&host, place("a"), NULL);
        REQUIRE(caller_open(&caller, BLOCKING, host.endpoint, NULL, NULL) == VIA_OK);
        REQUIRE(caller_start(&caller, "Later/never", NULL, &none, &never) == VIA_OK);
        CHECK_INT(call_echo(&caller, "x", 1, NULL), ==, VIA_OK);
        host_ask_to_stop(&host);
        while (!(caller.client->session->pump.conn.state & VIA_CONN_GOAWAY_SEEN))
                via_client_turn(caller.client, 10, NULL);
        REQUIRE(caller_start(&caller, "Later/never", &soon, &none, &next) == VIA_OK);
        for (; !next.ended; turns++)
                via_client_turn(caller.client, 20, NULL);
        CHECK_INT(next.code, ==, VIA_DEADLINE_EXCEEDED);
        CHECK_INT(turns, <=, 20);
        caller_close(&caller);
        CHECK_INT(never.code, ==, VIA_CANCELLED);
        outcome_fini(&never);
        outcome_fini(&next);
        host_wait(&host);
        place_end();
}
