/*
 * child.c - a child at exec:, which is this program again, told what to do by --child
 */
#include <via/via.h>
#include "child.h"

static struct via_link *child_link(void) {
        struct via_listener *listener = NULL;
        struct via_link *link = NULL;

        if (links_listen("stdio:", &listener) || links_accept(listener, &link))
                exit(2);
        links_shut(&listener);
        return link;
}

static void child_says(struct via_link *link, const char *what) {
        while (*what) {
                ssize_t n = link->by->send(link, what, strlen(what));

                if (n > 0)
                        what += n;
                else if (n != -EAGAIN || !links_wait(link, POLLOUT))
                        exit(3);
        }
}

static void child_echoes(struct via_link *link) {
        static char buf[100000];
        ssize_t n, m;

        for (;;) {
                n = link->by->recv(link, buf, sizeof(buf));
                if (n == -EAGAIN) {
                        if (!links_wait(link, POLLIN))
                                exit(4);
                        continue;
                }
                if (n <= 0) {
                        links_close(&link);
                        exit(n == 0 ? 0 : 5);
                }
                for (ssize_t done = 0; done<n; done += m> 0 ? m : 0) {
                        m = link->by->send(link, buf + done, (size_t)(n - done));
                        if (m == -EAGAIN ? !links_wait(link, POLLOUT) : m < 0)
                                exit(6);
                }
        }
}

/* What the kernel has blocked or ignored for us. */
static void child_tells_state(struct via_link *link) {
        char line[256], text[4096] = "";
        FILE *file = fopen("/proc/self/status", "re");

        while (file && fgets(line, sizeof(line), file))
                if (strncmp(line, "SigBlk", 6) == 0 || strncmp(line, "SigIgn", 6) == 0)
                        strcat(text, line);
        if (file)
                fclose(file);
        child_says(link, text);
        links_close(&link);
}

/* Before anything else is open: which descriptors there are. */
static void child_tells_fds(void) {
        char text[1024] = "";
        struct via_link *link;

        for (int fd = 0; fd < 256; fd++)
                if (fcntl(fd, F_GETFD) >= 0)
                        sprintf(text + strlen(text), "%d ", fd);
        link = child_link();
        child_says(link, text);
        links_close(&link);
}

static void child_tells_words(char **words) {
        struct via_link *link = child_link();

        for (; *words; words++) {
                child_says(link, *words);
                child_says(link, "\n");
        }
        links_close(&link);
}

/* Reads to the end, and writes into the file @path how much it was. */
static void child_counts(const char *path) {
        struct via_link *link = child_link();
        ssize_t end;
        size_t n = links_drain(link, 0, 100 << 20, &end);
        FILE *file = fopen(path, "we");

        links_close(&link);
        if (!file || fprintf(file, "%zu", n) < 0 || fclose(file))
                exit(7);
        exit(end == 0 ? 0 : 8);
}

static void child_serves(const char *path) {
        struct via_server *server = via_server_new(NULL);
        struct via_error err = VIA_ERROR_INIT;

        if (via_server_listen(server, "stdio:", &err))
                exit(via_error_report(&err));
        via_server_run(server);
        via_server_free(server);
        close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
}

static void child_is_told(const char *what, char **args) {
        struct via_listener *second = NULL;
        struct via_link *link;

        if (strcmp(what, "words") == 0) {
                child_tells_words(args);
        } else if (strcmp(what, "fds") == 0) {
                child_tells_fds();
        } else if (strcmp(what, "counts") == 0) {
                child_counts(args[0]);
        } else if (strcmp(what, "serves") == 0) {
                child_serves(args[0]);
        } else if (strcmp(what, "ends") == 0) {
                exit(9);
        } else {
                link = child_link();
                if (strcmp(what, "prints") == 0) {
                        if (printf("nothing for the stream\n") < 0 || fflush(stdout) ||
                            read(0, &(char){ 0 }, 1) != 0)
                                exit(10);
                } else if (strcmp(what, "state") == 0) {
                        child_tells_state(link);
                        exit(0);
                } else if (strcmp(what, "listens_twice") == 0) {
                        child_says(link, links_listen("stdio:", &second) == -EINVAL ? "no" : "yes");
                } else if (strcmp(what, "is_deaf") == 0) {
                        signal(SIGTERM, SIG_IGN);
                        child_says(link, "x");
                        for (;;)
                                pause();
                } else if (strcmp(what, "says_much") == 0) {
                        links_stuff(link, 0, 20000);
                        raise(SIGKILL);
                } else if (strcmp(what, "has_a_child") == 0) {
                        child_says(link, "x");
                        if (fork() > 0)
                                _exit(0);
                        for (;;)
                                pause();
                }
                child_echoes(link);
        }
        exit(0);
}

__attribute__((constructor(150))) static void be_the_child(int argc, char **argv) {
        if (argc > 2 && strcmp(argv[1], "--child") == 0)
                child_is_told(argv[2], argv + 3);
}

const char *child(const char *what) {
        static char text[600];

        snprintf(text, sizeof(text), "exec:/proc/self/exe --child %s", what);
        return text;
}
