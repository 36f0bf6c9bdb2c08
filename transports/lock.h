#pragma once
/*
 * lock.h - who may put something at a path, and clean away what a dead process left there
 *
 * A server holds the lock PATH.lock as long as it has something at PATH. The kernel drops the
 * lock when the process dies, however it dies, so whoever gets it knows that what lies there
 * belongs to nobody. The lock file itself is removed at a polite end, and after a SIGKILL by
 * the next one who locks. Never waits.
 */
#include <stdbool.h>
#include <sys/stat.h>
#include <via/transport.h>

struct via_lock {
        /* the folder of PATH, in which alone we work; the lock file */
        int   dir, fd;
        /* a forked child shares the lock, but must not clean up */
        pid_t owner;
        char  name[256];                        /* of PATH in its folder */
        char  lock_name[256];
};

/*
 * Opens the folder of @path and finds the name in it, without a lock: dir and name are set, and
 * dir is the caller's to close. Returns 0 or why not, with a note.
 */
int  via_lock_folder(struct via_lock *lock, const char *path, struct via_note *note);

/*
 * Locks @path for this process, until via_lock_drop(). Returns 0, or -EADDRINUSE: another
 * process has it, or why the lock file cannot be made, with a note.
 */
int  via_lock_take(struct via_lock *lock, const char *path, struct via_note *note);

/* What is at the path now: 0 and *@ret_stat (a link is not followed), or a negative errno. */
int  via_lock_stat(const struct via_lock *lock, struct stat *ret_stat);

/* Removes what is at the path. */
int  via_lock_unlink(const struct via_lock *lock);

/*
 * Removes what is at the path if it still is the file that @mine was taken from (NULL:
 * nothing), then the lock.
 */
void via_lock_drop(struct via_lock *lock, const struct stat *mine);
