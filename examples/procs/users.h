#pragma once
/*
 * users.h - the names of uids, asked for once each
 *
 * Never forgets: who gives a uid another name restarts the server. Not thread-safe.
 */
#include <stddef.h>
#include <sys/types.h>

struct user {
        uid_t uid;
        char  name[64];
};

struct users {                                  /* { 0 }: nobody is known yet */
        struct user *v;
        size_t       n, room;
};

/* Frees what @users holds; may be called again. */
void users_fini(struct users *users);

/*
 * The login name of @uid, clean; or @uid in decimals if it has none. Valid until the next call.
 * "?" if there is no memory.
 */
const char *users_name(struct users *users, uid_t uid);
