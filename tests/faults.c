/*
 * faults.c - either side is killed at each point that VIA_POINT() names in the library
 *
 * A first run counts how often each point is passed; then there is one run for each point and
 * passing, at which the process dies. The other side knows at once, its calls end once, the next
 * start works, and nothing is left behind. A passing that does not come in its run, because who
 * sleeps when is not always the same, is counted as missed.
 */
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include "caller.h"
#include "host.h"
#include "test.h"
#include "traces.h"

enum role { NOBODY, SERVER, CLIENT };
enum { POINTS = 64, IN_FLIGHT = 4 };

struct point {
        char     name[48];
        unsigned passed;
};

/* All processes of a test have this in common. */
static struct table {
        enum role    role;                      /* whose points count */
        char         name[48];                  /* of the point at which it dies */
        unsigned     nth;                       /* passing */
        struct point points[POINTS];
        unsigned     n_points;
        atomic_llong when;                      /* it was killed; 0: not yet */
} *table;

static enum role role, next_role;               /* of this process; of those it forks */

void via_fault(const char *name) {
        unsigned i = 0;

        if (!table || role == NOBODY || role != table->role)
                return;
        while (i < table->n_points && strcmp(table->points[i].name, name) != 0)
                i++;
        if (i == POINTS)
                _exit(99);
        if (i == table->n_points)
                snprintf(table->points[table->n_points++].name, sizeof(table->name), "%s", name);
        if (++table->points[i].passed == table->nth && strcmp(table->name, name) == 0) {
                table->when = now_us();
                kill(getpid(), SIGKILL);
        }
}

static void be_next(void) {
        role = next_role;
}

/* A child that is a new program finds the table by name. */
__attribute__((constructor(140))) static void find_table(int argc, char **argv) {
        const char *path = getenv("VIA_FAULTS");
        int fd;

        pthread_atfork(NULL, NULL, be_next);
        if (argc != 3 || strcmp(argv[1], "--serve") != 0 || !path)
                return;
        fd = open(path, O_RDWR | O_CLOEXEC);
        if (fd < 0)
                _exit(98);
        table = mmap(NULL, sizeof(*table), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        close(fd);
        role = SERVER;
}

static int make_table(void) {
        int fd = memfd_create("table", MFD_CLOEXEC);
        char path[64];

        REQUIRE(fd >= 0 && ftruncate(fd, sizeof(*table)) == 0);
        table = mmap(NULL, sizeof(*table), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        REQUIRE(table != MAP_FAILED);
        snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)getpid(), fd);
        setenv("VIA_FAULTS", path, 1);
        return fd;
}

static void arm(enum role whose, const char *name, unsigned nth) {
        memset(table, 0, sizeof(*table));
        table->role = whose;
        snprintf(table->name, sizeof(table->name), "%s", name);
        table->nth = nth;
}

/* --- one run --- */

struct scene {
        const struct via_transport *by;
        char          dir[64], place[256];
        uint32_t      large;                    /* is sent in pieces */
        struct traces before;
        struct host   host;                     /* that clients die at */
        struct caller witness;
        unsigned      runs, deaths, missed, n_known;
        int64_t       known[4096];
};

/* Calls of every size, several at a time. Each ends once; false if the server is gone. */
static bool talk(struct scene *scene, struct caller *caller) {
        struct msg_octets octets = { .data = { 0, (uint8_t *)(uintptr_t)pattern(0) } };
        struct outcome outcomes[IN_FLIGHT];
        bool started[IN_FLIGHT], good = true;
        int code = call_echo(caller, "x", 1, NULL);

        CHECK(code == VIA_OK || code == VIA_UNAVAILABLE);
        for (int i = 0; i < IN_FLIGHT; i++) {
                octets.data.len = i % 2 ? scene->large : 100;
                code = caller_start(caller, "echo", NULL, &octets, &outcomes[i]);
                started[i] = code == VIA_OK;
                CHECK(code == VIA_OK || code == VIA_UNAVAILABLE);
        }
        for (int i = 0; i < IN_FLIGHT; i++) {
                while (started[i] && !outcomes[i].ended)
                        caller_turn(caller);
                CHECK_INT(outcomes[i].ended, ==, started[i]);
                CHECK(outcomes[i].code == VIA_OK || outcomes[i].code == VIA_UNAVAILABLE);
                good = good && outcomes[i].code == VIA_OK;
                outcome_fini(&outcomes[i]);
        }
        return good;
}

static void open_or_fail(struct caller *caller, enum driver driver, const char *endpoint) {
        struct via_error err = VIA_ERROR_INIT;

        if (caller_open(caller, driver, endpoint, NULL, &err) == VIA_OK)
                return;
        via_error_report(&err);
        test_fail(__FILE__, __LINE__, "no connection");
        exit(TEST_FAILED);
}

static void one_echo(enum driver driver, const char *endpoint) {
        struct caller caller;

        open_or_fail(&caller, driver, endpoint);
        CHECK_INT(call_echo(&caller, "x", 1, NULL), ==, VIA_OK);
        caller_close(&caller);
}

/* The server has died, or else it will be asked to stop: what the client sees of it. */
static void see_it_end(struct scene *scene, struct caller *caller, struct host *host) {
        int64_t known;

        if (talk(scene, caller) && !table->when) {
                host_ask_to_stop(host);
                if (host->alone)
                        return;
        }
        while (call_echo(caller, "x", 1, NULL) == VIA_OK)
                ;
        known = now_us();
        CHECK_INT(call_echo(caller, "x", 1, NULL), ==, VIA_UNAVAILABLE);
        if (table->when && table->when < known)
                scene->known[scene->n_known++] = known - table->when;
}

static void server_run(struct scene *scene, enum driver driver) {
        char place[256];
        struct caller caller;
        struct host host;
        bool up;

        next_role = SERVER;
        up = host_try(&host, scene->place, NULL);
        next_role = NOBODY;
        snprintf(place, sizeof(place), "%s", up ? host.endpoint : scene->place);
        if (up) {
                int code = caller_open(&caller, driver, host.endpoint, NULL, NULL);

                CHECK(code == VIA_OK || code == VIA_UNAVAILABLE);
                if (code == VIA_OK) {
                        see_it_end(scene, &caller, &host);
                        caller_close(&caller);
                }
        }
        if (host.pid) {
                kill(host.pid, SIGTERM);
                REQUIRE(waitpid(host.pid, NULL, 0) == host.pid);
        }
        table->role = NOBODY;
        host_start(&host, place, NULL);
        one_echo(driver, host.endpoint);
        host_stop(&host);
        traces_wait(&scene->before, getpid(), scene->dir);
}

__attribute__((noreturn))
static void be_a_client(struct scene *scene, enum driver driver) {
        struct caller caller;

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        test_failures = 0;
        open_or_fail(&caller, driver, scene->host.endpoint);
        CHECK(talk(scene, &caller));
        caller_close(&caller);
        _exit(test_failures != 0);
}

/* Servers that were the client's own end as well: they have become ours. */
static void wait_for_children(void) {
        pid_t pid;

        do
                pid = waitpid(-1, NULL, 0);
        while (pid > 0 || errno == EINTR);
        CHECK_INT(errno, ==, ECHILD);
}

static void client_run(struct scene *scene, enum driver driver) {
        pid_t server = scene->host.alone ? getpid() : scene->host.pid, pid;
        int status;

        fflush(stdout);
        next_role = CLIENT;
        pid = fork();
        next_role = NOBODY;
        REQUIRE(pid >= 0);
        if (pid == 0)
                be_a_client(scene, driver);
        REQUIRE(waitpid(pid, &status, 0) == pid);
        CHECK(table->when ? WIFSIGNALED(status) : WIFEXITED(status) && WEXITSTATUS(status) == 0);
        if (scene->host.alone)
                wait_for_children();
        else
                CHECK_INT(call_echo(&scene->witness, "x", 1, NULL), ==, VIA_OK);
        table->role = NOBODY;
        one_echo(driver, scene->host.endpoint);         /* and cleans what only that can clean */
        traces_wait(&scene->before, server, scene->dir);
        if (table->when)
                scene->known[scene->n_known++] = now_us() - table->when;
}

/* --- all of them --- */

static void one_run(struct scene *scene, enum role whose, const char *name, unsigned nth) {
        enum driver driver = scene->runs++ % 2 ? LOOP : BLOCKING;
        int failures = test_failures;

        arm(whose, name, nth);
        (whose == SERVER ? server_run : client_run)(scene, driver);
        if (nth)
                *(table->when ? &scene->deaths : &scene->missed) += 1;
        if (test_failures != failures)
                printf("  that was %s, the %s killed at %s, %u\n", scene->by->scheme,
                       whose == SERVER ? "server" : "client", name, nth);
}

/* The first passings, each eighth after that, and the last. */
static bool is_worth(unsigned nth, unsigned passed) {
        return nth <= 8 || nth % 8 == 0 || nth == passed;
}

static void every_point(struct scene *scene, enum role whose) {
        struct point points[POINTS];
        unsigned n;

        one_run(scene, whose, "", 0);
        one_run(scene, whose, "", 0);           /* now with what a first run only makes once */
        n = table->n_points;
        memcpy(points, table->points, sizeof(points));
        for (unsigned i = 0; i < n; i++)
                for (unsigned nth = 1; nth <= points[i].passed; nth++)
                        if (is_worth(nth, points[i].passed))
                                one_run(scene, whose, points[i].name, nth);
        for (unsigned i = 0; i < n; i++)
                printf("    %s: %u\n", points[i].name, points[i].passed);
}

static int by_size(const void *a, const void *b) {
        const int64_t *x = a, *y = b;

        return (*x > *y) - (*x < *y);
}

static void report(struct scene *scene, enum role whose) {
        int64_t most;

        REQUIRE(scene->n_known > 0);
        qsort(scene->known, scene->n_known, sizeof(scene->known[0]), by_size);
        most = scene->known[scene->n_known - 1];
        printf("  %s, %s: %u deaths, %u missed, known after %lld us (median), %lld us (most)\n",
               scene->by->scheme, whose == SERVER ? "server" : "client", scene->deaths,
               scene->missed, (long long)scene->known[scene->n_known / 2], (long long)most);
        printf("count: %u deaths at points of the library\n", scene->deaths);
        CHECK(most <= 1000000L * test_slow());
        CHECK_INT(scene->deaths, >, scene->missed);
}

static void set_scene(struct scene *scene, const struct via_transport *by) {
        bool shm = strcmp(by->scheme, "shm") == 0;
        char query[64] = "";

        *scene = (struct scene){ .by = by };
        scene->large = shm || strcmp(by->scheme, "mq") == 0 ? 60000 : 3000000;
        if (strstr(by->options, "group"))
                snprintf(query, sizeof(query), "group=%u%s", getegid(), shm ? "&ring=4096" : "");
        snprintf(scene->dir, sizeof(scene->dir), "/tmp/via-faults-XXXXXX");
        REQUIRE(mkdtemp(scene->dir) != NULL);
        host_place(by, scene->dir, *query ? query : NULL, scene->place, sizeof(scene->place));
        traces_find(&scene->before, getpid(), scene->dir);
}

static void servers_die(const struct via_transport *by) {
        static struct scene scene;

        set_scene(&scene, by);
        every_point(&scene, SERVER);
        report(&scene, SERVER);
        host_place_end(scene.dir);
}

static void clients_die(const struct via_transport *by) {
        static struct scene scene;

        set_scene(&scene, by);
        host_start(&scene.host, scene.place, NULL);
        if (!scene.host.alone) {
                open_or_fail(&scene.witness, BLOCKING, scene.host.endpoint);
                CHECK_INT(call_echo(&scene.witness, "x", 1, NULL), ==, VIA_OK);
                traces_find(&scene.before, scene.host.pid, scene.dir);
        }
        every_point(&scene, CLIENT);
        report(&scene, CLIENT);
        if (!scene.host.alone)
                caller_close(&scene.witness);
        host_stop(&scene.host);
        host_place_end(scene.dir);
}

static void each(void (*die)(const struct via_transport *by)) {
        int fd = make_table();

        prctl(PR_SET_CHILD_SUBREAPER, 1);
        for (int i = 0; via_transports[i]; i++)
                if (host_wanted(via_transports[i]) &&
                    strcmp(via_transports[i]->scheme, "inproc") != 0 &&         /* both die */
                    strcmp(via_transports[i]->scheme, "stdio") != 0)            /* see exec */
                        die(via_transports[i]);
        munmap(table, sizeof(*table));
        table = NULL;
        close(fd);
}

TEST(servers_die_at_every_point, .timeout = 900) {
        each(servers_die);
}

TEST(clients_die_at_every_point, .timeout = 900) {
        each(clients_die);
}
