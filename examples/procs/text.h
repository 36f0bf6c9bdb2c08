#pragma once
/*
 * text.h - text from somewhere else, made fit for a terminal and for UTF-8 strings
 *
 * Never makes a text longer, and never allocates.
 */
#include <stddef.h>

/*
 * Puts '?' in the place of all in @text that is not UTF-8 or controls a terminal (escape
 * sequences, newlines), so that nobody can forge what others see by the name of a process.
 */
void text_clean(char *text);

/* Copies as much of @from as fits into @size bytes, terminated, and cleans it. */
void text_copy(char *to, size_t size, const char *from);
