/*
 * host.c - a server of conformance.idl somewhere
 */
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "host.h"
#include "service.h"
#include "test.h"

/* Where each transport listens: one line for a new one. */
static const struct place {
        const char *scheme;
        const char *format;                     /* a %s is a folder of the test's own */
} places[] = {
        { "unix", "unix:%s/socket" },
        { "tcp", "tcp://127.0.0.1:0" },
        { "inproc", "inproc:conformance" },
        { "fifo", "fifo:%s/fifo" },
        { "exec", "exec:/proc/self/exe --serve stdio:" },       /* see serve_as_told() */
        { "shm", "shm:conformance" },
        { "mq", "mq:/conformance" },
};

void host_place(const struct via_transport *by, const char *dir, const char *query, char *buf,
                size_t size) {
        const struct place *place = places;
        const char *mark;
        int n;

        while (place < places + sizeof(places) / sizeof(places[0]) &&
               strcmp(place->scheme, by->scheme) != 0)
                place++;
        if (place == places + sizeof(places) / sizeof(places[0])) {
                test_fail(__FILE__, __LINE__, "no place is known for %s", by->scheme);
                exit(TEST_FAILED);
        }
        setenv("XDG_RUNTIME_DIR", dir, 1);      /* where names are kept that have no folder */
        mark = strstr(place->format, "%s");
        n = mark ? snprintf(buf, size, "%.*s%s%s", (int)(mark - place->format), place->format, dir,
                            mark + 2)
                 : snprintf(buf, size, "%s", place->format);
        /* of a child's endpoint, it is the child's */
        snprintf(buf + n, size - (size_t)n, "%s%s",
                 !query ? "" : by->traits & VIA_ALONE ? "%3F" : "?", query ? query : "");
}

/* Removes the folder @dir, in which nothing must have been left. */
void host_place_end(const char *dir) {
        char runtime[256];

        snprintf(runtime, sizeof(runtime), "%s/via", dir);
        rmdir(runtime);
        CHECK_INT(rmdir(dir), ==, 0);
}

struct start {
        const char *endpoint;
        struct via_server_options options;
        int ready;                              /* written to: the endpoint */
        struct via_server **ret_server;
};

static struct via_server *process_server;
static unsigned workers = 1;

void host_workers(unsigned n) {
        workers = n;
}

#if TEST_HAS_HELPER
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* In a fork of several threads the thread sanitizer never gets to call a handler. */
static void *wait_for_term(void *arg) {
        sigset_t term;
        int signo;

        (void)arg;
        sigemptyset(&term);
        sigaddset(&term, SIGTERM);
        if (sigwait(&term, &signo) != 0)
                return NULL;
        pthread_mutex_lock(&lock);
        if (process_server)
                via_server_stop(process_server);
        pthread_mutex_unlock(&lock);
        return NULL;
}

static void stop_on_term(void) {
        pthread_t thread;
        sigset_t term;

        sigemptyset(&term);
        sigaddset(&term, SIGTERM);
        pthread_sigmask(SIG_BLOCK, &term, NULL);
        REQUIRE(pthread_create(&thread, NULL, wait_for_term, NULL) == 0);
        pthread_detach(thread);
}

static void ignore_term(void) {
        pthread_mutex_lock(&lock);
        process_server = NULL;
        pthread_mutex_unlock(&lock);
}
#else
static void on_term(int signo) {
        (void)signo;
        via_server_stop(process_server);
}

static void stop_on_term(void) {
        signal(SIGTERM, on_term);
}

static void ignore_term(void) {
        signal(SIGTERM, SIG_IGN);
}
#endif

/* Serves until told to stop: 0, or 1 if it could not. */
static int serve(const struct start *start, bool in_process) {
        struct via_error err = VIA_ERROR_INIT;
        struct service *service = calloc(1, sizeof(*service));
        struct via_server *server = via_server_new(&start->options);
        const char *endpoint;

        if (!service || !server || service_add(server, service, &err) ||
            via_server_listen(server, start->endpoint, &err)) {
                via_error_report(&err);
                return 1;
        }
        if (in_process) {
                process_server = server;
                stop_on_term();
        } else {
                *start->ret_server = server;
        }
        endpoint = via_server_endpoint(server, 0);
        if (start->ready >= 0 && write(start->ready, endpoint, strlen(endpoint)) < 0)
                return 1;
        if (start->ready >= 0)
                close(start->ready);
        CHECK_INT(via_server_run_workers(server, workers, NULL), ==, VIA_OK);
        if (in_process)                                 /* there is nothing left to be stopped */
                ignore_term();
        via_server_free(server);
        free(service);
        return 0;
}

/* This program as a child: --serve ENDPOINT. */
__attribute__((constructor(150))) static void serve_as_told(int argc, char **argv) {
        if (argc == 3 && strcmp(argv[1], "--serve") == 0)
                exit(serve(&(struct start){ .endpoint = argv[2], .ready = -1 }, true));
}

static void *thread_main(void *arg) {
        struct start start = *(struct start *)arg;
        int r = serve(&start, false);

        if (r)
                close(start.ready);
        return NULL;
}

#ifdef __SANITIZE_ADDRESS__
void __lsan_do_leak_check(void);
#endif

/*
 * As exit(), leaks included; but libuv would wait for the threads of its pool then, which a fork
 * does not copy.
 */
__attribute__((noreturn)) static void leave(int status) {
        fflush(NULL);
#ifdef __SANITIZE_ADDRESS__
        __lsan_do_leak_check();
#endif
        _exit(status);
}

static void start_process(struct host *host, struct start *start, int other_end) {
        fflush(stdout);
        host->pid = fork();
        REQUIRE(host->pid >= 0);
        if (host->pid == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                close(other_end);
                test_failures = 0;
                leave(serve(start, true) || test_failures);
        }
        close(start->ready);
}

static const char *only;                        /* --only=SCHEME: of this transport alone */

__attribute__((constructor(150))) static void read_only(int argc, char **argv) {
        for (int i = 1; i < argc; i++)
                if (strncmp(argv[i], "--only=", 7) == 0)
                        only = argv[i] + 7;
}

bool host_wanted(const struct via_transport *by) {
        return !only || strcmp(only, by->scheme) == 0;
}

/* As host_start(); false if it ended before that. */
bool host_try(struct host *host, const char *endpoint, const struct via_server_options *options) {
        struct start start = { .endpoint = endpoint, .ret_server = &host->server };
        int ready[2];
        ssize_t n = 0, got;

        *host = (struct host){ 0 };
        if (options)
                start.options = *options;
        if (strncmp(endpoint, "exec:", 5) == 0) {       /* its clients start it */
                snprintf(host->endpoint, sizeof(host->endpoint), "%s", endpoint);
                host->alone = true;
                return true;
        }
        REQUIRE(pipe(ready) == 0);
        start.ready = ready[1];
        if (strncmp(endpoint, "inproc:", 7) == 0)
                REQUIRE(pthread_create(&host->thread, NULL, thread_main, &start) == 0);
        else
                start_process(host, &start, ready[0]);
        while ((got = read(ready[0], host->endpoint + n,
                           sizeof(host->endpoint) - 1 - (size_t)n)) > 0)
                n += got;
        close(ready[0]);
        return n > 0;
}

/* Starts to serve at @endpoint, and returns when a client may come. */
void host_start(struct host *host, const char *endpoint, const struct via_server_options *options) {
        REQUIRE(host_try(host, endpoint, options));
}

/* As SIGTERM does: it drains. Returns at once. */
void host_ask_to_stop(struct host *host) {
        if (host->alone)
                return;
        if (host->pid)
                kill(host->pid, SIGTERM);
        else
                via_server_stop(host->server);
}

/* Waits for the end of a server that was asked to stop, and checks that it was a clean one. */
void host_wait(struct host *host) {
        int status = 0;

        if (host->pid) {
                REQUIRE(waitpid(host->pid, &status, 0) == host->pid);
                CHECK(WIFEXITED(status));
                CHECK_INT(WEXITSTATUS(status), ==, 0);
        } else if (!host->alone) {
                pthread_join(host->thread, NULL);
        }
        *host = (struct host){ 0 };
}

/* The host has been killed. */
void host_forget(struct host *host) {
        if (host->pid)
                REQUIRE(waitpid(host->pid, NULL, 0) == host->pid);
        *host = (struct host){ 0 };
}

void host_stop(struct host *host) {
        host_ask_to_stop(host);
        host_wait(host);
}

long host_memory(const struct host *host) {
        char path[64];
        long size, resident = 0;
        FILE *file;

        snprintf(path, sizeof(path), "/proc/%d/statm", (int)host->pid);
        file = fopen(path, "re");
        REQUIRE(file && fscanf(file, "%ld %ld", &size, &resident) == 2);
        fclose(file);
        return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

long host_cpu_ms(const struct host *host) {
        struct timespec t;
        clockid_t clock;

        REQUIRE(clock_getcpuclockid(host->pid, &clock) == 0 && clock_gettime(clock, &t) == 0);
        return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
