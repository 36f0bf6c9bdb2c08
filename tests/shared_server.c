/*
 * shared_server.c - the server of several threads dies, hangs, goes and comes
 */
#include "client_impl.h"
#include "service.h"
#include "shared_crew.h"
#include "test.h"

static void *until_killed(void *arg) {
        struct random random = { .state = (uintptr_t)arg };
        int code = VIA_OK;

        if ((intptr_t)arg % 2)
                code = never(&patient);
        while (code == VIA_OK)
                code = echo(&random, 1000);
        CHECK_INT(code, ==, VIA_UNAVAILABLE);
        return NULL;
}

/* The server's process, which may be a child of the client's; 0: it has none, or none is known. */
static pid_t server_pid(void) {
        FILE *file = host.alone ? fopen("/proc/thread-self/children", "re") : NULL;
        int pid = host.pid;

        if (file && fscanf(file, "%d", &pid) != 1)
                pid = 0;
        if (file)
                fclose(file);
        return pid;
}

/* Nobody is forgotten. */
TEST(a_server_that_is_killed, .timeout = 120) {
        for (int i = 0; via_transports[i]; i++) {
                struct via_client_options options = { .flags = VIA_CLIENT_ONCE };
                struct crew crew = { .n = 0 };
                char place[256];

                if (!is_possible(via_transports[i]))
                        continue;
                begin_with(via_transports[i], &options);
                if (!server_pid()) {
                        end();
                        continue;
                }
                while (crew.n < THREADS)
                        join_in(&crew, until_killed);
                wait_pending(THREADS / 2);
                kill(server_pid(), SIGKILL);
                wait_for(&crew);
                CHECK_INT(via_client_pending(client), ==, 0);
                CHECK_INT(via_client_close(client), ==, 0);
                host_forget(&host);
                host_place(via_transports[i], folder, NULL, place, sizeof(place));
                host_start(&host, place, NULL); /* cleans up behind the one that was killed */
                end_host();
        }
}

/* Nothing comes from it, and it is still there. */
TEST(a_server_that_hangs, .timeout = 60) {
        struct via_client_options options = { .keepalive_ms = 50, .keepalive_timeout_ms = 50,
                                              .flags = VIA_CLIENT_ONCE };
        struct crew crew = { .n = 0 };

        begin_with(via_transports[0], &options);
        while (crew.n < THREADS)
                join_in(&crew, until_killed);
        wait_pending(THREADS / 2);
        kill(host.pid, SIGSTOP);
        wait_for(&crew);
        CHECK_INT(via_client_close(client), ==, 0);
        kill(host.pid, SIGCONT);
        end_host();
}

static void *stubborn(void *arg) {
        (void)arg;
        while (never(&patient) == VIA_UNAVAILABLE)
                ;
        return NULL;
}

/* Half of it is in the link when that ends: it goes to the next server. */
TEST(a_note_that_had_not_left, .timeout = 60) {
        struct via_client_options options = { .flags = VIA_CLIENT_SHARED };
        struct crew crew = { .n = 0 };
        struct host a, b;
        char names[600];
        unsigned n = 0;

        snprintf(names, sizeof(names), "unix:@via-shared-a-%d", (int)getpid());
        host_start(&a, names, NULL);
        names[17] = 'b';
        host_start(&b, names, NULL);
        snprintf(names, sizeof(names), "%s, %s", a.endpoint, b.endpoint);
        setenv("VIA_ENDPOINT_PAIR", names, 1);
        REQUIRE(via_client_open(&client, "pair", &options, NULL) == VIA_OK);
        few_calls(NULL);                        /* or the next attempt would not be at once */
        for (int i = 0; i < 5; i++)
                join_in(&crew, stubborn);
        wait_pending(5);
        kill(a.pid, SIGSTOP);
        join_in(&crew, large_note);
        for (bool waits = false; !waits;) {
                pthread_mutex_lock(&client->shared->lock);
                waits = client->leaving;
                pthread_mutex_unlock(&client->shared->lock);
        }
        kill(a.pid, SIGKILL);
        pthread_join(crew.threads[--crew.n], NULL);
        n = noted();                            /* by the other one */
        CHECK_INT(n, ==, 1);
        wait_pending(5);                        /* closing is the last that is called */
        CHECK_INT(via_client_close(client), ==, 0);
        wait_for(&crew);
        host_forget(&a);
        host_stop(&b);
}

static atomic_int lost, won;
static atomic_bool over;

static void *loyal(void *arg) {
        struct via_call_options options = { .flags = VIA_WAIT_FOR_READY };
        struct msg_octets request = { .data = { 100, (uint8_t *)(uintptr_t)pattern(100) } };
        struct msg_number response;

        (void)arg;
        while (!atomic_load(&over)) {
                int code = via_client_call(client, method("take"), &options, &request, &response,
                                           NULL);

                CHECK(code == VIA_OK || code == VIA_UNAVAILABLE);
                atomic_fetch_add(code ? &lost : &won, 1);
        }
        return NULL;
}

/* A server in a thread: whoever has threads should not fork. */
static void *serve(void *arg) {
        via_server_run(arg);
        via_server_free(arg);
        return NULL;
}

static struct via_server *serve_at(const char *place, pthread_t *ret_thread) {
        static struct service service;
        struct via_server *server = via_server_new(NULL);

        REQUIRE(service_add(server, &service, NULL) == VIA_OK);
        REQUIRE(via_server_listen(server, place, NULL) == VIA_OK);
        REQUIRE(pthread_create(ret_thread, NULL, serve, server) == 0);
        return server;
}

TEST(a_server_that_goes_and_comes, .timeout = 120) {
        struct via_client_options options = { .flags = VIA_CLIENT_SHARED };
        pthread_t threads[THREADS], serving;
        struct via_server *server;
        char place[64];

        snprintf(place, sizeof(place), "unix:@via-test-shared-%d", (int)getpid());
        server = serve_at(place, &serving);
        REQUIRE(via_client_open(&client, place, &options, NULL) == VIA_OK);
        atomic_store(&over, false);
        for (intptr_t i = 0; i < THREADS; i++)
                REQUIRE(pthread_create(&threads[i], NULL, loyal, (void *)i) == 0);
        for (int i = 0; i < 2; i++) {
                struct timespec soon = { .tv_nsec = 10000000 };
                int before = atomic_load(&won);

                while (atomic_load(&won) < before + 50)
                        nanosleep(&soon, NULL);
                via_server_stop(server);
                pthread_join(serving, NULL);
                server = serve_at(place, &serving);
        }
        atomic_store(&over, true);
        for (int i = 0; i < THREADS; i++)
                pthread_join(threads[i], NULL);
        printf("%d calls, %d were lost\n", atomic_load(&won), atomic_load(&lost));
        CHECK_INT(via_client_close(client), ==, 0);
        via_server_stop(server);
        pthread_join(serving, NULL);
}
