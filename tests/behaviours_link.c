/*
 * behaviours_link.c - how links begin and end
 */
#include <string.h>
#include <unistd.h>
#include "behaviour.h"
#include "waiting.h"

static bool says(const struct via_error *err, const char *what) {
        return err->message && strstr(err->message, what);
}

BEHAVIOUR(close_ends_calls_in_flight_once) {
        struct msg_number request = { .n = 20 };
        struct outcome outcomes[10];

        for (int i = 0; i < 10; i++)
                CHECK_INT(caller_start(&scene->caller, "nap", NULL, &request, &outcomes[i]), ==,
                          VIA_OK);
        caller_close(&scene->caller);
        for (int i = 0; i < 10; i++) {
                CHECK_INT(outcomes[i].ended, ==, 1);
                CHECK_INT(outcomes[i].code, ==, VIA_CANCELLED);
                outcome_fini(&outcomes[i]);
        }
        scene_open(scene, &scene->caller);
        CHECK_INT(call_echo(&scene->caller, "new", 3, NULL), ==, VIA_OK);
}

struct stubborn {
        struct via_client *client;
        int ended, refused;
};

/* Starts the call anew, whatever happened to it: what any program might do that wants to go on. */
static void once_more(void *user, int code, const void *response, const struct via_error *err) {
        struct msg_number request = { .n = 1 };
        struct stubborn *stubborn = user;

        (void)response;
        (void)err;
        CHECK(code != VIA_OK);
        if (stubborn->ended++ < 10 && via_client_start(stubborn->client, method("nap"), NULL,
                                                       &request, once_more, stubborn, NULL))
                stubborn->refused++;
}

BEHAVIOUR(a_closing_client_starts_nothing) {
        struct stubborn stubborn = { .client = scene->caller.client };
        struct msg_number request = { .n = 100 };

        CHECK_INT(via_client_start(scene->caller.client, method("nap"), NULL, &request, once_more,
                                   &stubborn, NULL),
                  ==, VIA_OK);
        caller_close(&scene->caller);
        CHECK_INT(stubborn.ended, ==, 1);
        CHECK_INT(stubborn.refused, ==, 1);
}

BEHAVIOUR(a_oneway_call_before_close_arrives, .shared = true) {
        struct caller other;
        uint32_t *notes = NULL, seen = 0;

        for (uint32_t i = 0; i < 20; i++) {
                scene_open(scene, &other);
                CHECK_INT(call_note(&other, i), ==, VIA_OK);
                caller_close(&other);
        }
        while (call_noted(&scene->caller, &notes) < 20) {       /* a worker may be late */
                free(notes);
                usleep(1000);
        }
        for (uint32_t i = 0; i < 20; i++)       /* links have no order between them */
                seen |= 1u << notes[i];
        CHECK_INT(seen, ==, (1 << 20) - 1);
        free(notes);
}

BEHAVIOUR(clients_come_and_go) {
        for (int i = 0; i < 50; i++) {
                struct caller caller;

                scene_open(scene, &caller);
                if (i % 2)
                        CHECK_INT(call_echo(&caller, "x", 1, NULL), ==, VIA_OK);
                caller_close(&caller);
        }
        CHECK_INT(call_echo(&scene->caller, "x", 1, NULL), ==, VIA_OK);
}

BEHAVIOUR(two_clients_in_one_process) {
        struct msg_number request = { .n = 50 };
        struct outcome nap;
        struct caller other;

        scene_open(scene, &other);
        CHECK_INT(caller_start(&other, "nap", NULL, &request, &nap), ==, VIA_OK);
        CHECK_INT(call_echo(&scene->caller, "one", 3, NULL), ==, VIA_OK);
        CHECK_INT(call_echo(&other, "two", 3, NULL), ==, VIA_OK);
        caller_wait(&other, 1, &nap);
        CHECK_INT(nap.code, ==, VIA_OK);
        outcome_fini(&nap);
        caller_close(&other);
        CHECK_INT(call_echo(&scene->caller, "one", 3, NULL), ==, VIA_OK);
}

/* --- the server's end --- */

BEHAVIOUR(calls_after_the_servers_end, .shared = true) {
        struct via_error err = VIA_ERROR_INIT;

        CHECK_INT(call_echo(&scene->caller, "x", 1, NULL), ==, VIA_OK);
        host_stop(&scene->host);
        for (int i = 0; i < 3; i++) {
                CHECK_INT(call_echo(&scene->caller, "x", 1, &err), ==, VIA_UNAVAILABLE);
                CHECK(says(&err, "shutting down"));
                CHECK(err.where && strstr(err.where, "Basic.echo"));
        }
        via_error_fini(&err);
}

/* The same for one that never said a word. */
BEHAVIOUR(a_first_call_after_the_servers_end, .shared = true) {
        struct via_error err = VIA_ERROR_INIT;

        host_stop(&scene->host);
        CHECK_INT(call_echo(&scene->caller, "x", 1, &err), ==, VIA_UNAVAILABLE);
        CHECK(err.message != NULL);
        via_error_fini(&err);
}

/* What runs is finished, what has come in by then is served, and then nobody is left. */
BEHAVIOUR(a_stopping_server_finishes_its_calls, .shared = true) {
        struct msg_number request = { .n = 100 };
        struct outcome outcomes[3];
        struct caller idle, witness;
        uint32_t *notes;

        scene_open(scene, &idle);
        CHECK_INT(call_echo(&idle, "x", 1, NULL), ==, VIA_OK);
        scene_open(scene, &witness);
        for (int i = 0; i < 3; i++)
                CHECK_INT(caller_start(&scene->caller, "nap", NULL, &request, &outcomes[i]), ==,
                          VIA_OK);
        if (scene->driver == BLOCKING)
                via_client_turn(scene->caller.client, 1, NULL);
        else
                caller_poll(&scene->caller);
        while (call_noted(&witness, &notes) == 0)               /* until they have arrived */
                free(notes);
        free(notes);
        host_ask_to_stop(&scene->host);
        caller_wait(&scene->caller, 3, outcomes);
        for (int i = 0; i < 3; i++) {
                CHECK_INT(outcomes[i].code, ==, VIA_OK);
                outcome_fini(&outcomes[i]);
        }
        host_wait(&scene->host);
        CHECK_INT(call_echo(&scene->caller, "x", 1, NULL), ==, VIA_UNAVAILABLE);
        CHECK_INT(call_echo(&idle, "x", 1, NULL), ==, VIA_UNAVAILABLE);
        caller_close(&idle);
        caller_close(&witness);
}

/* A client that does not read cannot keep a server from ending. */
BEHAVIOUR(a_stopping_server_waits_so_long, .shared = true, .bare = true) {
        struct via_server_options options = { .drain_ms = 100 };
        struct msg_number request = { .n = 3000000 };
        struct outcome outcomes[10];

        host_start(&scene->host, scene->place, &options);
        scene_open(scene, &scene->caller);
        for (int i = 0; i < 10; i++)
                CHECK_INT(caller_start(&scene->caller, "make", NULL, &request, &outcomes[i]), ==,
                          VIA_OK);
        caller_poll(&scene->caller);
        host_stop(&scene->host);
        caller_wait(&scene->caller, 10, outcomes);
        CHECK_INT(outcomes[9].code, ==, VIA_UNAVAILABLE);
        for (int i = 0; i < 10; i++) {
                CHECK_INT(outcomes[i].ended, ==, 1);
                outcome_fini(&outcomes[i]);
        }
}

/* Nor can a handler that never answers: its caller hears why, and so does it. */
BEHAVIOUR(a_drain_that_never_ends, .shared = true, .bare = true) {
        struct via_server_options options = { .drain_ms = 200 };
        struct msg_none request = { 0 };
        struct via_stream *stream = NULL;
        struct via_error err = VIA_ERROR_INIT;
        struct outcome outcomes[50];
        size_t n;
        uint8_t *data;
        int code;

        host_start(&scene->host, scene->place, &options);
        scene_open(scene, &scene->caller);
        REQUIRE(conf_Streams_mirror_open(scene->caller.client, &stream, &err) == VIA_OK);
        waits_for(&scene->caller, stream);
        for (int i = 0; i < 50; i++)
                REQUIRE(caller_start(&scene->caller, "Later/never", NULL, &request, &outcomes[i]) ==
                        VIA_OK);
        CHECK_INT(call_echo(&scene->caller, "x", 1, NULL), ==, VIA_OK);
        host_ask_to_stop(&scene->host);
        caller_wait(&scene->caller, 50, outcomes);
        for (int i = 0; i < 50; i++) {
                CHECK_INT(outcomes[i].code, ==, VIA_UNAVAILABLE);
                CHECK(says(&outcomes[i].err, "does not wait"));
                outcome_fini(&outcomes[i]);
        }
        code = WAITING(&scene->caller, conf_Streams_mirror_read(stream, &n, &data, &err));
        CHECK_INT(code, ==, VIA_END);
        code = WAITING(&scene->caller, conf_Streams_mirror_finish(stream, &err));
        CHECK_INT(code, ==, VIA_UNAVAILABLE);
        CHECK(says(&err, "does not wait"));
        host_wait(&scene->host);
        via_error_fini(&err);
}

/* What may never end does go on until then. */
BEHAVIOUR(a_drain_is_time_for_what_runs, .shared = true, .bare = true) {
        struct via_server_options options = { .drain_ms = 20000 };
        struct caller late, idle;
        struct outcome outcome;
        struct msg_pool {
                ProtobufCMessage base;
                uint32_t n, ms;
        } request = { .n = 7, .ms = 1000 };
        int code;

        host_start(&scene->host, scene->place, &options);
        scene_open(scene, &scene->caller);
        scene_open(scene, &idle);
        REQUIRE(caller_start(&scene->caller, "Later/thread", NULL, &request, &outcome) == VIA_OK);
        CHECK_INT(call_echo(&scene->caller, "x", 1, NULL), ==, VIA_OK);
        CHECK_INT(call_echo(&idle, "x", 1, NULL), ==, VIA_OK);
        host_ask_to_stop(&scene->host);
        do                                      /* until it has heard of it */
                code = call_nap(&idle, 1, 0, NULL, NULL);
        while (!code);
        CHECK_INT(code, ==, VIA_UNAVAILABLE);
        CHECK_INT(outcome.ended, ==, 0);
        CHECK_INT(caller_open(&late, scene->driver, scene->host.endpoint, NULL, NULL), ==,
                  VIA_UNAVAILABLE);
        caller_wait(&scene->caller, 1, &outcome);
        CHECK_INT(outcome.code, ==, VIA_OK);
        outcome_fini(&outcome);
        host_wait(&scene->host);
        caller_close(&idle);
}

BEHAVIOUR(a_new_server_at_the_old_place, .shared = true) {
        char place[256];

        CHECK_INT(call_echo(&scene->caller, "x", 1, NULL), ==, VIA_OK);
        snprintf(place, sizeof(place), "%s", scene->host.endpoint);
        host_stop(&scene->host);
        CHECK_INT(call_echo(&scene->caller, "x", 1, NULL), ==, VIA_UNAVAILABLE);
        caller_close(&scene->caller);
        host_start(&scene->host, place, NULL);
        scene_open(scene, &scene->caller);
        CHECK_INT(call_echo(&scene->caller, "x", 1, NULL), ==, VIA_OK);
}

BEHAVIOUR(nobody_there, .shared = true, .bare = true) {
        struct via_error err = VIA_ERROR_INIT;
        struct caller caller;
        char endpoint[256];

        host_start(&scene->host, scene->place, NULL);
        snprintf(endpoint, sizeof(endpoint), "%s", scene->host.endpoint);
        host_stop(&scene->host);
        CHECK_INT(caller_open(&caller, scene->driver, endpoint, NULL, &err), ==, VIA_UNAVAILABLE);
        CHECK(says(&err, endpoint));
        via_error_fini(&err);
}

BEHAVIOUR(a_place_that_is_taken, .shared = true) {
        struct via_server *server = via_server_new(NULL);
        struct via_error err = VIA_ERROR_INIT;

        REQUIRE(server != NULL);
        CHECK_INT(via_server_listen(server, scene->host.endpoint, &err), ==, VIA_ALREADY_EXISTS);
        CHECK(says(&err, scene->host.endpoint));
        via_error_fini(&err);
        via_server_free(server);
        CHECK_INT(call_echo(&scene->caller, "mine", 4, NULL), ==, VIA_OK);
}
