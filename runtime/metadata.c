/*
 * metadata.c - what is said about a call beside its arguments: keys and values
 *
 * Everything is there twice: as it is on the wire, and behind that with a 0 after each key and
 * value, for those who want strings. An entry is never longer in the second form, so one block of
 * memory of twice the size has room for both.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <via/error.h>
#include "metadata.h"
#include "wire.h"

#define ROOM_FIRST ((size_t)128)

struct via_metadata {
        uint8_t *bytes;                         /* room of them, and then as many for the texts */
        size_t   size, room;
        size_t   text_size;
        size_t   n;
};

/* One entry, wherever it is. */
struct entry {
        const uint8_t *key, *value;
        size_t         key_size, value_size;
};

/* Takes the entry at @bytes apart; returns its length, or 0 if that is not in @size bytes. */
static size_t entry_at(const uint8_t *bytes, size_t size, struct entry *ret) {
        size_t n;

        *ret = (struct entry){ .key = NULL };
        if (size < VIA_METADATA_ENTRY)
                return 0;
        *ret = (struct entry){ .key = bytes + VIA_METADATA_ENTRY,
                               .key_size = bytes[0],
                               .value_size = wire_get16(bytes + 2) };
        ret->value = ret->key + ret->key_size;
        n = VIA_METADATA_ENTRY + ret->key_size + ret->value_size;
        return bytes[1] || n > size ? 0 : n;
}

static bool is_key(const uint8_t *key, size_t size) {
        for (size_t i = 0; i < size; i++) {
                uint8_t c = key[i];

                if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
                      c == '-'))
                        return false;
        }
        return size > 0 && size <= UINT8_MAX;
}

static bool is_bin(const uint8_t *key, size_t size) {
        return size >= 4 && memcmp(key + size - 4, "-bin", 4) == 0;
}

static bool is_text(const uint8_t *value, size_t size) {
        for (size_t i = 0; i < size; i++)
                if (value[i] < ' ' || value[i] > '~')
                        return false;
        return true;
}

int via_metadata_check(const uint8_t *bytes, size_t size, size_t max) {
        struct entry e;
        size_t used, n;

        if (size > max)
                return -EMSGSIZE;
        for (n = 0; size; n++) {
                used = entry_at(bytes, size, &e);
                if (!used || !is_key(e.key, e.key_size) || n == VIA_METADATA_ENTRIES)
                        return -EBADMSG;
                if (!is_bin(e.key, e.key_size) && !is_text(e.value, e.value_size))
                        return -EBADMSG;
                bytes += used;
                size -= used;
        }
        return 0;
}

struct via_metadata *via_metadata_new(void) {
        return calloc(1, sizeof(struct via_metadata));
}

struct via_metadata *via_metadata_free(struct via_metadata *md) {
        if (md)
                free(md->bytes);
        free(md);
        return NULL;
}

void via_metadata_clear(struct via_metadata *md) {
        md->size = md->text_size = md->n = 0;
}

/* Makes sure of room for @more bytes: 0 or -ENOMEM. */
static int grow(struct via_metadata *md, size_t more) {
        size_t room = md->room ? md->room : ROOM_FIRST;
        uint8_t *bytes;

        if (md->room - md->size >= more)
                return 0;
        while (room - md->size < more)
                room *= 2;
        bytes = malloc(room * 2);
        if (!bytes)
                return -ENOMEM;
        if (md->room) {
                memcpy(bytes, md->bytes, md->size);
                memcpy(bytes + room, md->bytes + md->room, md->text_size);
        }
        free(md->bytes);
        md->bytes = bytes;
        md->room = room;
        return 0;
}

static void put_text(struct via_metadata *md, const uint8_t *text, size_t size) {
        uint8_t *to = md->bytes + md->room + md->text_size;

        if (size)
                memcpy(to, text, size);
        to[size] = 0;
        md->text_size += size + 1;
}

/* The entry at the end of the bytes, for which there is room, counts from now on. */
static void entry_added(struct via_metadata *md, const struct entry *e, size_t used) {
        md->size += used;
        md->n++;
        put_text(md, e->key, e->key_size);
        put_text(md, e->value, e->value_size);
}

int via_metadata_read(struct via_metadata *md, const uint8_t *bytes, size_t size) {
        struct entry e;
        size_t used;

        via_metadata_clear(md);
        if (!size)
                return 0;
        if (grow(md, size) < 0)
                return -ENOMEM;
        memcpy(md->bytes, bytes, size);
        if (via_metadata_check(md->bytes, size, VIA_METADATA_MOST) < 0)
                return -EBADMSG;
        while (md->size < size) {
                used = entry_at(md->bytes + md->size, size - md->size, &e);
                entry_added(md, &e, used);
        }
        return 0;
}

/* --- adding ----------------------------------------------------------------------------------- */

static int add(struct via_metadata *md, const char *key, const void *value, size_t size,
               struct via_error *err) {
        size_t key_size = strlen(key), used = VIA_METADATA_ENTRY + key_size + size;
        struct entry e;
        uint8_t *to;

        if (md->n == VIA_METADATA_ENTRIES)
                return via_error_set(err, VIA_RESOURCE_EXHAUSTED,
                                     "metadata has %d entries already, as many as it may",
                                     VIA_METADATA_ENTRIES);
        if (size > VIA_METADATA_MOST || used > VIA_METADATA_MOST - md->size)
                return via_error_set(err, VIA_RESOURCE_EXHAUSTED,
                                     "%s: with %zu bytes more the metadata would have more than %d",
                                     key, size, VIA_METADATA_MOST);
        if (grow(md, used) < 0)
                return via_error_set(err, VIA_RESOURCE_EXHAUSTED, "no memory for metadata");
        to = md->bytes + md->size;
        to[0] = (uint8_t)key_size;
        to[1] = 0;
        wire_put16(to + 2, (uint16_t)size);
        memcpy(to + VIA_METADATA_ENTRY, key, key_size);
        if (size)
                memcpy(to + VIA_METADATA_ENTRY + key_size, value, size);
        entry_added(md, &e, entry_at(to, used, &e));
        return VIA_OK;
}

static int bad_key(const char *key, struct via_error *err) {
        size_t size = strlen(key), i = 0;

        if (size == 0 || size > UINT8_MAX)
                return via_error_set(err, VIA_INVALID_ARGUMENT,
                                     "a key of metadata has %zu bytes, not 1 to 255", size);
        while (is_key((const uint8_t *)key + i, 1))
                i++;
        return via_error_set(err, VIA_INVALID_ARGUMENT,
                             "byte %zu of a key of metadata is 0x%02x: it may be a-z, 0-9, '.', "
                             "'_' and '-'",
                             i, (uint8_t)key[i]);
}

int via_metadata_add(struct via_metadata *md, const char *key, const char *value,
                     struct via_error *err) {
        size_t key_size = strlen(key), size = strlen(value), i = 0;

        if (!is_key((const uint8_t *)key, key_size))
                return bad_key(key, err);
        if (is_bin((const uint8_t *)key, key_size))
                return via_error_set(err, VIA_INVALID_ARGUMENT,
                                     "%s: a key that ends in -bin is for bytes", key);
        while (i < size && is_text((const uint8_t *)value + i, 1))
                i++;
        if (i < size)
                return via_error_set(err, VIA_INVALID_ARGUMENT,
                                     "%s: byte %zu of the value is 0x%02x, not printable ASCII",
                                     key, i, (uint8_t)value[i]);
        return add(md, key, value, size, err);
}

int via_metadata_add_bin(struct via_metadata *md, const char *key, const void *data, size_t size,
                         struct via_error *err) {
        size_t key_size = strlen(key);

        if (!is_key((const uint8_t *)key, key_size))
                return bad_key(key, err);
        if (!is_bin((const uint8_t *)key, key_size))
                return via_error_set(err, VIA_INVALID_ARGUMENT,
                                     "%s: a key for bytes ends in -bin", key);
        return add(md, key, data, size, err);
}

/* --- reading ---------------------------------------------------------------------------------- */

const uint8_t *via_metadata_bytes(const struct via_metadata *md, size_t *ret_size) {
        *ret_size = md->size;
        return md->bytes;
}

size_t via_metadata_count(const struct via_metadata *md) {
        return md->n;
}

/*
 * Goes from one entry to the next, from { 0 } on, in both forms at once: the wire's tells how
 * long the text's are.
 */
struct walk {
        size_t      at, text_at;
        const char *key, *value;
        size_t      size;
};

static bool next(const struct via_metadata *md, struct walk *w) {
        struct entry e;

        if (w->at == md->size)
                return false;
        w->at += entry_at(md->bytes + w->at, md->size - w->at, &e);
        w->key = (const char *)md->bytes + md->room + w->text_at;
        w->value = w->key + e.key_size + 1;
        w->size = e.value_size;
        w->text_at += e.key_size + 1 + e.value_size + 1;
        return true;
}

bool via_metadata_at(const struct via_metadata *md, size_t index, const char **ret_key,
                     const void **ret_value, size_t *ret_size) {
        struct walk w = { 0 };

        for (size_t i = 0; i <= index; i++)
                if (!next(md, &w))
                        return false;
        if (ret_key)
                *ret_key = w.key;
        if (ret_value)
                *ret_value = w.value;
        if (ret_size)
                *ret_size = w.size;
        return true;
}

static const void *find(const struct via_metadata *md, const char *key, bool bin,
                        size_t *ret_size) {
        struct walk w = { 0 };

        if (is_bin((const uint8_t *)key, strlen(key)) != bin)
                return NULL;
        while (next(md, &w)) {
                if (strcmp(w.key, key) == 0) {
                        *ret_size = w.size;
                        return w.value;
                }
        }
        return NULL;
}

const char *via_metadata_get(const struct via_metadata *md, const char *key) {
        size_t size;

        return find(md, key, false, &size);
}

const void *via_metadata_get_bin(const struct via_metadata *md, const char *key, size_t *ret_size) {
        return find(md, key, true, ret_size);
}
