/*
 * test_next.c - a server that sleeps for one client, without its loop, still hears everybody else
 *
 * After some calls in a row the server waits for the same client in the loop's own epoll (see
 * via_watch_wait()). Whatever else then happens must wake it as if it had not.
 */
#include <pthread.h>
#include <uv.h>
#include <via/idl.h>
#include "test.h"
#include "types.h"

static struct via_server *server;
static char first[80], second[80];

enum { LINKS = 3 };

static struct via_call *put_off[LINKS];
static unsigned n_put_off;

static void *answer_all(void *unused) {
        uint8_t byte = 'D';
        struct t_Octets answer = { .data = { 1, &byte } };

        (void)unused;
        for (unsigned i = 0; i < n_put_off; i++)
                CHECK_INT(via_call_reply(put_off[i], &answer), ==, VIA_OK);
        return NULL;
}

/* Lets another thread answer what is put off, and waits until it has. */
static int answer_by_another(void) {
        pthread_t thread;

        REQUIRE(pthread_create(&thread, NULL, answer_all, NULL) == 0);
        pthread_join(thread, NULL);
        return VIA_OK;
}

/*
 * Echoes; "L" makes the server listen at one more place before it answers, "D" is put off, and "R"
 * answers what is.
 */
static int echo(struct via_call *call, const void *ops, const void *request, void *response) {
        const struct t_Octets *question = request;
        struct t_Octets *answer = response;

        (void)ops;
        answer->data = question->data;
        if (question->data.data[0] == 'D' && n_put_off < LINKS) {
                put_off[n_put_off++] = call;
                return via_call_defer(call);
        }
        if (question->data.data[0] == 'R')
                return answer_by_another();
        return question->data.data[0] == 'L' ? via_server_listen(server, second, NULL) : VIA_OK;
}

static struct via_method method = { .name = "test.Next/echo",
                                    .request = &t_Octets_type,
                                    .response = &t_Octets_type,
                                    .invoke = echo };
static const struct via_interface interface = { .name = "test.Next",
                                                .methods = &method,
                                                .n_methods = 1 };

static void *run(void *unused) {
        (void)unused;
        via_server_run(server);
        return NULL;
}

static struct via_client *open_at(const char *endpoint) {
        struct via_client_options options = { .timeout_ms = 5000 };
        struct via_client *client = NULL;

        REQUIRE(via_client_open(&client, endpoint, &options, NULL) == VIA_OK);
        return client;
}

static void ask(struct via_client *client, char what, int times) {
        uint8_t byte = (uint8_t)what;
        struct t_Octets question = { .data = { 1, &byte } }, answer;

        for (int i = 0; i < times; i++) {
                REQUIRE(via_client_call(client, &method, NULL, &question, &answer, NULL) == VIA_OK);
                CHECK_INT(answer.data.data[0], ==, byte);
                via_message_fini(&t_Octets_type, &answer);
        }
}

static pthread_t begin(void) {
        /* so that no timer wakes a server which has missed something */
        struct via_server_options options = { .limits.v[VIA_LIMIT_HANDSHAKE] = 3600000 };
        pthread_t thread;

        snprintf(first, sizeof(first), "unix:@via-next-%d", (int)getpid());
        snprintf(second, sizeof(second), "unix:@via-next-%d-second", (int)getpid());
        method.id = via_method_id(method.name);
        server = via_server_new(&options);
        REQUIRE(server && via_server_add(server, &interface, &method, NULL, NULL) == VIA_OK);
        REQUIRE(via_server_listen(server, first, NULL) == VIA_OK);
        REQUIRE(pthread_create(&thread, NULL, run, NULL) == 0);
        return thread;
}

static void end(pthread_t thread) {
        via_server_stop(server);
        pthread_join(thread, NULL);             /* or the test hangs, and fails */
        server = via_server_free(server);
        uv_library_shutdown();                  /* libuv keeps a pipe for signals */
}

TEST(a_second_client_and_a_stop_are_heard, .timeout = 20) {
        pthread_t thread = begin();
        struct via_client *a = open_at(first), *b;

        ask(a, 'x', 10);
        b = open_at(first);
        ask(b, 'y', 10);
        ask(a, 'x', 10);
        end(thread);                            /* while it sleeps for a */
        via_client_close(a);
        via_client_close(b);
}

TEST(an_endpoint_added_in_a_handler_is_heard, .timeout = 20) {
        pthread_t thread = begin();
        struct via_client *a = open_at(first), *b;

        ask(a, 'x', 10);
        ask(a, 'L', 1);
        b = open_at(second);
        ask(b, 'y', 10);
        via_client_close(a);
        via_client_close(b);
        end(thread);
}

static void on_done(void *user, int code, const void *response, const struct via_error *err) {
        (void)response;
        (void)err;
        CHECK_INT(code, ==, VIA_OK);
        ++*(int *)user;
}

/* All answers leave at once, though each of the links could wait for its client's next call. */
TEST(answers_of_another_thread_for_several_links, .timeout = 20) {
        struct via_call_options options = { .timeout_ms = 3600000 };    /* the same */
        uint8_t byte = 'D';
        struct t_Octets question = { .data = { 1, &byte } };
        pthread_t thread = begin();
        struct via_client *clients[LINKS], *c = open_at(first);
        int done = 0;

        for (int i = 0; i < LINKS; i++) {
                clients[i] = open_at(first);
                ask(clients[i], 'x', 10);
                REQUIRE(via_client_start(clients[i], &method, &options, &question, on_done, &done,
                                         NULL) == VIA_OK);
                via_client_turn(clients[i], 0, NULL);
                ask(clients[i], 'x', 1);        /* and so it has arrived */
        }
        ask(c, 'x', 20);                        /* the server is used to one who asks next */
        ask(c, 'R', 1);
        for (int i = 0; i < LINKS; i++)
                while (done < i + 1 && via_client_turn(clients[i], 5000, NULL) == VIA_OK)
                        ;
        CHECK_INT(done, ==, LINKS);
        for (int i = 0; i < LINKS; i++)
                via_client_close(clients[i]);
        via_client_close(c);
        end(thread);
}
