/*
 * server.c - prints page by page, at the endpoints given, until SIGTERM
 *
 * A server never blocks, so print() is a chain: it starts a call back, and what it is answered
 * starts the next. Two clients' jobs go on side by side.
 */
#include <stdio.h>
#include <via/via.h>
#include "press.h"

struct job {
        struct via_call *call;
        uint32_t         page, pages;
};

static struct via_server *server;

static void on_ready(void *user, int code, bool more, const struct via_error *err);

/* The call back has what is left of the time of the call that it is for. */
static void print_page(struct job *job) {
        struct via_call_options options = { .parent = job->call };

        job->page++;
        press_Reader_ready_async(via_call_client(job->call), job->page, job->pages, &options,
                                 on_ready, job);
}

static void on_ready(void *user, int code, bool more, const struct via_error *err) {
        struct job *job = user;                 /* lives like its call */

        if (code)
                via_call_end(job->call, via_call_fail(job->call, (enum via_code)code,
                                                      "page %u: the reader says: %s",
                                                      (unsigned)job->page, err->message));
        else if (more && job->page < job->pages)
                print_page(job);
        else
                press_Press_print_reply(job->call, job->page);
}

static int print(struct via_call *call, uint32_t pages, uint32_t *ret_result) {
        struct job *job;
        int code;

        *ret_result = 0;
        if (!pages)
                return VIA_OK;
        job = via_call_alloc(call, sizeof(*job));
        if (!job)
                return VIA_RESOURCE_EXHAUSTED;
        *job = (struct job){ .call = call, .pages = pages };
        code = via_call_defer(call);
        if (code == VIA_DEFERRED)
                print_page(job);
        return code;
}

static int text(struct via_call *call, uint32_t page, char **ret_result) {
        return via_call_printf(call, ret_result, "this is what page %u says", (unsigned)page);
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
        static const struct press_Press_ops ops = { .print = print, .text = text };
        struct via_error err = VIA_ERROR_INIT;

        if (argc < 2)
                return fprintf(stderr, "usage: server ENDPOINT...\n"), 2;

        server = via_server_new(NULL);
        if (press_Press_serve(server, &ops, NULL, &err) == 0 &&
            via_server_handle_signals(server, NULL, NULL, &err) == 0 &&
            listen_on(argv + 1, &err) == 0) {
                via_server_run(server);
        }
        server = via_server_free(server);
        return err.code ? via_error_report(&err) : 0;
}
