/*
 * interceptors.c - who is asked before a call, and told of its end: in order, and once, whatever
 * becomes of the call
 *
 * The interceptors a and b say "a<" before and "a>CODE" after; the metadata "do" makes one of them
 * do something else: "b:refuse".
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include "test.h"
#include "workshop.h"

static const char *const place = "inproc:interceptors";

/* Whether @name is to do something else, and what: after the colon. */
static const char *told_to(const struct via_metadata *md, const char *name) {
        const char *what = md ? via_metadata_get(md, "do") : NULL;
        size_t n = strlen(name);

        return what && strncmp(what, name, n) == 0 && what[n] == ':' ? what + n + 1 : "";
}

/* --- of the server --- */

static void *answer_later(void *user) {
        answer_text(user, "later");
        return NULL;
}

static int put_it_off(struct via_call *call, bool at_once) {
        int code = via_call_defer(call);
        pthread_t thread;

        if (code == VIA_DEFERRED && at_once)
                answer_text(call, "at once");
        else if (code == VIA_DEFERRED && pthread_create(&thread, NULL, answer_later, call) == 0)
                pthread_detach(thread);
        return code;
}

static int before(void *user, struct via_call *call) {
        const char *name = user, *what = told_to(via_call_metadata(call), name);
        const struct msg_text *request;
        struct msg_text *response;

        say("%s< ", name);
        if (strcmp(what, "refuse") == 0)
                return via_call_fail(call, VIA_PERMISSION_DENIED, "%s says no", name);
        if (strcmp(what, "errno") == 0)
                return -EACCES;
        if (strcmp(what, "nonsense") == 0)
                return 55;
        if (strcmp(what, "pretend") == 0)
                return VIA_DEFERRED;
        if (strcmp(what, "sly") == 0) {         /* the call has its answer, whatever is returned */
                CHECK_INT(put_it_off(call, true), ==, VIA_DEFERRED);
                return VIA_OK;
        }
        if (strcmp(what, "defer") == 0 || strcmp(what, "at-once") == 0)
                return put_it_off(call, strcmp(what, "at-once") == 0);
        if (strcmp(what, "see") == 0) {
                request = via_call_request(call);
                CHECK(request == via_call_request(call));
                say("%s ", request ? request->s : "nothing");
        }
        if (strcmp(what, "answer") == 0) {
                response = via_call_new(call, via_call_table(call)->response);
                if (via_call_table(call)->response->desc.n_fields)
                        via_call_strdup(call, &response->s, "instead");
                return via_call_answer(call, response);
        }
        if (strcmp(what, "say") == 0) {
                via_call_add_header(call, "who", name);
                via_call_add_trailer(call, "who", name);
        }
        return VIA_OK;
}

static void after(void *user, struct via_call *call, int code, const struct via_call_facts *facts) {
        CHECK(strncmp(via_call_method(call), "svc.Work/", 9) == 0);
        CHECK_INT(facts->us, <, 60000000);
        say("%s>%s ", (const char *)user, via_code_name(code));
}

static const struct via_interceptor interceptor = { .before = before, .after = after };

static void two(struct via_server *server) {
        CHECK_INT(via_server_intercept(server, &interceptor, (char *)(uintptr_t) "a", NULL), ==, 0);
        CHECK_INT(via_server_intercept(server, &interceptor, (char *)(uintptr_t) "b", NULL), ==, 0);
}

static struct workshop shop;
static struct visitor visitor;
static struct ending ending;

static void begin(enum how how, void (*before_run)(struct via_server *server)) {
        workshop_open(&shop, place, before_run);
        visitor_open(&visitor, how, place);
}

static void finish(void) {
        visitor_close(&visitor);
        workshop_close(&shop);
}

/* Options that make an interceptor @what. */
static const struct via_call_options *told(const char *what) {
        static struct via_call_options options;
        static struct via_metadata *md;

        via_metadata_free(md);
        md = NULL;
        options = (struct via_call_options){ 0 };
        if (what) {
                md = via_metadata_new();
                CHECK_INT(via_metadata_add(md, "do", what, NULL), ==, VIA_OK);
                options.metadata = md;
        }
        return &options;
}

/* One call of @name, with what is done to it, what it ends by, and what is said about it. */
static void check(const char *name, int32_t n, const char *what, int code, const char *text,
                  const char *expected) {
        char all[256];

        CHECK_INT(ask(&visitor, name, told(what), "s", n, &ending), ==, code);
        if (text)
                CHECK_STR(code ? ending.err.message : ending.text, text);
        ending_fini(&ending);
        told(NULL);
        /* The server says the end before it sends it, but for what was told already. */
        said(all, sizeof(all));
        CHECK_STR(all, expected);
}

static void every_way(enum how how) {
        begin(how, two);
        check("echo", 0, NULL, VIA_OK, "s", "a< b< echo b>OK a>OK told ");
        check("nothing", 0, NULL, VIA_OK, NULL, "a< b< nothing b>OK a>OK told ");
        check("fail", 5, NULL, VIA_NOT_FOUND, "s", "a< b< fail b>NOT_FOUND a>NOT_FOUND told ");
        check("fail", 2, NULL, VIA_UNKNOWN, NULL, "a< b< fail b>UNKNOWN a>UNKNOWN told ");
        check("work", 0, NULL, VIA_OK, "s", "a< b< work b>OK a>OK told ");
        check("echo", 0, "a:refuse", VIA_PERMISSION_DENIED, "a says no",
              "a< a>PERMISSION_DENIED told ");
        check("echo", 0, "b:refuse", VIA_PERMISSION_DENIED, "b says no",
              "a< b< b>PERMISSION_DENIED a>PERMISSION_DENIED told ");
        check("echo", 0, "a:errno", VIA_INTERNAL, "an interceptor failed: Permission denied",
              "a< a>INTERNAL told ");
        check("echo", 0, "a:nonsense", VIA_UNKNOWN, NULL, "a< a>UNKNOWN told ");
        check("echo", 0, "a:pretend", VIA_INTERNAL, NULL, "a< a>INTERNAL told ");
        check("echo", 0, "a:answer", VIA_OK, "instead", "a< a>OK told ");
        check("nothing", 0, "b:answer", VIA_OK, NULL, "a< b< b>OK a>OK told ");
        check("echo", 0, "b:see", VIA_OK, "s", "a< b< s echo b>OK a>OK told ");
        check("echo", 0, "b:defer", VIA_OK, "later", "a< b< b>OK a>OK told ");
        check("echo", 0, "a:at-once", VIA_OK, "at once", "a< a>OK told ");
        check("echo", 0, "a:sly", VIA_OK, "at once", "a< a>OK told ");
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

static void without(char *text, const char *word) {
        size_t n = strlen(word);

        for (char *p; (p = strstr(text, word));)
                memmove(p, p + n, strlen(p + n) + 1);
}

TEST(a_oneway_call) {
        for (enum how how = 0; how < HOWS; how++) {
                char all[256];

                begin(how, two);
                CHECK_INT(ask(&visitor, "note", NULL, "s", 0, &ending), ==, VIA_OK);
                ending_fini(&ending);
                /* put off, it is let pass */
                CHECK_INT(ask(&visitor, "note", told("a:defer"), "s", 0, &ending), ==, VIA_OK);
                ending_fini(&ending);
                told(NULL);
                CHECK_INT(ask(&visitor, "echo", NULL, "s", 0, &ending), ==, VIA_OK);
                ending_fini(&ending);
                finish();
                said(all, sizeof(all));
                without(all, "told ");          /* by another thread, at any time */
                CHECK_STR(all, "a< b< note b>OK a>OK a< b< note b>OK a>OK "
                               "a< b< echo b>OK a>OK ");
        }
}

/* What an interceptor says beside the answer reaches the client, also of a failure. */
TEST(headers_and_trailers_of_an_interceptor) {
        struct via_metadata *header = via_metadata_new(), *trailer = via_metadata_new();

        begin(CALL, two);
        for (int i = 0; i < 2; i++) {
                struct via_call_options options = *told("b:say");

                options.header = header;
                options.trailer = trailer;
                ask(&visitor, i ? "fail" : "echo", &options, "s", 5, &ending);
                ending_fini(&ending);
                CHECK_STR(via_metadata_get(header, "who"), "b");
                CHECK_STR(via_metadata_get(trailer, "who"), "b");
        }
        told(NULL);
        finish();
        via_metadata_free(header);
        via_metadata_free(trailer);
}

/* --- calls that outlive their handler --- */

TEST(a_deferred_call_ends_when_it_is_answered) {
        begin(TURN, two);
        start(&visitor, "later", NULL, "s", 0, &ending);
        via_client_turn(visitor.client, 0, NULL);
        answer_text(put_off(), "at last");
        await(&visitor, &ending);
        CHECK_STR(ending.text, "at last");
        ending_fini(&ending);
        finish();
        CHECK_SAID("a< b< later b>OK a>OK told ");
}

TEST(a_cancelled_call_ends_as_cancelled) {
        struct via_handle *handle;
        struct via_call *call;

        begin(TURN, two);
        handle = start(&visitor, "later", NULL, "s", 0, &ending);
        via_client_turn(visitor.client, 0, NULL);
        call = put_off();
        via_handle_cancel(handle);
        await(&visitor, &ending);
        CHECK_INT(ending.code, ==, VIA_CANCELLED);
        ending_fini(&ending);
        while (!via_call_cancelled(call))
                via_client_turn(visitor.client, 1, NULL);
        answer_text(call, "in vain");
        finish();
        CHECK_SAID("a< b< later told b>CANCELLED a>CANCELLED ");
}

TEST(an_overdue_call_ends_as_overdue) {
        struct via_call_options options = { .timeout_ms = deadline_ms() };
        struct via_call *call;
        char all[256];

        begin(TURN, two);
        start(&visitor, "later", &options, "s", 0, &ending);
        via_client_turn(visitor.client, 0, NULL);
        call = put_off();
        await(&visitor, &ending);
        CHECK_INT(ending.code, ==, VIA_DEADLINE_EXCEEDED);
        ending_fini(&ending);
        while (!via_call_cancelled(call))
                via_client_turn(visitor.client, 1, NULL);
        answer_text(call, "in vain");
        finish();
        said(all, sizeof(all));
        without(all, "told ");                  /* it may not even have arrived before */
        if (strstr(all, "CANCELLED"))           /* the client, too, has noticed, and was first */
                CHECK_STR(all, "a< b< later b>CANCELLED a>CANCELLED ");
        else
                CHECK_STR(all, "a< b< later b>DEADLINE_EXCEEDED a>DEADLINE_EXCEEDED ");
}

TEST(a_call_whose_link_ends_has_ended) {
        struct via_call *call;

        begin(TURN, two);
        start(&visitor, "later", NULL, "s", 0, &ending);
        via_client_turn(visitor.client, 0, NULL);
        call = put_off();
        visitor_close(&visitor);
        while (!via_call_cancelled(call))
                usleep(1000);
        CHECK_INT(answer_text(call, "in vain"), ==, VIA_CANCELLED);
        ending_fini(&ending);
        workshop_close(&shop);
        CHECK_SAID("a< b< later told b>UNAVAILABLE a>UNAVAILABLE ");
}

/*
 * The interceptors are told while there is a server; who answers later has no more to do with
 * it.
 */
TEST(a_call_that_outlives_its_server) {
        struct via_call *call;

        workshop_open(&shop, place, two);
        via_server_stop(shop.server);           /* so that it does not wait for this call long */
        workshop_close(&shop);
        CHECK_SAID("");
        workshop_open(&shop, place, two);
        visitor_open(&visitor, TURN, place);
        start(&visitor, "later", NULL, "s", 0, &ending);
        via_client_turn(visitor.client, 0, NULL);
        call = put_off();
        visitor_close(&visitor);
        workshop_stop(&shop);
        CHECK_SAID("a< b< later told b>UNAVAILABLE a>UNAVAILABLE ");
        CHECK_INT(answer_text(call, "in vain"), ==, VIA_CANCELLED);
        CHECK_SAID("");
        ending_fini(&ending);
        workshop_close(&shop);
}

/* --- streams --- */

static int read_all(struct via_stream *stream) {
        char *item;
        int code;

        for (;;) {
                code = svc_Work_count_read(stream, &item, NULL);
                if (code == VIA_LATER) {
                        visitor_turn(&visitor);
                        continue;
                }
                if (code)
                        return code;
                say("%s ", item);
                free(item);
        }
}

static void count_by(const char *what, int code, const char *expected) {
        struct via_stream *stream = open_stream(&visitor, "count", told(what), "x", 3);
        char all[256];

        read_all(stream);
        CHECK_INT(finish_stream(&visitor, stream, "count", &ending), ==, code);
        ending_fini(&ending);
        told(NULL);
        said(all, sizeof(all));
        without(all, "x ");                     /* by another thread, at any time */
        CHECK_STR(all, expected);
}

static void sum_by(const char *what, int code, const char *text, const char *expected) {
        struct via_stream *stream = open_stream(&visitor, "sum", told(what), "1", 0);

        for (int i = 0; i < 5; i++)
                while (svc_Work_sum_write(stream, "2", NULL) == VIA_LATER)
                        visitor_turn(&visitor);
        CHECK_INT(finish_stream(&visitor, stream, "sum", &ending), ==, code);
        CHECK_STR(ending.text, text);
        ending_fini(&ending);
        told(NULL);
        CHECK_SAID(expected);
        /* and the link is none the worse for items that nobody wanted */
        CHECK_INT(ask(&visitor, "echo", NULL, "s", 0, &ending), ==, VIA_OK);
        ending_fini(&ending);
        CHECK_SAID("a< b< echo b>OK a>OK told ");
}

TEST(streams_are_calls) {
        for (enum how how = TURN; how < HOWS; how++) {
                begin(how, two);
                count_by(NULL, VIA_OK, "a< b< count b>OK a>OK told ");
                count_by("b:refuse", VIA_PERMISSION_DENIED,
                         "a< b< b>PERMISSION_DENIED a>PERMISSION_DENIED told ");
                count_by("a:answer", VIA_OK, "a< a>OK told ");
                sum_by(NULL, VIA_OK, "122222", "a< b< sum b>OK a>OK told ");
                sum_by("a:refuse", VIA_PERMISSION_DENIED, NULL, "a< a>PERMISSION_DENIED told ");
                sum_by("b:answer", VIA_OK, "instead", "a< b< b>OK a>OK told ");
                sum_by("b:defer", VIA_OK, "later", "a< b< b>OK a>OK told ");
                finish();
        }
}

/* --- several loops --- */

TEST(every_worker_asks_them) {
        enum { N = 6 };
        struct visitor visitors[N];
        char all[512], *p = all;
        int n = 0;

        workshop_workers = 3;
        workshop_open(&shop, place, two);
        for (int i = 0; i < N; i++) {
                visitor_open(&visitors[i], CALL, place);
                CHECK_INT(ask(&visitors[i], "echo", NULL, "s", 0, &ending), ==, VIA_OK);
                ending_fini(&ending);
        }
        for (int i = 0; i < N; i++)
                visitor_close(&visitors[i]);
        workshop_close(&shop);
        said(all, sizeof(all));
        for (; (p = strstr(p, "a< b< echo b>OK a>OK told ")); n++)
                p++;
        CHECK_INT(n, ==, N);
}

/* --- what is known of a call --- */

static struct via_call_facts last;

static void keep_facts(void *user, struct via_call *call, int code,
                       const struct via_call_facts *facts) {
        (void)user;
        (void)call;
        (void)code;
        last = *facts;
}

static const struct via_interceptor keeper = { .after = keep_facts };

static void keep(struct via_server *server) {
        CHECK_INT(via_server_intercept(server, &keeper, NULL, NULL), ==, VIA_OK);
}

TEST(bytes_are_those_on_the_wire) {
        enum { HEADER = 16, METHOD = 8, S = 2 + 1 };    /* a tag, a length, "s" */
        struct via_stream *stream;

        begin(TURN, keep);
        ask(&visitor, "echo", NULL, "s", 0, &ending);
        CHECK_INT(last.bytes_in, ==, HEADER + METHOD + S);
        CHECK_INT(last.bytes_out, ==, HEADER + S);
        ending_fini(&ending);
        ask(&visitor, "echo", told("xyz"), "s", 0, &ending);
        CHECK_INT(last.bytes_in, ==, HEADER + 4 + 2 + 3 + METHOD + S);
        ending_fini(&ending);
        told(NULL);
        stream = open_stream(&visitor, "count", NULL, "s", 4);
        CHECK_INT(finish_stream(&visitor, stream, "count", &ending), ==, VIA_OK);
        CHECK_INT(last.bytes_in, ==, HEADER + METHOD + S + 2);
        CHECK_INT(last.bytes_out, ==, 4 * (HEADER + S) + HEADER);
        ending_fini(&ending);
        finish();
        CHECK_SAID("echo told echo told count told ");
}

/* What cannot be decoded is no request for anybody, and the caller hears what it always would. */
TEST(a_request_that_is_wrong) {
        static const uint8_t wrong[] = { 0x0a, 0x02, 0xff, 0xff };      /* no UTF-8 */
        struct {
                ProtobufCMessage base;
                ProtobufCBinaryData data;
        } request = { .data = { 2, (uint8_t *)(uintptr_t)(wrong + 2) } };
        static const ProtobufCFieldDescriptor field = {
                .name = "s", .id = 1, .label = PROTOBUF_C_LABEL_NONE,
                .type = PROTOBUF_C_TYPE_BYTES, .offset = sizeof(ProtobufCMessage)
        };
        static const ProtobufCIntRange ranges[] = { { 1, 0 }, { 0, 1 } };
        struct via_type octets = { .desc = { .magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC,
                                             .name = "octets",
                                             .sizeof_message = sizeof(request),
                                             .n_fields = 1,
                                             .fields = &field,
                                             .n_field_ranges = 1,
                                             .field_ranges = ranges } };
        struct via_method method = *op("echo");
        struct msg_text response;
        struct via_error err = VIA_ERROR_INIT;

        begin(CALL, two);
        method.request = &octets;
        request.base.descriptor = &octets.desc;
        CHECK_INT(via_client_call(visitor.client, &method, told("b:see"), &request, &response,
                                  &err),
                  ==, VIA_INVALID_ARGUMENT);
        CHECK(err.message && strstr(err.message, "could not be decoded"));
        via_error_fini(&err);
        told(NULL);
        finish();
        CHECK_SAID("a< b< nothing b>INVALID_ARGUMENT a>INVALID_ARGUMENT ");
}
