/*
 * behaviours_again.c - a client whose server goes, and comes again
 */
#include <signal.h>
#include <string.h>
#include "behaviour.h"

static bool says(const struct via_error *err, const char *what) {
        return err->message && strstr(err->message, what);
}

/* Echoes "x" by a call with @options. */
static int echo_with(struct caller *caller, const struct via_call_options *options,
                     struct via_error *err) {
        struct msg_octets request = { .data = { 1, (uint8_t *)(uintptr_t) "x" } };
        struct msg_octets response = { .data = { 0, NULL } };
        int code = caller_call(caller, "echo", options, &request, &response, err);

        if (!code)
                free(response.data.data);
        return code;
}

static int patient_echo(struct caller *caller, uint32_t timeout_ms, struct via_error *err) {
        struct via_call_options options = { .timeout_ms = timeout_ms,
                                            .flags = VIA_WAIT_FOR_READY };

        return echo_with(caller, &options, err);
}

/* Ends the scene's server, and tells where it was. */
static void stop(struct scene *scene, char place[256]) {
        snprintf(place, 256, "%s", scene->host.endpoint);
        host_stop(&scene->host);
}

static void open_with(struct scene *scene, struct caller *caller, const char *endpoint,
                      uint32_t flags) {
        struct via_client_options options = { .flags = flags };

        REQUIRE(caller_open(caller, scene->driver, endpoint, &options, NULL) == VIA_OK);
}

/* Nobody has noticed: neither the client, which did nothing meanwhile, nor whoever calls. */
BEHAVIOUR(a_restart_between_two_calls_is_not_noticed, .shared = true) {
        char place[256];

        for (int i = 0; i < 3; i++) {
                CHECK_INT(call_echo(&scene->caller, "x", 1, NULL), ==, VIA_OK);
                stop(scene, place);
                host_start(&scene->host, place, NULL);
        }
        CHECK_INT(call_echo(&scene->caller, "x", 1, NULL), ==, VIA_OK);
        CHECK_INT(via_client_state(scene->caller.client), ==, VIA_CLIENT_READY);
        CHECK(strcmp(via_client_endpoint(scene->caller.client), place) == 0);
}

/* The first attempt is at once, the next ones are not: the sentence says when. */
BEHAVIOUR(calls_while_nobody_is_there, .shared = true) {
        struct via_error err = VIA_ERROR_INIT;
        char place[256];

        CHECK_INT(call_echo(&scene->caller, "x", 1, NULL), ==, VIA_OK);
        stop(scene, place);
        for (int i = 0; i < 3; i++) {
                CHECK_INT(call_echo(&scene->caller, "x", 1, &err), ==, VIA_UNAVAILABLE);
                CHECK(says(&err, "shutting down"));
                CHECK(says(&err, place));
                CHECK(says(&err, "connecting is tried again in"));
        }
        CHECK_INT(via_client_state(scene->caller.client), ==, VIA_CLIENT_BACKING_OFF);
        host_start(&scene->host, place, NULL);
        CHECK_INT(patient_echo(&scene->caller, 20000, &err), ==, VIA_OK);
        CHECK_INT(call_echo(&scene->caller, "x", 1, NULL), ==, VIA_OK);
        via_error_fini(&err);
}

BEHAVIOUR(patience_ends_with_the_deadline, .shared = true) {
        struct via_error err = VIA_ERROR_INIT;
        char place[256];

        CHECK_INT(call_echo(&scene->caller, "x", 1, NULL), ==, VIA_OK);
        stop(scene, place);
        CHECK_INT(patient_echo(&scene->caller, 50, &err), ==, VIA_DEADLINE_EXCEEDED);
        CHECK(says(&err, "50 ms"));
        CHECK(says(&err, "shutting down"));
        via_error_fini(&err);
}

BEHAVIOUR(one_link_and_no_other) {
        struct via_error err = VIA_ERROR_INIT;
        struct caller once;

        open_with(scene, &once, scene->host.endpoint, VIA_CLIENT_ONCE);
        CHECK_INT(call_echo(&once, "x", 1, NULL), ==, VIA_OK);
        if (!scene->host.alone) {
                host_stop(&scene->host);
                for (int i = 0; i < 3; i++) {
                        CHECK_INT(call_echo(&once, "x", 1, &err), ==, VIA_UNAVAILABLE);
                        CHECK(says(&err, "shutting down"));
                        CHECK(!says(&err, "again"));
                }
                CHECK_INT(patient_echo(&once, 10000, &err), ==, VIA_UNAVAILABLE);
                CHECK_INT(via_client_state(once.client), ==, VIA_CLIENT_CLOSED);
        }
        via_error_fini(&err);
        caller_close(&once);
}

BEHAVIOUR(a_lazy_client_connects_when_it_calls) {
        struct caller lazy;

        open_with(scene, &lazy, scene->host.endpoint, VIA_CLIENT_LAZY);
        CHECK_INT(via_client_state(lazy.client), ==, VIA_CLIENT_IDLE);
        CHECK_INT(call_echo(&lazy, "x", 1, NULL), ==, VIA_OK);
        CHECK_INT(via_client_state(lazy.client), ==, VIA_CLIENT_READY);
        CHECK_INT(call_note(&lazy, 1), ==, VIA_OK);
        CHECK_INT(call_echo(&lazy, "x", 1, NULL), ==, VIA_OK);
        caller_close(&lazy);
}

/* What is queued for the link keeps its order, and oneway calls are among it. */
BEHAVIOUR(calls_that_wait_for_the_first_link) {
        struct msg_number request = { .n = 1 };
        struct msg_octets big = { .data = { 100000, (uint8_t *)(uintptr_t)pattern(100000) } };
        struct outcome outcomes[20];
        struct caller lazy;
        uint32_t *notes;

        open_with(scene, &lazy, scene->host.endpoint, VIA_CLIENT_LAZY);
        for (uint32_t i = 0; i < 20; i++) {
                struct outcome none;

                request.n = 2 * i;
                CHECK_INT(caller_start(&lazy, "note", NULL, &request, &none), ==, VIA_OK);
                CHECK_INT(caller_start(&lazy, i ? "take" : "nap", NULL,
                                       i ? (void *)&big : &request, &outcomes[i]),
                          ==, VIA_OK);
        }
        CHECK_INT(via_client_pending(lazy.client), ==, 40);
        caller_wait(&lazy, 20, outcomes);
        for (int i = 0; i < 20; i++) {
                CHECK_INT(outcomes[i].code, ==, VIA_OK);
                outcome_fini(&outcomes[i]);
        }
        CHECK_INT(call_noted(&lazy, &notes), ==, 21);
        for (int i = 1; notes && i < 21; i++)
                CHECK_INT(notes[i], ==, i == 1 ? 0 : 2 * (i - 1));
        free(notes);
        caller_close(&lazy);
}

BEHAVIOUR(a_lazy_client_of_nobody, .shared = true) {
        struct via_error err = VIA_ERROR_INIT;
        struct caller lazy;
        char place[256];

        stop(scene, place);
        open_with(scene, &lazy, place, VIA_CLIENT_LAZY);
        CHECK_INT(call_echo(&lazy, "x", 1, &err), ==, VIA_UNAVAILABLE);
        CHECK(says(&err, place));
        CHECK_INT(via_client_state(lazy.client), ==, VIA_CLIENT_BACKING_OFF);
        via_error_fini(&err);
        host_start(&scene->host, place, NULL);
        CHECK_INT(patient_echo(&lazy, 20000, NULL), ==, VIA_OK);
        caller_close(&lazy);
}

BEHAVIOUR(closing_ends_what_waits_for_a_link, .shared = true) {
        struct via_call_options patient = { .flags = VIA_WAIT_FOR_READY };
        struct msg_number request = { .n = 0 };
        struct outcome outcomes[10];
        struct caller lazy;
        char place[256];

        stop(scene, place);
        open_with(scene, &lazy, place, VIA_CLIENT_LAZY);
        for (int i = 0; i < 10; i++) {
                CHECK_INT(caller_start(&lazy, "nap", &patient, &request, &outcomes[i]), ==,
                          VIA_OK);
                if (i == 4)
                        caller_turn(&lazy);
        }
        caller_close(&lazy);
        for (int i = 0; i < 10; i++) {
                CHECK_INT(outcomes[i].ended, ==, 1);
                CHECK_INT(outcomes[i].code, ==, VIA_CANCELLED);
                outcome_fini(&outcomes[i]);
        }
}

struct history {
        enum via_client_state states[16];
        int n;
};

static void remember(void *user, struct via_client *client, enum via_client_state state) {
        struct history *history = user;

        CHECK_INT(via_client_state(client), ==, state);
        if (history->n < 16)
                history->states[history->n++] = state;
}

BEHAVIOUR(the_states_of_a_client, .shared = true) {
        static const enum via_client_state expected[] = {
                VIA_CLIENT_CONNECTING, VIA_CLIENT_READY, VIA_CLIENT_IDLE, VIA_CLIENT_CONNECTING,
                VIA_CLIENT_BACKING_OFF, VIA_CLIENT_CLOSED
        };
        struct history history = { .n = 0 };
        struct caller lazy;
        char place[256];

        open_with(scene, &lazy, scene->host.endpoint, VIA_CLIENT_LAZY);
        via_client_on_state(lazy.client, remember, &history);
        CHECK_INT(call_echo(&lazy, "x", 1, NULL), ==, VIA_OK);
        stop(scene, place);
        CHECK_INT(call_echo(&lazy, "x", 1, NULL), ==, VIA_UNAVAILABLE);
        caller_close(&lazy);
        CHECK_INT(history.n, ==, 6);
        for (int i = 0; i < 6 && i < history.n; i++)
                CHECK_INT(history.states[i], ==, expected[i]);
}

/* Calls go on and on, and so do servers; each call ends once. */
BEHAVIOUR(calls_while_servers_come_and_go, .shared = true, .timeout = 120) {
        enum { AT_ONCE = 16, RESTARTS = 6 };
        struct msg_octets request = { .data = { 1000, (uint8_t *)(uintptr_t)pattern(1000) } };
        struct outcome outcomes[AT_ONCE];
        int good = 0;

        for (int restart = 0; restart < RESTARTS; restart++) {
                char place[256];

                for (int turn = 0; turn < 20; turn++) {
                        for (int i = 0; i < AT_ONCE; i++)
                                CHECK_INT(caller_start(&scene->caller, "take", NULL, &request,
                                                       &outcomes[i]), ==, VIA_OK);
                        if (turn == 10) {
                                caller_turn(&scene->caller);
                                stop(scene, place);
                                host_start(&scene->host, place, NULL);
                        }
                        caller_wait(&scene->caller, AT_ONCE, outcomes);
                        for (int i = 0; i < AT_ONCE; i++) {
                                CHECK_INT(outcomes[i].ended, ==, 1);
                                CHECK(outcomes[i].code == VIA_OK ||
                                      outcomes[i].code == VIA_UNAVAILABLE);
                                good += outcomes[i].code == VIA_OK;
                                outcome_fini(&outcomes[i]);
                        }
                }
        }
        CHECK_INT(good, >=, RESTARTS * 18 * AT_ONCE);
        CHECK_INT(via_client_pending(scene->caller.client), ==, 0);
}

/* --- servers that are there, and do not answer --- */

/* The one child of ours, if it has one by now: the server at exec:. */
static pid_t only_child(void) {
        char path[64];
        FILE *file;
        int child = 0;

        snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
        file = fopen(path, "re");
        if (file && fscanf(file, "%d", &child) != 1)
                child = 0;
        if (file)
                fclose(file);
        return child;
}

/* Stops the scene's server, that of @caller: its pid, or 0 if it is one of our threads. */
static pid_t freeze(const struct scene *scene) {
        pid_t pid = scene->host.alone ? only_child() : scene->host.pid;

        if (pid > 0)
                kill(pid, SIGSTOP);
        return pid;
}

static void asking(struct scene *scene, const char *query) {
        char endpoint[320];

        caller_close(&scene->caller);
        snprintf(endpoint, sizeof(endpoint), "%s?%s", scene->host.endpoint, query);
        REQUIRE(caller_open(&scene->caller, scene->driver, endpoint, NULL, NULL) == VIA_OK);
        CHECK_INT(call_echo(&scene->caller, "x", 1, NULL), ==, VIA_OK);
}

BEHAVIOUR(a_server_that_answers_no_ping_is_given_up) {
        struct via_error err = VIA_ERROR_INIT;
        pid_t pid;

        asking(scene, "keepalive=50ms&keepalive_timeout=500ms");
        pid = freeze(scene);
        if (pid == 0)
                return;
        CHECK_INT(call_nap(&scene->caller, 0, 20000, NULL, &err), ==, VIA_UNAVAILABLE);
        CHECK(says(&err, "no answer to a ping within 500 ms"));
        via_error_fini(&err);
        caller_close(&scene->caller);
        kill(pid, SIGCONT);
}

/* Nobody who waits for nothing asks: who was stopped meanwhile has missed nothing. */
BEHAVIOUR(an_idle_client_does_not_ask) {
        struct timespec long_ago = { .tv_nsec = 750000000 };
        pid_t pid;

        asking(scene, "keepalive=50ms&keepalive_timeout=500ms");
        pid = freeze(scene);
        for (int i = 0; i < 10; i++)
                caller_poll(&scene->caller);
        nanosleep(&long_ago, NULL);
        for (int i = 0; i < 10; i++)
                caller_poll(&scene->caller);
        if (pid)
                kill(pid, SIGCONT);
        CHECK_INT(call_echo(&scene->caller, "x", 1, NULL), ==, VIA_OK);
        CHECK_INT(via_client_state(scene->caller.client), ==, VIA_CLIENT_READY);
}

/* With a loop, which goes on meanwhile, a client may want to know all the time. */
BEHAVIOUR(an_idle_client_asks_if_told_to) {
        struct via_client_options options = { .flags = VIA_CLIENT_KEEPALIVE_IDLE,
                                              .keepalive_ms = 50,
                                              .keepalive_timeout_ms = 1000 };
        pid_t pid;

        caller_close(&scene->caller);
        REQUIRE(caller_open(&scene->caller, scene->driver, scene->host.endpoint, &options, NULL) ==
                VIA_OK);
        CHECK_INT(call_echo(&scene->caller, "x", 1, NULL), ==, VIA_OK);
        for (int i = 0; i < 20; i++)            /* several times there is an answer */
                caller_turn_for(&scene->caller, 20);
        CHECK_INT(via_client_state(scene->caller.client), ==, VIA_CLIENT_READY);
        pid = freeze(scene);
        for (int i = 0; pid && i < 500 &&
                        via_client_state(scene->caller.client) == VIA_CLIENT_READY;
             i++)
                caller_turn_for(&scene->caller, 20);
        CHECK((via_client_state(scene->caller.client) == VIA_CLIENT_READY) == !pid);
        caller_close(&scene->caller);
        if (pid)
                kill(pid, SIGCONT);
}
