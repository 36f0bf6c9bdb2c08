/*
 * test_fifo_clients.c - clients of fifo:, and the two FIFOs that each makes: who has not been let
 * in yet, who is killed, who is another user, who writes much
 */
#include <sys/file.h>
#include "fifos.h"
#include "random.h"

/* --- clients that have not been let in yet --- */

/* What waits for a server that dies, or shuts, knows at once, whatever it sleeps for. */
static void server_never_accepts(bool kill_it, int want) {
        struct via_wait wait = { .n_fds = 0 };
        struct via_listener *listener = NULL;
        struct via_link *link = NULL;
        pid_t pid = 0;
        char buf[8];

        if (kill_it)
                pid = links_server(endpoint("s", ""));
        else
                REQUIRE(links_listen(endpoint("s", ""), &listener) == 0);
        REQUIRE(links_connect(endpoint("s", ""), 1000, &link) == 0);
        if (want & POLLOUT)
                while (links_stuff(link, 0, 1 << 20) > 0)
                        ;
        CHECK_INT(link->by->recv(link, buf, sizeof(buf)), ==, -EAGAIN);
        CHECK_INT(link->by->arm(link, want, &wait), ==, 0);
        CHECK_INT(poll(wait.fds, wait.n_fds, 0), ==, 0);
        if (kill_it)
                links_kill(pid);
        else
                links_shut(&listener);
        CHECK(links_sleep(&wait));
        if (want & POLLOUT)
                CHECK_INT(link->by->send(link, "x", 1), ==, -EPIPE);
        CHECK_INT(link->by->recv(link, buf, sizeof(buf)), ==, -ECONNRESET);
        links_close(&link);
        CHECK_INT(pairs_in(links_folder()), ==, 0);
        REQUIRE(links_listen(endpoint("s", ""), &listener) == 0);
        links_shut(&listener);
        links_folder_end();
}

TEST(a_server_that_ends_before_it_accepts) {
        for (int kill_it = 0; kill_it < 2; kill_it++) {
                server_never_accepts(kill_it, POLLIN);
                server_never_accepts(kill_it, POLLOUT);
                server_never_accepts(kill_it, POLLIN | POLLOUT);
        }
}

/* The listener goes; whom it has let in stays, though he has heard nothing yet. */
TEST(a_server_that_shuts_after_it_accepted) {
        struct ends ends;
        ssize_t end;
        char c;

        links_open(&ends, links_find("fifo"));
        links_shut(&ends.listener);
        CHECK_INT(ends.client->by->recv(ends.client, &c, 1), ==, -EAGAIN);
        CHECK_INT(links_stuff(ends.server, 0, 5), ==, 5);
        CHECK_INT(links_drain(ends.client, 0, 5, &end), ==, 5);
        links_end(&ends);

        links_open(&ends, links_find("fifo"));
        links_shut(&ends.listener);
        links_stuff(ends.server, 0, 5);
        links_close(&ends.server);
        CHECK_INT(links_drain(ends.client, 0, 100, &end), ==, 5);
        CHECK_INT(end, ==, 0);
        links_end(&ends);

        links_open(&ends, links_find("fifo"));
        links_shut(&ends.listener);
        links_close(&ends.server);              /* politely, without a word */
        CHECK_INT(ends.client->by->recv(ends.client, &c, 1), ==, 0);
        links_end(&ends);
}

TEST(names_last_until_both_are_there) {
        struct via_listener *listener = NULL;
        struct via_link *client = NULL, *server = NULL;

        REQUIRE(links_listen(endpoint("s", ""), &listener) == 0);
        REQUIRE(links_connect(endpoint("s", ""), 1000, &client) == 0);
        CHECK_INT(pairs_in(links_folder()), ==, 1);
        REQUIRE(links_accept(listener, &server) == 0);
        CHECK_INT(pairs_in(links_folder()), ==, 0);
        links_close(&client);

        REQUIRE(links_connect(endpoint("s", ""), 1000, &client) == 0);
        links_close(&client);                   /* before anybody came */
        CHECK_INT(pairs_in(links_folder()), ==, 0);
        links_close(&server);
        links_shut(&listener);
        links_folder_end();
}

/* Clients that are killed at any instant of their coming leave nothing that stays. */
TEST(clients_killed_while_they_connect, .timeout = 120) {
        struct random random = { .state = 1 };
        struct via_listener *listener = NULL;
        const char *uri = endpoint("s", "");
        int left = 0;

        REQUIRE(links_listen(uri, &listener) == 0);
        for (int i = 0; i < 300; i++) {
                struct timespec t = {
                        .tv_nsec = random_below(&random, 1500 * (unsigned)test_slow()) * 1000
                };
                pid_t pid = fork();

                if (pid == 0)
                        for (;;) {
                                struct via_link *link = NULL;

                                if (links_connect(uri, 1000, &link))
                                        _exit(1);
                                link->by->close(link);
                                free(link);
                        }
                nanosleep(&t, NULL);
                links_kill(pid);
                left += pairs_in(links_folder());
                if (i % 10 == 0) {
                        struct via_link *link = calloc(1, listener->by->link_size);

                        link->by = listener->by;
                        while (listener->by->accept(listener, link) == -ECONNABORTED)
                                ;
                        free(link);
                }
        }
        printf("%d folders were left for a while\n", left);
        CHECK_INT(left, >, 0);
        links_shut(&listener);
        REQUIRE(links_listen(uri, &listener) == 0);
        CHECK_INT(pairs_in(links_folder()), ==, 0);
        links_shut(&listener);
        links_folder_end();
}

/* Only what is certainly a dead client's is removed, by who starts and who connects. */
TEST(sweeping) {
        static const char dead[] = "via-00000000000000000000000000000001";
        static const char alive[] = "via-00000000000000000000000000000002";
        static const char strange[] = "via-00000000000000000000000000000003";
        static const char other[] = "via-0000000000000000000000000000000g";
        struct via_listener *listener = NULL;
        struct via_link *link = NULL;
        char inside[128];
        int fd;

        for (int round = 0; round < 2; round++) {
                REQUIRE(mkdir(links_file(dead), 0700) == 0 && mkdir(links_file(alive), 0700) == 0);
                REQUIRE(mkdir(links_file(strange), 0700) == 0 &&
                        mkdir(links_file(other), 0700) == 0);
                snprintf(inside, sizeof(inside), "%s/to-x", dead);
                REQUIRE(mkfifo(links_file(inside), 0600) == 0);
                snprintf(inside, sizeof(inside), "%s/precious", strange);
                close(open(links_file(inside), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
                fd = open(links_file(alive), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                REQUIRE(fd >= 0 && flock(fd, LOCK_EX) == 0);
                if (round == 0)
                        REQUIRE(links_listen(endpoint("s", ""), &listener) == 0);
                else
                        REQUIRE(links_connect(endpoint("s", ""), 1000, &link) == 0);
                CHECK(!links_exists(dead));
                CHECK(links_exists(alive));
                CHECK(links_exists(inside));
                CHECK(links_exists(other));
                close(fd);
                unlink(links_file(inside));
                CHECK(rmdir(links_file(alive)) == 0 && rmdir(links_file(strange)) == 0 &&
                      rmdir(links_file(other)) == 0);
        }
        links_close(&link);
        links_shut(&listener);
        links_folder_end();
}

/* --- writing --- */

/* Many write at once, more than fits: each stream arrives as it was sent. */
TEST(writers_do_not_mix) {
        enum { CLIENTS = 12, SIZE = 300000 };
        struct via_listener *listener = NULL;
        const char *uri = endpoint("s", "");
        pid_t pids[CLIENTS];

        REQUIRE(links_listen(uri, &listener) == 0);
        for (int i = 0; i < CLIENTS; i++) {
                pids[i] = fork();
                if (pids[i] == 0) {
                        struct via_link *link = NULL;
                        size_t done = 0;
                        ssize_t end;

                        REQUIRE(links_connect(uri, 10000, &link) == 0);
                        while (done < SIZE) {
                                ssize_t n = links_stuff(link, (size_t)i + done, SIZE - done);

                                REQUIRE(n >= 0);
                                done += (size_t)n;
                                if (done < SIZE)
                                        REQUIRE(links_wait(link, POLLOUT));
                        }
                        /* who closes earlier waits a second for the server, and no longer */
                        CHECK_INT(links_drain(link, 0, 1, &end), ==, 1);
                        links_close(&link);
                        links_shut(&listener);          /* our copy of it */
                        _exit(test_failures != 0);
                }
        }
        for (int i = 0; i < CLIENTS; i++) {
                struct via_peer peer = { .known = false };
                struct via_link *link = NULL;
                ssize_t end;
                int who = 0;

                REQUIRE(links_accept(listener, &link) == 0);
                link->by->peer(link, &peer);
                while (who < CLIENTS - 1 && pids[who] != peer.pid)
                        who++;
                CHECK_INT(pids[who], ==, peer.pid);
                CHECK_INT(links_stuff(link, 0, 1), ==, 1);
                CHECK_INT(links_drain(link, (size_t)who, SIZE + 1, &end), ==, SIZE);
                CHECK_INT(end, ==, 0);
                links_close(&link);
        }
        for (int i = 0; i < CLIENTS; i++) {
                int status;

                waitpid(pids[i], &status, 0);
                CHECK_INT(status, ==, 0);
        }
        links_shut(&listener);
        links_folder_end();
}

/* As much as a pipe may hold, for those who need it. */
TEST(a_full_pipe_grows) {
        struct ends ends;
        int largest = 0;
        FILE *proc = fopen("/proc/sys/fs/pipe-max-size", "re");

        REQUIRE(proc && fscanf(proc, "%d", &largest) == 1);
        fclose(proc);
        if (geteuid() != 0 || largest < 1 << 20)
                SKIP("pipes may not grow here");
        links_open(&ends, links_find("fifo"));
        CHECK_INT(links_stuff(ends.client, 0, 1 << 20), ==, 1 << 20);
        CHECK_INT(links_stuff(ends.server, 0, 1 << 20), ==, 1 << 20);
        links_end(&ends);
}

/* --- other users --- */

static void nobody_connects(void) {
        struct via_link *link = NULL;
        ssize_t end;

        CHECK_INT(links_connect(endpoint("s", ""), 1000, &link), ==, 0);
        if (!link)
                return;
        CHECK_INT(links_stuff(link, 0, 1000), ==, 1000);
        CHECK_INT(links_drain(link, 0, 1000, &end), ==, 1000);
        links_close(&link);
}

/* Says back what @link says, until it ends, and is told who that was. */
static void echo_one(struct via_listener *listener, struct via_peer *ret_peer) {
        struct via_link *link = NULL;
        ssize_t end;

        REQUIRE(links_accept(listener, &link) == 0);
        link->by->peer(link, ret_peer);
        CHECK_INT(links_drain(link, 0, 1000, &end), ==, 1000);
        CHECK_INT(links_stuff(link, 0, 1000), ==, 1000);
        CHECK_INT(links_drain(link, 0, 1, &end), ==, 0);
        links_close(&link);
}

TEST(users_do_not_share) {
        struct via_peer peer = { .known = false };
        static struct via_listener *listener;   /* the children of children have copies */
        struct via_link *link = NULL;
        int before, status, ready[2];
        ssize_t end;
        pid_t pid;
        char c;

        if (geteuid() != 0)
                SKIP("needs to be root, to be two users");
        before = pairs_in("/tmp");

        /* The client may not write beside the server's FIFO. */
        REQUIRE(chmod(links_folder(), 0755) == 0);
        REQUIRE(links_listen(endpoint("s", "?mode=0622"), &listener) == 0);
        pid = fork();
        if (pid == 0) {
                links_as_nobody(nobody_connects);
                _exit(test_failures != 0);
        }
        echo_one(listener, &peer);
        waitpid(pid, &status, 0);
        CHECK_INT(status, ==, 0);
        CHECK(peer.known && peer.uid == 65534 && peer.gid == 65534 && peer.pid > pid);
        links_shut(&listener);

        /* The server may not enter a folder of root's. */
        REQUIRE(chown(links_folder(), 65534, 65534) == 0 && pipe2(ready, O_CLOEXEC) == 0);
        pid = fork();
        if (pid == 0) {
                if (setgid(65534) || setuid(65534) ||
                    links_listen(endpoint("s", ""), &listener) || write(ready[1], "x", 1) != 1)
                        _exit(1);
                echo_one(listener, &peer);
                CHECK(peer.known && peer.uid == 0 && peer.pid == getppid());
                links_shut(&listener);
                _exit(test_failures != 0);
        }
        REQUIRE(read(ready[0], &c, 1) == 1);
        REQUIRE(links_connect(endpoint("s", ""), 1000, &link) == 0);
        link->by->peer(link, &peer);
        CHECK(peer.known && peer.uid == 65534 && peer.pid == pid);
        CHECK_INT(links_stuff(link, 0, 1000), ==, 1000);
        CHECK_INT(links_drain(link, 0, 1000, &end), ==, 1000);
        links_close(&link);
        waitpid(pid, &status, 0);
        CHECK_INT(status, ==, 0);
        close(ready[0]);
        close(ready[1]);
        CHECK_INT(pairs_in("/tmp"), ==, before);
        links_folder_end();
}
