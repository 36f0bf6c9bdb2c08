/*
 * client.c - shows a file of the server's as it grows, until Ctrl-C
 *
 * Ctrl-C cancels the call: the server is told, and stops looking.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>
#include <via/via.h>
#include "tail.h"

static bool interrupted;

static void show(const struct tail_Piece *piece) {
        if (piece->what == tail_What_TRUNCATED)
                fprintf(stderr, "-- the file was truncated --\n");
        if (piece->what == tail_What_REPLACED)
                fprintf(stderr, "-- another file has its name now --\n");
        if (piece->text.len)
                fwrite(piece->text.data, 1, piece->text.len, stdout);
        fflush(stdout);
}

static void on_ready(void *user, struct via_stream *stream) {
        struct tail_Piece *piece;
        int code;

        while ((code = tail_Folder_follow_read(stream, &piece, NULL)) == VIA_OK) {
                show(piece);
                tail_Piece_free(piece);
        }
        if (code == VIA_LATER)
                return;
        tail_Folder_follow_finish(stream, user);
        uv_stop(uv_default_loop());
}

static void on_interrupt(uv_signal_t *handle, int number) {
        (void)number;
        uv_signal_stop(handle);                 /* a second one ends us at once */
        interrupted = true;
        via_stream_cancel(handle->data);        /* on_ready then reads its end */
}

int main(int argc, char **argv) {
        struct via_client_options options = { .loop = uv_default_loop() };
        struct via_error err = VIA_ERROR_INIT;
        struct via_client *client = NULL;
        struct via_stream *stream;
        uv_signal_t interrupt;

        if (argc != 3)
                return fprintf(stderr, "usage: client ENDPOINT FILE\n"), 2;

        if (via_client_open(&client, argv[1], &options, &err) == 0 &&
            tail_Folder_follow_open(client, argv[2], 10, &stream, &err) == 0) {
                uv_signal_init(options.loop, &interrupt);
                interrupt.data = stream;
                uv_signal_start(&interrupt, on_interrupt, SIGINT);
                via_stream_on_ready(stream, on_ready, &err);
                uv_run(options.loop, UV_RUN_DEFAULT);
        }
        via_client_close(client);
        uv_run(options.loop, UV_RUN_NOWAIT);    /* closes what the client had in it */
        if (interrupted && err.code == VIA_CANCELLED)
                via_error_fini(&err);
        return err.code ? via_error_report(&err) : 0;
}
