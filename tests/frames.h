#pragma once
/*
 * frames.h - what a peer might send, right or wrong, for tests of what is made of it
 */
#include "test.h"
#include "wire.h"

struct frames {
        uint8_t data[65536];
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
        wire_put32(body + 8, WIRE_FIRST_CREDIT);
        wire_put32(body + 12, WIRE_FIRST_CREDIT);
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

/* A piece of an item of @whole bytes, from where @at says to; the bytes count up from 0. */
static inline void frames_piece(struct frames *f, uint8_t flags, uint32_t id, uint32_t whole,
                                uint32_t at, uint32_t n) {
        uint8_t rest = at ? WIRE_REST : 0, more = at + n < whole ? WIRE_MORE : 0;
        uint8_t body[4096];

        REQUIRE(n <= sizeof(body));
        for (uint32_t i = 0; i < n; i++)
                body[i] = (uint8_t)(at + i);
        frames_put(f,
                   (struct wire_header){ .type = WIRE_ITEM,
                                         .flags = (uint8_t)(flags | rest | more),
                                         .id = id,
                                         .value = whole },
                   body, n);
}

static inline void frames_item(struct frames *f, uint8_t flags, uint32_t id, uint32_t n) {
        frames_piece(f, flags, id, n, 0, n);
}

/* A frame with metadata before its body. */
static inline void frames_meta(struct frames *f, struct wire_header h, const void *meta, size_t n,
                               const void *body, size_t n_body) {
        h.meta = (uint16_t)n;
        h.length = (uint32_t)(n + n_body);
        frames_header(f, h);
        frames_raw(f, meta, n);
        frames_raw(f, body, n_body);
}

static inline void frames_text(struct frames *f, struct wire_header h, const char *text) {
        frames_put(f, h, text, strlen(text));
}
