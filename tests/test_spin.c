/*
 * test_spin.c - looking before sleeping: when it is done, when it is given up, what others notice
 *
 * Counts looks, not time: a link made for this says how often it was asked.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include "caller.h"
#include "host.h"
#include "service.h"
#include "spin.h"
#include "test.h"

struct fake {
        struct via_link link;
        unsigned        asked;          /* times */
        unsigned        late;           /* so often there is nothing, then something; 0: never */
        unsigned        waited;         /* of that, so far */
        ssize_t         says;           /* instead of bytes, if not 0 */
        long            takes_ns;       /* to be asked */
};

static ssize_t fake_recv(struct via_link *link, void *buf, size_t size) {
        struct fake *fake = (struct fake *)link;

        fake->asked++;
        if (fake->takes_ns)
                nanosleep(&(struct timespec){ .tv_nsec = fake->takes_ns }, NULL);
        if (fake->late == 0 || ++fake->waited < fake->late)
                return -EAGAIN;
        fake->waited = 0;
        if (fake->says)
                return fake->says == -EPIPE ? 0 : fake->says;
        memset(buf, 0, 1);
        return size > 0 ? 1 : -EINVAL;
}

static void fake_close(struct via_link *link) {
        (void)link;
}

static const struct via_transport memory = { .scheme = "fake",
                                             .traits = VIA_MEMORY | VIA_YIELD,
                                             .recv = fake_recv,
                                             .close = fake_close };
static const struct via_transport socket_like = {
        .scheme = "fake", .recv = fake_recv, .close = fake_close };
static const struct via_transport pipe_like = {
        .scheme = "fake", .traits = VIA_YIELD, .recv = fake_recv, .close = fake_close };

struct looker {
        struct via_limits limits;
        struct via_pool   pool;
        struct via_pump   pump;
        struct via_spin   spin;
        struct fake      *fake;
};

static void looker_init(struct looker *looker, int budget_us) {
        *looker = (struct looker){ .fake = calloc(1, sizeof(*looker->fake)) };
        looker->fake->link.by = &memory;
        for (unsigned i = 0; i < VIA_LIMIT_COUNT; i++)
                via_limits_set(&looker->limits, (enum via_limit)i,
                               via_limits_get(&looker->limits, (enum via_limit)i), NULL);
        via_pump_init(&looker->pump, &looker->fake->link, &looker->pool, &looker->limits, 0);
        looker->spin = (struct via_spin){ .budget_us = (uint32_t)budget_us };
}

static void looker_fini(struct looker *looker) {
        via_pump_fini(&looker->pump);
        via_pool_fini(&looker->pool);
}

/*
 * Takes @chances of looking: in how many of them the link was asked, and in how many it
 * answered.
 */
static unsigned looks(struct looker *looker, unsigned chances, unsigned *ret_hits) {
        unsigned n = 0, hits = 0;

        for (unsigned i = 0; i < chances; i++) {
                unsigned before = looker->fake->asked;

                hits += via_spin_drain(&looker->spin, &looker->pump) == 0;
                n += looker->fake->asked != before;
                via_pump_rest(&looker->pump, 0);
        }
        if (ret_hits)
                *ret_hits = hits;
        return n;
}

TEST(without_a_budget_nobody_looks) {
        struct looker looker;

        looker_init(&looker, 0);
        looker.fake->late = 1;
        CHECK_INT(looks(&looker, 1000, NULL), ==, 0);
        looker_fini(&looker);
}

TEST(what_never_comes_is_seldom_looked_for) {
        struct looker looker;

        looker_init(&looker, 1);
        CHECK_INT(looks(&looker, 1, NULL), ==, 1);
        CHECK_INT(looks(&looker, 100000, NULL), <, 130);
        CHECK_INT(looks(&looker, 100000, NULL), >, 50);         /* but it is: times change */
        looker_fini(&looker);
}

TEST(what_comes_in_time_is_looked_for_each_time) {
        struct looker looker;
        unsigned hits;

        looker_init(&looker, 1000000);
        looker.fake->late = 40;
        CHECK_INT(looks(&looker, 1000, &hits), ==, 1000);
        CHECK_INT(hits, ==, 1000);
        looker_fini(&looker);
}

TEST(looking_comes_back_when_it_pays_again) {
        struct looker looker;
        unsigned hits;

        looker_init(&looker, 1);
        looks(&looker, 100000, NULL);
        looker.spin.budget_us = 1000000;
        looker.fake->late = 3;
        looks(&looker, 1024, NULL);             /* at least one of these */
        CHECK_INT(looks(&looker, 100, &hits), ==, 100);
        CHECK_INT(hits, ==, 100);
        looker_fini(&looker);
}

/* One answer in time, now and then, must not bring back the looks for all the others. */
TEST(a_hit_among_misses_costs_one_look) {
        struct looker looker;
        unsigned n = 0;

        looker_init(&looker, 1);
        looks(&looker, 100000, NULL);
        for (int i = 0; i < 20; i++) {
                looker.spin.budget_us = 1000000;
                looker.fake->late = 3;
                while (looks(&looker, 1, NULL) == 0)
                        ;
                looker.spin.budget_us = 1;
                looker.fake->late = 0;
                n += looks(&looker, 1000, NULL);
        }
        CHECK_INT(n, <=, 2 * 20);
        looker_fini(&looker);
}

/* As on a shared CPU, where the peer answers before we look, or else only when we sleep. */
TEST(what_was_there_before_is_no_reason_to_look) {
        struct looker looker;
        unsigned in_vain = 0;

        looker_init(&looker, 1);
        for (int i = 0; i < 20000; i++) {
                int r;

                looker.fake->late = i % 3 ? 1 : 0;
                r = via_spin_drain(&looker.spin, &looker.pump);
                in_vain += r == -EAGAIN && looker.spin.skip > 0 &&
                           looker.spin.skip == (1u << looker.spin.misses) - 1;
                via_pump_rest(&looker.pump, 0);
        }
        CHECK_INT(in_vain, <, 100);
        looker_fini(&looker);
}

TEST(a_look_can_be_had_in_pieces) {
        struct looker looker;

        looker_init(&looker, 1000000000);
        for (unsigned i = 1; i <= 10; i++) {
                CHECK_INT(via_spin_look(&looker.spin, &looker.pump, 1), ==, VIA_SPIN_ON);
                CHECK_INT(looker.fake->asked, ==, i);
        }
        looker.fake->late = 1;
        CHECK_INT(via_spin_look(&looker.spin, &looker.pump, 1), ==, 0);
        CHECK(looker.spin.until == 0);
        looker_fini(&looker);
}

TEST(the_end_of_a_link_ends_the_look) {
        struct looker looker;

        looker_init(&looker, 1000000000);
        looker.fake->late = 20;
        looker.fake->says = -EPIPE;
        CHECK_INT(via_spin_drain(&looker.spin, &looker.pump), ==, -EPIPE);
        looker.fake->says = -ECONNRESET;
        CHECK_INT(via_spin_drain(&looker.spin, &looker.pump), ==, -ECONNRESET);
        looker_fini(&looker);
}

/* Each ask takes 0.2 ms, so the budget is over after two bouts of them; but not that look. */
TEST(after_a_large_frame_the_look_is_longer) {
        struct looker looker;
        unsigned hits;

        looker_init(&looker, 1);
        looker.fake->takes_ns = 200000;
        looker.fake->late = 4 * VIA_SPIN_TRIES;
        looker.pump.large = 1 << 30;            /* about 0.13 s to be copied */
        looks(&looker, 1, &hits);
        CHECK_INT(hits, ==, 1);
        CHECK_INT(looker.fake->asked, ==, 4 * VIA_SPIN_TRIES);
        looks(&looker, 1, &hits);               /* and that was for once */
        CHECK_INT(hits, ==, 0);
        CHECK_INT(looker.fake->asked, ==, 6 * VIA_SPIN_TRIES);
        looker_fini(&looker);
}

TEST(half_a_frame_is_no_reason_to_sleep) {
        struct looker looker;
        struct via_event event;

        looker_init(&looker, 1000000);
        looker.fake->late = 5;
        for (int i = 0; i < 7; i++) {           /* of a header's bytes, one at a time */
                CHECK_INT(via_spin_drain(&looker.spin, &looker.pump), ==, 0);
                CHECK_INT(via_pump_next(&looker.pump, &event), ==, VIA_CONN_MORE);
                via_pump_rest(&looker.pump, 0);
        }
        CHECK_INT(looker.fake->asked, ==, 35);
        looker_fini(&looker);
}

/* --- with one CPU --- */

static void bind_to_one_cpu(void) {
        cpu_set_t all, one;

        CPU_ZERO(&one);
        REQUIRE(sched_getaffinity(0, sizeof(all), &all) == 0);
        for (size_t cpu = 0; CPU_COUNT(&one) == 0; cpu++)
                if (CPU_ISSET(cpu, &all))
                        CPU_SET(cpu, &one);
        REQUIRE(sched_setaffinity(0, sizeof(one), &one) == 0);
}

static void yielder_init(struct looker *looker) {
        looker_init(looker, 1000000000);
        looker->spin.yields = true;
}

TEST(a_look_that_yields_asks_once) {
        struct looker looker;
        unsigned hits;

        yielder_init(&looker);
        looker.fake->late = 1;
        CHECK_INT(looks(&looker, 1000, &hits), ==, 1000);
        CHECK_INT(hits, ==, 1000);
        CHECK_INT(looker.fake->asked, ==, 1000);
        looker_fini(&looker);
}

TEST(yielding_in_vain_is_seldom_done_again) {
        struct looker looker;

        yielder_init(&looker);
        CHECK_INT(looks(&looker, 1, NULL), ==, 1);
        CHECK_INT(looks(&looker, 100000, NULL), <, 130);
        CHECK_INT(looks(&looker, 100000, NULL), >, 50);
        looker_fini(&looker);
}

/* A peer that was woken may have run at once: then there is no need to yield first. */
TEST(what_is_there_before_a_yield_is_found_before_it) {
        struct looker looker;
        unsigned hits;

        yielder_init(&looker);
        looker.fake->late = 1;
        looks(&looker, 1000, NULL);
        CHECK_INT(looker.spin.early, >, 0);
        looker.fake->late = 2;                  /* now only after a yield, which is soon known */
        CHECK_INT(looks(&looker, 4, &hits), ==, 4);
        CHECK_INT(hits, ==, 4);
        CHECK_INT(looker.spin.early, ==, 0);
        looker_fini(&looker);
}

/* Somebody else had the CPU: that is not done again at once, although something had come. */
TEST(a_yield_that_took_long_is_not_done_again_soon) {
        struct looker looker;

        yielder_init(&looker);
        looker.fake->late = 1;
        looker.fake->takes_ns = 100000000;
        looker.spin.budget_us = 1;
        CHECK_INT(looks(&looker, 1000, NULL), <, 10);
        looker_fini(&looker);
}

static bool yields(const struct via_transport *by, int asked_us) {
        struct via_spin client, server;

        via_spin_init(&client, asked_us, by, false);
        via_spin_init(&server, asked_us, by, true);
        CHECK(server.yields || !client.yields);
        return client.yields;
}

static int budget(const struct via_transport *by, int asked_us) {
        struct via_spin spin;

        via_spin_init(&spin, asked_us, by, false);
        return spin.yields ? 0 : (int)spin.budget_us;
}

TEST(who_looks_unless_told) {
        cpu_set_t all;

        if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
                CHECK_INT(budget(&memory, VIA_SPIN_UNSET), ==, 0);
                CHECK_INT(budget(&memory, 70), ==, 0);
                SKIP("this machine has one CPU, so nobody ever looks");
        }
        REQUIRE(sched_getaffinity(0, sizeof(all), &all) == 0);
        if (CPU_COUNT(&all) == 1)
                SKIP("this process is bound to one CPU");
        CHECK_INT(budget(&memory, VIA_SPIN_UNSET), >, 0);
        CHECK_INT(budget(&memory, 0), ==, 0);
        CHECK_INT(budget(&memory, 70), ==, 70);
        CHECK(!yields(&memory, VIA_SPIN_UNSET) && !yields(&pipe_like, VIA_SPIN_UNSET));
        CHECK_INT(budget(&pipe_like, VIA_SPIN_UNSET), ==, 0);
        CHECK_INT(budget(&socket_like, VIA_SPIN_UNSET), ==, 0);
        CHECK_INT(budget(&socket_like, 70), ==, 70);

        bind_to_one_cpu();
        CHECK_INT(budget(&memory, VIA_SPIN_UNSET), ==, 0);
        CHECK_INT(budget(&memory, 70), ==, 70);         /* who binds both ends knows better */
        CHECK(yields(&memory, VIA_SPIN_UNSET) && yields(&pipe_like, VIA_SPIN_UNSET));
        CHECK(!yields(&socket_like, VIA_SPIN_UNSET));   /* it would be a system call more */
        CHECK(!yields(&memory, 0) && !yields(&memory, 70));
}

/* --- servers --- */

static char dir[64];
static struct host host;

static void serve(const char *scheme, const char *query) {
        const struct via_transport *by = NULL;
        char place[256];

        for (unsigned i = 0; via_transports[i]; i++)
                if (strcmp(via_transports[i]->scheme, scheme) == 0)
                        by = via_transports[i];
        REQUIRE(by != NULL);
        strcpy(dir, "/tmp/via-spin-XXXXXX");
        REQUIRE(mkdtemp(dir) != NULL);
        host_place(by, dir, query, place, sizeof(place));
        host_start(&host, place, NULL);
        snprintf(host.endpoint + strlen(host.endpoint),
                 sizeof(host.endpoint) - strlen(host.endpoint), "?%s", query);
}

static void end(void) {
        host_stop(&host);
        host_place_end(dir);
}

static void nap_ms(long ms) {
        nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 }, NULL);
}

/* Once traffic has stopped a server sleeps as if it had never looked. */
static void check_idle(const char *scheme, enum driver driver) {
        struct caller caller;
        long before;

        serve(scheme, "spin=10ms");
        REQUIRE(caller_open(&caller, driver, host.endpoint, NULL, NULL) == VIA_OK);
        for (int i = 0; i < 100; i++)
                CHECK_INT(call_echo(&caller, "a", 1, NULL), ==, VIA_OK);
        nap_ms(200);
        before = host_cpu_ms(&host);
        nap_ms(1000);
        CHECK_INT(host_cpu_ms(&host) - before, <=, 1);
        CHECK_INT(call_echo(&caller, "a", 1, NULL), ==, VIA_OK);
        caller_close(&caller);
        end();
}

TEST(an_idle_server_over_sockets_sleeps) {
        check_idle("unix", BLOCKING);
        check_idle("tcp", LOOP);
}

TEST(an_idle_server_over_memory_sleeps) {
        check_idle("shm", BLOCKING);
}

struct pacer {
        struct caller caller;
        atomic_int    calls;
        atomic_bool   over;
        pthread_t     thread;
};

/* A client that lets the server wait a little for each call, so that looking always pays. */
static void *pace(void *arg) {
        struct pacer *pacer = arg;

        while (!atomic_load(&pacer->over)) {
                CHECK_INT(call_echo(&pacer->caller, "a", 1, NULL), ==, VIA_OK);
                atomic_fetch_add(&pacer->calls, 1);
                nanosleep(&(struct timespec){ .tv_nsec = 300000 }, NULL);
        }
        return NULL;
}

static void pacer_start(struct pacer *pacer) {
        REQUIRE(caller_open(&pacer->caller, BLOCKING, host.endpoint, NULL, NULL) == VIA_OK);
        REQUIRE(pthread_create(&pacer->thread, NULL, pace, pacer) == 0);
        while (atomic_load(&pacer->calls) < 20)
                nap_ms(1);
}

static void pacer_stop(struct pacer *pacer) {
        atomic_store(&pacer->over, true);
        pthread_join(pacer->thread, NULL);
        caller_close(&pacer->caller);
}

/* A server on a loop whose turns are counted: in each, everybody on the loop can be served. */
struct counted {
        struct service    *service;
        struct via_server *server;
        uv_loop_t          loop;
        uv_check_t         check;
        atomic_int         turns;
        pthread_t          thread;
};

static void on_check(uv_check_t *check) {
        atomic_fetch_add((atomic_int *)check->data, 1);
}

static void *run(void *arg) {
        struct counted *counted = arg;

        uv_run(&counted->loop, UV_RUN_DEFAULT);
        return NULL;
}

static void counted_start(struct counted *counted, const char *place, const char *query) {
        uv_loop_init(&counted->loop);
        uv_check_init(&counted->loop, &counted->check);
        counted->check.data = &counted->turns;
        uv_check_start(&counted->check, on_check);
        uv_unref((uv_handle_t *)&counted->check);
        counted->service = calloc(1, sizeof(*counted->service));
        counted->server = via_server_new(&(struct via_server_options){ .loop = &counted->loop });
        REQUIRE(counted->service && counted->server);
        REQUIRE(service_add(counted->server, counted->service, NULL) == VIA_OK);
        REQUIRE(via_server_listen(counted->server, place, NULL) == VIA_OK);
        snprintf(host.endpoint, sizeof(host.endpoint), "%s%s",
                 via_server_endpoint(counted->server, 0), query);
        REQUIRE(pthread_create(&counted->thread, NULL, run, counted) == 0);
}

static void counted_stop(struct counted *counted) {
        via_server_stop(counted->server);
        pthread_join(counted->thread, NULL);
        via_server_free(counted->server);
        uv_close((uv_handle_t *)&counted->check, NULL);
        uv_run(&counted->loop, UV_RUN_DEFAULT);
        CHECK_INT(uv_loop_close(&counted->loop), ==, 0);
        free(counted->service);
}

/*
 * A server that looks for what one client will send, and always in time, has a turn of its loop
 * for the others meanwhile: at least one a call, as it would have if it slept.
 */
static void check_fair(const char *place, unsigned n_pacers) {
        struct pacer pacers[2] = { { .calls = 0 }, { .calls = 0 } };
        struct counted counted = { .turns = 0 };
        int turns, before, calls = 0;

        counted_start(&counted, place, "?spin=10ms");
        for (unsigned i = 0; i < n_pacers; i++)
                pacer_start(&pacers[i]);
        turns = atomic_load(&counted.turns);
        before = atomic_load(&pacers[0].calls) + atomic_load(&pacers[1].calls);
        while (calls < 100) {
                nap_ms(1);
                calls = atomic_load(&pacers[0].calls) + atomic_load(&pacers[1].calls) - before;
        }
        CHECK_INT(atomic_load(&counted.turns) - turns, >=, calls / 2);
        for (unsigned i = 0; i < n_pacers; i++)
                pacer_stop(&pacers[i]);
        counted_stop(&counted);
}

TEST(others_have_their_turn_over_sockets) {
        check_fair("tcp://127.0.0.1:0?spin=10ms", 1);
        check_fair("tcp://127.0.0.1:0?spin=10ms", 2);
}

TEST(others_have_their_turn_over_memory) {
        check_fair("inproc:fair?spin=10ms", 1);
        check_fair("inproc:fair?spin=10ms", 2);
}

/* A client that always asks next does not keep a server that yields to it from the others. */
TEST(others_have_their_turn_with_one_cpu) {
        struct counted counted = { .turns = 0 };
        struct caller busy, idle;
        int turns;

        bind_to_one_cpu();
        counted_start(&counted, "inproc:fair", "");
        REQUIRE(caller_open(&idle, BLOCKING, host.endpoint, NULL, NULL) == VIA_OK);
        REQUIRE(caller_open(&busy, BLOCKING, host.endpoint, NULL, NULL) == VIA_OK);
        CHECK_INT(call_echo(&idle, "a", 1, NULL), ==, VIA_OK);
        turns = atomic_load(&counted.turns);
        for (int i = 0; i < 2000; i++)
                CHECK_INT(call_echo(&busy, "a", 1, NULL), ==, VIA_OK);
        CHECK_INT(atomic_load(&counted.turns) - turns, >=, 2000 / 8);
        caller_close(&busy);
        caller_close(&idle);
        counted_stop(&counted);
}

TEST(a_server_that_looks_can_be_stopped) {
        struct pacer pacers[2] = { { .calls = 0 }, { .calls = 0 } };

        serve("unix", "spin=10ms");
        pacer_start(&pacers[0]);
        pacer_start(&pacers[1]);
        pacer_stop(&pacers[0]);
        pacer_stop(&pacers[1]);
        end();
}

TEST(deadlines_end_calls_while_somebody_looks) {
        struct pacer pacer = { .calls = 0 };
        struct caller caller;

        serve("unix", "spin=10ms");
        pacer_start(&pacer);
        for (int driver = 0; driver < DRIVERS; driver++) {
                REQUIRE(caller_open(&caller, (enum driver)driver, host.endpoint, NULL, NULL) ==
                        VIA_OK);
                CHECK_INT(call_nap(&caller, 300, 20, NULL, NULL), ==, VIA_DEADLINE_EXCEEDED);
                CHECK_INT(call_echo(&caller, "c", 1, NULL), ==, VIA_OK);
                caller_close(&caller);
        }
        pacer_stop(&pacer);
        end();
}
