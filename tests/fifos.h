#pragma once
/*
 * fifos.h - for the tests of fifo:, beside links.h: where a server is, and what clients have made
 */
#include "links.h"

static inline const char *endpoint(const char *name, const char *query) {
        return links_at("fifo", name, query);
}

/* How many folders of clients there are in @folder. */
static inline int pairs_in(const char *folder) {
        struct dirent *entry;
        DIR *dir = opendir(folder);
        int n = 0;

        REQUIRE(dir);
        while ((entry = readdir(dir)))
                n += strncmp(entry->d_name, "via-", 4) == 0 && strlen(entry->d_name) == 36;
        closedir(dir);
        return n;
}
