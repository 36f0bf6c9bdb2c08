#pragma once
/*
 * failure.h - the body of a reply that says no
 *
 *      u32 length of the sentence · the sentence · u64 exception, 0: none · the exception, encoded
 *
 * An exception goes by via_method_id() of its type's name. Never trusts a byte of what it parses.
 */
#include <stddef.h>
#include <stdint.h>

struct via_failure {
        const char    *text;                    /* not terminated; "" allowed */
        size_t         text_size;
        uint64_t       exception;
        const uint8_t *body;                    /* the exception */
        size_t         body_size;
};

enum { VIA_FAILURE_HEAD = 12 };

/*
 * The bytes that @f takes; its body may be written afterwards, behind what via_failure_put()
 * has written.
 */
static inline size_t via_failure_size(const struct via_failure *f) {
        return VIA_FAILURE_HEAD + f->text_size + f->body_size;
}

size_t via_failure_put(uint8_t *buf, const struct via_failure *f);
int    via_failure_get(const uint8_t *buf, size_t size, struct via_failure *ret);
char  *via_failure_text(const struct via_failure *f);
