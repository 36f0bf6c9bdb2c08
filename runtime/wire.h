#pragma once
/*
 * wire.h - the frames that two Via peers exchange
 *
 * Sixteen bytes of header, then `length` bytes of body; little-endian; drawn as boxes in
 * docs/wire.md. Only says where which byte is: what may follow what is conn's business. Never
 * reads beyond what it is given.
 */
#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
        /* the newest and the oldest that this code speaks */
        WIRE_VERSION    = 1,
        WIRE_HEADER     = 16,
        /* body of a hello; longer ones are from the future */
        WIRE_HELLO      = 16,
        WIRE_HELLO_MAX  = 4096,
        WIRE_METHOD     = 8,                    /* before the request in the body of a call */
        WIRE_TEXT_MAX   = 4096,                 /* of an error's or a farewell's sentence */
};

#define WIRE_MAGIC 0x21414956u                  /* "VIA!" */

enum wire_type {                                /* and what header.value is */
        /* newest version << 16 | oldest; id is WIRE_MAGIC */
        WIRE_HELLO_FRAME = 1,
        WIRE_CALL        = 2,                   /* ms that the caller will wait */
        WIRE_REPLY       = 3,                   /* enum via_code */
        WIRE_CANCEL      = 4,
        WIRE_GOAWAY      = 5,                   /* enum via_code, why */
        WIRE_PING        = 6,                   /* comes back in the pong */
        WIRE_PONG        = 7,
};

enum {                                          /* header.flags of a call */
        WIRE_ONEWAY = 1,                        /* no reply, whatever happens */
};

struct wire_header {
        uint32_t length;                        /* of the body */
        uint8_t  type;
        uint8_t  flags;
        /* bytes of metadata that the body begins with; 0 in version 1 */
        uint16_t meta;
        uint32_t id;                            /* of the call, chosen by the caller */
        uint32_t value;
};

static inline void wire_put16(uint8_t *p, uint16_t v) {
        p[0] = (uint8_t)v;
        p[1] = (uint8_t)(v >> 8);
}

static inline void wire_put32(uint8_t *p, uint32_t v) {
        wire_put16(p, (uint16_t)v);
        wire_put16(p + 2, (uint16_t)(v >> 16));
}

static inline void wire_put64(uint8_t *p, uint64_t v) {
        wire_put32(p, (uint32_t)v);
        wire_put32(p + 4, (uint32_t)(v >> 32));
}

static inline uint16_t wire_get16(const uint8_t *p) {
        return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t wire_get32(const uint8_t *p) {
        return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t wire_get64(const uint8_t *p) {
        return wire_get32(p) | (uint64_t)wire_get32(p + 4) << 32;
}

static inline void wire_put_header(uint8_t *p, const struct wire_header *h) {
        wire_put32(p, h->length);
        p[4] = h->type;
        p[5] = h->flags;
        wire_put16(p + 6, h->meta);
        wire_put32(p + 8, h->id);
        wire_put32(p + 12, h->value);
}

/*
 * Four bytes, each read once, whatever the compiler would like better: they may be shared with
 * the peer.
 */
static inline uint32_t wire_read32(const uint8_t *p) {
        uint32_t v;

        memcpy(&v, p, sizeof(v));
        __asm__("" : "+r"(v));
        return le32toh(v);
}

static inline struct wire_header wire_get_header(const uint8_t *p) {
        uint32_t kind = wire_read32(p + 4);

        return (struct wire_header){
                .length = wire_read32(p),
                .type = (uint8_t)kind,
                .flags = (uint8_t)(kind >> 8),
                .meta = (uint16_t)(kind >> 16),
                .id = wire_read32(p + 8),
                .value = wire_read32(p + 12),
        };
}
