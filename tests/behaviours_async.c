/*
 * behaviours_async.c - calls that nobody waits for: each ends once, whatever happens
 */
#include <string.h>
#include "behaviour.h"
#include "waiting.h"

struct ending {
        struct caller     *caller;
        struct via_handle *handle;
        int                ended, code;
        uint32_t           n;
        char               words[200];
};

static void note_end(struct ending *ending, int code, const struct via_error *err) {
        ending->ended++;
        ending->code = code;
        CHECK((code == VIA_OK) == (err == NULL));
        snprintf(ending->words, sizeof(ending->words), "%s",
                 err && err->message ? err->message : "");
}

static void on_number(void *user, int code, uint32_t result, const struct via_error *err) {
        struct ending *ending = user;

        note_end(ending, code, err);
        ending->n = result;
}

static void on_nothing(void *user, int code, const struct via_error *err) {
        note_end(user, code, err);
}

static void on_text(void *user, int code, const char *result, const struct via_error *err) {
        struct ending *ending = user;

        note_end(ending, code, err);
        if (!code)
                snprintf(ending->words, sizeof(ending->words), "%s", result);
}

static void until_ended(struct scene *scene, const struct ending *ending) {
        while (!ending->ended)
                caller_turn(&scene->caller);
}

BEHAVIOUR(started_stubs_have_typed_results) {
        struct ending text = { 0 }, nap = { 0 };

        CHECK(conf_Basic_text_async(scene->caller.client, "so", NULL, on_text, &text) != NULL);
        CHECK(conf_Basic_nap_async(scene->caller.client, 1, NULL, on_number, &nap) != NULL);
        CHECK_INT(text.ended, ==, 0);
        until_ended(scene, &text);
        until_ended(scene, &nap);
        CHECK_INT(text.code, ==, VIA_OK);
        CHECK_STR(text.words, "so");
        CHECK_INT(nap.code, ==, VIA_OK);
        CHECK(nap.n > 20000 && nap.n <= 30000);
        CHECK_INT(text.ended, ==, 1);
        CHECK_INT(nap.ended, ==, 1);
}

BEHAVIOUR(what_could_not_be_started_ends_too) {
        struct ending bad = { 0 };

        CHECK(conf_Basic_text_async(scene->caller.client, "\xff", NULL, on_text, &bad) != NULL);
        CHECK_INT(bad.ended, ==, 0);
        until_ended(scene, &bad);
        CHECK_INT(bad.code, ==, VIA_INVALID_ARGUMENT);
        CHECK(strstr(bad.words, "UTF-8"));
        CHECK_INT(call_echo(&scene->caller, "a", 1, NULL), ==, VIA_OK);
        CHECK_INT(bad.ended, ==, 1);
}

BEHAVIOUR(a_cancelled_call_ends_once) {
        struct ending never = { 0 };
        struct via_handle *handle = conf_Later_never_async(scene->caller.client, NULL, on_nothing,
                                                           &never);

        CHECK_INT(call_echo(&scene->caller, "a", 1, NULL), ==, VIA_OK);
        CHECK_INT(never.ended, ==, 0);
        via_handle_cancel(handle);
        via_handle_cancel(handle);
        CHECK_INT(never.ended, ==, 0);          /* not from within */
        until_ended(scene, &never);
        CHECK_INT(never.code, ==, VIA_CANCELLED);
        until_given_up(&scene->caller, 1);
        CHECK_INT(never.ended, ==, 1);
}

/* Answered or cancelled, whatever comes first: one of both, and never both. */
BEHAVIOUR(a_cancel_races_with_the_answer) {
        int answered = 0;

        for (int i = 0; i < 200; i++) {
                struct ending echo = { 0 };
                struct via_handle *handle = conf_Later_thread_async(
                        scene->caller.client, 5, (uint32_t)(i % 2), NULL, on_number, &echo);

                for (int turns = 0; turns < i % 3 && !echo.ended; turns++)
                        caller_poll(&scene->caller);
                if (!echo.ended)
                        via_handle_cancel(handle);
                until_ended(scene, &echo);
                CHECK_INT(echo.ended, ==, 1);
                CHECK(echo.code == VIA_CANCELLED || (echo.code == VIA_OK && echo.n == 5));
                answered += echo.code == VIA_OK;
        }
        CHECK_INT(call_echo(&scene->caller, "a", 1, NULL), ==, VIA_OK);
        CHECK(answered < 200);
}

static void on_first(void *user, int code, const char *result, const struct via_error *err) {
        struct ending *endings = user;

        on_text(&endings[0], code, result, err);
        via_handle_cancel(endings[0].handle);   /* its own: nothing happens */
        via_handle_cancel(endings[1].handle);
        conf_Basic_text_async(endings[0].caller->client, "next", NULL, on_text, &endings[2]);
}

BEHAVIOUR(whoever_is_told_may_cancel_and_start) {
        struct ending endings[3] = { { .caller = &scene->caller } };

        endings[1].handle = conf_Later_never_async(scene->caller.client, NULL, on_nothing,
                                                   &endings[1]);
        endings[0].handle = conf_Basic_text_async(scene->caller.client, "a", NULL, on_first,
                                                  endings);
        for (int i = 0; i < 3; i++)
                until_ended(scene, &endings[i]);
        CHECK_INT(endings[0].code, ==, VIA_OK);
        CHECK_INT(endings[1].code, ==, VIA_CANCELLED);
        CHECK_INT(endings[2].code, ==, VIA_OK);
        for (int i = 0; i < 3; i++)
                CHECK_INT(endings[i].ended, ==, 1);
}

BEHAVIOUR(a_oneway_call_ends_when_it_has_been_sent) {
        struct ending note = { 0 };
        uint32_t *notes;

        CHECK(conf_Basic_note_async(scene->caller.client, 77, NULL, on_nothing, &note) != NULL);
        CHECK_INT(note.ended, ==, 0);
        until_ended(scene, &note);
        CHECK_INT(note.code, ==, VIA_OK);
        CHECK_INT(call_noted(&scene->caller, &notes), ==, 1);
        free(notes);
        CHECK_INT(note.ended, ==, 1);
}

BEHAVIOUR(a_close_ends_all_of_them_once) {
        struct ending endings[20] = { { 0 } };

        for (int i = 0; i < 20; i++)
                endings[i].handle = conf_Later_never_async(scene->caller.client, NULL, on_nothing,
                                                           &endings[i]);
        via_handle_cancel(endings[3].handle);
        caller_close(&scene->caller);
        for (int i = 0; i < 20; i++) {
                CHECK_INT(endings[i].ended, ==, 1);
                CHECK_INT(endings[i].code, ==, VIA_CANCELLED);
        }
}
