#pragma once
/*
 * output.h - what is written, where, and only if it is news
 */
#include "options.h"

/* The path of an output for the file called @name ("dir/hello.idl"): free() it. */
char *output_path(const struct options *options, const char *name, const char *suffix);

/*
 * Makes @path contain @buf: not touched if it does, replaced in one step if it does not, with the
 * directories above it made. Returns 0 or a negative errno.
 */
int output_write(const char *path, const struct buf *buf);

/* What @unit was made from, as a makefile. */
void output_depfile(const struct options *options, const struct idl_unit *unit,
                    const struct text *text, struct buf *ret_buf);
