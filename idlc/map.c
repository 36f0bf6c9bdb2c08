/*
 * map.c - names to things
 */
#include <stdlib.h>
#include <string.h>
#include "buf.h"
#include "map.h"

void map_fini(struct map *map) {
        free(map->entries);
        free(map->slots);
        *map = (struct map){ .fold = map->fold };
}

static unsigned char fold(const struct map *map, char c) {
        return (unsigned char)(map->fold && c >= 'A' && c <= 'Z' ? c + 32 : c);
}

static uint32_t hash(const struct map *map, const char *key, size_t len) {
        uint32_t h = 2166136261u;

        for (size_t i = 0; i < len; i++)
                h = (h ^ fold(map, key[i])) * 16777619u;
        return h ^ h >> 15;
}

static bool same(const struct map *map, const struct map_entry *entry, const char *key,
                 size_t len) {
        if (entry->len != len)
                return false;
        for (size_t i = 0; i < len; i++)
                if (fold(map, entry->key[i]) != fold(map, key[i]))
                        return false;
        return true;
}

/* The slot where @key is, or would be. There is always a free one. */
static uint32_t *find(const struct map *map, const char *key, size_t len, uint32_t h) {
        uint32_t mask = map->room * 2 - 1;
        uint32_t *slot;

        for (uint32_t i = h;; i++) {
                slot = &map->slots[i & mask];
                if (*slot == 0)
                        return slot;
                if (map->entries[*slot - 1].hash == h &&
                    same(map, &map->entries[*slot - 1], key, len))
                        return slot;
        }
}

static void grow(struct map *map) {
        uint32_t mask, at;

        map->room = map->room ? map->room * 2 : 8;
        mask = map->room * 2 - 1;
        map->entries = mem_realloc(map->entries, map->room * sizeof(*map->entries));
        map->slots = mem_realloc(map->slots, map->room * 2 * sizeof(*map->slots));
        memset(map->slots, 0, map->room * 2 * sizeof(*map->slots));
        for (uint32_t i = 0; i < map->n; i++) {
                at = map->entries[i].hash & mask;
                while (map->slots[at])
                        at = (at + 1) & mask;
                map->slots[at] = i + 1;
        }
}

void *map_get(const struct map *map, const char *key, size_t len) {
        uint32_t *slot;

        if (map->n == 0)
                return NULL;
        slot = find(map, key, len, hash(map, key, len));
        return *slot ? map->entries[*slot - 1].value : NULL;
}

void map_put(struct map *map, const char *key, size_t len, void *value) {
        uint32_t h = hash(map, key, len), *slot;

        if (map->n == map->room)
                grow(map);
        slot = find(map, key, len, h);
        if (*slot) {
                map->entries[*slot - 1].value = value;
                return;
        }
        map->entries[map->n++] = (struct map_entry){ key, (uint32_t)len, h, value };
        *slot = map->n;
}
