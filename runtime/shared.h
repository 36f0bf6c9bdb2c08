#pragma once
/*
 * shared.h - a blocking client that several threads use at once
 *
 * One lock. Whoever is inside a function of the client holds it, but while it sleeps: one of those
 * who wait sleeps in the link, the others on conditions of their own. Whose call has ended is
 * woken, and whoever leaves hands over. All of it is NULL for a client of one thread, which locks
 * nothing.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct via_client;

/* A thread inside a function of the client; on its stack. */
struct via_guest {
        struct via_shared *shared;              /* NULL: nothing is shared, and nothing else set */
        pthread_cond_t     cond;
        const bool        *done;                /* what it waits for; NULL: anything */
        bool               waits;
        bool               nested;              /* it was inside already */
        struct via_guest  *next, **prev;
};

struct via_shared {
        pthread_mutex_t    lock;                /* recursive; guards all that is below */
        atomic_uint        refs;                /* the client's, its streams', its guests' */
        struct via_client *client;              /* NULL: gone */
        unsigned           depth;               /* of functions, in the thread that has the lock */
        struct via_guest  *guests, *me;         /* all, and the one that has the lock */
        struct via_guest  *sleeper;             /* it sleeps in the link, */
        int64_t            until;               /* so long if nothing happens */
        bool               connecting;          /* one of them is, without the lock */
        unsigned           hoping;              /* others, for what comes of that */
        unsigned           attempts;            /* that have come to an end */
        bool               rung;
        int                bell;                /* an eventfd, beside the link */
};

int  via_shared_new(struct via_client *client, struct via_shared **ret_shared);
struct via_shared *via_shared_put(struct via_shared *shared);
void via_shared_enter(struct via_shared *shared, struct via_guest *guest);
void via_shared_leave(struct via_guest *guest);

bool via_shared_others(const struct via_shared *shared);
void via_shared_out(struct via_shared *shared);
void via_shared_in(struct via_shared *shared, struct via_guest *me);
void via_shared_wait(struct via_shared *shared, int64_t until);
void via_shared_wake(struct via_shared *shared, bool all);
void via_shared_ring(struct via_shared *shared);

void via_shared_turn(struct via_client *client, int64_t until);
int64_t via_shared_due(const struct via_client *client);
int  via_shared_send(struct via_client *client, int64_t until);

static inline void via_guest_leave(struct via_guest *guest) {
        if (__builtin_expect(guest->shared != NULL, 0))
                via_shared_leave(guest);
}

/* For the rest of the block this thread is inside. */
#define VIA_GUEST(shared_) \
        struct via_guest guest_ __attribute__((cleanup(via_guest_leave))); \
        guest_.shared = (shared_); \
        if (__builtin_expect(guest_.shared != NULL, 0)) \
                via_shared_enter(guest_.shared, &guest_)
