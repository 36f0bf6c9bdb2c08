/*
 * test_uri.c - endpoints taken apart, and what is said about those that are none
 */
#include <errno.h>
#include <string.h>
#include <via/uri.h>
#include "test.h"

static struct via_uri uri;

/* What is wrong with @text, or "" if nothing is. Static. */
static const char *complaint(const char *text) {
        static char message[512];
        struct via_error err = VIA_ERROR_INIT;
        int r = via_uri_parse(&uri, text, &err);

        CHECK_INT(r, ==, err.code);
        CHECK(r == VIA_OK || r == VIA_INVALID_ARGUMENT);
        CHECK_INT(via_uri_parse(&uri, text, NULL), ==, r);
        snprintf(message, sizeof(message), "%s", r ? err.message : "");
        via_error_fini(&err);
        return message;
}

static void check_parts(const char *text, const char *scheme, const char *host, int port,
                        const char *path) {
        CHECK_STR(complaint(text), "");
        CHECK_STR(uri.scheme, scheme);
        CHECK_STR(uri.host, host);
        CHECK_INT(uri.port, ==, port);
        CHECK_STR(uri.path, path);
}

TEST(parts) {
        check_parts("unix:/run/hello", "unix", NULL, -1, "/run/hello");
        check_parts("unix:@name", "unix", NULL, -1, "@name");
        check_parts("unix:///run/hello", "unix", "", -1, "/run/hello");
        check_parts("inproc:name", "inproc", NULL, -1, "name");
        check_parts("tcp://host:7000", "tcp", "host", 7000, "");
        check_parts("tcp://10.0.0.5:0", "tcp", "10.0.0.5", 0, "");
        check_parts("tcp://[::1]:7000", "tcp", "::1", 7000, "");
        check_parts("tcp://[fe80::1%25eth0]:65535/", "tcp", "fe80::1%eth0", 65535, "/");
        check_parts("tcp://:80", "tcp", "", 80, "");
        check_parts("tcp://host", "tcp", "host", -1, "");
        check_parts("TCP://Host:1", "tcp", "Host", 1, "");
        check_parts("exec:cat -u", "exec", NULL, -1, "cat -u");
        check_parts("stdio:", "stdio", NULL, -1, "");
        check_parts("a+b-c.1:x", "a+b-c.1", NULL, -1, "x");
        check_parts("unix:/a#b:c@d", "unix", NULL, -1, "/a#b:c@d");
        check_parts("unix:/caf\xc3\xa9", "unix", NULL, -1, "/caf\xc3\xa9");
        check_parts("unix:/a/../b", "unix", NULL, -1, "/a/../b");
}

TEST(escapes) {
        check_parts("unix:/a%20b%3fc%25", "unix", NULL, -1, "/a b?c%");
        check_parts("unix:%2F%2Fa", "unix", NULL, -1, "//a");
        CHECK_STR(complaint("unix:/a?x=%26%3D"), "");
        CHECK_STR(via_uri_option(&uri, "x"), "&=");
        CHECK(strstr(complaint("unix:/a%zz"), "character 8: "));
        CHECK(strstr(complaint("unix:/a%4"), "%25"));
        CHECK(strstr(complaint("unix:%"), "%25"));
        CHECK(strstr(complaint("unix:/a%4?x=1"), "%25"));
        CHECK(strstr(complaint("unix:/a%00b"), "character 8: a control character"));
        CHECK(strstr(complaint("unix:/a%0ab"), "control"));
        CHECK(strstr(complaint("unix:/a\nb"), "character 8: a control character"));
        CHECK(strstr(complaint("tcp://[fe80::1%eth0]:1"), "%25"));
}

TEST(options) {
        CHECK_STR(complaint("unix:/a?mode=0660&empty=&flag&max_message=16M"), "");
        CHECK_STR(uri.path, "/a");
        CHECK_INT(uri.n_options, ==, 4);
        CHECK_STR(uri.options[0].key, "mode");
        CHECK_STR(via_uri_option(&uri, "mode"), "0660");
        CHECK_STR(via_uri_option(&uri, "empty"), "");
        CHECK_STR(via_uri_option(&uri, "flag"), "");
        CHECK_STR(via_uri_option(&uri, "max_message"), "16M");
        CHECK_STR(via_uri_option(&uri, "mod"), NULL);

        CHECK_STR(complaint("unix:/a?"), "");
        CHECK_INT(uri.n_options, ==, 0);
        CHECK_STR(complaint("tcp://h:1?a=b?c=d"), "");
        CHECK_STR(via_uri_option(&uri, "a"), "b?c=d");

        CHECK(strstr(complaint("unix:/a?x=1&x=2"), "character 13: this option is there twice"));
        CHECK(strstr(complaint("unix:/a?=1"), "key=value"));
        CHECK(strstr(complaint("unix:/a?x=1&"), "key=value"));
        CHECK(strstr(complaint("unix:/a?x=1&&y=2"), "key=value"));
        CHECK(strstr(complaint("unix:/a?x y=1"), "character 10: "));
}

TEST(as_many_options_as_fit) {
        char text[256] = "unix:/a?";

        for (int i = 0; i < VIA_URI_OPTIONS; i++)
                snprintf(text + strlen(text), 8, "%so%d=%d", i ? "&" : "", i, i);
        CHECK_STR(complaint(text), "");
        CHECK_INT(uri.n_options, ==, VIA_URI_OPTIONS);
        CHECK_STR(via_uri_option(&uri, "o15"), "15");
        strcat(text, "&more=1");
        CHECK(strstr(complaint(text), "one option too many"));
}

TEST(ports) {
        CHECK(strstr(complaint("tcp://h:65536"), "character 9: a port is at most 65535"));
        CHECK(strstr(complaint("tcp://h:99999999999999999999"), "at most"));
        CHECK(strstr(complaint("tcp://h:"), "character 9: a port should follow"));
        CHECK(strstr(complaint("tcp://h:12x"), "character 11: a port is a number"));
        CHECK(strstr(complaint("tcp://h:-1"), "number"));
        CHECK(strstr(complaint("tcp://::1:7000"),
                     "character 7: an IPv6 address stands in brackets"));
        CHECK(strstr(complaint("tcp://[::1:7000"), "not closed"));
        CHECK(strstr(complaint("tcp://[::1/]:7000"), "not closed"));
        CHECK(strstr(complaint("tcp://[::1]7000"), "character 12: only a port"));
}

TEST(no_scheme) {
        static const char *const texts[] = { "", "weather", "/run/x", ":x", "//h:1",
                                             "1$:x", "un ix:/x", "?a:b", "+a:b" };

        for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
                CHECK(strstr(complaint(texts[i]), "no scheme"));
}

TEST(length) {
        char text[VIA_URI_MAX + 2];

        memset(text, 'x', sizeof(text));
        memcpy(text, "unix:", 5);
        text[VIA_URI_MAX - 1] = 0;
        CHECK_STR(complaint(text), "");
        CHECK_INT(strlen(uri.path), ==, VIA_URI_MAX - 6);
        text[VIA_URI_MAX - 1] = 'x';
        text[VIA_URI_MAX] = 0;
        CHECK(strstr(complaint(text), "longer than 1023"));
}

TEST(escape_and_parse_agree) {
        static const char *const paths[] = { "/run/x", "@a b", "//two", "/%41?x=1&y",
                                             "a%", "/\xff", "" };
        char escaped[64], text[80];

        for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
                size_t n = via_uri_escape(paths[i], escaped, sizeof(escaped));

                CHECK_INT(n, ==, strlen(escaped));
                snprintf(text, sizeof(text), "unix:%s", escaped);
                check_parts(text, "unix", NULL, -1, paths[i]);
        }
        CHECK_INT(via_uri_escape("/a?b", NULL, 0), ==, 6);
        CHECK_INT(via_uri_escape("/a?b", escaped, 4), ==, 6);
        CHECK_STR(escaped, "/a%");
}

TEST(sizes) {
        uint64_t n = 7;

        CHECK(via_parse_size("0", &n) == 0 && n == 0);
        CHECK(via_parse_size("4096", &n) == 0 && n == 4096);
        CHECK(via_parse_size("16M", &n) == 0 && n == 16u << 20);
        CHECK(via_parse_size("1K", &n) == 0 && n == 1024);
        CHECK(via_parse_size("18446744073709551615", &n) == 0 && n == UINT64_MAX);
        CHECK(via_parse_size("17179869183G", &n) == 0 && n == 17179869183u * (UINT64_C(1) << 30));
        n = 7;
        CHECK_INT(via_parse_size("18446744073709551616", &n), ==, -EINVAL);
        CHECK_INT(via_parse_size("17179869184G", &n), ==, -EINVAL);
        CHECK_INT(via_parse_size("", &n), ==, -EINVAL);
        CHECK_INT(via_parse_size("M", &n), ==, -EINVAL);
        CHECK_INT(via_parse_size("-1", &n), ==, -EINVAL);
        CHECK_INT(via_parse_size(" 1", &n), ==, -EINVAL);
        CHECK_INT(via_parse_size("1KB", &n), ==, -EINVAL);
        CHECK_INT(via_parse_size("0x10", &n), ==, -EINVAL);
        CHECK_INT(n, ==, 7);
}

TEST(times) {
        uint64_t n = 7;

        CHECK(via_parse_time_us("50us", &n) == 0 && n == 50);
        CHECK(via_parse_time_us("100ms", &n) == 0 && n == 100000);
        CHECK(via_parse_time_us("2s", &n) == 0 && n == 2000000);
        CHECK(via_parse_time_us("1min", &n) == 0 && n == 60000000);
        CHECK(via_parse_time_us("0s", &n) == 0 && n == 0);
        n = 7;
        CHECK_INT(via_parse_time_us("2", &n), ==, -EINVAL);
        CHECK_INT(via_parse_time_us("s", &n), ==, -EINVAL);
        CHECK_INT(via_parse_time_us("1.5s", &n), ==, -EINVAL);
        CHECK_INT(via_parse_time_us("18446744073709551615s", &n), ==, -EINVAL);
        CHECK_INT(n, ==, 7);
}

TEST(modes) {
        unsigned mode = 7;

        CHECK(via_parse_mode("0660", &mode) == 0 && mode == 0660);
        CHECK(via_parse_mode("777", &mode) == 0 && mode == 0777);
        mode = 7;
        CHECK_INT(via_parse_mode("01777", &mode), ==, -EINVAL);
        CHECK_INT(via_parse_mode("0680", &mode), ==, -EINVAL);
        CHECK_INT(via_parse_mode("rw", &mode), ==, -EINVAL);
        CHECK_INT(via_parse_mode("", &mode), ==, -EINVAL);
        CHECK_INT(mode, ==, 7);
}
