#pragma once
/*
 * access.h - who may connect to a server's file: the options "mode" and "group"
 *
 * Reads them, gives them to a socket or a FIFO, and says to a client why it was not let in. Gives
 * nothing to a file that it was not handed, and makes none. A group's name is asked of the system,
 * which may ask a server in the network; a number is not.
 */
#include <stdbool.h>
#include <sys/stat.h>
#include <via/transport.h>

enum { VIA_ACCESS_UMASK = ~0 };         /* a mode: what the umask leaves, as for any file */

struct via_access {
        unsigned    mode;
        const char *group;              /* as it stands in the URI, whose it is; NULL: none */
        gid_t       gid;                /* with a group */
};

/*
 * What the options of @uri say; without "mode" it is @mode, or 0660 if there is a "group", which is
 * named to be let in. 0, or -EINVAL with a note.
 */
int      via_access_of(struct via_access *access, const struct via_uri *uri, unsigned mode,
                  struct via_note *note);

/*
 * The mode with which the file may be made: that of its owner alone if it is still to be given to
 * another group.
 */
unsigned via_access_at_birth(const struct via_access *access);

/*
 * Gives the file at @fd (perhaps O_PATH) its group and then its mode: 0, or a negative errno with a
 * note.
 */
int      via_access_give(const struct via_access *access, int fd, struct via_note *note);

/*
 * Lets those through @folder, which is ours, who may write to @file in it: its group, or everybody
 * if another group passes already. To list what is there, nobody.
 */
int      via_access_pass(int folder, const struct stat *file, struct via_note *note);

/* -EACCES, with a note about a file that we may not write to, which is called @what. */
int      via_access_denied(const struct stat *st, const char *what, struct via_note *note);
