#pragma once
/*
 * metadata.h - what is said about a call beside its arguments, as bytes on the wire
 *
 *      u8 length of the key, 1 to 255 · u8 0 · u16 length of the value · key · value · the next
 *
 * Kept in this form, so that sending it is one copy. Never trusts a byte of what it reads, and
 * reads each once.
 */
#include <stdint.h>
#include <via/metadata.h>

enum {
        VIA_METADATA_ENTRY   = 4,               /* bytes of an entry besides key and value */
        VIA_METADATA_ENTRIES = 64,
        VIA_METADATA_MOST    = 65535,           /* what a header can say */
};

/* As it is sent; lent until @md is changed. */
const uint8_t *via_metadata_bytes(const struct via_metadata *md, size_t *ret_size);

/* 0, -EMSGSIZE if they are more than @max, -EBADMSG; nobody else may write to them meanwhile. */
int via_metadata_check(const uint8_t *bytes, size_t size, size_t max);

/* What was in @md is replaced by a copy: 0, -EBADMSG or -ENOMEM, and then it is empty. */
int via_metadata_read(struct via_metadata *md, const uint8_t *bytes, size_t size);
