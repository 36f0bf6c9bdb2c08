/*
 * utf8.c - just enough of Unicode to count columns and to keep strings clean
 */
#include "utf8.h"

unsigned utf8_decode(const char *text, size_t len, uint32_t *ret_c) {
        static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
        const unsigned char *s = (const unsigned char *)text;
        uint32_t c;
        unsigned n;

        if (len == 0)
                return 0;
        if (s[0] < 0x80) {
                *ret_c = s[0];
                return 1;
        }
        n = s[0] >= 0xf0 && s[0] < 0xf8 ? 4 : s[0] >= 0xe0 ? 3 : s[0] >= 0xc0 ? 2 : 0;
        if (n == 0 || s[0] >= 0xf8 || n > len)
                return 0;
        c = s[0] & (0x7fu >> n);
        for (unsigned i = 1; i < n; i++) {
                if ((s[i] & 0xc0) != 0x80)
                        return 0;
                c = c << 6 | (s[i] & 0x3fu);
        }
        if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
                return 0;
        *ret_c = c;
        return n;
}

unsigned utf8_encode(uint32_t c, char *text) {
        if (c < 0x80) {
                text[0] = (char)c;
                return 1;
        }
        if (c < 0x800) {
                text[0] = (char)(0xc0 | c >> 6);
                text[1] = (char)(0x80 | (c & 0x3f));
                return 2;
        }
        if (c < 0x10000) {
                text[0] = (char)(0xe0 | c >> 12);
                text[1] = (char)(0x80 | (c >> 6 & 0x3f));
                text[2] = (char)(0x80 | (c & 0x3f));
                return 3;
        }
        text[0] = (char)(0xf0 | c >> 18);
        text[1] = (char)(0x80 | (c >> 12 & 0x3f));
        text[2] = (char)(0x80 | (c >> 6 & 0x3f));
        text[3] = (char)(0x80 | (c & 0x3f));
        return 4;
}

struct range {
        uint32_t first, last;
};

static bool within(uint32_t c, const struct range *ranges, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (c >= ranges[i].first && c <= ranges[i].last)
                        return true;
        return false;
}

unsigned utf8_columns(uint32_t c) {
        static const struct range none[] = {
                { 0x0300, 0x036f }, { 0x200b, 0x200f }, { 0x20d0, 0x20ff }, { 0xfe00, 0xfe0f },
                { 0xfeff, 0xfeff },
        };
        static const struct range two[] = {
                { 0x1100, 0x115f },   { 0x2e80, 0x303e },   { 0x3041, 0x4dbf },
                { 0x4e00, 0xa4cf },   { 0xac00, 0xd7a3 },   { 0xf900, 0xfaff },
                { 0xfe30, 0xfe6f },   { 0xff00, 0xff60 },   { 0xffe0, 0xffe6 },
                { 0x1f300, 0x1f64f }, { 0x1f680, 0x1f6ff }, { 0x1f900, 0x1f9ff },
                { 0x20000, 0x3fffd },
        };

        if (c < 0x300)
                return 1;
        if (within(c, none, sizeof(none) / sizeof(*none)))
                return 0;
        return within(c, two, sizeof(two) / sizeof(*two)) ? 2 : 1;
}

bool utf8_valid(const char *text, size_t len) {
        uint32_t c;
        unsigned n;

        for (; len; text += n, len -= n) {
                n = utf8_decode(text, len, &c);
                if (n == 0)
                        return false;
        }
        return true;
}

unsigned utf8_count(const char *text, size_t len) {
        unsigned count = 0, n;
        uint32_t c;

        for (; len; text += n, len -= n, count++) {
                n = utf8_decode(text, len, &c);
                if (n == 0)
                        n = 1;
        }
        return count;
}
