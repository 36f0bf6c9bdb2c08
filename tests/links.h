#pragma once
/*
 * links.h - both ends of a link, for the tests of transports
 *
 * Speaks the contract of <via/transport.h> and nothing else, in this process or in children of
 * this one. Whatever waits here waits for arm()'s descriptors, and gives up after some seconds: a
 * wakeup that was lost is a failure, not a hang.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <via/transport.h>
#include "test.h"

struct ends {
        const struct via_transport *by;
        struct via_listener        *listener;
        struct via_link            *client, *server;
        char                        name[512];          /* where the client went */
};

/* of the last links_listen() or links_connect() */
static struct via_note links_note;

/* A folder of this test's own, which links_folder_end() expects to be empty. */
static char links_folder_path[64];

static inline const char *links_folder(void) {
        if (!*links_folder_path) {
                strcpy(links_folder_path, "/tmp/via-test-XXXXXX");
                REQUIRE(mkdtemp(links_folder_path));
                setenv("XDG_RUNTIME_DIR", links_folder_path, 1);        /* where names live */
        }
        return links_folder_path;
}

static inline void links_folder_end(void) {
        char names[80];

        if (*links_folder_path) {
                snprintf(names, sizeof(names), "%s/via", links_folder_path);
                CHECK(rmdir(names) == 0 || errno == ENOENT);    /* nothing left behind */
                CHECK_INT(rmdir(links_folder_path), ==, 0);
        }
        *links_folder_path = 0;
}

/* All but those of one link a server, whose ends cannot be in one process: see test_exec.c. */
#define EACH_TRANSPORT(by) \
        for (const struct via_transport *const *each = via_transports, *by; (by = *each); each++) \
                if (!(by->traits & VIA_ALONE))

static inline const struct via_transport *links_find(const char *scheme) {
        for (unsigned i = 0; via_transports[i]; i++)
                if (strcmp(via_transports[i]->scheme, scheme) == 0)
                        return via_transports[i];
        return NULL;
}

/* "SCHEME:FOLDER/NAME", with @query ("" or "?..."). Static. */
static inline const char *links_at(const char *scheme, const char *name, const char *query) {
        static char text[512];

        snprintf(text, sizeof(text), "%s:%s/%s%s", scheme, links_folder(), name, query);
        return text;
}

/* The path of @name in the folder. Static. */
static inline const char *links_file(const char *name) {
        static char path[512];

        snprintf(path, sizeof(path), "%s/%s", links_folder(), name);
        return path;
}

static inline bool links_exists(const char *name) {
        struct stat st;

        return lstat(links_file(name), &st) == 0;
}

static inline unsigned links_mode_of(const char *name) {
        struct stat st = { .st_mode = 0 };

        stat(links_file(name), &st);
        return st.st_mode & 07777;
}

/* An endpoint that a server could listen on, if nobody else does. Static. */
static inline const char *links_endpoint(const struct via_transport *by) {
        static char text[128];

        if (strcmp(by->scheme, "tcp") == 0)
                return "tcp://127.0.0.1:0";
        if (strcmp(by->scheme, "inproc") == 0)
                return "inproc:links";
        links_folder();
        if (strcmp(by->scheme, "shm") == 0)
                return "shm:links";
        if (strcmp(by->scheme, "mq") == 0)
                return "mq:/links";
        snprintf(text, sizeof(text), "%s:%s/links", by->scheme, links_folder());
        return text;
}

/* How many links of it one process may have at once, by its own choice or the kernel's. */
static inline int links_most(const struct via_transport *by) {
        return strcmp(by->scheme, "mq") == 0 ? 20 : 100;
}

static inline int links_listen(const char *text, struct via_listener **ret_listener) {
        static struct via_uri uri;
        const struct via_transport *by;
        struct via_listener *listener;
        int r;

        memset(&links_note, 0, sizeof(links_note));
        REQUIRE(via_uri_parse(&uri, text, NULL) == 0);
        by = links_find(uri.scheme);
        listener = calloc(1, by->listener_size);
        listener->by = by;
        r = by->listen(listener, &uri, &links_note);
        if (r)
                free(listener);
        else
                *ret_listener = listener;
        return r;
}

static inline int links_connect(const char *text, int timeout_ms, struct via_link **ret_link) {
        struct via_uri *uri = malloc(sizeof(*uri));     /* of threads, each its own */
        const struct via_transport *by;
        struct via_note note = { "" };
        struct via_link *link;
        int r;

        REQUIRE(via_uri_parse(uri, text, NULL) == 0);
        by = links_find(uri->scheme);
        link = calloc(1, by->link_size);
        link->by = by;
        r = by->connect(link, uri, timeout_ms, &note);
        if (r) {
                links_note = note;
                free(link);
        } else {
                *ret_link = link;
        }
        free(uri);
        return r;
}

/* A child that listens on @uri, says so, and sleeps until it is killed. */
static inline pid_t links_server(const char *uri) {
        struct via_listener *listener = NULL;
        int pipes[2];
        pid_t pid;
        char c;

        REQUIRE(pipe2(pipes, O_CLOEXEC) == 0);
        pid = fork();
        if (pid == 0) {
                if (links_listen(uri, &listener) == 0 && write(pipes[1], "x", 1) == 1)
                        for (;;)
                                pause();
                _exit(1);
        }
        close(pipes[1]);
        REQUIRE(read(pipes[0], &c, 1) == 1);
        close(pipes[0]);
        return pid;
}

static inline void links_kill(pid_t pid) {
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
}

/* Runs @check in a child that is nobody, who may do nothing; it ends with 0 if all was well. */
static inline void links_as_nobody(void (*check)(void)) {
        int status = 1;
        pid_t pid;

        fflush(stdout);
        pid = fork();
        if (pid == 0) {
                test_failures = 0;
                if (geteuid() == 0 && (setgid(65534) || setuid(65534)))
                        _exit(1);
                check();
                fflush(stdout);
                _exit(test_failures != 0);
        }
        waitpid(pid, &status, 0);
        CHECK_INT(status, ==, 0);
}

/* Sleeps as a driver does; false if nothing happened for long. */
static inline bool links_sleep(const struct via_wait *wait) {
        struct pollfd fds[4];
        int n;

        memcpy(fds, wait->fds, sizeof(fds));
        do
                n = poll(fds, wait->n_fds, 10000 * test_slow());
        while (n < 0 && errno == EINTR);
        return n > 0;
}

static inline bool links_wait(struct via_link *link, int want) {
        struct via_wait wait = { .n_fds = 0 };

        return link->by->arm(link, want, &wait) == VIA_AWAKE || links_sleep(&wait);
}

/* The result of accept(), waited for. */
static inline int links_accept(struct via_listener *listener, struct via_link **ret_link) {
        struct via_link *link = calloc(1, listener->by->link_size);
        struct via_wait wait = { .n_fds = 0 };
        int r;

        link->by = listener->by;
        for (;;) {
                r = listener->by->accept(listener, link);
                if (r != -EAGAIN)
                        break;
                listener->by->watch(listener, &wait);
                REQUIRE(links_sleep(&wait));
        }
        if (r)
                free(link);
        else
                *ret_link = link;
        return r;
}

static inline void links_close(struct via_link **link) {
        if (*link)
                (*link)->by->close(*link);
        free(*link);
        *link = NULL;
}

static inline void links_shut(struct via_listener **listener) {
        if (*listener)
                (*listener)->by->shut(*listener);
        free(*listener);
        *listener = NULL;
}

static inline void links_open(struct ends *ends, const struct via_transport *by) {
        *ends = (struct ends){ .by = by };
        REQUIRE(links_listen(links_endpoint(by), &ends->listener) == 0);
        by->name(ends->listener, ends->name, sizeof(ends->name));
        REQUIRE(links_connect(ends->name, 5000, &ends->client) == 0);
        REQUIRE(links_accept(ends->listener, &ends->server) == 0);
}

static inline void links_end(struct ends *ends) {
        links_close(&ends->client);
        links_close(&ends->server);
        links_shut(&ends->listener);
        links_folder_end();
}

/* The byte at @at of everybody's stream; its period divides no buffer. */
static inline unsigned char links_byte(size_t at) {
        return (unsigned char)(at % 251);
}

static inline void links_fill(unsigned char *buf, size_t from, size_t size) {
        for (size_t i = 0; i < size; i++)
                buf[i] = links_byte(from + i);
}

static inline bool links_is_stream(const unsigned char *buf, size_t from, size_t size) {
        for (size_t i = 0; i < size; i++)
                if (buf[i] != links_byte(from + i))
                        return false;
        return true;
}

/*
 * Sends bytes of the stream from @from on, until no more go; how many went, or what went wrong.
 */
static inline ssize_t links_stuff(struct via_link *link, size_t from, size_t most) {
        unsigned char chunk[8192];
        size_t done = 0;

        while (done < most) {
                size_t size = most - done < sizeof(chunk) ? most - done : sizeof(chunk);
                ssize_t n;

                links_fill(chunk, from + done, size);
                n = link->by->send(link, chunk, size);
                if (n == -EAGAIN)
                        break;
                if (n < 0)
                        return n;
                CHECK(n > 0 && (size_t)n <= size);
                done += (size_t)n;
        }
        return (ssize_t)done;
}

/*
 * Receives the stream until @most bytes came or the link ended, waiting; checks every byte.
 * Returns how many came; how it ended (1: not yet) goes to *@ret_end.
 */
static inline size_t links_drain(struct via_link *link, size_t from, size_t most,
                                 ssize_t *ret_end) {
        static __thread unsigned char chunk[10007];
        size_t done = 0;

        *ret_end = 1;
        while (done < most) {
                size_t size = most - done < sizeof(chunk) ? most - done : sizeof(chunk);
                ssize_t n = link->by->recv(link, chunk, size);

                if (n == -EAGAIN) {
                        if (!links_wait(link, POLLIN)) {
                                test_fail(__FILE__, __LINE__, "%s: slept over it",
                                          link->by->scheme);
                                break;
                        }
                        continue;
                }
                if (n <= 0) {
                        *ret_end = n;
                        break;
                }
                CHECK((size_t)n <= size);
                CHECK(links_is_stream(chunk, from + done, (size_t)n));
                done += (size_t)n;
        }
        return done;
}

/* @size bytes to a peer that sends back what comes, and back. */
static inline void links_echo(struct via_link *link, size_t size, bool wait_in_kernel) {
        static unsigned char out[3000001], in[3000001];
        size_t sent = 0, got = 0;

        links_fill(out, size, size);
        while (got < size) {
                ssize_t n = sent < size ? link->by->send(link, out + sent, size - sent) : 0, m;

                REQUIRE(n >= 0 || n == -EAGAIN);
                sent += n > 0 ? (size_t)n : 0;
                m = sent == size && wait_in_kernel
                            ? link->by->recv_wait(link, in + got, size - got, 30000)
                            : link->by->recv(link, in + got, size - got);
                REQUIRE(m > 0 || m == -EAGAIN);
                got += m > 0 ? (size_t)m : 0;
                if (n <= 0 && m == -EAGAIN)
                        REQUIRE(links_wait(link, sent < size ? POLLIN | POLLOUT : POLLIN));
        }
        CHECK(links_is_stream(in, size, size));
}
