/*
 * watch.c - procs.Table.watch: which processes start and end, to all who watch
 *
 * Each watcher knows the processes that it was told of. Every 100 ms the table is read, and what
 * differs is written, until the stream says VIA_LATER. What was not written is not known, and
 * so is looked at again the next time: nothing waits in a queue, however slowly a watcher
 * reads.
 */
#include <stdlib.h>
#include <string.h>
#include <via/via.h>
#include "proc.h"
#include "service.h"

enum { LOOK_MS = 100 };

struct watcher {
        struct watcher            *next;
        struct service            *service;
        struct via_call           *call;
        struct via_stream         *stream;      /* the call's, as is the filter */
        const struct procs_Filter *wanted;
        struct proc               *known;       /* by their pids; ours */
        size_t                     n_known;
        uint32_t                   n_told;
};

static int by_pid(const void *a, const void *b) {
        pid_t x = ((const struct proc *)a)->pid, y = ((const struct proc *)b)->pid;

        return (x > y) - (x < y);
}

/* Whether @a comes before @b, or is an earlier process with its pid. */
static bool is_before(const struct proc *a, const struct proc *b) {
        return a->pid != b->pid ? a->pid < b->pid : a->start < b->start;
}

/* A zombie has ended, though its parent has not asked how. */
static bool is_wanted(const struct watcher *watcher, const struct proc *proc, double now) {
        return proc->state != 'Z' &&
               service_chooses(watcher->service, watcher->wanted, proc, now);
}

static void end(struct watcher *watcher, int code) {
        struct watcher **at = &watcher->service->watchers;

        while (*at != watcher)
                at = &(*at)->next;
        *at = watcher->next;
        if (!watcher->service->watchers)
                uv_timer_stop(&watcher->service->timer);
        if (code)
                via_call_end(watcher->call, code);
        else
                procs_Table_watch_reply(watcher->call);
        free(watcher->known);
        free(watcher);
}

static int tell(struct watcher *watcher, enum procs_Change change, const struct proc *proc) {
        struct service *service = watcher->service;
        char command[procs_COMMAND_MAX + 1] = "";
        struct procs_Process process;
        struct procs_Event event;
        int code;

        if (watcher->wanted->limit && watcher->n_told == watcher->wanted->limit)
                return VIA_END;
        if (change == procs_Change_STARTED &&
            proc_read_command(service->root, proc->pid, command, sizeof(command)))
                *command = 0;                   /* it has ended meanwhile: we shall hear of it */
        procs_Process_init(&process);
        procs_Event_init(&event);
        service_describe(service, proc, command, proc_now(), &process);
        event.change = change;
        event.process = &process;
        code = procs_Table_watch_write(watcher->stream, &event, NULL);
        watcher->n_told += code == VIA_OK;
        return code;
}

/*
 * Writes how @procs, of which there are @n, differ from what is known, and knows as much of it
 * as was written. Returns VIA_OK, VIA_LATER, VIA_END: that was the last event, or a code.
 */
static int compare(struct watcher *watcher, const struct proc *procs, size_t n, double now) {
        const struct proc *old = watcher->known, *old_end = old + watcher->n_known;
        struct proc *known = calloc(watcher->n_known + n + 1, sizeof(*known));
        size_t n_known = 0;
        int code = VIA_OK;

        if (!known)
                return VIA_RESOURCE_EXHAUSTED;
        for (const struct proc *p = procs; code == VIA_OK && (p < procs + n || old < old_end);) {
                if (p == procs + n || (old < old_end && is_before(old, p))) {
                        code = tell(watcher, procs_Change_ENDED, old);
                        old += code == VIA_OK;
                        continue;
                }
                if (old < old_end && !is_before(p, old)) {      /* the same one, as it is now */
                        if (is_wanted(watcher, p, now))
                                known[n_known++] = *p;
                        else
                                code = tell(watcher, procs_Change_ENDED, old);
                        old += code == VIA_OK;
                } else if (is_wanted(watcher, p, now)) {
                        code = tell(watcher, procs_Change_STARTED, p);
                        if (code == VIA_OK)
                                known[n_known++] = *p;
                }
                p++;
        }
        while (old < old_end)                   /* nothing was written of these */
                known[n_known++] = *old++;
        free(watcher->known);
        watcher->known = known;
        watcher->n_known = n_known;
        return code;
}

static void look(struct watcher *watcher, const struct proc *procs, size_t n, double now) {
        int code = compare(watcher, procs, n, now);
        bool is_last = watcher->wanted->limit && watcher->n_told == watcher->wanted->limit;

        if (code == VIA_END || is_last)
                end(watcher, VIA_OK);
        else if (code && code != VIA_LATER)
                end(watcher, code);
}

static int read_sorted(struct service *service, struct proc **ret_procs, size_t *ret_n) {
        int r = proc_read_all(service->root, ret_procs, ret_n);

        if (!r)
                qsort(*ret_procs, *ret_n, sizeof(**ret_procs), by_pid);
        return r;
}

static void on_time(uv_timer_t *timer) {
        struct service *service = timer->data;
        double now = proc_now();
        struct proc *procs;
        size_t n;

        if (read_sorted(service, &procs, &n))
                return;                         /* perhaps the next time */
        for (struct watcher *watcher = service->watchers, *next; watcher; watcher = next) {
                next = watcher->next;
                look(watcher, procs, n, now);
        }
        free(procs);
}

static void on_cancel(void *user, struct via_call *call) {
        (void)call;
        end(user, VIA_CANCELLED);
}

/* What is there already is not news. */
static int know_all(struct watcher *watcher) {
        struct proc *procs;
        size_t n;
        int r = read_sorted(watcher->service, &procs, &n);

        if (r)
                return r;
        watcher->known = procs;
        for (size_t i = 0; i < n; i++)
                if (is_wanted(watcher, &procs[i], proc_now()))
                        procs[watcher->n_known++] = procs[i];
        return 0;
}

int service_watch(struct via_call *call, const struct procs_Filter *wanted,
                  struct via_stream *stream) {
        struct service *service = via_call_self(call);
        struct watcher *watcher = calloc(1, sizeof(*watcher));
        int r, code;

        if (!watcher)
                return VIA_RESOURCE_EXHAUSTED;
        *watcher = (struct watcher){ .service = service,
                                     .call = call,
                                     .stream = stream,
                                     .wanted = wanted };
        r = know_all(watcher);
        code = r ? service_fault(call, r) : via_call_defer(call);
        if (code != VIA_DEFERRED) {
                free(watcher->known);
                free(watcher);
                return code;
        }
        if (!service->watchers) {
                service->timer.data = service;
                uv_timer_start(&service->timer, on_time, LOOK_MS, LOOK_MS);
        }
        watcher->next = service->watchers;
        service->watchers = watcher;
        via_call_on_cancel(call, on_cancel, watcher);
        return code;
}

void service_stop(struct service *service) {
        while (service->watchers)
                end(service->watchers, via_call_fail(service->watchers->call, VIA_UNAVAILABLE,
                                                     "the server ends"));
}
