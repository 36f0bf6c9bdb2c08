/*
 * test_mq_priorities.c - urgent bytes, and urgent calls, overtake on mq:, and lose no order
 */
#include "caller.h"
#include "frames.h"
#include "host.h"
#include "links.h"

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

        links_open(&ends, links_find("mq"));
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

        links_open(&ends, links_find("mq"));
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

                host_place(links_find("mq"), links_folder(), NULL, place, sizeof(place));
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

        host_place(links_find("mq"), links_folder(), NULL, place, sizeof(place));
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
