#ifndef VIA_METADATA_H
#define VIA_METADATA_H
/*
 * via/metadata.h - what is said about a call beside its arguments and results: keys and values
 *
 * Sent with a call, before its first item or reply, and with its reply. Keys are of a-z, 0-9,
 * '.', '_' and '-', at most 255 of them; they may repeat, and their order is kept. A value is
 * printable ASCII, or any bytes if its key ends in "-bin". At most 64 entries.
 */
#include <stdbool.h>
#include <stddef.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

struct via_error;
struct via_metadata;

/* Empty metadata, to be freed by via_metadata_free(); NULL: no memory. */
struct via_metadata *via_metadata_new(void);

/* Frees @md, which may be NULL. Returns NULL. */
struct via_metadata *via_metadata_free(struct via_metadata *md);

/* Removes all entries. */
void via_metadata_clear(struct via_metadata *md);

/*
 * Adds an entry at the end; both strings are copied. VIA_INVALID_ARGUMENT if the key or the value
 * has bytes that it may not have, VIA_RESOURCE_EXHAUSTED if there are too many or there is no
 * memory: then @md is as it was.
 */
int via_metadata_add(struct via_metadata *md, const char *key, const char *value,
                     struct via_error *err);

/* The same with any @size bytes at @data, for a key that ends in "-bin". */
int via_metadata_add_bin(struct via_metadata *md, const char *key, const void *data, size_t size,
                         struct via_error *err);

/*
 * The first value of @key, or NULL. Lent until @md is changed or freed. What was added by the one
 * function is not found by the other.
 */
const char *via_metadata_get(const struct via_metadata *md, const char *key);
const void *via_metadata_get_bin(const struct via_metadata *md, const char *key, size_t *ret_size);

/* How many entries there are. */
size_t via_metadata_count(const struct via_metadata *md);

/*
 * The entry number @index, from 0 on; false: there are not so many. Both are lent as above and
 * end in a 0 that @ret_size does not count. Each of the three may be NULL.
 */
bool via_metadata_at(const struct via_metadata *md, size_t index, const char **ret_key,
                     const void **ret_value, size_t *ret_size);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop
#endif
