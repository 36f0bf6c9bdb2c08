/*
 * file.c - a file that grows, may be cut, and may be replaced by another of its name
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>
#include "file.h"

enum { BACK_MAX = 1 << 16 };                    /* the last lines are looked for in so many bytes */

/* Where the last @lines lines begin. */
static off_t last_lines(int fd, unsigned lines, off_t size) {
        static char buf[BACK_MAX];
        off_t from = size > BACK_MAX ? size - BACK_MAX : 0;
        ssize_t n = pread(fd, buf, sizeof(buf), from);

        if (n <= 0)
                return size;
        /* the last byte is of the last line, newline or not */
        for (ssize_t at = n - 1; at-- > 0;)
                if (buf[at] == '\n' && --lines == 0)
                        return from + at + 1;
        return from;
}

static int open_file(int folder, const char *name, struct stat *ret_stat) {
        int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        int r = 0;

        if (fd < 0)
                return -errno;
        if (fstat(fd, ret_stat) < 0)
                r = -errno;
        else if (!S_ISREG(ret_stat->st_mode))
                r = -EINVAL;
        if (r < 0)
                close(fd);
        return r < 0 ? r : fd;
}

int file_open(struct file *file, int folder, const char *name, unsigned lines) {
        struct stat is;
        int fd = open_file(folder, name, &is);

        if (fd < 0)
                return fd;
        *file = (struct file){ .folder = folder, .name = name, .fd = fd };
        file->offset = lines ? last_lines(fd, lines, is.st_size) : is.st_size;
        return 0;
}

void file_close(struct file *file) {
        if (file->fd >= 0)
                close(file->fd);
        file->fd = -1;
}

/* Whether another file has the name now. If there is none, one may yet come. */
static bool is_replaced(const struct file *file, const struct stat *is) {
        struct stat other;

        return fstatat(file->folder, file->name, &other, AT_SYMLINK_NOFOLLOW) == 0 &&
               S_ISREG(other.st_mode) && (other.st_ino != is->st_ino || other.st_dev != is->st_dev);
}

int file_look(const struct file *file, void *buf, size_t size, size_t *ret_n) {
        struct stat is;
        bool replaced;
        ssize_t n;

        if (fstat(file->fd, &is) < 0)
                return -errno;
        if (is.st_size < file->offset)
                return FILE_TRUNCATED;
        replaced = is_replaced(file, &is);      /* first: what it was given before that is read */
        n = pread(file->fd, buf, size, file->offset);
        if (n < 0)
                return -errno;
        if (n > 0) {
                *ret_n = (size_t)n;
                return FILE_TEXT;
        }
        return replaced ? FILE_REPLACED : FILE_NOTHING;
}

int file_accept(struct file *file, int news, size_t n) {
        struct stat is;
        int fd;

        if (news == FILE_TEXT)
                file->offset += (off_t)n;
        if (news == FILE_TRUNCATED)
                file->offset = 0;
        if (news != FILE_REPLACED)
                return 0;
        fd = open_file(file->folder, file->name, &is);
        if (fd < 0)
                return fd == -ENOENT ? 0 : fd;  /* gone again: it will be seen */
        file_close(file);
        file->fd = fd;
        file->offset = 0;
        return 0;
}
