/*
 * side.c - what a server's or client's process does around its system's function
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "bench.h"
#include "side.h"

struct ready {
        int  r;
        char text[200];                 /* the address, or why there is none */
};

struct server_thread {
        struct bench_side side;
        int               cpu;
};

static int pin(struct bench_side *side, int cpu) {
        cpu_set_t set;

        CPU_ZERO(&set);
        CPU_SET((size_t)cpu, &set);
        if (sched_setaffinity(0, sizeof(set), &set) < 0)
                return side_fail(side, -errno, "cannot pin to a CPU");
        return 0;
}

int side_fail(struct bench_side *side, int r, const char *what) {
        if (!side->why[0])
                snprintf(side->why, sizeof(side->why), "%s: %s", what, strerror(-r));
        return r;
}

static int tell_ready(struct bench_side *side, int r, const char *text) {
        struct ready ready = { .r = r };

        snprintf(ready.text, sizeof(ready.text), "%s", text);
        return write(side->ready_fd, &ready, sizeof(ready)) == sizeof(ready) ? 0 : -EPIPE;
}

int side_ready(struct bench_side *side, const char *address) {
        return tell_ready(side, 0, address);
}

/* Too late or in time, the client hears why the server failed. */
int side_serve(struct bench_side *side, int cpu) {
        int r;

        r = pin(side, cpu);
        if (r == 0)
                r = side->system->serve(side);
        if (r < 0)
                tell_ready(side, r, side->why);
        return r;
}

static void *serve_thread(void *arg) {
        struct server_thread *thread = arg;

        side_serve(&thread->side, thread->cpu);
        return NULL;
}

static int await_ready(struct bench_side *side, int fd) {
        struct ready ready;

        if (read(fd, &ready, sizeof(ready)) != sizeof(ready))
                return side_fail(side, -ECONNREFUSED, "the server died before it listened");
        if (ready.r < 0) {
                snprintf(side->why, sizeof(side->why), "server: %.180s", ready.text);
                return ready.r;
        }
        snprintf(side->address, sizeof(side->address), "%.159s", ready.text);
        return 0;
}

/* A server that failed while the client was at it says why by the same way. */
static void last_words(struct bench_side *side, int fd) {
        struct pollfd ready = { .fd = fd, .events = POLLIN };
        struct ready words;
        size_t len = strlen(side->why);

        if (side->system->serve && poll(&ready, 1, 0) == 1 &&
            read(fd, &words, sizeof(words)) == sizeof(words))
                snprintf(side->why + len, sizeof(side->why) - len, "; server: %.180s",
                         words.text);
}

int side_drive(struct bench_side *side, const int cpu[2], pid_t server, int ready_fd) {
        struct server_thread thread = { .side = *side, .cpu = cpu[1] };
        pthread_t id;
        int r;

        r = pin(side, cpu[0]);
        if (r < 0)
                return r;
        side->own_clock = CLOCK_PROCESS_CPUTIME_ID;
        if (side->system->threaded) {
                side->own_clock = CLOCK_THREAD_CPUTIME_ID;
                r = -pthread_create(&id, NULL, serve_thread, &thread);
                if (r == 0)
                        r = -pthread_getcpuclockid(id, &side->peer_clock);
        } else if (server) {
                r = -clock_getcpuclockid(server, &side->peer_clock);
        }
        if (r < 0)
                return side_fail(side, r, "no server to talk to");
        if (side->system->serve)
                r = await_ready(side, ready_fd);
        if (r == 0)
                r = side->system->drive(side);
        if (r < 0)
                last_words(side, ready_fd);
        return r;
}
