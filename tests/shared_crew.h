#pragma once
/*
 * shared_crew.h - one client for several threads, a server for it, and what threads do at it
 *
 * For the tests of shared.c and of the files beside it. There is one client at a time, of one
 * server. What a thread does here fails the test if it does not hear what it should.
 */
#include <pthread.h>
#include <stdatomic.h>
#include "caller.h"
#include "host.h"
#include "random.h"

enum { THREADS = 8, ROUNDS = 100, LONG_MS = 20000 };

extern struct host host;
extern struct via_client *client;
extern char folder[64];                         /* where the server is, if that needs a folder */

/* --- around a test --- */

void begin(const struct via_transport *by, uint32_t flags);
void begin_with(const struct via_transport *by, const struct via_client_options *with);
void end(void);
void end_host(void);                            /* the client is closed already */

bool is_possible(const struct via_transport *by);

/* Over each transport: all threads do @run. */
void everywhere(void *(*run)(void *arg), const struct via_client_options *options);

/* --- threads --- */

struct crew {
        pthread_t threads[THREADS];
        int       n;
};

/* One more thread, whose argument is its number. */
void join_in(struct crew *crew, void *(*run)(void *arg));
void wait_for(struct crew *crew);
void run_threads(void *(*run)(void *arg));

/* --- waiting --- */

extern atomic_int n_ended;                      /* whatever a test counts */

void sleep_ms(int ms);

/* Until @n calls are in flight, and with them the threads that wait for them. */
void wait_pending(unsigned n);
void wait_ended(int n);

/* Counts a call that was started and has ended with the code @user. */
void on_end(via_any_fn done, void *user, int code, const void *response,
            const struct via_error *err);

/* --- what threads do --- */

extern const struct via_call_options patient;   /* whose call is not ended by its time */

/* Each gets the answer to its own question. */
int echo(struct random *random, uint32_t size);
void *few_calls(void *arg);

/* How many notes the server has. */
unsigned noted(void);

/* One that takes a while to leave. */
void *large_note(void *arg);

/* A call that ends with its link, its client or its time. */
int never(const struct via_call_options *options);
struct via_stream *open_mirror(void);
