/*
 * health.c - via.Health: what is set is told, now and when it changes, to whoever asks
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include "test.h"
#include "workshop.h"

#define UNKNOWN         via_Health_Status_UNKNOWN
#define SERVING         via_Health_Status_SERVING
#define NOT_SERVING     via_Health_Status_NOT_SERVING
#define SERVICE_UNKNOWN via_Health_Status_SERVICE_UNKNOWN

static const char *const place = "inproc:health";

static struct workshop shop;
static struct visitor visitor;

static void serve(struct via_server *server) {
        struct via_error err = VIA_ERROR_INIT;

        CHECK_INT(via_health_set(server, "", SERVING), ==, VIA_FAILED_PRECONDITION);
        CHECK_INT(via_health_serve(server, &err), ==, VIA_OK);
        CHECK_INT(via_health_serve(server, &err), ==, VIA_ALREADY_EXISTS);
        via_error_fini(&err);
}

static void begin(enum how how) {
        /* whoever waits for this fails by taking too long */
        workshop_options.drain_ms = 3600000;
        workshop_open(&shop, place, serve);
        visitor_open(&visitor, how, place);
}

static void finish(void) {
        visitor_close(&visitor);
        workshop_close(&shop);
}

/* --- asking --- */

struct asked {
        int n, code, status;
};

static void on_status(void *user, int code, enum via_Health_Status status,
                      const struct via_error *err) {
        struct asked *asked = user;

        (void)err;
        asked->n++;
        asked->code = code;
        asked->status = (int)status;
}

static int check(const char *service) {
        enum via_Health_Status status = UNKNOWN;
        struct asked asked = { 0 };

        if (visitor.how == CALL) {
                CHECK_INT(via_Health_check(visitor.client, service, &status, NULL), ==, VIA_OK);
                return (int)status;
        }
        via_Health_check_async(visitor.client, service, NULL, on_status, &asked);
        while (!asked.n)
                visitor_turn(&visitor);
        CHECK_INT(asked.code, ==, VIA_OK);
        return asked.status;
}

TEST(what_is_set_is_told) {
        for (enum how how = 0; how < HOWS; how++) {
                begin(how);
                CHECK_INT(check(""), ==, SERVING);
                CHECK_INT(check("svc.Work"), ==, SERVICE_UNKNOWN);
                CHECK_INT(via_health_set(shop.server, "svc.Work", NOT_SERVING), ==, VIA_OK);
                CHECK_INT(check("svc.Work"), ==, NOT_SERVING);
                CHECK_INT(check(""), ==, SERVING);
                CHECK_INT(via_health_set(shop.server, "svc.Work", SERVING), ==, VIA_OK);
                CHECK_INT(check("svc.Work"), ==, SERVING);
                CHECK_INT(via_health_set(shop.server, NULL, UNKNOWN), ==, VIA_OK);
                CHECK_INT(check(""), ==, UNKNOWN);
                CHECK_INT(via_health_set(shop.server, "svc.Work", SERVICE_UNKNOWN), ==, VIA_OK);
                CHECK_INT(check("svc.Work"), ==, SERVICE_UNKNOWN);
                CHECK_INT(via_health_set(shop.server, "", (enum via_Health_Status)4), ==,
                          VIA_INVALID_ARGUMENT);
                CHECK_INT(via_health_set(shop.server, "", (enum via_Health_Status) - 1), ==,
                          VIA_INVALID_ARGUMENT);
                finish();
        }
}

/* --- watching --- */

static struct via_stream *watch(struct visitor *by, const char *service) {
        struct via_stream *stream = NULL;

        CHECK_INT(via_Health_watch_open(by->client, service, &stream, NULL), ==, VIA_OK);
        return stream;
}

/* The next status; -1: there is none. */
static int next_of(struct visitor *by, struct via_stream *stream) {
        enum via_Health_Status status = UNKNOWN;
        int code;

        while ((code = via_Health_watch_read(stream, &status, NULL)) == VIA_LATER)
                visitor_turn(by);
        return code ? -1 : (int)status;
}

static int finish_of(struct visitor *by, struct via_stream *stream) {
        int code;

        while ((code = via_Health_watch_finish(stream, NULL)) == VIA_LATER)
                visitor_turn(by);
        return code;
}

TEST(a_watcher_is_told_of_changes) {
        for (enum how how = CALL; how < HOWS; how++) {
                struct via_stream *all, *one;

                begin(how);
                all = watch(&visitor, "");
                one = watch(&visitor, "svc.Work");
                CHECK_INT(next_of(&visitor, all), ==, SERVING);
                CHECK_INT(next_of(&visitor, one), ==, SERVICE_UNKNOWN);
                via_health_set(shop.server, "svc.Work", SERVING);
                CHECK_INT(next_of(&visitor, one), ==, SERVING);
                via_health_set(shop.server, "svc.Work", SERVING);       /* no change */
                via_health_set(shop.server, "", NOT_SERVING);
                CHECK_INT(next_of(&visitor, all), ==, NOT_SERVING);
                check("");                              /* so that nothing is under way */
                via_health_set(shop.server, "svc.Work", NOT_SERVING);
                CHECK_INT(next_of(&visitor, one), ==, NOT_SERVING);
                via_stream_cancel(all);
                CHECK_INT(finish_of(&visitor, all), ==, VIA_CANCELLED);
                via_health_set(shop.server, "", SERVING);
                via_health_set(shop.server, "svc.Work", UNKNOWN);
                CHECK_INT(next_of(&visitor, one), ==, UNKNOWN);
                via_stream_cancel(one);
                finish_of(&visitor, one);
                finish();
        }
}

/* Who does not read is told the newest, and what waits for him does not grow. */
TEST(a_slow_watcher_gets_the_newest) {
        enum { CHANGES = 20000 };

        for (enum how how = CALL; how < HOWS; how++) {
                struct via_stream *stream;
                int status = -1, n = 0, end = how % 2 ? SERVING : NOT_SERVING;

                begin(how);
                stream = watch(&visitor, "");
                CHECK_INT(next_of(&visitor, stream), ==, SERVING);
                for (int i = 0; i < CHANGES; i++) {
                        via_health_set(shop.server, "", i % 2 ? SERVING : NOT_SERVING);
                        if (i % 100 == 0)       /* each of these is sent, if there is room */
                                check("");
                }
                for (int i = 0; i < 6000; i++) {
                        via_health_set(shop.server, "", i % 2 ? SERVING : NOT_SERVING);
                        check("");
                }
                via_health_set(shop.server, "", (enum via_Health_Status)end);
                via_health_set(shop.server, "", UNKNOWN);
                while (status != UNKNOWN) {
                        status = next_of(&visitor, stream);
                        n++;
                }
                /* 65536 bytes, the window, are 3640 of them, and as many again while it is read */
                CHECK_INT(n, <, 6000);
                via_stream_cancel(stream);
                finish_of(&visitor, stream);
                finish();
        }
}

TEST(watchers_come_and_go) {
        enum { N = 20 };
        struct visitor visitors[N];
        struct via_stream *streams[N];

        begin(CALL);
        for (int round = 0; round < 3; round++) {
                for (int i = 0; i < N; i++) {
                        visitor_open(&visitors[i], i % 2 ? TURN : LOOP, place);
                        streams[i] = watch(&visitors[i], i % 3 ? "" : "other");
                        CHECK_INT(next_of(&visitors[i], streams[i]), ==,
                                  i % 3 ? SERVING : SERVICE_UNKNOWN);
                }
                via_health_set(shop.server, "", NOT_SERVING);
                for (int i = 0; i < N; i++) {
                        via_stream_cancel(streams[i]);
                        CHECK_INT(finish_of(&visitors[i], streams[i]), ==, VIA_CANCELLED);
                        via_health_set(shop.server, "", SERVING);
                        via_health_set(shop.server, "other", round % 2 ? SERVING : SERVICE_UNKNOWN);
                        visitor_close(&visitors[i]);
                }
                via_health_set(shop.server, "other", SERVICE_UNKNOWN);
        }
        CHECK_INT(check(""), ==, SERVING);
        finish();
}

/* They do not even say goodbye. */
TEST(watchers_die) {
        pid_t pid;

        workshop_open(&shop, "unix:@via-test-health-watchers", serve);
        for (int round = 0; round < 3; round++) {
                static struct visitor dying[5];
                int status;

                fflush(stdout);
                pid = fork();
                if (pid == 0) {
                        for (int i = 0; i < 5; i++) {
                                visitor_open(&dying[i], TURN, shop.endpoint);
                                next_of(&dying[i], watch(&dying[i], ""));
                        }
                        raise(SIGKILL);
                }
                REQUIRE(waitpid(pid, &status, 0) == pid);
                REQUIRE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
                via_health_set(shop.server, "", round % 2 ? SERVING : NOT_SERVING);
        }
        visitor_open(&visitor, CALL, shop.endpoint);
        CHECK_INT(check(""), ==, NOT_SERVING);
        finish();
}

/* --- the end of a server --- */

TEST(a_server_that_drains_says_so_first) {
        for (enum how how = CALL; how < HOWS; how++) {
                struct via_stream *all, *one, *unknown;

                begin(how);
                via_health_set(shop.server, "svc.Work", SERVING);
                all = watch(&visitor, "");
                one = watch(&visitor, "svc.Work");
                unknown = watch(&visitor, "other");
                CHECK_INT(next_of(&visitor, all), ==, SERVING);
                CHECK_INT(next_of(&visitor, one), ==, SERVING);
                CHECK_INT(next_of(&visitor, unknown), ==, SERVICE_UNKNOWN);
                workshop_stop(&shop);           /* which does not wait for them */
                CHECK_INT(next_of(&visitor, all), ==, NOT_SERVING);
                CHECK_INT(next_of(&visitor, one), ==, NOT_SERVING);
                CHECK_INT(next_of(&visitor, unknown), ==, -1);
                CHECK_INT(next_of(&visitor, all), ==, -1);
                CHECK_INT(finish_of(&visitor, all), ==, VIA_UNAVAILABLE);
                CHECK_INT(finish_of(&visitor, one), ==, VIA_UNAVAILABLE);
                CHECK_INT(finish_of(&visitor, unknown), ==, VIA_UNAVAILABLE);
                finish();
        }
}

/* --- several threads --- */

static void *change(void *user) {
        for (int i = 0; i < 3000; i++)
                via_health_set(shop.server, i % 7 ? "" : user, i % 2 ? SERVING : NOT_SERVING);
        return NULL;
}

TEST(watchers_in_all_workers_and_changes_by_any_thread) {
        enum { N = 9, THREADS = 3 };
        struct via_stream *streams[N];
        struct visitor visitors[N];
        pthread_t threads[THREADS];

        workshop_workers = 3;
        begin(CALL);
        for (int i = 0; i < N; i++) {
                visitor_open(&visitors[i], TURN, place);
                streams[i] = watch(&visitors[i], "");
        }
        for (int i = 0; i < THREADS; i++)
                REQUIRE(pthread_create(&threads[i], NULL, change, (char *)(uintptr_t) "a") == 0);
        for (int i = 0; i < N; i++)
                CHECK_INT(next_of(&visitors[i], streams[i]), >, 0);
        for (int i = 0; i < THREADS; i++)
                pthread_join(threads[i], NULL);
        via_health_set(shop.server, "", UNKNOWN);
        for (int i = 0; i < N; i++) {
                int status;

                while ((status = next_of(&visitors[i], streams[i])) > 0)
                        ;
                CHECK_INT(status, ==, UNKNOWN);
        }
        workshop_stop(&shop);
        for (int i = 0; i < N; i++) {
                CHECK_INT(next_of(&visitors[i], streams[i]), ==, NOT_SERVING);
                CHECK_INT(finish_of(&visitors[i], streams[i]), ==, VIA_UNAVAILABLE);
                visitor_close(&visitors[i]);
        }
        finish();
}
