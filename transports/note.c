/*
 * note.c - what transports say about a URI that they cannot use, and how they read one
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <via/transport.h>
#include "note.h"

int via_note(struct via_note *note, int r, const char *format, ...) {
        va_list args;

        if (!note)
                return r;
        va_start(args, format);
        vsnprintf(note->text, sizeof(note->text), format, args);
        va_end(args);
        return r;
}

int via_note_unless_path(const struct via_uri *uri, struct via_note *note) {
        if (uri->port >= 0)
                return via_note(note, -EINVAL, "%s: has no ports", uri->scheme);
        if (uri->host && *uri->host)
                return via_note(
                        note, -EINVAL,
                        "two slashes begin a host, which %s: does not have: write %s:%s%s%s",
                        uri->scheme, uri->scheme, *uri->path ? "/" : "", uri->host, uri->path);
        if (!*uri->path)
                return via_note(note, -EINVAL, "nothing follows %s:", uri->scheme);
        return 0;
}

int via_note_unless_name(const char *name, size_t most, struct via_note *note) {
        size_t n = strlen(name);

        if (n > most)
                return via_note(note, -ENAMETOOLONG, "the name has %zu letters, %zu are allowed",
                                n, most);
        for (const char *c = name; *c || c == name; c++)
                if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                      (*c >= '0' && *c <= '9') || *c == '_' || *c == '-' ||
                      (*c == '.' && c > name)))
                        return via_note(
                                note, -EINVAL,
                                "a name consists of letters, digits and - _ . (not at its start)");
        return 0;
}

int via_note_unless_number(const struct via_uri *uri, const char *key, unsigned least,
                           unsigned most, unsigned otherwise, unsigned *ret_number,
                           struct via_note *note) {
        const char *text = via_uri_option(uri, key);
        uint64_t number;

        if (!text) {
                *ret_number = otherwise;
                return 0;
        }
        if (via_parse_size(text, &number) || number < least || number > most)
                return via_note(note, -EINVAL, "%s=%s: a number from %u to %u is wanted", key,
                                text, least, most);
        *ret_number = (unsigned)number;
        return 0;
}
