/*
 * utf8.c - whether bytes are text: valid UTF-8 without a NUL
 */
#include "utf8.h"

/* The length of the character at @s, which is not ASCII; 0 if it is none within @left bytes. */
static size_t character(const uint8_t *s, size_t left) {
        uint8_t lead = s[0], low = 0x80, high = 0xbf;   /* what the second byte may be */
        size_t n;

        if (lead >= 0xc2 && lead <= 0xdf)
                n = 2;
        else if (lead >= 0xe0 && lead <= 0xef)
                n = 3;
        else if (lead >= 0xf0 && lead <= 0xf4)
                n = 4;
        else
                return 0;
        if (left < n)
                return 0;

        if (lead == 0xe0)
                low = 0xa0;             /* below: fits in two bytes */
        else if (lead == 0xed)
                high = 0x9f;            /* above: surrogates */
        else if (lead == 0xf0)
                low = 0x90;             /* below: fits in three */
        else if (lead == 0xf4)
                high = 0x8f;            /* above: past U+10FFFF */
        if (s[1] < low || s[1] > high)
                return 0;
        for (size_t i = 2; i < n; i++) {
                if ((s[i] & 0xc0) != 0x80)
                        return 0;
        }
        return n;
}

bool via_utf8_valid(const char *text, size_t n) {
        const uint8_t *s = (const uint8_t *)text;
        size_t i = 0, len;
        uint64_t w;

        while (i < n) {
                if (n - i >= 8) {
                        memcpy(&w, s + i, 8);
                        if (!via_utf8_special(w)) {
                                i += 8;
                                continue;
                        }
                }
                if (s[i] < 0x80) {
                        if (s[i++] == 0)
                                return false;
                        continue;
                }
                len = character(s + i, n - i);
                if (len == 0)
                        return false;
                i += len;
        }
        return true;
}
