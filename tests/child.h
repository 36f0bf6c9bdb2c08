#pragma once
/*
 * child.h - a child at exec:, which is this program again, told what to do by --child
 */
#include "links.h"

/* The endpoint of a child that does @what: its words and what they mean are in child.c. Static. */
const char *child(const char *what);

static inline struct via_link *start(const char *what) {
        struct via_link *link = NULL;

        REQUIRE(links_connect(child(what), 1000, &link) == 0);
        return link;
}

static inline void no_child_is_left(void) {
        CHECK_INT(waitpid(-1, NULL, WNOHANG), ==, -1);
        CHECK_INT(errno, ==, ECHILD);
}

/* All that @link says until its end. */
static inline const char *hear(struct via_link *link) {
        static char text[4096];
        size_t got = 0;
        ssize_t n;

        while ((n = link->by->recv(link, text + got, sizeof(text) - 1 - got)) != 0) {
                if (n < 0 && (n != -EAGAIN || !links_wait(link, POLLIN)))
                        break;
                got += n > 0 ? (size_t)n : 0;
        }
        text[got] = 0;
        return text;
}
