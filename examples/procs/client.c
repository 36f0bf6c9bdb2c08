/*
 * client.c - asks a procs-server about its processes
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <via/via.h>
#include "args.h"
#include "bench.h"
#include "local.h"
#include "show.h"

static int list(struct via_client *client, const struct procs_Filter *filter,
                struct via_error *err) {
        struct procs_Process **processes;
        size_t n;
        int r = procs_Table_list(client, filter, &n, &processes, err);

        if (r)
                return r;
        show_processes(n, processes);
        procs_Process_free_all(n, processes);
        return VIA_OK;
}

static int get(struct via_client *client, int32_t pid, struct via_error *err) {
        struct procs_Process *process;
        int r = procs_Table_get(client, pid, &process, err);

        if (r)
                return r;
        show_processes(1, &process);
        procs_Process_free(process);
        return VIA_OK;
}

static int summary(struct via_client *client, struct via_error *err) {
        struct procs_Machine *machine;
        int r = procs_Table_summary(client, &machine, err);

        if (r)
                return r;
        show_machine(machine);
        procs_Machine_free(machine);
        return VIA_OK;
}

static int bench(struct via_client *client, uint32_t n, struct via_error *err) {
        struct times times;
        int r = bench_run(client, n, &times, err);

        if (!r)
                printf("%" PRIu32 " calls, p50 %.1f us, p99 %.1f us\n", n, times.p50, times.p99);
        return r;
}

/*
 * Calls over one link begin in their order: when the second one is answered, the server watches.
 * Both are open at the same time; each read takes its turn.
 */
static int watch(struct via_client *client, const struct procs_Filter *filter,
                 struct via_error *err) {
        struct via_stream *stream;
        struct procs_Event *event;
        int r = procs_Table_watch_open(client, filter, &stream, err);

        if (r)
                return r;
        if (procs_Table_summary(client, NULL, NULL) == VIA_OK) {
                puts("watching");
                fflush(stdout);
        }
        while ((r = procs_Table_watch_read(stream, &event, err)) == VIA_OK) {
                show_event(event);
                procs_Event_free(event);
        }
        return procs_Table_watch_finish(stream, err);
}

static int run(struct via_client *client, const struct args *args, struct via_error *err) {
        switch (args->command) {
        case COMMAND_LIST:
                return list(client, &args->filter, err);
        case COMMAND_GET:
                return get(client, args->pid, err);
        case COMMAND_SUMMARY:
                return summary(client, err);
        case COMMAND_SIGNAL:
                return procs_Table_signal(client, args->pid, args->signal, err);
        case COMMAND_BENCH:
                return bench(client, args->calls, err);
        case COMMAND_WATCH:
                return watch(client, &args->filter, err);
        case COMMAND_HELP:
                break;
        }
        return VIA_OK;
}

int main(int argc, char **argv) {
        struct via_error err = VIA_ERROR_INIT;
        struct via_client *client = NULL;
        struct local local = { 0 };
        struct args args;
        char uri[1024];
        int r = VIA_OK;

        if (args_parse(argc, argv, &args))
                return 2;
        if (args.command == COMMAND_HELP)
                return fputs(args_usage, stdout), 0;

        if (via_endpoint_lookup(args.endpoint, 0, uri, sizeof(uri), NULL) == 0 &&
            strncmp(uri, "inproc:", 7) == 0)
                r = local_start(&local, args.endpoint, &err);
        if (!r)
                r = via_client_open(&client, args.endpoint, NULL, &err);
        if (!r)
                r = run(client, &args, &err);
        via_client_close(client);
        local_stop(&local);
        return r ? via_error_report(&err) : 0;
}
