/*
 * test_transports.c - the contract of <via/transport.h>, kept by each transport in the table
 *
 * Where they listen, who comes, and how either end leaves; how bytes move is in
 * test_transports_bytes.c. A transport that is added to the table is tested by both without another
 * line (links.h knows an endpoint for it). What only one of them can do or suffer is in
 * test_unix.c, test_tcp.c, test_inproc.c and so on.
 */
#include <sys/resource.h>
#include "links.h"

TEST(the_table_is_whole) {
        for (const struct via_transport *const *each = via_transports, *by; (by = *each); each++) {
                CHECK(links_find(by->scheme) == by);
                CHECK(by->options && by->form &&
                      strncmp(by->form, by->scheme, strlen(by->scheme)) == 0);
                CHECK(by->link_size >= sizeof(struct via_link));
                CHECK(by->listener_size >= sizeof(struct via_listener));
                CHECK(by->listen && by->connect && by->send && by->recv && by->arm && by->peer &&
                      by->close);
                CHECK((by->accept && by->watch && by->name && by->shut) ||
                      (by->traits & VIA_ALONE));
        }
}

TEST(nobody_there) {
        EACH_TRANSPORT(by) {
                struct via_listener *listener = NULL;
                struct via_link *link = NULL;
                char name[512];

                REQUIRE(links_listen(links_endpoint(by), &listener) == 0);
                by->name(listener, name, sizeof(name));
                links_shut(&listener);
                links_folder_end();
                CHECK_INT(links_connect(name, 1000, &link), <, 0);
                CHECK(*links_note.text);
        }
}

TEST(wrong_endpoints) {
        static const char *const wrong[] = { "", "//host:1", "//host/x",
                                             "//:1", "//host", "//host:x/y" };
        char text[1100], longest[1000];

        memset(longest, 'x', sizeof(longest));
        EACH_TRANSPORT(by) {
                struct via_listener *listener = NULL;
                struct via_link *link = NULL;
                struct via_uri uri;

                snprintf(text, sizeof(text), "%s:/%.*s", by->scheme, 900, longest);
                CHECK_INT(links_listen(text, &listener), <, 0);
                CHECK(*links_note.text);
                CHECK_INT(links_connect(text, 100, &link), <, 0);
                CHECK(*links_note.text);
                for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
                        snprintf(text, sizeof(text), "%s:%s", by->scheme, wrong[i]);
                        if (via_uri_parse(&uri, text, NULL) ||
                            (strncmp(by->form, text, strcspn(by->form, ":") + 3) == 0 &&
                             strchr(text + 6, ':')))
                                continue;               /* it is right */
                        CHECK_INT(links_connect(text, 100, &link), ==, -EINVAL);
                        CHECK(*links_note.text);
                        CHECK_INT(links_listen(text, &listener), ==, -EINVAL);
                        CHECK(*links_note.text);
                }
                snprintf(text, sizeof(text), "%s?backlog=none", links_endpoint(by));
                if (strstr(by->options, "backlog"))
                        CHECK_INT(links_listen(text, &listener), ==, -EINVAL);
                CHECK(*links_note.text);
                links_folder_end();
        }
}

TEST(in_use) {
        EACH_TRANSPORT(by) {
                struct via_listener *second;
                struct ends ends;
                ssize_t end;

                links_open(&ends, by);
                CHECK_INT(links_listen(ends.name, &second), ==, -EADDRINUSE);
                CHECK(*links_note.text);

                /* The first did not suffer, and its links outlive it. */
                links_close(&ends.server);
                links_close(&ends.client);
                REQUIRE(links_connect(ends.name, 1000, &ends.client) == 0);
                do {                                    /* the second may have knocked */
                        links_close(&ends.server);
                        REQUIRE(links_accept(ends.listener, &ends.server) == 0);
                        links_stuff(ends.client, 0, 1);
                } while (links_drain(ends.server, 0, 1, &end) == 0);
                links_shut(&ends.listener);
                CHECK_INT(links_listen(ends.name, &ends.listener), ==, 0);      /* free at once */
                CHECK_INT(links_stuff(ends.server, 0, 5), ==, 5);
                CHECK_INT(links_drain(ends.client, 0, 5, &end), ==, 5);
                links_end(&ends);
        }
}

/*
 * Closes one end with bytes unread on both sides; the other gets everything, and then the end.
 */
static void close_politely(const struct via_transport *by, bool server_closes, size_t unread) {
        struct via_link **leaver, **stayer;
        struct ends ends;
        ssize_t n, end;

        links_open(&ends, by);
        leaver = server_closes ? &ends.server : &ends.client;
        stayer = server_closes ? &ends.client : &ends.server;
        CHECK_INT(links_stuff(*stayer, 0, unread), ==, unread);
        n = links_stuff(*leaver, 0, 1 << 20);
        CHECK_INT(n, >, 0);
        links_close(leaver);
        CHECK_INT(links_drain(*stayer, 0, 2 << 20, &end), ==, n);
        CHECK_INT(end, ==, 0);
        n = by->send(*stayer, "late", 4);               /* no signal, whatever it returns */
        CHECK(n > 0 || n == -EPIPE || n == -ECONNRESET);
        links_end(&ends);
}

TEST(polite_close_delivers_all) {
        EACH_TRANSPORT(by) {
                close_politely(by, false, 0);
                close_politely(by, true, 0);
                close_politely(by, false, 5000);
                close_politely(by, true, 5000);
        }
}

TEST(close_wakes_who_sleeps) {
        EACH_TRANSPORT(by) {
                static const int wants[] = { POLLIN, POLLIN | POLLOUT, POLLOUT };
                struct via_wait wait = { .n_fds = 0 };
                struct ends ends;
                char c;

                for (int i = 0; i < 3; i++) {
                        links_open(&ends, by);
                        if (wants[i] & POLLOUT)
                                while (links_stuff(ends.server, 0, 1 << 20) > 0)
                                        ;
                        while (by->arm(ends.server, wants[i], &wait) == VIA_AWAKE)
                                ;
                        links_close(&ends.client);
                        CHECK(links_sleep(&wait));
                        if (wants[i] == POLLIN)
                                CHECK_INT(by->recv(ends.server, &c, 1), ==, 0);
                        else
                                CHECK_INT(by->send(ends.server, "x", 1), !=, -EAGAIN);
                        links_end(&ends);
                }
        }
}

/*
 * Lets a child have one end, which sends something and is killed; the survivor hears all of it,
 * and then the end.
 */
static void kill_peer(const struct via_transport *by, bool kill_server) {
        struct via_listener *listener = NULL;
        struct via_link *link = NULL;
        int pipes[2], status;
        char name[512] = "";
        ssize_t sent = 0, end;
        pid_t pid;

        REQUIRE(pipe2(pipes, O_CLOEXEC) == 0);
        if (!kill_server)
                REQUIRE(links_listen(links_endpoint(by), &listener) == 0);
        else
                links_folder();
        pid = fork();
        if (pid == 0) {
                if (kill_server)
                        REQUIRE(links_listen(links_endpoint(by), &listener) == 0);
                by->name(listener, name, sizeof(name));
                if (kill_server && write(pipes[1], name, sizeof(name)) < 0)
                        exit(1);
                if (kill_server)
                        links_accept(listener, &link);
                else
                        links_connect(name, 5000, &link);
                sent = links_stuff(link, 0, 20000);
                if (write(pipes[1], &sent, sizeof(sent)) < 0)
                        exit(1);
                for (;;)
                        pause();
        }
        close(pipes[1]);
        if (kill_server) {
                REQUIRE(read(pipes[0], name, sizeof(name)) == sizeof(name));
                REQUIRE(links_connect(name, 5000, &link) == 0);
        } else {
                REQUIRE(links_accept(listener, &link) == 0);
        }
        CHECK_INT(read(pipes[0], &sent, sizeof(sent)), ==, sizeof(sent));
        CHECK_INT(sent, >, 10000);
        CHECK_INT(links_stuff(link, 0, 100), ==, 100);  /* which it never reads */
        kill(pid, SIGKILL);
        CHECK_INT(links_drain(link, 0, 1 << 20, &end), ==, sent);
        CHECK(end == 0 || end == -ECONNRESET || end == -EPIPE);
        waitpid(pid, &status, 0);
        close(pipes[0]);
        links_close(&link);

        /* Whatever the dead server left, a new one takes over and then removes. */
        if (kill_server)
                CHECK_INT(links_listen(name, &listener), ==, 0);
        links_shut(&listener);
        links_folder_end();
}

TEST(peer_is_killed) {
        EACH_TRANSPORT(by) {
                if (strcmp(by->scheme, "inproc") == 0)
                        continue;                       /* dies with us */
                kill_peer(by, false);
                kill_peer(by, true);
        }
}

TEST(client_gone_before_accept) {
        EACH_TRANSPORT(by) {
                struct via_link *link = NULL;
                struct ends ends;
                ssize_t end;
                int r;

                links_open(&ends, by);
                REQUIRE(links_connect(ends.name, 1000, &link) == 0);
                CHECK_INT(links_stuff(link, 0, 10), ==, 10);
                links_close(&link);
                r = links_accept(ends.listener, &link);
                CHECK(r == 0 || r == -ECONNABORTED);
                if (r == 0)
                        CHECK_INT(links_drain(link, 0, 100, &end), ==, 10);
                links_close(&link);
                links_end(&ends);
        }
}

TEST(out_of_descriptors) {
        struct rlimit old, tight;

        if (test_slow() > 1)
                SKIP("valgrind accepts, and closes what is over the limit");
        REQUIRE(getrlimit(RLIMIT_NOFILE, &old) == 0);
        EACH_TRANSPORT(by) {
                struct via_link *link = NULL, *other = NULL;
                struct ends ends;
                ssize_t end;
                int r, next;

                links_open(&ends, by);
                REQUIRE(links_connect(ends.name, 1000, &link) == 0);
                next = fcntl(0, F_DUPFD_CLOEXEC, 3);
                close(next);
                tight = (struct rlimit){ .rlim_cur = (rlim_t)next, .rlim_max = old.rlim_max };
                REQUIRE(setrlimit(RLIMIT_NOFILE, &tight) == 0);

                CHECK_INT(links_connect(ends.name, 1000, &other), ==, -EMFILE);
                r = links_accept(ends.listener, &other);
                CHECK(r == 0 || r == -EMFILE);
                if (r)
                        CHECK_INT(links_accept(ends.listener, &other), ==, -EMFILE);
                setrlimit(RLIMIT_NOFILE, &old);
                if (r)                                  /* who waits is still there */
                        CHECK_INT(links_accept(ends.listener, &other), ==, 0);
                CHECK_INT(links_stuff(link, 0, 10), ==, 10);
                CHECK_INT(links_drain(other, 0, 10, &end), ==, 10);
                links_close(&other);
                links_close(&link);
                links_end(&ends);
        }
}

TEST(descriptors_close_on_exec) {
        EACH_TRANSPORT(by) {
                bool before[1024] = { false };
                struct ends ends;

                test_descriptors(before, NULL);
                links_open(&ends, by);
                for (int fd = 3; fd < 64; fd++) {
                        int flags = fcntl(fd, F_GETFD);

                        if (!before[fd] && flags >= 0 && !(flags & FD_CLOEXEC))
                                test_fail(__FILE__, __LINE__, "%s: %d would be inherited",
                                          by->scheme, fd);
                }
                links_end(&ends);
        }
}

/* That none stays open is what the runner checks. */
TEST(many_links_come_and_go) {
        EACH_TRANSPORT(by) {
                struct via_link *links[200] = { NULL };
                int most = links_most(by);
                struct ends ends;
                ssize_t end;

                links_open(&ends, by);
                for (int i = 0; i < 2 * most; i += 2) {
                        REQUIRE(links_connect(ends.name, 1000, &links[i]) == 0);
                        REQUIRE(links_accept(ends.listener, &links[i + 1]) == 0);
                        CHECK_INT(links_stuff(links[i], (size_t)i, 10), ==, 10);
                }
                for (int i = 0; i < 2 * most; i += 2) {
                        CHECK_INT(links_drain(links[i + 1], (size_t)i, 10, &end), ==, 10);
                        links_close(&links[i + i % 4 / 2]);
                        links_close(&links[i + 1 - i % 4 / 2]);
                }
                links_end(&ends);
        }
}

TEST(who_is_there) {
        EACH_TRANSPORT(by) {
                struct via_peer peer = { .known = false };
                struct ends ends;

                links_open(&ends, by);
                by->peer(ends.server, &peer);
                if (strcmp(by->scheme, "tcp") == 0) {
                        CHECK(!peer.known);
                        CHECK(strncmp(peer.address, "127.0.0.1:", 10) == 0);
                } else {
                        CHECK(peer.known);
                        CHECK_INT(peer.uid, ==, geteuid());
                        CHECK_INT(peer.gid, ==, getegid());
                        CHECK_INT(peer.pid, ==, getpid());
                        CHECK_STR(peer.address, "");
                }
                links_end(&ends);
        }
}
