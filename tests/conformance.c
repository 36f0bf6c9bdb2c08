/*
 * conformance.c - every behaviour × every transport × all drivers
 *
 * The behaviours are in behaviours_*.c. A transport takes part by being in via_transports[] and
 * having a line in host.c.
 */
#include <sys/stat.h>
#include "behaviour.h"

struct behaviour *behaviour_first, **behaviour_last;

struct scene_test {
        struct test                 test;       /* first */
        const struct via_transport *by;
        enum driver                 driver;
        const struct behaviour     *behaviour;
        const char                 *mode;       /* a query for both ends, or NULL */
        unsigned                    workers;    /* of the server */
        char                        name[96];
};

/*
 * Looking for bytes before sleeping is the default only where that costs no system call. What
 * depends on who waits for whom is run once more with it where it is not.
 */
static const char *const spinning[] = {
        "calls_in_flight_have_their_own_results",
        "a_call_among_started_ones",
        "on_done_may_start_calls",
        "many_clients_at_once",
        "oneway_calls_keep_their_order",
        "close_ends_calls_in_flight_once",
        "a_stopping_server_finishes_its_calls",
        "a_call_ends_when_its_time_is_over",
        "many_deadlines",
};

/*
 * And what depends on links that come, go and are busy at once: with a server of several
 * workers.
 */
static const char *const shared_out[] = {
        "every_size_both_ways",
        "calls_in_flight_have_their_own_results",
        "on_done_may_start_calls",
        "many_clients_at_once",
        "clients_come_and_go",
        "two_clients_in_one_process",
        "a_oneway_call_before_close_arrives",
        "a_slow_reader_holds_up_only_itself",
        "close_ends_calls_in_flight_once",
        "calls_after_the_servers_end",
        "a_stopping_server_finishes_its_calls",
        "a_stopping_server_waits_so_long",
        "a_drain_that_never_ends",
        "a_drain_is_time_for_what_runs",
        "a_new_server_at_the_old_place",
        "many_deadlines",
        "other_threads_answer",
        "the_pool_answers",
        "a_handler_hears_that_its_client_has_left",
        "the_server_calls_back",
        "many_streams_do_not_mix",
        "a_handler_that_blocks_streams",
        "streams_opened_and_cancelled_by_the_thousand",
        "a_stopping_server_finishes_its_streams",
};

static bool is_among(const char *name, const char *const *names, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (strcmp(names[i], name) == 0)
                        return true;
        return false;
}
#define IS_AMONG(name, names) is_among(name, names, sizeof(names) / sizeof(*(names)))

static void run_scene(void) {
        const struct scene_test *self = (const struct scene_test *)test_current;
        struct scene scene = { .by = self->by, .driver = self->driver };

        snprintf(scene.dir, sizeof(scene.dir), "/tmp/via-conformance-XXXXXX");
        REQUIRE(mkdtemp(scene.dir) != NULL);
        host_place(scene.by, scene.dir, self->mode ? self->mode : self->behaviour->query,
                   scene.place, sizeof(scene.place));
        host_workers(self->workers);
        if (!self->behaviour->bare) {
                host_start(&scene.host, scene.place, NULL);
                if (self->mode)
                        snprintf(scene.host.endpoint + strlen(scene.host.endpoint),
                                 sizeof(scene.host.endpoint) - strlen(scene.host.endpoint), "?%s",
                                 self->mode);
                scene_open(&scene, &scene.caller);
        }
        self->behaviour->run(&scene);
        if (scene.caller.client)
                caller_close(&scene.caller);
        if (scene.host.endpoint[0])
                host_stop(&scene.host);
        host_place_end(scene.dir);
}

static pid_t runner;
static unsigned n_transports, n_behaviours, n_scenes;

static void say_counts(void) {
        if (getpid() != runner)
                return;
        if ((unsigned)test_runs == n_scenes)
                printf("%u transports × %d drivers × %u behaviours\n", n_transports, DRIVERS,
                       n_behaviours);
        printf("count: %u transports of conformance\n", n_transports);
        printf("count: %d scenes of conformance (transport × driver × behaviour)\n", test_runs);
}

static void add(const struct via_transport *by, enum driver driver,
                const struct behaviour *behaviour, const char *mode, unsigned workers) {
        struct scene_test *self;

        if ((by->traits & VIA_ALONE) && behaviour->shared)
                return;
        self = calloc(1, sizeof(*self));
        if (!self)
                abort();
        snprintf(self->name, sizeof(self->name), "%s/%s/%s%s%s%s", by->scheme,
                 driver_name(driver), behaviour->name, mode ? "?" : "", mode ? mode : "",
                 workers > 1 ? "+workers" : "");
        self->test = (struct test){
                .name = self->name, .run = run_scene, .timeout = behaviour->timeout };
        self->by = by;
        self->driver = driver;
        self->behaviour = behaviour;
        self->mode = mode;
        self->workers = workers;
        n_scenes++;
        test_last = test_last ? test_last : &test_first;
        *test_last = &self->test;
        test_last = &self->test.next;
}

static void add_each(const struct via_transport *by, enum driver driver,
                     const struct behaviour *behaviour) {
        add(by, driver, behaviour, NULL, 1);
        if (!(by->traits & VIA_ALONE) && IS_AMONG(behaviour->name, shared_out))
                add(by, driver, behaviour, NULL, 3);
}

static void add_spinning(void) {
        for (int i = 0; via_transports[i]; i++)
                if ((strcmp(via_transports[i]->scheme, "unix") == 0 ||
                     strcmp(via_transports[i]->scheme, "tcp") == 0) &&
                    host_wanted(via_transports[i]))
                        for (int driver = 0; driver < DRIVERS; driver++)
                                for (const struct behaviour *b = behaviour_first; b; b = b->next)
                                        if (IS_AMONG(b->name, spinning))
                                                add(via_transports[i], (enum driver)driver, b,
                                                    "spin=50us", 1);
}

/* After the behaviours have added themselves. */
__attribute__((constructor)) static void add_all(void) {
        for (const struct behaviour *b = behaviour_first; b; b = b->next)
                n_behaviours++;
        for (int i = 0; via_transports[i]; i++) {
                /*
                 * Nobody connects to stdio: but its parent, who is at exec: and has it to
                 * itself.
                 */
                if (strcmp(via_transports[i]->scheme, "stdio") == 0)
                        continue;
                if (!host_wanted(via_transports[i]))
                        continue;
                n_transports++;
                for (int driver = 0; driver < DRIVERS; driver++)
                        for (const struct behaviour *b = behaviour_first; b; b = b->next)
                                add_each(via_transports[i], (enum driver)driver, b);
        }
        add_spinning();
        runner = getpid();
        atexit(say_counts);
}
