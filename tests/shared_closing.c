/*
 * shared_closing.c - a client is closed while several threads use it
 */
#include "client_impl.h"
#include "shared_crew.h"
#include "stream.h"
#include "test.h"

/* One of those that wait until the client is closed; each in another function. */
static void *until_closed(void *arg) {
        const struct via_method *m = method("Streams/deaf");
        struct msg_octets item = { .data = { 10000, (uint8_t *)(uintptr_t)pattern(10000) } };
        struct via_stream *stream;
        struct msg_none none = { 0 };
        int code;

        switch ((intptr_t)arg % 4) {
        case 0:
                stream = open_mirror();
                CHECK_INT(via_stream_read(stream, method("Streams/mirror"), &item, NULL), ==,
                          VIA_END);
                CHECK_INT(via_stream_finish(stream, method("Streams/mirror"), NULL, NULL), ==,
                          VIA_CANCELLED);
                return NULL;
        case 1:
                REQUIRE(via_stream_open(client, m, &patient, &none, &stream, NULL) == VIA_OK);
                while ((code = via_stream_write(stream, m, &item, NULL)) == VIA_OK)
                        ;
                CHECK_INT(code, ==, VIA_CANCELLED);
                CHECK_INT(via_stream_finish(stream, m, NULL, NULL), ==, VIA_CANCELLED);
                return NULL;
        case 2:
                REQUIRE(via_stream_open(client, m, &patient, &none, &stream, NULL) == VIA_OK);
                CHECK_INT(via_stream_finish(stream, m, NULL, NULL), ==, VIA_CANCELLED);
                return NULL;
        default:
                CHECK_INT(never(&patient), ==, VIA_CANCELLED);
                return NULL;
        }
}

/* Whom closing has not waited for: they have been woken, and do not know it yet. */
static int count_waiting(struct via_shared *shared) {
        int n = 0;

        pthread_mutex_lock(&shared->lock);
        for (struct via_guest *guest = shared->guests; guest; guest = guest->next)
                n += guest->waits;
        pthread_mutex_unlock(&shared->lock);
        return n;
}

static struct via_stream *both;                 /* is there before and behind it */

/* All are inside when it happens, for they have calls in flight, and only those that wait. */
TEST(closing_ends_what_others_wait_for, .timeout = 60) {
        for (int i = 0; via_transports[i]; i++) {
                struct crew crew = { .n = 0 };

                if (!is_possible(via_transports[i]))
                        continue;
                begin(via_transports[i], i % 2 ? VIA_CLIENT_LAZY : 0);
                both = open_mirror();
                while (crew.n < THREADS)
                        join_in(&crew, until_closed);
                wait_pending(THREADS + 1);
                sleep_ms(5);                    /* opening is not waiting yet */
                CHECK_INT(via_client_close(client), ==, 0);
                CHECK_INT(count_waiting(both->shared), ==, 0);
                wait_for(&crew);
                end_host();
                CHECK_INT(via_stream_finish(both, method("Streams/mirror"), NULL, NULL), ==,
                          VIA_CANCELLED);
        }
}

static void close_it(via_any_fn done, void *user, int code, const void *response,
                     const struct via_error *err) {
        on_end(done, user, code, response, err);
        CHECK_INT(via_client_close(client), ==, 0);
}

static void *close_from_within(void *arg) {
        struct msg_number request = { .n = 0 };

        (void)arg;
        via_client_async(client, method("nap"), NULL, &request, close_it, NULL,
                         (void *)(intptr_t)VIA_OK);
        CHECK_INT(never(&patient), ==, VIA_CANCELLED);
        return NULL;
}

/* By whoever happens to be told; the last one that leaves frees it. */
TEST(closing_within_a_function, .timeout = 60) {
        struct crew crew = { .n = 1 };

        begin(via_transports[0], 0);
        while (crew.n < 4)
                join_in(&crew, until_closed);
        wait_pending(3);
        sleep_ms(5);
        atomic_store(&n_ended, 0);
        close_from_within(NULL);
        crew.threads[0] = crew.threads[--crew.n];
        wait_for(&crew);
        CHECK_INT(atomic_load(&n_ended), ==, 1);
        end_host();
}

static void on_gone(void *user, struct via_call *call) {
        (void)user;
        CHECK_INT(via_client_state(client), ==, VIA_CLIENT_CLOSED);
        CHECK_INT(via_client_close(client), ==, 0);
        via_call_end(call, VIA_CANCELLED);
        atomic_fetch_add(&n_ended, 1);
}

static int defer(struct via_call *call, uint32_t n, uint32_t *ret_result) {
        (void)n;
        (void)ret_result;
        via_call_on_cancel(call, on_gone, NULL);
        return via_call_defer(call);
}

static void *asked_in_vain(void *arg) {
        struct msg_number request = { .n = 1 }, response;

        (void)arg;
        CHECK_INT(via_client_call(client, method("Later/ask"), &patient, &request, &response,
                                  NULL), ==, VIA_CANCELLED);
        return NULL;
}

/* What a client serves ends when the last thread frees it: whoever is told is still within. */
TEST(closing_within_closing, .timeout = 60) {
        static const struct conf_Listener_ops listener = { .twofold = defer };
        struct crew crew = { .n = 0 };

        begin(via_transports[0], 0);
        REQUIRE(conf_Listener_serve_client(client, &listener, NULL, NULL) == VIA_OK);
        atomic_store(&n_ended, 0);
        join_in(&crew, asked_in_vain);
        for (bool asked = false; !asked;) {
                pthread_mutex_lock(&client->shared->lock);
                asked = client->session->open;
                pthread_mutex_unlock(&client->shared->lock);
        }
        end();
        wait_for(&crew);
        CHECK_INT(atomic_load(&n_ended), ==, 1);
}
