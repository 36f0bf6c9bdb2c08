/*
 * server.c - takes files into a folder, at each of the endpoints given, until SIGTERM
 *
 * A chunk is written when it comes, in the thread that serves: into the page cache, mostly. What
 * an upload needs to know is in a struct of its own, because the handler has long returned.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <via/via.h>
#include "folder.h"
#include "sum.h"
#include "upload.h"

struct upload {
        struct via_call     *call;
        const char          *name;              /* the call's */
        struct incoming      file;
        struct upload_Stored stored;
};

static struct via_server *server;
static int folder;

static int not_stored(struct via_call *call, const char *why) {
        return upload_NotStored_raise(call, &(struct upload_NotStored){ .why = (char *)why });
}

/* The client has closed its side: then the file is whole. Else nothing of it stays. */
static void end(struct upload *upload, int code) {
        int r = code == VIA_END ? incoming_keep(&upload->file, upload->name) : 0;

        if (r < 0)
                code = not_stored(upload->call, strerror(-r));
        incoming_drop(&upload->file);
        if (code == VIA_END)
                upload_Folder_put_reply(upload->call, &upload->stored);
        else
                via_call_end(upload->call, code);
        free(upload);
}

static void on_ready(void *user, struct via_stream *stream) {
        struct upload *upload = user;
        uint8_t *chunk;
        size_t n;
        int code;

        while ((code = upload_Folder_put_read(stream, &n, &chunk, NULL)) == VIA_OK) {
                int r = incoming_write(&upload->file, chunk, n);

                upload->stored.size += n;
                upload->stored.sum = sum_add(upload->stored.sum, chunk, n);
                free(chunk);
                if (r < 0) {
                        code = not_stored(upload->call, strerror(-r));
                        break;
                }
        }
        if (code != VIA_LATER)
                end(upload, code);
}

static bool is_name(const char *name) {
        for (const char *p = name; *p; p++)
                if ((unsigned char)*p < ' ' || *p == '/' || *p == 127)
                        return false;
        return *name && *name != '.';
}

static int put(struct via_call *call, const char *name, struct via_stream *stream,
               struct upload_Stored *ret_result) {
        struct upload *upload;
        int r, code;

        (void)ret_result;                       /* the answer comes later */
        if (!is_name(name))
                return not_stored(call, "a file is not to be called so");
        upload = calloc(1, sizeof(*upload));
        if (!upload)
                return VIA_RESOURCE_EXHAUSTED;
        *upload = (struct upload){ .call = call, .name = name };
        upload_Stored_init(&upload->stored);
        upload->stored.sum = SUM_INIT;
        r = incoming_open(&upload->file, folder);
        code = r < 0 ? not_stored(call, strerror(-r)) : via_call_defer(call);
        if (code == VIA_DEFERRED) {
                via_stream_on_ready(stream, on_ready, upload);
                return code;
        }
        incoming_drop(&upload->file);
        free(upload);
        return code;
}

static int listen_on(char **endpoints, struct via_error *err) {
        for (unsigned i = 0; endpoints[i]; i++) {
                int code = via_server_listen(server, endpoints[i], err);

                if (code)
                        return code;
                puts(via_server_endpoint(server, i));
                fflush(stdout);
        }
        return VIA_OK;
}

int main(int argc, char **argv) {
        static const struct upload_Folder_ops ops = { .put = put };
        struct via_error err = VIA_ERROR_INIT;

        if (argc < 3)
                return fprintf(stderr, "usage: server FOLDER ENDPOINT...\n"), 2;
        folder = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (folder < 0)
                return fprintf(stderr, "%s: %s\n", argv[1], strerror(errno)), 1;

        server = via_server_new(NULL);
        if (upload_Folder_serve(server, &ops, NULL, &err) == 0 &&
            via_server_handle_signals(server, NULL, NULL, &err) == 0 &&
            listen_on(argv + 2, &err) == 0) {
                via_server_run(server);         /* uploads that have begun may take 5 s more */
        }
        server = via_server_free(server);
        return err.code ? via_error_report(&err) : 0;
}
