#ifndef VIA_SERVICES_H
#define VIA_SERVICES_H
/*
 * via/services.h - what Via itself can serve beside a program's interfaces: health and statistics
 *
 * Both are ordinary interfaces (via/health.h, via/stats.h), so they are called, intercepted and
 * refused as any other. docs/health-and-statistics.md has more.
 */
#include <stdbool.h>
#include <stdint.h>
#include <via/error.h>
#include <via/health.h>
#include <via/stats.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

struct via_server;

/* --- health --- */

/*
 * Serves via.Health on @server, whose own status, "", is SERVING from now on; all others are
 * SERVICE_UNKNOWN until they are set. When the server drains, all become NOT_SERVING before
 * anything else happens, and stay so. VIA_ALREADY_EXISTS: it is served.
 * VIA_RESOURCE_EXHAUSTED: no memory, also for a @server that is NULL.
 */
int via_health_serve(struct via_server *server, struct via_error *err);

/*
 * From now on @service ("weather.Station", or "" or NULL: the server as a whole) has @status, and
 * who watches it is told. From any thread, until via_server_free(). VIA_FAILED_PRECONDITION:
 * via_health_serve() has not been called. VIA_INVALID_ARGUMENT: not a status.
 * VIA_RESOURCE_EXHAUSTED: no memory.
 */
int via_health_set(struct via_server *server, const char *service, enum via_Health_Status status);

/* --- statistics --- */

enum {
        VIA_STATS_CODES   = 17,
        VIA_STATS_BUCKETS = 64,
};

/* One method of a server, all its workers together. May grow at its end. */
struct via_method_stats {
        const char *method;                     /* "hello.Greeter/greet" */
        uint64_t    calls;                      /* that have ended */
        uint64_t    in_flight;                  /* that have not */
        uint64_t    bytes_in;                   /* on the wire, as in struct via_call_facts */
        uint64_t    bytes_out;
        uint64_t    us;                         /* all calls together */
        uint64_t    codes[VIA_STATS_CODES];     /* calls, by the code that they ended with */
        uint64_t    latency[VIA_STATS_BUCKETS]; /* calls, by via_stats_bound() */
};

struct via_server_stats {
        uint64_t links;                         /* open now */
        uint64_t accepted;                      /* so far, the open ones too */
        uint64_t turned_away;                   /* links that might not stay: see docs/limits.md */
        uint64_t refused;                       /* calls of methods that there are not */
};

/*
 * Serves via.Stats on @server, and counts from now on, as VIA_SERVER_STATS does.
 * VIA_ALREADY_EXISTS: it is served. VIA_RESOURCE_EXHAUSTED: no memory, also for a @server that
 * is NULL.
 */
int via_stats_serve(struct via_server *server, struct via_error *err);

/*
 * Fills *@ret_stats for the method number @index, from 0 on, in the order in which they were
 * added; false: there are not so many, or nothing is counted. From any thread, until
 * via_server_free(); what is counted meanwhile is in it or is not.
 */
bool via_stats_read(struct via_server *server, unsigned index, struct via_method_stats *ret_stats);

/* The same of the server; only `refused` needs that anything is counted. */
void via_stats_server(struct via_server *server, struct via_server_stats *ret_stats);

/*
 * How many microseconds a call has at least taken that is counted in latency[@bucket]: 0, 1, 2, 3,
 * 4, 6, 8, 12, ... up to 70 minutes: two to each power of 2. UINT64_MAX past the last.
 */
uint64_t via_stats_bound(unsigned bucket);

/*
 * How many microseconds @part of the calls (0.5: half of them; 0.99) have not exceeded, within the
 * width of a bucket; 0 if there were none.
 */
uint64_t via_stats_quantile(const struct via_method_stats *stats, double part);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop
#endif
