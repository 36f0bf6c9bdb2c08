/*
 * users.c - the names of uids, asked for once each
 */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include "text.h"
#include "users.h"

void users_fini(struct users *users) {
        free(users->v);
        *users = (struct users){ 0 };
}

/* Asks the system, which may need more room than anybody can foresee. */
static void look_up(struct user *user) {
        struct passwd entry, *found = NULL;
        size_t size = 1024;
        char *buf = NULL, *more;
        int r = ERANGE;

        while (r == ERANGE && size <= 1024 * 1024) {
                more = realloc(buf, size);
                if (!more)
                        break;
                buf = more;
                r = getpwuid_r(user->uid, &entry, buf, size, &found);
                size *= 2;
        }
        if (found)
                text_copy(user->name, sizeof(user->name), found->pw_name);
        else
                snprintf(user->name, sizeof(user->name), "%u", (unsigned)user->uid);
        free(buf);
}

const char *users_name(struct users *users, uid_t uid) {
        for (size_t i = 0; i < users->n; i++)   /* few, and those met first are met most */
                if (users->v[i].uid == uid)
                        return users->v[i].name;

        if (users->n == users->room) {
                size_t room = users->room ? users->room * 2 : 16;
                struct user *more = reallocarray(users->v, room, sizeof(*more));

                if (!more)
                        return "?";
                users->v = more;
                users->room = room;
        }
        users->v[users->n].uid = uid;
        look_up(&users->v[users->n]);
        return users->v[users->n++].name;
}
