/*
 * signal.c - procs.Table.signal: who may signal whom
 */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <via/via.h>
#include "proc.h"
#include "service.h"

static int not_permitted(struct via_call *call, int32_t pid, char *why) {
        return procs_NotPermitted_raise(
                call, &(struct procs_NotPermitted){ .pid = pid, .why = why });
}

/*
 * Why the caller may not signal @proc, or NULL: the rule of kill(), applied to the peer instead
 * of this server.
 */
static char *refusal(struct via_call *call, const struct proc *proc) {
        struct via_peer peer;

        via_call_peer(call, &peer);
        if (!peer.known)
                return "this transport cannot tell who is calling";
        if (peer.uid != 0 && peer.uid != proc->real_uid)
                return "it belongs to somebody else";
        return NULL;
}

/* Signals what @pidfd holds on to, if the caller may. */
static int signal_held(struct via_call *call, int pidfd, int32_t pid, int32_t number) {
        struct service *service = via_call_self(call);
        struct proc proc;
        char *why;
        int r;

        r = proc_read(service->root, pid, &proc);
        if (r)
                return r == PROC_GONE ? service_gone(call, pid) : service_fault(call, r);
        why = refusal(call, &proc);
        if (why)
                return not_permitted(call, pid, why);
        if (syscall(SYS_pidfd_send_signal, pidfd, number, NULL, 0) == 0)
                return VIA_OK;

        switch (errno) {
        case ESRCH:
                return service_gone(call, pid);
        case EPERM:
                return not_permitted(call, pid, "the server itself may not");
        case EINVAL:
                return via_call_fail(call, VIA_INVALID_ARGUMENT, "there is no signal %d",
                                     (int)number);
        default:
                return via_call_fail(call, VIA_INTERNAL, "signal %d to %d: %s",
                                     (int)number, (int)pid, strerror(errno));
        }
}

/*
 * Holds on to the process before it asks whose it is: if that one ends now and another gets its
 * number, the signal reaches nobody. And never takes a pid below 1, which would mean a group of
 * processes, or all of them.
 */
int service_signal(struct via_call *call, int32_t pid, int32_t number) {
        int pidfd, r;

        if (pid <= 0)
                return service_gone(call, pid);
        pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
        if (pidfd < 0 && (errno == ESRCH || errno == EINVAL || errno == ENOENT))
                return service_gone(call, pid);         /* EINVAL, ENOENT: it is a thread */
        if (pidfd < 0)
                return via_call_fail(call, VIA_INTERNAL, "pidfd_open(%d): %s", (int)pid,
                                     strerror(errno));
        r = signal_held(call, pidfd, pid, number);
        close(pidfd);
        return r;
}
