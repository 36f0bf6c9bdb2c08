/*
 * floor_stream.c - the least a stream of messages can be: one write for each
 *
 * The server writes messages as fast as they are taken, and blocks where they are not. The client
 * reads what is there, as much as 256 KiB at once, and counts whole messages.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "bench.h"
#include "floor_stream.h"
#include "meter.h"
#include "sock.h"

#define BATCH (256u << 10)              /* as the hand-written floor reads */

int stream_serve(struct bench_side *side) {
        size_t size = side->kind->size;
        char *data = malloc(size);
        int in, out, r;

        if (!data)
                return side_fail(side, -ENOMEM, "no buffer");
        memset(data, 'v', size);
        r = sock_serve_ends(side, &in, &out);
        if (r < 0) {
                free(data);
                return r;
        }
        while (r == 0)
                r = sock_write_all(out, data, size);
        sock_close_ends(in, out);
        free(data);
        return r == -ECONNRESET || r == -EPIPE ? 0 : side_fail(side, r, "stream");
}

int stream_drive(struct bench_side *side) {
        size_t size = side->kind->size, room = size > BATCH ? size : BATCH;
        char *data = malloc(room);
        struct meter meter;
        uint64_t bytes = 0;
        int in, out, r = 0;

        if (!data || meter_init(&meter, side) < 0)
                return side_fail(side, -ENOMEM, "no buffer");
        memset(data, 0, room);
        r = sock_connect_ends(side, &in, &out);
        if (r < 0)
                return r;
        while (r == 0 && meter_more(&meter, bytes / size)) {
                ssize_t n = read(in, data, room);

                if (n <= 0)
                        r = n == 0 ? -ECONNRESET : -errno;
                else
                        bytes += (uint64_t)n;
        }
        sock_close_ends(in, out);
        meter_fini(&meter);
        free(data);
        return r < 0 ? side_fail(side, r, "stream") : 0;
}
