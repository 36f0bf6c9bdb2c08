/*
 * connections_place.c - where the servers of these tests are
 */
#include "connections_place.h"
#include "test.h"

static char dir[64];

const char *place(const char *name) {
        static char places[4][128];
        static int next;
        char *buf = places[next++ % 4];

        if (!*dir) {
                snprintf(dir, sizeof(dir), "/tmp/via-connections-XXXXXX");
                REQUIRE(mkdtemp(dir) != NULL);
        }
        snprintf(buf, sizeof(places[0]), "unix:%s/%s", dir, name);
        return buf;
}

void place_end(void) {
        CHECK_INT(rmdir(dir), ==, 0);
        *dir = 0;
}

bool says(const struct via_error *err, const char *what) {
        return err->message && strstr(err->message, what);
}
