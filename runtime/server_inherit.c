/*
 * server_inherit.c - listeners that whoever started the process has made, as sd_listen_fds(3)
 * has it
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "server_impl.h"

enum { FIRST = 3, NAME_SHOWN = 256 };

struct inherited {
        int   n;
        char *names;                            /* owned: $LISTEN_FDNAMES, or NULL */
};

/* A whole number in the variable @name: 0; -ENOENT: not set; -EINVAL. */
static int number_of(const char *name, long *ret) {
        const char *text = getenv(name);
        char *rest;

        if (!text)
                return -ENOENT;
        errno = 0;
        *ret = strtol(text, &rest, 10);
        return errno || rest == text || *rest || *ret < 0 ? -EINVAL : 0;
}

/* Reads the variables, and unsets them. */
static int take_variables(struct inherited *inherited, struct via_error *err) {
        const char *names = getenv("LISTEN_FDNAMES");
        long pid = 0, n = 0;
        int r = number_of("LISTEN_PID", &pid);
        int k = number_of("LISTEN_FDS", &n);

        *inherited = (struct inherited){ .names = names ? strdup(names) : NULL };
        unsetenv("LISTEN_PID");
        unsetenv("LISTEN_FDS");
        unsetenv("LISTEN_FDNAMES");
        if (r == -ENOENT || k == -ENOENT || (r == 0 && pid != getpid()) || (k == 0 && n == 0))
                return via_error_set(err, VIA_NOT_FOUND,
                                     "no sockets were left for this process ($LISTEN_FDS)");
        if (r < 0 || k < 0 || n > INT_MAX - FIRST)
                return via_error_set(err, VIA_INVALID_ARGUMENT,
                                     "$LISTEN_PID and $LISTEN_FDS are to be numbers");
        inherited->n = (int)n;
        return VIA_OK;
}

/* " (name)", if the @index-th descriptor has one. */
static void name_of(const struct inherited *inherited, int index, char buf[static NAME_SHOWN]) {
        const char *name = inherited->names;
        size_t n;

        while (name && index--) {
                name = strchr(name, ':');
                name = name ? name + 1 : NULL;
        }
        n = name ? strcspn(name, ":") : 0;
        *buf = 0;
        if (n && n < NAME_SHOWN - 4)
                snprintf(buf, NAME_SHOWN, " (%.*s)", (int)n, name);
}

/* What @fd is, in words. */
static const char *what_is(int fd) {
        int type, domain, listens;
        socklen_t size = sizeof(type);

        if (fcntl(fd, F_GETFD) < 0)
                return "not open";
        if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0)
                return "no socket";
        if (type == SOCK_DGRAM)
                return "a datagram socket";
        if (type == SOCK_SEQPACKET)
                return "a socket of packets";
        if (type != SOCK_STREAM)
                return "a socket of another type";
        if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) < 0 || !listens)
                return "a stream socket that does not listen";
        if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) < 0 || domain != AF_UNIX)
                return "a stream socket of another address family";
        return "a Unix stream socket";
}

/* The transport that @fd is of takes it over: 0, or a negative errno. */
static int adopt(int fd, struct via_listener **ret, struct via_note *note) {
        int r = -EAFNOSUPPORT;

        for (int i = 0; via_transports[i] && r == -EAFNOSUPPORT; i++) {
                struct via_listener *listener;

                if (!via_transports[i]->adopt)
                        continue;
                listener = calloc(1, via_transports[i]->listener_size);
                if (!listener)
                        return -ENOMEM;
                listener->by = via_transports[i];
                r = listener->by->adopt(listener, fd, note);
                if (r == 0)
                        *ret = listener;
                else
                        free(listener);
        }
        return r;
}

/* Listens on @fd, which becomes *@ret's. */
static int listen_at(struct via_server *server, int fd, struct via_listening **ret,
                     struct via_note *note) {
        struct via_listener *listener = NULL;
        struct via_listening *l;
        struct via_limits limits = { .v = { 0 } };
        int r = adopt(fd, &listener, note);

        if (r < 0)
                return r;
        for (int i = 0; i < VIA_LIMIT_COUNT; i++)
                limits.v[i] = via_limits_get(&server->limits, (enum via_limit)i);
        l = via_listening_new(server, &limits, VIA_SPIN_UNSET);
        if (!l) {
                listener->by->shut(listener);
                free(listener);
                return -ENOMEM;
        }
        r = via_listening_start(l, listener);
        if (r < 0)
                via_listening_free(l);
        else
                *ret = l;
        return r;
}

static int explain(const struct inherited *inherited, int i, const char *what, int r,
                   const struct via_note *note, struct via_error *err) {
        char name[NAME_SHOWN];

        name_of(inherited, i, name);
        if (r == -ENOMEM)
                return via_error_set(err, VIA_RESOURCE_EXHAUSTED, "no memory to listen");
        if (r == -EAFNOSUPPORT)
                return via_error_set(err, VIA_INVALID_ARGUMENT,
                                     "descriptor %d%s, which was inherited, is %s: one that "
                                     "listens is wanted, a stream socket of unix: or tcp:",
                                     FIRST + i, name, what);
        return via_error_set(err, VIA_INVALID_ARGUMENT, "descriptor %d%s, which was inherited: %s",
                             FIRST + i, name, *note->text ? note->text : strerror(-r));
}

/* All or none. */
static int listen_all(struct via_server *server, const struct inherited *inherited,
                      struct via_error *err) {
        struct via_listening **first = &server->listening, **last;
        struct via_note note = { "" };
        int r, code = VIA_OK;

        while (*first)
                first = &(*first)->next;
        last = first;
        for (int i = 0; i < inherited->n && fcntl(FIRST + i, F_SETFD, FD_CLOEXEC) == 0; i++)
                ;
        for (int i = 0; i < inherited->n && !code; i++) {
                const char *what = what_is(FIRST + i);

                r = listen_at(server, FIRST + i, last, &note);
                if (r == 0)
                        last = &(*last)->next;
                else
                        code = explain(inherited, i, what, r, &note, err);
        }
        via_listenings_done(first, code);
        return code;
}

int via_server_listen_inherited(struct via_server *server, struct via_error *err) {
        struct inherited inherited;
        int code;

        if (!server)
                return via_error_set(err, VIA_RESOURCE_EXHAUSTED, "no memory for a server");
        code = take_variables(&inherited, err);
        if (!code)
                code = listen_all(server, &inherited, err);
        free(inherited.names);
        return code;
}
