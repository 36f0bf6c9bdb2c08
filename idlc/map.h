#pragma once
/*
 * map.h - names to things
 *
 * Grows, never shrinks, keeps the order of insertion. Keys are borrowed and compared byte by
 * byte, or ASCII letters without regard to case if it was made so.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map_entry {
        const char *key;
        uint32_t    len;
        uint32_t    hash;
        void       *value;
};

struct map {
        struct map_entry *entries;      /* in order of insertion */
        uint32_t *slots;                /* entry + 1, 0: free */
        uint32_t n, room;
        bool     fold;                  /* "Foo" is "foo" */
};

void  map_fini(struct map *map);
void *map_get(const struct map *map, const char *key, size_t len);

/* Replaces what was there. */
void  map_put(struct map *map, const char *key, size_t len, void *value);
