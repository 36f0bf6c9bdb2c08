/*
 * behaviours_calls.c - what goes into a call and what comes out of it
 */
#include <string.h>
#include "behaviour.h"

static const uint32_t sizes[] = { 0, 1, 63, 64, 65, 4095, 4096, 4097, 65535, 65536, 65537,
                                  1 << 20, 3000001 };

BEHAVIOUR(every_size_both_ways) {
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
                CHECK_INT(call_echo(&scene->caller, pattern(sizes[i]), sizes[i], NULL), ==, VIA_OK);
}

BEHAVIOUR(every_size_one_way) {
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
                CHECK_INT(call_take(&scene->caller, sizes[i], NULL), ==, VIA_OK);
                CHECK_INT(call_make(&scene->caller, sizes[i], NULL), ==, VIA_OK);
        }
}

/* --- every kind of argument and result --- */

/* There and back: what comes is what went. */
static void comes_back(struct scene *scene, const struct msg_same *request) {
        const struct via_type *type = method("same")->response;
        struct msg_same response;

        REQUIRE(type->desc.sizeof_message == sizeof(response));
        REQUIRE(caller_call(&scene->caller, "same", NULL, request, &response, NULL) == VIA_OK);
        CHECK(via_message_equal(type, request, &response));
        via_message_fini(type, &response);
}

#define TEXT(s) ((char *)(uintptr_t)(s))

BEHAVIOUR(every_kind_of_argument) {
        struct conf_Peer peers[3] = { 0 }, *several[] = { &peers[0], &peers[1], &peers[2] };
        int64_t numbers[] = { 0, 1, -1, INT64_MIN, INT64_MAX };
        char *words[] = { TEXT(""), TEXT("a"), TEXT("\u00e9\u20ac") };
        int32_t grid[] = { 1, 2, 3, -4, INT32_MIN, INT32_MAX };
        struct msg_same most = {
                .b = true, .c = 255, .o = 255, .i8 = -128, .i16 = INT16_MIN, .u16 = UINT16_MAX,
                .i32 = INT32_MIN, .u32 = UINT32_MAX, .i64 = INT64_MIN, .u64 = UINT64_MAX,
                .f = -0.5f, .d = 1e308, .sky = conf_Sky_RAIN, .s = TEXT("text"), .peer = &peers[1],
                .octets = { 300, (uint8_t *)(uintptr_t)pattern(300) }, .n_numbers = 5,
                .numbers = numbers, .n_words = 3, .words = words, .n_peers = 3, .peers = several,
                .n_grid = 6, .grid = grid,
        };
        struct msg_same least = { .peer = &peers[2], .n_grid = 6, .grid = grid };

        for (uint32_t i = 0; i < 3; i++) {
                conf_Peer_init(&peers[i]);
                peers[i].uid = i;
                peers[i].address = i ? TEXT("somewhere") : NULL;
        }
        comes_back(scene, &most);
        comes_back(scene, &least);
        most.i8 = most.i16 = most.i32 = 127;
        most.i64 = INT64_MAX;
        most.f = 1 / 3.0f;
        comes_back(scene, &most);
}

/* What an .idl does not allow is found before anything is sent. */
BEHAVIOUR(arguments_out_of_their_range) {
        struct conf_Peer peer = { .base = { .descriptor = &conf_Peer_type.desc } };
        int32_t grid[6] = { 0 };
        struct msg_same good = { .peer = &peer, .n_grid = 6, .grid = grid }, bad[5];
        struct msg_same response;

        for (int i = 0; i < 5; i++)
                bad[i] = good;
        bad[0].c = 256;
        bad[1].i8 = 128;
        bad[2].u16 = 65536;
        bad[3].n_grid = 5;
        bad[4].s = TEXT("\xff");
        for (int i = 0; i < 5; i++)
                CHECK_INT(caller_call(&scene->caller, "same", NULL, &bad[i], &response, NULL), ==,
                          VIA_INVALID_ARGUMENT);
        comes_back(scene, &good);
}

static void text_is_heard(struct scene *scene, const char *text, const char *answer) {
        struct msg_string request = { .s = (char *)(uintptr_t)text }, response;

        CHECK_INT(caller_call(&scene->caller, "text", NULL, &request, &response, NULL), ==, VIA_OK);
        CHECK_STR(response.s, answer);
        free(response.s);
}

BEHAVIOUR(strings) {
        char *large = malloc(1000001);

        text_is_heard(scene, "", "");
        text_is_heard(scene, NULL, "");
        text_is_heard(scene, "a", "a");
        text_is_heard(scene, "\u00e9\u20ac\U0001f600\n\t\x7f", "\u00e9\u20ac\U0001f600\n\t\x7f");
        REQUIRE(large != NULL);
        memset(large, 'x', 1000000);
        large[1000000] = 0;
        text_is_heard(scene, large, large);
        free(large);
}

BEHAVIOUR(text_that_is_not_utf8_stays_here) {
        struct msg_string request = { .s = (char *)(uintptr_t) "\xff\xfe" }, response;
        struct via_error err = VIA_ERROR_INIT;

        CHECK_INT(caller_call(&scene->caller, "text", NULL, &request, &response, &err), ==,
                  VIA_INVALID_ARGUMENT);
        CHECK(err.message && strstr(err.message, "UTF-8"));
        via_error_fini(&err);
        text_is_heard(scene, "still here", "still here");
}

BEHAVIOUR(results_in_an_arena) {
        struct via_arena *arena = via_arena_new(0);
        struct via_call_options options = { .arena = arena };
        struct msg_octets request = { .data = { 5000, (uint8_t *)(uintptr_t)pattern(5000) } };
        struct msg_octets response;

        REQUIRE(arena != NULL);
        for (int i = 0; i < 10; i++) {
                via_arena_reset(arena);
                CHECK_INT(caller_call(&scene->caller, "echo", &options, &request, &response, NULL),
                          ==, VIA_OK);
                CHECK_INT(response.data.len, ==, 5000);
                CHECK(memcmp(response.data.data, pattern(5000), 5000) == 0);
                if (scene->driver != BLOCKING)      /* there they live until on_done returns */
                        free(response.data.data);
        }
        via_arena_free(arena);
}

BEHAVIOUR(an_arena_that_is_too_small) {
        struct via_arena *arena = via_arena_new(1000);
        struct via_call_options options = { .arena = arena };
        struct msg_number request = { .n = 5000 };
        struct msg_octets response = { .data = { 7, NULL } };
        struct via_error err = VIA_ERROR_INIT;

        REQUIRE(arena != NULL);
        if (scene->driver == BLOCKING) {
                CHECK_INT(caller_call(&scene->caller, "make", &options, &request, &response, &err),
                          ==, VIA_RESOURCE_EXHAUSTED);
                CHECK(err.message && strstr(err.message, "no room in the arena"));
                CHECK_INT(response.data.len, ==, 7);    /* untouched */
        }
        via_error_fini(&err);
        via_arena_free(arena);
        CHECK_INT(call_make(&scene->caller, 5000, NULL), ==, VIA_OK);
}

/* A generated stub drops what nobody wants. */
BEHAVIOUR(results_that_nobody_wants) {
        struct via_client *client = scene->caller.client;

        if (scene->driver != BLOCKING)
                return;                         /* its stubs come later */
        CHECK_INT(conf_Basic_text(client, "dropped", NULL, NULL), ==, VIA_OK);
        CHECK_INT(conf_Basic_echo(client, 3, pattern(3), NULL, NULL, NULL), ==, VIA_OK);
        CHECK_INT(conf_Basic_noted(client, NULL, NULL, NULL), ==, VIA_OK);
}

BEHAVIOUR(oneway_calls_keep_their_order) {
        uint32_t *notes = NULL;
        int n;

        for (uint32_t i = 0; i < 100; i++)
                CHECK_INT(call_note(&scene->caller, i), ==, VIA_OK);
        n = call_noted(&scene->caller, &notes);
        CHECK_INT(n, ==, 100);
        for (int i = 0; i < n; i++)
                CHECK_INT(notes[i], ==, i);
        free(notes);
}

/* More than any buffer holds: it has to wait until the server, which is busy, reads. */
BEHAVIOUR(a_large_oneway_call_waits_for_room, .shared = true) {
        struct msg_octets big = { .data = { 3000001, (uint8_t *)(uintptr_t)pattern(3000001) } };
        struct via_call_options options = { .timeout_ms = 600000 };
        struct msg_number ms = { .n = 200 };
        struct caller other;
        struct outcome nap;
        uint32_t *notes;

        scene_open(scene, &other);
        CHECK_INT(call_echo(&other, "x", 1, NULL), ==, VIA_OK);         /* it has its link */
        CHECK_INT(caller_start(&other, "nap", NULL, &ms, &nap), ==, VIA_OK);
        if (scene->driver == BLOCKING)
                via_client_turn(other.client, 1, NULL);
        else
                caller_poll(&other);
        for (int i = 0; i < 2; i++)
                CHECK_INT(caller_call(&scene->caller, "drop", &options, &big, NULL, NULL), ==,
                          VIA_OK);
        caller_wait(&other, 1, &nap);
        CHECK_INT(nap.code, ==, VIA_OK);
        outcome_fini(&nap);
        caller_close(&other);
        CHECK_INT(call_noted(&scene->caller, &notes), ==, 3);
        CHECK(notes && notes[0] == 200 && notes[1] == 3000001 && notes[2] == 3000001);
        free(notes);
}

BEHAVIOUR(several_interfaces_on_one_server) {
        struct msg_none request = { 0 };
        struct msg_string response;

        CHECK_INT(caller_call(&scene->caller, "Other/name", NULL, &request, &response, NULL), ==,
                  VIA_OK);
        CHECK_STR(response.s, "the other one");
        free(response.s);
        CHECK_INT(call_echo(&scene->caller, "x", 1, NULL), ==, VIA_OK);
}

BEHAVIOUR(a_handler_knows_where_it_is) {
        struct msg_none request = { 0 };
        struct msg_string response;
        char want[300];

        CHECK_INT(caller_call(&scene->caller, "here", NULL, &request, &response, NULL), ==, VIA_OK);
        snprintf(want, sizeof(want), "%s conf.Basic/here",
                 scene->host.alone ? "stdio:" : scene->host.endpoint);
        CHECK_STR(response.s, want);
        free(response.s);
}

BEHAVIOUR(a_handler_knows_its_peer) {
        struct msg_none request = { 0 };
        struct msg_peer response;

        CHECK_INT(caller_call(&scene->caller, "who", NULL, &request, &response, NULL), ==, VIA_OK);
        /* what the kernel cannot tell is not told */
        if (strcmp(scene->by->scheme, "tcp") == 0) {
                CHECK(!response.peer->known);
                CHECK(strncmp(response.peer->address, "127.0.0.1:", 10) == 0);
        } else {
                CHECK(response.peer->known);
                CHECK_INT(response.peer->uid, ==, geteuid());
                CHECK_INT(response.peer->gid, ==, getegid());
                CHECK_INT(response.peer->pid, ==, getpid());
                CHECK_STR(response.peer->address, "");
        }
        via_message_free(&conf_Peer_type, response.peer);
}
