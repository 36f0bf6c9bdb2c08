/*
 * followers.c - who follows which file: calls that last, and are told what is new
 *
 * What is new is written until the stream says VIA_LATER; a client that does not read thus costs
 * no more than its window, and reads on where it stopped. That it has left is told by on_cancel,
 * since nothing may have been written for hours.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <via/via.h>
#include "file.h"
#include "followers.h"
#include "tail.h"

enum { LOOK_MS = 100 };

struct follower {
        struct follower   *next;
        struct followers  *among;
        struct via_call   *call;
        struct via_stream *stream;              /* the call's */
        struct file        file;
};

/* How many follow a file, on standard output: somebody may want to know. */
static void say(const struct follower *follower, char what) {
        unsigned n = 0;

        for (struct follower *f = follower->among->first; f; f = f->next)
                n += strcmp(f->file.name, follower->file.name) == 0;
        printf("%c %s: %u\n", what, follower->file.name, n);
        fflush(stdout);
}

static void end(struct follower *follower, int code) {
        struct follower **at = &follower->among->first;

        while (*at != follower)
                at = &(*at)->next;
        *at = follower->next;
        say(follower, '-');
        file_close(&follower->file);
        via_call_end(follower->call, code);
        free(follower);
}

/* Writes what comes next: VIA_OK, VIA_LATER (nothing, or no room), or how the call ends. */
static int tell_one(struct follower *follower) {
        static const enum tail_What whats[] = {
                [FILE_TEXT]      = tail_What_TEXT,
                [FILE_TRUNCATED] = tail_What_TRUNCATED,
                [FILE_REPLACED]  = tail_What_REPLACED,
        };
        struct tail_Piece piece = { .what = tail_What_TEXT };
        uint8_t buf[16 << 10];
        size_t n = 0;
        int news = file_look(&follower->file, buf, sizeof(buf), &n), code;

        if (news == FILE_NOTHING)
                return VIA_LATER;
        if (news > 0) {
                piece.what = whats[news];
                piece.text = (ProtobufCBinaryData){ .data = buf, .len = n };
                code = tail_Folder_follow_write(follower->stream, &piece, NULL);
                if (code)
                        return code;
                news = file_accept(&follower->file, news, n);
        }
        if (news < 0)
                return via_call_fail(follower->call, VIA_ABORTED, "%s: %s", follower->file.name,
                                     strerror(-news));
        return VIA_OK;
}

static void tell(struct follower *follower) {
        int code;

        while ((code = tell_one(follower)) == VIA_OK)
                ;
        if (code != VIA_LATER)
                end(follower, code);
}

static void on_ready(void *user, struct via_stream *stream) {
        (void)stream;
        tell(user);
}

static void on_time(uv_timer_t *timer) {
        struct followers *followers = timer->data;

        for (struct follower *f = followers->first, *next; f; f = next) {
                next = f->next;
                tell(f);
        }
}

static void on_cancel(void *user, struct via_call *call) {
        (void)call;
        end(user, VIA_CANCELLED);
}

/* Below the folder nothing is served, nor above it. */
static bool is_name(const char *name) {
        return *name && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static int follow(struct via_call *call, const char *name, uint32_t lines,
                  struct via_stream *stream) {
        struct followers *followers = via_call_self(call);
        struct follower *follower = calloc(1, sizeof(*follower));
        struct tail_NoSuchFile no = { .why = "not a name" };
        int r, code;

        if (!follower)
                return VIA_RESOURCE_EXHAUSTED;
        r = is_name(name) ? file_open(&follower->file, followers->folder, name, lines) : -EINVAL;
        if (r < 0) {
                free(follower);
                if (is_name(name))
                        no.why = strerror(-r);
                return tail_NoSuchFile_raise(call, &no);
        }
        code = via_call_defer(call);            /* the name, as all arguments, lives on */
        if (code != VIA_DEFERRED) {
                file_close(&follower->file);
                free(follower);
                return code;
        }
        follower->among = followers;
        follower->call = call;
        follower->stream = stream;
        follower->next = followers->first;
        followers->first = follower;
        say(follower, '+');
        via_stream_on_ready(stream, on_ready, follower);
        via_call_on_cancel(call, on_cancel, follower);
        return VIA_DEFERRED;
}

int followers_serve(struct followers *followers, int folder, uv_loop_t *loop,
                    struct via_server *server, struct via_error *err) {
        static const struct tail_Folder_ops ops = { .follow = follow };

        followers->folder = folder;
        uv_timer_init(loop, &followers->timer);
        followers->timer.data = followers;
        uv_timer_start(&followers->timer, on_time, LOOK_MS, LOOK_MS);
        return tail_Folder_serve(server, &ops, followers, err);
}

void followers_close(struct followers *followers) {
        for (struct follower *f; (f = followers->first);)
                end(f, via_call_fail(f->call, VIA_UNAVAILABLE, "the server ends"));
        uv_close((uv_handle_t *)&followers->timer, NULL);
}
