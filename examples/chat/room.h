#pragma once
/*
 * room.h - who is in the room, and what each of them has not heard yet
 *
 * Never waits for anybody: a member that does not read misses lines, and no more than some of them
 * are kept for it.
 */
#include <via/server.h>

struct member;

struct room {
        struct member *members;
};

/* Serves chat.Room. @room, all zero at first, is borrowed until via_server_free(). */
int room_serve(struct room *room, struct via_server *server, struct via_error *err);

/* Ends the call of everybody in it. */
void room_close(struct room *room);
