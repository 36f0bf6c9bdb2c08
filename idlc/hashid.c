/*
 * hashid.c - the ids that @hashid and @autoid(HASH) give to members
 */
#include <math.h>
#include <string.h>
#include "buf.h"
#include "hashid.h"

/* One block of MD5, as RFC 1321 describes it. */
static void md5_block(uint32_t state[4], const unsigned char *block) {
        static const unsigned char turns[4][4] = {
                { 7, 12, 17, 22 }, { 5, 9, 14, 20 }, { 4, 11, 16, 23 }, { 6, 10, 15, 21 },
        };
        uint32_t a = state[0], b = state[1], c = state[2], d = state[3], words[16], f, turn, sine;
        unsigned k;

        for (unsigned i = 0; i < 16; i++)
                words[i] = block[4 * i] | (uint32_t)block[4 * i + 1] << 8 |
                           (uint32_t)block[4 * i + 2] << 16 | (uint32_t)block[4 * i + 3] << 24;
        for (unsigned i = 0; i < 64; i++) {
                switch (i / 16) {
                case 0: f = (b & c) | (~b & d);
                        k = i;
                        break;
                case 1: f = (d & b) | (~d & c);
                        k = 5 * i + 1;
                        break;
                case 2: f = b ^ c ^ d;
                        k = 3 * i + 5;
                        break;
                default: f = c ^ (b | ~d);
                        k = 7 * i;
                        break;
                }
                sine = (uint32_t)(int64_t)(fabs(sin(i + 1)) * 4294967296.0);
                f += a + sine + words[k % 16];
                turn = turns[i / 16][i % 4];
                a = d;
                d = c;
                c = b;
                b += f << turn | f >> (32 - turn);
        }
        state[0] += a;
        state[1] += b;
        state[2] += c;
        state[3] += d;
}

uint32_t hashid(const char *name) {
        uint32_t state[4] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 };
        uint64_t bits = 8 * (uint64_t)strlen(name);
        struct buf buf = { 0 };

        buf_puts(&buf, name);
        buf_putc(&buf, (char)0x80);
        while (buf.len % 64 != 56)
                buf_putc(&buf, '\0');
        for (unsigned i = 0; i < 8; i++)
                buf_putc(&buf, (char)(bits >> 8 * i & 0xff));
        for (size_t at = 0; at < buf.len; at += 64)
                md5_block(state, (const unsigned char *)buf.data + at);
        buf_fini(&buf);
        return state[0] & 0x0fffffff;
}
