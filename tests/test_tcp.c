/*
 * test_tcp.c - what only tcp: can do or suffer: ports, names, two address families
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include "fd.h"
#include "links.h"

static int option(int fd, int level, int name) {
        socklen_t size = sizeof(int);
        int value = -1;

        getsockopt(fd, level, name, &value, &size);
        return value;
}

static int descriptor(const struct via_link *link) {
        return ((const struct via_fd_link *)link)->fd;
}

/* A listening socket of somebody else, on a port of the kernel's choice. */
static int foreign_socket(int backlog, int *ret_port) {
        struct sockaddr_in sin = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        socklen_t size = sizeof(sin);

        REQUIRE(bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == 0 && listen(fd, backlog) == 0);
        REQUIRE(getsockname(fd, (struct sockaddr *)&sin, &size) == 0);
        *ret_port = ntohs(sin.sin_port);
        return fd;
}

/* Listens on @uri and talks over it: false if this machine has no such addresses. */
static bool talk(const char *uri, const char *prefix) {
        struct via_link *client, *server;
        struct via_listener *listener = NULL;
        struct via_peer peer = { .known = false };
        char name[512];
        ssize_t end;
        int r = links_listen(uri, &listener);

        if (r == -EADDRNOTAVAIL || r == -EAFNOSUPPORT)
                return false;
        REQUIRE(r == 0);
        listener->by->name(listener, name, sizeof(name));
        CHECK(strncmp(name, prefix, strlen(prefix)) == 0);
        CHECK(strcmp(strrchr(name, ':'), ":0") != 0);
        REQUIRE(links_connect(name, 5000, &client) == 0);
        REQUIRE(links_accept(listener, &server) == 0);
        CHECK_INT(links_stuff(client, 0, 1000), ==, 1000);
        CHECK_INT(links_drain(server, 0, 1000, &end), ==, 1000);
        client->by->peer(client, &peer);
        CHECK_STR(peer.address, strstr(name, "[::]") ? "[::1]" : name + strlen("tcp://"));

        for (int i = 0; i < 2; i++) {
                int fd = descriptor(i ? server : client);

                CHECK_INT(option(fd, IPPROTO_TCP, TCP_NODELAY), ==, 1);
                CHECK_INT(option(fd, SOL_SOCKET, SO_KEEPALIVE), ==, 1);
                CHECK_INT(option(fd, IPPROTO_TCP, TCP_KEEPIDLE), ==, 30);
                CHECK(!(fcntl(fd, F_GETFL) & O_NONBLOCK));
        }
        links_close(&client);
        links_close(&server);
        links_shut(&listener);
        return true;
}

TEST(addresses) {
        CHECK(talk("tcp://127.0.0.1:0", "tcp://127.0.0.1:"));
        CHECK(talk("tcp://localhost:0", "tcp://"));
        if (!talk("tcp://[::1]:0", "tcp://[::1]:"))
                SKIP("no IPv6");
}

TEST(all_addresses) {
        struct via_listener *listener = NULL;
        struct via_link *link = NULL;
        char name[512], uri[64];
        int r;

        REQUIRE(links_listen("tcp://:0", &listener) == 0);
        listener->by->name(listener, name, sizeof(name));
        snprintf(uri, sizeof(uri), "tcp://127.0.0.1%s", strrchr(name, ':'));
        CHECK_INT(links_connect(uri, 5000, &link), ==, 0);
        links_close(&link);
        snprintf(uri, sizeof(uri), "tcp://%s", strrchr(name, ':'));
        CHECK_INT(links_connect(uri, 5000, &link), ==, 0);
        links_close(&link);
        r = links_connect(name, 5000, &link);           /* as it names itself */
        CHECK_INT(r, ==, 0);
        links_close(&link);
        links_shut(&listener);
}

TEST(wrong_ones) {
        struct via_listener *listener = NULL;
        struct via_link *link = NULL;

        CHECK_INT(links_connect("tcp://127.0.0.1", 100, &link), ==, -EINVAL);
        CHECK(strstr(links_note.text, "port is missing"));
        CHECK_INT(links_connect("tcp://127.0.0.1:0", 100, &link), ==, -EINVAL);
        CHECK(strstr(links_note.text, "port 0"));
        CHECK_INT(links_connect("tcp:127.0.0.1:1", 100, &link), ==, -EINVAL);
        CHECK(strstr(links_note.text, "tcp://host:port"));
        CHECK_INT(links_connect("tcp://127.0.0.1:1/path", 100, &link), ==, -EINVAL);
        CHECK_INT(links_listen("tcp://127.0.0.1", &listener), ==, -EINVAL);
        CHECK_INT(links_listen("tcp://192.0.2.1:7000", &listener), ==, -EADDRNOTAVAIL);
        CHECK(strstr(links_note.text, "192.0.2.1"));
        CHECK_INT(links_listen("tcp://127.0.0.1:0?backlog=0", &listener), ==, -EINVAL);
        CHECK(strstr(links_note.text, "backlog=0"));
}

TEST(no_such_host) {
        struct via_link *link = NULL;
        int r = links_connect("tcp://no-such-host.invalid:1", 100, &link);

        CHECK(r == -ENOENT || r == -EHOSTUNREACH);      /* with and without a name server */
        CHECK(strstr(links_note.text, "no-such-host.invalid"));
}

TEST(a_live_port_is_not_stolen) {
        struct via_listener *listener = NULL;
        char uri[64], port_text[16];
        int port, fd = foreign_socket(1, &port);

        snprintf(uri, sizeof(uri), "tcp://127.0.0.1:%d", port);
        snprintf(port_text, sizeof(port_text), "port %d ", port);
        CHECK_INT(links_listen(uri, &listener), ==, -EADDRINUSE);
        CHECK(strstr(links_note.text, port_text));
        close(fd);
        CHECK_INT(links_listen(uri, &listener), ==, 0);
        links_shut(&listener);
}

TEST(refused) {
        struct via_link *link = NULL;
        char uri[64];
        int port;

        close(foreign_socket(1, &port));
        snprintf(uri, sizeof(uri), "tcp://127.0.0.1:%d", port);
        CHECK_INT(links_connect(uri, 5000, &link), ==, -ECONNREFUSED);
        CHECK(strstr(links_note.text, uri + strlen("tcp://")));
        CHECK(strstr(links_note.text, "is the server running?"));
}

/* A full backlog makes the kernel ignore us, as a host does that is not there. */
TEST(no_answer) {
        struct via_link *links[8] = { NULL };
        int port, r = 0, fd = foreign_socket(0, &port);
        char uri[64];

        snprintf(uri, sizeof(uri), "tcp://127.0.0.1:%d", port);
        for (int i = 0; i < 8 && r == 0; i++)
                r = links_connect(uri, 50, &links[i]);
        CHECK_INT(r, ==, -ETIMEDOUT);
        CHECK(strstr(links_note.text, "did not answer within 50 ms"));
        for (int i = 0; i < 8; i++)
                links_close(&links[i]);
        close(fd);
}

TEST(privileged_port) {
        struct via_listener *listener = NULL;
        int lowest = 1024, status;
        FILE *file = fopen("/proc/sys/net/ipv4/ip_unprivileged_port_start", "re");
        pid_t pid;

        if (file && fscanf(file, "%d", &lowest) != 1)
                lowest = 1024;
        if (file)
                fclose(file);
        if (lowest <= 1)
                SKIP("every port is open to everybody here");
        fflush(stdout);
        pid = fork();
        if (pid == 0) {
                test_failures = 0;
                if (geteuid() == 0 && setuid(65534))
                        _exit(1);
                CHECK_INT(links_listen("tcp://127.0.0.1:1", &listener), ==, -EACCES);
                CHECK(strstr(links_note.text, "port 1 needs a privilege"));
                fflush(stdout);
                _exit(test_failures != 0);
        }
        waitpid(pid, &status, 0);
        CHECK_INT(status, ==, 0);
}

/* The timeout in the kernel follows what is wanted, but only if that differs. */
TEST(the_timeout_is_set_when_it_matters) {
        struct ends ends;
        struct timeval tv;
        socklen_t size = sizeof(tv);
        char buf[8];
        static const struct {
                int wanted, then;
        } steps[] = { { 30, 30 }, { 25, 30 }, { 10, 10 }, { 15, 10 },
                      { 25, 25 }, { 60, 60 }, { 49, 49 } };

        links_open(&ends, links_find("tcp"));
        for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
                CHECK_INT(ends.by->recv_wait(ends.client, buf, sizeof(buf), steps[i].wanted),
                          ==, -EAGAIN);
                CHECK_INT(((struct via_fd_link *)ends.client)->wait_ms, ==, steps[i].then);
                getsockopt(descriptor(ends.client), SOL_SOCKET, SO_RCVTIMEO, &tv, &size);
                CHECK_INT(tv.tv_sec * 1000 + tv.tv_usec / 1000, >=, steps[i].then);
        }
        CHECK_INT(links_stuff(ends.server, 0, 1), ==, 1);
        CHECK_INT(ends.by->recv_wait(ends.client, buf, 1, -1), ==, 1);
        CHECK_INT(((struct via_fd_link *)ends.client)->wait_ms, ==, 0);
        links_end(&ends);
}
