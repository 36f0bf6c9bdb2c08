#pragma once
/*
 * hashid.h - the ids that @hashid and @autoid(HASH) give to members
 *
 * As DDS-XTypes has them: the first four bytes of the MD5 of the name, little endian, of which 28
 * bits count. Not for anything secret.
 */
#include <stdint.h>

uint32_t hashid(const char *name);
