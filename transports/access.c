/*
 * access.c - who may connect to a server's file: the options "mode" and "group"
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "access.h"
#include "note.h"

enum { WITH_GROUP = 0660, ENTRY_MAX = 1 << 20 };

#define GID_MAX 4294967294u                     /* one more means "leave it as it is" */

/* What the system knows of the group @name: 0, -ENOENT, or why it cannot be asked. */
static int ask(const char *name, gid_t *ret_gid) {
        struct group group, *found = NULL;
        int r = ERANGE;

        for (size_t size = 1024; r == ERANGE && size <= ENTRY_MAX; size *= 2) {
                char *entry = malloc(size);     /* of a group, all of its members */

                if (!entry)
                        return -ENOMEM;
                do
                        r = getgrnam_r(name, &group, entry, size, &found);
                while (r == EINTR);
                if (found)
                        *ret_gid = group.gr_gid;
                free(entry);
        }
        if (found)
                return 0;
        return r == EMFILE || r == ENFILE || r == ENOMEM || r == EIO || r == ERANGE ? -r : -ENOENT;
}

static int find_group(const char *text, gid_t *ret_gid, struct via_note *note) {
        int r;

        if (!*text)
                return via_note(note, -EINVAL, "group=: a group's name or number is wanted");
        if (text[strspn(text, "0123456789")] == 0) {
                unsigned long long number = strtoull(text, NULL, 10);

                if (number > GID_MAX)
                        return via_note(note, -EINVAL,
                                        "group=%.64s: a group's number is at most %u", text,
                                        GID_MAX);
                *ret_gid = (gid_t)number;
                return 0;
        }
        r = ask(text, ret_gid);
        if (r == -ENOENT)
                return via_note(note, -EINVAL, "group=%.64s: this system has no such group", text);
        return r ? via_note(note, r, "group=%.64s: cannot ask for that group: %s", text,
                            strerror(-r))
                 : 0;
}

int via_access_of(struct via_access *access, const struct via_uri *uri, unsigned mode,
                  struct via_note *note) {
        const char *text = via_uri_option(uri, "mode");

        *access = (struct via_access){ .mode = mode, .group = via_uri_option(uri, "group") };
        if (access->group)
                access->mode = WITH_GROUP;
        if (text && via_parse_mode(text, &access->mode))
                return via_note(note, -EINVAL, "mode=%s: an octal number like 0660 is wanted",
                                text);
        return access->group ? find_group(access->group, &access->gid, note) : 0;
}

/* Without the others: before it is given away, who is in the group is one of them. */
unsigned via_access_at_birth(const struct via_access *access) {
        return access->group ? access->mode & 0700 : access->mode;
}

static int cannot_give(const struct via_access *access, int r, struct via_note *note) {
        switch (r) {
        case -EPERM:
                return via_note(
                        note, r,
                        "group=%.64s: uid %u is not in that group, so may not give it a file: add the user to the group, and start the server anew",
                        access->group, geteuid());
        case -EINVAL:
                return via_note(note, r, "group=%.64s: there is no gid %u in this user namespace",
                                access->group, access->gid);
        default:
                return via_note(note, r, "group=%.64s: cannot give it to that group: %s",
                                access->group, strerror(-r));
        }
}

/* What is only looked at has no fchmod(), but a name. */
static int set_mode(int fd, unsigned mode) {
        char path[32];

        if (fchmod(fd, mode) == 0)
                return 0;
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        return errno != EBADF || chmod(path, mode) < 0 ? -errno : 0;
}

int via_access_give(const struct via_access *access, int fd, struct via_note *note) {
        int r;

        if (access->group && fchownat(fd, "", (uid_t)-1, access->gid, AT_EMPTY_PATH) < 0)
                return cannot_give(access, -errno, note);
        VIA_POINT("access: has its group, not its mode");
        r = set_mode(fd, access->mode);
        return r ? via_note(note, r, "cannot set mode %04o: %s", access->mode, strerror(-r)) : 0;
}

int via_access_pass(int folder, const struct stat *file, struct via_note *note) {
        bool others = file->st_mode & 0002;
        struct stat st;
        unsigned mode;
        int r = 0;

        if (!(file->st_mode & 0022))
                return 0;
        if (fstat(folder, &st) < 0)
                return -errno;
        if (!others && st.st_gid != file->st_gid) {
                others = st.st_mode & 0011;
                if (!others && fchownat(folder, "", (uid_t)-1, file->st_gid, AT_EMPTY_PATH) < 0)
                        r = -errno;
        }
        mode = (st.st_mode & 07777) | (others ? 0011 : 0010);
        if (r == 0 && mode != (st.st_mode & 07777))
                r = set_mode(folder, mode);
        return r ? via_note(note, r, "cannot let others through its folder: %s", strerror(-r)) : 0;
}

int via_access_denied(const struct stat *st, const char *what, struct via_note *note) {
        if (st->st_uid != geteuid() && (st->st_mode & 0022) == 0020)
                return via_note(
                        note, -EACCES,
                        "the %s belongs to uid %u and gid %u, and has mode %04o: it is closed to uid %u, who is not in that group",
                        what, st->st_uid, st->st_gid, st->st_mode & 0777, geteuid());
        return via_note(note, -EACCES,
                        "the %s belongs to uid %u and has mode %04o: it is closed to uid %u", what,
                        st->st_uid, st->st_mode & 0777, geteuid());
}
