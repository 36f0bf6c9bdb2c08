#pragma once
/*
 * note.h - what transports say about a URI that they cannot use, and how they read one
 *
 * Sentences only: nothing here opens, prints or allocates.
 */
#include <via/transport.h>

/*
 * Writes the sentence into @note, unless that is NULL; returns @r, so that a function can end
 * with it.
 */
int via_note(struct via_note *note, int r, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/*
 * 0 if @uri is a scheme and a path ("unix:///run/x" is one too), or -EINVAL with a note that
 * shows how it should look.
 */
int via_note_unless_path(const struct via_uri *uri, struct via_note *note);

/*
 * 0 if @name consists of letters, digits and - _ . (but not first), at most so many; or -EINVAL or
 * -ENAMETOOLONG with a note.
 */
int via_note_unless_name(const char *name, size_t most, struct via_note *note);

/*
 * The number that option @key has, from @least to @most; @otherwise if the option is not there.
 * 0, or -EINVAL with a note.
 */
int via_note_unless_number(const struct via_uri *uri, const char *key, unsigned least,
                           unsigned most, unsigned otherwise, unsigned *ret_number,
                           struct via_note *note);
