#pragma once
/*
 * behaviour.h - one thing that a call does, the same on every transport and with either driver
 *
 *      BEHAVIOUR(echo_is_heard) { CHECK_INT(call_echo(&scene->caller, "a", 1, NULL), ==, VIA_OK); }
 *      BEHAVIOUR(too_many, .query = "max_calls=4") { … }
 *
 * conformance.c runs each of them in a scene: a process of its own, a server that was just
 * started, and a client that is connected to it.
 */
#include "caller.h"
#include "host.h"
#include "test.h"

struct scene {
        const struct via_transport *by;
        enum driver                 driver;
        char                        dir[64];    /* a folder of its own, empty but for sockets */
        char                        place[256]; /* where the server listens, with the query */
        struct host                 host;
        struct caller               caller;
};

struct behaviour {
        const char       *name;
        void            (*run)(struct scene *scene);
        const char       *query;        /* of the endpoint that the server listens at */
        bool              bare;         /* no client, and no server either */
        bool              shared;       /* several clients of one server, or its end, are needed */
        int               timeout;      /* as a test's */
        struct behaviour *next;
};

extern struct behaviour *behaviour_first, **behaviour_last;

#define BEHAVIOUR(name_, ...) \
        static void behaves_##name_(struct scene *scene); \
        __attribute__((constructor(200))) static void behaviour_add_##name_(void) { \
                static struct behaviour self = { \
                        .name = #name_, .run = behaves_##name_, __VA_ARGS__ }; \
                behaviour_last = behaviour_last ? behaviour_last : &behaviour_first; \
                *behaviour_last = &self; \
                behaviour_last = &self.next; \
        } \
        static void behaves_##name_(struct scene *scene)

/* Another client of the scene's server, with its driver. */
static inline void scene_open(const struct scene *scene, struct caller *caller) {
        struct via_error err = VIA_ERROR_INIT;

        if (caller_open(caller, scene->driver, scene->host.endpoint, NULL, &err) == VIA_OK)
                return;
        via_error_report(&err);
        test_fail(__FILE__, __LINE__, "no connection to %s", scene->host.endpoint);
        exit(TEST_FAILED);
}
