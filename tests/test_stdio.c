/*
 * test_stdio.c - stdio:, the other end of exec:, over whatever pipes a server was started with
 */
#include <sys/socket.h>
#include "child.h"
#include "pipe.h"

TEST(what_a_handler_prints_is_not_in_the_stream) {
        struct via_link *link = start("prints");

        links_echo(link, 1000, false);
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
