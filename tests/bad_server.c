/*
 * bad_server.c - servers that break every rule, against a real client with either driver
 *
 * Each call ends once, with an error that says what the server did.
 */
#include <pthread.h>
#include <sys/socket.h>
#include "caller.h"
#include "raw.h"
#include "test.h"

struct script {
        void      (*play)(struct raw *raw);
        bool        hears;                      /* first, what the client says */
        int         listening;
};

/* Plays once for each client. */
static void *server_main(void *arg) {
        struct script *script = arg;
        struct raw raw;

        for (int i = 0; i < DRIVERS; i++) {
                raw_accept(&raw, script->listening);
                if (script->hears)
                        raw_hear_type(&raw, WIRE_CALL);
                script->play(&raw);
                raw_close(&raw);
        }
        return NULL;
}

/*
 * One call of a server that plays @play: it must end with @code and @words. Twice, if @words2 is
 * given; that says what the second call hears ("": it is answered).
 */
static void meet(void (*play)(struct raw *raw), bool hears, enum via_code code, const char *words,
                 enum via_code code2, const char *words2) {
        struct script script = { .play = play, .hears = hears };
        struct via_client_options options = { .timeout_ms = 200, .flags = VIA_CLIENT_ONCE };
        char dir[] = "/tmp/via-bad-server-XXXXXX", path[64], endpoint[80];
        pthread_t thread;

        REQUIRE(mkdtemp(dir) != NULL);
        snprintf(path, sizeof(path), "%s/socket", dir);
        snprintf(endpoint, sizeof(endpoint), "unix:%s", path);
        script.listening = raw_listen(path);
        REQUIRE(pthread_create(&thread, NULL, server_main, &script) == 0);
        for (int driver = 0; driver < DRIVERS; driver++) {
                struct via_error err = VIA_ERROR_INIT;
                struct caller caller;

                REQUIRE(caller_open(&caller, (enum driver)driver, endpoint, &options, NULL) ==
                        VIA_OK);
                for (int i = 0; i < 1 + (words2 != NULL); i++) {
                        const char *want = i ? words2 : words;

                        CHECK_INT(call_nap(&caller, 1, 0, NULL, &err), ==, i ? code2 : code);
                        if (*want && (!err.message || !strstr(err.message, want)))
                                test_fail(__FILE__, __LINE__, "\"%s\" is not in \"%s\"", want,
                                          err.message);
                        CHECK(!err.where || strstr(err.where, endpoint));
                }
                via_error_fini(&err);
                caller_close(&caller);
        }
        pthread_join(thread, NULL);
        close(script.listening);
        unlink(path);
        CHECK_INT(rmdir(dir), ==, 0);
}

static void say_reply(struct raw *raw, uint32_t id, uint32_t code, const void *body,
                      uint32_t size) {
        raw_say_frame(
                raw,
                (struct wire_header){ .length = size, .type = WIRE_REPLY, .id = id, .value = code },
                body);
}

/* --- */

static void nothing(struct raw *raw) {
        (void)raw;
}

TEST(closes_at_once) {
        meet(nothing, false, VIA_UNAVAILABLE, "is it a Via server?", VIA_UNAVAILABLE, "Via server");
}

TEST(closes_when_it_is_called) {
        meet(nothing, true, VIA_UNAVAILABLE, "is it a Via server?", VIA_UNAVAILABLE, "Via server");
}

static void until_the_end(struct raw *raw) {
        while (raw_hear(raw))
                ;
}

TEST(says_nothing) {
        meet(until_the_end, false, VIA_DEADLINE_EXCEEDED, "200 ms", VIA_OK, NULL);
}

static void garbage(struct raw *raw) {
        raw_say(raw, "HTTP/1.1 400 Bad Request\r\n\r\n and more", 36);
        until_the_end(raw);
}

TEST(speaks_http) {
        meet(garbage, true, VIA_UNAVAILABLE, "not the first bytes of a Via peer", VIA_UNAVAILABLE,
             "not the first bytes");
}

static void new_version(struct raw *raw) {
        uint8_t body[WIRE_HELLO] = { 0 };

        raw_say_frame(raw,
                      (struct wire_header){ .length = WIRE_HELLO,
                                            .type = WIRE_HELLO_FRAME,
                                            .id = WIRE_MAGIC,
                                            .value = 9u << 16 | 7 },
                      body);
        until_the_end(raw);
}

TEST(speaks_a_newer_protocol) {
        meet(new_version, true, VIA_UNAVAILABLE, "version 7 to 9", VIA_UNAVAILABLE, "version 7");
}

static void hello_twice(struct raw *raw) {
        raw_say_hello(raw);
        raw_say_hello(raw);
        until_the_end(raw);
}

TEST(says_hello_twice) {
        meet(hello_twice, true, VIA_UNAVAILABLE, "second hello", VIA_UNAVAILABLE, "second hello");
}

static void call_back(struct raw *raw) {
        raw_say_hello(raw);
        raw_say_call(raw, "nap", 1, "\x08\x01", 2);
        CHECK(raw_hear_type(raw, WIRE_REPLY));
        CHECK_INT(raw->header.value, ==, VIA_UNIMPLEMENTED);
        until_the_end(raw);
}

TEST(calls_a_client_that_serves_nothing) {
        meet(call_back, true, VIA_DEADLINE_EXCEEDED, "200 ms", VIA_OK, NULL);
}

static void half_a_frame(struct raw *raw) {
        raw_say_hello(raw);
        raw_say_frame(raw, (struct wire_header){ .length = 50, .type = WIRE_REPLY, .id = 1 }, NULL);
        raw_say(raw, "half", 4);
        until_the_end(raw);
}

TEST(stops_in_the_middle) {
        meet(half_a_frame, true, VIA_DEADLINE_EXCEEDED, "200 ms", VIA_OK, NULL);
}

static void cut_off(struct raw *raw) {
        raw_say_hello(raw);
        raw_say_frame(raw, (struct wire_header){ .length = 50, .type = WIRE_REPLY, .id = 1 }, NULL);
        raw_say(raw, "half", 4);
}

TEST(dies_in_the_middle) {
        meet(cut_off, true, VIA_UNAVAILABLE, "closed the link, or died", VIA_UNAVAILABLE, "died");
}

/* What follows concerns one call: the link is good for the next. */

static void answer_next(struct raw *raw) {
        if (raw_hear_type(raw, WIRE_CALL))
                say_reply(raw, raw->header.id, 0, "\x08\x05", 2);
        until_the_end(raw);
}

static void bad_answer(struct raw *raw) {
        raw_say_hello(raw);
        say_reply(raw, raw->header.id, 0, "\xff\xff\xff", 3);
        answer_next(raw);
}

TEST(answers_what_does_not_decode) {
        meet(bad_answer, true, VIA_INTERNAL, "the response could not be decoded", VIA_OK, "");
}

static void bad_error(struct raw *raw) {
        raw_say_hello(raw);
        say_reply(raw, raw->header.id, VIA_NOT_FOUND, "\xff\xff\xff\xff", 4);
        answer_next(raw);
}

TEST(fails_in_a_way_that_does_not_decode) {
        meet(bad_error, true, VIA_INTERNAL, "error could not be decoded", VIA_OK, "");
}

static void strange_code(struct raw *raw) {
        raw_say_hello(raw);
        say_reply(raw, raw->header.id, 200, "\x05\0\0\0A\x1b[2J\0\0\0\0\0\0\0\0", 17);
        answer_next(raw);
}

/* And no control character of its sentence reaches a terminal. */
TEST(fails_with_a_code_of_its_own) {
        meet(strange_code, true, VIA_UNKNOWN, "A?[2J", VIA_OK, "");
}

static void wrong_ids(struct raw *raw) {
        uint32_t id = raw->header.id;

        raw_say_hello(raw);
        say_reply(raw, id + 1, 0, "\x08\x05", 2);
        say_reply(raw, id + 1024, 0, "\x08\x05", 2);
        say_reply(raw, 0xffffffff, 0, "\x08\x05", 2);
        say_reply(raw, id, 0, "\x08\x05", 2);
        say_reply(raw, id, 0, "\x08\x05", 2);           /* twice */
        answer_next(raw);
}

TEST(answers_calls_that_nobody_made) {
        meet(wrong_ids, true, VIA_OK, "", VIA_OK, "");
}

static void two_gigabytes(struct raw *raw) {
        struct wire_header header = { .length = 0x7fffffff,
                                      .type = WIRE_REPLY,
                                      .id = raw->header.id };

        raw_say_hello(raw);
        raw_say_frame(raw, header, NULL);
        for (int i = 0; i < 8 && raw_say(raw, pattern(8 << 20), 8 << 20); i++)
                ;
        until_the_end(raw);
}

TEST(announces_two_gigabytes) {
        meet(two_gigabytes, true, VIA_RESOURCE_EXHAUSTED, "max_message", VIA_OK, NULL);
}

static void big_answer(struct raw *raw) {
        raw_say_hello(raw);
        say_reply(raw, raw->header.id, 0, pattern(5000000), 5000000);
        answer_next(raw);
}

TEST(answers_at_length) {
        meet(big_answer, true, VIA_RESOURCE_EXHAUSTED, "max_message", VIA_OK, "");
}

static void leave(struct raw *raw) {
        static const char why[] = "gone\x1b[2J fishing";

        raw_say_hello(raw);
        raw_say_frame(raw,
                      (struct wire_header){ .length = sizeof(why) - 1,
                                            .type = WIRE_GOAWAY,
                                            .value = VIA_UNAVAILABLE },
                      why);
}

TEST(leaves_with_strange_words) {
        meet(leave, true, VIA_UNAVAILABLE, "gone?[2J fishing", VIA_UNAVAILABLE, "fishing");
}

static void takes_nothing(struct raw *raw) {
        uint8_t body[WIRE_HELLO] = { 0 };

        raw_say_frame(raw,
                      (struct wire_header){ .length = WIRE_HELLO,
                                            .type = WIRE_HELLO_FRAME,
                                            .id = WIRE_MAGIC,
                                            .value = WIRE_VERSION << 16 | WIRE_VERSION },
                      body);
        say_reply(raw, raw->header.id, 0, "\x08\x05", 2);
        until_the_end(raw);
}

/* A hello that allows no byte and no call. */
TEST(takes_nothing_at_all) {
        meet(takes_nothing, true, VIA_OK, "", VIA_RESOURCE_EXHAUSTED, "max_");
}
