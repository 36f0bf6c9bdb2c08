#ifndef VIA_ENDPOINT_H
#define VIA_ENDPOINT_H
/*
 * via/endpoint.h - what an endpoint's name stands for
 *
 * via_client_open() and via_server_listen() look names up by themselves; this is for programs that
 * want to know before, or to show it.
 */
#include <stddef.h>
#include <via/error.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

/*
 * Writes the @index-th URI (from 0) that @text stands for into @buf of @size bytes, terminated;
 * a URI stands for itself. Looks where via_client_open() does: $VIA_ENDPOINT_…, $VIA_CONFIG and
 * the other files of docs/endpoints.md; nothing is connected. Any thread may call it, while
 * none changes the environment.
 *
 * VIA_OUT_OF_RANGE: there are not so many, or @size is too small. VIA_NOT_FOUND: nobody knows
 * the name. VIA_INVALID_ARGUMENT: a file has a mistake, which the error names with its line.
 */
int via_endpoint_lookup(const char *text, unsigned index, char *buf, size_t size,
                        struct via_error *err);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop
#endif
