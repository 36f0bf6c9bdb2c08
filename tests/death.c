/*
 * death.c - either side is killed, or stopped, at random instants
 *
 * The survivor knows at once, each of its calls ends once, nobody else notices, and nothing is
 * left behind. A thousand deaths each transport, half of them servers'; ten thousand with
 * VIA_TEST_SOAK=1. --seed=N repeats a run.
 */
#include <sys/stat.h>
#include "caller.h"
#include "host.h"
#include "random.h"
#include "test.h"
#include "traces.h"
#include "waiting.h"

enum { IN_FLIGHT = 8, ROUNDS = 500 };

static unsigned rounds = ROUNDS;
static uint64_t seed;

__attribute__((constructor)) static void read_arguments(int argc, char **argv) {
        seed = (uint64_t)time(NULL) << 20 ^ (uint64_t)getpid();
        if (getenv("VIA_TEST_SOAK"))
                rounds = 10 * ROUNDS;
        for (int i = 1; i < argc; i++)
                if (strncmp(argv[i], "--seed=", 7) == 0)
                        seed = strtoull(argv[i] + 7, NULL, 0);
}

static void sleep_us(unsigned us) {
        struct timespec t = { .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 };

        nanosleep(&t, NULL);
}

/* --- traffic --- */

struct traffic {
        struct caller  caller;
        struct random *random;
        struct outcome outcomes[IN_FLIGHT];
        bool           busy[IN_FLIGHT];
        unsigned       n_ok, n_lost;
        struct via_stream *stream;              /* NULL: it has ended with its link */
};

struct msg_two {
        ProtobufCMessage base;
        uint32_t n, ms;
};

static void traffic_ended(struct traffic *t, int i) {
        CHECK_INT(t->outcomes[i].ended, ==, 1);
        CHECK(t->outcomes[i].code == VIA_OK || t->outcomes[i].code == VIA_UNAVAILABLE);
        *(t->outcomes[i].code ? &t->n_lost : &t->n_ok) += 1;
        outcome_fini(&t->outcomes[i]);
        t->busy[i] = false;
}

static bool traffic_start(struct traffic *t, int i) {
        uint32_t size = random_below(t->random, random_below(t->random, 4) ? 200 : 200000);
        struct msg_octets octets = { .data = { size, (uint8_t *)(uintptr_t)pattern(size) } };
        struct msg_number number = { .n = random_below(t->random, 3) };
        struct msg_two two = { .n = 1, .ms = random_below(t->random, 3) };
        int code;

        switch (random_below(t->random, 6)) {
        case 0:
                code = caller_start(&t->caller, "nap", NULL, &number, &t->outcomes[i]);
                break;
        case 1:
                number.n = size;
                code = caller_start(&t->caller, "make", NULL, &number, &t->outcomes[i]);
                break;
        case 2:
                code = caller_start(&t->caller, "Later/thread", NULL, &two, &t->outcomes[i]);
                break;
        case 3:
                code = caller_start(&t->caller, "Later/pool", NULL, &two, &t->outcomes[i]);
                break;
        default:
                code = caller_start(&t->caller, "echo", NULL, &octets, &t->outcomes[i]);
                break;
        }
        if (code) {
                CHECK_INT(code, ==, VIA_UNAVAILABLE);
                outcome_fini(&t->outcomes[i]);
                return false;
        }
        t->busy[i] = true;
        return true;
}

/* An item there and back, small or not; a stream whose link has ended says so. */
static void traffic_stream(struct traffic *t) {
        uint32_t size = random_below(t->random, random_below(t->random, 8) ? 200 : 200000);
        uint8_t *data = NULL;
        size_t n;
        int code;

        code = WAITING(&t->caller, conf_Streams_mirror_write(t->stream, size, pattern(size), NULL));
        if (code == VIA_OK)
                code = WAITING(&t->caller, conf_Streams_mirror_read(t->stream, &n, &data, NULL));
        if (code == VIA_OK) {
                CHECK_INT(n, ==, size);
                free(data);
                return;
        }
        CHECK(code == VIA_END || code == VIA_UNAVAILABLE);
        CHECK_INT(WAITING(&t->caller, conf_Streams_mirror_finish(t->stream, NULL)), ==,
                  VIA_UNAVAILABLE);
        t->stream = NULL;
}

static void traffic_open(struct traffic *t) {
        if (conf_Streams_mirror_open(t->caller.client, &t->stream, NULL) != VIA_OK)
                t->stream = NULL;
        else
                waits_for(&t->caller, t->stream);
}

/* One turn with as many calls in flight as there may be: false once the link has ended. */
static bool traffic_turn(struct traffic *t) {
        for (int i = 0; i < IN_FLIGHT; i++)
                if (!t->busy[i] && !traffic_start(t, i))
                        return false;
        if (t->stream)
                traffic_stream(t);
        caller_turn(&t->caller);
        for (int i = 0; i < IN_FLIGHT; i++)
                if (t->busy[i] && t->outcomes[i].ended)
                        traffic_ended(t, i);
        return true;
}

static void traffic_fini(struct traffic *t) {
        for (int i = 0; i < IN_FLIGHT; i++)
                if (t->busy[i])
                        traffic_ended(t, i);
        if (t->stream) {
                via_stream_cancel(t->stream);
                conf_Streams_mirror_finish(t->stream, NULL);
        }
        caller_close(&t->caller);
}

/* Nothing to do: returns when the link has ended. */
static void be_idle(struct caller *caller) {
        if (caller->driver == LOOP) {
                uv_run(&caller->loop, UV_RUN_DEFAULT);
                return;
        }
        while (via_client_turn(caller->client, 1000, NULL) == VIA_OK)
                ;
}

/* --- one scene for each transport that joins processes --- */

struct scene {
        char          dir[64], place[256];
        struct random random;
};

static bool scene_init(struct scene *scene, const struct via_transport *by) {
        if (!host_wanted(by) || strcmp(by->scheme, "stdio") == 0)       /* see exec */
                return false;
        if (strcmp(by->scheme, "inproc") == 0)
                return false;                   /* both ends die at once */
        scene->random = (struct random){ .state = seed };
        printf("%s, --seed=%llu\n", by->scheme, (unsigned long long)seed);
        snprintf(scene->dir, sizeof(scene->dir), "/tmp/via-death-XXXXXX");
        REQUIRE(mkdtemp(scene->dir) != NULL);
        host_place(by, scene->dir, NULL, scene->place, sizeof(scene->place));
        return true;
}

static void scene_fini(struct scene *scene) {
        host_place_end(scene->dir);
}

static void open_caller(struct caller *caller, const struct host *host, enum driver driver) {
        struct via_error err = VIA_ERROR_INIT;

        if (caller_open(caller, driver, host->endpoint, NULL, &err) == VIA_OK)
                return;
        via_error_report(&err);
        test_fail(__FILE__, __LINE__, "no connection");
        exit(TEST_FAILED);
}

static int by_size(const void *a, const void *b) {
        const int64_t *x = a, *y = b;

        return (*x > *y) - (*x < *y);
}

static void report(const char *what, int64_t *us, unsigned n) {
        qsort(us, n, sizeof(*us), by_size);
        printf("  %s: %u deaths, known after %lld us (median), %lld us (most)\n", what, n,
               (long long)us[n / 2], (long long)us[n - 1]);
        printf("count: %u deaths at random instants\n", n);
        CHECK_INT(us[n - 1], <=, 1000000L * test_slow());
}

/* The one child of @pid, if it has one by now: the server at exec:. */
static pid_t child_of(pid_t pid) {
        char path[64];
        FILE *file;
        int child = 0;

        snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
        file = fopen(path, "re");
        if (file && fscanf(file, "%d", &child) != 1)
                child = 0;
        if (file)
                fclose(file);
        return child;
}

/* --- the server dies --- */

struct killer {
        pid_t    victim;
        unsigned after_us;
        int64_t  when;
};

static void *killer_main(void *arg) {
        struct killer *killer = arg;

        sleep_us(killer->after_us);
        killer->when = now_us();
        kill(killer->victim, SIGKILL);
        return NULL;
}

static void one_server_dies(struct scene *scene, enum driver driver, bool busy, int64_t *ret_us) {
        struct traffic traffic = { .random = &scene->random };
        struct killer killer = { .after_us = random_below(&scene->random, 4000) };
        pthread_t thread;
        struct host host;
        int64_t known;

        host_start(&host, scene->place, NULL);
        open_caller(&traffic.caller, &host, driver);
        killer.victim = host.alone ? child_of(getpid()) : host.pid;
        REQUIRE(killer.victim > 0);
        REQUIRE(pthread_create(&thread, NULL, killer_main, &killer) == 0);
        if (busy) {
                traffic_open(&traffic);
                while (traffic_turn(&traffic))
                        ;
        } else {
                be_idle(&traffic.caller);
        }
        known = now_us();
        pthread_join(thread, NULL);
        *ret_us = known - killer.when;
        CHECK_INT(call_echo(&traffic.caller, "x", 1, NULL), ==, VIA_UNAVAILABLE);
        traffic_fini(&traffic);
        if (host.pid)
                waitpid(host.pid, NULL, 0);
}

/* A new server comes to the old place, and cleans it. */
static void place_is_good(struct scene *scene) {
        struct caller caller;
        struct host host;

        host_start(&host, scene->place, NULL);
        open_caller(&caller, &host, BLOCKING);
        CHECK_INT(call_echo(&caller, "x", 1, NULL), ==, VIA_OK);
        caller_close(&caller);
        host_stop(&host);
}

static void servers_die(const struct via_transport *by) {
        int64_t *us = calloc(rounds, sizeof(*us));
        struct traces before;
        struct scene scene;

        REQUIRE(us != NULL);
        if (scene_init(&scene, by)) {
                traces_find(&before, getpid(), scene.dir);
                for (unsigned i = 0; i < rounds; i++)
                        one_server_dies(&scene, i % 2 ? LOOP : BLOCKING, i % 5 != 0, &us[i]);
                report("servers", us, rounds);
                place_is_good(&scene);
                traces_wait(&before, getpid(), scene.dir);
                scene_fini(&scene);
        }
        free(us);
}

TEST(servers_die_at_any_instant, .timeout = 3600) {
        for (int i = 0; via_transports[i]; i++)
                servers_die(via_transports[i]);
}

/* --- the client dies --- */

/* Calls until it is killed. */
__attribute__((noreturn))
static void be_a_client(const struct host *host, enum driver driver, bool busy,
                        uint64_t client_seed, int ready) {
        struct random random = { .state = client_seed };
        struct traffic traffic = { .random = &random };

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        open_caller(&traffic.caller, host, driver);
        CHECK_INT(call_echo(&traffic.caller, "x", 1, NULL), ==, VIA_OK);
        if (write(ready, "!", 1) < 0)
                _exit(1);
        if (busy) {
                traffic_open(&traffic);
                while (traffic_turn(&traffic))
                        ;
        } else {
                be_idle(&traffic.caller);
        }
        _exit(1);                               /* the link ended before we did */
}

static pid_t start_client(const struct host *host, enum driver driver, bool busy,
                          uint64_t client_seed) {
        int ready[2];
        pid_t pid;
        char c;

        REQUIRE(pipe(ready) == 0);
        pid = fork();
        REQUIRE(pid >= 0);
        if (pid == 0)
                be_a_client(host, driver, busy, client_seed, ready[1]);
        close(ready[1]);
        REQUIRE(read(ready[0], &c, 1) == 1);
        close(ready[0]);
        return pid;
}

static void one_client_dies(struct scene *scene, const struct host *host, bool busy,
                            enum driver driver, const struct traces *before, int64_t *ret_us) {
        pid_t pid = start_client(host, driver, busy, random_next(&scene->random));
        pid_t child = host->alone ? child_of(pid) : 0;
        int64_t since;
        int status;

        sleep_us(random_below(&scene->random, 4000));
        since = now_us();
        kill(pid, SIGKILL);
        if (!host->alone)
                traces_wait(before, host->pid, scene->dir);
        REQUIRE(waitpid(pid, &status, 0) == pid);
        if (host->alone)                        /* the server that was its own ends: ours now */
                CHECK(child > 0 && waitpid(child, NULL, 0) == child);
        *ret_us = now_us() - since;
        CHECK(WIFSIGNALED(status));
}

static void clients_die(const struct via_transport *by) {
        int64_t *us = calloc(rounds, sizeof(*us));
        struct traces before;
        struct caller witness;
        struct scene scene;
        struct host host;

        REQUIRE(us != NULL);
        if (!scene_init(&scene, by)) {
                free(us);
                return;
        }
        prctl(PR_SET_CHILD_SUBREAPER, 1);
        host_start(&host, scene.place, NULL);
        open_caller(&witness, &host, BLOCKING);
        CHECK_INT(call_echo(&witness, "x", 1, NULL), ==, VIA_OK);
        traces_find(&before, host.alone ? getpid() : host.pid, scene.dir);
        for (unsigned i = 0; i < rounds; i++) {
                one_client_dies(&scene, &host, i % 5 != 0, i % 2 ? LOOP : BLOCKING, &before,
                                &us[i]);
                CHECK_INT(call_echo(&witness, "x", 1, NULL), ==, VIA_OK);
        }
        report("clients", us, rounds);
        if (host.alone)
                traces_wait(&before, getpid(), scene.dir);
        caller_close(&witness);
        host_stop(&host);
        scene_fini(&scene);
        free(us);
}

TEST(clients_die_at_any_instant, .timeout = 3600) {
        for (int i = 0; via_transports[i]; i++)
                clients_die(via_transports[i]);
}

/* --- stopped, not dead --- */

static void server_sleeps(const struct via_transport *by, enum driver driver) {
        struct caller caller;
        struct scene scene;
        struct host host;
        pid_t server;

        if (!scene_init(&scene, by))
                return;
        host_start(&host, scene.place, NULL);
        open_caller(&caller, &host, driver);
        server = host.alone ? child_of(getpid()) : host.pid;
        for (int i = 0; i < 5; i++) {
                CHECK_INT(call_echo(&caller, "x", 1, NULL), ==, VIA_OK);
                kill(server, SIGSTOP);
                CHECK_INT(call_nap(&caller, 0, 30, NULL, NULL), ==, VIA_DEADLINE_EXCEEDED);
                kill(server, SIGCONT);
        }
        CHECK_INT(call_make(&caller, 100000, NULL), ==, VIA_OK);
        caller_close(&caller);
        host_stop(&host);
        scene_fini(&scene);
}

TEST(a_server_that_was_stopped_goes_on) {
        for (int i = 0; via_transports[i]; i++)
                for (int driver = 0; driver < DRIVERS; driver++)
                        server_sleeps(via_transports[i], (enum driver)driver);
}

static void client_sleeps(const struct via_transport *by) {
        struct caller witness;
        struct scene scene;
        struct host host;

        if (!scene_init(&scene, by))
                return;
        host_start(&host, scene.place, NULL);
        open_caller(&witness, &host, LOOP);
        for (int i = 0; i < 6; i++) {
                pid_t pid = start_client(&host, i % 2 ? LOOP : BLOCKING, true,
                                         random_next(&scene.random));

                for (int turn = 0; turn < 6; turn++) {
                        kill(pid, turn % 2 ? SIGCONT : SIGSTOP);
                        sleep_us(random_below(&scene.random, 3000));
                        CHECK_INT(call_make(&witness, 1000, NULL), ==, VIA_OK);
                }
                CHECK_INT(waitpid(pid, NULL, WNOHANG), ==, 0);  /* it still calls */
                kill(pid, SIGKILL);
                waitpid(pid, NULL, 0);
        }
        caller_close(&witness);
        host_stop(&host);
        scene_fini(&scene);
}

TEST(a_client_that_was_stopped_holds_up_nobody) {
        for (int i = 0; via_transports[i]; i++)
                client_sleeps(via_transports[i]);
}
