#pragma once
/*
 * inproc_names.h - who listens at which name in this process
 *
 * The names are the only state in the library that belongs to no object: two ends that have
 * nothing in common but a name must be able to find each other. A forked child sees none of its
 * parent's. Any thread may use any of this, and nothing here waits for anybody but another thread
 * that is in here just now.
 */
#include "inproc_pair.h"

enum { VIA_INPROC_NAME_MAX = 64 };

struct via_inproc_listener {
        struct via_listener         listener;
        struct via_inproc_listener *next;
        struct via_inproc_pair     *first, **last;      /* not yet accepted */
        unsigned                    n_waiting, backlog;
        int                         bell;       /* rings while n_waiting > 0 */
        pid_t                       owner;
        char                        name[VIA_INPROC_NAME_MAX + 1];
};

/* As via_transport.listen and shut. */
int  via_inproc_listen(struct via_listener *listener, const struct via_uri *uri,
                      struct via_note *note);
void via_inproc_shut(struct via_listener *listener);

/* 0 if @uri is a name that can be; else a negative errno with a note. */
int  via_inproc_check_name(const struct via_uri *uri, struct via_note *note);

/* Puts @pair before the listener at @name: 0, or -EAGAIN if too many wait there. */
int  via_inproc_enqueue(const char *name, struct via_inproc_pair *pair, struct via_note *note);

/* Takes the first of those that wait, or NULL. */
struct via_inproc_pair *via_inproc_next(struct via_inproc_listener *self);
