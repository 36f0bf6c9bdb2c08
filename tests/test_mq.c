/*
 * test_mq.c - what only mq: can do or suffer: limits of the kernel, priorities, what a peer can
 * do to a queue that both hold
 */
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include "caller.h"
#include "frames.h"
#include "host.h"
#include "lifeline.h"
#include "links.h"
#include "mq_pair.h"

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

/*
 * --- names, sizes, limits
 * ----------------------------------------------------------------------
 */

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

/*
 * --- nothing is left
 * -----------------------------------------------------------------------------
 */

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

/*
 * --- the end
 * --------------------------------------------------------------------------------------
 */

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

/*
 * --- priorities
 * ------------------------------------------------------------------------------------
 */

static void put(struct via_link *link, unsigned priority, const char *bytes) {
        link->send_priority = (uint8_t)priority;
        CHECK_INT(link->by->send(link, bytes, strlen(bytes)), ==, strlen(bytes));
}

static void expect(struct via_link *link, size_t size, unsigned priority, const char *bytes) {
        char *buf = calloc(1, size + 1);

        link->recv_priority = 99;
        CHECK_INT(link->by->recv(link, buf, size), ==, strlen(bytes));
        CHECK_INT(link->recv_priority, ==, priority);
        CHECK_STR(buf, bytes);
        free(buf);
}

TEST(what_is_high_comes_first) {
        struct via_wait wait = { .n_fds = 0 };
        struct ends ends;

        links_open(&ends, mq());
        put(ends.client, VIA_NORMAL, "one");
        put(ends.client, VIA_NORMAL, "two");
        put(ends.client, VIA_HIGH, "now");
        put(ends.client, VIA_HIGH, "then");
        CHECK_INT(ends.client->by->send(ends.client, "x", 1), ==, -EAGAIN);
        expect(ends.server, 10000, VIA_HIGH, "now");
        expect(ends.server, 2, VIA_HIGH, "th");
        CHECK_INT(ends.server->by->arm(ends.server, POLLIN, &wait), ==, VIA_AWAKE);
        put(ends.client, VIA_HIGH, "later");
        expect(ends.server, 10000, VIA_HIGH, "en");     /* a message is not broken into */
        expect(ends.server, 3, VIA_HIGH, "lat");
        expect(ends.server, 3, VIA_HIGH, "er");
        expect(ends.server, 10000, VIA_NORMAL, "one");
        expect(ends.server, 10000, VIA_NORMAL, "two");
        links_end(&ends);
}

/* What is received at once is of one stream, and nothing is lost between the two. */
TEST(streams_do_not_mix) {
        char full[4097] = "", buf[20000];
        struct ends ends;

        links_open(&ends, mq());
        memset(full, 'h', 4096);
        put(ends.client, VIA_HIGH, full);
        memset(full, 'n', 4096);
        put(ends.client, VIA_NORMAL, full);
        put(ends.client, VIA_NORMAL, full);
        put(ends.client, VIA_NORMAL, "rest");
        CHECK_INT(ends.server->by->recv(ends.server, buf, sizeof(buf)), ==, 4096);
        CHECK_INT(ends.server->recv_priority, ==, VIA_HIGH);
        CHECK(buf[0] == 'h' && buf[4095] == 'h');
        CHECK_INT(ends.server->by->recv(ends.server, buf, sizeof(buf)), ==, 4096);
        CHECK_INT(ends.server->recv_priority, ==, VIA_NORMAL);
        CHECK_INT(ends.server->by->recv(ends.server, buf, sizeof(buf)), ==, 4100);
        CHECK(buf[0] == 'n' && memcmp(buf + 4096, "rest", 4) == 0);
        links_end(&ends);
}

/* In which place of @n calls that wait the server serves the one that was started last. */
static unsigned place_of_last(const char *scheme, uint32_t priority, unsigned n) {
        struct via_call_options options = { .priority = priority };
        struct outcome outcomes[65];
        struct caller caller;
        struct host host;
        char place[256];
        uint32_t *noted;
        unsigned at = 0;
        int n_noted;

        REQUIRE(n < 65);
        host_place(links_find(scheme), links_folder(), NULL, place, sizeof(place));
        host_start(&host, place, NULL);
        REQUIRE(caller_open(&caller, BLOCKING, host.endpoint, NULL, NULL) == VIA_OK);
        for (unsigned i = 0; i <= n; i++) {
                struct msg_number size = { .n = i < n ? 9000 + i : 7 };

                CHECK_INT(caller_start(&caller, "make", i < n ? NULL : &options, &size,
                                       &outcomes[i]), ==, VIA_OK);
        }
        caller_wait(&caller, n + 1, outcomes);
        for (unsigned i = 0; i <= n; i++) {
                CHECK_INT(outcomes[i].code, ==, VIA_OK);
                outcome_fini(&outcomes[i]);
        }
        n_noted = call_noted(&caller, &noted);
        REQUIRE(n_noted == (int)n + 1);
        while (at < n && noted[at] != 7)
                at++;
        for (unsigned i = 1; i < n; i++)        /* the others keep their order */
                CHECK(noted[i] == 7 || noted[i - 1] == 7 || noted[i] == noted[i - 1] + 1);
        free(noted);
        caller_close(&caller);
        host_stop(&host);
        links_folder_end();
        return at;
}

TEST(a_high_call_overtakes) {
        CHECK_INT(place_of_last("mq", 0, 64), ==, 64);
        CHECK_INT(place_of_last("mq", 1, 64), ==, 0);
        CHECK_INT(place_of_last("unix", 1, 64), ==, 64);        /* where there is one stream */
}

/* Receives until nothing more is there: the types of the frames, for either stream. */
static void read_types(struct via_link *link, char types[2][8]) {
        struct frames streams[2] = { { .n = 0 }, { .n = 0 } };
        unsigned char buf[8192];
        ssize_t n;

        while ((n = link->by->recv(link, buf, sizeof(buf))) > 0)
                frames_raw(&streams[link->recv_priority], buf, (size_t)n);
        for (int i = 0; i < 2; i++) {
                size_t k = 0, at = 0;

                while (at + WIRE_HEADER <= streams[i].n && k < 7) {
                        struct wire_header h = wire_get_header(streams[i].data + at);

                        types[i][k++] = "0HCRXGPP"[h.type & 7];
                        at += WIRE_HEADER + h.length;
                }
                CHECK_INT(at, ==, streams[i].n);
                types[i][k] = 0;
        }
}

/* What a client says: a call and its cancel go the same way. */
TEST(a_cancel_goes_as_its_call_went) {
        for (uint32_t priority = 0; priority < 2; priority++) {
                struct via_call_options options = { .priority = priority, .timeout_ms = 30 };
                struct via_listener *listener = NULL;
                struct msg_number number = { .n = 7 };
                struct via_link *link = NULL;
                struct outcome outcome;
                struct caller caller;
                char types[2][8];

                links_folder();
                REQUIRE(links_listen("mq:/links", &listener) == 0);
                REQUIRE(caller_open(&caller, BLOCKING, "mq:/links", NULL, NULL) == VIA_OK);
                REQUIRE(links_accept(listener, &link) == 0);
                REQUIRE(caller_start(&caller, "make", &options, &number, &outcome) == VIA_OK);
                caller_wait(&caller, 1, &outcome);
                CHECK_INT(outcome.code, ==, VIA_DEADLINE_EXCEEDED);
                outcome_fini(&outcome);
                via_client_turn(caller.client, 0, NULL);
                read_types(link, types);
                CHECK_STR(types[VIA_HIGH], priority ? "HCX" : "H");
                CHECK_STR(types[VIA_NORMAL], priority ? "" : "CX");
                caller_close(&caller);
                links_close(&link);
                links_shut(&listener);
                links_folder_end();
        }
}

/* What a server says. */
TEST(a_reply_goes_as_its_call_came) {
        for (unsigned priority = 0; priority < 2; priority++) {
                struct via_link *link = NULL;
                struct host host;
                char place[256], types[2][8] = { "", "" };
                static struct frames f;

                host_place(mq(), links_folder(), NULL, place, sizeof(place));
                host_start(&host, place, NULL);
                REQUIRE(links_connect(host.endpoint, 1000, &link) == 0);
                f.n = 0;
                frames_hello(&f);
                link->send_priority = VIA_HIGH;
                REQUIRE(link->by->send(link, f.data, f.n) == (ssize_t)f.n);
                f.n = 0;
                frames_call(&f, 1, method("make")->id, "\x08\x07", 2);
                frames_call(&f, 2, 4711, "", 0);        /* and one that fails */
                link->send_priority = (uint8_t)priority;
                REQUIRE(link->by->send(link, f.data, f.n) == (ssize_t)f.n);
                while (!types[priority][1 + priority]) {
                        char more[2][8];

                        REQUIRE(links_wait(link, POLLIN));
                        read_types(link, more);
                        strcat(types[0], more[0]);
                        strcat(types[1], more[1]);
                }
                CHECK_STR(types[VIA_HIGH], priority ? "HRR" : "H");
                CHECK_STR(types[VIA_NORMAL], priority ? "" : "RR");
                links_close(&link);
                host_stop(&host);
                links_folder_end();
        }
}

TEST(there_are_two_priorities) {
        struct via_call_options options = { .priority = 2 };
        struct via_error err = VIA_ERROR_INIT;
        struct msg_number size = { .n = 7 };
        struct caller caller;
        struct host host;
        char place[256];

        host_place(mq(), links_folder(), NULL, place, sizeof(place));
        host_start(&host, place, NULL);
        REQUIRE(caller_open(&caller, BLOCKING, host.endpoint, NULL, NULL) == VIA_OK);
        CHECK_INT(caller_call(&caller, "make", &options, &size, NULL, &err), ==,
                  VIA_INVALID_ARGUMENT);
        CHECK(strstr(err.message, "priority 2"));
        via_error_fini(&err);
        caller_close(&caller);
        host_stop(&host);
        links_folder_end();
}

/*
 * --- a peer that lies
 * ------------------------------------------------------------------------------
 */

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

        links_open(&ends, mq());
        REQUIRE(mq_send(queue_out(ends.client), "high", 4, 31) == 0);
        expect(ends.server, 5000, VIA_HIGH, "high");
        REQUIRE(mq_send(queue_out(ends.client), "", 0, 0) == 0);
        CHECK_INT(ends.server->by->recv(ends.server, buf, sizeof(buf)), ==, -EPROTO);
        links_end(&ends);
}

/* Whether to wait is a flag that both ends share: nobody can make the other wait with it. */
TEST(the_peer_cannot_make_us_wait) {
        struct ends ends;
        char buf[8];

        links_open(&ends, mq());
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
