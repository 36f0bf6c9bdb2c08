/*
 * output.c - what is written, where, and only if it is news
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "buf.h"
#include "output.h"

char *output_path(const struct options *options, const char *name, const char *suffix) {
        const char *slash = strrchr(name, '/'), *dot = strrchr(name, '.');
        size_t len = dot && dot > (slash ? slash + 1 : name) ? (size_t)(dot - name) : strlen(name);
        struct buf path = { 0 };

        if (strcmp(options->out_dir, ".") != 0)
                buf_printf(&path, "%s/", options->out_dir);
        buf_add(&path, name, len);
        buf_puts(&path, suffix);
        return path.data;
}

static bool has(const char *path, const struct buf *buf) {
        FILE *file = fopen(path, "rb");
        char part[16384];
        size_t at = 0, n;
        bool same = file != NULL;

        while (same && (n = fread(part, 1, sizeof(part), file)) > 0) {
                same = n <= buf->len - at && !memcmp(part, buf->data + at, n);
                at += n;
        }
        if (!file)
                return false;
        same = same && at == buf->len && !ferror(file);
        fclose(file);
        return same;
}

static int make_dirs(const char *path) {
        char *copy = strdup(path);
        int r = 0;

        if (!copy)
                return -ENOMEM;
        for (char *slash = strchr(copy + 1, '/'); slash && !r; slash = strchr(slash + 1, '/')) {
                *slash = '\0';
                if (mkdir(copy, 0777) < 0 && errno != EEXIST)
                        r = -errno;
                *slash = '/';
        }
        free(copy);
        return r;
}

static int write_file(const char *path, const struct buf *buf) {
        FILE *file = fopen(path, "wb");
        int r = 0;

        if (!file)
                return -errno;
        if (fwrite(buf->data ? buf->data : "", 1, buf->len, file) != buf->len)
                r = -errno;
        if (fclose(file) != 0 && !r)
                r = -errno;
        if (r)
                unlink(path);
        return r;
}

int output_write(const char *path, const struct buf *buf) {
        struct buf temporary = { 0 };
        int r;

        if (buf->len && has(path, buf))
                return 0;
        r = make_dirs(path);
        if (r < 0)
                return r;
        buf_printf(&temporary, "%s.%ld.tmp", path, (long)getpid());
        r = write_file(temporary.data, buf);
        if (!r && rename(temporary.data, path) < 0) {
                r = -errno;
                unlink(temporary.data);
        }
        buf_fini(&temporary);
        return r;
}

/* As make wants a file name. */
static void add_escaped(struct buf *buf, const char *path) {
        for (; *path; path++) {
                if (*path == ' ' || *path == '#' || *path == '\\')
                        buf_putc(buf, '\\');
                if (*path == '$')
                        buf_putc(buf, '$');
                buf_putc(buf, *path);
        }
}

static void add_output(const struct options *options, struct buf *buf, const char *name,
                       const char *suffix) {
        char *path = output_path(options, name, suffix);

        add_escaped(buf, path);
        free(path);
}

void output_depfile(const struct options *options, const struct idl_unit *unit,
                    const struct text *text, struct buf *ret_buf) {
        for (unsigned i = 0; i < options->targets.n; i++)
                buf_printf(ret_buf, "%s%s", i ? " " : "", options->targets.v[i]);
        if (options->targets.n == 0) {
                add_output(options, ret_buf, unit->files->name, ".h");
                buf_putc(ret_buf, ' ');
                add_output(options, ret_buf, unit->files->name, ".c");
        }
        buf_putc(ret_buf, ':');
        for (const struct source *source = text->sources; source; source = source->next)
                if (source->file) {
                        buf_puts(ret_buf, " \\\n  ");
                        add_escaped(ret_buf, source->path);
                }
        buf_putc(ret_buf, '\n');
        for (const struct source *source = text->sources; options->phony && source;
             source = source->next)
                if (source->file && source->included_at) {
                        buf_putc(ret_buf, '\n');
                        add_escaped(ret_buf, source->path);
                        buf_puts(ret_buf, ":\n");
                }
}
