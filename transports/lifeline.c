/*
 * lifeline.c - the socket beside a transport that has no connection of its own
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include "fd.h"
#include "lifeline.h"
#include "lifeline_folder.h"
#include "note.h"
#include "now.h"

/* --- the server --- */

static int watch_fd(struct via_lifeline *self, int fd) {
        struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };

        return epoll_ctl(self->ready, EPOLL_CTL_ADD, fd, &ev) < 0 ? -errno : 0;
}

/* The timer follows the oldest of the half-open. */
static void timer_update(struct via_lifeline *self) {
        int64_t due = self->n_half ? self->half[0].due : 0;
        struct itimerspec at = { .it_value = { .tv_sec = due / 1000,
                                               .tv_nsec = due % 1000 * 1000000 } };

        timerfd_settime(self->timer, TFD_TIMER_ABSTIME, &at, NULL);
}

/* Takes the one at @i out of the list: its socket is the caller's. */
static int half_take(struct via_lifeline *self, unsigned i) {
        int fd = self->half[i].fd;

        epoll_ctl(self->ready, EPOLL_CTL_DEL, fd, NULL);
        self->n_half--;
        memmove(&self->half[i], &self->half[i + 1], (self->n_half - i) * sizeof(self->half[0]));
        if (i == 0)
                timer_update(self);
        return fd;
}

static void half_drop(struct via_lifeline *self, unsigned i) {
        close(half_take(self, i));
}

/* Keeps @fd aside. If there are too many, the one that has been silent longest goes. */
static int half_add(struct via_lifeline *self, int fd) {
        int r;

        if (self->n_half == VIA_LIFELINE_HALF_OPEN)
                half_drop(self, 0);
        r = watch_fd(self, fd);
        if (r)
                return via_fd_drop(&fd, r);
        self->half[self->n_half++] =
                (struct via_half_open){ .fd = fd, .due = via_now_ms() + VIA_LIFELINE_HELLO_MS };
        if (self->n_half == 1)
                timer_update(self);
        return -EAGAIN;
}

static int expire(struct via_lifeline *self) {
        int64_t now = via_now_ms();

        while (self->n_half && self->half[0].due <= now)
                half_drop(self, 0);
        timer_update(self);                     /* and so the timer is quiet again */
        return -EAGAIN;
}

/* Most say hello before we look: they need not be kept aside. */
static int let_in(struct via_lifeline *self, int *ret_fd, struct via_hello *ret_hello) {
        int fd, r = via_fd_accept(self->local.fd, &fd);

        if (r)
                return r;
        VIA_POINT("lifeline: accepted, nothing heard");
        r = via_lifeline_hear(fd, ret_hello);
        VIA_POINT("lifeline: heard");
        if (r == -EAGAIN || r == -EMFILE) {
                int kept = half_add(self, fd);

                return kept == -EAGAIN ? r : kept;
        }
        if (r)
                return via_fd_drop(&fd, -EAGAIN);       /* it only knocked, or is no client */
        *ret_fd = fd;
        return 0;
}

static int hear_half(struct via_lifeline *self, int fd, int *ret_fd, struct via_hello *ret_hello) {
        unsigned i = 0;
        int r;

        while (i < self->n_half && self->half[i].fd != fd)
                i++;
        if (i == self->n_half)
                return -EAGAIN;
        r = via_lifeline_hear(fd, ret_hello);
        if (r == 0)
                *ret_fd = half_take(self, i);
        else if (r != -EAGAIN && r != -EMFILE)
                half_drop(self, i);
        return r == 0 || r == -EMFILE ? r : -EAGAIN;
}

void via_lifeline_put_back(struct via_lifeline *self, int fd, const struct via_hello *hello) {
        struct itimerspec now = { .it_value = { .tv_nsec = 1 } };

        self->back_fd = fd;
        self->back_hello = *hello;
        timerfd_settime(self->timer, TFD_TIMER_ABSTIME, &now, NULL);    /* somebody waits */
}

int via_lifeline_accept(struct via_lifeline *self, int *ret_fd, struct via_hello *ret_hello) {
        if (self->back_fd >= 0) {
                *ret_fd = self->back_fd;
                *ret_hello = self->back_hello;
                self->back_fd = -1;
                return 0;
        }

        /* Bounded: others want their turn, and what is ready stays so. */
        for (int i = 0; i < 2 * VIA_LIFELINE_HALF_OPEN; i++) {
                struct epoll_event ev;
                int r;

                if (epoll_wait(self->ready, &ev, 1, 0) < 1)
                        return -EAGAIN;
                if (ev.data.fd == self->timer)
                        r = expire(self);
                else if (ev.data.fd == self->local.fd)
                        r = let_in(self, ret_fd, ret_hello);
                else
                        r = hear_half(self, ev.data.fd, ret_fd, ret_hello);
                if (r != -EAGAIN)
                        return r;
        }
        return -EAGAIN;
}

void via_lifeline_watch(const struct via_lifeline *self, struct via_wait *ret_wait) {
        ret_wait->fds[0] = (struct pollfd){ .fd = self->ready, .events = POLLIN };
        ret_wait->n_fds = 1;
}

void via_lifeline_shut(struct via_lifeline *self) {
        while (self->n_half)
                half_drop(self, self->n_half - 1);
        if (self->back_fd >= 0)
                via_hello_drop(&self->back_hello, 0);
        via_fd_drop(&self->back_fd, 0);
        via_fd_drop(&self->timer, 0);
        via_fd_drop(&self->ready, 0);
        via_local_shut(&self->local);
}

int via_lifeline_listen(struct via_lifeline *self, const struct via_uri *uri, const char *name,
                        struct via_note *note) {
        struct via_local_address address;
        char folder[VIA_URI_MAX];
        int r = via_note_unless_name(name, VIA_LIFELINE_NAME_MAX, note);

        via_folder_own(folder, sizeof(folder));
        self->local.fd = self->ready = self->timer = self->back_fd = -1;
        r = r ? r : via_folder_make(folder, note);
        r = r ? r : via_folder_address(folder, uri, name, &address, note);
        VIA_POINT("lifeline: the folder is there");
        r = r ? r : via_local_listen(&self->local, &address, uri, 0600, note);
        if (r)
                return r;
        VIA_POINT("lifeline: listens, the folder may be closed");
        snprintf(self->name, sizeof(self->name), "%s", name);
        self->ready = epoll_create1(EPOLL_CLOEXEC);
        self->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
        if (self->ready < 0 || self->timer < 0)
                r = -errno;
        /* Of other users, only those whom root serves go into a folder that is not theirs. */
        if (r == 0 && geteuid() == 0)
                r = via_access_pass(self->local.lock.dir, &self->local.mine, note);
        r = r ? r : watch_fd(self, self->timer);
        r = r ? r : watch_fd(self, self->local.fd);
        if (r)
                via_lifeline_shut(self);
        return r;
}

/* --- the client --- */

static int connect_in(const char *folder, const struct via_uri *uri, const char *name,
                      int timeout_ms, int *ret_fd, struct via_note *note) {
        struct via_local_address address;
        int r;

        if (access(folder, F_OK) < 0 && errno == ENOENT)
                return via_note(note, -ENOENT,
                                "there is no folder %s: is the server running, as this user?",
                                folder);
        r = via_folder_check(folder, false, note);
        r = r ? r : via_folder_address(folder, uri, name, &address, note);
        r = r ? r : via_local_connect(&address, timeout_ms, ret_fd, note);
        VIA_POINT("lifeline: connected, nothing said");
        if (r == -ENOENT)
                return via_note(note, r, "nobody serves that name: there is no %s",
                                address.sun.sun_path);
        return r;
}

static bool is_absent(int r) {
        return r == -ENOENT || r == -ECONNREFUSED;
}

/* First what this user serves, then what the machine does. */
int via_lifeline_connect(const struct via_uri *uri, const char *name, int timeout_ms,
                         int *ret_fd, struct via_note *note) {
        char folder[VIA_URI_MAX];
        struct via_note other = { "" };
        int other_r, r = via_note_unless_name(name, VIA_LIFELINE_NAME_MAX, note);

        if (r)
                return r;
        via_folder_own(folder, sizeof(folder));
        r = connect_in(folder, uri, name, timeout_ms, ret_fd, note);
        if (!is_absent(r) || strcmp(folder, VIA_FOLDER_SYSTEM) == 0)
                return r;
        other_r = connect_in(VIA_FOLDER_SYSTEM, uri, name, timeout_ms, ret_fd, &other);
        if (is_absent(other_r))
                return r;
        return other_r ? via_note(note, other_r, "%s", other.text) : 0;
}
