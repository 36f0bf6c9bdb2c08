/*
 * client.c - brings a file to the server at the endpoint given, and compares what has arrived
 *
 * It blocks: write() waits where the server cannot take more.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <via/via.h>
#include "sum.h"
#include "upload.h"

static double now(void) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/*
 * Sends the file: what was sent is in *@ret_sent. A write that fails says that the call has
 * ended; put_finish() says why.
 */
static int send_file(struct via_stream *stream, int fd, struct upload_Stored *ret_sent) {
        static uint8_t chunk[upload_CHUNK_MAX];
        ssize_t n;

        ret_sent->sum = SUM_INIT;
        while ((n = read(fd, chunk, sizeof(chunk))) > 0) {
                if (upload_Folder_put_write(stream, (size_t)n, chunk, NULL))
                        return 0;
                ret_sent->sum = sum_add(ret_sent->sum, chunk, (size_t)n);
                ret_sent->size += (uint64_t)n;
        }
        return n < 0 ? -1 : 0;
}

static int put(struct via_client *client, int fd, const char *name, struct via_error *err) {
        struct upload_Stored sent = { .size = 0 }, *stored;
        struct via_stream *stream;
        double seconds = now();
        int code = upload_Folder_put_open(client, name, &stream, err);

        if (code)
                return code;
        if (send_file(stream, fd, &sent) < 0) {
                via_stream_cancel(stream);      /* half a file must not look like a whole one */
                upload_Folder_put_finish(stream, NULL, NULL);
                return via_error_set(err, VIA_DATA_LOSS, "%s cannot be read", name);
        }
        code = upload_Folder_put_finish(stream, &stored, err);
        if (code)
                return code;
        seconds = now() - seconds;
        if (stored->size != sent.size || stored->sum != sent.sum)
                code = via_error_set(err, VIA_DATA_LOSS, "what arrived is not what was sent");
        else
                printf("%s: %.1f MB in %.1f s, %.1f MB/s\n", name, (double)sent.size / 1e6, seconds,
                       (double)sent.size / 1e6 / seconds);
        upload_Stored_free(stored);
        return code;
}

int main(int argc, char **argv) {
        struct via_error err = VIA_ERROR_INIT;
        struct via_client *client = NULL;
        const char *name;
        int fd;

        if (argc != 3 && argc != 4)
                return fprintf(stderr, "usage: client ENDPOINT FILE [NAME]\n"), 2;
        name = strrchr(argv[2], '/') ? strrchr(argv[2], '/') + 1 : argv[2];
        fd = open(argv[2], O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return perror(argv[2]), 1;

        if (via_client_open(&client, argv[1], NULL, &err) == 0)
                put(client, fd, argc == 4 ? argv[3] : name, &err);
        via_client_close(client);
        close(fd);
        return err.code ? via_error_report(&err) : 0;
}
