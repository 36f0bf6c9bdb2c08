/*
 * test_inproc.c - what only inproc: can do or suffer: threads, lazy memory, the end of either
 * side first
 */
#include <pthread.h>
#include "links.h"

enum { TURNS = 60000 };

/* Some hundred cycles at most, so that the other side is met at every instant of falling asleep. */
static void dawdle(unsigned turn) {
        for (volatile unsigned spin = turn * 7 % 191; spin; spin--)
                ;
}

static void *answer(void *arg) {
        ssize_t end;

        for (unsigned i = 0; i < TURNS; i++) {
                if (links_drain(arg, i, 1, &end) != 1)
                        return NULL;
                dawdle(i);
                if (links_stuff(arg, i, 1) != 1)
                        return NULL;
        }
        return arg;
}

TEST(no_wakeup_is_lost) {
        struct ends ends;
        pthread_t thread;
        void *result;
        ssize_t end;

        links_open(&ends, links_find("inproc"));
        REQUIRE(pthread_create(&thread, NULL, answer, ends.server) == 0);
        for (unsigned i = 0; i < TURNS; i++) {
                REQUIRE(links_stuff(ends.client, i, 1) == 1);
                dawdle(i / 191);
                REQUIRE(links_drain(ends.client, i, 1, &end) == 1);
        }
        pthread_join(thread, &result);
        CHECK(result == ends.server);
        links_end(&ends);
}

/*
 * A writer that always fills the ring, a reader that reads odd pieces: both sleep on the other,
 * in turn.
 */
static void *pour(void *arg) {
        size_t sent = 0;

        while (sent < 8 << 20) {
                ssize_t n = links_stuff(arg, sent, (8 << 20) - sent);

                if (n < 0)
                        return NULL;
                sent += (size_t)n;
                if (n == 0 && !links_wait(arg, POLLOUT))
                        return NULL;
        }
        return arg;
}

TEST(a_full_ring_is_waited_for) {
        struct ends ends;
        pthread_t thread;
        void *result;
        ssize_t end;

        links_open(&ends, links_find("inproc"));
        REQUIRE(pthread_create(&thread, NULL, pour, ends.client) == 0);
        CHECK_INT(links_drain(ends.server, 0, 8 << 20, &end), ==, 8 << 20);
        pthread_join(thread, &result);
        CHECK(result == ends.client);
        links_end(&ends);
}

/*
 * Clients connect from several threads while the server accepts and both leave in either order.
 */
static void *come_and_go(void *arg) {
        for (size_t i = 0; i < 500; i++) {
                struct via_link *link = NULL;
                ssize_t end;

                if (links_connect("inproc:links", 10000 * test_slow(), &link))
                        return NULL;
                links_stuff(link, i, 10);
                if (i % 2)
                        links_drain(link, 0, 1, &end);  /* until the server is gone */
                links_close(&link);
        }
        return arg;
}

TEST(many_threads_come_and_go) {
        struct via_listener *listener = NULL;
        pthread_t threads[3];
        void *result;

        REQUIRE(links_listen("inproc:links?backlog=2", &listener) == 0);
        for (int i = 0; i < 3; i++)
                REQUIRE(pthread_create(&threads[i], NULL, come_and_go, listener) == 0);
        for (int i = 0; i < 1500; i++) {
                struct via_link *link = NULL;

                REQUIRE(links_accept(listener, &link) == 0);
                links_close(&link);
        }
        for (int i = 0; i < 3; i++) {
                pthread_join(threads[i], &result);
                CHECK(result == listener);
        }
        links_shut(&listener);
}

TEST(a_full_backlog_is_waited_for_and_named) {
        struct via_link *links[3] = { NULL };
        struct via_listener *listener = NULL;

        REQUIRE(links_listen("inproc:links?backlog=2", &listener) == 0);
        CHECK_INT(links_connect("inproc:links", 0, &links[0]), ==, 0);
        CHECK_INT(links_connect("inproc:links", 0, &links[1]), ==, 0);
        CHECK_INT(links_connect("inproc:links", 10, &links[2]), ==, -ETIMEDOUT);
        CHECK(strstr(links_note.text, "backlog"));
        links_close(&links[0]);
        links_close(&links[1]);
        links_shut(&listener);
}

TEST(never_accepted) {
        struct via_listener *listener = NULL;
        struct via_wait wait = { .n_fds = 0 };
        struct via_link *link = NULL;
        char c;

        REQUIRE(links_listen("inproc:links", &listener) == 0);
        REQUIRE(links_connect("inproc:links", 0, &link) == 0);
        CHECK_INT(links_stuff(link, 0, 10), ==, 10);
        CHECK_INT(link->by->arm(link, POLLIN, &wait), ==, 0);
        links_shut(&listener);
        CHECK(links_sleep(&wait));
        CHECK_INT(link->by->recv(link, &c, 1), ==, -ECONNRESET);
        links_close(&link);
}

TEST(names) {
        static const char *const wrong[] = { "inproc:..", "inproc:.x", "inproc:a/b",
                                             "inproc:a b", "inproc:@x" };
        struct via_listener *listener = NULL;
        struct via_link *link = NULL;
        char name[128] = "inproc:";

        for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
                CHECK_INT(links_listen(wrong[i], &listener), ==, -EINVAL);
                CHECK_INT(links_connect(wrong[i], 0, &link), ==, -EINVAL);
                CHECK(*links_note.text);
        }
        memset(name + 7, 'x', 64);
        CHECK_INT(links_listen(name, &listener), ==, 0);
        CHECK_INT(links_connect(name, 0, &link), ==, 0);
        links_close(&link);
        links_shut(&listener);
        strcat(name, "x");
        CHECK_INT(links_listen(name, &listener), ==, -ENAMETOOLONG);
        CHECK(strstr(links_note.text, "64"));
}

TEST(a_forked_child_is_another_process) {
        struct via_listener *listener = NULL;
        struct via_link *link = NULL;
        int status;
        pid_t pid;

        REQUIRE(links_listen("inproc:links", &listener) == 0);
        pid = fork();
        if (pid == 0)
                _exit(links_connect("inproc:links", 0, &link) == -ECONNREFUSED ? 0 : 1);
        waitpid(pid, &status, 0);
        CHECK_INT(status, ==, 0);
        links_shut(&listener);
}
