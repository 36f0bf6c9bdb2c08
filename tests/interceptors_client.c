/*
 * interceptors_client.c - a client's interceptors: asked in order before a call is made, told once
 * and before anybody else when it has ended
 *
 * The interceptors a and b say "a<" before and "a>CODE" after; what `plan` says makes one of them
 * do something else: "b:refuse".
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include "test.h"
#include "workshop.h"

static const char *const place = "inproc:interceptors-client";

static struct workshop shop;
static struct visitor visitor;
static struct ending ending;
static const char *plan = "";

static bool is_plan(const char *name, const char *what) {
        char text[32];

        snprintf(text, sizeof(text), "%s:%s", name, what);
        return strcmp(plan, text) == 0;
}

static int before(void *user, struct via_outgoing *o) {
        const char *name = user;
        struct msg_text response;

        say("%s< ", name);
        CHECK(strncmp(via_outgoing_method(o), "svc.Work/", 9) == 0);
        CHECK_STR(via_outgoing_endpoint(o), place);
        CHECK(via_outgoing_client(o) == visitor.client);
        CHECK_INT(via_outgoing_timeout(o), >, 0);
        CHECK(via_outgoing_parent(o) == NULL);
        if (via_outgoing_table(o) == op("echo"))
                CHECK_STR(((const struct msg_text *)via_outgoing_request(o))->s, "s");
        if (is_plan(name, "refuse"))
                return via_outgoing_fail(o, VIA_UNAUTHENTICATED, "%s has no token", name);
        if (is_plan(name, "errno"))
                return -ENOENT;
        if (is_plan(name, "nonsense"))
                return 55;
        if (is_plan(name, "pretend"))
                return VIA_ANSWERED;
        if (is_plan(name, "hurry"))
                via_outgoing_shorten(o, deadline_ms());
        if (is_plan(name, "lengthen"))
                via_outgoing_shorten(o, 1000000);
        if (is_plan(name, "too-late"))
                via_outgoing_shorten(o, 0);
        if (is_plan(name, "add")) {
                CHECK_INT(via_outgoing_add(o, "added", name), ==, VIA_OK);
                CHECK_INT(via_outgoing_add_bin(o, "added-bin", "\0x", 2), ==, VIA_OK);
                CHECK_INT(via_outgoing_add(o, "Not a key", name), ==, VIA_INVALID_ARGUMENT);
                CHECK_STR(via_metadata_get(via_outgoing_metadata(o), "added"), name);
        }
        if (is_plan(name, "answer")) {
                if (!via_outgoing_table(o)->response ||
                    !via_outgoing_table(o)->response->desc.n_fields)
                        return via_outgoing_answer(o, NULL);
                via_message_init(via_outgoing_table(o)->response, &response);
                response.s = (char *)(uintptr_t) "instead";
                return via_outgoing_answer(o, &response);
        }
        return VIA_OK;
}

static void after(void *user, struct via_outgoing *o, int code,
                  const struct via_call_facts *facts) {
        struct via_error err = VIA_ERROR_INIT;

        say("%s>%s ", (const char *)user, via_code_name(code));
        CHECK(strncmp(via_outgoing_method(o), "svc.Work/", 9) == 0);
        CHECK_INT(facts->us, <, 60000000);
        CHECK(via_outgoing_request(o) == NULL);
        CHECK_INT(via_outgoing_add(o, "late", "x"), ==, VIA_FAILED_PRECONDITION);
        /* in here nothing can wait, which would be a turn within a turn */
        if (is_plan("b", "wait"))
                CHECK_INT(via_client_turn(via_outgoing_client(o), 0, &err), ==,
                          VIA_FAILED_PRECONDITION);
        via_error_fini(&err);
}

static const struct via_client_interceptor interceptor = { .before = before, .after = after };

/* The server says what metadata it got. */
static int see(void *user, struct via_call *call) {
        const struct via_metadata *md = via_call_metadata(call);
        size_t size = 0;

        (void)user;
        if (md && via_metadata_get(md, "own"))
                say("own=%s ", via_metadata_get(md, "own"));
        if (md && via_metadata_get(md, "added")) {
                say("added=%s ", via_metadata_get(md, "added"));
                CHECK(via_metadata_get_bin(md, "added-bin", &size) != NULL);
                CHECK_INT(size, ==, 2);
        }
        return VIA_OK;
}

static const struct via_interceptor seer = { .before = see };

static void sees(struct via_server *server) {
        CHECK_INT(via_server_intercept(server, &seer, NULL, NULL), ==, VIA_OK);
}

static void begin(enum how how) {
        plan = "";
        workshop_open(&shop, place, sees);
        visitor_open(&visitor, how, place);
        CHECK_INT(via_client_intercept(visitor.client, &interceptor, (char *)(uintptr_t) "a", NULL),
                  ==, VIA_OK);
        CHECK_INT(via_client_intercept(visitor.client, &interceptor, (char *)(uintptr_t) "b", NULL),
                  ==, VIA_OK);
}

static void finish(void) {
        visitor_close(&visitor);
        workshop_close(&shop);
}

static void check(const char *name, int32_t n, const char *what, int code, const char *text,
                  const char *expected) {
        plan = what ? what : "";
        CHECK_INT(ask(&visitor, name, NULL, "s", n, &ending), ==, code);
        if (text)
                CHECK_STR(code ? ending.err.message : ending.text, text);
        ending_fini(&ending);
        CHECK_SAID(expected);
}

static void every_way(enum how how) {
        char late[64];

        begin(how);
        check("echo", 0, NULL, VIA_OK, "s", "a< b< echo b>OK a>OK told ");
        check("nothing", 0, NULL, VIA_OK, NULL, "a< b< nothing b>OK a>OK told ");
        check("fail", 5, NULL, VIA_NOT_FOUND, "s", "a< b< fail b>NOT_FOUND a>NOT_FOUND told ");
        check("fail", 2, NULL, VIA_UNKNOWN, NULL, "a< b< fail b>UNKNOWN a>UNKNOWN told ");
        check("echo", 0, "b:refuse", VIA_UNAUTHENTICATED, "b has no token",
              "a< b< b>UNAUTHENTICATED a>UNAUTHENTICATED told ");
        check("echo", 0, "a:refuse", VIA_UNAUTHENTICATED, "a has no token",
              "a< a>UNAUTHENTICATED told ");
        check("echo", 0, "a:errno", VIA_INTERNAL, NULL, "a< a>INTERNAL told ");
        check("echo", 0, "a:nonsense", VIA_UNKNOWN, NULL, "a< a>UNKNOWN told ");
        check("echo", 0, "a:pretend", VIA_INTERNAL, NULL, "a< a>INTERNAL told ");
        check("echo", 0, "a:answer", VIA_OK, "instead", "a< a>OK told ");
        check("echo", 0, "b:answer", VIA_OK, "instead", "a< b< b>OK a>OK told ");
        check("nothing", 0, "b:answer", VIA_OK, NULL, "a< b< b>OK a>OK told ");
        check("note", 0, "a:answer", VIA_OK, NULL, "a< a>OK told ");
        check("note", 0, "a:refuse", VIA_UNAUTHENTICATED, NULL, "a< a>UNAUTHENTICATED told ");
        snprintf(late, sizeof(late), "no response within %u ms", deadline_ms());
        check("later", 0, "b:hurry", VIA_DEADLINE_EXCEEDED, late,
              "a< b< later b>DEADLINE_EXCEEDED a>DEADLINE_EXCEEDED told ");
        answer_text(put_off(), "in vain");
        check("echo", 0, "b:too-late", VIA_DEADLINE_EXCEEDED, "the call has no time left",
              "a< b< b>DEADLINE_EXCEEDED a>DEADLINE_EXCEEDED told ");
        check("echo", 0, "b:lengthen", VIA_OK, "s", "a< b< echo b>OK a>OK told ");
        check("echo", 0, "b:wait", VIA_OK, "s", "a< b< echo b>OK a>OK told ");
        finish();
}

TEST(every_way_a_blocking_call_may_go) {
        every_way(CALL);
}
TEST(every_way_a_started_call_may_go) {
        every_way(TURN);
}
TEST(every_way_a_call_in_a_loop_may_go) {
        every_way(LOOP);
}

/* What an interceptor adds goes with the caller's own, which stay as they are. */
TEST(metadata_are_added_to_the_callers_own) {
        for (enum how how = 0; how < HOWS; how++) {
                struct via_metadata *md = via_metadata_new();
                struct via_call_options options = { .metadata = md };

                via_metadata_add(md, "own", "mine", NULL);
                begin(how);
                plan = "b:add";
                for (int i = 0; i < 2; i++) {
                        CHECK_INT(ask(&visitor, "echo", &options, "s", 0, &ending), ==, VIA_OK);
                        ending_fini(&ending);
                        CHECK_SAID("a< b< own=mine added=b echo b>OK a>OK told ");
                }
                CHECK_INT(via_metadata_count(md), ==, 1);
                CHECK_INT(ask(&visitor, "echo", NULL, "s", 0, &ending), ==, VIA_OK);
                ending_fini(&ending);
                CHECK_SAID("a< b< added=b echo b>OK a>OK told ");
                plan = "";
                CHECK_INT(ask(&visitor, "echo", &options, "s", 0, &ending), ==, VIA_OK);
                ending_fini(&ending);
                CHECK_SAID("a< b< own=mine echo b>OK a>OK told ");
                finish();
                via_metadata_free(md);
        }
}

/* However often it is made, it is one call. */
TEST(a_call_that_is_made_again) {
        for (enum how how = 0; how < HOWS; how++) {
                struct via_call_options options = { .retries = 3 };

                begin(how);
                for (int i = 0; i < 2; i++) {
                        CHECK_INT(ask(&visitor, "shaky", &options, "s", 0, &ending), ==, VIA_OK);
                        CHECK_STR(ending.text, "s");
                        ending_fini(&ending);
                        CHECK_SAID("a< b< shaky shaky b>OK a>OK told ");
                }
                CHECK_INT(ask(&visitor, "shaky", NULL, "s", 0, &ending), ==, VIA_UNAVAILABLE);
                ending_fini(&ending);
                CHECK_SAID("a< b< shaky b>UNAVAILABLE a>UNAVAILABLE told ");
                CHECK_INT(ask(&visitor, "shaky", NULL, "s", 0, &ending), ==, VIA_OK);
                ending_fini(&ending);
                finish();
                said((char[1024]){ 0 }, 1024);
        }
}

/* In a lent arena, an interceptor's answer is where the server's would be. */
TEST(an_answer_in_an_arena) {
        struct via_arena *arena = via_arena_new(0);
        struct via_call_options options = { .arena = arena };

        begin(CALL);
        plan = "a:answer";
        CHECK_INT(ask(&visitor, "echo", &options, "s", 0, &ending), ==, VIA_OK);
        CHECK_STR(ending.text, "instead");
        ending_fini(&ending);
        finish();
        via_arena_free(arena);
        CHECK_SAID("a< a>OK told ");
}

TEST(a_cancelled_call) {
        for (enum how how = TURN; how < HOWS; how++) {
                struct via_handle *handle;

                begin(how);
                handle = start(&visitor, "later", NULL, "s", 0, &ending);
                via_handle_cancel(handle);
                via_handle_cancel(handle);
                await(&visitor, &ending);
                CHECK_INT(ending.code, ==, VIA_CANCELLED);
                ending_fini(&ending);
                answer_text(put_off(), "in vain");
                finish();
                CHECK_SAID("a< b< b>CANCELLED a>CANCELLED told later ");
        }
}

TEST(calls_when_the_client_is_closed) {
        for (enum how how = TURN; how < HOWS; how++) {
                struct ending other = { 0 }, third = { 0 };

                begin(how);
                start(&visitor, "later", NULL, "s", 0, &ending);
                start(&visitor, "note", NULL, "s", 0, &other);
                plan = "a:answer";
                start(&visitor, "echo", NULL, "s", 0, &third);
                visitor_close(&visitor);
                CHECK_INT(ending.n + other.n + third.n, ==, 3);
                CHECK_INT(third.code, ==, VIA_OK);
                CHECK_STR(third.text, "instead");
                ending_fini(&ending);
                ending_fini(&other);
                ending_fini(&third);
                answer_text(put_off(), "in vain");
                workshop_close(&shop);
                said((char[4096]){ 0 }, 4096);
        }
}

TEST(calls_when_the_server_ends) {
        for (enum how how = TURN; how < HOWS; how++) {
                struct via_call *call;

                begin(how);
                start(&visitor, "later", NULL, "s", 0, &ending);
                if (how == LOOP)
                        uv_run(&visitor.loop, UV_RUN_NOWAIT);
                else
                        via_client_turn(visitor.client, 0, NULL);
                call = put_off();
                CHECK_SAID("a< b< later ");
                via_server_stop(shop.server);
                via_call_fail(call, VIA_ABORTED, "enough");
                via_call_end(call, VIA_ABORTED);
                await(&visitor, &ending);
                ending_fini(&ending);
                CHECK_SAID("b>ABORTED a>ABORTED told ");
                workshop_close(&shop);
                for (int i = 0; i < 100; i++)   /* until it has noticed that nobody is there */
                        ask(&visitor, "echo", NULL, "s", 0, &ending), ending_fini(&ending);
                said((char[16384]){ 0 }, 16384);
                CHECK_INT(ask(&visitor, "echo", NULL, "s", 0, &ending), ==, VIA_UNAVAILABLE);
                ending_fini(&ending);
                CHECK_SAID("a< b< b>UNAVAILABLE a>UNAVAILABLE told ");
                visitor_close(&visitor);
        }
}

/* --- streams --- */

static void on_ready(void *user, struct via_stream *stream) {
        (void)stream;
        *(bool *)user = true;
}

static void sum_by(const char *what, int code, const char *text, const char *expected) {
        struct via_stream *stream;
        bool ready = false;

        plan = what;
        stream = open_stream(&visitor, "sum", NULL, "1", 0);
        if (stream && visitor.how == LOOP) {
                via_stream_on_ready(stream, on_ready, &ready);
                while (!ready && via_stream_done(stream))
                        visitor_turn(&visitor);
        }
        for (int i = 0; stream && i < 5; i++)
                while (svc_Work_sum_write(stream, "2", NULL) == VIA_LATER)
                        visitor_turn(&visitor);
        if (stream) {
                CHECK_INT(finish_stream(&visitor, stream, "sum", &ending), ==, code);
                CHECK_STR(ending.text, text);
                ending_fini(&ending);
        }
        CHECK_SAID(expected);
}

TEST(streams_are_calls) {
        for (enum how how = TURN; how < HOWS; how++) {
                struct via_stream *stream;
                char *item = NULL;
                int code;

                begin(how);
                sum_by("", VIA_OK, "122222", "a< b< sum b>OK a>OK told ");
                sum_by("a:refuse", 0, NULL, "a< a>UNAUTHENTICATED not opened: UNAUTHENTICATED ");
                sum_by("b:answer", VIA_OK, "instead", "a< b< b>OK a>OK told ");

                plan = "a:answer";
                stream = open_stream(&visitor, "count", NULL, "s", 3);
                CHECK_INT(svc_Work_count_read(stream, &item, NULL), ==, VIA_END);
                CHECK_INT(finish_stream(&visitor, stream, "count", &ending), ==, VIA_OK);
                CHECK_SAID("a< a>OK told ");

                plan = "";
                stream = open_stream(&visitor, "sum", NULL, "s", 0);
                via_stream_cancel(stream);
                CHECK_SAID("a< b< b>CANCELLED a>CANCELLED ");
                CHECK_INT(finish_stream(&visitor, stream, "sum", &ending), ==, VIA_CANCELLED);
                ending_fini(&ending);
                ask(&visitor, "nothing", NULL, "s", 0, &ending);
                ending_fini(&ending);
                said((char[4096]){ 0 }, 4096);

                stream = open_stream(&visitor, "count", NULL, "s", 3);
                for (int i = 0; i < 3; i++) {
                        while ((code = svc_Work_count_read(stream, &item, NULL)) == VIA_LATER)
                                visitor_turn(&visitor);
                        CHECK_INT(code, ==, VIA_OK);
                        free(item);
                }
                CHECK_INT(finish_stream(&visitor, stream, "count", &ending), ==, VIA_OK);
                ending_fini(&ending);
                CHECK_SAID("a< b< count b>OK a>OK told ");
                finish();
        }
}

/* --- what is known of a call --- */

static struct via_call_facts last;

static void keep(void *user, struct via_outgoing *o, int code, const struct via_call_facts *facts) {
        (void)user;
        (void)o;
        (void)code;
        last = *facts;
}

TEST(bytes_are_those_on_the_wire) {
        enum { HEADER = 16, METHOD = 8, S = 2 + 1 };
        static const struct via_client_interceptor keeper = { .after = keep };
        struct via_stream *stream;

        begin(TURN);
        via_client_intercept(visitor.client, &keeper, NULL, NULL);
        ask(&visitor, "echo", NULL, "s", 0, &ending);
        CHECK_INT(last.bytes_out, ==, HEADER + METHOD + S);
        CHECK_INT(last.bytes_in, ==, HEADER + S);
        ending_fini(&ending);
        plan = "a:answer";
        ask(&visitor, "echo", NULL, "s", 0, &ending);
        ending_fini(&ending);
        plan = "";
        stream = open_stream(&visitor, "count", NULL, "s", 4);
        finish_stream(&visitor, stream, "count", &ending);
        CHECK_INT(last.bytes_out, ==, HEADER + METHOD + S + 2);
        CHECK_INT(last.bytes_in, ==, 4 * (HEADER + S) + HEADER);
        ending_fini(&ending);
        finish();
}
