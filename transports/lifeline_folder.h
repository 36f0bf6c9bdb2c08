#pragma once
/*
 * lifeline_folder.h - the folders in which lifelines have their names
 *
 * $XDG_RUNTIME_DIR/via, without that variable /run/via for root, and a folder of their own in /tmp
 * for others. Who owns a folder decides who can be met there, so that must be one we trust. Makes
 * at most the folder itself, and removes none.
 */
#include "local.h"

#define VIA_FOLDER_SYSTEM "/run/via"            /* of root's servers, whom everybody finds */

/* This process's own folder. */
void via_folder_own(char *buf, size_t size);

/* Makes it if it is not there: 0, or why it cannot be used, with a note. */
int  via_folder_make(const char *path, struct via_note *note);

/* Whether the owner can be trusted: us, or root too unless it must be @ours. */
int  via_folder_check(const char *path, bool ours, struct via_note *note);

/* The socket for @name of @uri's scheme. */
int  via_folder_address(const char *folder, const struct via_uri *uri, const char *name,
                       struct via_local_address *address, struct via_note *note);
