/*
 * test_names.c - endpoints by name: where they are looked up, what their files may say, and what
 * is said of a mistake
 */
#include <stdlib.h>
#include <sys/stat.h>
#include <via/endpoint.h>
#include "alloc.h"
#include "names.h"
#include "test.h"

static char folder[] = "/tmp/via-names-XXXXXX";

static char *in_folder(const char *name) {
        static char path[200];

        snprintf(path, sizeof(path), "%s/%s", folder, name);
        return path;
}

static void write_file(const char *name, const char *text) {
        FILE *file = fopen(in_folder(name), "we");

        REQUIRE(file);
        fputs(text, file);
        fclose(file);
}

/*
 * A home of our own, whose endpoints.conf says @own, and $VIA_CONFIG, which says @config; NULL:
 * neither is there.
 */
static void begin(const char *own, const char *config) {
        strcpy(folder + strlen(folder) - 6, "XXXXXX");
        REQUIRE(mkdtemp(folder));
        unsetenv("VIA_ENDPOINT_WEATHER");
        unsetenv("VIA_CONFIG");
        setenv("HOME", folder, 1);
        REQUIRE(mkdir(in_folder(".config"), 0700) == 0 &&
                mkdir(in_folder(".config/via"), 0700) == 0);
        if (own)
                write_file(".config/via/endpoints.conf", own);
        if (config) {
                write_file("config", config);
                setenv("VIA_CONFIG", in_folder("config"), 1);
        }
}

static void end(void) {
        char command[300];

        snprintf(command, sizeof(command), "rm -r %s", folder);
        CHECK_INT(system(command), ==, 0);
}

/* Looks "weather" up: the URIs, with spaces between, or the sentence of the error. */
static const char *weather(void) {
        static char text[2000];
        struct via_error err = VIA_ERROR_INIT;
        struct via_names names;
        size_t n = 0;

        *text = 0;
        if (via_names_find(&names, "weather", &err))
                snprintf(text, sizeof(text), "%s: %s", via_code_name((int)err.code), err.message);
        for (unsigned i = 0; !err.code && i < names.n_uris; i++)
                n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", i ? " " : "",
                                      names.uris[i]);
        for (unsigned i = 0; !err.code && i < names.n_options; i++)
                n += (size_t)snprintf(text + n, sizeof(text) - n, " [%s=%s]", names.options[i].key,
                                      names.options[i].value);
        via_names_fini(&names);
        via_error_fini(&err);
        return text;
}

static void check_says(const char *sentence, const char *part) {
        if (!strstr(sentence, part))
                test_fail(__FILE__, __LINE__, "\"%s\" does not say \"%s\"", sentence, part);
}

TEST(a_uri_stands_for_itself) {
        struct via_names names;

        REQUIRE(via_names_find(&names, "unix:/run/x?mode=0660", NULL) == VIA_OK);
        CHECK_INT(names.n_uris, ==, 1);
        CHECK_STR(names.uris[0], "unix:/run/x?mode=0660");
        CHECK(!names.source);
        via_names_fini(&names);
        via_names_fini(&names);                 /* harmless twice */
}

TEST(the_first_that_has_it_wins) {
        begin("weather = unix:/own\n", "weather = unix:/config\n");
        CHECK_STR(weather(), "unix:/config");
        setenv("VIA_ENDPOINT_WEATHER", "unix:/environment", 1);
        CHECK_STR(weather(), "unix:/environment");
        unsetenv("VIA_ENDPOINT_WEATHER");
        write_file("config", "other = unix:/config\n");
        CHECK_STR(weather(), "unix:/own");      /* $VIA_CONFIG does not have it */
        end();
}

TEST(several_in_order_and_over_several_lines) {
        begin("# the weather\nweather = shm:weather, unix:/run/weather.sock ,\n"
              "        tcp://10.0.0.5:7000   ; from far\nother = unix:/x\n",
              NULL);
        CHECK_STR(weather(), "shm:weather unix:/run/weather.sock tcp://10.0.0.5:7000");
        write_file(".config/via/endpoints.conf", "weather = exec:server stdio: , unix:/a#b; c\n");
        CHECK_STR(weather(), "exec:server stdio: unix:/a#b; c");
        end();
}

TEST(options_are_those_of_the_file_that_has_the_name) {
        begin("weather = unix:/own\n[options]\ntimeout = 3s\n",
              "other = unix:/config\n[options]\ntimeout = 2s\n");
        CHECK_STR(weather(), "unix:/own [timeout=3s]");
        end();
}

TEST(nobody_knows_it) {
        begin("wether = unix:/own\n", NULL);
        check_says(weather(), "NOT_FOUND: no endpoint is called \"weather\"");
        check_says(weather(), "did you mean wether?");
        end();
}

TEST(mistakes_are_named_with_file_and_line) {
        static const struct {
                const char *text, *says;
        } mistakes[] = {
                { "weather = unix:/a\n[option]\ntimeout = 1s\n",
                  "config:3: no section is called [option]; there is [options]" },
                { "# one\nweather\n", "config:2: expected \"name = uri\"" },
                { "the weather = unix:/a\n", "config:1: \"the weather\" is not a name" },
                { "weather = /run/weather\n",
                  "config:1: \"/run/weather\" is not a URI such as unix:/run/name" },
                { "weather = a:1,b:2,c:3,d:4,e:5,f:6,g:7,h:8,i:9\n",
                  "more than 8 endpoints for one name" },
        };

        for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
                begin(NULL, mistakes[i].text);
                check_says(weather(), "INVALID_ARGUMENT");
                check_says(weather(), mistakes[i].says);
                end();
        }
}

TEST(a_line_too_long_is_refused_not_cut) {
        char text[600] = "weather = unix:/";

        memset(text + strlen(text), 'a', 400);
        begin(NULL, text);
        check_says(weather(), "config:1: a line of more than");
        end();
}

TEST(a_file_that_was_named_must_be_there) {
        begin("weather = unix:/own\n", NULL);
        setenv("VIA_CONFIG", in_folder("nothing"), 1);
        check_says(weather(), "nothing: No such file or directory");
        end();
}

TEST(neither_name_nor_uri) {
        struct via_error err = VIA_ERROR_INIT;
        struct via_names names;

        CHECK_INT(via_names_find(&names, "", &err), ==, VIA_INVALID_ARGUMENT);
        via_names_fini(&names);
        CHECK_INT(via_names_find(&names, NULL, &err), ==, VIA_INVALID_ARGUMENT);
        via_names_fini(&names);
        via_error_fini(&err);
}

TEST(programs_can_ask) {
        char buf[20] = "as it was";

        begin("weather = unix:/own, tcp://h:1\n", NULL);
        CHECK_INT(via_endpoint_lookup("weather", 0, buf, sizeof(buf), NULL), ==, VIA_OK);
        CHECK_STR(buf, "unix:/own");
        CHECK_INT(via_endpoint_lookup("weather", 1, buf, 11, NULL), ==, VIA_OK);
        CHECK_STR(buf, "tcp://h:1");
        CHECK_INT(via_endpoint_lookup("weather", 1, buf, 9, NULL), ==, VIA_OUT_OF_RANGE);
        CHECK_INT(via_endpoint_lookup("weather", 2, buf, sizeof(buf), NULL), ==, VIA_OUT_OF_RANGE);
        CHECK_INT(via_endpoint_lookup("other", 0, buf, sizeof(buf), NULL), ==, VIA_NOT_FOUND);
        CHECK_STR(buf, "tcp://h:1");            /* untouched */
        end();
}

TEST(no_memory_is_an_error_like_any) {
        struct alloc_turns turns = { 0 };

        begin("weather = unix:/own, tcp://h:1\n[options]\ntimeout = 3s\n", NULL);
        while (alloc_turn(&turns)) {
                const char *text = weather();

                CHECK(alloc_failed() || strcmp(text, "unix:/own tcp://h:1 [timeout=3s]") == 0);
        }
        end();
}
