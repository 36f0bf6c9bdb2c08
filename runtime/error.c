/*
 * error.c - how every function of Via says that something went wrong
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <via/message.h>
#include "message_format.h"

static const struct code {
        const char *name, *text;
} codes[] = {
#define CODE(name, number, text) [number] = { #name, text },
        VIA_CODES(CODE)
#undef CODE
};

#define N_CODES ((int)(sizeof(codes) / sizeof(*codes)))

const char *via_code_name(int code) {
        return code >= 0 && code < N_CODES ? codes[code].name : "?";
}

const char *via_code_text(int code) {
        return code >= 0 && code < N_CODES ? codes[code].text : "an unknown error";
}

/* A string on the heap, or NULL. */
__attribute__((format(printf, 1, 0)))
static char *print(const char *format, va_list args) {
        va_list again;
        char *text;
        int n;

        va_copy(again, args);
        n = vsnprintf(NULL, 0, format, again);
        va_end(again);
        text = n < 0 ? NULL : malloc((size_t)n + 1);
        if (text)
                vsnprintf(text, (size_t)n + 1, format, args);
        return text;
}

void via_error_fini(struct via_error *err) {
        if (!err)
                return;
        free(err->message);
        free(err->where);
        if (err->type)
                via_message_free(err->type, err->exception);
        *err = (struct via_error)VIA_ERROR_INIT;
}

void via_error_copy(struct via_error *to, const struct via_error *from) {
        if (!to)
                return;
        via_error_fini(to);
        to->code = from->code;
        to->message = from->message ? strdup(from->message) : NULL;
        to->where = from->where ? strdup(from->where) : NULL;
        if (from->exception)
                to->exception = via_message_dup(from->type, from->exception, NULL);
        if (to->exception)
                to->type = from->type;
}

int via_error_set(struct via_error *err, enum via_code code, const char *format, ...) {
        char *message;
        va_list args;

        if (!err)
                return (int)code;
        va_start(args, format);
        /* before the old error goes: it may be among the arguments */
        message = print(format, args);
        va_end(args);
        via_error_fini(err);
        err->code = code;
        err->message = message;
        return (int)code;
}

const void *via_error_exception(const struct via_error *err, const struct via_type *type) {
        return err && err->type == type ? err->exception : NULL;
}

/*
 * "hello.Nameless from unix:/run/hello, Greeter.greet: why = "say who you are"", or with a code
 * and a sentence.
 */
size_t via_error_format(const struct via_error *err, char *buf, size_t size) {
        int n = snprintf(buf, size, "%s%s%s: ",
                         err->type ? err->type->desc.name : via_code_name((int)err->code),
                         err->where ? " from " : "", err->where ? err->where : "");
        size_t len = n < 0 ? 0 : (size_t)n;
        char *rest = len < size ? buf + len : NULL;

        if (err->type && err->exception)
                return len + via_message_format(err->type, err->exception, rest,
                                                rest ? size - len : 0);
        n = snprintf(rest, rest ? size - len : 0, "%s",
                     err->message ? err->message : via_code_text((int)err->code));
        return len + (n < 0 ? 0 : (size_t)n);
}

int via_error_report(struct via_error *err) {
        char line[1024];
        size_t n = via_error_format(err, line, sizeof(line));

        fprintf(stderr, "%s%s\n", line, n < sizeof(line) ? "" : "...");
        via_error_fini(err);
        return EXIT_FAILURE;
}
