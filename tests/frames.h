#pragma once
/*
 * frames.h - what a peer might send, right or wrong, for tests of what is made of it
 */
#include "test.h"
#include "wire.h"

struct frames {
        uint8_t data[16384];
        size_t  n;
};

static inline void frames_raw(struct frames *f, const void *bytes, size_t n) {
        REQUIRE(n <= sizeof(f->data) - f->n);
        if (n)
                memcpy(f->data + f->n, bytes, n);
        f->n += n;
}

static inline void frames_header(struct frames *f, struct wire_header h) {
        uint8_t buf[WIRE_HEADER];

        wire_put_header(buf, &h);
        frames_raw(f, buf, sizeof(buf));
}

/* A header whose length is told by the body. */
static inline void frames_put(struct frames *f, struct wire_header h, const void *body, size_t n) {
        h.length = (uint32_t)n;
        frames_header(f, h);
        frames_raw(f, body, n);
}

static inline void frames_hello_of(struct frames *f, unsigned oldest, unsigned newest,
                                   uint32_t max_message, uint32_t max_calls) {
        uint8_t body[WIRE_HELLO] = { 0 };

        wire_put32(body, max_message);
        wire_put32(body + 4, max_calls);
        frames_put(f,
                   (struct wire_header){ .type = WIRE_HELLO_FRAME,
                                         .id = WIRE_MAGIC,
                                         .value = newest << 16 | oldest },
                   body, sizeof(body));
}

static inline void frames_hello(struct frames *f) {
        frames_hello_of(f, WIRE_VERSION, WIRE_VERSION, 4194304, 1024);
}

static inline void frames_call(struct frames *f, uint32_t id, uint64_t method, const void *body,
                               size_t n) {
        uint8_t number[WIRE_METHOD];

        wire_put64(number, method);
        frames_header(f, (struct wire_header){ .length = (uint32_t)(n + WIRE_METHOD),
                                               .type = WIRE_CALL,
                                               .id = id,
                                               .value = 1000 });
        frames_raw(f, number, sizeof(number));
        frames_raw(f, body, n);
}

static inline void frames_text(struct frames *f, struct wire_header h, const char *text) {
        frames_put(f, h, text, strlen(text));
}
