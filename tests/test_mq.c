/*
 * test_mq.c - what only mq: can do or suffer: names, limits of the kernel, what is left, the end
 */
#include <mqueue.h>
#include <sys/resource.h>
#include "lifeline.h"
#include "links.h"

static const struct via_transport *mq(void) {
        return links_find("mq");
}

/* Runs @run in a process of a uid that has no queues yet; only root can. */
static bool as_somebody_else(void (*run)(void)) {
        uid_t uid = 300000 + (uid_t)getpid();
        int status = 0;
        pid_t pid;

        fflush(stdout);
        pid = fork();
        REQUIRE(pid >= 0);
        if (pid == 0) {
                test_failures = 0;
                if (setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0)
                        _exit(TEST_SKIPPED);
                run();
                fflush(stdout);
                _exit(test_failures ? TEST_FAILED : TEST_PASSED);
        }
        REQUIRE(waitpid(pid, &status, 0) == pid);
        CHECK(WIFEXITED(status));
        CHECK(WEXITSTATUS(status) == TEST_PASSED || WEXITSTATUS(status) == TEST_SKIPPED);
        return WEXITSTATUS(status) != TEST_SKIPPED;
}

/* --- names, sizes, limits --- */

TEST(names_that_cannot_be) {
        static const char *const wrong[] = { "mq:x", "mq:/", "mq:/a/b", "mq:/..",
                                             "mq:/.x", "mq://x", "mq:/a b", "mq:/%2fx",
                                             "mq:/../x", "mq:" };
        char longest[320] = "mq:/";
        struct via_listener *listener = NULL;
        struct via_link *link = NULL;

        links_folder();
        for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
                CHECK_INT(links_listen(wrong[i], &listener), ==, -EINVAL);
                CHECK(*links_note.text);
                CHECK_INT(links_connect(wrong[i], 100, &link), ==, -EINVAL);
                CHECK(*links_note.text);
        }
        CHECK_INT(links_connect("mq:/a/b", 100, &link), ==, -EINVAL);
        CHECK(strstr(links_note.text, "one slash"));
        memset(longest + 4, 'x', 300);
        CHECK_INT(links_listen(longest, &listener), ==, -ENAMETOOLONG);
        CHECK(strstr(links_note.text, "300"));
        longest[4 + VIA_LIFELINE_NAME_MAX] = 0;
        CHECK_INT(links_listen(longest, &listener), ==, 0);
        links_shut(&listener);
        links_folder_end();
}

TEST(sizes_that_cannot_be) {
        static const struct {
                const char *query, *says;
        } wrong[] = {
                { "maxmsg=0", "maxmsg=0" }, { "maxmsg=x", "maxmsg=x" },
                { "msgsize=63", "msgsize=63" }, { "msgsize=1M", "msgsize=1M" },
                { "maxmsg=60000", "/proc/sys/fs/mqueue/msg_max" },
                { "maxmsg=1&msgsize=64K", "/proc/sys/fs/mqueue/msgsize_max" },
        };
        struct ends ends;

        links_open(&ends, mq());
        for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
                struct via_link *link = NULL;
                char text[600];

                snprintf(text, sizeof(text), "%s?%s", ends.name, wrong[i].query);
                CHECK_INT(links_connect(text, 1000, &link), ==, -EINVAL);
                CHECK(strstr(links_note.text, wrong[i].says));
        }
        links_end(&ends);
}

/* Every size works, also for messages that fit exactly. */
TEST(sizes_that_can_be) {
        static const char *const right[] = { "maxmsg=1&msgsize=64", "maxmsg=10&msgsize=100",
                                             "maxmsg=2&msgsize=8K" };

        for (size_t i = 0; i < sizeof(right) / sizeof(*right); i++) {
                struct ends ends;
                char text[600];
                size_t got = 0;
                ssize_t end;

                links_open(&ends, mq());
                links_close(&ends.client);
                links_close(&ends.server);
                snprintf(text, sizeof(text), "%s?%s", ends.name, right[i]);
                REQUIRE(links_connect(text, 1000, &ends.client) == 0);
                REQUIRE(links_accept(ends.listener, &ends.server) == 0);
                while (got < 100000) {
                        ssize_t n = links_stuff(ends.client, got, 64 * (1 + got % 300));

                        REQUIRE(n > 0);
                        CHECK_INT(links_drain(ends.server, got, (size_t)n, &end), ==, n);
                        got += (size_t)n;
                }
                links_end(&ends);
        }
}

static void fill_budget(void) {
        struct via_link *links[64] = { NULL };
        struct ends ends;
        ssize_t end;
        int n = 1;

        links_open(&ends, mq());
        while (n < 64 && links_connect(ends.name, 1000, &links[n]) == 0)
                n++;
        CHECK_INT(n, ==, 24);                   /* two dozen with the one of links_open() */
        CHECK(strstr(links_note.text, "RLIMIT_MSGQUEUE"));
        CHECK(strstr(links_note.text, "819200"));
        CHECK(strstr(links_note.text, "24 clients"));
        CHECK_INT(links_connect(ends.name, 1000, &links[n]), ==, -EMFILE);
        CHECK_INT(links_stuff(ends.client, 0, 100), ==, 100);   /* who is there does not suffer */
        CHECK_INT(links_drain(ends.server, 0, 100, &end), ==, 100);

        links_close(&links[1]);                 /* and its queues are gone once nobody has them */
        for (int i = 1; i < n; i++) {
                struct via_link *server = NULL;

                REQUIRE(links_accept(ends.listener, &server) == 0);
                links_close(&server);
        }
        CHECK_INT(links_connect(ends.name, 1000, &links[1]), ==, 0);
        for (int i = 1; i < n; i++)
                links_close(&links[i]);
        links_end(&ends);
}

TEST(two_dozen_clients_and_no_more) {
        if (!as_somebody_else(fill_budget))
                SKIP("only root can be a user without queues");
}

static void see_descriptors_named(void) {
        struct rlimit tight;
        struct via_link *link = NULL;
        struct ends ends;
        int next;

        links_open(&ends, mq());
        next = fcntl(0, F_DUPFD_CLOEXEC, 3);
        close(next);
        tight = (struct rlimit){ .rlim_cur = (rlim_t)next + 1, .rlim_max = (rlim_t)next + 64 };
        REQUIRE(setrlimit(RLIMIT_NOFILE, &tight) == 0);
        CHECK_INT(links_connect(ends.name, 1000, &link), ==, -EMFILE);
        CHECK(strstr(links_note.text, "ulimit -n"));
        tight.rlim_cur = tight.rlim_max;
        REQUIRE(setrlimit(RLIMIT_NOFILE, &tight) == 0);
        links_end(&ends);
}

TEST(descriptors_are_not_queues) {
        if (test_slow() > 1 || !as_somebody_else(see_descriptors_named))
                SKIP("only root can be somebody else, and valgrind has limits of its own");
}

/* --- nothing is left --- */

static void usual_name(char *name, size_t size, uid_t uid) {
        snprintf(name, size, "/via-%u", uid);
}

static bool there_is(const char *name) {
        mqd_t queue = mq_open(name, O_RDONLY);

        if (queue >= 0)
                close(queue);
        return queue >= 0 || errno != ENOENT;
}

static void leave(const char *name) {
        struct mq_attr attr = { .mq_maxmsg = 1, .mq_msgsize = 64 };
        mqd_t queue = mq_open(name, O_CREAT | O_RDWR, 0600, &attr);

        REQUIRE(queue >= 0);
        close(queue);
}

/* As a process does that is killed between two system calls. */
TEST(what_was_left_is_removed) {
        struct ends ends;
        char name[64];

        usual_name(name, sizeof(name), geteuid());
        leave(name);
        links_open(&ends, mq());
        CHECK(!there_is(name));
        links_close(&ends.client);
        links_close(&ends.server);
        leave(name);
        REQUIRE(links_connect(ends.name, 1000, &ends.client) == 0);
        CHECK(!there_is(name));
        REQUIRE(links_accept(ends.listener, &ends.server) == 0);
        links_end(&ends);
        links_folder();
        leave(name);
        REQUIRE(links_listen("mq:/links", &ends.listener) == 0);
        CHECK(!there_is(name));
        links_shut(&ends.listener);
        links_folder_end();
}

static void connect_once(void) {
        struct ends ends;

        links_open(&ends, mq());
        links_end(&ends);
}

/* Somebody else sits on the name that we would use. */
TEST(a_name_that_is_taken_does_no_harm) {
        char name[64];

        if (geteuid() != 0)
                SKIP("only root can be somebody else");
        usual_name(name, sizeof(name), 300000 + (uid_t)getpid() + 1);
        for (int i = 1; i < 50; i++) {          /* the pid of the child is one of the next */
                usual_name(name, sizeof(name), 300000 + (uid_t)getpid() + (uid_t)i);
                leave(name);
        }
        as_somebody_else(connect_once);
        for (int i = 1; i < 50; i++) {
                usual_name(name, sizeof(name), 300000 + (uid_t)getpid() + (uid_t)i);
                mq_unlink(name);
        }
}

/* --- the end --- */

/* A client that is killed is told from one that leaves, whoever waits how. */
static void see_end(bool killed, bool in_kernel) {
        struct via_listener *listener = NULL;
        struct via_link *link = NULL;
        ssize_t end = -EAGAIN;
        char name[64], buf[8192];
        pid_t pid;

        links_folder();
        REQUIRE(links_listen("mq:/links", &listener) == 0);
        mq()->name(listener, name, sizeof(name));
        pid = fork();
        if (pid == 0) {
                if (links_connect(name, 5000, &link))
                        _exit(1);
                usleep(60000);                  /* the other one sleeps by now, deeply */
                if (killed)
                        raise(SIGKILL);
                links_close(&link);
                _exit(0);
        }
        REQUIRE(links_accept(listener, &link) == 0);
        while (in_kernel && end == -EAGAIN)
                end = link->by->recv_wait(link, buf, sizeof(buf), -1);
        while (!in_kernel && end == -EAGAIN) {
                REQUIRE(links_wait(link, POLLIN));
                end = link->by->recv(link, buf, sizeof(buf));
        }
        CHECK_INT(end, ==, killed ? -ECONNRESET : 0);
        waitpid(pid, NULL, 0);
        links_close(&link);
        links_shut(&listener);
        links_folder_end();
}

TEST(death_is_not_goodbye) {
        for (int i = 0; i < 4; i++)
                see_end(i & 1, i & 2);
}
