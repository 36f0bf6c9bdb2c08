#ifndef VIA_URI_H
#define VIA_URI_H
/*
 * via/uri.h - an endpoint's URI in its parts
 *
 *      unix:/run/hello?mode=0660       scheme "unix", path "/run/hello", options mode=0660
 *      tcp://[::1]:7000                scheme "tcp",  host "::1", port 7000
 *      inproc:name                     scheme "inproc", path "name"
 *
 * Only takes text apart (percent-escapes are undone in path, host and values; a scheme becomes
 * lower case); whether such a path or host can be, the transport knows. The first '?' ends the
 * path; '#' is a character like any other. Never looks anything up.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <via/error.h>

enum { VIA_URI_MAX = 1024, VIA_URI_OPTIONS = 16 };

struct via_uri {
        const char *scheme;
        /* after "//", without brackets; NULL if there is no "//" */
        const char *host;
        int         port;                       /* 0 to 65535; -1: none given */
        const char *path;                       /* what follows; "" if nothing does */
        unsigned    n_options;
        struct {
                const char *key, *value;
        } options[VIA_URI_OPTIONS];
        /* what the pointers point into: the struct cannot be copied */
        char        text[VIA_URI_MAX];
};

/*
 * Takes @text apart. VIA_INVALID_ARGUMENT, saying where and what, if it is no URI: no scheme,
 * too long, a bad escape or port, a control character (even if escaped), more than
 * VIA_URI_OPTIONS options, one given twice.
 */
int via_uri_parse(struct via_uri *uri, const char *text, struct via_error *err);

/* The value of option @key, or NULL if it is not there. */
const char *via_uri_option(const struct via_uri *uri, const char *key);

/*
 * Writes @path into @buf of @size bytes as it must stand in a URI after the scheme: so that it
 * is read as the same path again. Always terminated if @size > 0. Returns its whole length, as
 * snprintf() does.
 */
size_t via_uri_escape(const char *path, char *buf, size_t size);

/*
 * Values as options have them: "16M" (K, M, G are powers of 1,024), "2s", "50us", "100ms",
 * "1min", "0660" (octal mode). Return 0 and set *ret, or -EINVAL.
 */
int via_parse_size(const char *text, uint64_t *ret_bytes);
int via_parse_time_us(const char *text, uint64_t *ret_us);
int via_parse_mode(const char *text, unsigned *ret_mode);

/*
 * The word of the space-separated list @words that @text was probably meant to be
 * (Damerau-Levenshtein), copied to @ret of @size, or false.
 */
bool via_did_you_mean(const char *text, const char *words, char *ret, size_t size);

#endif
