/*
 * shared_refused.c - what a client of several threads may not do, or cannot have
 */
#include <sys/resource.h>
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

/* Another client, while only @n more descriptors may be had; NULL: it said why not. */
static struct via_client *open_within(rlim_t n, uint32_t flags) {
        struct via_client_options options = { .flags = flags };
        struct via_error err = VIA_ERROR_INIT;
        struct via_client *another = NULL;
        struct rlimit old, few;
        int code, lowest = dup(0);

        close(lowest);
        REQUIRE(lowest >= 0 && getrlimit(RLIMIT_NOFILE, &old) == 0);
        few = (struct rlimit){ .rlim_cur = (rlim_t)lowest + n, .rlim_max = old.rlim_max };
        REQUIRE(setrlimit(RLIMIT_NOFILE, &few) == 0);
        code = via_client_open(&another, host.endpoint, &options, &err);
        REQUIRE(setrlimit(RLIMIT_NOFILE, &old) == 0);
        if (code) {
                CHECK_INT(code, ==, VIA_RESOURCE_EXHAUSTED);
                CHECK(err.message && strstr(err.message, host.endpoint));
                CHECK(err.message && strstr(err.message, "(ulimit -n)"));
        }
        via_error_fini(&err);
        return another;
}

TEST(too_few_descriptors_to_open) {
        struct via_client *another = NULL;
        rlim_t n;

        begin(via_transports[0], 0);
        for (n = 0; n < 20 && !another; n++)
                another = open_within(n, VIA_CLIENT_SHARED);
        CHECK(another != NULL);
        CHECK_INT(n, >, 2);                     /* one is the link's, and one beside it */
        CHECK_INT(via_client_close(another), ==, 0);
        /* only this: a loop of libuv's that gets one of the two it needs keeps that */
        CHECK(open_within(0, VIA_CLIENT_EXTERNAL) == NULL);
        end();
}
