/*
 * test_transports_bytes.c - bytes and sleep, as <via/transport.h> has them, of each transport in
 * the table
 */
#include <pthread.h>
#include <sys/time.h>
#include "links.h"

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
                                links_echo(ends.client, sizes[i], way == 1);
                for (int i = 0; i < 2000; i++)
                        links_echo(ends.client, 1 + (size_t)i % 100, by->recv_wait && i % 2);
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
