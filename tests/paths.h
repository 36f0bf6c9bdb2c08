#pragma once
/*
 * paths.h - for the tests of transports whose server has a path, unix: and fifo:, beside links.h
 *
 * Who has the path, and what becomes of it when that one dies: the same for all, as lock.h has it.
 */
#include "links.h"

/* What a server that was killed left is in nobody's way. */
static inline void paths_dead(const char *scheme) {
        struct via_listener *listener = NULL;
        struct via_link *link = NULL;
        pid_t pid = links_server(links_at(scheme, "s", ""));

        links_kill(pid);
        CHECK(links_exists("s"));
        CHECK_INT(links_connect(links_at(scheme, "s", ""), -1, &link), ==, -ECONNREFUSED);
        CHECK(strstr(links_note.text, "is gone"));
        CHECK_INT(links_listen(links_at(scheme, "s", ""), &listener), ==, 0);
        CHECK_INT(links_connect(links_at(scheme, "s", ""), 1000, &link), ==, 0);
        links_close(&link);
        links_shut(&listener);
        links_folder_end();
}

/* A server that lives is not robbed, and named. */
static inline void paths_living(const char *scheme) {
        struct via_listener *listener = NULL;
        char pid_text[32];
        pid_t pid = links_server(links_at(scheme, "s", ""));

        snprintf(pid_text, sizeof(pid_text), "process %d ", (int)pid);
        CHECK_INT(links_listen(links_at(scheme, "s", ""), &listener), ==, -EADDRINUSE);
        CHECK(strstr(links_note.text, pid_text));

        /* Somebody removed the lock by hand: the server is still not robbed. */
        CHECK_INT(unlink(links_file("s.lock")), ==, 0);
        CHECK_INT(links_listen(links_at(scheme, "s", ""), &listener), ==, -EADDRINUSE);
        CHECK(strstr(links_note.text, pid_text));
        CHECK(links_exists("s"));
        CHECK(!links_exists("s.lock"));
        links_kill(pid);
        CHECK_INT(links_listen(links_at(scheme, "s", ""), &listener), ==, 0);
        links_shut(&listener);
        links_folder_end();
}

/* Servers of one name start at once, over what the last winner left: each time one gets it. */
static inline void paths_race(const char *uri, int rounds) {
        enum { RACERS = 8 };
        struct via_listener *listener = NULL;

        for (int round = 0; round < rounds; round++) {
                int go[2], said[2], won = 0, refused = 0;
                pid_t pids[RACERS];
                char c;

                REQUIRE(pipe2(go, O_CLOEXEC) == 0 && pipe2(said, O_CLOEXEC) == 0);
                for (int i = 0; i < RACERS; i++) {
                        pids[i] = fork();
                        if (pids[i] == 0) {
                                int r;

                                close(go[1]);
                                if (read(go[0], &c, 1) != 0)    /* all hear its end together */
                                        _exit(1);
                                r = links_listen(uri, &listener);
                                c = r == 0 ? 'w' : r == -EADDRINUSE ? 'r' : '?';
                                if (write(said[1], &c, 1) != 1)
                                        _exit(1);
                                for (;;)
                                        pause();
                        }
                }
                close(go[0]);
                close(go[1]);
                for (int i = 0; i < RACERS; i++) {
                        REQUIRE(read(said[0], &c, 1) == 1);
                        won += c == 'w';
                        refused += c == 'r';
                }
                CHECK_INT(won, ==, 1);
                CHECK_INT(refused, ==, RACERS - 1);
                for (int i = 0; i < RACERS; i++)
                        links_kill(pids[i]);
                close(said[0]);
                close(said[1]);
        }
        REQUIRE(links_listen(uri, &listener) == 0);
        listener->by->shut(listener);
        free(listener);
}
