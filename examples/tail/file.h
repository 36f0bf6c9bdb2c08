#pragma once
/*
 * file.h - a file that grows, may be cut, and may be replaced by another of its name
 *
 * Only looks: nothing here waits, or tells anybody that there is more.
 */
#include <stddef.h>
#include <sys/types.h>

struct file {
        int         folder;                     /* borrowed, as is the name */
        const char *name;
        int         fd;                         /* -1: closed */
        off_t       offset;                     /* what comes next */
};

enum file_news {
        FILE_NOTHING,                           /* no more than before */
        FILE_TEXT,
        FILE_TRUNCATED,
        FILE_REPLACED,
};

/* Opens @name in @folder, at its last @lines lines. Returns 0 or a negative errno. */
int  file_open(struct file *file, int folder, const char *name, unsigned lines);
void file_close(struct file *file);

/*
 * What there is now. FILE_TEXT: *@ret_n bytes are in @buf. Says the same again until
 * file_accept(). Returns enum file_news, or a negative errno.
 */
int file_look(const struct file *file, void *buf, size_t size, size_t *ret_n);

/* What file_look() has said is dealt with. Returns 0 or a negative errno. */
int file_accept(struct file *file, int news, size_t n);
