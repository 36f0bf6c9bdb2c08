/*
 * failure.c - the body of a reply that says no
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "failure.h"
#include "utf8.h"
#include "wire.h"

/* Writes all of @f but its body; returns how many bytes that took. */
size_t via_failure_put(uint8_t *buf, const struct via_failure *f) {
        wire_put32(buf, (uint32_t)f->text_size);
        if (f->text_size)
                memcpy(buf + 4, f->text, f->text_size);
        wire_put64(buf + 4 + f->text_size, f->exception);
        return VIA_FAILURE_HEAD + f->text_size;
}

/* Takes @size bytes at @buf apart; *@ret borrows from them. -EPROTO if they are no such body. */
int via_failure_get(const uint8_t *buf, size_t size, struct via_failure *ret) {
        size_t n;

        if (size < VIA_FAILURE_HEAD)
                return -EPROTO;
        n = wire_read32(buf);
        if (n > size - VIA_FAILURE_HEAD)
                return -EPROTO;
        *ret = (struct via_failure){
                .text = (const char *)buf + 4,
                .text_size = n,
                .exception = wire_get64(buf + 4 + n),
                .body = buf + VIA_FAILURE_HEAD + n,
                .body_size = size - VIA_FAILURE_HEAD - n,
        };
        return 0;
}

/* The length of the character at @s, of @n bytes; 0 if it is none, or none to be printed. */
static size_t printable(const char *s, size_t n) {
        unsigned char c = (unsigned char)s[0];
        size_t len = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

        if (c < ' ' || c == 127 || len > n || !via_utf8_valid(s, len))
                return 0;
        if (c == 0xc2 && (unsigned char)s[1] < 0xa0)    /* U+0080 to U+009F move cursors too */
                return 0;
        return len;
}

/*
 * The sentence as a string of its own, cut to WIRE_TEXT_MAX: it is the peer's, and will be
 * printed, so each byte of a control character, and of what is not UTF-8, becomes a question
 * mark. The copy is what is looked at: the peer may still write to what it is copied from.
 * NULL: no memory. The caller frees it.
 */
char *via_failure_text(const struct via_failure *f) {
        size_t n = f->text_size < WIRE_TEXT_MAX ? f->text_size : WIRE_TEXT_MAX, len;
        char *text = malloc(n + 1);

        if (!text)
                return NULL;
        if (n)
                memcpy(text, f->text, n);
        for (size_t i = 0; i < n; i += len) {
                len = printable(text + i, n - i);
                if (len)
                        continue;
                if (n < f->text_size && n - i < 4 && (text[i] & 0xc0) == 0xc0)
                        n = i;                  /* the cut went through a character */
                else
                        text[i] = '?';
                len = 1;
        }
        text[n] = 0;
        return text;
}
