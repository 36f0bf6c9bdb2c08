/*
 * client_shared.c - a blocking client that several threads use at once: who has the lock
 *
 * A thread gives the lock away only where it waits: here, on a condition, in
 * client_shared_turn.c in the link, and while it connects. It waits only in the outermost
 * function that it is in, so that no other thread finds anything half done.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "client_impl.h"
#include "clock.h"

int via_shared_new(struct via_client *client, struct via_shared **ret_shared) {
        struct via_shared *shared = calloc(1, sizeof(*shared));
        pthread_mutexattr_t attr;

        if (!shared)
                return -ENOMEM;
        shared->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (shared->bell < 0) {
                int r = -errno;

                free(shared);
                return r;
        }
        pthread_mutexattr_init(&attr);
        pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
        pthread_mutex_init(&shared->lock, &attr);
        pthread_mutexattr_destroy(&attr);
        shared->client = client;
        atomic_init(&shared->refs, 1);
        *ret_shared = shared;
        return 0;
}

/* One of those who need it does not any more. Returns NULL, which is allowed. */
struct via_shared *via_shared_put(struct via_shared *shared) {
        if (!shared || atomic_fetch_sub(&shared->refs, 1) > 1)
                return NULL;
        close(shared->bell);
        pthread_mutex_destroy(&shared->lock);
        free(shared);
        return NULL;
}

/* This thread has the lock again. */
void via_shared_in(struct via_shared *shared, struct via_guest *me) {
        pthread_mutex_lock(&shared->lock);
        shared->depth = 1;
        shared->me = me;
}

/* It waits somewhere, and others may have it; in the outermost function only. */
void via_shared_out(struct via_shared *shared) {
        shared->depth = 0;
        shared->me = NULL;
        pthread_mutex_unlock(&shared->lock);
}

void via_shared_enter(struct via_shared *shared, struct via_guest *guest) {
        pthread_condattr_t attr;

        pthread_mutex_lock(&shared->lock);
        *guest = (struct via_guest){ .shared = shared, .nested = shared->depth++ > 0 };
        if (guest->nested)
                return;
        atomic_fetch_add(&shared->refs, 1);
        pthread_condattr_init(&attr);
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        pthread_cond_init(&guest->cond, &attr);
        pthread_condattr_destroy(&attr);
        guest->next = shared->guests;
        guest->prev = &shared->guests;
        if (guest->next)
                guest->next->prev = &guest->next;
        shared->guests = guest;
        shared->me = guest;
}

/* Whether other threads are inside. */
bool via_shared_others(const struct via_shared *shared) {
        return shared->guests && shared->guests->next;
}

/* Somebody else sees to the link from now on, and to what this thread has left to be done. */
static void hand_over(struct via_shared *shared) {
        struct via_client *client = shared->client;
        struct via_pump *pump = &client->own.pump;

        if (shared->sleeper) {
                if (!client->dead.code && !via_pump_idle(pump))
                        via_pump_flush(pump);   /* a fault is the sleeper's to find */
                if (client->dead.code || !via_pump_idle(pump) ||
                    via_session_has_news(&client->own) || via_shared_due(client) < shared->until)
                        via_shared_ring(shared);
                return;
        }
        for (struct via_guest *g = shared->guests; g; g = g->next) {
                if (!g->waits)
                        continue;
                pthread_cond_signal(&g->cond);
                return;
        }
}

void via_shared_leave(struct via_guest *guest) {
        struct via_shared *shared = guest->shared;

        shared->depth--;
        if (guest->nested) {
                pthread_mutex_unlock(&shared->lock);
                return;
        }
        *guest->prev = guest->next;
        if (guest->next)
                guest->next->prev = guest->prev;
        shared->me = NULL;
        pthread_cond_destroy(&guest->cond);
        if (shared->client && shared->client->closing) {
                if (!shared->guests) {
                        shared->depth++;                /* whoever is told is still within */
                        via_client_free(shared->client);
                        shared->depth--;
                } else {
                        via_shared_wake(shared, true);  /* one of them may wait to be the last */
                }
        } else if (shared->client) {
                hand_over(shared);
        }
        pthread_mutex_unlock(&shared->lock);
        via_shared_put(shared);
}

/*
 * The moment @until for a condition, whose clock is the exact one: so many ms from now, lest who
 * wakes finds that by ours it is too early.
 */
static struct timespec moment(int64_t until) {
        int64_t left = until - via_clock_ms(), us;

        us = via_clock_us() + (left > 0 ? left * 1000 : 0);
        return (struct timespec){ .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 };
}

/* Waits until woken, or it is @until. */
void via_shared_wait(struct via_shared *shared, int64_t until) {
        struct via_guest *me = shared->me;
        struct timespec t;

        me->waits = true;
        shared->depth = 0;
        if (until == INT64_MAX) {
                pthread_cond_wait(&me->cond, &shared->lock);
        } else {
                t = moment(until);
                pthread_cond_timedwait(&me->cond, &shared->lock, &t);
        }
        shared->depth = 1;
        shared->me = me;
        me->waits = false;
}

/* Wakes those for whom there is something, or @all who wait. */
void via_shared_wake(struct via_shared *shared, bool all) {
        for (struct via_guest *g = shared->guests; g; g = g->next) {
                if (!all && g->done && !*g->done)
                        continue;
                if (g == shared->sleeper)
                        via_shared_ring(shared);
                else if (g->waits)
                        pthread_cond_signal(&g->cond);
        }
}

/* Wakes the one that sleeps in the link, once. */
void via_shared_ring(struct via_shared *shared) {
        uint64_t one = 1;

        if (shared->rung)
                return;
        shared->rung = true;
        if (write(shared->bell, &one, sizeof(one)) < 0) {
                /* It can only be too full of rings to take one more. */
        }
}
