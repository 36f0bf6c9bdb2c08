/*
 * test_mq_hostile.c - what a peer can do that lies, to who has a queue of mq: with it
 */
#include <mqueue.h>
#include "lifeline.h"
#include "links.h"
#include "mq_pair.h"

struct lie {
        const char *what;
        int         fds[3];
        unsigned    n_fds;
        uint32_t    maxmsg, msgsize;
};

/* Says hello with @lie: what accept() makes of it, and that the next client is served. */
static void see_lie(const struct lie *lie) {
        struct via_hello hello = { .n_fds = lie->n_fds };
        struct via_link *server = NULL, *link = NULL;
        struct via_listener *listener = NULL;
        struct via_mq_size size = { lie->maxmsg, lie->msgsize };
        struct via_uri uri;
        ssize_t end;
        int fd, r;

        links_folder();
        REQUIRE(links_listen("mq:/links", &listener) == 0);
        REQUIRE(via_uri_parse(&uri, "mq:/links", NULL) == 0);
        REQUIRE(via_lifeline_connect(&uri, "links", 1000, &fd, NULL) == 0);
        memcpy(hello.bytes, &size, sizeof(size));
        memcpy(hello.fds, lie->fds, sizeof(lie->fds));
        REQUIRE(via_lifeline_say(fd, &hello) == 0);
        r = links_accept(listener, &server);
        if (r != -ECONNABORTED)
                test_fail(__FILE__, __LINE__, "%s: accept() returned %d", lie->what, r);
        if (r == 0)
                links_close(&server);
        REQUIRE(links_connect("mq:/links", 1000, &link) == 0);
        REQUIRE(links_accept(listener, &server) == 0);
        CHECK_INT(links_stuff(link, 0, 10), ==, 10);
        CHECK_INT(links_drain(server, 0, 10, &end), ==, 10);
        close(fd);
        links_close(&link);
        links_close(&server);
        links_shut(&listener);
        links_folder_end();
}

static int queue_of(int flags, long maxmsg, long msgsize) {
        struct mq_attr attr = { .mq_maxmsg = maxmsg, .mq_msgsize = msgsize };
        char name[64];
        int queue;

        snprintf(name, sizeof(name), "/via-test-%d", (int)getpid());
        queue = mq_open(name, O_CREAT | O_EXCL | flags, 0600, &attr);
        REQUIRE(queue >= 0);
        mq_unlink(name);
        return queue;
}

TEST(hellos_that_lie) {
        int good = queue_of(O_RDWR, 2, 128), other = queue_of(O_RDWR, 3, 128);
        int small = queue_of(O_RDWR, 2, 32), reader = queue_of(O_RDONLY, 2, 128);
        int file = open("/dev/null", O_RDWR | O_CLOEXEC), pipes[2];
        REQUIRE(pipe2(pipes, O_CLOEXEC) == 0);
        const struct lie lies[] = {
                { "no queues", { 0 }, 0, 2, 128 },
                { "one queue", { good }, 1, 2, 128 },
                { "three queues", { good, good, good }, 3, 2, 128 },
                { "a file", { good, file }, 2, 2, 128 },
                { "pipes", { pipes[0], pipes[1] }, 2, 2, 128 },
                { "longer messages than it says", { good, good }, 2, 2, 64 },
                { "shorter messages than it says", { good, good }, 2, 2, 256 },
                { "two kinds", { good, other }, 2, 2, 128 },
                { "tiny messages", { small, small }, 2, 2, 32 },
                { "a queue that cannot be written", { good, reader }, 2, 2, 128 },
                { "no messages", { good, good }, 2, 0, 128 },
                { "huge messages", { good, good }, 2, 2, UINT32_MAX },
        };

        for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++)
                see_lie(&lies[i]);
        close(good);
        close(other);
        close(small);
        close(reader);
        close(file);
        close(pipes[0]);
        close(pipes[1]);
}

/* The descriptor of the queue into which @link sends: the peer's. */
static int queue_out(struct via_link *link) {
        struct via_wait wait = { .n_fds = 0 };

        REQUIRE(link->by->arm(link, POLLOUT, &wait) == 0 && wait.n_fds == 3);
        return wait.fds[2].fd;
}

TEST(messages_that_nobody_sends_who_means_well) {
        struct ends ends;
        char buf[5000];

        links_open(&ends, links_find("mq"));
        REQUIRE(mq_send(queue_out(ends.client), "high", 4, 31) == 0);
        CHECK_INT(ends.server->by->recv(ends.server, buf, sizeof(buf)), ==, 4);
        CHECK_INT(ends.server->recv_priority, ==, VIA_HIGH);
        CHECK(memcmp(buf, "high", 4) == 0);
        REQUIRE(mq_send(queue_out(ends.client), "", 0, 0) == 0);
        CHECK_INT(ends.server->by->recv(ends.server, buf, sizeof(buf)), ==, -EPROTO);
        links_end(&ends);
}

/* Whether to wait is a flag that both ends share: nobody can make the other wait with it. */
TEST(the_peer_cannot_make_us_wait) {
        struct ends ends;
        char buf[8];

        links_open(&ends, links_find("mq"));
        for (int flags = 0; flags <= O_NONBLOCK; flags += O_NONBLOCK) {
                struct mq_attr attr = { .mq_flags = flags };

                REQUIRE(mq_setattr(queue_out(ends.client), &attr, NULL) == 0);
                REQUIRE(mq_setattr(queue_out(ends.server), &attr, NULL) == 0);
                CHECK_INT(ends.server->by->recv(ends.server, buf, sizeof(buf)), ==, -EAGAIN);
                links_stuff(ends.server, 0, 1 << 20);
                CHECK_INT(ends.server->by->send(ends.server, "x", 1), ==, -EAGAIN);
                CHECK_INT(ends.server->by->recv_wait(ends.server, buf, sizeof(buf), 50), ==,
                          -EAGAIN);
                REQUIRE(mq_getattr(queue_out(ends.client), &attr) == 0);
                CHECK_INT(attr.mq_flags, ==, 0);        /* so that the next one waits there */
                CHECK_INT(links_stuff(ends.client, 0, 3), ==, 3);
                CHECK_INT(ends.server->by->recv_wait(ends.server, buf, sizeof(buf), 50), ==, 3);
        }
        links_end(&ends);
}
