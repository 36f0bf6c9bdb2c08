/*
 * shared_crew.c - one client for several threads, a server for it, and what threads do at it
 */
#include "shared_crew.h"
#include "test.h"

struct host host;
struct via_client *client;
char folder[64];
const struct via_call_options patient = { .timeout_ms = LONG_MS };
atomic_int n_ended;

void begin_with(const struct via_transport *by, const struct via_client_options *with) {
        struct via_client_options options = *with;
        struct via_error err = VIA_ERROR_INIT;
        char place[256];

        options.flags |= VIA_CLIENT_SHARED;
        snprintf(folder, sizeof(folder), "/tmp/via-shared-XXXXXX");
        REQUIRE(mkdtemp(folder) != NULL);
        host_place(by, folder, NULL, place, sizeof(place));
        host_start(&host, place, NULL);
        if (via_client_open(&client, host.endpoint, &options, &err)) {
                via_error_report(&err);
                exit(TEST_FAILED);
        }
}

void begin(const struct via_transport *by, uint32_t flags) {
        begin_with(by, &(struct via_client_options){ .flags = flags });
}

void end_host(void) {
        host_stop(&host);
        host_place_end(folder);
}

void end(void) {
        CHECK_INT(via_client_close(client), ==, 0);
        end_host();
}

void join_in(struct crew *crew, void *(*run)(void *arg)) {
        intptr_t i = crew->n++;

        REQUIRE(pthread_create(&crew->threads[i], NULL, run, (void *)i) == 0);
}

void wait_for(struct crew *crew) {
        for (int i = 0; i < crew->n; i++)
                pthread_join(crew->threads[i], NULL);
        crew->n = 0;
}

void run_threads(void *(*run)(void *arg)) {
        struct crew crew = { .n = 0 };

        while (crew.n < THREADS)
                join_in(&crew, run);
        wait_for(&crew);
}

bool is_possible(const struct via_transport *by) {
        return host_wanted(by) && strcmp(by->scheme, "stdio") != 0;
}

void everywhere(void *(*run)(void *arg), const struct via_client_options *options) {
        for (int i = 0; via_transports[i]; i++) {
                if (!is_possible(via_transports[i]))
                        continue;
                begin_with(via_transports[i], options);
                run_threads(run);
                CHECK_INT(via_client_pending(client), ==, 0);
                end();
                printf("count: %d threads at one client\n", THREADS);
        }
}

void sleep_ms(int ms) {
        struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

        nanosleep(&t, NULL);
}

void wait_pending(unsigned n) {
        while (via_client_pending(client) < n)
                sleep_ms(1);
}

void wait_ended(int n) {
        while (atomic_load(&n_ended) < n)
                sleep_ms(1);
}

int echo(struct random *random, uint32_t size) {
        uint64_t stamp = random_next(random);
        struct msg_octets request, response;
        size_t n = size + sizeof(stamp);
        uint8_t *data = malloc(n);
        int code;

        memcpy(data, &stamp, sizeof(stamp));
        memset(data + sizeof(stamp), (int)stamp, size);
        request = (struct msg_octets){ .data = { n, data } };
        code = via_client_call(client, method("echo"), NULL, &request, &response, NULL);
        if (!code) {
                CHECK_INT(response.data.len, ==, n);
                CHECK(response.data.len == n && memcmp(response.data.data, data, n) == 0);
                free(response.data.data);
        }
        free(data);
        return code;
}

void *few_calls(void *arg) {
        struct random random = { .state = (uintptr_t)arg + 1 };

        for (int i = 0; i < 3; i++)
                CHECK_INT(echo(&random, 100), ==, VIA_OK);
        return NULL;
}

unsigned noted(void) {
        struct msg_none request = { 0 };
        struct msg_numbers response;

        if (via_client_call(client, method("noted"), NULL, &request, &response, NULL))
                return 0;
        free(response.v);
        return (unsigned)response.n;
}

int never(const struct via_call_options *options) {
        struct msg_none request = { 0 }, response;

        return via_client_call(client, method("Later/never"), options, &request, &response, NULL);
}

struct via_stream *open_mirror(void) {
        struct msg_none request = { 0 };
        struct via_stream *stream;

        REQUIRE(via_stream_open(client, method("Streams/mirror"), &patient, &request, &stream,
                                NULL) == VIA_OK);
        return stream;
}

void *large_note(void *arg) {
        static uint8_t data[3000000];
        struct msg_octets request = { .data = { sizeof(data), data } };

        (void)arg;
        CHECK_INT(via_client_call(client, method("drop"), &patient, &request, NULL, NULL), ==,
                  VIA_OK);
        return NULL;
}

void on_end(via_any_fn done, void *user, int code, const void *response,
            const struct via_error *err) {
        (void)done;
        (void)response;
        (void)err;
        CHECK_INT(code, ==, (int)(intptr_t)user);
        atomic_fetch_add(&n_ended, 1);
}
