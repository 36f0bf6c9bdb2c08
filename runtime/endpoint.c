/*
 * endpoint.c - from an endpoint's text to a transport and the limits it asks for
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "endpoint.h"

enum {
        WORDS_MAX   = 512,
        SPIN_MAX_US = 10000,
        TEXT_SHOWN  = 128,
        BLIND_MS    = 20000,                    /* of silence, on transports that notice nothing */
};

static void add_word(char *words, const char *word) {
        size_t n = strlen(words);

        snprintf(words + n, WORDS_MAX - n, "%s%s", n ? " " : "", word);
}

static const struct via_transport *find_transport(const char *scheme) {
        for (size_t i = 0; via_transports[i]; i++)
                if (strcmp(via_transports[i]->scheme, scheme) == 0)
                        return via_transports[i];
        return NULL;
}

/*
 * What via_uri_parse() says of a part, about the whole; whatever that is, a terminal may show
 * it.
 */
static int no_uri(const char *text, int code, struct via_error *err) {
        char shown[TEXT_SHOWN];
        size_t n = strnlen(text, sizeof(shown) - 1);

        if (!err)
                return code;
        for (size_t i = 0; i < n; i++)
                shown[i] = (unsigned char)text[i] < ' ' || text[i] == 127 ? '?' : text[i];
        shown[n] = 0;
        return via_error_set(err, (enum via_code)code, "endpoint \"%s\"%s: %s", shown,
                             text[n] ? "..." : "", err->message ? err->message : "no memory");
}

static int no_transport(const char *text, const struct via_uri *uri, struct via_error *err) {
        char words[WORDS_MAX] = "", guess[32], hint[TEXT_SHOWN] = "";
        const char *scheme = uri->scheme;

        for (size_t i = 0; via_transports[i]; i++)
                add_word(words, via_transports[i]->scheme);
        if (via_did_you_mean(scheme, words, guess, sizeof(guess)))
                snprintf(hint, sizeof(hint), "; did you mean %s:?", guess);
        else if (*uri->path && !uri->path[strspn(uri->path, "0123456789")])
                snprintf(hint, sizeof(hint), "; did you mean tcp://%s:%s?", scheme, uri->path);
        return via_error_set(err, VIA_INVALID_ARGUMENT,
                             "endpoint \"%s\": no transport is called \"%s\" (there are: %s)%s",
                             text, scheme, words, hint);
}

static bool has_word(const char *words, const char *word) {
        size_t n = strlen(word);

        for (const char *p = words; (p = strstr(p, word)); p += n)
                if ((p == words || p[-1] == ' ') && (p[n] == ' ' || p[n] == 0))
                        return true;
        return false;
}

static const struct limit_key {
        const char *key, *unit;
        uint64_t    least, most;
} limit_keys[] = {
#define LIMIT_KEY(name, key, def, least, most, unit, what) { key, unit, least, most },
        VIA_LIMITS(LIMIT_KEY)
#undef LIMIT_KEY
};

/* "16M" for bytes, "2s" for times, "100" for counts. */
static int parse_limit(const struct limit_key *key, const char *text, uint64_t *ret) {
        uint64_t us;

        if (strcmp(key->unit, "ms") != 0)
                return via_parse_size(text, ret);
        if (via_parse_time_us(text, &us) < 0)
                return -EINVAL;
        *ret = us / 1000;
        return 0;
}

static int bad_value(const char *text, const char *key, const char *value, const char *want,
                     struct via_error *err) {
        return via_error_set(err, VIA_INVALID_ARGUMENT, "endpoint \"%s\": %s=%s: expected %s",
                             text, key, value, want);
}

static int bad_limit(const char *text, const struct limit_key *key, const char *value,
                     struct via_error *err) {
        const char *such = strcmp(key->unit, "bytes") == 0 ? "16M"
                           : strcmp(key->unit, "ms") == 0  ? "2s"
                                                           : "100";
        char want[96];

        snprintf(want, sizeof(want), "%llu to %llu %s, written like %s",
                 (unsigned long long)key->least, (unsigned long long)key->most, key->unit, such);
        return bad_value(text, key->key, value, want, err);
}

static int take_option(struct via_endpoint *e, const char *text, const char *key,
                       const char *value, struct via_error *err) {
        char words[WORDS_MAX] = "timeout spin keepalive keepalive_timeout", guess[32],
             hint[64] = "";
        uint64_t v;

        if (strcmp(key, "timeout") == 0) {
                if (via_parse_time_us(value, &v) < 0 || v < 1000 || v / 1000 > UINT32_MAX)
                        return bad_value(text, key, value,
                                         "a time of 1ms or more, such as 500ms or 2s", err);
                e->timeout_ms = (uint32_t)(v / 1000);
                return VIA_OK;
        }
        if (strcmp(key, "spin") == 0) {
                if (via_parse_time_us(value, &v) < 0 || v > SPIN_MAX_US)
                        return bad_value(text, key, value, "a time up to 10ms, such as 50us, or 0",
                                         err);
                e->spin_us = (int)v;
                return VIA_OK;
        }
        if (strcmp(key, "keepalive") == 0) {
                if (via_parse_time_us(value, &v) < 0 || (v && v < 1000) || v / 1000 > INT32_MAX)
                        return bad_value(text, key, value,
                                         "a time of 1ms or more, such as 10s, or 0", err);
                e->keepalive_ms = (int64_t)(v / 1000);
                return VIA_OK;
        }
        if (strcmp(key, "keepalive_timeout") == 0) {
                if (via_parse_time_us(value, &v) < 0 || v < 1000 || v / 1000 > INT32_MAX)
                        return bad_value(text, key, value, "a time of 1ms or more, such as 5s",
                                         err);
                e->keepalive_timeout_ms = (uint32_t)(v / 1000);
                return VIA_OK;
        }
        for (unsigned i = 0; i < VIA_LIMIT_COUNT; i++) {
                if (strcmp(key, limit_keys[i].key) == 0) {
                        if (parse_limit(&limit_keys[i], value, &v) < 0 || v == 0)
                                return bad_limit(text, &limit_keys[i], value, err);
                        return via_limits_set(&e->limits, (enum via_limit)i, v, err);
                }
                add_word(words, limit_keys[i].key);
        }
        add_word(words, e->by->options);
        if (has_word(e->by->options, key))
                return VIA_OK;
        if (via_did_you_mean(key, words, guess, sizeof(guess)))
                snprintf(hint, sizeof(hint), "; did you mean %s?", guess);
        return via_error_set(err, VIA_INVALID_ARGUMENT,
                             "endpoint \"%s\": no option of %s: is called \"%s\"%s", text,
                             e->by->scheme, key, hint);
}

static bool anybody_has(const char *key) {
        for (size_t i = 0; via_transports[i]; i++)
                if (has_word(via_transports[i]->options, key))
                        return true;
        return false;
}

/*
 * A default out of a configuration file: for the core, or for this transport if it has such an
 * option and the URI does not set it, or for another transport.
 */
static int take_default(struct via_endpoint *e, const char *text, const char *key,
                        const char *value, struct via_error *err) {
        struct via_uri *uri = &e->uri;

        if (!has_word(e->by->options, key))
                return anybody_has(key) ? VIA_OK : take_option(e, text, key, value, err);
        if (via_uri_option(uri, key))
                return VIA_OK;
        if (uri->n_options == VIA_URI_OPTIONS)
                return via_error_set(err, VIA_INVALID_ARGUMENT,
                                     "endpoint \"%s\": more than %d options with the [options]",
                                     text, VIA_URI_OPTIONS);
        uri->options[uri->n_options].key = key;
        uri->options[uri->n_options++].value = value;
        return VIA_OK;
}

/*
 * Takes @text apart into *@endpoint (not to be copied), with @limits changed by the [options] of
 * @names (NULL: none; borrowed as long as @endpoint is used) and then by its own query.
 * VIA_INVALID_ARGUMENT if there is no such transport or option, or a value is wrong.
 */
int via_endpoint_parse(struct via_endpoint *endpoint, const char *text,
                       const struct via_names *names, const struct via_limits *limits,
                       struct via_error *err) {
        struct via_uri *uri = &endpoint->uri;
        unsigned n;
        int code;

        *endpoint = (struct via_endpoint){ .spin_us = -1, .keepalive_ms = -1 };
        if (!text)
                return via_error_set(err, VIA_INVALID_ARGUMENT, "no endpoint given");
        code = via_uri_parse(uri, text, err);
        if (code)
                return no_uri(text, code, err);
        for (unsigned i = 0; i < VIA_LIMIT_COUNT && !code; i++)
                code = via_limits_set(&endpoint->limits, (enum via_limit)i,
                                      via_limits_get(limits, (enum via_limit)i), err);
        if (code)
                return code;
        endpoint->by = find_transport(uri->scheme);
        if (!endpoint->by)
                return no_transport(text, uri, err);
        n = uri->n_options;
        for (unsigned i = 0; names && i < names->n_options && !code; i++)
                code = take_default(endpoint, text, names->options[i].key, names->options[i].value,
                                    err);
        for (unsigned i = 0; i < n && !code; i++)
                code = take_option(endpoint, text, uri->options[i].key, uri->options[i].value, err);
        return code;
}

/*
 * After how many ms of silence the peer is asked whether it is there, 0: never. The query says so,
 * or @otherwise_ms (0: nothing was said), or the transport, which may not notice by itself.
 */
uint32_t via_endpoint_keepalive(const struct via_endpoint *endpoint, uint32_t otherwise_ms) {
        if (endpoint->keepalive_ms >= 0)
                return (uint32_t)endpoint->keepalive_ms;
        if (otherwise_ms)
                return otherwise_ms;
        return endpoint->by->traits & VIA_BLIND ? BLIND_MS : 0;
}

static enum via_code code_of(int r) {
        switch (-r) {
        case EINVAL:
        case ENAMETOOLONG:
        case EAFNOSUPPORT:
        case EDESTADDRREQ: return VIA_INVALID_ARGUMENT;
        case EADDRINUSE: case EEXIST: return VIA_ALREADY_EXISTS;
        case EACCES: case EPERM: case EROFS: return VIA_PERMISSION_DENIED;
        case EMFILE:
        case ENFILE:
        case ENOMEM:
        case ENOBUFS:
        case ENOSPC: return VIA_RESOURCE_EXHAUSTED;
        case ETIMEDOUT: return VIA_DEADLINE_EXCEEDED;
        default: return VIA_UNAVAILABLE;
        }
}

/*
 * Puts the fault @r of @verb ("connect", "listen") on the endpoint @text into words; @note, if
 * it has any, explains it. Returns the code.
 */
int via_endpoint_error(struct via_error *err, const char *verb, const char *text, int r,
                       const struct via_note *note) {
        enum via_code code = code_of(r);

        if (code == VIA_UNAVAILABLE && strcmp(verb, "listen") == 0)
                code = r == -ENOENT || r == -ENOTDIR || r == -EADDRNOTAVAIL ? VIA_NOT_FOUND
                                                                            : VIA_INTERNAL;
        return via_error_set(err, code, "%s %s: %s", verb, text,
                             note && note->text[0] ? note->text
                             : r == -EMFILE        ? "no descriptor is free (ulimit -n)"
                                                   : strerror(-r));
}
