/*
 * test_exec.c - a child at exec:, and its end of the pipes, stdio:
 *
 * The child is this program again, told what to do by --child.
 */
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <via/via.h>
#include "links.h"
#include "pipe.h"

/* --- the child --- */

static struct via_link *child_link(void) {
        struct via_listener *listener = NULL;
        struct via_link *link = NULL;

        if (links_listen("stdio:", &listener) || links_accept(listener, &link))
                exit(2);
        links_shut(&listener);
        return link;
}

static void child_says(struct via_link *link, const char *what) {
        while (*what) {
                ssize_t n = link->by->send(link, what, strlen(what));

                if (n > 0)
                        what += n;
                else if (n != -EAGAIN || !links_wait(link, POLLOUT))
                        exit(3);
        }
}

static void child_echoes(struct via_link *link) {
        static char buf[100000];
        ssize_t n, m;

        for (;;) {
                n = link->by->recv(link, buf, sizeof(buf));
                if (n == -EAGAIN) {
                        if (!links_wait(link, POLLIN))
                                exit(4);
                        continue;
                }
                if (n <= 0) {
                        links_close(&link);
                        exit(n == 0 ? 0 : 5);
                }
                for (ssize_t done = 0; done<n; done += m> 0 ? m : 0) {
                        m = link->by->send(link, buf + done, (size_t)(n - done));
                        if (m == -EAGAIN ? !links_wait(link, POLLOUT) : m < 0)
                                exit(6);
                }
        }
}

/* What the kernel has blocked or ignored for us. */
static void child_tells_state(struct via_link *link) {
        char line[256], text[4096] = "";
        FILE *file = fopen("/proc/self/status", "re");

        while (file && fgets(line, sizeof(line), file))
                if (strncmp(line, "SigBlk", 6) == 0 || strncmp(line, "SigIgn", 6) == 0)
                        strcat(text, line);
        if (file)
                fclose(file);
        child_says(link, text);
        links_close(&link);
}

/* Before anything else is open: which descriptors there are. */
static void child_tells_fds(void) {
        char text[1024] = "";
        struct via_link *link;

        for (int fd = 0; fd < 256; fd++)
                if (fcntl(fd, F_GETFD) >= 0)
                        sprintf(text + strlen(text), "%d ", fd);
        link = child_link();
        child_says(link, text);
        links_close(&link);
}

static void child_tells_words(char **words) {
        struct via_link *link = child_link();

        for (; *words; words++) {
                child_says(link, *words);
                child_says(link, "\n");
        }
        links_close(&link);
}

/* Reads to the end, and writes into the file @path how much it was. */
static void child_counts(const char *path) {
        struct via_link *link = child_link();
        ssize_t end;
        size_t n = links_drain(link, 0, 100 << 20, &end);
        FILE *file = fopen(path, "we");

        links_close(&link);
        if (!file || fprintf(file, "%zu", n) < 0 || fclose(file))
                exit(7);
        exit(end == 0 ? 0 : 8);
}

static void child_serves(const char *path) {
        struct via_server *server = via_server_new(NULL);
        struct via_error err = VIA_ERROR_INIT;

        if (via_server_listen(server, "stdio:", &err))
                exit(via_error_report(&err));
        via_server_run(server);
        via_server_free(server);
        close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
}

static void child_is_told(const char *what, char **args) {
        struct via_listener *second = NULL;
        struct via_link *link;

        if (strcmp(what, "words") == 0) {
                child_tells_words(args);
        } else if (strcmp(what, "fds") == 0) {
                child_tells_fds();
        } else if (strcmp(what, "counts") == 0) {
                child_counts(args[0]);
        } else if (strcmp(what, "serves") == 0) {
                child_serves(args[0]);
        } else if (strcmp(what, "ends") == 0) {
                exit(9);
        } else {
                link = child_link();
                if (strcmp(what, "prints") == 0) {
                        if (printf("nothing for the stream\n") < 0 || fflush(stdout) ||
                            read(0, &(char){ 0 }, 1) != 0)
                                exit(10);
                } else if (strcmp(what, "state") == 0) {
                        child_tells_state(link);
                        exit(0);
                } else if (strcmp(what, "listens_twice") == 0) {
                        child_says(link, links_listen("stdio:", &second) == -EINVAL ? "no" : "yes");
                } else if (strcmp(what, "is_deaf") == 0) {
                        signal(SIGTERM, SIG_IGN);
                        child_says(link, "x");
                        for (;;)
                                pause();
                } else if (strcmp(what, "says_much") == 0) {
                        links_stuff(link, 0, 20000);
                        raise(SIGKILL);
                } else if (strcmp(what, "has_a_child") == 0) {
                        child_says(link, "x");
                        if (fork() > 0)
                                _exit(0);
                        for (;;)
                                pause();
                }
                child_echoes(link);
        }
        exit(0);
}

__attribute__((constructor(150))) static void be_the_child(int argc, char **argv) {
        if (argc > 2 && strcmp(argv[1], "--child") == 0)
                child_is_told(argv[2], argv + 3);
}

static const char *child(const char *what) {
        static char text[600];

        snprintf(text, sizeof(text), "exec:/proc/self/exe --child %s", what);
        return text;
}

/* --- this side --- */

static struct via_link *start(const char *what) {
        struct via_link *link = NULL;

        REQUIRE(links_connect(child(what), 1000, &link) == 0);
        return link;
}

static void no_child_is_left(void) {
        CHECK_INT(waitpid(-1, NULL, WNOHANG), ==, -1);
        CHECK_INT(errno, ==, ECHILD);
}

/* All that @link says until its end. */
static const char *hear(struct via_link *link) {
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

static void echo(struct via_link *link, size_t size) {
        static unsigned char out[3000001], in[3000001];
        size_t sent = 0, got = 0;

        links_fill(out, size, size);
        while (got < size) {
                ssize_t n = sent < size ? link->by->send(link, out + sent, size - sent) : 0, m;

                REQUIRE(n >= 0 || n == -EAGAIN);
                sent += n > 0 ? (size_t)n : 0;
                m = link->by->recv(link, in + got, size - got);
                REQUIRE(m > 0 || m == -EAGAIN);
                got += m > 0 ? (size_t)m : 0;
                if (n <= 0 && m == -EAGAIN)
                        REQUIRE(links_wait(link, sent < size ? POLLIN | POLLOUT : POLLIN));
        }
        CHECK(links_is_stream(in, size, size));
}

TEST(echo_of_all_sizes) {
        static const size_t sizes[] = { 1, 64, 4095, 4096, 4097, 65536, 65537, 1048576, 3000001 };
        struct via_link *link = start("echoes");

        for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
                echo(link, sizes[i]);
        for (size_t i = 0; i < 1000; i++)
                echo(link, 1 + i % 100);
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
        echo(other, 100);
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
                echo(link, 100000);
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
        echo(link, 1000);
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

                echo(link, 1000);
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

/* --- the other end --- */

TEST(what_a_handler_prints_is_not_in_the_stream) {
        struct via_link *link = start("prints");

        echo(link, 1000);
        links_close(&link);
}

TEST(stdio_is_there_once) {
        struct via_link *link = start("listens_twice");
        char text[4] = "";

        CHECK(links_wait(link, POLLIN));
        CHECK_INT(link->by->recv(link, text, 3), ==, 2);
        CHECK_STR(text, "no");
        links_close(&link);
}

/*
 * Runs @check in a child whose 0 and 1 are @in and @out; it ends with 0 if all was well.
 */
static pid_t with_stdio(int in, int out, void (*check)(void)) {
        pid_t pid;

        fflush(stdout);
        pid = fork();
        if (pid == 0) {
                dup2(2, 20);
                dup2(in, 0);
                dup2(out, 1);
                for (int fd = 3; fd < 20; fd++)
                        close(fd);
                test_failures = 0;
                check();
                dup2(20, 1);
                fflush(stdout);
                _exit(test_failures != 0);
        }
        return pid;
}

static void ended_well(pid_t pid) {
        int status = 1;

        waitpid(pid, &status, 0);
        CHECK_INT(status, ==, 0);
}

static void listens_at_nothing(void) {
        struct via_listener *listener = NULL;

        CHECK_INT(links_listen("stdio:", &listener), ==, -EINVAL);
        CHECK(strstr(links_note.text, "exec:"));
        CHECK_INT(links_listen("stdio:x", &listener), ==, -EINVAL);
}

TEST(stdio_wants_pipes) {
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);

        ended_well(with_stdio(null, null, listens_at_nothing));
        close(null);
}

/* Accepts, hears 10 bytes, says more than anybody reads; its peer leaves: no signal ends us. */
static void talks(void) {
        struct via_listener *listener = NULL;
        struct via_link *link = NULL, *no = NULL;
        struct via_wait wait = { .n_fds = 0 };
        ssize_t end, n;

        CHECK_INT(links_listen("stdio:", &listener), ==, 0);
        CHECK_INT(links_accept(listener, &link), ==, 0);
        CHECK_INT(links_accept(listener, &no), ==, -ESHUTDOWN);
        links_shut(&listener);
        CHECK_INT(links_drain(link, 0, 10, &end), ==, 10);
        while ((n = links_stuff(link, 0, 1 << 20)) > 0)
                ;
        CHECK(n == 0 || n == -EPIPE || n == -ECONNRESET);
        while (n == 0 && link->by->arm(link, POLLOUT, &wait) == 0 && links_sleep(&wait)) {
                n = link->by->send(link, "x", 1);
                n = n == -EAGAIN ? 0 : n;
        }
        CHECK(n == -EPIPE || n == -ECONNRESET);
        links_close(&link);
}

static void talks_as_nobody(void) {
        if (setgid(65534) || setuid(65534))
                _exit(1);
        talks();
}

static void talk_with(void (*check)(void), int kind) {
        int to[2], from[2];
        struct pollfd in;
        pid_t pid;

        if (kind == SOCK_STREAM) {
                REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, to) == 0);
                from[0] = dup(to[1]);
                from[1] = dup(to[0]);
        } else {
                REQUIRE(pipe2(to, O_CLOEXEC) == 0 && pipe2(from, O_CLOEXEC) == 0);
        }
        pid = with_stdio(to[0], from[1], check);
        close(to[0]);
        close(from[1]);
        in = (struct pollfd){ .fd = from[0], .events = POLLIN };
        REQUIRE(write(to[1], "\0\1\2\3\4\5\6\7\10\11", 10) == 10);
        CHECK_INT(poll(&in, 1, 10000 * test_slow()), ==, 1);
        close(to[1]);
        close(from[0]);
        ended_well(pid);
}

TEST(stdio_over_pipes_and_sockets) {
        talk_with(talks, 0);
        talk_with(talks, SOCK_STREAM);
}

TEST(stdio_over_pipes_that_cannot_be_opened_anew) {
        if (geteuid() != 0)
                SKIP("needs to be root, to become somebody else");
        talk_with(talks_as_nobody, 0);
}

/* --- SIGPIPE --- */

TEST(writing_without_a_signal) {
        sigset_t before, after, pending;
        int ends[2];

        REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
        close(ends[0]);
        sigprocmask(SIG_SETMASK, NULL, &before);
        CHECK_INT(via_pipe_write(ends[1], "x", 1), ==, -EPIPE);
        sigprocmask(SIG_SETMASK, NULL, &after);
        for (int i = 1; i < 32; i++)
                CHECK_INT(sigismember(&before, i), ==, sigismember(&after, i));
        sigpending(&pending);
        CHECK(!sigismember(&pending, SIGPIPE));

        /* One that waits for the application stays. */
        sigemptyset(&pending);
        sigaddset(&pending, SIGPIPE);
        sigprocmask(SIG_BLOCK, &pending, NULL);
        raise(SIGPIPE);
        CHECK_INT(via_pipe_write(ends[1], "x", 1), ==, -EPIPE);
        sigpending(&pending);
        CHECK(sigismember(&pending, SIGPIPE));
        close(ends[1]);
}
