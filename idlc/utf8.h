#pragma once
/*
 * utf8.h - just enough of Unicode to count columns and to keep strings clean
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the character at @text, of which @len are there: 0 if it is none. */
unsigned utf8_decode(const char *text, size_t len, uint32_t *ret_c);

/* Writes up to 4 bytes, returns how many. */
unsigned utf8_encode(uint32_t c, char *text);

unsigned utf8_columns(uint32_t c);
bool utf8_valid(const char *text, size_t len);

/* Characters in @len bytes, counting each byte that belongs to none as one. */
unsigned utf8_count(const char *text, size_t len);
