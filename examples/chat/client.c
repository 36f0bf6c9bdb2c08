/*
 * client.c - somebody in the room: says each line of standard input, shows what it hears
 *
 * One loop waits for both. The end of the input is the end of the visit.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>
#include <via/via.h>
#include "chat.h"

static struct {
        struct via_stream *stream;              /* NULL: the call has ended */
        struct via_error   err;
        char               typed[chat_TEXT_MAX + 1];
        size_t             n;                   /* bytes of typed, that are not sent yet */
        bool               ended;               /* nothing more will be typed */
        uv_poll_t          terminal;
        uv_idle_t          file;                /* instead, where there is nothing to poll */
        bool               is_file;
} self;

static void say_more(void);

/* What others have written is not to steer our terminal. */
static const char *clean(char *text) {
        for (char *p = text ? text : ""; *p; p++)
                if ((unsigned char)*p < ' ' || *p == 127)
                        *p = '?';
        return text ? text : "";
}

static void show(struct chat_Line *line) {
        const char *who = clean(line->who);

        switch (line->kind) {
        case chat_Kind_HERE:
                printf("* %s is here\n", who);
                break;
        case chat_Kind_JOINED:
                printf("* %s has joined\n", who);
                break;
        case chat_Kind_SAID:
                printf("<%s> %s\n", who, clean(line->text));
                break;
        case chat_Kind_LEFT:
                printf("* %s has left\n", who);
                break;
        case chat_Kind_MISSED:
                printf("* you were too slow for %u lines\n", (unsigned)line->count);
                break;
        }
        fflush(stdout);
}

/* --- what is typed --- */

static void on_input(void) {
        ssize_t n = read(STDIN_FILENO, self.typed + self.n, chat_TEXT_MAX - self.n);

        self.ended = n <= 0;
        self.n += n > 0 ? (size_t)n : 0;
        say_more();
}

static void on_terminal(uv_poll_t *handle, int status, int events) {
        (void)handle, (void)status, (void)events;
        on_input();
}

static void on_file(uv_idle_t *handle) {
        (void)handle;
        on_input();
}

static void listen_to_input(bool listens) {
        if (self.is_file && listens)
                uv_idle_start(&self.file, on_file);
        else if (self.is_file)
                uv_idle_stop(&self.file);
        else if (listens)
                uv_poll_start(&self.terminal, UV_READABLE, on_terminal);
        else
                uv_poll_stop(&self.terminal);
}

/* Says the first line typed: VIA_END if none is whole. */
static int say_line(void) {
        char *newline = memchr(self.typed, '\n', self.n), text[sizeof(self.typed)];
        size_t n = newline ? (size_t)(newline - self.typed) : self.n;
        int code;

        if (!newline && (n == 0 || (n < chat_TEXT_MAX && !self.ended)))
                return VIA_END;
        memcpy(text, self.typed, n);
        text[n] = 0;
        code = chat_Room_join_write(self.stream, text, &self.err);
        if (code == VIA_LATER)
                return code;
        n += newline != NULL;
        self.n -= n;
        memmove(self.typed, self.typed + n, self.n);
        return code;
}

/* A line that the room has no room for yet stays where it is, and the input is not read. */
static void say_more(void) {
        int code;

        while ((code = say_line()) == VIA_OK || code == VIA_INVALID_ARGUMENT)
                if (code)
                        via_error_report(&self.err);    /* not UTF-8: that line is dropped */
        listen_to_input(code == VIA_END && !self.ended);
        if (code == VIA_END && self.ended)
                chat_Room_join_close_send(self.stream, NULL);
}

/* --- what is heard --- */

/* The visit is over: the loop has nothing left to wait for. */
static void go(void) {
        listen_to_input(false);
        chat_Room_join_finish(self.stream, &self.err);
        self.stream = NULL;
        uv_stop(uv_default_loop());
}

static void on_ready(void *user, struct via_stream *stream) {
        struct chat_Line *line;
        int code;

        (void)user;
        while ((code = chat_Room_join_read(stream, &line, NULL)) == VIA_OK) {
                show(line);
                chat_Line_free(line);
        }
        if (code == VIA_LATER)
                say_more();
        else
                go();
}

/* A terminal or a pipe tells when there is something to read; a file cannot, and always has it. */
static void open_input(uv_loop_t *loop) {
        self.is_file = uv_poll_init(loop, &self.terminal, STDIN_FILENO) < 0;
        if (self.is_file)
                uv_idle_init(loop, &self.file);
        listen_to_input(true);
}

int main(int argc, char **argv) {
        struct via_client_options options = { .loop = uv_default_loop() };
        struct via_client *client = NULL;

        if (argc != 3)
                return fprintf(stderr, "usage: client ENDPOINT NAME\n"), 2;

        if (via_client_open(&client, argv[1], &options, &self.err) == 0 &&
            chat_Room_join_open(client, argv[2], &self.stream, &self.err) == 0) {
                open_input(options.loop);
                via_stream_on_ready(self.stream, on_ready, NULL);
                uv_run(options.loop, UV_RUN_DEFAULT);
        }
        via_client_close(client);
        uv_run(options.loop, UV_RUN_NOWAIT);    /* closes what the client had in it */
        return self.err.code ? via_error_report(&self.err) : 0;
}
