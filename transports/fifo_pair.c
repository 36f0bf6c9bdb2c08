/*
 * fifo_pair.c - the two FIFOs that a client makes for itself, and the card that says where
 *
 * A server of the same user, or of root, enters the folder although it has mode 0700. One of
 * another user could not: for it the folder may be passed through (0711, not listed), and the
 * FIFOs are open to whoever knows their names, 128 random bits that stand on the card.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include "fd.h"
#include "fifo_pair.h"
#include "note.h"
#include "pipe.h"

enum { FOLDER = O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, FIFO = O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC };

struct names {
        char to[40], from[40];                  /* the server */
};

static struct names names_of(const struct via_fifo_card *card) {
        struct names names;

        snprintf(names.to, sizeof(names.to), "to-%.32s", card->secret);
        snprintf(names.from, sizeof(names.from), "from-%.32s", card->secret);
        return names;
}

static bool is_hex(const char *text) {
        return strspn(text, "0123456789abcdef") == 32 && text[32] == 0;
}

static bool is_folder(const char *name) {
        return strncmp(name, "via-", 4) == 0 && is_hex(name + 4);
}

static int random_hex(char *buf) {
        unsigned char bytes[16];

        if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
                return -errno;
        for (int i = 0; i < 16; i++)
                snprintf(buf + 2 * i, 3, "%02x", bytes[i]);
        return 0;
}

static int open_tmp(void) {
        return open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* --- what others left --- */

/* Removes the FIFOs in @folder, and nothing else. Takes @folder. */
static void empty(int folder) {
        DIR *dir = fdopendir(folder);
        struct dirent *entry;
        struct stat st;

        if (!dir) {
                close(folder);
                return;
        }
        while ((entry = readdir(dir)))
                if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
                    S_ISFIFO(st.st_mode))
                        unlinkat(dirfd(dir), entry->d_name, 0);
        closedir(dir);
}

/* Removes the folder @name in @dir if its owner is dead, who would have locked it. */
static void sweep_one(int dir, const char *name) {
        int folder = openat(dir, name, O_RDONLY | FOLDER), copy;
        struct stat st;

        if (folder < 0)
                return;
        if (fstat(folder, &st) == 0 && (st.st_uid == geteuid() || geteuid() == 0) &&
            flock(folder, LOCK_EX | LOCK_NB) == 0) {
                copy = fcntl(folder, F_DUPFD_CLOEXEC, 0);       /* keeps the lock to the end */
                if (copy >= 0)
                        empty(copy);
                unlinkat(dir, name, AT_REMOVEDIR);
        }
        close(folder);
}

void via_fifo_sweep(int dir) {
        int fd = openat(dir, ".", O_RDONLY | FOLDER);
        DIR *list = fd < 0 ? NULL : fdopendir(fd);
        struct dirent *entry;

        if (!list) {
                via_fd_drop(&fd, 0);
                return;
        }
        while ((entry = readdir(list)))
                if (is_folder(entry->d_name))
                        sweep_one(fd, entry->d_name);
        closedir(list);
}

/* --- the client's part --- */

static void remove_folder(struct via_fifo_pair *pair) {
        struct names names = names_of(&pair->card);

        if (pair->folder >= 0) {
                unlinkat(pair->folder, names.to, 0);
                VIA_POINT("fifo: removed one of two");
                unlinkat(pair->folder, names.from, 0);
        }
        VIA_POINT("fifo: removed both");
        unlinkat(pair->dir, pair->card.folder, AT_REMOVEDIR);
        via_fd_drop(&pair->folder, 0);
}

void via_fifo_pair_remove(struct via_fifo_pair *pair) {
        if (pair->dir >= 0 && pair->owner == getpid())
                remove_folder(pair);
        via_fd_drop(&pair->folder, 0);
        via_fd_drop(&pair->dir, 0);
}

static int make_fifo(int folder, const char *name, bool for_another_user) {
        if (mkfifoat(folder, name, 0600) < 0)
                return -errno;
        return for_another_user && fchmodat(folder, name, 0666, 0) < 0 ? -errno : 0;
}

/* Fills a folder that was just made. -ENOENT, -EWOULDBLOCK: somebody took it for a dead one's. */
static int fill(struct via_fifo_pair *pair, bool for_another_user, int *ret_in, int *ret_out) {
        struct names names = names_of(&pair->card);
        struct stat st;
        int r;

        VIA_POINT("fifo: a folder, not locked");
        pair->folder = openat(pair->dir, pair->card.folder, O_RDONLY | FOLDER);
        if (pair->folder < 0 || flock(pair->folder, LOCK_EX | LOCK_NB) < 0 ||
            fstat(pair->folder, &st) < 0)
                return -errno;
        /* The FIFOs say who we are: a folder must not hand its own group on to them. */
        if ((st.st_gid != getegid() && fchown(pair->folder, (uid_t)-1, getegid()) < 0) ||
            (for_another_user && fchmod(pair->folder, 0711) < 0))
                return -errno;
        r = make_fifo(pair->folder, names.to, for_another_user);
        VIA_POINT("fifo: one of two is there");
        r = r ? r : make_fifo(pair->folder, names.from, for_another_user);
        if (r)
                return r;
        *ret_in = openat(pair->folder, names.from, O_RDONLY | FIFO);
        if (*ret_in < 0)
                return -errno;
        VIA_POINT("fifo: one of two is open");
        *ret_out = openat(pair->folder, names.to, O_RDWR | FIFO);
        if (*ret_out < 0)
                return via_fd_drop(ret_in, -errno);
        via_pipe_sign(*ret_out);
        return 0;
}

static int make_in(struct via_fifo_pair *pair, bool for_another_user, int *ret_in, int *ret_out) {
        int r = 0;

        for (int i = 0; i < 100; i++) {
                memcpy(pair->card.folder, "via-", 4);
                r = random_hex(pair->card.folder + 4);
                r = r ? r : random_hex(pair->card.secret);
                if (r || mkdirat(pair->dir, pair->card.folder, 0700) < 0)
                        return r ? r : -errno;
                r = fill(pair, for_another_user, ret_in, ret_out);
                if (r == 0)
                        return 0;
                remove_folder(pair);
                if (r != -ENOENT && r != -EWOULDBLOCK)
                        break;
        }
        return r;
}

int via_fifo_pair_make(struct via_fifo_pair *pair, int beside, bool for_another_user,
                       int *ret_in, int *ret_out, struct via_note *note) {
        int r = 0;

        for (int in_tmp = 0; in_tmp < 2; in_tmp++) {
                *pair = (struct via_fifo_pair){
                        .folder = -1, .owner = getpid(),
                        .card = { .magic = VIA_FIFO_MAGIC, .in_tmp = (char)in_tmp }
                };
                pair->dir = in_tmp ? open_tmp() : fcntl(beside, F_DUPFD_CLOEXEC, 0);
                if (pair->dir < 0)
                        return -errno;
                via_fifo_sweep(pair->dir);
                r = make_in(pair, for_another_user, ret_in, ret_out);
                if (r == 0)
                        return 0;
                via_fd_drop(&pair->dir, 0);
                if (r != -EACCES && r != -EPERM && r != -EROFS)
                        break;
        }
        return via_note(note, r, "cannot make a folder for two FIFOs beside it, nor in /tmp: %s",
                        strerror(-r));
}

/* --- the server's part --- */

/* What may be over soon: the client can wait. */
static bool is_want(int r) {
        return r == -EMFILE || r == -ENFILE || r == -ENOMEM;
}

/* A FIFO of @owner's, and of his alone: nothing he could only have linked to. */
static int open_checked(int folder, const char *name, int flags, uid_t owner, int *ret_fd) {
        int fd = openat(folder, name, flags | FIFO | O_NOCTTY);
        struct stat st;

        if (fd < 0)
                return -errno;
        if (fstat(fd, &st) < 0 || !S_ISFIFO(st.st_mode) || st.st_uid != owner || st.st_nlink != 1)
                return via_fd_drop(&fd, -ECONNABORTED);
        *ret_fd = fd;
        return 0;
}

/*
 * The FIFO in which the client writes is opened for writing, too, while it is opened for
 * reading: the kernel shows a reader that its writers are gone only if it has seen one. The
 * other one comes last, because the client takes its being opened for our yes.
 */
static int open_both(int folder, const struct names *names, uid_t owner, int *ret_in,
                     int *ret_out, struct via_peer *ret_peer) {
        int in = -1, out = -1, writer, r;
        struct pollfd pfd;

        r = open_checked(folder, names->to, O_RDWR, owner, &writer);
        if (r)
                return r;
        r = open_checked(folder, names->to, O_RDONLY, owner, &in);
        if (r == 0 && via_pipe_signer(in, ret_peer) < 0)
                r = -ECONNABORTED;
        via_fd_drop(&writer, 0);
        pfd = (struct pollfd){ .fd = in, .events = POLLIN };
        if (r == 0 && poll(&pfd, 1, 0) > 0 && !(pfd.revents & POLLIN))
                r = -ECONNABORTED;                      /* gone, and has said nothing */
        VIA_POINT("fifo: the server has one of two");
        r = r ? r : open_checked(folder, names->from, O_RDWR, owner, &out);
        if (r)
                return via_fd_drop(&in, r);
        *ret_in = in;
        *ret_out = out;
        return 0;
}

static int open_in(int dir, const struct via_fifo_card *card, int *ret_in, int *ret_out,
                   struct via_peer *ret_peer) {
        int folder = openat(dir, card->folder, O_PATH | FOLDER), r;
        struct names names = names_of(card);
        struct stat st;

        if (folder < 0)
                return -errno;
        if (fstat(folder, &st) < 0 || (st.st_mode & 022))
                return via_fd_drop(&folder, -ECONNABORTED);
        r = open_both(folder, &names, st.st_uid, ret_in, ret_out, ret_peer);
        if (!is_want(r)) {                              /* if we may; else the client does */
                VIA_POINT("fifo: the server has both");
                unlinkat(folder, names.to, 0);
                VIA_POINT("fifo: the server removed one");
                unlinkat(folder, names.from, 0);
                VIA_POINT("fifo: the server removed both");
                unlinkat(dir, card->folder, AT_REMOVEDIR);
        }
        return via_fd_drop(&folder, r);
}

int via_fifo_pair_open(const struct via_fifo_card *card, int beside, int *ret_in, int *ret_out,
                       struct via_peer *ret_peer) {
        int dir, r;

        if (card->folder[36] || !is_folder(card->folder) || card->secret[32] ||
            !is_hex(card->secret))
                return -ECONNABORTED;
        dir = card->in_tmp ? open_tmp() : fcntl(beside, F_DUPFD_CLOEXEC, 0);
        r = dir < 0 ? -errno : open_in(dir, card, ret_in, ret_out, ret_peer);
        via_fd_drop(&dir, 0);
        return r == 0 || is_want(r) ? r : -ECONNABORTED;
}
