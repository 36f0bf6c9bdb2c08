#pragma once
/*
 * host.h - a server of conformance.idl somewhere: in a process of its own, or, for a transport
 * that does not leave the process, in a thread
 *
 * A server in a process ends with that process's leaks looked for, and host_stop() fails the
 * test that started it if there were any.
 */
#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>
#include <via/transport.h>
#include <via/via.h>

struct host {
        pid_t              pid;         /* 0: it is a thread */
        bool               alone;       /* each client has its own: there is none yet */
        pthread_t          thread;
        struct via_server *server;      /* of a thread */
        char               endpoint[256];       /* as a client must write it */
};

/*
 * A place to listen at for @by, in the folder @dir where it needs one, with "?@query" if that
 * is not NULL.
 */
void host_place(const struct via_transport *by, const char *dir, const char *query, char *buf,
                size_t size);
void host_place_end(const char *dir);

/* Whether this run of the program is to try @by: --only=SCHEME picks one. */
bool host_wanted(const struct via_transport *by);

/* How many workers the servers have that are started from now on. */
void host_workers(unsigned n);

bool host_try(struct host *host, const char *endpoint, const struct via_server_options *options);
void host_start(struct host *host, const char *endpoint, const struct via_server_options *options);
void host_stop(struct host *host);
void host_ask_to_stop(struct host *host);
void host_wait(struct host *host);
void host_forget(struct host *host);

/* What a server in a process holds in memory, in KiB, and what it has used of the CPU. */
long host_memory(const struct host *host);
long host_cpu_ms(const struct host *host);
