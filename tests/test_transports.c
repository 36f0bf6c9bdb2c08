/*
 * test_transports.c - the contract of <via/transport.h>, kept by each transport in the table
 *
 * A transport that is added to the table is tested here without another line (links.h knows an
 * endpoint for it). What only one of them can do or suffer is in test_unix.c, test_tcp.c and
 * test_inproc.c.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/time.h>
#include "links.h"

/* But those of one link a server, whose ends cannot be in one process: see test_exec.c. */
#define EACH_TRANSPORT(by) \
        for (const struct via_transport *const *each = via_transports, *by; (by = *each); each++) \
                if (!(by->traits & VIA_ALONE))

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

TEST(nothing_there_yet) {
        EACH_TRANSPORT(by) {
                struct via_link *link = NULL;
                struct via_wait wait = { .n_fds = 0 };
                struct ends ends;
                char buf[8];

                links_open(&ends, by);
                link = calloc(1, by->link_size);
                CHECK_INT(by->accept(ends.listener, link), ==, -EAGAIN);
                free(link);
                CHECK_INT(by->recv(ends.client, buf, sizeof(buf)), ==, -EAGAIN);
                CHECK_INT(by->arm(ends.client, POLLIN, &wait), ==, 0);
                CHECK_INT(poll(wait.fds, wait.n_fds, 0), ==, 0);
                if (by->recv_wait) {
                        static const int timeouts[] = { 0, 1, 30, 1, 0, 25 };

                        for (size_t i = 0; i < sizeof(timeouts) / sizeof(*timeouts); i++)
                                CHECK_INT(by->recv_wait(ends.client, buf, sizeof(buf),
                                                        timeouts[i]),
                                          ==, -EAGAIN);
                        CHECK_INT(links_stuff(ends.server, 0, 3), ==, 3);
                        CHECK_INT(by->recv_wait(ends.client, buf, sizeof(buf), 10000), ==, 3);
                }
                links_end(&ends);
        }
}

TEST(asleep_again_after_waking) {
        EACH_TRANSPORT(by) {
                struct via_wait wait = { .n_fds = 0 };
                struct ends ends;
                ssize_t end;

                links_open(&ends, by);
                for (size_t i = 0; i < 5; i++) {
                        CHECK_INT(by->arm(ends.server, POLLIN, &wait), ==, 0);
                        CHECK_INT(poll(wait.fds, wait.n_fds, 0), ==, 0);
                        CHECK_INT(links_stuff(ends.client, i, 1), ==, 1);
                        CHECK(links_sleep(&wait));
                        CHECK_INT(links_drain(ends.server, i, 1, &end), ==, 1);
                }
                CHECK_INT(by->arm(ends.server, POLLIN, &wait), ==, 0);
                CHECK_INT(poll(wait.fds, wait.n_fds, 0), ==, 0);
                links_end(&ends);
        }
}

TEST(never_asleep_over_something) {
        EACH_TRANSPORT(by) {
                struct via_wait wait = { .n_fds = 0 };
                struct ends ends;
                ssize_t end;

                links_open(&ends, by);
                for (size_t i = 0; i < 5; i++) {
                        CHECK_INT(links_stuff(ends.client, i, 1), ==, 1);
                        CHECK(by->arm(ends.server, POLLIN, &wait) == VIA_AWAKE ||
                              links_sleep(&wait));
                        CHECK_INT(links_drain(ends.server, i, 1, &end), ==, 1);
                        CHECK(by->arm(ends.client, POLLOUT, &wait) == VIA_AWAKE ||
                              links_sleep(&wait));
                }
                links_close(&ends.client);
                CHECK(by->arm(ends.server, POLLIN, &wait) == VIA_AWAKE || links_sleep(&wait));
                links_end(&ends);
        }
}

/* What is written into lent room arrives, whether it is looked at or received, and wakes. */
TEST(loans) {
        EACH_TRANSPORT(by) {
                size_t sent = 0, got = 0;
                struct ends ends;

                if (!by->loan)
                        continue;
                links_open(&ends, by);
                CHECK(!by->loan->reserve(ends.client, 1 << 30));
                for (unsigned round = 0; round < 5000; round++) {
                        size_t size = 1 + round * 37 % 5000, rest;
                        struct via_wait wait = { .n_fds = 0 };
                        unsigned char buf[512];
                        const uint8_t *data;
                        uint8_t *room = by->loan->reserve(ends.client, size / 2 + 1), *more;
                        bool asleep = by->arm(ends.server, POLLIN, &wait) == 0;
                        ssize_t n;

                        CHECK_INT(asleep, ==, sent == got);
                        more = room ? by->loan->reserve(ends.client, size) : NULL;
                        CHECK(!more || more == room);
                        if (more) {
                                links_fill(more, sent, size);
                                by->loan->commit(ends.client, size);
                        } else {
                                n = links_stuff(ends.client, sent, size);
                                REQUIRE(n >= 0);
                                size = (size_t)n;
                        }
                        sent += size;
                        if (asleep && size)
                                CHECK(links_sleep(&wait));

                        for (rest = round % 3 ? sent - got : 0; rest; rest -= (size_t)n) {
                                n = round % 2 ? by->recv(ends.server, buf, sizeof(buf)) :
                                                by->loan->peek(ends.server, &data);
                                REQUIRE(n > 0 && (size_t)n <= rest);
                                n = round % 2 ? n : (n + 1) / 2;
                                CHECK(links_is_stream(round % 2 ? buf : data, got, (size_t)n));
                                if (round % 2 == 0)
                                        by->loan->release(ends.server, (size_t)n);
                                got += (size_t)n;
                        }
                }
                links_close(&ends.client);
                links_end(&ends);
        }
}

static void on_alarm(int signal) {
        (void)signal;
}

/* A signal ends the wait, and nothing else: the caller may have something to do. */
TEST(a_signal_ends_the_wait) {
        struct sigaction action = { .sa_handler = on_alarm };
        struct timeval soon = { .tv_usec = 20000 };
        /* and again, should we not be waiting yet */
        struct itimerval timer = { soon, soon };

        sigaction(SIGALRM, &action, NULL);
        EACH_TRANSPORT(by) {
                struct ends ends;
                char buf[8];

                if (!by->recv_wait)
                        continue;
                links_open(&ends, by);
                setitimer(ITIMER_REAL, &timer, NULL);
                CHECK_INT(by->recv_wait(ends.client, buf, sizeof(buf), -1), ==, -EAGAIN);
                timer = (struct itimerval){ .it_value = { 0, 0 } };
                setitimer(ITIMER_REAL, &timer, NULL);
                timer = (struct itimerval){ soon, soon };
                links_end(&ends);
        }
}

/*
 * The other end of an echo: sends back whatever comes, as a driver would, until the peer
 * leaves.
 */
static void *echo(void *arg) {
        static unsigned char buf[100000];
        struct via_link *link = arg;
        size_t size = 0, sent = 0;

        for (;;) {
                struct via_wait wait = { .n_fds = 0 };
                ssize_t n = 0;

                if (sent == size) {
                        n = link->by->recv(link, buf, sizeof(buf));
                        if (n <= 0 && n != -EAGAIN)
                                return NULL;
                        size = n > 0 ? (size_t)n : 0;
                        sent = 0;
                }
                while (sent < size && (n = link->by->send(link, buf + sent, size - sent)) > 0)
                        sent += (size_t)n;
                if (n == -EAGAIN && link->by->arm(link, size ? POLLOUT : POLLIN, &wait) == 0 &&
                    !links_sleep(&wait))
                        return NULL;
                if (n < 0 && n != -EAGAIN)
                        return NULL;
        }
}

/* @size bytes there and back. */
static void echo_once(struct via_link *link, size_t size, bool wait_in_kernel) {
        static unsigned char out[3000001], in[3000001];
        size_t sent = 0, got = 0;

        links_fill(out, size, size);
        while (got < size) {
                ssize_t n = sent < size ? link->by->send(link, out + sent, size - sent) : 0, m;

                REQUIRE(n >= 0 || n == -EAGAIN);
                sent += n > 0 ? (size_t)n : 0;
                m = sent == size && wait_in_kernel
                            ? link->by->recv_wait(link, in + got, size - got, 30000)
                            : link->by->recv(link, in + got, size - got);
                REQUIRE(m > 0 || m == -EAGAIN);
                got += m > 0 ? (size_t)m : 0;
                if (n <= 0 && m == -EAGAIN)
                        REQUIRE(links_wait(link, sent < size ? POLLIN | POLLOUT : POLLIN));
        }
        CHECK(links_is_stream(in, size, size));
}

TEST(echo_of_all_sizes) {
        static const size_t sizes[] = { 1, 2, 64, 4095, 4096, 4097,
                                        65535, 65536, 65537, 212993, 1048576, 3000001 };

        EACH_TRANSPORT(by) {
                struct ends ends;
                pthread_t thread;

                links_open(&ends, by);
                REQUIRE(pthread_create(&thread, NULL, echo, ends.server) == 0);
                for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
                        for (int way = 0; way <= (by->recv_wait != NULL); way++)
                                echo_once(ends.client, sizes[i], way == 1);
                for (int i = 0; i < 2000; i++)
                        echo_once(ends.client, 1 + (size_t)i % 100, by->recv_wait && i % 2);
                links_close(&ends.client);
                pthread_join(thread, NULL);
                links_end(&ends);
        }
}

TEST(full_then_room_again) {
        EACH_TRANSPORT(by) {
                enum { MUCH = 256 << 20 };
                struct via_wait wait = { .n_fds = 0 };
                struct ends ends;
                ssize_t n, end;
                size_t got = 0;

                links_open(&ends, by);
                n = links_stuff(ends.client, 0, MUCH);
                CHECK(n > 0 && n < MUCH);               /* bounded */
                while (by->arm(ends.client, POLLOUT, &wait) == VIA_AWAKE ||
                       poll(wait.fds, wait.n_fds, 0) > 0) {
                        ssize_t more = links_stuff(ends.client, (size_t)n, MUCH);

                        REQUIRE(more >= 0 && n + more < MUCH);
                        n += more;
                }
                CHECK_INT(by->send(ends.client, "x", 1), ==, -EAGAIN);
                got = links_drain(ends.server, 0, (size_t)n, &end);
                CHECK_INT(got, ==, n);
                CHECK(links_sleep(&wait));              /* as armed before */
                CHECK_INT(links_stuff(ends.client, (size_t)n, 100), ==, 100);
                CHECK_INT(links_drain(ends.server, (size_t)n, 100, &end), ==, 100);
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
