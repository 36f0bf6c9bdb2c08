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
        WIRE_ITEM_COST  = 16,                   /* of credit, besides the item's own bytes */
};

/* the credit that is there before the peer's hello has told of any: the least it may be */
#define WIRE_FIRST_CREDIT 16384u
/* more than that above what was sent may not be granted */
#define WIRE_CREDIT_MAX   0x7fffffffu

#define WIRE_MAGIC 0x21414956u                  /* "VIA!" */

enum wire_type {                                /* and what header.value is */
        /* newest version << 16 | oldest; id is WIRE_MAGIC */
        WIRE_HELLO_FRAME = 1,
        WIRE_CALL        = 2,                   /* ms that the caller will wait */
        WIRE_REPLY       = 3,                   /* enum via_code */
        WIRE_CANCEL      = 4,
        /* enum via_code, why; id: the last one dealt with */
        WIRE_GOAWAY      = 5,
        WIRE_PING        = 6,                   /* comes back in the pong */
        WIRE_PONG        = 7,
        WIRE_HEAD        = 8,                   /* metadata before the first item or the reply */
        WIRE_ITEM        = 9,                   /* the whole item's size, in each of its pieces */
        WIRE_END         = 10,                  /* the caller sends no more items */
        WIRE_CREDIT      = 11,                  /* bytes of items, in addition */
};

enum {                                          /* header.flags */
        WIRE_ONEWAY = 1,                        /* call: no reply, whatever happens */
        /* item, credit: the id is that of a call which the receiver has made */
        WIRE_BACK   = 2,
        WIRE_LINK   = 4,                        /* credit: for all streams of the link together */
        WIRE_MORE   = 8,                        /* item: not the last piece */
        WIRE_REST   = 16,                       /* item: not the first piece */
};

struct wire_header {
        uint32_t length;                        /* of the body */
        uint8_t  type;
        uint8_t  flags;
        uint16_t meta;                          /* bytes of metadata that the body begins with */
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
        uint64_t kind = h->type | (uint32_t)h->flags << 8 | (uint32_t)h->meta << 16;
        uint64_t words[2] = { htole64(h->length | kind << 32),
                              htole64(h->id | (uint64_t)h->value << 32) };

        memcpy(p, words, sizeof(words));
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
