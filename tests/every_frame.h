#pragma once
/*
<<<<<<<< HEAD:tests/all_frames.h
 * all_frames.h - something of everything that a peer may send, and at last something it may not
========
 * every_frame.h - something of everything that a peer may send, and at last something it may not
>>>>>>>> refs/heads/machine:tests/every_frame.h
 */
#include "end.h"

enum { N_EVERYTHING = 24 };                     /* events that this makes */

/* Both ends of a comparison have made the same calls before. */
static inline void start_everything(struct end *one) {
        start(one, 200);
        for (int i = 0; i < 3; i++)
                call(one, &sent[i], INT64_MAX);
        open_stream(one, &sent[3], VIA_FLOW_SENDS | VIA_FLOW_RECEIVES, &one->flows[0]);
        serve_stream(one, 1, &sent[10], 0, NULL);
        serve_stream(one, 2, &sent[11], VIA_FLOW_SENDS | VIA_FLOW_RECEIVES, &one->flows[1]);
}

static inline void everything(struct frames *all) {
        static const char meta[] = "\3\0\5\0keyvalue";
        static char body[300];

        for (size_t i = 0; i < sizeof(body); i++)
                body[i] = (char)i;
        frames_hello_of(all, 0, 3, 1000, 1000);
        frames_call(all, 1, 11, body, 50);
        frames_put(all, (struct wire_header){ .type = WIRE_PING, .value = 1 }, "", 0);
        frames_put(all, (struct wire_header){ .type = WIRE_REPLY, .id = 1, .value = 5 }, body, 20);
        frames_call(all, 2, 12, body, 250);     /* too big */
        frames_put(all, (struct wire_header){ .type = WIRE_REPLY, .id = 2 }, body, 300);
        frames_put(all, (struct wire_header){ .type = WIRE_REPLY, .id = 77 }, body, 299);
        frames_put(all, (struct wire_header){ .type = WIRE_REPLY, .id = 78 }, body, 2);
        frames_put(all, (struct wire_header){ .type = WIRE_PONG }, body, 3);
        frames_put(all, (struct wire_header){ .type = WIRE_CANCEL, .id = 1 }, body, 7);
        frames_put(all, (struct wire_header){ .type = WIRE_CANCEL, .id = 77 }, body, 7);

        frames_meta(all, (struct wire_header){ .type = WIRE_HEAD, .id = 4 }, meta, 12, NULL, 0);
        frames_meta(all, (struct wire_header){ .type = WIRE_HEAD, .id = 77 }, meta, 12, NULL, 0);
        frames_meta(all, (struct wire_header){ .type = WIRE_HEAD, .id = 3 }, body, 100, NULL, 0);
        frames_item(all, WIRE_BACK, 4, 30);
        frames_piece(all, 0, 2, 25, 0, 10);
        frames_item(all, 0, 77, 120);           /* for nobody */
        frames_piece(all, 0, 2, 25, 10, 10);
        frames_put(all, (struct wire_header){ .type = WIRE_CREDIT, .id = 2, .value = 9 }, body, 5);
        frames_put(all, (struct wire_header){ .type = WIRE_CREDIT, .flags = WIRE_LINK, .value = 8 },
                   "", 0);
        frames_piece(all, 0, 2, 25, 20, 5);
        frames_item(all, 0, 2, 0);
        frames_put(all, (struct wire_header){ .type = WIRE_END, .id = 2 }, "", 0);
        frames_put(all, (struct wire_header){ .type = WIRE_END, .id = 77 }, body, 9);
        frames_piece(all, WIRE_BACK, 4, 250, 0, 230);   /* too big */
        frames_piece(all, WIRE_BACK, 4, 250, 230, 20);
        frames_meta(all, (struct wire_header){ .type = WIRE_CALL, .id = 5, .value = 7 }, meta, 12,
                    body, 33);
        frames_meta(all, (struct wire_header){ .type = WIRE_CALL, .id = 6 }, body, 64, body, 250);
        frames_meta(all, (struct wire_header){ .type = WIRE_CALL, .id = 7 }, body, 65, body, 50);
        frames_meta(all, (struct wire_header){ .type = WIRE_REPLY, .id = 3 }, meta, 12, body, 4);
        frames_meta(all, (struct wire_header){ .type = WIRE_REPLY, .id = 4 }, body, 65, body, 4);

        frames_text(all, (struct wire_header){ .type = WIRE_GOAWAY, .value = 8 }, "enough");
        frames_call(all, 3, 13, body, 0);
        frames_header(all, (struct wire_header){ .type = 200 });
}
