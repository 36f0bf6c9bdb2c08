#pragma once
/*
 * utf8.h - whether bytes are text: valid UTF-8 without a NUL
 *
 * Valid as Unicode says: shortest forms, no surrogates, nothing above U+10FFFF. Knows nothing
 * of characters.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Whether the @n bytes at @text are. The bytes must not change meanwhile. */
bool via_utf8_valid(const char *text, size_t n) __attribute__((noinline));

/* Nonzero if one of the 8 bytes in @w is NUL or not ASCII. */
static inline uint64_t via_utf8_special(uint64_t w) {
        return (w | (w - 0x0101010101010101)) & 0x8080808080808080;
}

/*
 * Copies @n bytes that may change meanwhile, reading each once, and says whether the copy is
 * text.
 */
static inline bool via_utf8_copy(char *to, const uint8_t *in, size_t n) {
        uint64_t w;
        size_t i;

        for (i = 0; n - i >= 8; i += 8) {
                memcpy(&w, in + i, 8);
                __asm__("" : "+r"(w));          /* what is stored is what is checked */
                memcpy(to + i, &w, 8);
                if (via_utf8_special(w)) {
                        memcpy(to + i + 8, in + i + 8, n - i - 8);
                        return via_utf8_valid(to + i, n - i);
                }
        }
        if (i == n)
                return true;
        memcpy(to + i, in + i, n - i);
        return via_utf8_valid(to + i, n - i);
}
