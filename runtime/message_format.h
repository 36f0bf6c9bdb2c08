#pragma once
/*
 * message_format.h - a message as one line of text, for people who read errors
 *
 * Made to be read, not to be parsed: long arrays and deep messages end in "...".
 */
#include <stddef.h>
#include <via/message.h>

/*
 * Writes the members of @message into @buf of @size bytes, always terminated if @size > 0.
 * Returns the whole length, as snprintf() does.
 */
size_t via_message_format(const struct via_type *type, const void *message, char *buf, size_t size);
