/*
 * uri.c - takes the text of a URI apart
 *
 * One cursor goes over the text once and copies each part, unescaped and terminated, into the
 * struct. It always fits: a part costs a terminator, and each is followed by a separator or the
 * end in the text.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <via/uri.h>

struct cursor {
        const char       *text, *p;             /* all of it; what comes next */
        char             *out;                  /* where the next part is copied to */
        struct via_error *err;                  /* may be NULL */
};

static int wrong(const struct cursor *cursor, const char *at, const char *what) {
        return via_error_set(cursor->err, VIA_INVALID_ARGUMENT, "character %zu: %s",
                             (size_t)(at - cursor->text) + 1, what);
}

static bool is_control(char c) {
        return (unsigned char)c < 0x20 || c == 0x7f;
}

static bool is_word(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static int hex(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        c |= 0x20;
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Copies what lies before @end and moves there. */
static int take(struct cursor *cursor, const char *end, const char **ret_part) {
        const char *part = cursor->out;

        for (; cursor->p < end; cursor->p++) {
                char c = *cursor->p;

                if (c == '%') {
                        int high = end - cursor->p > 2 ? hex(cursor->p[1]) : -1;
                        int low = high >= 0 ? hex(cursor->p[2]) : -1;

                        if (low < 0)
                                return wrong(cursor, cursor->p,
                                             "not an escape: a percent sign itself is %25");
                        c = (char)(high << 4 | low);
                        if (is_control(c))
                                return wrong(cursor, cursor->p,
                                             "a control character, even if escaped");
                        cursor->p += 2;
                }
                *cursor->out++ = c;
        }
        *cursor->out++ = 0;
        *ret_part = part;
        return 0;
}

static int take_scheme(struct cursor *cursor, struct via_uri *uri) {
        const char *end = cursor->text;
        int r;

        while (is_word(*end) || (end > cursor->text && *end && strchr("+-.", *end)))
                end++;
        if (*end != ':' || end == cursor->text)
                return via_error_set(
                        cursor->err, VIA_INVALID_ARGUMENT,
                        "no scheme: an endpoint looks like unix:/path or tcp://host:port");
        r = take(cursor, end, &uri->scheme);
        if (r)
                return r;
        for (char *c = uri->text; *c; c++)
                if (*c >= 'A' && *c <= 'Z')
                        *c = (char)(*c | 0x20);
        cursor->p++;
        return 0;
}

static int take_port(struct cursor *cursor, const char *end, struct via_uri *uri) {
        const char *start = cursor->p;
        int port = 0;

        for (; cursor->p < end; cursor->p++) {
                if (*cursor->p < '0' || *cursor->p > '9')
                        return wrong(cursor, cursor->p, "a port is a number");
                port = port * 10 + (*cursor->p - '0');
                if (port > 65535)
                        return wrong(cursor, start, "a port is at most 65535");
        }
        if (cursor->p == start)
                return wrong(cursor, start, "a port should follow the colon");
        uri->port = port;
        return 0;
}

/* What stands after "//": host, [address], and perhaps a port. */
static int take_authority(struct cursor *cursor, struct via_uri *uri) {
        const char *end = cursor->p + strcspn(cursor->p, "/?"), *host_end, *colon;
        bool bracket = *cursor->p == '[';
        int r;

        if (bracket) {
                host_end = memchr(cursor->p, ']', (size_t)(end - cursor->p));
                if (!host_end)
                        return wrong(cursor, cursor->p, "this bracket is not closed");
                cursor->p++;
                colon = host_end + 1;
                if (colon < end && *colon != ':')
                        return wrong(cursor, colon, "only a port may follow the bracket");
        } else {
                colon = memchr(cursor->p, ':', (size_t)(end - cursor->p));
                colon = colon ? colon : end;
                host_end = colon;
                if (colon < end && memchr(colon + 1, ':', (size_t)(end - colon - 1)))
                        return wrong(cursor, cursor->p,
                                     "an IPv6 address stands in brackets: [::1]:7000");
        }
        r = take(cursor, host_end, &uri->host);
        if (r)
                return r;
        cursor->p = colon;
        if (colon == end)
                return 0;
        cursor->p++;
        return take_port(cursor, end, uri);
}

/* One key=value, or a key alone, which then has the value "". */
static int take_option(struct cursor *cursor, const char *end, struct via_uri *uri) {
        const char *key = cursor->p, *c = key, **ret_value;
        int r;

        while (is_word(*c) || *c == '_' || *c == '-')
                c++;
        if (c == key || (c < end && *c != '='))
                return wrong(cursor, c, "an option is written key=value");
        if (uri->n_options == VIA_URI_OPTIONS)
                return wrong(cursor, key, "one option too many");

        ret_value = &uri->options[uri->n_options].value;
        r = take(cursor, c, &uri->options[uri->n_options].key);
        if (r)
                return r;
        for (unsigned i = 0; i < uri->n_options; i++)
                if (strcmp(uri->options[i].key, uri->options[uri->n_options].key) == 0)
                        return wrong(cursor, key, "this option is there twice");
        uri->n_options++;
        *ret_value = cursor->out - 1;
        if (c == end)
                return 0;
        cursor->p++;
        return take(cursor, end, ret_value);
}

int via_uri_parse(struct via_uri *uri, const char *text, struct via_error *err) {
        struct cursor cursor = { .text = text, .p = text, .out = uri->text, .err = err };
        size_t size = strnlen(text, VIA_URI_MAX);
        const char *end = text + size;
        int r;

        if (size == VIA_URI_MAX)
                return via_error_set(err, VIA_INVALID_ARGUMENT, "longer than %d characters",
                                     VIA_URI_MAX - 1);
        for (const char *c = text; c < end; c++)
                if (is_control(*c))
                        return wrong(&cursor, c, "a control character");

        uri->host = NULL;
        uri->port = -1;
        uri->n_options = 0;
        r = take_scheme(&cursor, uri);
        if (r)
                return r;
        if (strncmp(cursor.p, "//", 2) == 0) {
                cursor.p += 2;
                r = take_authority(&cursor, uri);
                if (r)
                        return r;
        }
        r = take(&cursor, cursor.p + strcspn(cursor.p, "?"), &uri->path);
        if (r || cursor.p == end || cursor.p + 1 == end)
                return r;
        do {                                    /* here stands '?' or '&' */
                cursor.p++;
                r = take_option(&cursor, cursor.p + strcspn(cursor.p, "&"), uri);
                if (r)
                        return r;
        } while (cursor.p < end);
        return 0;
}

const char *via_uri_option(const struct via_uri *uri, const char *key) {
        for (unsigned i = 0; i < uri->n_options; i++)
                if (strcmp(uri->options[i].key, key) == 0)
                        return uri->options[i].value;
        return NULL;
}

size_t via_uri_escape(const char *path, char *buf, size_t size) {
        static const char digits[16] = "0123456789ABCDEF";
        size_t n = 0;

        for (const char *c = path; *c; c++) {
                bool escape = *c == '%' || *c == '?' || is_control(*c) ||
                              (c == path && strncmp(c, "//", 2) == 0);
                char out[3] = { '%', digits[(unsigned char)*c >> 4], digits[*c & 15] };

                for (int i = 0; i < (escape ? 3 : 1); i++, n++)
                        if (n + 1 < size)
                                buf[n] = escape ? out[i] : *c;
        }
        if (size > 0)
                buf[n < size ? n : size - 1] = 0;
        return n;
}

/* Reads the digits at the start of @text, at least one; NULL if there is none, or too many. */
static const char *number(const char *text, unsigned base, uint64_t *ret_number) {
        uint64_t number = 0;
        const char *c = text;

        for (; *c >= '0' && *c < (char)('0' + base); c++)
                if (__builtin_mul_overflow(number, (uint64_t)base, &number) ||
                    __builtin_add_overflow(number, (uint64_t)(*c - '0'), &number))
                        return NULL;
        *ret_number = number;
        return c > text ? c : NULL;
}

struct unit {
        const char *name;
        uint64_t    factor;
};

static int number_with_unit(const char *text, const struct unit *units, unsigned n_units,
                            uint64_t *ret_number) {
        uint64_t value;
        const char *unit = number(text, 10, &value);

        for (unsigned i = 0; unit && i < n_units; i++)
                if (strcmp(unit, units[i].name) == 0)
                        return __builtin_mul_overflow(value, units[i].factor, ret_number)
                                       ? -EINVAL
                                       : 0;
        return -EINVAL;
}

int via_parse_size(const char *text, uint64_t *ret_bytes) {
        static const struct unit units[] = {
                { "", 1 }, { "K", 1 << 10 }, { "M", 1 << 20 }, { "G", 1 << 30 }
        };
        uint64_t bytes;
        int r = number_with_unit(text, units, 4, &bytes);

        if (r == 0)
                *ret_bytes = bytes;
        return r;
}

int via_parse_time_us(const char *text, uint64_t *ret_us) {
        static const struct unit units[] = {
                { "us", 1 }, { "ms", 1000 }, { "s", 1000000 }, { "min", 60000000 }
        };
        uint64_t us;
        int r = number_with_unit(text, units, 4, &us);

        if (r == 0)
                *ret_us = us;
        return r;
}

int via_parse_mode(const char *text, unsigned *ret_mode) {
        uint64_t mode;
        const char *end = number(text, 8, &mode);

        if (!end || *end || mode > 0777)
                return -EINVAL;
        *ret_mode = (unsigned)mode;
        return 0;
}
