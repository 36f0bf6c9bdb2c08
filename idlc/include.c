/*
 * include.c - #include: which file, and whether it was there before
 *
 * A file is known by device and inode, so that two ways to it are one.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "near.h"
#include "pp.h"

#define LISTING_MAX 2000                /* directory entries looked at for a better name */

static char *identity(struct pp *pp, const char *path) {
        struct stat st;

        if (stat(path, &st) < 0)
                return NULL;
        return arena_printf(pp->arena, "%llx:%llx", (unsigned long long)st.st_dev,
                            (unsigned long long)st.st_ino);
}

void pp_know(struct pp *pp, struct idl_file *file) {
        const char *key = identity(pp, file->path);

        if (key)
                map_put(&pp->files, key, strlen(key), file);
}

/* The directory of the file that is being read, with a slash, or "". */
static const char *own_dir(struct pp *pp) {
        const char *path = pp->input->source->path, *slash = strrchr(path, '/');

        return slash ? arena_strndup(pp->arena, path, (size_t)(slash + 1 - path)) : "";
}

/* "dir/" in front of @name, unless that begins at the root. */
static const char *join(struct pp *pp, const char *dir, const char *name) {
        size_t len = strlen(dir);

        if (*name == '/' || !len)
                return name;
        return arena_printf(pp->arena, "%s%s%s", dir, dir[len - 1] == '/' ? "" : "/", name);
}

static const char *search(struct pp *pp, const char *name, bool angled, bool *ret_beside) {
        const char *path = join(pp, own_dir(pp), name);
        struct stat st;

        *ret_beside = !angled && stat(path, &st) == 0 && !S_ISDIR(st.st_mode);
        if (*ret_beside)
                return path;
        for (const char *const *dir = pp->dirs; dir && *dir; dir++) {
                path = join(pp, *dir, name);
                if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode))
                        return path;
        }
        return NULL;
}

static void offer_files(struct pp *pp, struct near *near, const char *dir, const char *prefix) {
        DIR *list = opendir(*dir ? dir : ".");
        struct dirent *entry;

        for (unsigned i = 0; list && i < LISTING_MAX && (entry = readdir(list)); i++)
                if (entry->d_type != DT_DIR)
                        near_offer(near, arena_printf(pp->arena, "%s%s", prefix, entry->d_name));
        if (list)
                closedir(list);
}

static void not_found(struct pp *pp, struct span at, const char *name, bool angled) {
        struct near near = near_start(name, strlen(name));
        const char *slash = strrchr(name, '/');
        const char *prefix =
                slash ? arena_strndup(pp->arena, name, (size_t)(slash + 1 - name)) : "";

        pp->missing = true;
        diag(pp->diag, INCLUDE_NOT_FOUND, at, name);
        if (pp->diag->silent)
                return;
        if (!angled)
                offer_files(pp, &near, join(pp, own_dir(pp), prefix), prefix);
        for (const char *const *dir = pp->dirs; dir && *dir; dir++)
                offer_files(pp, &near, join(pp, *dir, prefix), prefix);
        if (near.best)
                diag_help(pp->diag, "did you mean \"%s\"?", near.best);
        else
                diag_help(pp->diag, "-I DIR names a directory to look in");
}

/*
 * What a header includes for `#include "name"`, found at @path: what is written, if it is beside
 * the file that says so, or else what the file's own outputs are called.
 */
static const char *name_of(const struct pp *pp, const char *name, const char *path, bool beside) {
        return beside && *name != '/' ? name : include_name(pp->dirs, path);
}

/* Enters @file among those that the main file includes itself, by the name it has there. */
static void enter(struct pp *pp, const struct idl_file *includer, struct idl_file *file,
                  const char *name) {
        struct idl_unit *unit = pp->unit;
        const struct idl_file **grown;

        while (includer->inner && includer->parent)
                includer = includer->parent;
        if (!includer->main || file->main)
                return;
        file->name = name;
        for (unsigned i = 0; i < unit->n_includes; i++)
                if (unit->includes[i] == file)
                        return;
        if ((unit->n_includes & (unit->n_includes + 1)) == 0) {        /* 0, 1, 3, 7 …: full */
                grown = arena_array(pp->arena, const struct idl_file *, unit->n_includes * 2 + 1);
                if (unit->n_includes)
                        memcpy(grown, unit->includes, unit->n_includes * sizeof(*grown));
                unit->includes = grown;
        }
        unit->includes[unit->n_includes++] = file;
}

static void again(struct pp *pp, struct span at, const struct idl_file *file) {
        for (struct pp_input *input = pp->input; input; input = input->includer)
                if (input->file == file && !input->guarded) {
                        diag(pp->diag, INCLUDE_CYCLE, at, file->path);
                        diag_help(pp->diag, "it is read once only; `#pragma once` in it says that "
                                            "this is meant");
                        return;
                }
        diag(pp->diag, INCLUDE_TWICE, at, file->path);
}

void pp_include(struct pp *pp, struct span at, const struct token *token) {
        const char *name = arena_strndup(pp->arena, token->text + 1, token->len - 2);
        bool angled = token->text[0] == '<', inner = pp->braces > 0, beside = false;
        const char *path = pp->no_files ? NULL : search(pp, name, angled, &beside), *key, *shown;
        struct idl_file *file, **tail;
        struct source *source;
        int r;

        if (!*name) {
                diag(pp->diag, INCLUDE_WHAT, at);
                return;
        }
        if (!path) {
                not_found(pp, at, name, angled || pp->no_files);
                return;
        }
        if (pp->input->depth >= PP_DEPTH_MAX) {
                diag(pp->diag, INCLUDE_DEPTH, at, PP_DEPTH_MAX);
                return;
        }
        shown = name_of(pp, name, path, beside);
        key = identity(pp, path);
        file = key ? map_get(&pp->files, key, strlen(key)) : NULL;
        if (file && !inner) {
                again(pp, at, file);
                enter(pp, pp->input->file, file, shown);
                return;
        }
        r = text_open(pp->text, path, &source);
        if (r < 0) {
                pp->missing = true;
                diag(pp->diag, INCLUDE_UNREADABLE, at, path, strerror(-r));
                return;
        }
        source->included_at = at.begin;
        file = arena_new(pp->arena, struct idl_file);
        *file = (struct idl_file){ .path = source->path, .name = shown, .inner = inner,
                                   .parent = pp->input->file };
        for (tail = &pp->unit->files; *tail; tail = &(*tail)->next)
                ;
        *tail = file;
        if (!inner && key)
                map_put(&pp->files, key, strlen(key), file);
        if (!inner)
                enter(pp, pp->input->file, file, shown);
        pp_input_push(pp, source, file);
}
