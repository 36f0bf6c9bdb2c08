/*
 * lock.c - who may put something at a path, and clean away what a dead process left there
 *
 * A lock file that is removed has a well-known trap: one process opens it, the owner removes it
 * and goes, the first locks what no longer has a name, and a third makes a new file and locks
 * that. Hence after locking we look whether the name still leads to what we locked, and only
 * the holder of the lock removes it.
 *
 * flock() rather than fcntl(): it belongs to the open file, so two servers in one process
 * exclude each other too, and closing another descriptor of the file does not lose it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include "fd.h"
#include "lock.h"
#include "note.h"

static bool same_file(const struct stat *a, const struct stat *b) {
        return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

int via_lock_folder(struct via_lock *lock, const char *path, struct via_note *note) {
        const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
        char folder[VIA_URI_MAX] = ".";
        size_t n = strlen(name);

        if (n == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
                return via_note(note, -EINVAL, "%s is a folder", path);
        if (n > sizeof(lock->name) - sizeof(".lock"))
                return via_note(note, -ENAMETOOLONG, "the name has %zu bytes, %zu are allowed", n,
                                sizeof(lock->name) - sizeof(".lock"));
        if (slash)
                snprintf(folder, sizeof(folder), "%.*s",
                         slash == path ? 1 : (int)(slash - path), path);

        snprintf(lock->name, sizeof(lock->name), "%s", name);
        snprintf(lock->lock_name, sizeof(lock->lock_name), "%.250s.lock", name);
        lock->dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (lock->dir >= 0)
                return 0;
        if (errno == ENOENT)
                return via_note(note, -ENOENT, "there is no folder %s", folder);
        if (errno == ENOTDIR)
                return via_note(note, -ENOTDIR, "%s is not a folder", folder);
        return via_note(note, -errno, "cannot open the folder %s", folder);
}

/* Opens and locks the file: 0; -ESTALE: it lost its name meanwhile. */
static int lock_file(struct via_lock *lock, struct via_note *note) {
        struct stat locked, named;

        lock->fd = openat(lock->dir, lock->lock_name,
                          O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
        if (lock->fd < 0)
                return via_note(note, -errno, "cannot make %s in that folder: %s",
                                lock->lock_name, strerror(errno));
        VIA_POINT("lock: the file is there, not locked");
        if (flock(lock->fd, LOCK_EX | LOCK_NB) < 0)
                return via_fd_drop(&lock->fd, errno == EWOULDBLOCK ? -EADDRINUSE : -errno);
        if (fstat(lock->fd, &locked) == 0 && S_ISREG(locked.st_mode) &&
            fstatat(lock->dir, lock->lock_name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
            same_file(&locked, &named))
                return 0;
        return via_fd_drop(&lock->fd, -ESTALE);
}

int via_lock_take(struct via_lock *lock, const char *path, struct via_note *note) {
        int r;

        lock->fd = lock->dir = -1;
        lock->owner = getpid();
        r = via_lock_folder(lock, path, note);
        if (r)
                return r;
        for (int i = 0; i < 100; i++) {         /* each time somebody else had it and left */
                r = lock_file(lock, note);
                if (r == 0)
                        return 0;
                if (r != -ESTALE)
                        break;
        }
        if (r == -EADDRINUSE || r == -ESTALE)
                r = via_note(note, -EADDRINUSE, "another server has locked %s", lock->lock_name);
        return via_fd_drop(&lock->dir, r);
}

int via_lock_stat(const struct via_lock *lock, struct stat *ret_stat) {
        return fstatat(lock->dir, lock->name, ret_stat, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

int via_lock_unlink(const struct via_lock *lock) {
        return unlinkat(lock->dir, lock->name, 0) < 0 ? -errno : 0;
}

void via_lock_drop(struct via_lock *lock, const struct stat *mine) {
        struct stat held, now;

        if (getpid() == lock->owner) {
                if (mine && via_lock_stat(lock, &now) == 0 && same_file(mine, &now))
                        via_lock_unlink(lock);
                VIA_POINT("lock: all gone but the lock");
                if (fstat(lock->fd, &held) == 0 &&
                    fstatat(lock->dir, lock->lock_name, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
                    same_file(&held, &now))
                        unlinkat(lock->dir, lock->lock_name, 0);
                VIA_POINT("lock: gone, still held");
        }
        via_fd_drop(&lock->fd, 0);
        via_fd_drop(&lock->dir, 0);
}
