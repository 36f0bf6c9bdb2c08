/*
 * room.c - who is in the room, and what each of them has not heard yet
 *
 * A member is a call that is deferred until it leaves. What is said is put into everybody's queue,
 * and a queue is written to its stream until that says VIA_LATER: then on_ready goes on. A
 * queue that is full takes no more; the lines that were missed are counted, and told by a line
 * in their place.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <via/via.h>
#include "chat.h"
#include "room.h"

enum { QUEUE_MAX = 100 };

struct member {
        struct member     *next;
        struct room       *room;
        struct via_call   *call;
        struct via_stream *stream;              /* the call's, as is the name */
        const char        *name;
        struct chat_Line  *queue[QUEUE_MAX];    /* a ring; its lines are ours */
        unsigned           first, n;
        uint32_t           missed;
        bool               has_left;            /* the room; the queue is still to be read */
};

static bool put(struct member *member, enum chat_Kind kind, const char *who, const char *text,
                uint32_t count) {
        struct chat_Line line = { .kind = kind, .count = count }, *copy;

        line.who = (char *)who;                 /* only read, as every argument */
        line.text = (char *)text;
        copy = member->n < QUEUE_MAX ? chat_Line_dup(&line) : NULL;
        if (copy)
                member->queue[(member->first + member->n++) % QUEUE_MAX] = copy;
        return copy;
}

static void put_missed(struct member *member) {
        if (member->missed && put(member, chat_Kind_MISSED, NULL, NULL, member->missed))
                member->missed = 0;
}

/* Writes what waits: VIA_OK when all of it has gone, VIA_LATER, or why nothing can. */
static int send_queue(struct member *member) {
        int code = VIA_OK;

        while (member->n && code == VIA_OK) {
                struct chat_Line *line = member->queue[member->first];

                code = chat_Room_join_write_out(member->stream, line, NULL);
                if (code != VIA_OK)
                        break;
                chat_Line_free(line);
                member->first = (member->first + 1) % QUEUE_MAX;
                member->n--;
                if (!member->n)
                        put_missed(member);
        }
        return code;
}

static void tell(struct member *member, enum chat_Kind kind, const char *who, const char *text) {
        if (member->missed && member->n < QUEUE_MAX - 1)
                put_missed(member);
        if (member->missed || !put(member, kind, who, text, 0))
                member->missed++;
        send_queue(member);                     /* if the call has ended, on_ready hears of it */
}

static void tell_others(const struct member *speaker, enum chat_Kind kind, const char *text) {
        for (struct member *m = speaker->room->members; m; m = m->next)
                if (m != speaker)
                        tell(m, kind, speaker->name, text);
}

static void leave(struct member *member) {
        struct member **at = &member->room->members;

        if (member->has_left)
                return;
        member->has_left = true;
        while (*at != member)
                at = &(*at)->next;
        *at = member->next;
        tell_others(member, chat_Kind_LEFT, NULL);
}

/* Ends the call of somebody who has left, and with it the member. */
static void end(struct member *member, int code) {
        while (member->n--)
                chat_Line_free(member->queue[member->first++ % QUEUE_MAX]);
        if (code)
                via_call_end(member->call, code);
        else
                chat_Room_join_reply(member->call);
        free(member);
}

/* Something was said, there is room for more lines, or the call has ended. */
static void on_ready(void *user, struct via_stream *stream) {
        struct member *member = user;
        char *text;
        int heard, sent;

        while ((heard = chat_Room_join_read_in(stream, &text, NULL)) == VIA_OK) {
                tell_others(member, chat_Kind_SAID, text);
                free(text);
        }
        if (heard != VIA_LATER)
                leave(member);
        sent = send_queue(member);
        if (heard != VIA_LATER && heard != VIA_END)
                end(member, heard);
        else if (sent != VIA_LATER && (sent != VIA_OK || heard == VIA_END)) {
                leave(member);
                end(member, sent);
        }
}

static int join(struct via_call *call, const char *name, struct via_stream *stream) {
        struct room *room = via_call_self(call);
        struct chat_NameTaken taken = { .name = (char *)name };
        struct member *member;
        int code;

        if (!*name)
                return via_call_fail(call, VIA_INVALID_ARGUMENT, "a name is needed");
        for (struct member *m = room->members; m; m = m->next)
                if (strcmp(m->name, name) == 0)
                        return chat_NameTaken_raise(call, &taken);
        member = calloc(1, sizeof(*member));
        if (!member)
                return VIA_RESOURCE_EXHAUSTED;
        code = via_call_defer(call);
        if (code != VIA_DEFERRED) {
                free(member);
                return code;
        }
        *member = (struct member){ .room = room, .call = call, .stream = stream, .name = name };
        for (struct member *m = room->members; m; m = m->next)
                tell(member, chat_Kind_HERE, m->name, NULL);
        member->next = room->members;
        room->members = member;
        tell_others(member, chat_Kind_JOINED, NULL);
        via_stream_on_ready(stream, on_ready, member);
        return VIA_DEFERRED;
}

void room_close(struct room *room) {
        while (room->members) {
                struct member *member = room->members;

                room->members = member->next;
                end(member, via_call_fail(member->call, VIA_UNAVAILABLE, "the room closes"));
        }
}

int room_serve(struct room *room, struct via_server *server, struct via_error *err) {
        static const struct chat_Room_ops ops = { .join = join };

        return chat_Room_serve(server, &ops, room, err);
}
