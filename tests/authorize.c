/*
 * authorize.c - who is let in: a function that is asked about each call
 */
#include <pthread.h>
#include <stdatomic.h>
#include <via/interceptor.h>
#include "caller.h"
#include "host.h"
#include "raw.h"
#include "service.h"
#include "test.h"
#include "waiting.h"

static struct {
        struct via_server *server;
        struct service    *service;
        unsigned           workers;
        pthread_t          thread;
        char               dir[64], endpoint[256];
        atomic_uint        asked, wrong, seen;  /* seen: by an interceptor */
} at;

/* Lets in who has a token, or is of this user; and nobody may call some things. */
static int authorize(void *user, struct via_call *call) {
        const struct via_metadata *metadata = via_call_metadata(call);
        const char *token = metadata ? via_metadata_get(metadata, "token") : NULL;
        const char *method = via_call_method(call);
        struct via_peer peer;

        at.asked++;
        if (strcmp(user, "user") != 0 || strcmp(via_call_endpoint(call), at.endpoint) != 0)
                at.wrong++;
        via_call_peer(call, &peer);
        if (peer.known && (peer.uid != geteuid() || peer.pid != getpid()))
                at.wrong++;
        if (strcmp(method, "conf.Basic/fail") == 0)
                return -EACCES;
        if (strcmp(method, "conf.Basic/who") == 0)
                return 4711;
        if (strcmp(method, "conf.Basic/take") == 0 || strcmp(method, "conf.Basic/note") == 0 ||
            strcmp(method, "conf.Streams/mirror") == 0)
                return via_call_fail(call, VIA_PERMISSION_DENIED, "nobody may call %s", method);
        if (strcmp(method, "conf.Basic/text") == 0 && !token)
                return via_call_fail(call, VIA_UNAUTHENTICATED, "bring a token");
        return token && strcmp(token, "right") != 0 ? VIA_PERMISSION_DENIED : VIA_OK;
}

static int before(void *user, struct via_call *call) {
        (void)user;
        (void)call;
        at.seen++;
        return VIA_OK;
}

static void *server_main(void *arg) {
        (void)arg;
        CHECK_INT(via_server_run_workers(at.server, at.workers, NULL), ==, VIA_OK);
        return NULL;
}

static void serve(const struct via_transport *by, unsigned workers, bool ask) {
        static const struct via_interceptor counting = { .before = before };
        static char user[] = "user";
        struct via_error err = VIA_ERROR_INIT;
        char place[256];

        snprintf(at.dir, sizeof(at.dir), "/tmp/via-authorize-XXXXXX");
        REQUIRE(mkdtemp(at.dir) != NULL);
        host_place(by, at.dir, NULL, place, sizeof(place));
        at.server = via_server_new(NULL);
        at.service = calloc(1, sizeof(*at.service));
        at.workers = workers;
        at.asked = at.wrong = at.seen = 0;
        if (service_add(at.server, at.service, &err) ||
            via_server_intercept(at.server, &counting, NULL, &err) ||
            (ask && via_server_authorize(at.server, authorize, user, &err)) ||
            via_server_listen(at.server, place, &err)) {
                via_error_report(&err);
                exit(TEST_FAILED);
        }
        if (ask)
                CHECK_INT(via_server_authorize(at.server, authorize, NULL, NULL), ==,
                          VIA_FAILED_PRECONDITION);
        snprintf(at.endpoint, sizeof(at.endpoint), "%s", via_server_endpoint(at.server, 0));
        REQUIRE(pthread_create(&at.thread, NULL, server_main, NULL) == 0);
}

static void end(void) {
        via_server_stop(at.server);
        pthread_join(at.thread, NULL);
        via_server_free(at.server);
        free(at.service);
        host_place_end(at.dir);
}

static const struct via_transport *transport(const char *scheme) {
        int i = 0;

        while (strcmp(via_transports[i]->scheme, scheme) != 0)
                i++;
        return via_transports[i];
}

static bool says(const struct via_error *err, const char *words) {
        return err->message && strstr(err->message, words);
}

/* text() with the token @token, or without one. */
static int call_text(struct caller *caller, const char *token, struct via_error *err) {
        struct via_metadata *metadata = via_metadata_new();
        struct via_call_options options = { .metadata = token ? metadata : NULL };
        struct msg_string request = { .s = (char *)(uintptr_t) "a" }, response = { .s = NULL };
        int code;

        if (token)
                REQUIRE(via_metadata_add(metadata, "token", token, NULL) == VIA_OK);
        code = caller_call(caller, "text", &options, &request, &response, err);
        free(response.s);
        via_metadata_free(metadata);
        return code;
}

static void check_all(struct caller *caller) {
        struct via_error err = VIA_ERROR_INIT;
        struct via_stream *stream = NULL;
        struct msg_none none = { 0 };
        struct msg_peer peer = { .peer = NULL };
        uint32_t *notes;
        unsigned asked;

        CHECK_INT(call_echo(caller, "x", 1, NULL), ==, VIA_OK);
        CHECK_INT(call_text(caller, NULL, &err), ==, VIA_UNAUTHENTICATED);
        CHECK(says(&err, "bring a token"));
        CHECK_INT(call_text(caller, "wrong", NULL), ==, VIA_PERMISSION_DENIED);
        CHECK_INT(call_text(caller, "right", NULL), ==, VIA_OK);
        CHECK_INT(call_take(caller, 100, &err), ==, VIA_PERMISSION_DENIED);
        CHECK(says(&err, "nobody may call conf.Basic/take"));
        CHECK_INT(call_fail(caller, 5, "no", &err), ==, VIA_INTERNAL);
        CHECK_INT(caller_call(caller, "who", NULL, &none, &peer, &err), ==, VIA_INTERNAL);
        CHECK(says(&err, "4711, which is no code"));

        asked = at.asked;
        CHECK_INT(call_note(caller, 1), ==, VIA_OK);    /* nobody tells, it is only not done */
        CHECK_INT(call_noted(caller, &notes), ==, 0);
        CHECK_INT(at.asked, ==, asked + 2);
        free(notes);

        REQUIRE(conf_Streams_mirror_open(caller->client, &stream, &err) == VIA_OK);
        waits_for(caller, stream);
        conf_Streams_mirror_write(stream, 100, pattern(100), NULL);
        CHECK_INT(WAITING(caller, conf_Streams_mirror_finish(stream, &err)), ==,
                  VIA_PERMISSION_DENIED);
        CHECK_INT(call_echo(caller, "x", 1, NULL), ==, VIA_OK);
        via_error_fini(&err);
}

/* Wherever calls come from: what it is asked about, and what becomes of what it says. */
static void everywhere(unsigned workers) {
        for (int i = 0; via_transports[i]; i++) {
                if (via_transports[i]->traits & VIA_ALONE)
                        continue;
                for (int driver = 0; driver < DRIVERS; driver++) {
                        struct caller caller;
                        unsigned n = 0;

                        serve(via_transports[i], workers, true);
                        for (; n < workers; n++) {
                                REQUIRE(caller_open(&caller, (enum driver)driver, at.endpoint, NULL,
                                                    NULL) == VIA_OK);
                                check_all(&caller);
                                caller_close(&caller);
                        }
                        CHECK_INT(at.asked, ==, n * 11);
                        CHECK_INT(at.seen, ==, n * 4);  /* it comes before all interceptors */
                        CHECK_INT(at.wrong, ==, 0);
                        end();
                }
        }
}

TEST(asked_about_each_call) {
        everywhere(1);
}
TEST(asked_in_each_worker) {
        everywhere(3);
}

/* What is wrong with a request nobody hears who may not call; nor is it looked at. */
TEST(asked_before_the_request_is_decoded) {
        struct raw raw;

        serve(transport("unix"), 1, true);
        raw_connect(&raw, at.endpoint);
        raw_say_hello(&raw);
        raw_say_call(&raw, "take", 5, "\xff\xff\xff", 3);
        REQUIRE(raw_hear_type(&raw, WIRE_REPLY));
        CHECK_INT(raw.header.value, ==, VIA_PERMISSION_DENIED);
        raw_say_call(&raw, "echo", 6, "\xff\xff\xff", 3);
        REQUIRE(raw_hear_type(&raw, WIRE_REPLY));
        CHECK_INT(raw.header.value, ==, VIA_INVALID_ARGUMENT);
        raw_close(&raw);
        end();
}

TEST(too_late_to_ask) {
        struct caller caller;

        serve(transport("unix"), 1, false);
        REQUIRE(caller_open(&caller, BLOCKING, at.endpoint, NULL, NULL) == VIA_OK);
        CHECK_INT(call_take(&caller, 10, NULL), ==, VIA_OK);
        CHECK_INT(via_server_authorize(at.server, authorize, NULL, NULL), ==,
                  VIA_FAILED_PRECONDITION);
        CHECK_INT(call_take(&caller, 10, NULL), ==, VIA_OK);
        caller_close(&caller);
        end();
        CHECK_INT(via_server_authorize(NULL, authorize, NULL, NULL), ==, VIA_RESOURCE_EXHAUSTED);
}
