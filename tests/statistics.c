/*
 * statistics.c - what is counted of calls, wherever they end, and what others are told of it
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include "stats.h"
#include "test.h"
#include "workshop.h"

static const char *const place = "inproc:statistics";

static struct workshop shop;
static struct visitor visitor;
static struct ending ending;

static void serve(struct via_server *server) {
        struct via_method_stats stats;

        CHECK(!via_stats_read(server, 0, &stats));
        CHECK_INT(via_stats_serve(server, NULL), ==, VIA_OK);
        CHECK_INT(via_stats_serve(server, NULL), ==, VIA_ALREADY_EXISTS);
}

static void begin(enum how how, void (*before_run)(struct via_server *server)) {
        workshop_open(&shop, place, before_run);
        visitor_open(&visitor, how, place);
}

static void finish(void) {
        visitor_close(&visitor);
        workshop_close(&shop);
        said((char[16384]){ 0 }, 16384);
}

static struct via_method_stats stats_of(const char *name) {
        struct via_method_stats stats;
        char full[64];

        snprintf(full, sizeof(full), "%s%s", strchr(name, '/') ? "" : "svc.Work/", name);
        for (unsigned i = 0; via_stats_read(shop.server, i, &stats); i++)
                if (strcmp(stats.method, full) == 0)
                        return stats;
        test_fail(__FILE__, __LINE__, "no statistics of %s", full);
        return (struct via_method_stats){ 0 };
}

static uint64_t sum(const uint64_t *v, int n) {
        uint64_t all = 0;

        for (int i = 0; i < n; i++)
                all += v[i];
        return all;
}

/* @calls of @name have ended, so many of them by @code, and @in_flight have not. */
static void check(const char *name, uint64_t calls, int code, uint64_t by_code,
                  uint64_t in_flight) {
        struct via_method_stats stats = stats_of(name);

        if (stats.calls != calls || stats.codes[code] != by_code || stats.in_flight != in_flight)
                test_fail(__FILE__, __LINE__, "%s: %d calls, %d %s, %d in flight", name,
                          (int)stats.calls, (int)stats.codes[code], via_code_name(code),
                          (int)stats.in_flight);
        CHECK_INT(sum(stats.codes, VIA_STATS_CODES), ==, calls);
        CHECK_INT(sum(stats.latency, VIA_STATS_BUCKETS), ==, calls);
}

static int call(const char *name, int32_t n) {
        int code = ask(&visitor, name, NULL, "s", n, &ending);

        ending_fini(&ending);
        return code;
}

TEST(every_way_that_a_call_ends) {
        for (enum how how = 0; how < HOWS; how++) {
                struct via_stream *stream;
                struct via_method_stats stats;

                begin(how, serve);
                check("echo", 0, VIA_OK, 0, 0);
                for (int i = 0; i < 3; i++)
                        call("echo", 0);
                check("echo", 3, VIA_OK, 3, 0);
                stats = stats_of("echo");
                CHECK_INT(stats.bytes_in, ==, 3 * (16 + 8 + 3));
                CHECK_INT(stats.bytes_out, ==, 3 * (16 + 3));
                call("fail", VIA_NOT_FOUND);
                call("fail", VIA_UNKNOWN);
                call("fail", VIA_NOT_FOUND);
                check("fail", 3, VIA_NOT_FOUND, 2, 0);
                check("fail", 3, VIA_UNKNOWN, 1, 0);
                call("work", 0);
                check("work", 1, VIA_OK, 1, 0);
                call("note", 0);
                call("nothing", 0);             /* and so the note has arrived */
                check("note", 1, VIA_OK, 1, 0);
                stream = open_stream(&visitor, "count", NULL, "s", 4);
                finish_stream(&visitor, stream, "count", &ending);
                ending_fini(&ending);
                check("count", 1, VIA_OK, 1, 0);
                CHECK_INT(stats_of("count").bytes_out, ==, 4 * (16 + 3) + 16);
                if (how != CALL) {
                        start(&visitor, "later", NULL, "s", 0, &ending);
                        if (how == TURN)
                                via_client_turn(visitor.client, 0, NULL);
                        else
                                uv_run(&visitor.loop, UV_RUN_NOWAIT);
                        struct via_call *put = put_off();

                        check("later", 0, VIA_OK, 0, 1);
                        answer_text(put, "s");
                        await(&visitor, &ending);
                        ending_fini(&ending);
                        check("later", 1, VIA_OK, 1, 0);
                }
                finish();
        }
}

TEST(a_call_whose_link_ends) {
        struct via_call *put;

        begin(TURN, serve);
        start(&visitor, "later", NULL, "s", 0, &ending);
        via_client_turn(visitor.client, 0, NULL);
        put = put_off();
        visitor_close(&visitor);
        ending_fini(&ending);
        while (!via_call_cancelled(put))
                usleep(1000);
        while (stats_of("later").in_flight)     /* it is told after that */
                usleep(1000);
        check("later", 1, VIA_UNAVAILABLE, 1, 0);
        answer_text(put, "in vain");
        visitor_open(&visitor, TURN, place);
        call("nothing", 0);
        check("later", 1, VIA_UNAVAILABLE, 1, 0);
        finish();
}

static int refuse(void *user, struct via_call *which) {
        (void)user;
        return via_call_fail(which, VIA_PERMISSION_DENIED, "no");
}

static void guard(struct via_server *server) {
        static const struct via_interceptor interceptor = { .before = refuse };

        via_server_intercept(server, &interceptor, NULL, NULL);
}

/* Also what no handler has ever seen: an interceptor said no, or Via itself. */
TEST(calls_that_are_turned_down) {
        static const struct via_method none = { .name = "svc.Work/none", .id = 12345 };
        struct via_call_options options = { .timeout_ms = 20000 };
        struct via_method method = none;
        struct via_server_stats server;
        struct msg_text request, response;
        struct via_metadata *md = via_metadata_new();
        char big[5000];

        workshop_options.flags = VIA_SERVER_STATS;
        workshop_options.limits.v[VIA_LIMIT_METADATA] = 1000;
        begin(CALL, guard);
        CHECK_INT(call("echo", 0), ==, VIA_PERMISSION_DENIED);
        check("echo", 1, VIA_PERMISSION_DENIED, 1, 0);
        method.request = op("echo")->request;
        method.response = op("echo")->response;
        via_message_init(method.request, &request);
        request.s = (char *)(uintptr_t) "s";
        CHECK_INT(via_client_call(visitor.client, &method, &options, &request, &response, NULL), ==,
                  VIA_UNIMPLEMENTED);
        via_stats_server(shop.server, &server);
        CHECK_INT(server.refused, ==, 1);
        CHECK_INT(server.links, ==, 1);
        CHECK_INT(server.accepted, ==, 1);
        CHECK_INT(server.turned_away, ==, 0);
        memset(big, 'x', sizeof(big) - 1);
        big[sizeof(big) - 1] = 0;
        via_metadata_add(md, "k", big, NULL);
        options.metadata = md;
        CHECK_INT(via_client_call(visitor.client, op("echo"), &options, &request, &response, NULL),
                  ==, VIA_RESOURCE_EXHAUSTED);
        via_metadata_free(md);
        finish();
}

TEST(links_that_are_turned_away) {
        struct via_server_stats stats;
        struct visitor second;

        workshop_options.limits.v[VIA_LIMIT_LINKS] = 1;
        begin(CALL, NULL);
        call("nothing", 0);
        visitor_open(&second, CALL, place);
        CHECK_INT(via_client_call(
                          second.client, op("echo"), NULL,
                          &(struct msg_text){ .base.descriptor = &op("echo")->request->desc },
                          &(struct msg_text){ 0 }, NULL),
                  !=, VIA_OK);
        via_stats_server(shop.server, &stats);
        CHECK_INT(stats.accepted, ==, 1);
        CHECK_INT(stats.turned_away, >=, 1);    /* it may have tried again */
        CHECK_INT(stats.links, ==, 1);
        visitor_close(&second);
        finish();
}

/* --- for others --- */

TEST(others_are_told_the_same) {
        struct via_Stats_Method **methods = NULL;
        struct via_Stats_Server *server = NULL;
        uint64_t *bounds = NULL;
        size_t n = 0, n_bounds = 0;
        bool found = false;

        begin(CALL, serve);
        call("echo", 0);
        call("fail", VIA_ABORTED);
        CHECK_INT(via_Stats_methods(visitor.client, &n, &methods, NULL), ==, VIA_OK);
        CHECK_INT(n, ==, svc_Work_interface.n_methods + via_Stats_interface.n_methods);
        for (size_t i = 0; i < n; i++) {
                struct via_method_stats stats = stats_of(methods[i]->name);

                CHECK_INT(methods[i]->n_codes, ==, VIA_STATS_CODES);
                CHECK_INT(methods[i]->n_latency, ==, VIA_STATS_BUCKETS);
                if (strcmp(methods[i]->name, "svc.Work/fail") == 0) {
                        found = true;
                        CHECK_INT(methods[i]->calls, ==, 1);
                        CHECK_INT(methods[i]->codes[VIA_ABORTED], ==, 1);
                        CHECK_INT(methods[i]->us, ==, stats.us);
                        CHECK(memcmp(methods[i]->latency, stats.latency,
                                     sizeof(stats.latency)) == 0);
                }
                if (strcmp(methods[i]->name, "via.Stats/methods") == 0)
                        CHECK_INT(methods[i]->in_flight, ==, 1);        /* this one */
        }
        CHECK(found);
        via_Stats_Method_free_all(n, methods);
        CHECK_INT(via_Stats_whole(visitor.client, &server, NULL), ==, VIA_OK);
        CHECK_INT(server->links, ==, 1);
        CHECK_INT(server->accepted, ==, 1);
        via_Stats_Server_free(server);
        CHECK_INT(via_Stats_bounds(visitor.client, &n_bounds, &bounds, NULL), ==, VIA_OK);
        CHECK_INT(n_bounds, ==, VIA_STATS_BUCKETS);
        for (unsigned i = 0; i < n_bounds; i++)
                CHECK_INT(bounds[i], ==, via_stats_bound(i));
        free(bounds);
        finish();
}

TEST(nothing_is_counted_unless_that_is_asked_for) {
        struct via_method_stats stats;

        begin(CALL, NULL);
        call("echo", 0);
        CHECK(!via_stats_read(shop.server, 0, &stats));
        finish();
}

/* --- several loops --- */

TEST(workers_are_added_up) {
        enum { N = 7, CALLS = 50 };
        struct visitor visitors[N];
        struct ending endings[N];
        struct via_server_stats server;

        workshop_workers = 3;
        workshop_options.flags = VIA_SERVER_STATS;
        begin(CALL, NULL);
        for (int i = 0; i < N; i++)
                visitor_open(&visitors[i], TURN, place);
        for (int k = 0; k < CALLS; k++) {
                for (int i = 0; i < N; i++)
                        start(&visitors[i], k % 5 ? "echo" : "fail", NULL, "s", VIA_ABORTED,
                              &endings[i]);
                for (int i = 0; i < N; i++) {
                        struct via_method_stats stats = stats_of("echo");       /* meanwhile */

                        CHECK_INT(stats.calls, <=, N * CALLS);
                        await(&visitors[i], &endings[i]);
                        ending_fini(&endings[i]);
                }
        }
        check("echo", N * CALLS / 5 * 4, VIA_OK, N * CALLS / 5 * 4, 0);
        check("fail", N * CALLS / 5, VIA_ABORTED, N * CALLS / 5, 0);
        via_stats_server(shop.server, &server);
        CHECK_INT(server.links, ==, N + 1);
        for (int i = 0; i < N; i++)
                visitor_close(&visitors[i]);
        finish();
}

/* --- the histogram --- */

TEST(bounds_go_up_by_half_at_most) {
        CHECK_INT(via_stats_bound(0), ==, 0);
        CHECK_INT(via_stats_bound(1), ==, 1);
        for (unsigned i = 2; i < VIA_STATS_BUCKETS; i++) {
                CHECK_INT(via_stats_bound(i), >, via_stats_bound(i - 1));
                CHECK_INT(via_stats_bound(i) * 2, <=,
                          i == 2 ? 4 : via_stats_bound(i - 1) * 3);
        }
        CHECK_INT(via_stats_bound(VIA_STATS_BUCKETS - 1), >, 3600ULL * 1000000 / 2);
        CHECK(via_stats_bound(VIA_STATS_BUCKETS) == UINT64_MAX);
}

TEST(each_time_is_counted_at_its_bound) {
        for (unsigned i = 0; i < VIA_STATS_BUCKETS; i++) {
                CHECK_INT(via_stats_bucket(via_stats_bound(i)), ==, i);
                CHECK_INT(via_stats_bucket(via_stats_bound(i + 1) - 1), ==, i);
        }
        CHECK_INT(via_stats_bucket(UINT64_MAX), ==, VIA_STATS_BUCKETS - 1);
}

TEST(quantiles) {
        struct via_method_stats stats = { 0 };

        CHECK_INT(via_stats_quantile(&stats, 0.5), ==, 0);
        stats.latency[20] = 90;                 /* 1024 to 1536 */
        stats.latency[40] = 10;                 /* a million to a million and a half */
        CHECK_INT(via_stats_quantile(&stats, 0.5), >=, via_stats_bound(20));
        CHECK_INT(via_stats_quantile(&stats, 0.5), <=, via_stats_bound(21));
        CHECK_INT(via_stats_quantile(&stats, 0.89), <=, via_stats_bound(21));
        CHECK_INT(via_stats_quantile(&stats, 0.95), >=, via_stats_bound(40));
        CHECK_INT(via_stats_quantile(&stats, 1), <=, via_stats_bound(41));
        CHECK_INT(via_stats_quantile(&stats, 7), <=, via_stats_bound(41));
        CHECK_INT(via_stats_quantile(&stats, -1), <=, via_stats_bound(21));
}
