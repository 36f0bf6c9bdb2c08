/*
 * raw.c - one end of a link without Via behind it
 */
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <via/idl.h>
#include "raw.h"
#include "test.h"

static struct sockaddr_un address(const char *path) {
        struct sockaddr_un sun = { .sun_family = AF_UNIX };

        REQUIRE(strlen(path) < sizeof(sun.sun_path));
        memcpy(sun.sun_path, path, strlen(path) + 1);
        return sun;
}

void raw_connect(struct raw *raw, const char *endpoint) {
        struct sockaddr_un sun = address(endpoint + strlen("unix:"));

        *raw = (struct raw){ .fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) };
        REQUIRE(connect(raw->fd, (struct sockaddr *)&sun, sizeof(sun)) == 0);
}

int raw_listen(const char *path) {
        struct sockaddr_un sun = address(path);
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        REQUIRE(bind(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0);
        REQUIRE(listen(fd, 10) == 0);
        return fd;
}

void raw_accept(struct raw *raw, int listening) {
        *raw = (struct raw){ .fd = accept(listening, NULL, NULL) };
        REQUIRE(raw->fd >= 0);
}

void raw_close(struct raw *raw) {
        if (raw->fd >= 0)
                close(raw->fd);
        raw->fd = -1;
}

bool raw_say(struct raw *raw, const void *data, size_t size) {
        const uint8_t *p = data;

        while (size) {
                ssize_t n = send(raw->fd, p, size, MSG_NOSIGNAL);

                if (n <= 0)
                        return false;
                p += n;
                size -= (size_t)n;
        }
        return true;
}

void raw_say_frame(struct raw *raw, struct wire_header header, const void *body) {
        uint8_t head[WIRE_HEADER];

        wire_put_header(head, &header);
        raw_say(raw, head, sizeof(head));
        if (body)
                raw_say(raw, body, header.length);
}

void raw_say_hello(struct raw *raw) {
        uint8_t body[WIRE_HELLO] = { 0 };

        wire_put32(body, 4 << 20);
        wire_put32(body + 4, 1024);
        raw_say_frame(raw,
                      (struct wire_header){ .length = WIRE_HELLO,
                                            .type = WIRE_HELLO_FRAME,
                                            .id = WIRE_MAGIC,
                                            .value = WIRE_VERSION << 16 | WIRE_VERSION },
                      body);
}

void raw_say_call(struct raw *raw, const char *method, uint32_t id, const void *request,
                  size_t size) {
        uint8_t number[WIRE_METHOD];
        char name[64];

        snprintf(name, sizeof(name), "conf.%s%s", strchr(method, '/') ? "" : "Basic/", method);
        wire_put64(number, via_method_id(name));
        raw_say_frame(raw,
                      (struct wire_header){ .length = (uint32_t)(WIRE_METHOD + size),
                                            .type = WIRE_CALL,
                                            .id = id,
                                            .value = 30000 },
                      NULL);
        raw_say(raw, number, sizeof(number));
        raw_say(raw, request, size);
}

static bool hear_bytes(struct raw *raw, void *buf, size_t size) {
        struct timeval long_enough = { .tv_sec = 20L * test_slow() };
        uint8_t *p = buf;

        setsockopt(raw->fd, SOL_SOCKET, SO_RCVTIMEO, &long_enough, sizeof(long_enough));
        while (size) {
                ssize_t n = recv(raw->fd, p, size, 0);

                if (n < 0 && errno == EAGAIN)
                        test_fail(__FILE__, __LINE__, "nothing is heard, not even the end");
                if (n <= 0)
                        return false;
                p += n;
                size -= (size_t)n;
        }
        return true;
}

bool raw_hear(struct raw *raw) {
        uint8_t head[WIRE_HEADER];

        if (!hear_bytes(raw, head, sizeof(head)))
                return false;
        raw->header = wire_get_header(head);
        REQUIRE(raw->header.length < sizeof(raw->body));
        raw->body[raw->header.length] = 0;
        return hear_bytes(raw, raw->body, raw->header.length);
}

bool raw_hear_type(struct raw *raw, uint8_t type) {
        while (raw_hear(raw))
                if (raw->header.type == type)
                        return true;
        return false;
}

void raw_check_farewell(struct raw *raw, const char *words) {
        bool said = raw_hear_type(raw, WIRE_GOAWAY);

        CHECK(said);
        if (said && !strstr((const char *)raw->body, words))
                test_fail(__FILE__, __LINE__, "\"%s\" is not in \"%s\"", words,
                          (const char *)raw->body);
        CHECK(!raw_hear(raw));
        raw_close(raw);
}
