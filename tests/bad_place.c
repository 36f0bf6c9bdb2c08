/*
 * bad_place.c - endpoints at which nothing can be, nobody is, or one may not be
 *
 * Each is an error at once, with a code that tells what to do and a sentence that names the
 * endpoint; and with a guess, where something was misspelt.
 */
#include <grp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include "caller.h"
#include "host.h"
#include "test.h"

enum { NOBODY = 65534 };

static void check(const char *verb, const char *endpoint, int got, int code,
                  const struct via_error *err, const char *words) {
        if (got != code)
                test_fail(__FILE__, __LINE__, "%s %s: %s, not %s (%s)", verb, endpoint,
                          via_code_name(got), via_code_name(code), err->message);
        else if (!strstr(err->message, words) || !strstr(err->message, endpoint))
                test_fail(__FILE__, __LINE__, "%s %s: \"%s\" and the endpoint are not in \"%s\"",
                          verb, endpoint, words, err->message);
}

static void connect_fails(const char *endpoint, int code, const char *words) {
        for (int driver = 0; driver < DRIVERS; driver++) {
                struct via_error err = VIA_ERROR_INIT;
                struct caller caller;
                int got = caller_open(&caller, (enum driver)driver, endpoint, NULL, &err);

                check("connect", endpoint, got, code, &err, words);
                via_error_fini(&err);
                if (!got)
                        caller_close(&caller);
        }
}

static void listen_fails(const char *endpoint, int code, const char *words) {
        struct via_server *server = via_server_new(NULL);
        struct via_error err = VIA_ERROR_INIT;

        check("listen", endpoint, via_server_listen(server, endpoint, &err), code, &err, words);
        via_error_fini(&err);
        CHECK(via_server_endpoint(server, 0) == NULL);
        via_server_free(server);
}

static void both_fail(const char *endpoint, int code, const char *words) {
        connect_fails(endpoint, code, words);
        listen_fails(endpoint, code, words);
}

TEST(not_an_endpoint) {
        both_fail("://", VIA_INVALID_ARGUMENT, "");
        both_fail("tcp://localhost:99999", VIA_INVALID_ARGUMENT, "port");
        both_fail("tcp://localhost", VIA_INVALID_ARGUMENT, "port");
        both_fail("tcp:localhost:80", VIA_INVALID_ARGUMENT, "tcp://host:port");
        both_fail("unix:", VIA_INVALID_ARGUMENT, "");
        both_fail("unix:%zz", VIA_INVALID_ARGUMENT, "");
        both_fail("inproc:a/b", VIA_INVALID_ARGUMENT, "letters");
        connect_fails("tcp://127.0.0.1:0", VIA_INVALID_ARGUMENT, "port 0");
}

TEST(no_endpoint_at_all) {
        struct via_error err = VIA_ERROR_INIT;
        struct caller caller;

        CHECK_INT(caller_open(&caller, BLOCKING, NULL, NULL, &err), ==, VIA_INVALID_ARGUMENT);
        CHECK(err.message != NULL);
        via_error_fini(&err);
}

/* Whose fault it is says the place that has it, not the URI that nobody has typed here. */
TEST(a_name_tells_where_it_was_found) {
        setenv("VIA_ENDPOINT_PLACE", "unix:/nowhere/there", 1);
        connect_fails("place", VIA_UNAVAILABLE, "place ($VIA_ENDPOINT_PLACE): connect unix:");
        listen_fails("place", VIA_NOT_FOUND, "place ($VIA_ENDPOINT_PLACE): listen unix:");
        setenv("VIA_ENDPOINT_PLACE", "unix:/x?mod=1", 1);
        both_fail("place", VIA_INVALID_ARGUMENT, "place ($VIA_ENDPOINT_PLACE): endpoint \"unix:");
}

TEST(no_server_to_listen) {
        CHECK_INT(via_server_listen(NULL, "unix:/x", NULL), ==, VIA_RESOURCE_EXHAUSTED);
}

TEST(misspelt) {
        both_fail("unxi:/run/x", VIA_INVALID_ARGUMENT, "did you mean unix:?");
        both_fail("tpc://localhost:1", VIA_INVALID_ARGUMENT, "did you mean tcp:?");
        both_fail("http://localhost", VIA_INVALID_ARGUMENT, "no transport is called \"http\"");
        both_fail("unix:/run/x?max_mesage=1M", VIA_INVALID_ARGUMENT, "did you mean max_message?");
        both_fail("tcp://localhost:1?mode=0600", VIA_INVALID_ARGUMENT, "mode");
        both_fail("unix:/run/x?max_message=lots", VIA_INVALID_ARGUMENT, "max_message=lots");
        listen_fails("unix:/tmp/x?mode=rw", VIA_INVALID_ARGUMENT, "mode=rw");
}

TEST(nobody_there) {
        connect_fails("unix:/tmp/via-nobody-is-there", VIA_UNAVAILABLE, "is the server running?");
        connect_fails("unix:@via-nobody-is-there", VIA_UNAVAILABLE, "is the server running?");
        connect_fails("tcp://127.0.0.1:1", VIA_UNAVAILABLE, "is the server running?");
        connect_fails("inproc:nobody", VIA_UNAVAILABLE, "nobody");
        connect_fails("unix:/dev/null", VIA_UNAVAILABLE, "no socket");
}

TEST(no_such_folder) {
        connect_fails("unix:/no/such/folder/socket", VIA_UNAVAILABLE, "");
        listen_fails("unix:/no/such/folder/socket", VIA_NOT_FOUND, "");
        listen_fails("unix:/dev/null/socket", VIA_NOT_FOUND, "");
}

TEST(a_file_that_is_no_socket_is_left_alone) {
        char path[] = "/tmp/via-bad-place-XXXXXX", endpoint[64];
        int fd = mkstemp(path);

        REQUIRE(fd >= 0 && write(fd, "mine", 4) == 4);
        close(fd);
        snprintf(endpoint, sizeof(endpoint), "unix:%s", path);
        listen_fails(endpoint, VIA_ALREADY_EXISTS, "no socket");
        CHECK_INT(access(path, F_OK), ==, 0);
        unlink(path);
}

TEST(a_port_in_use) {
        struct sockaddr_in in = { .sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        socklen_t size = sizeof(in);
        char endpoint[64];

        REQUIRE(bind(fd, (struct sockaddr *)&in, size) == 0 && listen(fd, 1) == 0);
        REQUIRE(getsockname(fd, (struct sockaddr *)&in, &size) == 0);
        snprintf(endpoint, sizeof(endpoint), "tcp://127.0.0.1:%d", ntohs(in.sin_port));
        listen_fails(endpoint, VIA_ALREADY_EXISTS, "is taken");
        close(fd);
}

TEST(not_our_address) {
        listen_fails("tcp://192.0.2.1:4711", VIA_NOT_FOUND, "does not have the address");
}

/* --- permissions: as root one may do everything, so somebody else tries --- */

static void as_nobody(void (*what)(const char *), const char *endpoint) {
        int status;
        pid_t pid;

        fflush(stdout);
        pid = fork();
        if (pid == 0) {
                if (geteuid() == 0 && (setgroups(0, NULL) || setgid(NOBODY) || setuid(NOBODY)))
                        _exit(1);
                test_failures = 0;
                what(endpoint);
                exit(test_failures != 0);
        }
        REQUIRE(waitpid(pid, &status, 0) == pid);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void may_not_connect(const char *endpoint) {
        connect_fails(endpoint, VIA_PERMISSION_DENIED, "closed to uid");
}

static void may_not_listen(const char *endpoint) {
        listen_fails(endpoint, VIA_PERMISSION_DENIED, "");
}

TEST(a_path_that_is_not_permitted) {
        char dir[] = "/tmp/via-bad-place-XXXXXX", place[64];
        struct host host;

        if (geteuid() != 0)
                SKIP("only root can become somebody who may not");
        REQUIRE(mkdtemp(dir) && chmod(dir, 0755) == 0);
        snprintf(place, sizeof(place), "unix:%s/socket?mode=0600", dir);
        host_start(&host, place, NULL);
        as_nobody(may_not_connect, host.endpoint);
        as_nobody(may_not_listen, host.endpoint);
        chmod(dir, 0700);
        as_nobody(may_not_connect, host.endpoint);
        host_stop(&host);
        CHECK_INT(rmdir(dir), ==, 0);
}
