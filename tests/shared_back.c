/*
 * shared_back.c - calls back to a client that several threads use: any of them serves
 */
#include "shared_crew.h"
#include "test.h"

static pthread_t answerers[THREADS * ROUNDS];
static int n_answerers;

/* Answered after its handler has returned, and by a thread that has no business with the client. */
static void *answer_later(void *arg) {
        conf_Listener_twofold_reply(arg, 7);
        return NULL;
}

static int twofold(struct via_call *call, uint32_t n, uint32_t *ret_result) {
        struct msg_number request = { .n = 0 }, answer;

        /* it may be any thread's handler, and is within a function of the client */
        CHECK_INT(via_client_call(client, method("nap"), NULL, &request, &answer, NULL), ==,
                  VIA_FAILED_PRECONDITION);
        if (n != 7) {
                *ret_result = 2 * n;
                return VIA_OK;
        }
        CHECK_INT(via_call_defer(call), ==, VIA_DEFERRED);
        REQUIRE(pthread_create(&answerers[n_answerers++], NULL, answer_later, call) == 0);
        return VIA_DEFERRED;
}

static void *asked_back(void *arg) {
        uint32_t n = (uint32_t)(intptr_t)arg;

        for (int i = 0; i < 20; i++) {
                struct msg_number request = { .n = n }, response = { .n = 0 };

                CHECK_INT(via_client_call(client, method("Later/ask"), &patient, &request,
                                          &response, NULL), ==, VIA_OK);
                CHECK_INT(response.n, ==, n == 7 ? 7 : 2 * n);
        }
        return NULL;
}

TEST(any_thread_serves_calls_back, .timeout = 60) {
        static const struct conf_Listener_ops listener = { .twofold = twofold };

        for (int i = 0; via_transports[i]; i++) {
                if (!is_possible(via_transports[i]))
                        continue;
                begin(via_transports[i], VIA_CLIENT_LAZY);
                REQUIRE(conf_Listener_serve_client(client, &listener, NULL, NULL) == VIA_OK);
                run_threads(asked_back);
                while (n_answerers)
                        pthread_join(answerers[--n_answerers], NULL);
                end();
        }
}
