#pragma once
/*
 * folder.h - files that are in a folder whole, or not at all
 *
 * Returns 0, or a negative errno.
 */
#include <stddef.h>
#include <sys/types.h>

struct incoming {
        int   folder;                           /* borrowed */
        int   fd;                               /* -1: there is none */
        char  temporary[64];                    /* its name as long as it is not whole */
};

/* Begins a file in @folder. Pair with incoming_keep() or incoming_drop(). */
int incoming_open(struct incoming *incoming, int folder);
int incoming_write(struct incoming *incoming, const void *data, size_t n);

/* It is whole: gives it its name. After an error it is still to be dropped. */
int incoming_keep(struct incoming *incoming, const char *name);

/* Nothing of it stays. May be called again. */
void incoming_drop(struct incoming *incoming);
