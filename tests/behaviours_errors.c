/*
 * behaviours_errors.c - how a call says that it went wrong, and that nothing else did
 */
#include <string.h>
#include "behaviour.h"

/* Whatever went wrong before, the link is as good as new. */
static void still_good(struct scene *scene) {
        CHECK_INT(call_echo(&scene->caller, "good", 4, NULL), ==, VIA_OK);
}

static bool says(const struct via_error *err, const char *what) {
        return err->message && strstr(err->message, what);
}

BEHAVIOUR(exceptions_arrive_with_their_members) {
        struct msg_refuse request = { .why = (char *)(uintptr_t) "because", .code = -7 };
        struct msg_string response = { .s = NULL };
        struct via_error err = VIA_ERROR_INIT;
        const struct conf_Refused *refused;

        for (int i = 0; i < 2; i++) {           /* the second replaces the first */
                CHECK_INT(caller_call(&scene->caller, "refuse", NULL, &request, &response, &err),
                          ==, VIA_UNKNOWN);
                refused = conf_Refused_get(&err);
                REQUIRE(refused != NULL);
                CHECK_STR(refused->why, "because");
                CHECK_INT(refused->code, ==, -7);
                CHECK(says(&err, "conf.Refused"));
        }
        via_error_fini(&err);
        CHECK_INT(caller_call(&scene->caller, "refuse", NULL, &request, &response, NULL), ==,
                  VIA_UNKNOWN);
        still_good(scene);
}

BEHAVIOUR(exceptions_not_declared_stay_at_the_server) {
        struct msg_none request = { 0 }, response;
        struct via_error err = VIA_ERROR_INIT;

        CHECK_INT(caller_call(&scene->caller, "betray", NULL, &request, &response, &err), ==,
                  VIA_INTERNAL);
        CHECK(says(&err, "conf.Secret") && says(&err, "does not declare"));
        CHECK(err.exception == NULL);
        via_error_fini(&err);
        still_good(scene);
}

BEHAVIOUR(every_code_arrives_with_its_text) {
        for (int code = 1; code <= VIA_UNAUTHENTICATED; code++) {
                struct via_error err = VIA_ERROR_INIT;

                CHECK_INT(call_fail(&scene->caller, code, "the reason is \u00fc", &err), ==, code);
                CHECK_STR(err.message, "the reason is \u00fc");
                CHECK_INT(err.code, ==, code);
                via_error_fini(&err);
                CHECK_INT(call_fail(&scene->caller, code, "", NULL), ==, code);
        }
        CHECK_INT(call_fail(&scene->caller, VIA_OK, "", NULL), ==, VIA_OK);
}

BEHAVIOUR(what_is_no_code_becomes_one) {
        struct via_error err = VIA_ERROR_INIT;

        CHECK_INT(call_fail(&scene->caller, -ENOSPC, "", &err), ==, VIA_INTERNAL);
        CHECK(says(&err, strerror(ENOSPC)));
        CHECK_INT(call_fail(&scene->caller, 17, "", &err), ==, VIA_UNKNOWN);
        CHECK(says(&err, "the handler returned 17, which is no code"));
        CHECK_INT(call_fail(&scene->caller, 4711, "with a text", &err), ==, VIA_UNKNOWN);
        CHECK_STR(err.message, "with a text");
        via_error_fini(&err);
        still_good(scene);
}

BEHAVIOUR(a_text_too_long_is_cut) {
        char *text = malloc(100001);
        struct via_error err = VIA_ERROR_INIT;

        REQUIRE(text != NULL);
        memset(text, 'x', 100000);
        text[100000] = 0;
        CHECK_INT(call_fail(&scene->caller, VIA_ABORTED, text, &err), ==, VIA_ABORTED);
        CHECK_INT(strlen(err.message), >=, 1000);
        CHECK_INT(strlen(err.message), <, 10000);
        via_error_fini(&err);
        free(text);
        still_good(scene);
}

BEHAVIOUR(errors_name_the_endpoint_and_the_method) {
        struct via_error err = VIA_ERROR_INIT;
        char want[300], line[600];

        snprintf(want, sizeof(want), "%s, Basic.fail", scene->host.endpoint);
        CHECK_INT(call_fail(&scene->caller, VIA_NOT_FOUND, "no such thing", &err), ==,
                  VIA_NOT_FOUND);
        CHECK_STR(err.where, want);
        via_error_format(&err, line, sizeof(line));
        CHECK(strstr(line, "NOT_FOUND") && strstr(line, want) && strstr(line, "no such thing"));
        via_error_fini(&err);
}

BEHAVIOUR(operations_that_are_not_there) {
        static const char *const names[] = { "absent", "Nobody/call" };
        struct msg_none request = { 0 }, response;

        for (int i = 0; i < 2; i++) {
                struct via_error err = VIA_ERROR_INIT;

                CHECK_INT(caller_call(&scene->caller, names[i], NULL, &request, &response, &err),
                          ==, VIA_UNIMPLEMENTED);
                CHECK(says(&err, i == 0 ? "conf.Basic/absent" : "no such method"));
                CHECK(strstr(err.where, i == 0 ? "Basic.absent" : "Nobody.call") != NULL);
                via_error_fini(&err);
        }
        still_good(scene);
}

BEHAVIOUR(a_request_too_large, .query = "max_message=64K") {
        struct via_error err = VIA_ERROR_INIT;

        /* Before the server has said how much it takes, and after. */
        for (int i = 0; i < 2; i++) {
                CHECK_INT(call_take(&scene->caller, 100000, &err), ==, VIA_RESOURCE_EXHAUSTED);
                CHECK(says(&err, "the server's max_message, 65536"));
                CHECK_INT(call_take(&scene->caller, 60000, NULL), ==, VIA_OK);
        }
        via_error_fini(&err);
}

BEHAVIOUR(a_request_larger_than_we_send) {
        struct via_error err = VIA_ERROR_INIT;

        CHECK_INT(call_take(&scene->caller, 5000000, &err), ==, VIA_RESOURCE_EXHAUSTED);
        CHECK(says(&err, "max_message"));
        via_error_fini(&err);
        still_good(scene);
}

BEHAVIOUR(an_answer_too_large) {
        struct via_error err = VIA_ERROR_INIT;

        CHECK_INT(call_make(&scene->caller, 5000000, &err), ==, VIA_RESOURCE_EXHAUSTED);
        CHECK(says(&err, "5000") && says(&err, "the server's max_message, 4194304"));
        via_error_fini(&err);
        still_good(scene);
}

/* The server takes the client's word for how much it wants to hear. */
BEHAVIOUR(an_answer_larger_than_the_client_takes) {
        struct via_client_options options = { 0 };
        struct via_error err = VIA_ERROR_INIT;
        struct caller small;

        CHECK_INT(via_limits_set(&options.limits, VIA_LIMIT_MESSAGE, 10000, NULL), ==, VIA_OK);
        REQUIRE(caller_open(&small, scene->driver, scene->host.endpoint, &options, NULL) == VIA_OK);
        for (int i = 0; i < 2; i++) {
                CHECK_INT(call_make(&small, 20000, &err), ==, VIA_RESOURCE_EXHAUSTED);
                CHECK(says(&err, "20"));
                CHECK_INT(call_make(&small, 9000, NULL), ==, VIA_OK);
        }
        via_error_fini(&err);
        caller_close(&small);
        still_good(scene);
}

/* A message may be small on the way and large in memory. */
BEHAVIOUR(a_request_that_unfolds_to_too_much, .query = "max_memory=2K") {
        struct via_error err = VIA_ERROR_INIT;

        CHECK_INT(call_take(&scene->caller, 4000, &err), ==, VIA_RESOURCE_EXHAUSTED);
        CHECK(says(&err, "max_memory"));
        via_error_fini(&err);
        CHECK_INT(call_take(&scene->caller, 1000, NULL), ==, VIA_OK);
}
