/*
 * service.c - the interface procs.Table, answered from /proc
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include <via/via.h>
#include "machine.h"
#include "proc.h"
#include "procs.h"
#include "service.h"
#include "text.h"

int service_fault(struct via_call *call, int r) {
        bool full = r == -EMFILE || r == -ENFILE || r == -ENOMEM;

        return via_call_fail(call, full ? VIA_RESOURCE_EXHAUSTED : VIA_INTERNAL,
                             "/proc cannot be read: %s", strerror(-r));
}

int service_gone(struct via_call *call, int32_t pid) {
        return procs_NoSuchProcess_raise(call, &(struct procs_NoSuchProcess){ .pid = pid });
}

static enum procs_Activity activity(char state) {
        switch (state) {
        case 'R':
                return procs_Activity_RUNNING;
        case 'S':
                return procs_Activity_SLEEPING;
        case 'D':
                return procs_Activity_WAITING;
        case 'T':
        case 't':
                return procs_Activity_STOPPED;
        case 'Z':
                return procs_Activity_ZOMBIE;
        case 'I':
                return procs_Activity_IDLE;
        default:
                return procs_Activity_UNKNOWN;
        }
}

void service_describe(struct service *service, const struct proc *proc, const char *command,
                      double now, struct procs_Process *ret) {
        ret->pid = proc->pid;
        ret->parent = proc->parent;
        ret->state = activity(proc->state);
        ret->cpu = proc_cpu(proc, now);
        ret->memory = proc->memory;
        ret->threads = proc->threads;
        ret->started = (uint64_t)time(NULL) - (uint64_t)(now - proc->start);
        ret->user = (char *)users_name(&service->users, proc->uid);
        ret->name = (char *)proc->name;
        ret->command = *command ? (char *)command : NULL;
}

int service_tell(struct via_call *call, const struct proc *proc, const char *command, double now,
                 struct procs_Process *ret) {
        int r;

        service_describe(via_call_self(call), proc, command, now, ret);
        r = via_call_strdup(call, &ret->user, ret->user);
        if (!r)
                r = via_call_strdup(call, &ret->name, ret->name);
        if (!r && ret->command)
                r = via_call_strdup(call, &ret->command, ret->command);
        return r;
}

static int get(struct via_call *call, int32_t pid, struct procs_Process *ret_result) {
        struct service *service = via_call_self(call);
        char command[procs_COMMAND_MAX + 1];
        struct proc proc;
        int r;

        r = proc_read(service->root, pid, &proc);
        if (!r)
                r = proc_read_command(service->root, pid, command, sizeof(command));
        if (r)
                return r == PROC_GONE ? service_gone(call, pid) : service_fault(call, r);
        return service_tell(call, &proc, command, proc_now(), ret_result);
}

static int summary(struct via_call *call, struct procs_Machine *ret_result) {
        struct service *service = via_call_self(call);
        struct machine machine;
        struct utsname name;
        int r;

        r = machine_read(service->root, &machine);
        if (r)
                return service_fault(call, r);
        uname(&name);
        text_clean(name.nodename);

        ret_result->uptime = machine.uptime;
        ret_result->load_1 = machine.load[0];
        ret_result->load_5 = machine.load[1];
        ret_result->load_15 = machine.load[2];
        ret_result->processes = machine.processes;
        ret_result->threads = machine.threads;
        ret_result->running = machine.running;
        ret_result->cores = machine.cores;
        ret_result->memory_total = machine.memory_total;
        ret_result->memory_available = machine.memory_available;
        ret_result->swap_total = machine.swap_total;
        ret_result->swap_free = machine.swap_free;
        r = via_call_strdup(call, &ret_result->name, name.nodename);
        if (!r)
                r = via_call_printf(call, &ret_result->kernel, "%s %s", name.sysname,
                                    name.release);
        return r;
}

static const struct procs_Table_ops ops = {
        .list    = service_list,
        .get     = get,
        .summary = summary,
        .signal  = service_signal,
        .watch   = service_watch,
};

int service_init(struct service *service, uv_loop_t *loop) {
        int root = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (root < 0)
                return -errno;
        *service = (struct service){ .root = root };
        uv_timer_init(loop, &service->timer);
        /* links keep the loop running, this does not */
        uv_unref((uv_handle_t *)&service->timer);
        return 0;
}

void service_fini(struct service *service) {
        close(service->root);
        users_fini(&service->users);
        uv_close((uv_handle_t *)&service->timer, NULL);
}

int service_add(struct service *service, struct via_server *server, struct via_error *err) {
        return procs_Table_serve(server, &ops, service, err);
}
