#ifndef VIA_ERROR_H
#define VIA_ERROR_H
/*
 * via/error.h - how every function of Via says that something went wrong
 *
 * A function returns VIA_OK (0) or one of the sixteen canonical codes, which have gRPC's
 * numbers because every tool and every operator knows those. A struct via_error, where a
 * function takes one, adds what a person or a program needs beyond the number. Passing NULL for
 * it is always allowed: then only the code is told.
 */
#include <stddef.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

/* The canonical codes: constant, number, name, what it means. One list, three uses. */
#define VIA_CODES(X) \
        X(OK,                   0, "ok") \
        X(CANCELLED,            1, "the caller gave the call up") \
        X(UNKNOWN,              2, "an exception, or an error without a better code") \
        X(INVALID_ARGUMENT,     3, "an argument is wrong, whatever the state of the server") \
        X(DEADLINE_EXCEEDED,    4, "the time given to the call has run out") \
        X(NOT_FOUND,            5, "what was asked for does not exist") \
        X(ALREADY_EXISTS,       6, "what was to be made exists") \
        X(PERMISSION_DENIED,    7, "the caller may not do this") \
        X(RESOURCE_EXHAUSTED,   8, "a limit has been reached") \
        X(FAILED_PRECONDITION,  9, "the server is not in a state for this") \
        X(ABORTED,             10, "the operation was given up, often because of another one") \
        X(OUT_OF_RANGE,        11, "past the valid range") \
        X(UNIMPLEMENTED,       12, "the server does not have this method") \
        X(INTERNAL,            13, "a broken promise inside a server, a client or Via itself") \
        X(UNAVAILABLE,         14, "the server cannot be reached, or left during the call") \
        X(DATA_LOSS,           15, "data are lost for good") \
        X(UNAUTHENTICATED,     16, "the caller has not shown who it is")

enum via_code {
#define VIA_CODE_(name, number, text) VIA_##name = number,
        VIA_CODES(VIA_CODE_)
#undef VIA_CODE_
};

struct via_type;

/*
 * What went wrong, in words. Start it with VIA_ERROR_INIT; end it with via_error_fini() or
 * via_error_report(). A function that takes one and succeeds leaves it as it was; one that
 * fails replaces what it held.
 */
struct via_error {
        enum via_code          code;
        /* a sentence; owned by the error; NULL: see the code */
        char                  *message;
        /* endpoint and method, "unix:/run/hello, Greeter.greet"; owned; or NULL */
        char                  *where;
        const struct via_type *type;            /* the exception that was raised, or NULL */
        /* its message, owned; read it with mod_Name_get() */
        void                  *exception;
        void                  *reserved[3];     /* zero */
};

#define VIA_ERROR_INIT { VIA_OK, NULL, NULL, NULL, NULL, { NULL, NULL, NULL } }

/*
 * The name of @code as the documents write it ("NOT_FOUND"), or "?" for a number that is none.
 * Static.
 */
const char *via_code_name(int code);

/* What @code means, in a few words of lower case; static. */
const char *via_code_text(int code);

/*
 * Frees what @err holds and sets it back to VIA_ERROR_INIT. May be called again; NULL is
 * allowed.
 */
void via_error_fini(struct via_error *err);

/*
 * Makes @to, which may be NULL, say the same as @from, with copies of its own: for an on_done
 * function that wants to keep its error. Without memory only the code is sure to be there.
 */
void via_error_copy(struct via_error *to, const struct via_error *from);

/*
 * Prints @err on standard error in one line, ends it like via_error_fini(), and returns
 * EXIT_FAILURE: made for `return via_error_report(&err)` in main(). Nothing else in the library
 * prints.
 */
int via_error_report(struct via_error *err);

/*
 * Writes the line that via_error_report() prints, without the newline, into @buf of @size bytes
 * (always terminated if @size > 0). Returns its whole length, as snprintf() does.
 */
size_t via_error_format(const struct via_error *err, char *buf, size_t size);

/* The exception in @err if it is one of @type, else NULL. Borrowed from @err. */
const void *via_error_exception(const struct via_error *err, const struct via_type *type);

/* Sets @err (which may be NULL) to @code and the sentence made by @format; returns @code. */
int via_error_set(struct via_error *err, enum via_code code, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop
#endif
