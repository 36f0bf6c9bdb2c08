/*
 * names.c - from what an application calls an endpoint to the URIs it stands for
 *
 * The files are read by libinih, line by line through a reader of ours, because it would cut a
 * line that is too long for it without a word.
 */
#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <via/endpoint.h>
#include <via/uri.h>
#include "names.h"

enum { NAME_MAX_BYTES = 64, SEEN_MAX = 1024 };

struct reading {
        struct via_names *names;
        const char       *wanted, *path;
        FILE             *file;
        /* the one being read; where the name was found, 0: nowhere */
        int               line, found;
        int               code;                 /* of the first mistake */
        char              seen[SEEN_MAX];       /* the names that were there, for a guess */
        char              source[512];          /* "path:line" */
        struct via_error *err;
};

static void forget_options(struct via_names *names) {
        for (unsigned i = 0; i < names->n_options; i++) {
                free(names->options[i].key);
                free(names->options[i].value);
        }
        names->n_options = 0;
}

void via_names_fini(struct via_names *names) {
        for (unsigned i = 0; i < names->n_uris; i++)
                free(names->uris[i]);
        forget_options(names);
        free(names->source);
        *names = (struct via_names){ 0 };
}

void via_names_blame(const struct via_names *names, const char *text, struct via_error *err) {
        if (err && err->message && names->source)
                via_error_set(err, err->code, "%s (%s): %s", text, names->source, err->message);
}

static bool is_name(const char *text) {
        size_t n = strspn(text,
                          "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-");

        return n && n <= NAME_MAX_BYTES && !text[n];
}

static int no_memory(struct via_error *err) {
        return via_error_set(err, VIA_RESOURCE_EXHAUSTED, "no memory to look an endpoint up");
}

/* How long the URI at @list is: to the next comma or comment, without the spaces before it. */
static size_t uri_length(const char *list) {
        size_t n = 0, end = 0;

        for (; list[n] && list[n] != ','; n++) {
                bool space = list[n] == ' ' || list[n] == '\t';

                if (!space && n > end && (list[n] == ';' || list[n] == '#'))
                        break;
                if (!space)
                        end = n + 1;
        }
        return end;
}

/*
 * "unix:/a, exec:server stdio:  ; both": URIs with commas between, and what remains of a
 * comment.
 */
static int add_uris(struct via_names *names, const char *list, const char *source,
                    struct via_error *err) {
        while (*(list += strspn(list, ", \t")) && *list != ';' && *list != '#') {
                size_t n = uri_length(list);
                char *uri;

                if (names->n_uris == VIA_NAMES_URIS)
                        return via_error_set(err, VIA_INVALID_ARGUMENT,
                                             "%s: more than %d endpoints for one name", source,
                                             VIA_NAMES_URIS);
                if (!memchr(list, ':', n))
                        return via_error_set(err, VIA_INVALID_ARGUMENT,
                                             "%s: \"%.*s\" is not a URI such as unix:/run/name",
                                             source, (int)n, list);
                uri = malloc(n + 1);
                if (!uri)
                        return no_memory(err);
                memcpy(uri, list, n);
                uri[n] = 0;
                names->uris[names->n_uris++] = uri;
                list += n;
        }
        return VIA_OK;
}

static int add_option(struct via_names *names, const char *key, const char *value,
                      struct via_error *err) {
        struct via_name_option *o = &names->options[names->n_options];

        if (names->n_options == VIA_NAMES_OPTIONS)
                return via_error_set(err, VIA_INVALID_ARGUMENT, "more than %d [options]",
                                     VIA_NAMES_OPTIONS);
        *o = (struct via_name_option){ strdup(key), strdup(value) };
        names->n_options++;                     /* even if half of it failed: fini frees it */
        return o->key && o->value ? VIA_OK : no_memory(err);
}

/* libinih's reader: one line, which must fit into what it has. */
static char *read_line(char *buf, int size, void *stream) {
        struct reading *r = stream;
        char *got = fgets(buf, size, r->file);

        if (!got)
                return NULL;
        r->line++;
        if (!strchr(buf, '\n') && !feof(r->file) && !r->code)
                r->code = via_error_set(
                        r->err, VIA_INVALID_ARGUMENT,
                        "%s:%d: a line of more than %d bytes: continue it, indented, on the next",
                        r->path, r->line, size - 2);
        return r->code ? NULL : got;
}

static const char *source_of(struct reading *r, int line) {
        snprintf(r->source, sizeof(r->source), "%s:%d", r->path, line);
        return r->source;
}

/* libinih's handler: one name and what it stands for. 1: go on; 0: a mistake. */
static int on_pair(void *user, const char *section, const char *key, const char *value) {
        struct reading *r = user;
        const char *source = source_of(r, r->line);

        if (r->code)
                return 0;
        if (strcmp(section, "options") == 0) {
                r->code = add_option(r->names, key, value, r->err);
        } else if (*section) {
                r->code = via_error_set(r->err, VIA_INVALID_ARGUMENT,
                                        "%s: no section is called [%s]; there is [options]", source,
                                        section);
        } else if (!is_name(key)) {
                r->code = via_error_set(r->err, VIA_INVALID_ARGUMENT,
                                        "%s: \"%s\" is not a name of letters, digits, _ . -",
                                        source, key);
        } else if (strcmp(key, r->wanted) == 0) {
                if (!r->found)
                        r->found = r->line;
                r->code = add_uris(r->names, value, source, r->err);
        } else {
                size_t n = strlen(r->seen);

                snprintf(r->seen + n, sizeof(r->seen) - n, " %s", key);
        }
        return !r->code;
}

/* Looks into one file: VIA_OK whether the name is there or not, or what is wrong with the file. */
static int read_file(struct reading *r, const char *path, bool must_exist) {
        int bad;

        r->path = path;
        r->line = 0;
        r->file = fopen(path, "re");
        if (!r->file && (must_exist || (errno != ENOENT && errno != ENOTDIR)))
                return via_error_set(r->err, VIA_INVALID_ARGUMENT, "%s: %s", path, strerror(errno));
        if (!r->file)
                return VIA_OK;
        bad = ini_parse_stream(read_line, r, on_pair, r);
        fclose(r->file);
        if (!r->code && bad)
                r->code = via_error_set(r->err, VIA_INVALID_ARGUMENT,
                                        "%s:%d: expected \"name = uri\" or \"[options]\"", path,
                                        bad);
        if (r->code)
                return r->code;
        if (!r->found)
                forget_options(r->names);       /* they speak of the endpoints of their file */
        else
                r->names->source = strdup(source_of(r, r->found));
        return VIA_OK;
}

static int from_environment(struct via_names *names, const char *name, struct via_error *err) {
        char variable[NAME_MAX_BYTES + 16] = "$VIA_ENDPOINT_";
        size_t n = strlen(variable);
        const char *value;

        for (; *name; name++)
                variable[n++] = isalnum((unsigned char)*name)
                                        ? (char)toupper((unsigned char)*name)
                                        : '_';
        value = getenv(variable + 1);
        if (!value || !*value)
                return VIA_OK;
        names->source = strdup(variable);
        return add_uris(names, value, variable, err);
}

static int from_files(struct via_names *names, const char *name, struct via_error *err) {
        struct reading r = { .names = names, .wanted = name, .err = err };
        const char *config = getenv("VIA_CONFIG"), *home = getenv("HOME");
        char own[512], guess[NAME_MAX_BYTES + 1], hint[128] = "";
        int code = VIA_OK;

        snprintf(own, sizeof(own), "%s/.config/via/endpoints.conf", home ? home : "");
        if (config && *config)
                code = read_file(&r, config, true);
        if (!code && !r.found && home && *home)
                code = read_file(&r, own, false);
        if (!code && !r.found)
                code = read_file(&r, "/etc/via/endpoints.conf", false);
        if (code || (r.found && names->n_uris))
                return code;
        if (via_did_you_mean(name, r.seen, guess, sizeof(guess)))
                snprintf(hint, sizeof(hint), "; did you mean %s?", guess);
        return via_error_set(
                err, VIA_NOT_FOUND,
                "no endpoint is called \"%s\": it is not a URI such as unix:/run/name, and neither "
                "$VIA_ENDPOINT_…, $VIA_CONFIG%s%s, ~/.config/via/endpoints.conf nor "
                "/etc/via/endpoints.conf has it%s",
                name, config ? " = " : "", config ? config : "", hint);
}

/*
 * Finds the URIs that @text stands for, at least one. VIA_NOT_FOUND if it is a name that nobody
 * knows, VIA_INVALID_ARGUMENT if it is neither a name nor a URI or a file has a mistake (named
 * with its line). Pair with via_names_fini(), also after an error.
 */
int via_names_find(struct via_names *names, const char *text, struct via_error *err) {
        int code;

        *names = (struct via_names){ 0 };
        if (!text || !*text)
                return via_error_set(err, VIA_INVALID_ARGUMENT, "no endpoint given");
        if (strchr(text, ':') || !is_name(text)) {
                names->uris[0] = strdup(text);
                names->n_uris = 1;
                return names->uris[0] ? VIA_OK : no_memory(err);
        }
        code = from_environment(names, text, err);
        return code || names->n_uris ? code : from_files(names, text, err);
}

int via_endpoint_lookup(const char *text, unsigned index, char *buf, size_t size,
                        struct via_error *err) {
        struct via_names names;
        int code = via_names_find(&names, text, err);

        if (!code && index >= names.n_uris)
                code = via_error_set(err, VIA_OUT_OF_RANGE, "%s stands for %u endpoints", text,
                                     names.n_uris);
        else if (!code && strlen(names.uris[index]) >= size)
                code = via_error_set(err, VIA_OUT_OF_RANGE, "%s does not fit into %zu bytes",
                                     names.uris[index], size);
        else if (!code)
                strcpy(buf, names.uris[index]);
        via_names_fini(&names);
        return code;
}
