/*
 * server_count.c - how many links a listener has, and of whom; and whose calls are counted where
 *
 * Under a lock, since links end in the thread of any worker. Nobody counts while calls come and
 * go, but when links do.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include "server_impl.h"

/* The entry of @peer's user, or one that is free and can become it; NULL: no memory. */
static struct via_user *user_of(struct via_listening *l, const struct via_peer *peer) {
        struct via_user *user, *spare = NULL;

        for (user = l->users; user; user = user->next) {
                if (!user->n_links && !user->calls.n)
                        spare = user;
                else if (user->known == peer->known && (!peer->known || user->uid == peer->uid))
                        return user;
        }
        if (!spare) {
                spare = calloc(1, sizeof(*spare));
                if (!spare)
                        return NULL;
                spare->next = l->users;
                l->users = spare;
        }
        spare->known = peer->known;
        spare->uid = peer->uid;
        spare->calls.max = peer->known ? (unsigned)l->limits.v[VIA_LIMIT_CALLS_PER_UID] : UINT_MAX;
        spare->calls.all = &l->server->n_calls;
        spare->calls.max_all = (unsigned)l->limits.v[VIA_LIMIT_OPEN_CALLS];
        return spare;
}

/* Which limit keeps one more link of @user away, or NULL. */
static const char *is_full(const struct via_listening *l, const struct via_user *user,
                           unsigned *ret_n) {
        const struct {
                enum via_limit limit;
                const char    *name;
                unsigned       n;
        } checks[] = {
                { VIA_LIMIT_LINKS, "max_links", l->n_links },
                { VIA_LIMIT_HALF_OPEN, "max_half_open", l->n_half_open },
                { VIA_LIMIT_LINKS_PER_UID, "max_links_per_uid", user->known ? user->n_links : 0 },
        };

        for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
                *ret_n = checks[i].n;
                if (checks[i].n >= l->limits.v[checks[i].limit])
                        return checks[i].name;
        }
        return NULL;
}

/*
 * Counts a new link of @peer's: 0; or a positive condition, and @why says which limit it would
 * cross. -ENOMEM. Pair with via_listening_left().
 */
int via_listening_join(struct via_listening *l, const struct via_peer *peer,
                       struct via_user **ret_user, char *why, size_t size) {
        struct via_user *user;
        const char *limit = NULL;
        unsigned n;

        pthread_mutex_lock(&l->lock);
        user = user_of(l, peer);
        if (user)
                limit = is_full(l, user, &n);
        if (limit) {
                snprintf(why, size, "the server has %u links, as many as %s allows", n, limit);
        } else if (user) {
                user->n_links++;
                l->n_links++;
                l->n_half_open++;
                *ret_user = user;
        }
        pthread_mutex_unlock(&l->lock);
        return !user ? -ENOMEM : limit ? 1 : 0;
}

/* A link that has joined has said hello. */
void via_listening_greeted(struct via_listening *l) {
        pthread_mutex_lock(&l->lock);
        l->n_half_open--;
        pthread_mutex_unlock(&l->lock);
}

/* A link that has joined has ended: there is room again. */
void via_listening_left(struct via_listening *l, struct via_user *user, bool greeted) {
        pthread_mutex_lock(&l->lock);
        l->n_links--;
        if (!greeted)
                l->n_half_open--;
        user->n_links--;
        pthread_mutex_unlock(&l->lock);
}
