/*
 * inherit.c - a server that is started by a service manager: the sockets that it is left, and what
 * it tells
 *
 * The test does what systemd does: it binds, listens, and starts the server, this program again,
 * with the sockets from descriptor 3 on and $LISTEN_FDS, $LISTEN_PID, $LISTEN_FDNAMES and
 * $NOTIFY_SOCKET in its environment.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include "caller.h"
#include "test.h"

/* --- the server, in a process of its own: PROGRAM --inherited --- */

static struct via_server *server;

static void on_term(int signo) {
        (void)signo;
        via_server_stop(server);
}

/* What is left of how it was started. */
static int name(struct via_call *call, char **ret_result) {
        return via_call_printf(call, ret_result, "%s%s%s close-on-exec %d %d at %s",
                               getenv("LISTEN_FDS") ? "LISTEN_FDS " : "",
                               getenv("LISTEN_PID") ? "LISTEN_PID " : "",
                               getenv("LISTEN_FDNAMES") ? "LISTEN_FDNAMES " : "",
                               fcntl(3, F_GETFD) & FD_CLOEXEC, fcntl(4, F_GETFD) & FD_CLOEXEC,
                               via_call_endpoint(call));
}

/* Ends with the code, having said the error's words to the manager. */
static int serve_inherited(void) {
        static const struct conf_Other_ops ops = { .name = name };
        struct via_server_options options = { .flags = VIA_SERVER_NOTIFY };
        struct via_error err = VIA_ERROR_INIT;
        char status[512];
        int code;

        server = via_server_new(&options);
        conf_Other_serve(server, &ops, NULL, &err);
        code = via_server_listen_inherited(server, &err);
        if (!code) {
                signal(SIGTERM, on_term);
                code = via_server_run(server);
        } else {
                snprintf(status, sizeof(status), "STATUS=%s%s", err.message,
                         getenv("LISTEN_FDS") || getenv("LISTEN_PID") ? ", and it is set" : "");
                via_notify(status, NULL);
                if (via_server_endpoint(server, 0))
                        code = 99;
        }
        via_server_free(server);
        via_error_fini(&err);
        return code;
}

__attribute__((constructor(150))) static void serve_as_told(int argc, char **argv) {
        if (argc == 2 && strcmp(argv[1], "--inherited") == 0)
                exit(serve_inherited());
}

/* --- the manager --- */

enum { SOCKETS_MAX = 4 };

static struct manager {
        char  dir[64];
        char  notify[108];              /* path or @name */
        int   notified;                 /* the socket that hears it */
        int   fds[SOCKETS_MAX];
        int   n;
        pid_t pid;
} manager;

static int bound_unix(const char *path, int type) {
        struct sockaddr_un sun = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

        REQUIRE(fd >= 0 && strlen(path) < sizeof(sun.sun_path));
        memcpy(sun.sun_path, path, strlen(path));
        if (path[0] == '@')
                sun.sun_path[0] = 0;
        REQUIRE(bind(fd, (struct sockaddr *)&sun,
                     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path))) == 0);
        return fd;
}

static int bound_inet(int type, in_port_t *ret_port) {
        struct sockaddr_in in = { .sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t size = sizeof(in);
        int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

        REQUIRE(fd >= 0 && bind(fd, (struct sockaddr *)&in, sizeof(in)) == 0);
        REQUIRE(getsockname(fd, (struct sockaddr *)&in, &size) == 0);
        *ret_port = ntohs(in.sin_port);
        return fd;
}

static void manage(bool file) {
        struct timeval long_enough = { .tv_sec = 20L * test_slow() };

        manager = (struct manager){ .n = 0 };
        snprintf(manager.dir, sizeof(manager.dir), "/tmp/via-inherit-XXXXXX");
        REQUIRE(mkdtemp(manager.dir) != NULL);
        if (file)
                snprintf(manager.notify, sizeof(manager.notify), "%s/notify", manager.dir);
        else
                snprintf(manager.notify, sizeof(manager.notify), "@via-inherit-notify-%d",
                         (int)getpid());
        manager.notified = bound_unix(manager.notify, SOCK_DGRAM);
        setsockopt(manager.notified, SOL_SOCKET, SO_RCVTIMEO, &long_enough, sizeof(long_enough));
}

static const char *path_of(const char *base) {
        static char path[100];

        snprintf(path, sizeof(path), "%s/%s", manager.dir, base);
        return path;
}

static void leave(int fd) {
        manager.fds[manager.n++] = fd;
}

/*
 * Starts the server with what it is left. @fds, @pid: NULL, or what is said instead of the
 * truth.
 */
static void start(const char *fds, const char *pid) {
        char number[32];

        fflush(stdout);
        manager.pid = fork();
        REQUIRE(manager.pid >= 0);
        if (manager.pid)
                return;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (int i = 0; i < manager.n; i++)     /* out of the way first */
                manager.fds[i] = fcntl(manager.fds[i], F_DUPFD, 100);
        for (int fd = 3; fd < 100; fd++)
                close(fd);
        for (int i = 0; i < manager.n; i++) {
                dup2(manager.fds[i], 3 + i);
                close(manager.fds[i]);
        }
        snprintf(number, sizeof(number), "%d", manager.n);
        setenv("LISTEN_FDS", fds ? fds : number, 1);
        snprintf(number, sizeof(number), "%d", (int)getpid());
        setenv("LISTEN_PID", pid ? pid : number, 1);
        setenv("LISTEN_FDNAMES", "calls:more calls:control", 1);
        setenv("NOTIFY_SOCKET", manager.notify, 1);
        execl("/proc/self/exe", "inherit", "--inherited", (char *)NULL);
        _exit(98);
}

/* That the server has said something that begins with @words, or has them in it. */
static void check_told(const char *words) {
        char text[600];
        ssize_t n = recv(manager.notified, text, sizeof(text) - 1, 0);

        text[n > 0 ? n : 0] = 0;
        if (!strstr(text, words))
                test_fail(__FILE__, __LINE__, "\"%s\" is not in \"%s\"", words, text);
        CHECK(!strstr(text, "it is set"));
}

static void check_end(int code) {
        int status = 0;

        REQUIRE(waitpid(manager.pid, &status, 0) == manager.pid);
        CHECK(WIFEXITED(status));
        CHECK_INT(WEXITSTATUS(status), ==, code);
}

static void end(void) {
        for (int i = 0; i < manager.n; i++)
                close(manager.fds[i]);
        close(manager.notified);
        if (manager.notify[0] == '/')
                unlink(manager.notify);
        CHECK_INT(rmdir(manager.dir), ==, 0);
}

static void check_name(const char *endpoint) {
        struct via_client *client = NULL;
        struct via_error err = VIA_ERROR_INIT;
        char *answer = NULL, expected[300];

        snprintf(expected, sizeof(expected), " close-on-exec 1 1 at %s", endpoint);
        if (via_client_open(&client, endpoint, NULL, &err) ||
            conf_Other_name(client, &answer, &err))
                via_error_report(&err);
        CHECK_STR(answer, expected);
        free(answer);
        via_client_close(client);
        via_error_fini(&err);
}

/* --- what is to be seen --- */

TEST(a_server_that_is_left_its_sockets) {
        char unix_endpoint[128], tcp_endpoint[64];
        struct stat st;
        in_port_t port;

        manage(true);
        leave(bound_unix(path_of("calls"), SOCK_STREAM));
        snprintf(unix_endpoint, sizeof(unix_endpoint), "unix:%s", path_of("calls"));
        leave(bound_inet(SOCK_STREAM, &port));
        snprintf(tcp_endpoint, sizeof(tcp_endpoint), "tcp://127.0.0.1:%u", port);
        for (int i = 0; i < 2; i++)
                REQUIRE(listen(manager.fds[i], 10) == 0);

        for (int round = 0; round < 2; round++) {
                start(NULL, NULL);
                /* in the first one they wait until it is there, as clients of such a server do */
                if (round == 1)
                        check_told("READY=1");
                check_name(unix_endpoint);
                check_name(tcp_endpoint);
                if (round == 0)
                        check_told("READY=1");
                kill(manager.pid, SIGTERM);
                check_told("STOPPING=1");
                check_end(0);
                CHECK_INT(stat(path_of("calls"), &st), ==, 0);  /* for the next one */
        }
        unlink(path_of("calls"));
        end();
}

TEST(a_socket_and_a_manager_without_files) {
        char path[64], endpoint[80];

        manage(false);
        snprintf(path, sizeof(path), "@via-inherit-calls-%d", (int)getpid());
        snprintf(endpoint, sizeof(endpoint), "unix:%s", path);
        leave(bound_unix(path, SOCK_STREAM));
        leave(bound_unix(path_of("more"), SOCK_STREAM));
        for (int i = 0; i < 2; i++)
                REQUIRE(listen(manager.fds[i], 10) == 0);
        start(NULL, NULL);
        check_told("READY=1");
        check_name(endpoint);
        kill(manager.pid, SIGTERM);
        check_told("STOPPING=1");
        check_end(0);
        unlink(path_of("more"));
        end();
}

/* @bad is left behind a good one: none is taken, and it is said which it was, and what. */
static void refused(int bad, const char *words) {
        in_port_t port;

        leave(bound_inet(SOCK_STREAM, &port));
        REQUIRE(listen(manager.fds[0], 10) == 0);
        leave(bad);
        start(NULL, NULL);
        check_told(words);
        check_end(VIA_INVALID_ARGUMENT);
        end();
}

TEST(a_datagram_socket) {
        in_port_t port;

        manage(true);
        refused(bound_inet(SOCK_DGRAM, &port), "STATUS=descriptor 4 (more calls), which was "
                                               "inherited, is a datagram socket: one that");
}

TEST(a_socket_of_packets) {
        int fd;

        manage(true);
        fd = bound_unix(path_of("packets"), SOCK_SEQPACKET);
        unlink(path_of("packets"));
        REQUIRE(listen(fd, 10) == 0);
        refused(fd, "is a socket of packets");
}

TEST(a_socket_that_does_not_listen) {
        in_port_t port;

        manage(true);
        refused(bound_inet(SOCK_STREAM, &port), "is a stream socket that does not listen");
}

TEST(a_file) {
        manage(true);
        refused(open("/dev/null", O_RDONLY | O_CLOEXEC), "is no socket");
}

static void not_taken(const char *fds, const char *pid, int code, const char *words) {
        in_port_t port;

        manage(true);
        leave(bound_inet(SOCK_STREAM, &port));
        REQUIRE(listen(manager.fds[0], 10) == 0);
        start(fds, pid);
        check_told(words);
        check_end(code);
        end();
}

TEST(what_the_variables_may_say) {
        not_taken("1", "1", VIA_NOT_FOUND, "no sockets were left for this process");
        not_taken("0", NULL, VIA_NOT_FOUND, "no sockets were left for this process");
        not_taken("some", NULL, VIA_INVALID_ARGUMENT, "are to be numbers");
        not_taken("-1", NULL, VIA_INVALID_ARGUMENT, "are to be numbers");
        not_taken("99999999999999999999", NULL, VIA_INVALID_ARGUMENT, "are to be numbers");
        not_taken("1", "me", VIA_INVALID_ARGUMENT, "are to be numbers");
        not_taken("90", NULL, VIA_INVALID_ARGUMENT, "");
}

TEST(nobody_has_left_anything) {
        struct via_error err = VIA_ERROR_INIT;

        unsetenv("LISTEN_FDS");
        unsetenv("LISTEN_PID");
        unsetenv("NOTIFY_SOCKET");
        server = via_server_new(NULL);
        CHECK_INT(via_server_listen_inherited(server, &err), ==, VIA_NOT_FOUND);
        CHECK(via_server_endpoint(server, 0) == NULL);
        via_server_free(server);
        CHECK_INT(via_server_listen_inherited(NULL, &err), ==, VIA_RESOURCE_EXHAUSTED);

        CHECK_INT(via_notify("READY=1", &err), ==, VIA_NOT_FOUND);
        setenv("NOTIFY_SOCKET", "vsock:2:1234", 1);
        CHECK_INT(via_notify("READY=1", &err), ==, VIA_INVALID_ARGUMENT);
        setenv("NOTIFY_SOCKET", "/nowhere/at/all", 1);
        CHECK_INT(via_notify("READY=1", &err), ==, VIA_UNAVAILABLE);
        CHECK(err.message && strstr(err.message, "/nowhere/at/all"));
        via_error_fini(&err);
}
