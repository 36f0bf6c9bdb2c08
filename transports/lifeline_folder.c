/*
 * lifeline_folder.c - the folders in which lifelines have their names
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "fd.h"
#include "lifeline_folder.h"
#include "note.h"

int via_folder_check(const char *path, bool ours, struct via_note *note) {
        int fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), r = 0;
        struct stat st;

        if (fd < 0)
                return via_note(note, -errno, "cannot use the folder %s: %s", path,
                                strerror(errno));
        if (fstat(fd, &st) < 0)
                r = -errno;
        else if (st.st_uid != geteuid() && (ours || st.st_uid != 0))
                r = via_note(note, -EPERM, "the folder %s belongs to uid %u", path, st.st_uid);
        else if (st.st_mode & 022)
                r = via_note(note, -EPERM, "others can write to the folder %s (mode %04o)", path,
                             st.st_mode & 07777);
        return via_fd_drop(&fd, r);
}

void via_folder_own(char *buf, size_t size) {
        const char *runtime = secure_getenv("XDG_RUNTIME_DIR");

        if (runtime && *runtime == '/')
                snprintf(buf, size, "%s/via", runtime);
        else if (geteuid() == 0)
                snprintf(buf, size, VIA_FOLDER_SYSTEM);
        else
                snprintf(buf, size, "/tmp/via-%u", geteuid());
}

int via_folder_make(const char *path, struct via_note *note) {
        unsigned mode = strcmp(path, VIA_FOLDER_SYSTEM) == 0 ? 0755 : 0700;

        if (mkdir(path, mode) < 0 && errno != EEXIST)
                return via_note(note, -errno, "cannot make the folder %s: %s", path,
                                strerror(errno));
        return via_folder_check(path, true, note);
}

int via_folder_address(const char *folder, const struct via_uri *uri, const char *name,
                       struct via_local_address *address, struct via_note *note) {
        char path[VIA_URI_MAX + 128];

        snprintf(path, sizeof(path), "%s/%s-%s.sock", folder, uri->scheme, name);
        return via_local_address(address, SOCK_SEQPACKET, path, note);
}
