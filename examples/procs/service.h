#pragma once
/*
 * service.h - the interface procs.Table, answered from /proc
 *
 * Knows of calls, but not of transports: the same handlers stand behind each of them. One
 * server, so one thread.
 */
#include <uv.h>
#include <via/server.h>
#include "procs.h"
#include "users.h"

struct watcher;

struct service {
        int             root;                   /* /proc */
        struct users    users;
        struct watcher *watchers;               /* who watches, see watch.c */
        uv_timer_t      timer;                  /* runs while somebody does */
};

/*
 * @loop, the server's, is borrowed until service_fini(), after which it has to run once more.
 * Returns 0, or a negative errno.
 */
int  service_init(struct service *service, uv_loop_t *loop);
void service_fini(struct service *service);

/* The server is about to stop: ends what would last longer. */
void service_stop(struct service *service);

/* Serves procs.Table on @server. @service is borrowed until via_server_free(). */
int service_add(struct service *service, struct via_server *server, struct via_error *err);

/* --- between the handlers, which return an enum via_code --- */

struct proc;

int service_list(struct via_call *call, const struct procs_Filter *wanted, size_t *ret_n_result,
                 struct procs_Process ***ret_result);
int service_signal(struct via_call *call, int32_t pid, int32_t number);
int service_watch(struct via_call *call, const struct procs_Filter *wanted,
                  struct via_stream *stream);

/* Whether @wanted chooses @proc, seen when it was @now. */
bool service_chooses(struct service *service, const struct procs_Filter *wanted,
                     const struct proc *proc, double now);

/*
 * Fills in *@ret_process, a default message, as it was @now, with parts that are borrowed from the
 * others.
 */
void service_describe(struct service *service, const struct proc *proc, const char *command,
                      double now, struct procs_Process *ret_process);

/* The same, with parts that live as long as the call. */
int service_tell(struct via_call *call, const struct proc *proc, const char *command, double now,
                 struct procs_Process *ret_process);

/* Ends the call: reading /proc failed with the negative errno @r. */
int service_fault(struct via_call *call, int r);

/* Ends the call: there is no process @pid. */
int service_gone(struct via_call *call, int32_t pid);
