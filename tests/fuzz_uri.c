/*
 * fuzz_uri.c - any bytes as an endpoint: what is taken apart stays within, and means the same
 * again when written
 */
#include <stdlib.h>
#include <string.h>
#include <via/uri.h>
#include "fuzz.h"

#define HOLDS(cond) do { if (!(cond)) abort(); } while (0)

static bool is_inside(const struct via_uri *uri, const char *part) {
        return part >= uri->text && part + strlen(part) < uri->text + sizeof(uri->text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static struct via_uri uri, again;
        struct via_error err = VIA_ERROR_INIT;
        char text[VIA_URI_MAX + 8], path[3 * VIA_URI_MAX], word[32];
        uint64_t number;
        unsigned mode;
        int r;

        if (size >= sizeof(text))
                return 0;
        if (size > 0)
                memcpy(text, data, size);
        text[size] = 0;
        memset(&uri, 0x55, sizeof(uri));

        r = via_uri_parse(&uri, text, &err);
        HOLDS(r == (int)err.code && (r == 0) == !err.message);
        via_error_fini(&err);
        via_did_you_mean(text, "unix tcp inproc mode backlog", word, sizeof(word));
        if (r)
                return 0;

        HOLDS(is_inside(&uri, uri.scheme) && is_inside(&uri, uri.path));
        HOLDS(!uri.host || is_inside(&uri, uri.host));
        HOLDS(uri.port >= -1 && uri.port <= 65535 && (uri.host || uri.port == -1));
        HOLDS(uri.n_options <= VIA_URI_OPTIONS);
        for (unsigned i = 0; i < uri.n_options; i++) {
                const char *value = uri.options[i].value;

                HOLDS(is_inside(&uri, uri.options[i].key) && is_inside(&uri, value));
                HOLDS(via_uri_option(&uri, uri.options[i].key) == value);
                via_parse_size(value, &number);
                via_parse_time_us(value, &number);
                HOLDS(via_parse_mode(value, &mode) || mode <= 0777);
        }

        if (strlen(uri.scheme) + 1 + via_uri_escape(uri.path, path, sizeof(path)) >= VIA_URI_MAX)
                return 0;
        strcpy(text, uri.scheme);
        strcat(text, ":");
        strcat(text, path);
        HOLDS(via_uri_parse(&again, text, NULL) == 0);
        HOLDS(strcmp(again.path, uri.path) == 0 && !again.host && again.n_options == 0);
        return 0;
}
