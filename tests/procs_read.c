/*
 * procs_read.c - what examples/procs makes of /proc: of one made up here, and of the real one
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include "../examples/procs/machine.h"
#include "../examples/procs/proc.h"
#include "../examples/procs/text.h"
#include "../examples/procs/users.h"
#include "test.h"

/* Parent 2, 300 + 200 ticks, 4 threads, started at tick 1000, 5 pages. */
#define REST " 2 1 1 0 -1 4194560 90 0 0 0 300 200 0 0 20 0 4 0 1000 9999 5 18446744073709551615 1"
#define TEN "0123456789"
#define STATUS(pid) "Name:\tx\nUmask:\t0022\nTgid:\t" pid "\nNgid:\t0\nPid:\t" pid "\nUid:\t1000\t5\t7\t9\n"

/* --- a /proc of our own --- */

static char folder[64];
static int root;

static void folder_make(void) {
        snprintf(folder, sizeof(folder), "/tmp/procs_read.XXXXXX");
        REQUIRE(mkdtemp(folder));
        root = open(folder, O_RDONLY | O_DIRECTORY);
        REQUIRE(root >= 0);
}

static void folder_remove(void) {
        char command[96];

        close(root);
        snprintf(command, sizeof(command), "rm -rf %s", folder);
        CHECK(system(command) == 0);
}

static void put(const char *name, const void *text, size_t n) {
        int fd = openat(root, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

        REQUIRE(fd >= 0 && write(fd, text, n) == (ssize_t)n);
        close(fd);
}

static void put_text(const char *name, const char *text) {
        put(name, text, strlen(text));
}

static void put_process(int pid, const char *comm) {
        char name[32], text[256];

        snprintf(name, sizeof(name), "%d", pid);
        REQUIRE(mkdirat(root, name, 0700) == 0);
        snprintf(name, sizeof(name), "%d/stat", pid);
        snprintf(text, sizeof(text), "%d (%s) S" REST "\n", pid, comm);
        put_text(name, text);
        snprintf(name, sizeof(name), "%d/status", pid);
        snprintf(text, sizeof(text), "Name:\tx\nTgid:\t%d\nPid:\t%d\nUid:\t1\t2\t3\t4\n", pid, pid);
        put_text(name, text);
}

/* --- stat --- */

TEST(stat_is_understood) {
        struct proc p = { 0 };

        REQUIRE(proc_parse_stat("77 (cat) D" REST, &p) == 0);
        CHECK_INT(p.pid, ==, 77);
        CHECK_INT(p.parent, ==, 2);
        CHECK_INT(p.state, ==, 'D');
        CHECK_STR(p.name, "cat");
        CHECK_INT(p.threads, ==, 4);
        CHECK_INT(p.busy * (double)sysconf(_SC_CLK_TCK), ==, 500);
        CHECK_INT(p.start * (double)sysconf(_SC_CLK_TCK), ==, 1000);
        CHECK_INT(p.memory, ==, 5 * sysconf(_SC_PAGESIZE));
}

static const char *name_in(const char *text) {
        static struct proc p;

        p = (struct proc){ 0 };
        return proc_parse_stat(text, &p) == 0 && p.state == 'S' && p.parent == 2 ? p.name : NULL;
}

TEST(a_name_may_be_anything) {
        CHECK_STR(name_in("1 (two words) S" REST), "two words");
        CHECK_STR(name_in("1 (a) R 1 (b) S" REST), "a) R 1 (b");
        CHECK_STR(name_in("1 ()) S" REST), ")");
        CHECK_STR(name_in("1 (() S" REST), "(");
        CHECK_STR(name_in("1 () S" REST), "");
        CHECK_STR(name_in("1 (a\nb) S" REST), "a?b");
        CHECK_STR(name_in("1 (\033[2J) S" REST), "?[2J");
        CHECK_STR(name_in("1 (\xff\xc3) S" REST), "??");
        CHECK_STR(name_in("1 (\xc3\xa9t\xc3\xa9) S" REST), "\xc3\xa9t\xc3\xa9");
        CHECK_STR(name_in("1 (" TEN TEN TEN TEN TEN TEN TEN ") S" REST),
                  TEN TEN TEN TEN TEN TEN "012");
}

TEST(what_is_no_stat_is_refused) {
        static const char *const texts[] = {
                "",
                "1",
                "1 (a",
                "1 a) S" REST,
                "1 ) S" REST " (",
                "1 (a)",
                "1 (a) S",
                "1 (a) S x" REST,
                "1 (a) S 2 1 1 0 -1 4194560 90 0 0 0 300 200 0 0 20 0 4 0 1000 9999",
        };
        struct proc p = { .pid = -1, .name = "as before" };

        for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
                CHECK_INT(proc_parse_stat(texts[i], &p), ==, -EPROTO);
        CHECK_INT(p.pid, ==, -1);
        CHECK_STR(p.name, "as before");
}

/* --- status --- */

TEST(status_tells_whose_it_is) {
        struct proc p = { 0 };

        REQUIRE(proc_parse_status(STATUS("12"), &p) == 0);
        CHECK_INT(p.real_uid, ==, 1000);
        CHECK_INT(p.uid, ==, 5);
}

TEST(a_thread_is_no_process) {
        struct proc p = { 0 };

        CHECK_INT(proc_parse_status("Name:\tx\nTgid:\t12\nPid:\t13\nUid:\t0\t0\t0\t0\n", &p), ==,
                  PROC_GONE);
}

/* The kernel writes a newline in a name as \n, two characters; it must not become one here. */
TEST(a_name_cannot_forge_its_owner) {
        struct proc p = { 0 };

        REQUIRE(proc_parse_status("Name:\tx\\nUid:\t0\t0\n" STATUS("12"), &p) == 0);
        CHECK_INT(p.real_uid, ==, 1000);
}

TEST(what_is_no_status_is_refused) {
        struct proc p = { .uid = 3 };

        CHECK_INT(proc_parse_status("", &p), ==, -EPROTO);
        CHECK_INT(proc_parse_status("Name:\tx\nTgid:\t12\nPid:\t12\n", &p), ==, -EPROTO);
        CHECK_INT(proc_parse_status("Name:\tx\nTgid:\t1\nPid:\t1\nUid:\t1\n", &p), ==, -EPROTO);
        CHECK_INT(p.uid, ==, 3);
}

/* --- the folder --- */

TEST(who_leaves_meanwhile_is_left_out) {
        struct proc *procs = NULL;
        size_t n = 99;

        folder_make();
        put_process(3, "stays");
        REQUIRE(mkdirat(root, "4", 0700) == 0);         /* left before its first file was opened */
        put_process(5, "left before its second");
        REQUIRE(unlinkat(root, "5/status", 0) == 0);
        REQUIRE(mkdirat(root, "3x", 0700) == 0);
        put_text("loadavg", "");

        REQUIRE(proc_read_all(root, &procs, &n) == 0);
        CHECK_INT(n, ==, 1);
        CHECK_STR(procs[0].name, "stays");
        free(procs);
        folder_remove();
}

TEST(there_may_be_many) {
        struct proc *procs = NULL;
        int sum = 0;
        size_t n = 0;

        folder_make();
        for (int pid = 1; pid <= 700; pid++)
                put_process(pid, "one of many");
        REQUIRE(proc_read_all(root, &procs, &n) == 0);
        CHECK_INT(n, ==, 700);
        for (size_t i = 0; i < n; i++)
                sum += procs[i].pid;
        CHECK_INT(sum, ==, 700 * 701 / 2);
        free(procs);
        folder_remove();
}

TEST(no_folder_is_a_fault) {
        struct proc *procs = NULL;
        struct machine machine;
        size_t n = 99;

        CHECK_INT(proc_read_all(-1, &procs, &n), ==, -EBADF);
        CHECK_INT(machine_read(-1, &machine), ==, -EBADF);
        CHECK_INT(n, ==, 99);
}

TEST(a_pid_below_1_is_nobody) {
        struct proc p;

        folder_make();
        put_process(0, "idle");
        put_process(-1, "all");
        CHECK_INT(proc_read(root, 0, &p), ==, PROC_GONE);
        CHECK_INT(proc_read(root, -1, &p), ==, PROC_GONE);
        folder_remove();
}

TEST(arguments_are_separated_and_cut) {
        char command[9] = "as was", all[64];

        folder_make();
        CHECK_INT(proc_read_command(root, 1, command, sizeof(command)), ==, PROC_GONE);
        REQUIRE(mkdirat(root, "1", 0700) == 0);
        put("1/cmdline", "ls\0-l\0\0\0", 8);
        CHECK_INT(proc_read_command(root, 1, command, sizeof(command)), ==, 0);
        CHECK_STR(command, "ls -l");
        put("1/cmdline", "", 0);
        CHECK_INT(proc_read_command(root, 1, command, sizeof(command)), ==, 0);
        CHECK_STR(command, "");
        put("1/cmdline", "1234567\xc3\xa9", 10);
        CHECK_INT(proc_read_command(root, 1, command, sizeof(command)), ==, 0);
        CHECK_STR(command, "1234567?");                 /* not half a character */
        put("1/cmdline", "a\0\0b\0\n\0", 7);
        CHECK_INT(proc_read_command(root, 1, all, sizeof(all)), ==, 0);
        CHECK_STR(all, "a  b ?");
        folder_remove();
}

TEST(a_machine_without_swap) {
        struct machine m = { 0 };

        folder_make();
        CHECK_INT(machine_read(root, &m), ==, -ENOENT);
        put_text("loadavg", "0.50 1.25 2.00 3/456 789\n");
        put_text("uptime", "86400.25 1.00\n");
        put_text("meminfo", "MemTotal:        2048 kB\nMemFree: 1 kB\nMemAvailable:    1024 kB\n");
        put_process(1, "a");
        put_process(20, "b");
        put_process(0, "not one");
        REQUIRE(machine_read(root, &m) == 0);
        CHECK_INT(m.load[0] * 100, ==, 50);
        CHECK_INT(m.load[2] * 100, ==, 200);
        CHECK_INT(m.running, ==, 3);
        CHECK_INT(m.threads, ==, 456);
        CHECK_INT(m.processes, ==, 2);
        CHECK_INT(m.uptime, ==, 86400);
        CHECK_INT(m.memory_total, ==, 2048 * 1024);
        CHECK_INT(m.memory_available, ==, 1024 * 1024);
        CHECK_INT(m.swap_total, ==, 0);

        put_text("loadavg", "what?\n");
        CHECK_INT(machine_read(root, &m), ==, -EPROTO);
        folder_remove();
}

/* --- the real one --- */

TEST(this_process_is_there) {
        struct proc *procs = NULL, p;
        bool found = false;
        size_t n = 0;

        root = open("/proc", O_RDONLY | O_DIRECTORY);
        REQUIRE(root >= 0 && proc_read(root, getpid(), &p) == 0);
        CHECK_STR(p.name, "procs_read");
        CHECK_INT(p.pid, ==, getpid());
        CHECK_INT(p.parent, ==, getppid());
        CHECK_INT(p.real_uid, ==, getuid());
        CHECK_INT(p.uid, ==, geteuid());
        CHECK_INT(p.state, ==, 'R');
        CHECK_INT(p.memory, >, 0);
        REQUIRE(proc_read_all(root, &procs, &n) == 0);
        for (size_t i = 0; i < n; i++)
                found = found || procs[i].pid == getpid();
        CHECK(found);
        free(procs);
        close(root);
}

TEST(a_zombie_is_a_process_until_it_is_waited_for) {
        char command[16] = "as was";
        siginfo_t info;
        struct proc p;
        pid_t pid = fork();

        if (pid == 0)
                _exit(0);
        REQUIRE(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) == 0);
        root = open("/proc", O_RDONLY | O_DIRECTORY);
        REQUIRE(root >= 0 && proc_read(root, pid, &p) == 0);
        CHECK_INT(p.state, ==, 'Z');
        CHECK_INT(proc_read_command(root, pid, command, sizeof(command)), ==, 0);
        CHECK_STR(command, "");
        waitpid(pid, NULL, 0);
        CHECK_INT(proc_read(root, pid, &p), ==, PROC_GONE);
        CHECK_INT(proc_read_command(root, pid, command, sizeof(command)), ==, PROC_GONE);
        close(root);
}

/* --- the rest --- */

TEST(cpu_is_the_average_over_a_life) {
        struct proc p = { .busy = 3, .start = 10 };

        CHECK_INT(proc_cpu(&p, 16), ==, 50);
        CHECK_INT(proc_cpu(&p, 10), ==, 0);
        CHECK_INT(proc_cpu(&p, 9), ==, 0);
        CHECK(proc_now() > 0);
}

static const char *clean(const char *text) {
        static char buf[64];

        snprintf(buf, sizeof(buf), "%s", text);
        text_clean(buf);
        return buf;
}

TEST(texts_become_harmless) {
        static const char edges[] =
                "~ \xc2\xa0\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf";

        CHECK_STR(clean(edges), edges);
        CHECK_STR(clean("\x01\t\x7f"), "???");
        CHECK_STR(clean("\xc2\x80\xc2\x9f"), "????");                   /* C1 controls */
        CHECK_STR(clean("\xc0\xaf\xc1\xbf"), "????");                   /* overlong */
        CHECK_STR(clean("\xe0\x9f\xbf"), "???");
        CHECK_STR(clean("\xf0\x8f\xbf\xbf"), "????");
        CHECK_STR(clean("\xed\xa0\x80"), "???");                        /* a surrogate */
        CHECK_STR(clean("\xf4\x90\x80\x80\xf5\x80\x80\x80"), "????????");      /* past the last */
        CHECK_STR(clean("\xe2\x82"), "??");                             /* cut */
        CHECK_STR(clean("\xe2\x82x\xac"), "??x?");
}

TEST(users_have_names_or_numbers) {
        struct users users = { 0 };
        char name[16];

        CHECK_STR(users_name(&users, 0), "root");
        for (uid_t uid = 4000000000; uid < 4000000040; uid++) {
                snprintf(name, sizeof(name), "%u", (unsigned)uid);
                CHECK_STR(users_name(&users, uid), name);
        }
        CHECK_STR(users_name(&users, 0), "root");
        CHECK_INT(users.n, ==, 41);                                     /* each asked for once */
        users_fini(&users);
        users_fini(&users);
}
