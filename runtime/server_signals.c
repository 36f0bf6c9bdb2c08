/*
 * server_signals.c - the signals that end a server, and the one that has it look again
 *
 * By libuv's watchers on the server's loop, so that nothing runs in a signal handler but libuv's
 * own, and what is called is in the server's thread. They keep no loop alive. What ends the server
 * is watched for once: the kernel has given back the default action when the first one is there,
 * so that a second one ends also a process whose handler never returns.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include "server_impl.h"

enum { TERM, INT, HUP, SIGNALS };

struct via_signals {
        uv_signal_t        uv[SIGNALS];
        unsigned           n;                   /* of uv, that are not closed yet */
        struct via_server *server;
        void             (*on_hup)(void *user);
        void              *user;
};

/* The next one of either ends the process. */
static void on_end(uv_signal_t *uv, int signo) {
        struct via_signals *signals = uv->data;

        (void)signo;
        uv_signal_stop(&signals->uv[TERM]);
        uv_signal_stop(&signals->uv[INT]);
        via_server_drain(signals->server);
}

static void on_hup(uv_signal_t *uv, int signo) {
        struct via_signals *signals = uv->data;

        (void)signo;
        signals->on_hup(signals->user);
}

static void on_closed(uv_handle_t *handle) {
        struct via_signals *signals = handle->data;

        if (--signals->n == 0)
                free(signals);
}

/* Signals do again what they did by default. Returns NULL; NULL is allowed. */
struct via_signals *via_signals_close(struct via_signals *signals) {
        for (unsigned i = signals ? signals->n : 0; i > 0; i--)
                uv_close((uv_handle_t *)&signals->uv[i - 1], on_closed);
        return NULL;
}

static int watch(struct via_signals *signals, int signo) {
        uv_signal_t *uv = &signals->uv[signals->n];
        int r = uv_signal_init(signals->server->first.loop, uv);

        if (r < 0)
                return r;
        signals->n++;
        uv->data = signals;
        uv_unref((uv_handle_t *)uv);
        return signo == SIGHUP ? uv_signal_start(uv, on_hup, signo)
                               : uv_signal_start_oneshot(uv, on_end, signo);
}

int via_server_handle_signals(struct via_server *server, void (*hup)(void *user), void *user,
                              struct via_error *err) {
        struct via_signals *signals;
        int r;

        if (server && server->signals)
                return via_error_set(err, VIA_ALREADY_EXISTS, "the server handles signals already");
        signals = server ? calloc(1, sizeof(*signals)) : NULL;
        if (!signals)
                return via_error_set(err, VIA_RESOURCE_EXHAUSTED, "no memory to handle signals");
        signals->server = server;
        signals->on_hup = hup;
        signals->user = user;
        r = watch(signals, SIGTERM);
        r = r ? r : watch(signals, SIGINT);
        if (r == 0 && hup)
                r = watch(signals, SIGHUP);
        if (r < 0) {
                if (signals->n)
                        via_signals_close(signals);
                else
                        free(signals);
                return via_error_set(err, VIA_RESOURCE_EXHAUSTED, "signals cannot be handled: %s",
                                     strerror(-r));
        }
        server->signals = signals;
        return VIA_OK;
}
