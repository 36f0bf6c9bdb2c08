/*
 * behaviours_time.c - deadlines: every call has one, both sides keep it
 */
#include <string.h>
#include "behaviour.h"

BEHAVIOUR(a_call_ends_when_its_time_is_over) {
        struct via_error err = VIA_ERROR_INIT;

        CHECK_INT(call_nap(&scene->caller, 500, 50, NULL, &err), ==, VIA_DEADLINE_EXCEEDED);
        CHECK(err.message && strstr(err.message, "50 ms"));
        CHECK(err.where && strstr(err.where, "Basic.nap"));
        via_error_fini(&err);
        /* The late answer is nobody's. */
        CHECK_INT(call_echo(&scene->caller, "later", 5, NULL), ==, VIA_OK);
}

BEHAVIOUR(a_handler_sees_the_time_left) {
        uint32_t left = 0;

        CHECK_INT(call_nap(&scene->caller, 0, 50000, &left, NULL), ==, VIA_OK);
        CHECK_INT(left, <=, 50000);
        CHECK_INT(left, >, 20000);
        CHECK_INT(call_nap(&scene->caller, 0, 0, &left, NULL), ==, VIA_OK);
        CHECK_INT(left, <=, 30000);             /* the default */
        CHECK_INT(left, >, 10000);
}

/* The longest time does not turn into the shortest anywhere, a wait of the kernel's included. */
BEHAVIOUR(all_the_time_there_is) {
        struct via_client_options options = { .timeout_ms = VIA_FOREVER };
        struct caller patient;
        uint32_t left = 0;

        CHECK_INT(call_nap(&scene->caller, 20, VIA_FOREVER, &left, NULL), ==, VIA_OK);
        CHECK_INT(left, >, VIA_FOREVER - 60000);
        CHECK_INT(left, <=, VIA_FOREVER);

        REQUIRE(caller_open(&patient, scene->driver, scene->host.endpoint, &options, NULL) ==
                VIA_OK);
        CHECK_INT(call_nap(&patient, 20, 0, &left, NULL), ==, VIA_OK);
        CHECK_INT(left, >, VIA_FOREVER - 60000);
        caller_close(&patient);
}

BEHAVIOUR(the_time_of_a_client) {
        struct via_client_options options = { .timeout_ms = 50 };
        struct caller hasty;
        char endpoint[300];

        REQUIRE(caller_open(&hasty, scene->driver, scene->host.endpoint, &options, NULL) == VIA_OK);
        CHECK_INT(call_nap(&hasty, 300, 0, NULL, NULL), ==, VIA_DEADLINE_EXCEEDED);
        CHECK_INT(call_nap(&hasty, 0, 20000, NULL, NULL), ==, VIA_OK);
        caller_close(&hasty);

        snprintf(endpoint, sizeof(endpoint), "%s?timeout=50ms", scene->host.endpoint);
        REQUIRE(caller_open(&hasty, scene->driver, endpoint, NULL, NULL) == VIA_OK);
        CHECK_INT(call_nap(&hasty, 300, 0, NULL, NULL), ==, VIA_DEADLINE_EXCEEDED);
        caller_close(&hasty);
}

/* What waited in the server behind a long call, and for too long, is not run any more. */
BEHAVIOUR(an_overdue_call_is_not_run) {
        struct via_call_options soon = { .timeout_ms = 50 };
        struct msg_number long_nap = { .n = 200 }, short_nap = { .n = 1 };
        struct outcome outcomes[2];
        uint32_t *notes;

        CHECK_INT(caller_start(&scene->caller, "nap", NULL, &long_nap, &outcomes[0]), ==, VIA_OK);
        CHECK_INT(caller_start(&scene->caller, "nap", &soon, &short_nap, &outcomes[1]), ==, VIA_OK);
        caller_wait(&scene->caller, 2, outcomes);
        CHECK_INT(outcomes[0].code, ==, VIA_OK);
        CHECK_INT(outcomes[1].code, ==, VIA_DEADLINE_EXCEEDED);
        CHECK_INT(call_noted(&scene->caller, &notes), ==, 1);
        CHECK(notes && notes[0] == 200);
        free(notes);
        for (int i = 0; i < 2; i++) {
                CHECK_INT(outcomes[i].ended, ==, 1);
                outcome_fini(&outcomes[i]);
        }
}

/* Deadlines end calls in their own order, whatever order they were made in. */
BEHAVIOUR(many_deadlines) {
        struct msg_number ms = { .n = 700 };
        struct outcome nap, outcomes[50];

        CHECK_INT(caller_start(&scene->caller, "nap", NULL, &ms, &nap), ==, VIA_OK);
        ms.n = 0;
        for (unsigned i = 0; i < 50; i++) {
                struct via_call_options options = { .timeout_ms = 1 + (i * 37) % 50 * 4 };

                CHECK_INT(caller_start(&scene->caller, "nap", &options, &ms, &outcomes[i]), ==,
                          VIA_OK);
        }
        caller_wait(&scene->caller, 50, outcomes);
        CHECK_INT(nap.ended, ==, 0);
        caller_wait(&scene->caller, 1, &nap);
        CHECK_INT(nap.code, ==, VIA_OK);
        outcome_fini(&nap);
        for (unsigned i = 0; i < 50; i++) {
                CHECK_INT(outcomes[i].code, ==, VIA_DEADLINE_EXCEEDED);
                CHECK_INT(outcomes[i].ended, ==, 1);
                outcome_fini(&outcomes[i]);
        }
}

/* A client that is slow to start with is as welcome as any other. */
BEHAVIOUR(a_client_that_waits_before_its_first_call, .query = "handshake=100ms") {
        struct timespec pause = { .tv_nsec = 200000000 };

        if (scene->driver != BLOCKING)
                caller_poll(&scene->caller);
        nanosleep(&pause, NULL);
        CHECK_INT(call_echo(&scene->caller, "hello", 5, NULL), ==, VIA_OK);
        nanosleep(&pause, NULL);
        CHECK_INT(call_echo(&scene->caller, "again", 5, NULL), ==, VIA_OK);
}
