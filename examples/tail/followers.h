#pragma once
/*
 * followers.h - who follows which file: calls that last, and are told what is new
 *
 * Belongs to the loop it was made with: one timer looks at all files, and nothing here waits.
 */
#include <uv.h>
#include <via/server.h>

struct follower;

struct followers {
        int              folder;                /* open; stays yours */
        struct follower *first;
        uv_timer_t       timer;
};

/* Serves tail.Folder. @followers is borrowed until via_server_free(). */
int  followers_serve(struct followers *followers, int folder, uv_loop_t *loop,
                    struct via_server *server, struct via_error *err);

/* Ends the call of each of them, and the timer. */
void followers_close(struct followers *followers);
