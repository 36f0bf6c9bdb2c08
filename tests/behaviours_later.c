/*
 * behaviours_later.c - answers that come later, calls back, and what is said beside a call
 */
#include <string.h>
#include <unistd.h>
#include "behaviour.h"
#include "waiting.h"

struct msg_two {
        ProtobufCMessage base;
        uint32_t n, ms;
};

static void answers_come(struct scene *scene, const char *name, uint32_t ms_of_first) {
        struct outcome outcomes[50];

        for (uint32_t i = 0; i < 50; i++) {
                struct msg_two request = { .n = i, .ms = i ? 1 : ms_of_first };

                REQUIRE(caller_start(&scene->caller, name, NULL, &request, &outcomes[i]) == VIA_OK);
        }
        caller_wait(&scene->caller, 50, outcomes);
        for (uint32_t i = 0; i < 50; i++) {
                CHECK_INT(outcomes[i].ended, ==, 1);
                CHECK_INT(outcomes[i].code, ==, VIA_OK);
                if (outcomes[i].response)
                        CHECK_INT(((struct msg_number *)outcomes[i].response)->n, ==, i);
                outcome_fini(&outcomes[i]);
        }
}

BEHAVIOUR(other_threads_answer) {
        answers_come(scene, "Later/thread", 50);
}

BEHAVIOUR(the_pool_answers) {
        answers_come(scene, "Later/pool", 50);
}

BEHAVIOUR(the_second_answer_is_refused) {
        struct msg_none request = { 0 };
        struct msg_number response;

        CHECK_INT(caller_call(&scene->caller, "Later/twice", NULL, &request, &response, NULL), ==,
                  VIA_OK);
        CHECK_INT(response.n, ==, 1);
        CHECK_INT(caller_call(&scene->caller, "Later/twice", NULL, &request, &response, NULL), ==,
                  VIA_OK);
        CHECK_INT(response.n, ==, VIA_FAILED_PRECONDITION);
}

BEHAVIOUR(a_handler_hears_that_its_time_is_over) {
        struct via_call_options options = { .timeout_ms = 50 };
        struct msg_none request = { 0 }, response;

        CHECK_INT(caller_call(&scene->caller, "Later/never", &options, &request, &response, NULL),
                  ==, VIA_DEADLINE_EXCEEDED);
        until_given_up(&scene->caller, 1);
}

BEHAVIOUR(a_handler_hears_that_its_client_has_left, .shared = true) {
        struct msg_none request = { 0 };
        struct outcome outcome;
        struct caller other;

        scene_open(scene, &other);
        REQUIRE(caller_start(&other, "Later/never", NULL, &request, &outcome) == VIA_OK);
        CHECK_INT(call_echo(&other, "a", 1, NULL), ==, VIA_OK);
        CHECK_INT(given_up(&scene->caller), ==, 0);
        caller_close(&other);
        CHECK_INT(outcome.ended, ==, 1);
        CHECK_INT(outcome.code, ==, VIA_CANCELLED);
        outcome_fini(&outcome);
        until_given_up(&scene->caller, 1);
}

/* A server that has as many open as it wants says so at once; what runs goes on. */
BEHAVIOUR(more_open_calls_than_the_server_wants, .query = "max_calls=4") {
        struct via_call_options options = { .timeout_ms = 200 };
        struct msg_none request = { 0 };
        struct outcome outcomes[4], more;

        CHECK_INT(call_echo(&scene->caller, "a", 1, NULL), ==, VIA_OK);
        for (int i = 0; i < 4; i++)
                REQUIRE(caller_start(&scene->caller, "Later/never", &options, &request,
                                     &outcomes[i]) == VIA_OK);
        CHECK_INT(caller_start(&scene->caller, "Later/never", NULL, &request, &more), ==,
                  VIA_RESOURCE_EXHAUSTED);
        outcome_fini(&more);
        caller_wait(&scene->caller, 4, outcomes);
        for (int i = 0; i < 4; i++) {
                CHECK_INT(outcomes[i].code, ==, VIA_DEADLINE_EXCEEDED);
                outcome_fini(&outcomes[i]);
        }
        until_given_up(&scene->caller, 4);
}

/* --- beside a call --- */

struct msg_metadata {
        ProtobufCMessage base;
        char *key;
        int32_t code;
};

static void metadata_go_both_ways(struct scene *scene, int32_t code) {
        struct via_metadata *sent = via_metadata_new(), *header = via_metadata_new(),
                            *trailer = via_metadata_new();
        struct via_call_options options = { .metadata = sent,
                                            .header = header,
                                            .trailer = trailer };
        struct msg_metadata request = { .key = (char *)(uintptr_t) "who", .code = code };
        struct msg_string response = { .s = NULL };
        const void *value;
        size_t size;

        REQUIRE(via_metadata_add(sent, "who", "me", NULL) == VIA_OK);
        REQUIRE(via_metadata_add(sent, "who", "not me", NULL) == VIA_OK);
        REQUIRE(via_metadata_add_bin(sent, "raw-bin", "\0\n\377", 3, NULL) == VIA_OK);
        CHECK_INT(caller_call(&scene->caller, "Later/metadata", &options, &request, &response,
                              NULL), ==, code);
        if (!code)
                CHECK_STR(response.s, "me");
        free(response.s);
        CHECK_STR(via_metadata_get(header, "seen"), "me");
        value = via_metadata_get_bin(header, "bytes-bin", &size);
        CHECK(value && size == 3 && memcmp(value, "\0\1\377", 3) == 0);
        CHECK_INT(via_metadata_count(trailer), ==, 2);
        CHECK(via_metadata_at(trailer, 1, NULL, &value, &size));
        CHECK(size == 1 && memcmp(value, "2", 1) == 0);
        via_metadata_free(sent);
        via_metadata_free(header);
        via_metadata_free(trailer);
}

BEHAVIOUR(metadata_beside_a_result) {
        metadata_go_both_ways(scene, VIA_OK);
        metadata_go_both_ways(scene, VIA_OK);
}

BEHAVIOUR(metadata_beside_a_failure) {
        metadata_go_both_ways(scene, VIA_ABORTED);
}

BEHAVIOUR(metadata_over_the_servers_limit, .query = "max_metadata=100") {
        struct via_metadata *sent = via_metadata_new();
        struct via_call_options options = { .metadata = sent };
        struct msg_metadata request = { .key = (char *)(uintptr_t) "k" };
        struct via_error err = VIA_ERROR_INIT;
        struct msg_string response;
        char value[201];

        memset(value, 'v', 200);
        value[200] = 0;
        REQUIRE(via_metadata_add(sent, "k", value, NULL) == VIA_OK);
        CHECK_INT(caller_call(&scene->caller, "Later/metadata", &options, &request, &response,
                              &err), ==, VIA_RESOURCE_EXHAUSTED);
        CHECK(err.message && strstr(err.message, "max_metadata"));
        CHECK_INT(call_echo(&scene->caller, "a", 1, NULL), ==, VIA_OK);
        via_error_fini(&err);
        via_metadata_free(sent);
}

/* --- calls back --- */

static int twofold(struct via_call *call, uint32_t n, uint32_t *ret_result) {
        if (n == 13)
                return via_call_fail(call, VIA_OUT_OF_RANGE, "not that one");
        *ret_result = 2 * n;
        return VIA_OK;
}

static void on_down(void *user, int code, uint32_t result, const struct via_error *err) {
        struct via_call *call = user;

        (void)err;
        if (code)
                via_call_end(call, code);
        else
                conf_Listener_down_reply(call, result + 1);
}

/* A blocking client asks within its handler; one with a loop answers later. */
static int down(struct via_call *call, uint32_t depth, uint32_t *ret_result) {
        struct caller *caller = via_call_self(call);
        int code;

        *ret_result = 0;
        if (!depth)
                return VIA_OK;
        if (caller->driver == BLOCKING) {
                code = conf_Later_down(via_call_client(call), depth - 1, ret_result, NULL);
                ++*ret_result;
                return code;
        }
        code = via_call_defer(call);
        if (code == VIA_DEFERRED)
                conf_Later_down_async(via_call_client(call), depth - 1, NULL, on_down, call);
        return code;
}

static const struct conf_Listener_ops listener = { .twofold = twofold, .down = down };

static int ask(struct scene *scene, const char *name, uint32_t n, uint32_t *ret_n,
               struct via_error *err) {
        struct msg_number request = { .n = n }, response = { .n = 0 };
        int code = caller_call(&scene->caller, name, NULL, &request, &response, err);

        *ret_n = response.n;
        return code;
}

BEHAVIOUR(the_server_calls_back) {
        struct via_error err = VIA_ERROR_INIT;
        uint32_t n;

        CHECK_INT(ask(scene, "Later/ask", 1, &n, &err), ==, VIA_UNIMPLEMENTED);
        REQUIRE(conf_Listener_serve_client(scene->caller.client, &listener, &scene->caller, NULL) ==
                VIA_OK);
        for (uint32_t i = 0; i < 10; i++) {
                CHECK_INT(ask(scene, "Later/ask", i, &n, NULL), ==, VIA_OK);
                CHECK_INT(n, ==, 2 * i);
        }
        CHECK_INT(ask(scene, "Later/ask", 13, &n, &err), ==, VIA_OUT_OF_RANGE);
        CHECK(err.message && strstr(err.message, "the client says: not that one"));
        via_error_fini(&err);
}

BEHAVIOUR(calls_back_are_nested) {
        uint32_t n;

        REQUIRE(conf_Listener_serve_client(scene->caller.client, &listener, &scene->caller, NULL) ==
                VIA_OK);
        for (uint32_t depth = 0; depth <= 8; depth++) {
                CHECK_INT(ask(scene, "Later/down", depth, &n, NULL), ==, VIA_OK);
                CHECK_INT(n, ==, depth);
        }
        CHECK_INT(call_echo(&scene->caller, "a", 1, NULL), ==, VIA_OK);
        if (scene->caller.driver != BLOCKING)
                return;
        CHECK_INT(ask(scene, "Later/down", 100, &n, NULL), ==, VIA_RESOURCE_EXHAUSTED);
        CHECK_INT(call_echo(&scene->caller, "a", 1, NULL), ==, VIA_OK);
}
