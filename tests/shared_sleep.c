/*
 * shared_sleep.c - who of several threads sleeps in the link, is woken, and hands over
 */
#include "client_impl.h"
#include "shared_crew.h"
#include "test.h"

static void *answered_later(void *arg) {
        struct msg_two {
                ProtobufCMessage base;
                uint32_t n, ms;
        } request = { .n = (uint32_t)(intptr_t)arg, .ms = 20 + 10 * (uint32_t)(intptr_t)arg };
        struct via_call_options options = { .timeout_ms = 600000 };
        struct msg_number response;

        CHECK_INT(via_client_call(client, method("Later/thread"), &options, &request, &response,
                                  NULL), ==, VIA_OK);
        CHECK_INT(response.n, ==, request.n);
        return NULL;
}

/* Each but the last one leaves for good while others wait for answers that are still to come. */
TEST(whoever_leaves_hands_over, .timeout = 60) {
        for (int i = 0; via_transports[i]; i++) {
                if (!is_possible(via_transports[i]))
                        continue;
                begin(via_transports[i], 0);
                run_threads(answered_later);
                end();
        }
}

static struct via_stream *both;                 /* that the one who sleeps reads */

/* Waits for an item that never comes, until the stream is cancelled. */
static void *read_in_vain(void *arg) {
        struct msg_octets item;

        (void)arg;
        CHECK_INT(via_stream_read(both, method("Streams/mirror"), &item, NULL), ==, VIA_END);
        return NULL;
}

/* A thread that sleeps in the link, and shall go on doing that. */
static void begin_sleep(struct crew *crew) {
        few_calls(NULL);                        /* what comes of itself has come */
        both = open_mirror();
        join_in(crew, read_in_vain);
        for (bool sleeps = false; !sleeps;) {
                pthread_mutex_lock(&client->shared->lock);
                sleeps = client->shared->sleeper;
                pthread_mutex_unlock(&client->shared->lock);
        }
        sleep_ms(5);
}

static void end_sleep(struct crew *crew) {
        CHECK(!via_stream_done(both));          /* what we waited for is not its doing */
        via_stream_cancel(both);
        wait_for(crew);
        CHECK_INT(via_stream_finish(both, method("Streams/mirror"), NULL, NULL), ==,
                  VIA_CANCELLED);
}

TEST(who_waits_for_long_holds_nobody_up, .timeout = 60) {
        struct crew crew = { .n = 0 };

        for (int i = 0; via_transports[i]; i++) {
                if (!is_possible(via_transports[i]))
                        continue;
                begin(via_transports[i], 0);
                begin_sleep(&crew);
                join_in(&crew, few_calls);
                few_calls(NULL);
                end_sleep(&crew);
                end();
        }
}

/* Who sleeps in the link has to wait for its room, too; the server says nothing to it. */
TEST(room_is_waited_for_by_who_sleeps, .timeout = 60) {
        struct crew crew = { .n = 0 };

        for (int i = 0; via_transports[i]; i++) {
                if (!is_possible(via_transports[i]))
                        continue;
                begin(via_transports[i], 0);
                begin_sleep(&crew);
                large_note(NULL);
                end_sleep(&crew);
                end();
        }
}

/* One that has gone leaves a call that is overdue before who sleeps would wake. */
TEST(who_sleeps_knows_what_is_due, .timeout = 60) {
        struct via_call_options soon = { .timeout_ms = 30 };
        struct msg_none request = { 0 };
        struct crew crew = { .n = 0 };

        begin(via_transports[0], 0);
        atomic_store(&n_ended, 0);
        begin_sleep(&crew);
        REQUIRE(via_client_async(client, method("Later/never"), &soon, &request, on_end, NULL,
                                 (void *)(intptr_t)VIA_DEADLINE_EXCEEDED));
        wait_ended(1);
        end_sleep(&crew);
        end();
}

/* Nobody else turns the client than who sleeps: it has to be woken for what is to be told. */
TEST(who_sleeps_tells_of_what_has_left, .timeout = 60) {
        struct msg_number request = { .n = 1 };
        struct crew crew = { .n = 0 };

        begin(via_transports[0], 0);
        atomic_store(&n_ended, 0);
        begin_sleep(&crew);
        REQUIRE(via_client_async(client, method("note"), NULL, &request, on_end, NULL,
                                 (void *)(intptr_t)VIA_OK));
        wait_ended(1);
        REQUIRE(via_client_async(client, method("Later/never"), NULL, &request, on_end, NULL,
                                 (void *)(intptr_t)VIA_CANCELLED));
        end_sleep(&crew);
        end();
}

static struct via_handle *chain[6];

static void on_link(via_any_fn done, void *user, int code, const void *response,
                    const struct via_error *err) {
        int i = atomic_load(&n_ended);

        (void)done;
        (void)user;
        (void)response;
        (void)err;
        CHECK_INT(code, ==, VIA_CANCELLED);
        if (i < 5)
                via_handle_cancel(chain[i + 1]);
        atomic_store(&n_ended, i + 1);
}

/* Who is told ends another one, in a turn that has told already. */
TEST(nobody_sleeps_over_news, .timeout = 60) {
        struct msg_none request = { 0 };
        struct crew crew = { .n = 0 };

        begin(via_transports[0], 0);
        atomic_store(&n_ended, 0);
        begin_sleep(&crew);
        for (int i = 0; i < 6; i++)
                chain[i] = via_client_async(client, method("Later/never"), &patient, &request,
                                            on_link, NULL, NULL);
        via_handle_cancel(chain[0]);
        wait_ended(6);
        end_sleep(&crew);
        end();
}

static void *late(void *arg) {
        struct via_call_options options = { .timeout_ms = 50 };

        (void)arg;
        CHECK_INT(never(&options), ==, VIA_DEADLINE_EXCEEDED);
        return NULL;
}

/* Whoever of them sleeps in the link. */
TEST(each_has_its_own_deadline, .timeout = 60) {
        struct via_call_options options = { .timeout_ms = 200 };
        struct crew crew = { .n = 0 };

        begin(via_transports[0], 0);
        begin_sleep(&crew);
        late(NULL);
        run_threads(late);
        end_sleep(&crew);
        both = open_mirror();
        join_in(&crew, read_in_vain);           /* perhaps it is in time, and sleeps elsewhere */
        CHECK_INT(never(&options), ==, VIA_DEADLINE_EXCEEDED);
        end_sleep(&crew);
        end();
}

/* An @idempotent call is made again after a second; meanwhile it stands in nobody's way. */
static void *made_again(void *arg) {
        struct via_method idempotent = *method("fail");
        struct msg_fail request = { .code = VIA_UNAVAILABLE, .text = (char *)(uintptr_t) "" };
        struct via_call_options options = { .retries = 1, .timeout_ms = LONG_MS };
        struct msg_none response;

        (void)arg;
        idempotent.flags |= VIA_METHOD_IDEMPOTENT;
        CHECK_INT(via_client_call(client, &idempotent, &options, &request, &response, NULL), ==,
                  VIA_UNAVAILABLE);
        atomic_store(&n_ended, 1);
        return NULL;
}

static void on_pending(void *user, int code, const void *response, const struct via_error *err) {
        (void)user;
        (void)code;
        (void)response;
        (void)err;
}

TEST(a_respite_is_no_turn_of_duty, .timeout = 60) {
        struct msg_number request = { .n = 0 };
        struct crew crew = { .n = 0 };

        begin(via_transports[0], 0);
        atomic_store(&n_ended, 0);
        join_in(&crew, made_again);
        sleep_ms(100);
        for (int i = 0; i < 20; i++) {
                REQUIRE(via_client_start(client, method("nap"), NULL, &request, on_pending, NULL,
                                         NULL) == VIA_OK);
                few_calls(NULL);
        }
        CHECK_INT(atomic_load(&n_ended), ==, 0);
        wait_for(&crew);
        end();
}
