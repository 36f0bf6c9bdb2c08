/*
 * test_lifeline.c - meeting at a socket: names, hellos and their descriptors, who says nothing
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include "lifeline.h"
#include "links.h"

static struct via_note note;

static int listen_as(struct via_lifeline *self, const char *name) {
        static struct via_uri uri;

        links_folder();
        REQUIRE(via_uri_parse(&uri, "meet:x", NULL) == 0);
        memset(self, 0, sizeof(*self));
        memset(&note, 0, sizeof(note));
        return via_lifeline_listen(self, &uri, name, &note);
}

static int connect_to(const char *name, int *ret_fd) {
        static struct via_uri uri;

        REQUIRE(via_uri_parse(&uri, "meet:x", NULL) == 0);
        memset(&note, 0, sizeof(note));
        return via_lifeline_connect(&uri, name, 1000, ret_fd, &note);
}

static bool ready(const struct via_lifeline *self, int timeout_ms) {
        struct via_wait wait;

        via_lifeline_watch(self, &wait);
        return poll(wait.fds, wait.n_fds, timeout_ms) == 1;
}

TEST(hellos_and_descriptors_cross) {
        struct via_hello hello = { .bytes = "from the client", .n_fds = 2 }, heard;
        struct via_peer peer = { .known = false };
        struct via_lifeline at;
        int client, server;

        REQUIRE(listen_as(&at, "a") == 0);
        REQUIRE(connect_to("a", &client) == 0);
        hello.fds[0] = eventfd(7, EFD_CLOEXEC);
        hello.fds[1] = eventfd(8, EFD_CLOEXEC);
        CHECK_INT(via_lifeline_say(client, &hello), ==, 0);
        CHECK(ready(&at, 0));
        REQUIRE(via_lifeline_accept(&at, &server, &heard) == 0);
        CHECK(memcmp(heard.bytes, hello.bytes, sizeof(heard.bytes)) == 0);
        REQUIRE(heard.n_fds == 2);
        for (unsigned i = 0; i < 2; i++) {
                uint64_t n;

                CHECK(fcntl(heard.fds[i], F_GETFD) & FD_CLOEXEC);
                CHECK(read(heard.fds[i], &n, sizeof(n)) == sizeof(n) && n == 7 + i);
        }
        via_local_peer(server, &peer);
        CHECK(peer.known && peer.pid == getpid());
        via_hello_drop(&heard, 0);
        via_hello_drop(&hello, 0);

        CHECK_INT(via_lifeline_hear(client, &heard), ==, -EAGAIN);
        CHECK_INT(via_lifeline_say(server, &hello), ==, 0);
        CHECK_INT(via_lifeline_hear(client, &heard), ==, 0);
        CHECK_INT(heard.n_fds, ==, 0);
        CHECK_INT(via_lifeline_check(client), ==, 0);
        CHECK(send(server, "", 1, MSG_NOSIGNAL) == 1);
        CHECK_INT(via_lifeline_check(client), ==, 0);
        close(server);
        CHECK_INT(via_lifeline_check(client), ==, -ECONNRESET);
        close(client);
        via_lifeline_shut(&at);
        links_folder_end();
}

/*
 * Left with something unread, the kernel says "reset" first; what was said is heard all the
 * same.
 */
TEST(last_words_are_heard) {
        struct via_hello hello = { .bytes = "x" }, heard;
        struct via_lifeline at;
        int client, server;

        REQUIRE(listen_as(&at, "a") == 0);
        REQUIRE(connect_to("a", &client) == 0);
        CHECK_INT(via_lifeline_say(client, &hello), ==, 0);
        REQUIRE(via_lifeline_accept(&at, &server, &heard) == 0);
        CHECK_INT(via_lifeline_say(server, &hello), ==, 0);
        CHECK(send(client, "", 1, MSG_NOSIGNAL) == 1);
        close(server);
        CHECK_INT(via_lifeline_hear(client, &heard), ==, 0);
        CHECK_INT(via_lifeline_hear(client, &heard), ==, -ECONNRESET);
        close(client);
        via_lifeline_shut(&at);
        links_folder_end();
}

TEST(another_version) {
        uint32_t packet[2 + VIA_HELLO_SIZE / 4] = { 0x4c616956, 1 };
        struct via_hello heard;
        int fds[2];

        REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == 0);
        CHECK(send(fds[0], packet, sizeof(packet), 0) == sizeof(packet));
        CHECK_INT(via_lifeline_hear(fds[1], &heard), ==, 0);
        packet[1] = 2;
        CHECK(send(fds[0], packet, sizeof(packet), 0) == sizeof(packet));
        CHECK_INT(via_lifeline_hear(fds[1], &heard), ==, -EPROTO);
        close(fds[0]);
        close(fds[1]);
}

TEST(a_packet_waits_for_room_for_its_descriptors) {
        struct via_hello hello = { .n_fds = 3 }, heard;
        struct rlimit old, tight;
        struct via_lifeline at;
        int client, server, next;

        if (test_slow() > 1)
                SKIP("valgrind has descriptors of its own");
        REQUIRE(getrlimit(RLIMIT_NOFILE, &old) == 0);
        REQUIRE(listen_as(&at, "a") == 0);
        REQUIRE(connect_to("a", &client) == 0);
        CHECK_INT(via_lifeline_say(client, &hello), ==, 0);     /* 0, three times */
        next = fcntl(0, F_DUPFD_CLOEXEC, 3);
        close(next);
        tight = (struct rlimit){ .rlim_cur = (rlim_t)next + 2, .rlim_max = old.rlim_max };
        /* for the socket, and one of three */
        REQUIRE(setrlimit(RLIMIT_NOFILE, &tight) == 0);
        CHECK_INT(via_lifeline_accept(&at, &server, &heard), ==, -EMFILE);
        CHECK_INT(via_lifeline_accept(&at, &server, &heard), ==, -EMFILE);
        setrlimit(RLIMIT_NOFILE, &old);
        CHECK(ready(&at, 0));
        REQUIRE(via_lifeline_accept(&at, &server, &heard) == 0);
        CHECK_INT(heard.n_fds, ==, 3);
        via_lifeline_put_back(&at, server, &heard);             /* and there is no memory either */
        CHECK(ready(&at, 1000));
        REQUIRE(via_lifeline_accept(&at, &server, &heard) == 0);
        CHECK_INT(via_lifeline_accept(&at, &next, &hello), ==, -EAGAIN);
        CHECK(!ready(&at, 0));
        via_lifeline_put_back(&at, server, &heard);
        via_lifeline_shut(&at);                                 /* closes that one too */
        close(client);
        links_folder_end();
}

TEST(who_says_nothing_is_sent_away) {
        struct pollfd wait = { .events = POLLIN };
        struct via_hello heard;
        struct via_lifeline at;
        int server;

        REQUIRE(listen_as(&at, "a") == 0);
        REQUIRE(connect_to("a", &wait.fd) == 0);
        CHECK_INT(via_lifeline_accept(&at, &server, &heard), ==, -EAGAIN);
        CHECK(!ready(&at, 0));                  /* it bothers nobody until its time is over */
        CHECK(ready(&at, 30000));
        CHECK_INT(via_lifeline_accept(&at, &server, &heard), ==, -EAGAIN);
        CHECK(!ready(&at, 0));
        CHECK(poll(&wait, 1, 0) == 1 && wait.revents & POLLHUP);
        close(wait.fd);
        via_lifeline_shut(&at);
        links_folder_end();
}

TEST(more_than_are_kept_aside) {
        enum { MANY = VIA_LIFELINE_HALF_OPEN + 10 };
        struct via_hello hello = { .n_fds = 0 }, heard;
        struct via_lifeline at;
        int fds[MANY], server;

        REQUIRE(listen_as(&at, "a") == 0);
        for (int i = 0; i < MANY; i++) {
                REQUIRE(connect_to("a", &fds[i]) == 0);
                CHECK_INT(via_lifeline_accept(&at, &server, &heard), ==, -EAGAIN);
        }
        for (int i = 0; i < MANY; i++)
                CHECK_INT(via_lifeline_say(fds[i], &hello), ==, i < 10 ? -ECONNRESET : 0);
        for (int i = 10; i < MANY; i++) {
                REQUIRE(ready(&at, 0));
                REQUIRE(via_lifeline_accept(&at, &server, &heard) == 0);
                close(server);
        }
        for (int i = 0; i < MANY; i++)
                close(fds[i]);
        via_lifeline_shut(&at);
        links_folder_end();
}

TEST(names_that_could_be_paths) {
        static const char *const wrong[] = { "", ".", "..", ".x", "a/b", "/a", "../a", "a b",
                                             "a\\", "\303\244", "@a" };
        char longest[300];
        struct via_lifeline at;
        int fd;

        for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
                CHECK_INT(listen_as(&at, wrong[i]), ==, -EINVAL);
                CHECK(strstr(note.text, "letters, digits"));
                CHECK_INT(connect_to(wrong[i], &fd), ==, -EINVAL);
                CHECK(strstr(note.text, "letters, digits"));
        }
        memset(longest, 'x', sizeof(longest));
        longest[sizeof(longest) - 1] = 0;
        CHECK_INT(listen_as(&at, longest), ==, -ENAMETOOLONG);
        CHECK(strstr(note.text, "299 letters, 64"));
        longest[64] = 0;
        CHECK_INT(listen_as(&at, longest), ==, 0);
        via_lifeline_shut(&at);
        links_folder_end();
}

TEST(folders_that_others_own) {
        char via[80], aside[80];
        struct via_lifeline at;
        int fd;

        snprintf(via, sizeof(via), "%s/via", links_folder());
        snprintf(aside, sizeof(aside), "%s/aside", links_folder());
        REQUIRE(mkdir(via, 0700) == 0 && chmod(via, 0777) == 0);
        CHECK_INT(listen_as(&at, "a"), ==, -EPERM);
        CHECK(strstr(note.text, "others can write"));
        CHECK_INT(connect_to("a", &fd), ==, -EPERM);
        REQUIRE(chmod(via, 0700) == 0 && rename(via, aside) == 0 && symlink("aside", via) == 0);
        CHECK_INT(listen_as(&at, "a"), <, 0);
        CHECK_INT(connect_to("a", &fd), <, 0);
        unlink(via);
        if (geteuid() == 0) {
                REQUIRE(rename(aside, via) == 0 && chown(via, 65534, 65534) == 0);
                CHECK_INT(listen_as(&at, "a"), ==, -EPERM);
                CHECK(strstr(note.text, "belongs to uid 65534"));
                CHECK_INT(connect_to("a", &fd), ==, -EPERM);
        } else {
                rmdir(aside);
        }
        links_folder_end();
}

TEST(of_many_servers_one_wins) {
        for (int round = 0; round < 20; round++) {
                int go[2], results[2], won = 0;
                struct via_lifeline at;
                pid_t pids[8];
                char all[8];

                links_folder();
                REQUIRE(pipe2(go, O_CLOEXEC) == 0 && pipe2(results, O_CLOEXEC) == 0);
                for (int i = 0; i < 8; i++) {
                        pids[i] = fork();
                        if (pids[i])
                                continue;
                        close(go[1]);
                        if (read(go[0], all, 1) < 0)    /* all at once: when the pipe ends */
                                _exit(1);
                        all[0] = listen_as(&at, "race") == 0 ? 'w'
                                 : *note.text                ? 'n'
                                                             : '?';
                        if (write(results[1], all, 1) < 0)
                                _exit(1);
                        pause();
                }
                close(go[1]);
                for (int i = 0; i < 8; i++) {
                        REQUIRE(read(results[0], all + i, 1) == 1);
                        won += all[i] == 'w';
                        CHECK(all[i] != '?');
                }
                CHECK_INT(won, ==, 1);
                close(go[0]);
                close(results[0]);
                close(results[1]);
                for (int i = 0; i < 8; i++) {           /* nobody cleans up ... */
                        kill(pids[i], SIGKILL);
                        waitpid(pids[i], NULL, 0);
                }
                CHECK_INT(listen_as(&at, "race"), ==, 0);       /* ... but the next */
                via_lifeline_shut(&at);
        }
        links_folder_end();
}
