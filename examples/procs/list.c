/*
 * list.c - procs.Table.list: choose, sort, and tell of the first ones
 */
#define _GNU_SOURCE                             /* qsort_r() */
#include <stdlib.h>
#include <string.h>
#include <via/via.h>
#include "proc.h"
#include "service.h"

bool service_chooses(struct service *service, const struct procs_Filter *wanted,
                     const struct proc *proc, double now) {
        return proc_cpu(proc, now) >= wanted->min_cpu && proc->memory >= wanted->min_memory &&
               strstr(proc->name, wanted->name) &&
               (!*wanted->user ||
                strcmp(users_name(&service->users, proc->uid), wanted->user) == 0);
}

static int by_pid(const void *a, const void *b, void *now) {
        pid_t x = ((const struct proc *)a)->pid, y = ((const struct proc *)b)->pid;

        (void)now;
        return (x > y) - (x < y);
}

static int by_cpu(const void *a, const void *b, void *now) {
        double x = proc_cpu(a, *(double *)now), y = proc_cpu(b, *(double *)now);

        return x != y ? (x < y) - (x > y) : by_pid(a, b, now);
}

static int by_memory(const void *a, const void *b, void *now) {
        uint64_t x = ((const struct proc *)a)->memory, y = ((const struct proc *)b)->memory;

        return x != y ? (x < y) - (x > y) : by_pid(a, b, now);
}

static int by_name(const void *a, const void *b, void *now) {
        int r = strcmp(((const struct proc *)a)->name, ((const struct proc *)b)->name);

        return r ? r : by_pid(a, b, now);
}

static int (*const orders[procs_Order_COUNT])(const void *, const void *, void *) = {
        [procs_Order_BY_CPU]    = by_cpu,
        [procs_Order_BY_MEMORY] = by_memory,
        [procs_Order_BY_PID]    = by_pid,
        [procs_Order_BY_NAME]   = by_name,
};

/* Tells of the first @limit of @procs that still live, as they were @now. */
static int tell_all(struct via_call *call, const struct proc *procs, size_t n, size_t limit,
                    double now, size_t *ret_n, struct procs_Process ***ret_rows) {
        struct service *service = via_call_self(call);
        size_t n_rows = 0, room = n < limit ? n : limit;
        struct procs_Process **rows = via_call_alloc(call, (room + 1) * sizeof(*rows));
        char command[procs_COMMAND_MAX + 1];
        int r = rows ? VIA_OK : VIA_RESOURCE_EXHAUSTED;

        for (size_t i = 0; !r && i < n && n_rows < room; i++) {
                if (proc_read_command(service->root, procs[i].pid, command, sizeof(command)))
                        continue;               /* ended since the table was read */
                rows[n_rows] = via_call_new(call, &procs_Process_type);
                if (!rows[n_rows])
                        return VIA_RESOURCE_EXHAUSTED;
                r = service_tell(call, &procs[i], command, now, rows[n_rows++]);
        }
        if (r)
                return r;
        *ret_n = n_rows;
        *ret_rows = rows;
        return VIA_OK;
}

int service_list(struct via_call *call, const struct procs_Filter *wanted, size_t *ret_n_result,
                struct procs_Process ***ret_result) {
        struct service *service = via_call_self(call);
        bool limited = wanted->limit > 0 && wanted->limit < procs_LIST_MAX;
        size_t limit = limited ? wanted->limit : procs_LIST_MAX;
        struct proc *procs;
        size_t n, n_chosen = 0;
        double now = proc_now();
        int r;

        if ((unsigned)wanted->sort_by >= procs_Order_COUNT)
                return via_call_fail(call, VIA_INVALID_ARGUMENT, "there is no order %d",
                                     (int)wanted->sort_by);
        r = proc_read_all(service->root, &procs, &n);
        if (r)
                return service_fault(call, r);

        for (size_t i = 0; i < n; i++)
                if (service_chooses(service, wanted, &procs[i], now))
                        procs[n_chosen++] = procs[i];
        qsort_r(procs, n_chosen, sizeof(*procs), orders[wanted->sort_by], &now);
        r = tell_all(call, procs, n_chosen, limit, now, ret_n_result, ret_result);
        free(procs);
        return r;
}
