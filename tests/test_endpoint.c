/*
 * test_endpoint.c - from an endpoint's text to a transport and its limits, or to a sentence
 */
#include <errno.h>
#include "alloc.h"
#include "endpoint.h"
#include "test.h"

static const struct via_limits defaults;
static struct via_endpoint e;

static int parse(const char *text) {
        return via_endpoint_parse(&e, text, NULL, &defaults, NULL);
}

/* What is said of @text, which must be refused. */
static const char *refusal(const char *text) {
        static char buf[1000];
        struct via_error err = VIA_ERROR_INIT;

        CHECK(via_endpoint_parse(&e, text, NULL, &defaults, &err) != VIA_OK);
        snprintf(buf, sizeof(buf), "%s", err.message ? err.message : "");
        via_error_fini(&err);
        return buf;
}

static bool says(const char *sentence, const char *what) {
        if (strstr(sentence, what))
                return true;
        printf("  it says: %s\n", sentence);
        return false;
}

TEST(finds_each_transport) {
        static const char *const texts[] = { "unix:/run/x", "unix:@x", "tcp://localhost:1",
                                             "inproc:x", "TCP://[::1]:0" };
        static const char *const schemes[] = { "unix", "unix", "tcp", "inproc", "tcp" };

        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                REQUIRE(parse(texts[i]) == VIA_OK);
                CHECK_STR(e.by->scheme, schemes[i]);
                CHECK_INT(e.timeout_ms, ==, 0);
        }
}

TEST(every_scheme_of_the_table_is_found) {
        for (size_t i = 0; via_transports[i]; i++) {
                char text[100];

                snprintf(text, sizeof(text), "%s:x", via_transports[i]->scheme);
                REQUIRE(parse(text) == VIA_OK);
                CHECK(e.by == via_transports[i]);
        }
}

TEST(unknown_scheme_names_those_there_are) {
        const char *s = refusal("unx:/run/x");

        CHECK(says(s, "endpoint \"unx:/run/x\": no transport is called \"unx\""));
        CHECK(says(s, "did you mean unix:?"));
        CHECK(says(s, "tcp") && says(s, "inproc"));
        CHECK(!strstr(refusal("carrier-pigeon:x"), "did you mean"));
        CHECK(says(refusal("/run/x"), "unix:/path"));
        CHECK(says(refusal("localhost:7000"), "did you mean tcp://localhost:7000?"));
        CHECK(!strstr(refusal("localhost:7000x"), "did you mean"));
        CHECK(says(refusal(NULL), "no endpoint given"));
        refusal("");
}

TEST(what_is_no_uri_is_named) {
        CHECK_STR(refusal("tcp://host:99999"),
                  "endpoint \"tcp://host:99999\": character 12: a port is at most 65535");
        CHECK(says(refusal("/run/x"), "endpoint \"/run/x\": no scheme"));
        CHECK(says(refusal("unix:/a\x1b[2J"), "endpoint \"unix:/a?[2J\": character 8"));
}

TEST(the_query_sets_limits) {
        struct via_limits given = { .v = { [VIA_LIMIT_CALLS] = 7, [VIA_LIMIT_DEPTH] = 9 } };

        REQUIRE(via_endpoint_parse(
                        &e, "unix:/x?max_message=16M&max_calls=100&handshake=2s&stall=1min",
                        NULL, &given, NULL) == VIA_OK);
        CHECK_INT(via_limits_get(&e.limits, VIA_LIMIT_MESSAGE), ==, 16 << 20);
        CHECK_INT(via_limits_get(&e.limits, VIA_LIMIT_CALLS), ==, 100);
        CHECK_INT(via_limits_get(&e.limits, VIA_LIMIT_DEPTH), ==, 9);   /* as given */
        CHECK_INT(via_limits_get(&e.limits, VIA_LIMIT_HANDSHAKE), ==, 2000);
        CHECK_INT(via_limits_get(&e.limits, VIA_LIMIT_STALL), ==, 60000);
        CHECK_INT(given.v[VIA_LIMIT_CALLS], ==, 7);
}

/* Whatever is in the table can be set by its key, to its least and its most, and no further. */
TEST(every_limit_has_a_key_and_a_range) {
        static const struct {
                const char *key, *unit;
                unsigned long long least, most;
        } limits[] = {
#define LIMIT(name, key, def, least, most, unit, what) { key, unit, least, most },
                VIA_LIMITS(LIMIT)
#undef LIMIT
        };

        for (int i = 0; i < VIA_LIMIT_COUNT; i++) {
                const char *unit = strcmp(limits[i].unit, "ms") == 0 ? "ms" : "";
                unsigned long long tries[] = { limits[i].least, limits[i].most,
                                               limits[i].most + 1 };
                char text[100], query[100];

                for (int t = 0; t < 3; t++) {
                        snprintf(text, sizeof(text), "unix:/x?%s=%llu%s", limits[i].key, tries[t],
                                 unit);
                        if (t < 2) {
                                REQUIRE(parse(text) == VIA_OK);
                                CHECK(via_limits_get(&e.limits, (enum via_limit)i) == tries[t]);
                        } else {
                                CHECK_INT(parse(text), ==, VIA_OUT_OF_RANGE);
                                CHECK(says(refusal(text), limits[i].key));
                        }
                }
                snprintf(text, sizeof(text), "unix:/x?%s=0%s", limits[i].key, unit);
                CHECK_INT(parse(text), ==, VIA_INVALID_ARGUMENT);
                snprintf(text, sizeof(text), "expected %llu to %llu %s", limits[i].least,
                         limits[i].most, limits[i].unit);
                snprintf(query, sizeof(query), "unix:/x?%s=many", limits[i].key);
                CHECK(says(refusal(query), text));
                snprintf(text, sizeof(text), "unix:/x?%s=", limits[i].key);
                CHECK_INT(parse(text), ==, VIA_INVALID_ARGUMENT);
                snprintf(text, sizeof(text), "unix:/x?%s=-1", limits[i].key);
                CHECK_INT(parse(text), ==, VIA_INVALID_ARGUMENT);
        }
}

TEST(timeout_is_a_time) {
        CHECK(parse("tcp://h:1?timeout=2s") == VIA_OK && e.timeout_ms == 2000);
        CHECK(parse("tcp://h:1?timeout=1ms") == VIA_OK && e.timeout_ms == 1);
        CHECK_STR(refusal("tcp://h:1?timeout=999us"),
                  "endpoint \"tcp://h:1?timeout=999us\": timeout=999us: expected a time of 1ms or "
                  "more, such as 500ms or 2s");
        CHECK_INT(parse("tcp://h:1?timeout=0s"), ==, VIA_INVALID_ARGUMENT);
        CHECK_INT(parse("tcp://h:1?timeout=soon"), ==, VIA_INVALID_ARGUMENT);
        CHECK_INT(parse("tcp://h:1?timeout"), ==, VIA_INVALID_ARGUMENT);
        CHECK_INT(parse("tcp://h:1?timeout=99999999min"), ==, VIA_INVALID_ARGUMENT);
        CHECK_INT(parse("tcp://h:1?timeout=18446744073709551616s"), ==, VIA_INVALID_ARGUMENT);
}

TEST(spin_is_a_time_or_nothing) {
        CHECK(parse("tcp://h:1") == VIA_OK && e.spin_us == -1);
        CHECK(parse("tcp://h:1?spin=50us") == VIA_OK && e.spin_us == 50);
        CHECK(parse("tcp://h:1?spin=0us") == VIA_OK && e.spin_us == 0);
        CHECK(parse("tcp://h:1?spin=10ms") == VIA_OK && e.spin_us == 10000);
        CHECK(says(refusal("tcp://h:1?spin=10001us"), "spin=10001us: expected a time up to 10ms"));
}

/* What a configuration file says for all: under the query, above what the program gives. */
TEST(names_bring_defaults) {
        static char calls[] = "max_calls", mode[] = "mode", seven[] = "7", some[] = "0600";
        static char wrong[] = "max_cals";
        struct via_names names = { .n_options = 2,
                                   .options = { { calls, seven }, { mode, some } } };
        struct via_limits given = { .v = { [VIA_LIMIT_CALLS] = 3 } };

        REQUIRE(via_endpoint_parse(&e, "unix:/x", &names, &given, NULL) == VIA_OK);
        CHECK_INT(via_limits_get(&e.limits, VIA_LIMIT_CALLS), ==, 7);
        CHECK_STR(via_uri_option(&e.uri, "mode"), "0600");
        REQUIRE(via_endpoint_parse(&e, "unix:/x?max_calls=9&mode=0660", &names, &given, NULL) ==
                VIA_OK);
        CHECK_INT(via_limits_get(&e.limits, VIA_LIMIT_CALLS), ==, 9);
        CHECK_STR(via_uri_option(&e.uri, "mode"), "0660");
        REQUIRE(via_endpoint_parse(&e, "tcp://h:1", &names, &given, NULL) == VIA_OK);
        CHECK(!via_uri_option(&e.uri, "mode"));         /* for unix:, not for this one */
        names.options[0].key = wrong;
        CHECK_INT(via_endpoint_parse(&e, "tcp://h:1", &names, &given, NULL), ==,
                  VIA_INVALID_ARGUMENT);
}

TEST(limits_given_by_hand_are_checked) {
        struct via_limits given = { .v = { [VIA_LIMIT_CALLS] = 65537 } };

        CHECK_INT(via_endpoint_parse(&e, "unix:/x", NULL, &given, NULL), ==, VIA_OUT_OF_RANGE);
}

TEST(options_that_nobody_understands_are_refused) {
        CHECK_INT(parse("unix:/x?mode=0660"), ==, VIA_OK);
        CHECK(says(refusal("tcp://h:1?mode=0660"), "no option of tcp: is called \"mode\""));
        CHECK(says(refusal("unix:/x?max_mesage=1M"), "did you mean max_message?"));
        CHECK(says(refusal("unix:/x?mod=0660"), "did you mean mode?"));
        CHECK(says(refusal("unix:/x?ode=1"), "is called \"ode\""));
        CHECK(says(refusal("unix:/x?backlo=1"), "is called \"backlo\""));
        CHECK(says(refusal("unix:/x?MODE=0660"), "is called \"MODE\""));
}

TEST(faults_become_codes_and_words) {
        static const struct {
                const char *verb;
                int r;
                enum via_code code;
        } faults[] = {
                { "connect", -ENOENT, VIA_UNAVAILABLE },
                { "connect", -ECONNREFUSED, VIA_UNAVAILABLE },
                { "connect", -ETIMEDOUT, VIA_DEADLINE_EXCEEDED },
                { "connect", -EACCES, VIA_PERMISSION_DENIED },
                { "connect", -EMFILE, VIA_RESOURCE_EXHAUSTED },
                { "connect", -EINVAL, VIA_INVALID_ARGUMENT },
                { "listen", -EADDRINUSE, VIA_ALREADY_EXISTS },
                { "listen", -EACCES, VIA_PERMISSION_DENIED },
                { "listen", -EROFS, VIA_PERMISSION_DENIED },
                { "listen", -ENOENT, VIA_NOT_FOUND },
                { "listen", -ENOTDIR, VIA_NOT_FOUND },
                { "listen", -EADDRNOTAVAIL, VIA_NOT_FOUND },
                { "listen", -ENOMEM, VIA_RESOURCE_EXHAUSTED },
                { "listen", -EIO, VIA_INTERNAL },
        };
        struct via_note note = { "a server is there already" };

        for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
                struct via_error err = VIA_ERROR_INIT;
                char want[200];

                CHECK_INT(via_endpoint_error(&err, faults[i].verb, "unix:/run/x", faults[i].r,
                                             NULL),
                          ==, faults[i].code);
                CHECK_INT(err.code, ==, faults[i].code);
                snprintf(want, sizeof(want), "%s unix:/run/x: %s", faults[i].verb,
                         faults[i].r == -EMFILE ? "no descriptor is free (ulimit -n)"
                                                : strerror(-faults[i].r));
                CHECK_STR(err.message, want);
                CHECK_INT(via_endpoint_error(&err, "listen", "unix:/run/x", faults[i].r, &note), ==,
                          err.code);
                CHECK_STR(err.message, "listen unix:/run/x: a server is there already");
                via_error_fini(&err);
        }
        CHECK_INT(via_endpoint_error(NULL, "connect", "x", -ENOENT, NULL), ==, VIA_UNAVAILABLE);
}

TEST(no_memory_only_costs_the_sentence) {
        static const char *const texts[] = { "unx:/x", "unix:/x?mod=1", "unix:/x?max_calls=0",
                                             "unix:/x?max_calls=9999999", "unix:/x?max_calls=9" };
        struct alloc_turns turns = { 0 };

        while (alloc_turn(&turns)) {
                for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                        struct via_error err = VIA_ERROR_INIT;
                        int code = via_endpoint_parse(&e, texts[i], NULL, &defaults, &err);

                        CHECK_INT(code, ==, err.code);
                        CHECK_INT(code, ==,
                                  i == 4 ? VIA_OK
                                  : i == 3 ? VIA_OUT_OF_RANGE
                                           : VIA_INVALID_ARGUMENT);
                        via_error_fini(&err);
                }
        }
        CHECK_INT(turns.n, >, 4);
}
