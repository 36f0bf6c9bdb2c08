/*
 * tracing.c - traces and deadlines go on from a client to server A, and from A to server B
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include "metadata.h"
#include "test.h"
#include "trace.h"
#include "workshop.h"

#define ID   "0af7651916cd43dd8448eb211c80319c"
#define SPAN "b7ad6b7169203331"
#define TEXT "00-" ID "-" SPAN "-01"

/* --- what is a traceparent --- */

static const char *const wrong[] = {
        "",
        "00",
        "00-" ID "-" SPAN "-0",
        "00-" ID "-" SPAN "-011",
        "00-" ID "-" SPAN "-01-",
        "00-" ID "-" SPAN "-01-what-the-future-may-hold",
        "01-" ID "-" SPAN "-01",
        "ff-" ID "-" SPAN "-01",
        "0 -" ID "-" SPAN "-01",
        " 00-" ID "-" SPAN "-0",
        "00_" ID "-" SPAN "-01",
        "00-" ID "_" SPAN "-01",
        "00-" ID "-" SPAN "_01",
        "00-0AF7651916CD43DD8448EB211C80319C-" SPAN "-01",
        "00-" ID "-B7AD6B7169203331-01",
        "00-" ID "-" SPAN "-0A",
        "00-" ID "-" SPAN "-xx",
        "00-" ID "-" SPAN "- 1",
        "00-0af7651916cd43dd8448eb211c80319g-" SPAN "-01",
        "00-0af7651916cd43dd8448eb211c8031-9-" SPAN "-01",
        "00-" ID "-b7ad6b716920333-101",
        "00-00000000000000000000000000000000-" SPAN "-01",
        "00-" ID "-0000000000000000-01",
        "%s%s%s%n",
};
enum { N_WRONG = sizeof(wrong) / sizeof(*wrong) };

TEST(what_is_right) {
        char text[VIA_TRACE_TEXT + 1];
        struct via_trace trace;

        CHECK(via_trace_parse(TEXT, &trace));
        CHECK_INT(trace.id[0], ==, 0x0a);
        CHECK_INT(trace.id[15], ==, 0x9c);
        CHECK_INT(trace.span[7], ==, 0x31);
        CHECK_INT(trace.flags, ==, 1);
        via_trace_format(&trace, text);
        CHECK_STR(text, TEXT);
        CHECK(via_trace_parse("00-" ID "-" SPAN "-ff", &trace));
        CHECK(via_trace_parse("00-00000000000000000000000000000001-0000000000000001-00", &trace));
}

TEST(what_is_wrong) {
        for (int i = 0; i < N_WRONG; i++) {
                struct via_trace trace = { .flags = 77 };

                if (via_trace_parse(wrong[i], &trace))
                        test_fail(__FILE__, __LINE__, "\"%s\" is taken", wrong[i]);
                CHECK_INT(trace.flags, ==, 77);
        }
}

/* One byte of a good one is another: it is taken only if it still has the form. */
TEST(any_other_byte) {
        char text[VIA_TRACE_TEXT + 1], again[VIA_TRACE_TEXT + 1];
        struct via_trace trace;

        for (int i = 0; i < VIA_TRACE_TEXT; i++)
                for (int c = 1; c < 256; c++) {
                        memcpy(text, TEXT, sizeof(text));
                        text[i] = (char)c;
                        if (!via_trace_parse(text, &trace))
                                continue;
                        via_trace_format(&trace, again);
                        CHECK_STR(again, text);
                }
}

TEST(ids_are_not_made_twice) {
        enum { N = 1000 };
        static struct via_trace traces[N];
        uint64_t state = 1, twin;

        for (int i = 0; i < N; i++) {
                via_trace_begin(&traces[i], &state, 5);
                CHECK_INT(traces[i].flags, ==, VIA_TRACE_SAMPLED);
                for (int k = 0; k < i; k++) {
                        CHECK(memcmp(traces[i].id, traces[k].id, 16) != 0);
                        CHECK(memcmp(traces[i].span, traces[k].span, 8) != 0);
                }
        }
        twin = state;                           /* as in a child */
        via_trace_begin(&traces[0], &state, 1000001);
        via_trace_begin(&traces[1], &twin, 1000002);
        CHECK(memcmp(traces[0].id, traces[1].id, 16) != 0);
        CHECK(memcmp(traces[0].span, traces[1].span, 8) != 0);
}

/* --- from one to the next --- */

static struct workshop a, b;
static struct visitor visitor;
static struct ending ending;
static uint32_t left_a, left_b;
static char seen[512], state[600];              /* by B */

static int at_a(void *user, struct via_call *call) {
        char text[VIA_TRACEPARENT_SIZE];

        (void)user;
        left_a = via_call_time_left(call);
        say("a:%s ", via_call_traceparent(call, text) ? text : "none");
        return VIA_OK;
}

static int at_b(void *user, struct via_call *call) {
        const struct via_metadata *md = via_call_metadata(call);
        const char *key;
        const void *value;

        (void)user;
        left_b = via_call_time_left(call);
        *seen = *state = 0;
        for (size_t i = 0; md && via_metadata_at(md, i, &key, &value, NULL); i++) {
                if (strcmp(key, "traceparent") == 0)
                        snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), "%s;",
                                 (const char *)value);
                if (strcmp(key, "tracestate") == 0)
                        snprintf(state + strlen(state), sizeof(state) - strlen(state), "%s;",
                                 (const char *)value);
        }
        return VIA_OK;
}

static const struct via_interceptor looks_a = { .before = at_a }, looks_b = { .before = at_b };

/* Spans are kept by what they are called: one letter for whose they are. */
struct span {
        char trace[33], id[17], parent[17], state[64], method[32];
        bool served, sampled;
        int  ended, code;
};
static struct span spans[16];
static int n_spans;
static bool keeps = true;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void *span_start(void *user, const struct via_span_info *info) {
        struct span *span;

        (void)user;
        pthread_mutex_lock(&lock);
        span = &spans[n_spans++];
        *span = (struct span){ .served = info->served, .sampled = info->sampled };
        snprintf(span->trace, sizeof(span->trace), "%s", info->trace_id);
        snprintf(span->id, sizeof(span->id), "%s", info->span_id);
        snprintf(span->parent, sizeof(span->parent), "%s", info->parent_id ? info->parent_id : "");
        snprintf(span->state, sizeof(span->state), "%s", info->tracestate ? info->tracestate : "");
        snprintf(span->method, sizeof(span->method), "%s", info->method);
        pthread_mutex_unlock(&lock);
        CHECK_INT(strlen(info->trace_id), ==, 32);
        CHECK_INT(strlen(info->span_id), ==, 16);
        CHECK(info->endpoint && *info->endpoint);
        CHECK(!info->served || info->call);
        return keeps ? span : NULL;
}

static void span_end(void *user, void *kept, int code, const struct via_call_facts *facts) {
        struct span *span = kept;

        (void)user;
        CHECK(facts != NULL);
        span->ended++;
        span->code = code;
}

static const struct via_tracer tracer = { .start = span_start, .end = span_end };
static bool trace_a, trace_b;

static void dress_a(struct via_server *server) {
        if (trace_a)
                CHECK_INT(via_server_trace(server, &tracer, NULL, NULL), ==, VIA_OK);
        CHECK_INT(via_server_intercept(server, &looks_a, NULL, NULL), ==, VIA_OK);
}

static void dress_b(struct via_server *server) {
        CHECK_INT(via_server_intercept(server, &looks_b, NULL, NULL), ==, VIA_OK);
        if (trace_b)
                CHECK_INT(via_server_trace(server, &tracer, NULL, NULL), ==, VIA_OK);
}

static void begin(enum how how) {
        workshop_open(&a, "inproc:tracing-a", dress_a);
        workshop_open(&b, "inproc:tracing-b", dress_b);         /* whom A's relay() asks */
        visitor_open(&visitor, how, a.endpoint);
        n_spans = 0;
}

static void finish(void) {
        visitor_close(&visitor);
        workshop_close(&a);
        workshop_close(&b);
        said((char[16384]){ 0 }, 16384);
}

/* A relayed call with @parent and @tracestate in its metadata; the second one repeats the first. */
static void relay(const char *parent, const char *tracestate, bool twice) {
        struct via_metadata *md = via_metadata_new();
        struct via_call_options options = { .metadata = md };

        for (int i = 0; parent && i <= twice; i++)
                CHECK_INT(via_metadata_add(md, "traceparent", parent, NULL), ==, VIA_OK);
        if (tracestate)
                CHECK_INT(via_metadata_add(md, "tracestate", tracestate, NULL), ==, VIA_OK);
        CHECK_INT(ask(&visitor, "relay", &options, "s", 0, &ending), ==, VIA_OK);
        CHECK_STR(ending.text, "s");
        ending_fini(&ending);
        via_metadata_free(md);
}

TEST(without_a_tracer_it_is_handed_on_as_it_came) {
        begin(CALL);
        relay(TEXT, "vendor=1,other=2", false);
        CHECK_STR(seen, TEXT ";");
        CHECK_STR(state, "vendor=1,other=2;");
        CHECK_SAID("a:" TEXT " relay echo told ");
        relay("00-" ID "-" SPAN "-00", NULL, false);
        CHECK_STR(seen, "00-" ID "-" SPAN "-00;");
        CHECK_STR(state, "");
        relay(NULL, NULL, false);
        CHECK_STR(seen, "");
        relay(NULL, "vendor=1", false);
        CHECK_STR(seen, "");
        CHECK_STR(state, "");
        relay(TEXT, "vendor=1", true);          /* which of the two? */
        CHECK_STR(seen, "");
        CHECK_STR(state, "");
        finish();
}

TEST(what_is_wrong_is_not_handed_on) {
        begin(CALL);
        for (int i = 0; i < N_WRONG; i++) {
                said((char[512]){ 0 }, 512);
                relay(wrong[i], "vendor=1", false);
                CHECK_STR(seen, "");
                CHECK_STR(state, "");
                CHECK_SAID("a:none relay echo told ");
        }
        finish();
}

TEST(a_long_tracestate_is_dropped) {
        char text[600];

        memset(text, 'x', sizeof(text));
        text[512] = 0;
        begin(CALL);
        relay(TEXT, text, false);
        CHECK_INT(strlen(state), ==, 513);
        text[512] = 'x';
        text[513] = 0;
        relay(TEXT, text, false);
        CHECK_STR(seen, TEXT ";");
        CHECK_STR(state, "");
        finish();
}

/* Full metadata are sent without a trace rather than not at all. */
TEST(no_call_fails_for_its_trace) {
        struct via_metadata *md = via_metadata_new();
        char big[100];

        memset(big, 'x', sizeof(big) - 1);
        big[99] = 0;
        for (int i = 0; i < 64; i++)
                CHECK_INT(via_metadata_add(md, "k", big, NULL), ==, VIA_OK);
        trace_a = true;
        begin(CALL);
        CHECK_INT(via_client_trace(visitor.client, &tracer, NULL, NULL), ==, VIA_OK);
        CHECK_INT(ask(&visitor, "echo", &(struct via_call_options){ .metadata = md }, "s", 0,
                      &ending), ==, VIA_OK);
        ending_fini(&ending);
        finish();
        via_metadata_free(md);
}

static void check_child(const struct span *span, const char *trace, const char *parent) {
        CHECK_STR(span->trace, trace);
        CHECK_STR(span->parent, parent);
        CHECK_INT(span->ended, ==, keeps);
}

TEST(a_span_for_each_call) {
        for (enum how how = 0; how < HOWS; how++) {
                char expected[64];

                trace_a = trace_b = keeps = true;
                begin(how);
                CHECK_INT(via_client_trace(visitor.client, &tracer, NULL, NULL), ==, VIA_OK);
                CHECK_INT(ask(&visitor, "relay", NULL, "s", 0, &ending), ==, VIA_OK);
                ending_fini(&ending);
                workshop_stop(&b);
                /* the client's, A's, B's: each within the one before */
                CHECK_INT(n_spans, ==, 3);
                check_child(&spans[0], spans[0].trace, "");
                check_child(&spans[1], spans[0].trace, spans[0].id);
                check_child(&spans[2], spans[0].trace, spans[1].id);
                CHECK(!spans[0].served && spans[1].served && spans[2].served);
                CHECK(spans[0].sampled && spans[1].sampled && spans[2].sampled);
                CHECK_STR(spans[2].method, "svc.Work/echo");
                snprintf(expected, sizeof(expected), "00-%s-%s-01;", spans[0].trace, spans[1].id);
                CHECK_STR(seen, expected);
                finish();
                trace_a = trace_b = false;
        }
}

TEST(the_trace_that_came_goes_on) {
        trace_a = true;
        begin(CALL);
        relay(TEXT, "vendor=1", false);
        CHECK_INT(n_spans, ==, 1);
        check_child(&spans[0], ID, SPAN);
        CHECK_STR(spans[0].state, "vendor=1");
        CHECK(strncmp(seen, "00-" ID "-", 36) == 0);
        CHECK(strncmp(seen + 36, spans[0].id, 16) == 0);
        CHECK_STR(seen + 52, "-01;");
        CHECK_STR(state, "vendor=1;");

        relay("00-" ID "-" SPAN "-fe", NULL, false);    /* flags that we do not know are not ours */
        CHECK(!spans[1].sampled);
        CHECK_STR(seen + 52, "-00;");

        for (int i = 0; i < N_WRONG; i++) {
                n_spans = 0;
                relay(wrong[i], "vendor=1", false);
                CHECK_INT(n_spans, ==, 1);
                CHECK_STR(spans[0].parent, "");
                CHECK_STR(spans[0].state, "");
                CHECK(strcmp(spans[0].trace, ID) != 0);
                CHECK_STR(state, "");
        }
        finish();
}

TEST(spans_that_are_not_kept) {
        trace_a = true;
        keeps = false;
        begin(CALL);
        relay(TEXT, NULL, false);
        check_child(&spans[0], ID, SPAN);
        CHECK_STR(seen + 52, "-00;");
        finish();
}

TEST(a_traceparent_of_the_programs_own_stays) {
        begin(CALL);
        CHECK_INT(via_client_trace(visitor.client, &tracer, NULL, NULL), ==, VIA_OK);
        relay(TEXT, NULL, false);
        CHECK_INT(n_spans, ==, 0);
        CHECK_STR(seen, TEXT ";");
        finish();
}

TEST(a_span_ends_as_its_call_does) {
        trace_a = true;
        begin(TURN);
        CHECK_INT(via_client_trace(visitor.client, &tracer, NULL, NULL), ==, VIA_OK);
        CHECK_INT(ask(&visitor, "fail", NULL, "s", 5, &ending), ==, VIA_NOT_FOUND);
        ending_fini(&ending);
        CHECK_INT(n_spans, ==, 2);
        CHECK_INT(spans[0].code, ==, VIA_NOT_FOUND);
        CHECK_INT(spans[1].code, ==, VIA_NOT_FOUND);
        via_client_trace(visitor.client, NULL, NULL, NULL);
        CHECK_INT(ask(&visitor, "echo", NULL, "s", 0, &ending), ==, VIA_OK);
        ending_fini(&ending);
        CHECK_INT(n_spans, ==, 3);
        finish();
}

static int answer(void *user, struct via_outgoing *o) {
        struct msg_text response;

        (void)user;
        via_message_init(via_outgoing_table(o)->response, &response);
        response.s = (char *)(uintptr_t) "instead";
        return via_outgoing_answer(o, &response);
}

/* Also if it has never left. */
TEST(a_span_ends_once) {
        static const struct via_client_interceptor answers = { .before = answer };

        for (enum how how = 0; how < HOWS; how++) {
                begin(how);
                CHECK_INT(via_client_trace(visitor.client, &tracer, NULL, NULL), ==, VIA_OK);
                CHECK_INT(via_client_intercept(visitor.client, &answers, NULL, NULL), ==, VIA_OK);
                CHECK_INT(ask(&visitor, "echo", NULL, "s", 0, &ending), ==, VIA_OK);
                CHECK_STR(ending.text, "instead");
                ending_fini(&ending);
                CHECK_INT(n_spans, ==, 1);
                CHECK_INT(spans[0].ended, ==, 1);
                finish();
        }
}

/* --- deadlines --- */

static int slow(void *user, struct via_call *call) {
        (void)user;
        (void)call;
        usleep(400000);
        return VIA_OK;
}

static void dress_slow(struct via_server *server) {
        static const struct via_interceptor slows = { .before = slow };

        dress_a(server);
        CHECK_INT(via_server_intercept(server, &slows, NULL, NULL), ==, VIA_OK);
}

/* What A has spent is not there for B any more. */
TEST(a_deadline_goes_on_less_what_is_spent) {
        for (enum how how = 0; how < HOWS; how++) {
                struct via_call_options options = { .timeout_ms = 15000 };

                workshop_open(&a, "inproc:tracing-a", dress_slow);
                workshop_open(&b, "inproc:tracing-b", dress_b);
                visitor_open(&visitor, how, a.endpoint);
                CHECK_INT(ask(&visitor, "relay", &options, "s", 0, &ending), ==, VIA_OK);
                ending_fini(&ending);
                CHECK_INT(left_a, <=, 15000);
                CHECK_INT(left_b, <=, left_a - 380);    /* by a coarse clock */
                CHECK_INT(left_b, >, 0);
                finish();
        }
}

TEST(all_of_them_end_when_the_first_is_overdue) {
        for (enum how how = 0; how < HOWS; how++) {
                struct via_call_options options = { .timeout_ms = deadline_ms() };
                struct via_call *call;

                begin(how);
                CHECK_INT(ask(&visitor, "relay", &options, "later", 0, &ending), ==,
                          VIA_DEADLINE_EXCEEDED);
                ending_fini(&ending);
                call = put_off();
                while (!via_call_cancelled(call))
                        usleep(1000);
                CHECK_INT(left_b, <=, deadline_ms());
                answer_text(call, "in vain");
                finish();
        }
}

TEST(no_call_is_made_for_one_that_is_overdue) {
        struct via_call_options options = { .timeout_ms = 300 };
        char all[256];

        workshop_open(&a, "inproc:tracing-a", dress_slow);
        workshop_open(&b, "inproc:tracing-b", dress_b);
        visitor_open(&visitor, CALL, a.endpoint);
        CHECK_INT(ask(&visitor, "relay", &options, "s", 0, &ending), ==, VIA_DEADLINE_EXCEEDED);
        ending_fini(&ending);
        visitor_close(&visitor);
        workshop_close(&a);
        workshop_close(&b);
        said(all, sizeof(all));
        CHECK(strstr(all, "relay") && !strstr(all, "echo"));
}
