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
        n = wire_get32(buf);
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

/*
 * The sentence as a string of its own, cut to WIRE_TEXT_MAX: it is the peer's, and will be
 * printed, so control characters and what is not UTF-8 become question marks. NULL: no memory.
 * The caller frees it.
 */
char *via_failure_text(const struct via_failure *f) {
        size_t n = f->text_size < WIRE_TEXT_MAX ? f->text_size : WIRE_TEXT_MAX;
        bool utf8 = via_utf8_valid(f->text, n);
        char *text = malloc(n + 1);

        if (!text)
                return NULL;
        for (size_t i = 0; i < n; i++) {
                unsigned char c = (unsigned char)f->text[i];

                text[i] = c < ' ' || c == 127 || (c > 127 && !utf8) ? '?' : f->text[i];
        }
        text[n] = 0;
        return text;
}
