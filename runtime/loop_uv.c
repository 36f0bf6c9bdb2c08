/*
 * loop_uv.c - the driver that sleeps in libuv: for servers, and for clients inside an
 * application's loop
 *
 * A watch touches libuv only when what it sleeps on has changed, because each uv_poll_start()
 * is a system call: a link that is always waiting to be read costs one in its life.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include "loop_uv.h"

enum { WATCH_FDS = 4 };

struct watch_fd {
        uv_poll_t         poll;
        int               fd;
        int               events;               /* as poll.h has them; 0: stopped */
};

struct via_watch {
        uv_loop_t        *loop;
        via_wake_fn       wake;
        void             *owner;
        unsigned          n;
        struct watch_fd  *fds[WATCH_FDS];
};

struct via_watch *via_watch_new(uv_loop_t *loop, via_wake_fn wake, void *owner) {
        struct via_watch *watch = calloc(1, sizeof(*watch));

        if (watch)
                *watch = (struct via_watch){ .loop = loop, .wake = wake, .owner = owner };
        return watch;
}

static void on_fd_closed(uv_handle_t *handle) {
        free(handle);                           /* poll is the first member */
}

static void fd_close(struct watch_fd *f) {
        uv_close((uv_handle_t *)&f->poll, on_fd_closed);
}

/*
 * An error on the descriptor is the link's to find: it is woken all the same. libuv has stopped
 * watching then.
 */
static void on_poll(uv_poll_t *poll, int status, int events) {
        struct via_watch *watch = poll->data;

        (void)events;
        if (status < 0)
                ((struct watch_fd *)poll)->events = 0;
        watch->wake(watch->owner);
}

static int fd_start(struct watch_fd *f, int events) {
        int uv = (events & POLLIN ? UV_READABLE : 0) | (events & POLLOUT ? UV_WRITABLE : 0) |
                 (events & POLLRDHUP ? UV_DISCONNECT : 0);
        int r;

        if (f->events == events)
                return 0;
        r = uv_poll_start(&f->poll, uv, on_poll);
        if (r == 0)
                f->events = events;
        return r;
}

static int fd_add(struct via_watch *watch, unsigned i, int fd) {
        struct watch_fd *f = calloc(1, sizeof(*f));
        int r;

        if (!f)
                return -ENOMEM;
        r = uv_poll_init(watch->loop, &f->poll, fd);
        if (r < 0) {
                free(f);
                return r;
        }
        f->poll.data = watch;
        f->fd = fd;
        watch->fds[i] = f;
        watch->n = i + 1;
        return 0;
}

/*
 * Wakes the owner when one of the descriptors in @wait is ready, until told otherwise. Returns
 * 0 or libuv's error, a negative errno.
 */
int via_watch_sleep(struct via_watch *watch, const struct via_wait *wait) {
        int r = 0;

        for (unsigned i = 0; i < wait->n_fds && r == 0; i++) {
                if (i < watch->n && watch->fds[i]->fd != wait->fds[i].fd) {
                        while (watch->n > i)
                                fd_close(watch->fds[--watch->n]);
                }
                if (i >= watch->n)
                        r = fd_add(watch, i, wait->fds[i].fd);
                if (r == 0)
                        r = fd_start(watch->fds[i], wait->fds[i].events);
        }
        while (r == 0 && watch->n > wait->n_fds)
                fd_close(watch->fds[--watch->n]);
        return r;
}

/*
 * Sleeps in the place of the loop, from within wake(): true if the first descriptor of this
 * watch woke it, and its owner should look at once; false if anything else may be the matter,
 * which is then left as it was for the loop to find. A turn of the loop costs as much as a
 * small call does, and who has just asked is most likely to ask next.
 *
 * It asks the loop's epoll for one event and looks whose it is. That libuv files events under
 * their descriptors is not promised: if it did not, we would wake in vain, or return false each
 * time.
 */
bool via_watch_wait(struct via_watch *watch) {
        int timeout = uv_backend_timeout(watch->loop);
        struct epoll_event event;

        if (timeout > 0) {
                uv_update_time(watch->loop);
                timeout = uv_backend_timeout(watch->loop);
        }
        if (timeout == 0 || epoll_wait(uv_backend_fd(watch->loop), &event, 1, timeout) != 1)
                return false;
        for (unsigned i = 0; i < watch->n; i++)
                if (event.data.fd == watch->fds[i]->fd)
                        return true;
        return false;
}

/* To be called before the descriptors are closed. Returns NULL; NULL is allowed. */
struct via_watch *via_watch_close(struct via_watch *watch) {
        if (!watch)
                return NULL;
        while (watch->n)
                fd_close(watch->fds[--watch->n]);
        free(watch);
        return NULL;
}

/* --- timer --- */

struct via_timer {
        uv_timer_t  uv;
        via_wake_fn wake;
        void       *owner;
        int64_t     due;                        /* INT64_MAX: not set */
};

struct via_timer *via_timer_new(uv_loop_t *loop, via_wake_fn wake, void *owner) {
        struct via_timer *timer = calloc(1, sizeof(*timer));

        if (!timer)
                return NULL;
        timer->wake = wake;
        timer->owner = owner;
        timer->due = INT64_MAX;
        uv_timer_init(loop, &timer->uv);
        /* links and listeners keep a loop alive, deadlines do not */
        uv_unref((uv_handle_t *)&timer->uv);
        return timer;
}

static void on_timer(uv_timer_t *uv) {
        struct via_timer *timer = (struct via_timer *)uv;

        timer->due = INT64_MAX;
        timer->wake(timer->owner);
}

/*
 * Wakes the owner at @due at the latest: if it is set to an earlier moment it stays there,
 * because waking once too often costs less than setting a timer for every call. INT64_MAX: no
 * matter.
 */
void via_timer_set(struct via_timer *timer, int64_t due, int64_t now) {
        if (due >= timer->due)
                return;
        timer->due = due;
        uv_update_time(timer->uv.loop);
        uv_timer_start(&timer->uv, on_timer, due > now ? (uint64_t)(due - now) + 1 : 1, 0);
}

/* Not at all, then: a loop without a timer sleeps more cheaply than one with. */
void via_timer_stop(struct via_timer *timer) {
        timer->due = INT64_MAX;
        uv_timer_stop(&timer->uv);
}

/* Whether the loop has to live as long as the timer is set: for what nothing else keeps it. */
void via_timer_hold(struct via_timer *timer, bool hold) {
        if (hold)
                uv_ref((uv_handle_t *)&timer->uv);
        else
                uv_unref((uv_handle_t *)&timer->uv);
}

static void on_handle_closed(uv_handle_t *handle) {
        free(handle);                           /* the first member of a timer or a tail */
}

struct via_timer *via_timer_close(struct via_timer *timer) {
        if (timer)
                uv_close((uv_handle_t *)&timer->uv, on_handle_closed);
        return NULL;
}

/* --- tail --- */

struct via_tail {
        uv_idle_t    uv;
        via_wake_fn  wake;
        void        *owner;
};

struct via_tail *via_tail_new(uv_loop_t *loop, via_wake_fn wake, void *owner) {
        struct via_tail *tail = calloc(1, sizeof(*tail));

        if (!tail)
                return NULL;
        tail->wake = wake;
        tail->owner = owner;
        uv_idle_init(loop, &tail->uv);
        return tail;
}

static void on_idle(uv_idle_t *uv) {
        struct via_tail *tail = (struct via_tail *)uv;

        uv_idle_stop(uv);
        tail->wake(tail->owner);
}

/*
 * Runs the tail once, before the loop sleeps the next time; if it is running right now, once
 * more after a look at everybody else.
 */
void via_tail_run(struct via_tail *tail) {
        uv_idle_start(&tail->uv, on_idle);
}

struct via_tail *via_tail_close(struct via_tail *tail) {
        if (tail)
                uv_close((uv_handle_t *)&tail->uv, on_handle_closed);
        return NULL;
}
