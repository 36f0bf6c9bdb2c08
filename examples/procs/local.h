#pragma once
/*
 * local.h - the service, in a thread of this process
 *
 * For inproc: endpoints, which only this process can reach.
 */
#include <pthread.h>
#include "service.h"

struct local {                                  /* { 0 }: not started */
        uv_loop_t          loop;
        struct service     service;
        struct via_server *server;
        pthread_t          thread;
};

/* Serves at @endpoint until local_stop(). */
int local_start(struct local *local, const char *endpoint, struct via_error *err);

/* Waits until the server has drained. Harmless if it was never started. */
void local_stop(struct local *local);
