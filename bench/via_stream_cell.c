/*
 * via_stream_cell.c - a stream of Via's: its handler, and who reads it
 *
 * The handler writes as long as there is credit, and goes on when there is some again. The client
 * reads one item after the other into an arena, so that an item costs no allocation.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "bench.h"
#include "meter.h"
#include "via_stream_cell.h"

struct source {
        struct via_call *call;
        uint32_t         size;
        uint8_t          data[];
};

static void go_on(void *user, struct via_stream *stream) {
        struct source *source = user;
        int code = VIA_OK;

        while (code == VIA_OK)
                code = bench_Echo_source_write(stream, source->size, source->data, NULL);
        if (code == VIA_LATER)
                return;
        via_call_end(source->call, code);
        free(source);
}

int stream_cell_source(struct via_call *call, uint32_t size, struct via_stream *stream) {
        struct source *source = malloc(sizeof(*source) + size);
        int code = source ? via_call_defer(call) : VIA_RESOURCE_EXHAUSTED;

        if (code != VIA_DEFERRED) {
                free(source);
                return code;
        }
        source->call = call;
        source->size = size;
        memset(source->data, 'v', size);
        via_stream_on_ready(stream, go_on, source);
        return code;
}

static int fail(struct bench_side *side, struct via_error *err) {
        via_error_format(err, side->why, sizeof(side->why));
        via_error_fini(err);
        return -EIO;
}

int stream_cell_drive(struct bench_side *side, struct via_client *client) {
        struct via_call_options options = { .arena = via_arena_new(0), .timeout_ms = 600000 };
        struct via_error err = VIA_ERROR_INIT;
        struct via_stream *stream;
        struct meter meter;
        uint64_t items = 0;
        uint8_t *data;
        size_t n;
        int r = 0;

        if (!options.arena || meter_init(&meter, side) < 0)
                return side_fail(side, -ENOMEM, "no arena");
        if (bench_Echo_source_open_with(client, &options, (uint32_t)side->kind->size, &stream,
                                        &err))
                return fail(side, &err);
        while (r == 0 && meter_more(&meter, items)) {
                for (int i = 0; i < (side->kind->size > 4096 ? 1 : 64) && r == 0; i++, items++) {
                        if (bench_Echo_source_read(stream, &n, &data, &err) != VIA_OK)
                                r = fail(side, &err);
                        else if (n != side->kind->size)
                                r = side_fail(side, -EPROTO, "not what was asked for");
                        via_arena_reset(options.arena);
                }
        }
        via_stream_cancel(stream);
        bench_Echo_source_finish(stream, NULL);
        meter_fini(&meter);
        via_arena_free(options.arena);
        return r;
}
