/*
 * text.c - text from somewhere else, made fit for a terminal and for UTF-8 strings
 */
#include <stdio.h>
#include "text.h"

/* How many bytes the character at @s has; 0: it is none, or one that text_clean() replaces. */
static size_t character(const unsigned char *s) {
        size_t n = s[0] < 0x80 ? 1 :
                   s[0] < 0xc2 ? 0 :
                   s[0] < 0xe0 ? 2 :
                   s[0] < 0xf0 ? 3 :
                   s[0] < 0xf5 ? 4 : 0;

        if (n == 1)
                return s[0] >= 0x20 && s[0] != 0x7f;
        for (size_t i = 1; i < n; i++)          /* a terminator continues nothing */
                if ((s[i] & 0xc0) != 0x80)
                        return 0;
        if (n == 2 && s[0] == 0xc2 && s[1] < 0xa0)      /* U+0080 to U+009F: controls too */
                return 0;
        if (n == 3 && ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] >= 0xa0)))
                return 0;                       /* overlong; half of a surrogate pair */
        if (n == 4 && ((s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] >= 0x90)))
                return 0;                       /* overlong; past U+10FFFF */
        return n;
}

void text_clean(char *text) {
        while (*text) {
                size_t n = character((const unsigned char *)text);

                if (!n)
                        *text = '?';
                text += n ? n : 1;
        }
}

void text_copy(char *to, size_t size, const char *from) {
        snprintf(to, size, "%s", from);
        text_clean(to);
}
