/*
 * shared_refused.c - what a client of several threads may not do, or cannot have
 */
#include "shared_crew.h"
#include "test.h"

struct inside {
        int ended, call, turn, process;
};

static void from_within(void *user, int code, const void *response, const struct via_error *err) {
        struct inside *inside = user;
        struct msg_number request = { .n = 0 }, answer;

        (void)code;
        (void)response;
        (void)err;
        inside->call = via_client_call(client, method("nap"), NULL, &request, &answer, NULL);
        inside->turn = via_client_turn(client, 0, NULL);
        inside->ended++;
}

TEST(no_waiting_within_another_function) {
        struct msg_number request = { .n = 0 };
        struct inside inside = { .ended = 0 };

        begin(via_transports[0], 0);
        CHECK_INT(via_client_start(client, method("nap"), NULL, &request, from_within, &inside,
                                   NULL), ==, VIA_OK);
        while (!inside.ended)
                via_client_turn(client, 1000, NULL);
        CHECK_INT(inside.call, ==, VIA_FAILED_PRECONDITION);
        CHECK_INT(inside.turn, ==, VIA_FAILED_PRECONDITION);
        CHECK_INT(via_client_process(client, NULL), ==, VIA_FAILED_PRECONDITION);
        CHECK_INT(via_client_fd(client), ==, -1);
        end();
}

TEST(one_driver_only) {
        struct via_client_options options = { .flags = VIA_CLIENT_SHARED | VIA_CLIENT_EXTERNAL };
        struct via_error err = VIA_ERROR_INIT;
        struct via_client *none;
        uv_loop_t loop;

        CHECK_INT(via_client_open(&none, "unix:@nobody", &options, &err), ==,
                  VIA_INVALID_ARGUMENT);
        CHECK(err.message && strstr(err.message, "VIA_CLIENT_SHARED"));
        via_error_fini(&err);
        options = (struct via_client_options){ .flags = VIA_CLIENT_SHARED, .loop = &loop };
        CHECK_INT(via_client_open(&none, "unix:@nobody", &options, NULL), ==,
                  VIA_INVALID_ARGUMENT);
}
