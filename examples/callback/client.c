/*
 * client.c - has pages printed, hears of each, and says when it is enough
 *
 * It blocks in print(), and serves while it does: ready() runs inside, and calls the server in
 * its turn.
 */
#include <stdio.h>
#include <stdlib.h>
#include <via/via.h>
#include "press.h"

struct reader {
        uint32_t enough;                        /* pages */
};

static int ready(struct via_call *call, uint32_t page, uint32_t pages, bool *ret_result) {
        struct via_call_options options = { .parent = call };
        const struct reader *reader = via_call_self(call);
        char *text;
        int code = press_Press_text_with(via_call_client(call), &options, page, &text, NULL);

        if (code)
                return via_call_fail(call, (enum via_code)code, "no text of page %u",
                                     (unsigned)page);
        printf("%u of %u: %s\n", (unsigned)page, (unsigned)pages, text);
        free(text);
        *ret_result = page < reader->enough;
        return VIA_OK;
}

int main(int argc, char **argv) {
        static const struct press_Reader_ops ops = { .ready = ready };
        struct via_error err = VIA_ERROR_INIT;
        struct reader reader = { .enough = UINT32_MAX };
        struct via_client *client = NULL;
        uint32_t printed;

        if (argc != 3 && argc != 4)
                return fprintf(stderr, "usage: client ENDPOINT PAGES [ENOUGH]\n"), 2;
        if (argc == 4)
                reader.enough = (uint32_t)strtoul(argv[3], NULL, 10);

        if (via_client_open(&client, argv[1], NULL, &err) == 0 &&
            press_Reader_serve_client(client, &ops, &reader, &err) == 0 &&
            press_Press_print(client, (uint32_t)strtoul(argv[2], NULL, 10), &printed, &err) == 0)
                printf("%u pages\n", (unsigned)printed);
        via_client_close(client);
        return err.code ? via_error_report(&err) : 0;
}
