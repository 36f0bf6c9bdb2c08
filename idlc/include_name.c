/*
 * include_name.c - what a file is called in an #include: its path below the -I it lies in
 *
 * The outputs of a file go by this name, and so does the #include of its header in another. Folders
 * are compared by how they are written; nothing is looked up.
 */
#include <string.h>
#include "pp.h"

static const char *without_dot(const char *path) {
        while (path[0] == '.' && path[1] == '/')
                for (path += 2; *path == '/'; path++)
                        ;
        return path;
}

/* What remains of @path below the directory @dir, or NULL. */
static const char *below(const char *path, const char *dir) {
        size_t len;

        path = without_dot(path);
        dir = without_dot(dir);
        if (!*dir || !strcmp(dir, "."))
                return *path == '/' || !strncmp(path, "../", 3) ? NULL : path;
        for (len = strlen(dir); len && dir[len - 1] == '/'; len--)
                ;
        if (strncmp(path, dir, len) != 0 || path[len] != '/')
                return NULL;
        for (path += len; *path == '/'; path++)
                ;
        return path;
}

const char *include_name(const char *const *dirs, const char *path) {
        const char *best = NULL, *rest;

        for (; dirs && *dirs; dirs++) {
                rest = below(path, *dirs);
                if (rest && (!best || strlen(rest) < strlen(best)))
                        best = rest;
        }
        if (best)
                return best;
        return strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
}
