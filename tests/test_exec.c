/*
 * test_exec.c - a child at exec:, what it is given, and how either ends
 */
#include <sys/resource.h>
#include "child.h"

TEST(echo_of_all_sizes) {
        static const size_t sizes[] = { 1, 64, 4095, 4096, 4097, 65536, 65537, 1048576, 3000001 };
        struct via_link *link = start("echoes");

        for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
                links_echo(link, sizes[i], false);
        for (size_t i = 0; i < 1000; i++)
                links_echo(link, 1 + i % 100, false);
        links_close(&link);
        no_child_is_left();
}

TEST(words) {
        static const struct {
                const char *command, *heard;
        } cases[] = {
                { "a b", "a\nb\n" },
                { "  a   b  ", "a\nb\n" },
                { "'a b' \"c d\"", "a b\nc d\n" },
                { "a'b c'd \"\" ''", "ab cd\n\n\n" },
                { "a\\ b \\' \"\\\"\" '\\'", "a b\n'\n\"\n\\\n" },
                { "%22it's%22 a%3Fb%20c", "it's\na?b\nc\n" },
                { "$HOME * ; | > x", "$HOME\n*\n;\n|\n>\nx\n" },
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
                char what[200];
                struct via_link *link;

                snprintf(what, sizeof(what), "words %s", cases[i].command);
                link = start(what);
                CHECK_STR(hear(link), cases[i].heard);
                links_close(&link);
        }
        no_child_is_left();
}

TEST(commands_that_cannot_be) {
        static const struct {
                const char *uri, *says;
                int r;
        } cases[] = {
                { "exec:", "exec:", -EINVAL },
                { "exec:%20", "a command", -EINVAL },
                { "exec:''", "a command", -EINVAL },
                { "exec:a 'b", "quote '", -EINVAL },
                { "exec://bin/cat", "slashes", -EINVAL },
                { "exec:/no/such/program x", "there is no command /no/such/program", -ENOENT },
                { "exec:via-no-such-program", "in $PATH", -ENOENT },
                { "exec:/etc/passwd", "may not be run", -EACCES },
                { "exec:/etc", "may not be run", -EACCES },
                { "stdio:", "exec:", -EINVAL },
        };
        struct via_listener *listener = NULL;
        struct via_link *link = NULL;

        for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
                CHECK_INT(links_connect(cases[i].uri, 1000, &link), ==, cases[i].r);
                if (!strstr(links_note.text, cases[i].says))
                        test_fail(__FILE__, __LINE__, "%s: %s", cases[i].uri, links_note.text);
        }
        CHECK_INT(links_listen("exec:cat", &listener), ==, -EINVAL);
        CHECK(strstr(links_note.text, "stdio:"));
        no_child_is_left();
}

TEST(a_child_has_three_descriptors) {
        int more = open("/dev/null", O_RDONLY), copy = fcntl(more, F_DUPFD, 100);
        struct via_link *other = start("echoes"), *link = start("fds");

        CHECK_STR(hear(link), "0 1 2 ");
        links_close(&link);
        close(more);
        close(copy);
        links_echo(other, 100, false);
        links_close(&other);
}

TEST(a_child_has_no_signals_of_ours) {
        unsigned long long blocked, ignored;
        struct via_link *link;
        sigset_t all;

        sigfillset(&all);
        sigprocmask(SIG_BLOCK, &all, NULL);
        signal(SIGPIPE, SIG_IGN);
        signal(SIGUSR1, SIG_IGN);
        link = start("state");
        REQUIRE(sscanf(hear(link), "SigBlk: %llx SigIgn: %llx", &blocked, &ignored) == 2);
        CHECK_INT(blocked, ==, 0);
        CHECK_INT(ignored & 0x7fffffff, ==, 0); /* glibc has two of its own behind */
        links_close(&link);
}

/* Without standard descriptors of our own, the pipes get their numbers. */
TEST(a_parent_without_input_and_output) {
        int status = 1;
        pid_t pid;

        fflush(stdout);
        pid = fork();
        if (pid == 0) {
                struct via_link *link = NULL;
                struct stat st;

                close(0);
                close(1);
                if (links_connect(child("echoes"), 1000, &link))
                        _exit(1);
                links_echo(link, 100000, false);
                /* what we print does not get into the stream */
                for (int fd = 0; fd < 3; fd++)
                        CHECK(fd == 2 || fstat(fd, &st) < 0 || !S_ISFIFO(st.st_mode));
                links_close(&link);
                _exit(test_failures != 0);
        }
        waitpid(pid, &status, 0);
        CHECK_INT(status, ==, 0);
}

TEST(descriptors_close_on_exec) {
        bool before[1024] = { false };
        struct via_link *link;

        test_descriptors(before, NULL);
        link = start("echoes");
        for (int fd = 3; fd < 64; fd++) {
                int flags = fcntl(fd, F_GETFD);

                CHECK(before[fd] || flags < 0 || (flags & FD_CLOEXEC));
        }
        links_close(&link);
}

TEST(out_of_descriptors) {
        int next = fcntl(0, F_DUPFD_CLOEXEC, 3);
        struct via_link *link = NULL;
        struct rlimit old, tight;

        if (test_slow() > 1)
                SKIP("valgrind has descriptors of its own");
        close(next);
        REQUIRE(getrlimit(RLIMIT_NOFILE, &old) == 0);
        for (int more = 0; more < 4; more++) {
                tight = (struct rlimit){ .rlim_cur = (rlim_t)(next + more),
                                         .rlim_max = old.rlim_max };
                REQUIRE(setrlimit(RLIMIT_NOFILE, &tight) == 0);
                CHECK_INT(links_connect(child("echoes"), 1000, &link), ==, -EMFILE);
        }
        setrlimit(RLIMIT_NOFILE, &old);
        no_child_is_left();
}

/* --- ends --- */

TEST(a_child_that_dies_is_heard_out) {
        struct via_link *link = start("says_much");
        ssize_t end;

        CHECK_INT(links_drain(link, 0, 1 << 20, &end), ==, 20000);
        CHECK(end == 0 || end == -ECONNRESET);
        end = link->by->send(link, "late", 4);
        CHECK(end > 0 || end == -EPIPE);
        links_close(&link);
        no_child_is_left();
}

/* Whatever we sleep for; and the link's end is also the zombie's. */
TEST(a_child_that_is_killed) {
        static const int wants[] = { POLLIN, POLLIN | POLLOUT, POLLOUT };

        for (int i = 0; i < 3; i++) {
                struct via_link *link = start("is_deaf");
                struct via_peer peer = { .known = false };
                struct via_wait wait = { .n_fds = 0 };
                ssize_t end;
                char c;

                CHECK_INT(links_drain(link, 0, 0, &end), ==, 0);
                CHECK(links_wait(link, POLLIN));
                CHECK_INT(link->by->recv(link, &c, 1), ==, 1);
                link->by->peer(link, &peer);
                REQUIRE(peer.known && peer.uid == geteuid() && peer.gid == getegid());
                if (wants[i] & POLLOUT)
                        while (links_stuff(link, 0, 1 << 20) > 0)
                                ;
                CHECK_INT(link->by->arm(link, wants[i], &wait), ==, 0);
                CHECK_INT(poll(wait.fds, wait.n_fds, 0), ==, 0);
                kill(peer.pid, SIGKILL);
                CHECK(links_sleep(&wait));
                if (wants[i] & POLLOUT)
                        CHECK_INT(link->by->send(link, "x", 1), ==, -EPIPE);
                CHECK_INT(links_drain(link, 0, 1, &end), ==, 0);
                links_close(&link);
                no_child_is_left();
        }
}

TEST(a_child_that_ends_at_once) {
        struct via_link *link = start("ends");

        CHECK_STR(hear(link), "");
        links_close(&link);
        no_child_is_left();
}

/* The pipes are still open in a grandchild. */
TEST(a_child_that_leaves_a_child) {
        struct via_link *link = start("has_a_child");

        CHECK_STR(hear(link), "x");
        links_close(&link);
        no_child_is_left();
}

TEST(close_waits_for_no_deaf_child) {
        struct via_link *link = start("is_deaf");
        char c;

        CHECK(links_wait(link, POLLIN));
        CHECK_INT(link->by->recv(link, &c, 1), ==, 1);
        links_close(&link);
        no_child_is_left();
}

TEST(an_application_that_ignores_its_children) {
        struct via_link *link;

        signal(SIGCHLD, SIG_IGN);
        link = start("echoes");
        links_echo(link, 1000, false);
        links_close(&link);
        link = start("is_deaf");
        links_close(&link);
        no_child_is_left();
}

TEST(what_was_sent_before_close_arrives) {
        char what[200], text[32] = "";
        struct via_link *link;
        FILE *file;

        snprintf(what, sizeof(what), "counts %s/n", links_folder());
        link = start(what);
        CHECK_INT(links_stuff(link, 0, 50000), ==, 50000);
        links_close(&link);
        file = fopen(strchr(what, ' ') + 1, "re");
        CHECK(file && fgets(text, sizeof(text), file));
        CHECK_STR(text, "50000");
        if (file)
                fclose(file);
        unlink(strchr(what, ' ') + 1);
        links_folder_end();
}

/* A child whose parent is killed finds the end of its input, and ends. */
TEST(a_parent_that_is_killed) {
        int ready[2], status = 1;
        pid_t parent, orphan;
        char c;

        REQUIRE(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0 && pipe2(ready, O_CLOEXEC) == 0);
        parent = fork();
        if (parent == 0) {
                struct via_link *link = start("echoes");

                links_echo(link, 1000, false);
                if (write(ready[1], "x", 1) == 1)
                        for (;;)
                                pause();
                _exit(1);
        }
        REQUIRE(read(ready[0], &c, 1) == 1);
        kill(parent, SIGKILL);
        CHECK_INT(waitpid(parent, NULL, 0), ==, parent);
        orphan = waitpid(-1, &status, 0);
        CHECK_INT(orphan, >, 0);
        CHECK_INT(status, ==, 0);
        close(ready[0]);
        close(ready[1]);
}

/* A server of Via's: via_server_run() returns when its only link has ended. */
TEST(a_server_at_stdio_ends_with_its_link) {
        char what[200], *path = what + strlen("serves ");
        struct via_link *link;

        snprintf(what, sizeof(what), "serves %s/ended", links_folder());
        link = start(what);
        CHECK_INT(access(path, F_OK), ==, -1);
        links_close(&link);
        CHECK_INT(unlink(path), ==, 0);
        no_child_is_left();
        links_folder_end();
}
