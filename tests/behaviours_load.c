/*
 * behaviours_load.c - many calls, many clients, slow readers
 */
#include <string.h>
#include "behaviour.h"

enum { IN_FLIGHT = 200 };

BEHAVIOUR(calls_in_flight_have_their_own_results) {
        struct outcome outcomes[IN_FLIGHT];

        for (uint32_t i = 0; i < IN_FLIGHT; i++) {
                if (i % 5 == 4) {
                        struct msg_fail request = { .code = 1 + (int)i % 16,
                                                    .text = (char *)(uintptr_t) "no" };

                        CHECK_INT(caller_start(&scene->caller, "fail", NULL, &request,
                                               &outcomes[i]),
                                  ==, VIA_OK);
                } else {
                        struct msg_number request = { .n = i * 7 };

                        CHECK_INT(caller_start(&scene->caller, "make", NULL, &request,
                                               &outcomes[i]),
                                  ==, VIA_OK);
                }
        }
        CHECK_INT(via_client_pending(scene->caller.client), ==, IN_FLIGHT);
        caller_wait(&scene->caller, IN_FLIGHT, outcomes);
        CHECK_INT(via_client_pending(scene->caller.client), ==, 0);
        for (uint32_t i = 0; i < IN_FLIGHT; i++) {
                struct msg_octets *response = outcomes[i].response;

                CHECK_INT(outcomes[i].ended, ==, 1);
                CHECK_INT(outcomes[i].code, ==, i % 5 == 4 ? 1 + (int)i % 16 : VIA_OK);
                if (response)
                        CHECK_INT(response->data.len, ==, i * 7);
                outcome_fini(&outcomes[i]);
        }
}

/* A blocking call among started ones: it gets its own answer, they get theirs. */
BEHAVIOUR(a_call_among_started_ones) {
        struct msg_number request = { .n = 10 };
        struct outcome outcomes[20];

        for (uint32_t i = 0; i < 20; i++)
                CHECK_INT(caller_start(&scene->caller, "make", NULL, &request, &outcomes[i]), ==,
                          VIA_OK);
        CHECK_INT(call_echo(&scene->caller, "mine", 4, NULL), ==, VIA_OK);
        caller_wait(&scene->caller, 20, outcomes);
        for (uint32_t i = 0; i < 20; i++) {
                CHECK_INT(outcomes[i].code, ==, VIA_OK);
                CHECK_INT(outcomes[i].ended, ==, 1);
                outcome_fini(&outcomes[i]);
        }
}

BEHAVIOUR(more_calls_than_allowed, .query = "max_calls=4") {
        struct msg_number request = { .n = 1 };
        struct outcome outcomes[5];

        CHECK_INT(call_make(&scene->caller, 1, NULL), ==, VIA_OK);     /* has heard the hello */
        for (uint32_t i = 0; i < 4; i++)
                CHECK_INT(caller_start(&scene->caller, "make", NULL, &request, &outcomes[i]), ==,
                          VIA_OK);
        CHECK_INT(caller_start(&scene->caller, "make", NULL, &request, &outcomes[4]), ==,
                  VIA_RESOURCE_EXHAUSTED);
        CHECK(outcomes[4].err.message && strstr(outcomes[4].err.message, "max_calls"));
        caller_wait(&scene->caller, 4, outcomes);
        for (uint32_t i = 0; i < 5; i++) {
                CHECK_INT(outcomes[i].ended, ==, i < 4);
                outcome_fini(&outcomes[i]);
        }
        CHECK_INT(call_make(&scene->caller, 1, NULL), ==, VIA_OK);
}

/* --- on_done --- */

struct chain {
        struct caller *caller;
        int left, ended;
};

static void next_link(void *user, int code, const void *response, const struct via_error *err) {
        struct msg_number request = { .n = 100 };
        struct chain *chain = user;

        (void)response;
        (void)err;
        CHECK_INT(code, ==, VIA_OK);
        chain->ended++;
        for (int i = 0; i < 2 && chain->left > 0; i++, chain->left--)
                CHECK_INT(via_client_start(chain->caller->client, method("make"), NULL, &request,
                                           next_link, chain, NULL),
                          ==, VIA_OK);
}

BEHAVIOUR(on_done_may_start_calls) {
        struct chain chain = { .caller = &scene->caller, .left = 300 };
        struct msg_number request = { .n = 100 };

        CHECK_INT(via_client_start(scene->caller.client, method("make"), NULL, &request, next_link,
                                   &chain, NULL),
                  ==, VIA_OK);
        while (chain.ended < 301)
                caller_turn(&scene->caller);
        CHECK_INT(via_client_pending(scene->caller.client), ==, 0);
}

static void calls_inside(void *user, int code, const void *response, const struct via_error *err) {
        struct chain *chain = user;
        struct msg_number request = { .n = 1 };
        struct msg_octets answer;

        (void)response;
        (void)err;
        CHECK_INT(code, ==, VIA_OK);
        CHECK_INT(via_client_call(chain->caller->client, method("make"), NULL, &request, &answer,
                                  NULL),
                  ==, VIA_FAILED_PRECONDITION);
        CHECK_INT(via_client_turn(chain->caller->client, 0, NULL), ==, VIA_FAILED_PRECONDITION);
        chain->ended++;
}

BEHAVIOUR(on_done_may_not_block) {
        struct chain chain = { .caller = &scene->caller };
        struct msg_number request = { .n = 1 };
        struct msg_octets answer;

        CHECK_INT(via_client_start(scene->caller.client, method("make"), NULL, &request,
                                   calls_inside, &chain, NULL),
                  ==, VIA_OK);
        while (!chain.ended)
                caller_turn(&scene->caller);
        if (scene->driver != BLOCKING)
                CHECK_INT(via_client_call(scene->caller.client, method("make"), NULL, &request,
                                          &answer, NULL),
                          ==, VIA_FAILED_PRECONDITION);
        CHECK_INT(call_make(&scene->caller, 10, NULL), ==, VIA_OK);
}

/* --- many clients --- */

static void *client_main(void *arg) {
        struct scene *scene = arg;
        struct caller caller;

        scene_open(scene, &caller);
        for (uint32_t i = 0; i < 25; i++) {
                CHECK_INT(call_echo(&caller, pattern(i * 300), i * 300, NULL), ==, VIA_OK);
                CHECK_INT(call_fail(&caller, 5, "no", NULL), ==, 5);
        }
        caller_close(&caller);
        return NULL;
}

BEHAVIOUR(many_clients_at_once) {
        pthread_t threads[20];

        for (int i = 0; i < 20; i++)
                REQUIRE(pthread_create(&threads[i], NULL, client_main, scene) == 0);
        for (int i = 0; i < 20; i++)
                pthread_join(threads[i], NULL);
        CHECK_INT(call_make(&scene->caller, 10, NULL), ==, VIA_OK);
}

/* --- slow readers --- */

enum { ANSWER = 256 * 1024, ANSWERS = 100 };

/* How many answers the server has made. */
static int made(struct caller *caller) {
        uint32_t *notes;
        int n = call_noted(caller, &notes);

        free(notes);
        return n;
}

/*
 * A client that asks for much and reads nothing: the server stops when max_queue is full, keeps
 * the link however long it takes, and serves others; in the end everything arrives.
 */
BEHAVIOUR(a_slow_reader_holds_up_only_itself, .shared = true, .query = "max_queue=1M&stall=100ms") {
        struct timespec pause = { .tv_nsec = 50000000 };
        struct msg_number request = { .n = ANSWER };
        struct outcome outcomes[ANSWERS];
        struct caller other;
        int n = 0, before;

        for (int i = 0; i < ANSWERS; i++)
                CHECK_INT(caller_start(&scene->caller, "make", NULL, &request, &outcomes[i]), ==,
                          VIA_OK);
        caller_poll(&scene->caller);          /* sends them, and reads at most once */
        scene_open(scene, &other);
        do {
                before = n;
                nanosleep(&pause, NULL);
                n = made(&other);
                CHECK_INT(call_echo(&other, "me too", 6, NULL), ==, VIA_OK);
        } while (n != before || n == 0);
        /* max_queue, one more, and what sockets hold (some MB on TCP) */
        CHECK_INT(n, <, ANSWERS / 2);
        for (int i = 0; i < 8; i++)             /* longer than a stall may take */
                nanosleep(&pause, NULL);
        CHECK_INT(made(&other), ==, n);
        caller_wait(&scene->caller, ANSWERS, outcomes);
        for (int i = 0; i < ANSWERS; i++) {
                struct msg_octets *response = outcomes[i].response;

                CHECK_INT(outcomes[i].code, ==, VIA_OK);
                CHECK_INT(outcomes[i].ended, ==, 1);
                CHECK(response && response->data.len == ANSWER &&
                      memcmp(response->data.data, pattern(ANSWER), ANSWER) == 0);
                outcome_fini(&outcomes[i]);
        }
        caller_close(&other);
}

/* Both directions full: neither side waits for the other to read first. */
BEHAVIOUR(large_calls_both_ways_at_once, .query = "max_queue=1M") {
        struct msg_octets request = { .data = { ANSWER, (uint8_t *)(uintptr_t)pattern(ANSWER) } };
        struct outcome outcomes[30];

        for (int i = 0; i < 30; i++)
                CHECK_INT(caller_start(&scene->caller, "echo", NULL, &request, &outcomes[i]), ==,
                          VIA_OK);
        caller_wait(&scene->caller, 30, outcomes);
        for (int i = 0; i < 30; i++) {
                CHECK_INT(outcomes[i].code, ==, VIA_OK);
                outcome_fini(&outcomes[i]);
        }
}

/* The queue of unsent requests is bounded too. */
BEHAVIOUR(a_full_queue_refuses_calls) {
        struct msg_octets request = { .data = { 3000001, (uint8_t *)(uintptr_t)pattern(3000001) } };
        struct msg_number ms = { .n = 500 };
        struct outcome outcomes[11];
        int n = 1;

        /* Meanwhile the server reads nothing. */
        CHECK_INT(caller_start(&scene->caller, "nap", NULL, &ms, &outcomes[0]), ==, VIA_OK);
        while (n < 11 &&
               caller_start(&scene->caller, "take", NULL, &request, &outcomes[n]) == VIA_OK)
                n++;
        REQUIRE(n < 11);
        CHECK_INT(n, >=, 3);
        CHECK_INT(n, <=, 6);
        CHECK_INT(outcomes[n].code, ==, VIA_RESOURCE_EXHAUSTED);
        CHECK(outcomes[n].err.message && strstr(outcomes[n].err.message, "max_queue"));
        outcome_fini(&outcomes[n]);
        caller_wait(&scene->caller, (unsigned)n, outcomes);
        for (int i = 0; i < n; i++) {
                CHECK_INT(outcomes[i].code, ==, VIA_OK);
                outcome_fini(&outcomes[i]);
        }
}
