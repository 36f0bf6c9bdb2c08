#pragma once
/*
 * raw.h - one end of a link without Via behind it: says what it likes, and hears what is said
 *
 * On unix sockets only, since what is said above the transport is the same on all.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "wire.h"

struct raw {
        int                fd;
        struct wire_header header;              /* of the frame last heard */
        uint8_t            body[8192];          /* of it, and a 0 */
};

void raw_connect(struct raw *raw, const char *endpoint);        /* as a client */
int  raw_listen(const char *path);                              /* a socket, for raw_accept() */
void raw_accept(struct raw *raw, int listening);
void raw_close(struct raw *raw);

/* Says @size bytes; false if nobody listens any more. */
bool raw_say(struct raw *raw, const void *data, size_t size);
void raw_say_hello(struct raw *raw);
void raw_say_frame(struct raw *raw, struct wire_header header, const void *body);
/* A call of "echo", or of "Later/never" and the like, with an encoded request. */
void raw_say_call(struct raw *raw, const char *method, uint32_t id, const void *request,
                  size_t size);

/* Hears a whole frame: true, or false at the end of the link. Waits long. */
bool raw_hear(struct raw *raw);
/* Skips frames until one of @type comes: false at the end of the link. */
bool raw_hear_type(struct raw *raw, uint8_t type);
/* That the other end says farewell with these words in it, and then ends the link. */
void raw_check_farewell(struct raw *raw, const char *words);
