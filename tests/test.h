#pragma once
/*
 * test.h - a test program in one header
 *
 *      TEST(words_end_in_zero) { CHECK_INT(strlen("ab"), ==, 2); }
 *      TEST(takes_its_time, .timeout = 300) { if (!have_it()) SKIP("no kernel support"); … }
 *
 * A program that includes this has a main(): it runs every TEST, or those named as arguments. Each
 * runs in a child of its own, which a crash, a hang or an exit() cannot take the others along with,
 * and fails if descriptors stay open behind it. With --no-fork, or below a debugger, all of that
 * stands down. Ends with 0, with 1 if a test failed, with 77 if all were skipped.
 *
 * Helpers in a second file of the same program may include this too. It will never measure time:
 * a test says what happens, not how fast.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct test {
        const char  *name;
        void       (*run)(void);
        int          timeout;           /* seconds, 0: 60; times VIA_TEST_SLOW */
        struct test *next;
};

enum { TEST_PASSED = 40, TEST_FAILED, TEST_SKIPPED };   /* no exit code that code under test has */

#define TEST_SHARED __attribute__((weak))       /* one for all files of a program */
TEST_SHARED struct test *test_first, **test_last;
TEST_SHARED int test_failures, test_skips;      /* of the test that runs, in its child */
TEST_SHARED int test_runs;                      /* tests that have been begun */
TEST_SHARED const struct test *test_current;    /* which one that is */

#define TEST(name_, ...) \
        static void test_that_##name_(void); \
        __attribute__((constructor)) static void test_add_that_##name_(void) { \
                static struct test self = { .name = #name_, .run = test_that_##name_, __VA_ARGS__ }; \
                test_last = test_last ? test_last : &test_first; \
                *test_last = &self; \
                test_last = &self.next; \
        } \
        static void test_that_##name_(void)

/* Says what went wrong and goes on. REQUIRE is for what the rest of the test cannot do without. */
#define CHECK(cond) ((cond) ? (void)0 : test_fail(__FILE__, __LINE__, "%s", #cond))
#define REQUIRE(cond) ((cond) ? (void)0 : (test_fail(__FILE__, __LINE__, "%s", #cond), exit(TEST_FAILED)))
#define CHECK_INT(a, op, b) do { \
        long long test_a = (long long)(a), test_b = (long long)(b); \
        if (!(test_a op test_b)) \
                test_fail(__FILE__, __LINE__, "%s %s %s: %lld, %lld", #a, #op, #b, test_a, test_b); \
} while (0)
#define CHECK_STR(a, b) do { \
        const char *test_a = (a), *test_b = (b); \
        if (!test_a || !test_b ? test_a != test_b : strcmp(test_a, test_b) != 0) \
                test_fail(__FILE__, __LINE__, "%s is \"%s\", not \"%s\"", #a, \
                          test_a ? test_a : "(null)", test_b ? test_b : "(null)"); \
} while (0)
#define SKIP(reason) do { printf("skip: %s\n", reason); test_skips++; return; } while (0)

/* How many times longer than usual things take here: below valgrind, for one. */
static inline int test_slow(void) {
        const char *slow = getenv("VIA_TEST_SLOW");

        return slow && atoi(slow) > 0 ? atoi(slow) : 1;
}

__attribute__((format(printf, 3, 4)))
static inline void test_fail(const char *file, int line, const char *format, ...) {
        va_list args;

        va_start(args, format);
        printf("%s:%d: failed: ", file, line);
        vprintf(format, args);
        putchar('\n');
        va_end(args);
        test_failures++;
}

/* The thread sanitizer starts a program that finds names for it, and keeps two pipes to it. */
#ifdef __has_feature
#define TEST_HAS_HELPER __has_feature(thread_sanitizer)
#else
#define TEST_HAS_HELPER 0
#endif

/* Marks the open descriptors in @set; with @before, one that is open only now is a failure. */
static inline void test_descriptors(bool set[static 1024], const bool *before) {
        DIR *dir = opendir("/proc/self/fd");
        char path[64], target[256];
        struct dirent *entry;

        while (dir && (entry = readdir(dir))) {
                int fd = atoi(entry->d_name);
                ssize_t n;

                if (entry->d_name[0] == '.' || fd == dirfd(dir) || fd >= 1024)
                        continue;
                set[fd] = true;
                if (!before || before[fd])
                        continue;
                snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
                n = readlink(path, target, sizeof(target) - 1);
                target[n > 0 ? n : 0] = 0;
                if (TEST_HAS_HELPER && strncmp(target, "pipe:", 5) == 0)
                        continue;
                test_fail(__FILE__, __LINE__, "descriptor %d is still open: %s", fd, target);
        }
        if (dir)
                closedir(dir);
}

static inline int test_run_here(const struct test *test) {
        bool before[1024] = { 0 }, after[1024] = { 0 };

        test_current = test;
        test_failures = test_skips = 0;
        test_descriptors(before, NULL);
        test->run();
        test_descriptors(after, before);
        return test_failures ? TEST_FAILED : test_skips ? TEST_SKIPPED : TEST_PASSED;
}

static inline int test_run_forked(const struct test *test) {
        struct timespec limit = { .tv_sec = (test->timeout ? test->timeout : 60) * test_slow() };
        sigset_t chld, old;
        int status = 0;
        pid_t pid;

        sigemptyset(&chld);
        sigaddset(&chld, SIGCHLD);
        sigprocmask(SIG_BLOCK, &chld, &old);
        fflush(stdout);
        pid = fork();
        if (pid == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                setpgid(0, 0);
                sigprocmask(SIG_SETMASK, &old, NULL);
                exit(test_run_here(test));      /* not _exit: leaks are looked for on the way out */
        }
        while (pid > 0 && waitpid(pid, &status, WNOHANG) == 0) {
                if (sigtimedwait(&chld, NULL, &limit) >= 0 || errno == EINTR)
                        continue;
                printf("%s: no end after %ld s\n", test->name, (long)limit.tv_sec);
                kill(pid, SIGKILL);
                waitpid(pid, &status, 0);
                break;
        }
        if (pid > 0)
                kill(-pid, SIGKILL);            /* what it started and left running */
        sigprocmask(SIG_SETMASK, &old, NULL);
        if (WIFSIGNALED(status))
                printf("%s: died of signal %d, %s\n", test->name, WTERMSIG(status),
                       strsignal(WTERMSIG(status)));
        else if (WEXITSTATUS(status) < TEST_PASSED || WEXITSTATUS(status) > TEST_SKIPPED)
                printf("%s: left by exit(%d)\n", test->name, WEXITSTATUS(status));
        else
                return WEXITSTATUS(status);
        return TEST_FAILED;
}

static inline bool test_is_traced(void) {
        FILE *file = fopen("/proc/self/status", "re");
        char line[256];
        int pid = 0;

        while (file && fgets(line, sizeof(line), file) && sscanf(line, "TracerPid: %d", &pid) != 1)
                ;
        if (file)
                fclose(file);
        return pid != 0;
}

/* Weak for programs of several files, each of which brings it. */
TEST_SHARED int main(int argc, char **argv) {
        bool here = (argc > 1 && strcmp(argv[1], "--no-fork") == 0) || test_is_traced();
        static const char *const ended[] = { "ok", "FAILED", "skipped" };
        int count[3] = { 0 }, first = 1;

        setvbuf(stdout, NULL, _IOLBF, 0);
        while (first < argc && strncmp(argv[first], "--", 2) == 0)
                first++;
        for (struct test *test = test_first; test; test = test->next) {
                bool wanted = first == argc;
                int r;

                for (int i = first; i < argc; i++)
                        wanted = wanted || strcmp(argv[i], test->name) == 0;
                if (!wanted)
                        continue;
                test_runs++;
                r = here ? test_run_here(test) : test_run_forked(test);
                count[r - TEST_PASSED]++;
                printf("%s: %s\n", ended[r - TEST_PASSED], test->name);
        }
        if (test_runs < argc - first || test_runs == 0) {
                fprintf(stderr, "no such test; there are:\n");
                for (struct test *test = test_first; test; test = test->next)
                        fprintf(stderr, "  %s\n", test->name);
                return 2;
        }
        printf("%d passed, %d failed, %d skipped\n", count[0], count[1], count[2]);
        return count[1] ? 1 : count[0] ? 0 : 77;
}
