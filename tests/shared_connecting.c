/*
 * shared_connecting.c - one of several threads connects, and the others wait for that
 */
#include <sched.h>
#include "client_impl.h"
#include "service.h"
#include "shared_crew.h"
#include "test.h"

static struct via_client *first;                /* which the server has not accepted */
static struct via_server *slow;
static struct service *slow_service;
static uint32_t connect_ms;

/* A server with room for one client, and that has come: it accepts nobody until it runs. */
static void begin_slow(void) {
        struct via_client_options options = { .flags = VIA_CLIENT_SHARED | VIA_CLIENT_LAZY,
                                              .connect_timeout_ms = connect_ms };

        slow = via_server_new(NULL);
        slow_service = calloc(1, sizeof(*slow_service));
        REQUIRE(service_add(slow, slow_service, NULL) == VIA_OK);
        REQUIRE(via_server_listen(slow, "inproc:shared?backlog=1", NULL) == VIA_OK);
        REQUIRE(via_client_open(&first, "inproc:shared", NULL, NULL) == VIA_OK);
        REQUIRE(via_client_open(&client, "inproc:shared", &options, NULL) == VIA_OK);
}

static void *run_slow(void *arg) {
        (void)arg;
        via_server_run(slow);
        return NULL;
}

static void end_slow(struct crew *crew) {
        pthread_t serving;

        REQUIRE(pthread_create(&serving, NULL, run_slow, NULL) == 0);
        wait_for(crew);
        CHECK_INT(via_client_close(client), ==, 0);
        CHECK_INT(via_client_close(first), ==, 0);
        via_server_stop(slow);
        pthread_join(serving, NULL);
        via_server_free(slow);
        free(slow_service);
}

static void wait_hoping(unsigned n) {
        for (unsigned hoping = 0; hoping < n;) {
                sleep_ms(1);
                pthread_mutex_lock(&client->shared->lock);
                hoping = client->shared->hoping;
                pthread_mutex_unlock(&client->shared->lock);
        }
}

/* Others come and go, and wake who waits for the attempt: that is not its end. */
TEST(an_attempt_is_waited_for, .timeout = 60) {
        struct crew crew = { .n = 0 };

        begin_slow();
        for (int i = 0; i < 3; i++)
                join_in(&crew, few_calls);
        wait_hoping(2);
        for (int i = 0; i < 100; i++) {
                CHECK_INT(via_client_state(client), ==, VIA_CLIENT_CONNECTING);
                sched_yield();
        }
        wait_hoping(2);
        end_slow(&crew);
}

static void *impatient(void *arg) {
        struct via_call_options options = { .timeout_ms = 100 };

        (void)arg;
        CHECK_INT(never(&options), ==, VIA_DEADLINE_EXCEEDED);
        atomic_store(&n_ended, 1);
        return NULL;
}

/* The one that connects has less time than the others have. */
TEST(who_has_no_time_spoils_nothing, .timeout = 60) {
        struct crew crew = { .n = 0 };

        begin_slow();
        atomic_store(&n_ended, 0);
        join_in(&crew, impatient);
        while (via_client_state(client) != VIA_CLIENT_CONNECTING)
                sched_yield();
        join_in(&crew, few_calls);
        join_in(&crew, few_calls);
        wait_ended(1);
        wait_hoping(1);
        end_slow(&crew);
}

static void *closed_meanwhile(void *arg) {
        (void)arg;
        CHECK_INT(never(&patient), ==, VIA_CANCELLED);
        return NULL;
}

TEST(closing_while_one_connects, .timeout = 60) {
        struct crew crew = { .n = 0 };

        connect_ms = 300;                       /* nothing ends that but its own time */
        begin_slow();
        join_in(&crew, closed_meanwhile);
        join_in(&crew, closed_meanwhile);
        wait_hoping(1);
        CHECK_INT(via_client_close(client), ==, 0);
        client = NULL;
        end_slow(&crew);
}
