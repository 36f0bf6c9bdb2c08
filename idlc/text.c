/*
 * text.c - the source files of one run, and what a position in them means
 *
 * Line continuations are taken out before anything is scanned, into a second text; what was left
 * out where is remembered, so that positions count bytes of the file as its author sees it. There
 * always is a second text: flex writes into what it scans, and diagnostics show the first.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "buf.h"
#include "text.h"
#include "utf8.h"

#define FILE_MAX (64u << 20)            /* bytes in one file */

void text_init(struct text *text) {
        *text = (struct text){ .next_base = 1 };
        text->tail = &text->sources;
}

void text_fini(struct text *text) {
        struct source *next;

        for (struct source *source = text->sources; source; source = next) {
                next = source->next;
                free(source->text);
                free(source->raw);
                free(source->splices);
                free(source->skipped);
                free(source->lines);
                free(source->comments);
                free((char *)source->path);
                free(source);
        }
        text_init(text);
}

static void find_lines(struct source *source) {
        uint32_t room = 64;

        source->lines = mem_realloc(NULL, room * sizeof(*source->lines));
        source->lines[source->n_lines++] = 0;
        for (uint32_t i = 0; i < source->raw_len; i++) {
                if (source->raw[i] != '\n')
                        continue;
                if (source->n_lines == room) {
                        room *= 2;
                        source->lines = mem_realloc(source->lines, room * sizeof(*source->lines));
                }
                source->lines[source->n_lines++] = i + 1;
        }
}

/* How long the line continuation at @at is: 0, 2 or 3 bytes. */
static uint32_t continuation(const struct source *source, uint32_t at) {
        const char *raw = source->raw + at;     /* NULs follow the end */

        if (raw[0] != '\\')
                return 0;
        if (raw[1] == '\n')
                return 2;
        return raw[1] == '\r' && raw[2] == '\n' ? 3 : 0;
}

static void leave_out(struct source *source) {
        uint32_t n = 0, skipped = 0, len;

        for (uint32_t i = 0; i < source->raw_len; i++)
                n += continuation(source, i) != 0;

        source->text = mem_realloc(NULL, (size_t)source->raw_len + 3);
        source->splices = mem_realloc(NULL, n * sizeof(uint32_t));
        source->skipped = mem_realloc(NULL, n * sizeof(uint32_t));
        for (uint32_t i = 0; i < source->raw_len; i++) {
                len = continuation(source, i);
                if (len == 0) {
                        source->text[source->text_len++] = source->raw[i];
                        continue;
                }
                skipped += len;
                source->splices[source->n_splices] = source->text_len;
                source->skipped[source->n_splices++] = skipped;
                i += len - 1;
        }
        memset(source->text + source->text_len, 0, 3);
}

/* Takes @raw over, which has three NULs after its @len bytes. */
static int add(struct text *text, const char *path, char *raw, size_t len,
               struct source **ret_source) {
        struct source *source;

        if (len > FILE_MAX || len >= UINT32_MAX - 2 - text->next_base) {
                free(raw);
                return -EFBIG;
        }
        source = mem_realloc(NULL, sizeof(*source));
        *source = (struct source){ .raw = raw, .raw_len = (uint32_t)len, .base = text->next_base };
        source->path = mem_realloc(NULL, strlen(path) + 1);
        strcpy((char *)source->path, path);
        find_lines(source);
        leave_out(source);
        text->next_base += (uint32_t)len + 2;
        *text->tail = source;
        text->tail = &source->next;
        *ret_source = source;
        return 0;
}

int text_add(struct text *text, const char *name, const char *data, size_t len,
             struct source **ret_source) {
        char *raw = mem_realloc(NULL, len + 3);

        memcpy(raw, data, len);
        memset(raw + len, 0, 3);
        return add(text, name, raw, len, ret_source);
}

int text_open(struct text *text, const char *path, struct source **ret_source) {
        bool in = !strcmp(path, "-");
        int fd = in ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC), r = 0;
        struct stat st;
        struct buf buf = { 0 };
        char part[16384];
        ssize_t n;

        if (fd < 0)
                return -errno;
        if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
                r = -EISDIR;
        while (!r && (n = read(fd, part, sizeof(part))) != 0) {
                if (n < 0 && errno != EINTR)
                        r = -errno;
                else if (n > 0)
                        buf_add(&buf, part, (size_t)n);
                if (buf.len > FILE_MAX)
                        r = -EFBIG;
        }
        if (!in)
                close(fd);
        if (!r)
                r = text_add(text, in ? "<stdin>" : path, buf.data ? buf.data : "", buf.len,
                             ret_source);
        buf_fini(&buf);
        return r;
}

struct source *text_source(struct text *text, uint32_t pos) {
        struct source *source = text->last;

        if (pos == 0)
                return NULL;
        if (source && pos >= source->base && pos - source->base <= source->raw_len)
                return source;
        for (source = text->sources; source; source = source->next)
                if (pos >= source->base && pos - source->base <= source->raw_len)
                        return text->last = source;
        return NULL;
}

/* How many of @n ascending numbers are at most @x. */
static uint32_t count_upto(const uint32_t *numbers, uint32_t n, uint32_t x) {
        uint32_t low = 0, middle;

        while (low < n) {
                middle = low + (n - low) / 2;
                if (numbers[middle] <= x)
                        low = middle + 1;
                else
                        n = middle;
        }
        return low;
}

bool text_place(struct text *text, uint32_t pos, struct place *ret_place) {
        struct source *source = text_source(text, pos);
        uint32_t offset, line, begin, end;

        if (!source)
                return false;
        offset = pos - source->base;
        line = count_upto(source->lines, source->n_lines, offset);
        begin = source->lines[line - 1];
        end = line < source->n_lines ? source->lines[line] - 1 : source->raw_len;
        if (end > begin && source->raw[end - 1] == '\r')
                end--;
        if (line == 1 && end >= 3 && !memcmp(source->raw, "\xef\xbb\xbf", 3))
                begin = 3;              /* nobody sees a byte order mark, so nobody counts it */
        if (offset < begin)
                offset = begin;
        if (offset > end)
                offset = end;
        *ret_place = (struct place){ .source = source,
                                     .line = line,
                                     .line_text = source->raw + begin,
                                     .line_len = end - begin };
        ret_place->column = utf8_count(source->raw + begin, offset - begin) + 1;
        return true;
}

uint32_t source_pos(const struct source *source, uint32_t offset) {
        uint32_t n = count_upto(source->splices, source->n_splices, offset);

        return source->base + offset + (n ? source->skipped[n - 1] : 0);
}

void source_comment(struct source *source, uint32_t begin, uint32_t end) {
        if (source->n_comments == source->room_comments) {
                source->room_comments = source->room_comments ? source->room_comments * 2 : 64;
                source->comments = mem_realloc(source->comments,
                                               source->room_comments * sizeof(*source->comments));
        }
        source->comments[source->n_comments++] = (struct comment){ begin, end };
}
