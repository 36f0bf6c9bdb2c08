/*
 * conformance.c - every behaviour × every transport × both drivers
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
        char                        name[96];
};

static void run_scene(void) {
        const struct scene_test *self = (const struct scene_test *)test_current;
        struct scene scene = { .by = self->by, .driver = self->driver };

        snprintf(scene.dir, sizeof(scene.dir), "/tmp/via-conformance-XXXXXX");
        REQUIRE(mkdtemp(scene.dir) != NULL);
        host_place(scene.by, scene.dir, self->behaviour->query, scene.place, sizeof(scene.place));
        if (!self->behaviour->bare) {
                host_start(&scene.host, scene.place, NULL);
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
static unsigned n_transports, n_behaviours;

static void say_counts(void) {
        if (getpid() == runner)
                printf("%u transports × %d drivers × %u behaviours\n", n_transports, DRIVERS,
                       n_behaviours);
}

static void add(const struct via_transport *by, enum driver driver,
                const struct behaviour *behaviour) {
        struct scene_test *self;

        if ((by->traits & VIA_ALONE) && behaviour->shared)
                return;
        self = calloc(1, sizeof(*self));
        if (!self)
                abort();
        snprintf(self->name, sizeof(self->name), "%s/%s/%s", by->scheme, driver_name(driver),
                 behaviour->name);
        self->test = (struct test){
                .name = self->name, .run = run_scene, .timeout = behaviour->timeout };
        self->by = by;
        self->driver = driver;
        self->behaviour = behaviour;
        test_last = test_last ? test_last : &test_first;
        *test_last = &self->test;
        test_last = &self->test.next;
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
                n_transports++;
                for (int driver = 0; driver < DRIVERS; driver++)
                        for (const struct behaviour *b = behaviour_first; b; b = b->next)
                                add(via_transports[i], (enum driver)driver, b);
        }
        runner = getpid();
        atexit(say_counts);
}
