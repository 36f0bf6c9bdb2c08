/*
 * inproc_names.c - who listens at which name in this process
 */
#include <pthread.h>
#include <string.h>
#include "fd.h"
#include "inproc_names.h"

static struct {
        pthread_mutex_t             mutex;
        struct via_inproc_listener *first;
} names = { .mutex = PTHREAD_MUTEX_INITIALIZER };

int via_inproc_check_name(const struct via_uri *uri, struct via_note *note) {
        int r = via_note_unless_path(uri, note);

        return r ? r : via_note_unless_name(uri->path, VIA_INPROC_NAME_MAX, note);
}

static struct via_inproc_listener *find(const char *name) {
        pid_t me = getpid();

        for (struct via_inproc_listener *l = names.first; l; l = l->next)
                if (l->owner == me && strcmp(l->name, name) == 0)
                        return l;
        return NULL;
}

int via_inproc_listen(struct via_listener *listener, const struct via_uri *uri,
                      struct via_note *note) {
        struct via_inproc_listener *self = (struct via_inproc_listener *)listener;
        int r = via_inproc_check_name(uri, note);

        r = r ? r
              : via_note_unless_number(uri, "backlog", 1, VIA_BACKLOG_MAX, 128, &self->backlog,
                                       note);
        r = r ? r : via_bell_new(&self->bell);
        if (r)
                return r;
        memcpy(self->name, uri->path, strlen(uri->path) + 1);
        self->owner = getpid();
        self->last = &self->first;

        pthread_mutex_lock(&names.mutex);
        if (find(self->name)) {
                r = via_note(note, -EADDRINUSE, "this process listens there already");
        } else {
                self->next = names.first;
                names.first = self;
        }
        pthread_mutex_unlock(&names.mutex);
        return r ? via_fd_drop(&self->bell, r) : 0;
}

/* Under the mutex. */
static struct via_inproc_pair *next_waiting(struct via_inproc_listener *self) {
        struct via_inproc_pair *pair = self->first;

        if (!pair)
                return NULL;
        self->first = pair->next;
        if (!self->first) {
                self->last = &self->first;
                via_bell_hush(self->bell);
        }
        self->n_waiting--;
        return pair;
}

struct via_inproc_pair *via_inproc_next(struct via_inproc_listener *self) {
        struct via_inproc_pair *pair;

        pthread_mutex_lock(&names.mutex);
        pair = next_waiting(self);
        pthread_mutex_unlock(&names.mutex);
        return pair;
}

void via_inproc_shut(struct via_listener *listener) {
        struct via_inproc_listener *self = (struct via_inproc_listener *)listener,
                                   **at = &names.first;
        struct via_inproc_pair *pair;

        pthread_mutex_lock(&names.mutex);
        while (*at && *at != self)
                at = &(*at)->next;
        if (*at)
                *at = self->next;
        while ((pair = next_waiting(self)))
                via_inproc_pair_leave(pair, 1, -ECONNRESET);
        pthread_mutex_unlock(&names.mutex);
        via_fd_drop(&self->bell, 0);
}

int via_inproc_enqueue(const char *name, struct via_inproc_pair *pair, struct via_note *note) {
        struct via_inproc_listener *listener;
        int r = 0;

        pthread_mutex_lock(&names.mutex);
        listener = find(name);
        if (!listener) {
                r = via_note(note, -ECONNREFUSED, "nobody in this process listens at that name");
        } else if (listener->n_waiting == listener->backlog) {
                r = -EAGAIN;
        } else {
                *listener->last = pair;
                listener->last = &pair->next;
                if (listener->n_waiting++ == 0)
                        via_bell_ring(listener->bell);
        }
        pthread_mutex_unlock(&names.mutex);
        return r;
}
