/*
 * test_access.c - who may come in: the options mode= and group= of a server's file
 *
 * As root, for only root can become somebody else; what needs nobody else runs for all.
 */
#include <grp.h>
#include <sched.h>
#include <sys/mount.h>
#include "caller.h"
#include "host.h"
#include "links.h"

enum { SOMEBODY = 65534, TEAM = 4242, OTHERS = 4243 };

/* A line for each transport whose server has a file, and where that is. */
static const struct line {
        const char *scheme, *file;
        unsigned    bits;                       /* of a mode that are used */
} lines[] = {
        { "unix", "socket", 0777 },
        { "fifo", "fifo", 0622 },
        { "mq", "via/mq-conformance.sock", 0777 },
        { "shm", "via/shm-conformance.sock", 0777 },
};

#define N_LINES (sizeof(lines) / sizeof(lines[0]))
#define EACH_LINE(line) for (const struct line *line = lines; line < lines + N_LINES; line++)

/* Where @line listens with "?@query", in a folder that all may pass through. Static. */
static const char *place(const struct line *line, const char *query) {
        static char text[512];

        REQUIRE(chmod(links_folder(), 0755) == 0);
        host_place(links_find(line->scheme), links_folder(), query, text, sizeof(text));
        return text;
}

static struct stat stat_of(const char *file) {
        struct stat st = { .st_mode = 0 };

        stat(links_file(file), &st);
        return st;
}

/* 0, or a code: then @words and the endpoint must be in the sentence. */
static void check(const char *endpoint, int got, int code, const struct via_error *err,
                  const char *words) {
        if (got != code)
                test_fail(__FILE__, __LINE__, "%s as uid %u, gid %u: %s, not %s: %s", endpoint,
                          geteuid(), getegid(), via_code_name(got), via_code_name(code),
                          err->message ? err->message : "");
        else if (got && (!strstr(err->message, words) || !strstr(err->message, endpoint)))
                test_fail(__FILE__, __LINE__, "\"%s\" and %s are not in \"%s\"", words, endpoint,
                          err->message);
}

static void calls(const char *endpoint, int code, const char *words) {
        for (int driver = 0; driver < DRIVERS; driver++) {
                struct via_error err = VIA_ERROR_INIT;
                struct caller caller;
                int got = caller_open(&caller, (enum driver)driver, endpoint, NULL, &err);

                check(endpoint, got, code, &err, words);
                if (got == VIA_OK) {
                        CHECK_INT(call_echo(&caller, "x", 1, NULL), ==, VIA_OK);
                        caller_close(&caller);
                }
                via_error_fini(&err);
        }
}

static void listens(const char *endpoint, int code, const char *words) {
        struct via_server *server = via_server_new(NULL);
        struct via_error err = VIA_ERROR_INIT;

        check(endpoint, via_server_listen(server, endpoint, &err), code, &err, words);
        via_error_fini(&err);
        via_server_free(server);
}

/* --- other people --- */

/* Becomes somebody, in a child, of whom @group is the first group or another one; true there. */
static bool become(gid_t group, bool first, pid_t *ret_pid) {
        fflush(stdout);
        *ret_pid = fork();
        REQUIRE(*ret_pid >= 0);
        if (*ret_pid)
                return false;
        test_failures = 0;
        if (setgroups(first ? 0 : 1, &group) || setgid(first ? group : SOMEBODY) ||
            setuid(SOMEBODY))
                _exit(1);
        return true;
}

__attribute__((noreturn)) static void leave(void) {
        fflush(stdout);
        _exit(test_failures != 0);
}

static void wait_for(pid_t pid) {
        int status = 1;

        REQUIRE(waitpid(pid, &status, 0) == pid);
        CHECK_INT(status, ==, 0);
}

static void somebody_calls(gid_t group, bool first, const char *endpoint, int code,
                           const char *words) {
        pid_t pid;

        if (become(group, first, &pid)) {
                calls(endpoint, code, words);
                leave();
        }
        wait_for(pid);
}

TEST(members_may_and_others_may_not, .timeout = 120) {
        static const struct {
                const char *query;
                unsigned    mode;
                bool        member, other;
        } cases[] = {
                { "group=4242", 0660, true, false },
                { "mode=0660&group=4242", 0660, true, false },
                { "group=4242&mode=0666", 0666, true, true },
                { "mode=0600&group=4242", 0600, false, false },
        };

        if (geteuid() != 0)
                SKIP("only root can become a member of a group, and somebody who is none");
        EACH_LINE(line)
        for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
                int no = VIA_PERMISSION_DENIED, member = cases[i].member ? VIA_OK : no;
                struct host host;

                host_start(&host, place(line, cases[i].query), NULL);
                CHECK_INT(links_mode_of(line->file), ==, cases[i].mode & line->bits);
                CHECK_INT(stat_of(line->file).st_gid, ==, TEAM);
                somebody_calls(TEAM, true, host.endpoint, member, "closed to uid 65534");
                somebody_calls(TEAM, false, host.endpoint, member, "closed to uid 65534");
                somebody_calls(OTHERS, false, host.endpoint, cases[i].other ? VIA_OK : no,
                               "closed to uid 65534");
                calls(host.endpoint, VIA_OK, NULL);
                host_stop(&host);
                links_folder_end();
        }
}

TEST(who_is_not_let_in_hears_why) {
        if (geteuid() != 0)
                SKIP("only root can become somebody else");
        for (size_t i = 0; i < 2; i++) {
                struct host host;

                host_start(&host, place(&lines[i], "group=4242"), NULL);
                somebody_calls(OTHERS, false, host.endpoint, VIA_PERMISSION_DENIED, "gid 4242");
                somebody_calls(OTHERS, true, host.endpoint, VIA_PERMISSION_DENIED,
                               "is not in that group");
                host_stop(&host);
                links_folder_end();
        }
}

/* The names of different groups are in one folder: each lets in its own. */
TEST(groups_share_a_folder) {
        if (geteuid() != 0)
                SKIP("only root can become a member of a group");
        for (size_t i = 2; i < N_LINES; i++) {
                char two[64];
                struct host a, b;

                host_start(&a, place(&lines[i], "group=4242"), NULL);
                CHECK_INT(links_mode_of("via"), ==, 0710);
                CHECK_INT(stat_of("via").st_gid, ==, TEAM);
                snprintf(two, sizeof(two), "%s:%stwo?group=4243", lines[i].scheme,
                         strcmp(lines[i].scheme, "mq") == 0 ? "/" : "");
                host_start(&b, two, NULL);
                CHECK_INT(links_mode_of("via"), ==, 0711);
                somebody_calls(TEAM, true, a.endpoint, VIA_OK, NULL);
                somebody_calls(OTHERS, true, a.endpoint, VIA_PERMISSION_DENIED, "gid 4242");
                somebody_calls(TEAM, true, b.endpoint, VIA_PERMISSION_DENIED, "gid 4243");
                somebody_calls(OTHERS, true, b.endpoint, VIA_OK, NULL);
                host_stop(&a);
                host_stop(&b);
                links_folder_end();
        }
}

/* A folder that nobody else needs stays closed. */
TEST(a_folder_is_not_opened_in_vain) {
        for (size_t i = 2; i < N_LINES; i++) {
                struct via_listener *listener = NULL;

                REQUIRE(links_listen(place(&lines[i], NULL), &listener) == 0);
                CHECK_INT(links_mode_of("via"), ==, 0700);
                links_shut(&listener);
                links_folder_end();
        }
}

/* Where root's servers are whom everybody finds, in a /run of this test's own. */
TEST(a_client_finds_the_systems_server_and_may_not) {
        if (geteuid() != 0)
                SKIP("only root has servers that all find");
        if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
            mount("none", "/run", "tmpfs", 0, "mode=0755"))
                SKIP("needs a mount namespace, for a /run of its own");
        for (size_t i = 2; i < N_LINES; i++) {
                char endpoint[64];
                struct host host;

                snprintf(endpoint, sizeof(endpoint), "%s", place(&lines[i], "group=4242"));
                unsetenv("XDG_RUNTIME_DIR");
                host_start(&host, endpoint, NULL);
                somebody_calls(TEAM, false, host.endpoint, VIA_OK, NULL);
                somebody_calls(OTHERS, false, host.endpoint, VIA_PERMISSION_DENIED, "gid 4242");
                host_stop(&host);
                somebody_calls(OTHERS, false, endpoint, VIA_UNAVAILABLE, "as this user?");
                links_folder_end();
        }
}

/* --- which groups --- */

TEST(a_group_by_its_name) {
        struct via_listener *listener = NULL;
        struct group *group;
        char query[200];

        setgrent();
        while ((group = getgrent()) && geteuid() == 0 && group->gr_gid == getegid())
                ;
        if (geteuid() != 0)
                group = getgrgid(getegid());
        if (!group)
                SKIP("no group here has a name");
        snprintf(query, sizeof(query), "group=%s", group->gr_name);
        EACH_LINE(line) {
                REQUIRE(links_listen(place(line, query), &listener) == 0);
                CHECK_INT(stat_of(line->file).st_gid, ==, group->gr_gid);
                CHECK_INT(links_mode_of(line->file), ==, 0660 & line->bits);
                links_shut(&listener);
                links_folder_end();
        }
        endgrent();
}

TEST(groups_that_cannot_be) {
        static const struct {
                const char *query, *words;
        } cases[] = {
                { "group=via-no-such-group", "group=via-no-such-group: this system has no such" },
                { "group", "name or number" },
                { "group=", "name or number" },
                { "group=-1", "group=-1: this system has no such" },
                { "group=4242x", "group=4242x: this system has no such" },
                { "group=4294967295", "at most 4294967294" },
                { "group=18446744073709551616", "at most 4294967294" },
                { "group=%20", "no such group" },
                { "mode=rw&group=0", "mode=rw" },
        };

        EACH_LINE(line) {
                for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
                        listens(place(line, cases[i].query), VIA_INVALID_ARGUMENT, cases[i].words);
                links_folder_end();             /* and nothing was left */
        }
        listens("unix:@via-test?group=0", VIA_INVALID_ARGUMENT, "only a path has permissions");
        listens("tcp://127.0.0.1:0?group=0", VIA_INVALID_ARGUMENT, "no option of tcp:");
        listens("inproc:x?group=0", VIA_INVALID_ARGUMENT, "no option of inproc:");
        listens("unix:/x?gruop=0", VIA_INVALID_ARGUMENT, "did you mean group?");
}

/* One may give away what is one's own, to a group one is in; then others have nothing of it. */
TEST(a_group_of_ones_own) {
        struct via_listener *listener = NULL;
        char query[64];

        snprintf(query, sizeof(query), "group=%u&mode=0640", getegid());
        EACH_LINE(line) {
                REQUIRE(links_listen(place(line, query), &listener) == 0);
                CHECK_INT(links_mode_of(line->file), ==, 0640 & line->bits);
                CHECK_INT(stat_of(line->file).st_gid, ==, getegid());
                links_shut(&listener);
                links_folder_end();
        }
}

static void somebody_listens(const struct line *line) {
        struct via_listener *listener = NULL;

        if (links_listen(place(line, "group=4242"), &listener))
                test_fail(__FILE__, __LINE__, "%s: %s", line->scheme, links_note.text);
        CHECK_INT(stat_of(line->file).st_gid, ==, TEAM);
        links_shut(&listener);
        if (links_listen(place(line, "group=4242&mode=0060"), &listener) == 0 && line->bits == 0777)
                calls(place(line, NULL), VIA_PERMISSION_DENIED, "uid 65534 and has mode 0060");
        links_shut(&listener);
        listens(place(line, "group=4243"), VIA_PERMISSION_DENIED,
                "group=4243: uid 65534 is not in");
        listens(place(line, "group=root"), VIA_PERMISSION_DENIED, "add the user to the group");
        CHECK_INT(links_mode_of(line->file), ==, 0);  /* it left nothing */
}

TEST(a_group_that_is_not_ones_own) {
        if (geteuid() != 0)
                SKIP("only root can become somebody in one group and not in another");
        EACH_LINE(line) {
                pid_t pid;

                REQUIRE(chown(links_folder(), SOMEBODY, SOMEBODY) == 0);
                if (become(TEAM, false, &pid)) {
                        somebody_listens(line);
                        leave();
                }
                wait_for(pid);
                links_folder_end();
        }
}

/*
 * Looks at the file as fast as it can while servers come and go under an umask that forbids
 * nothing: whoever else may write to it is in the group.
 */
TEST(never_open_to_another_group, .timeout = 120) {
        if (geteuid() != 0)
                SKIP("only root can give a file to any group");
        umask(0);
        EACH_LINE(line) {
                const char *endpoint = place(line, "mode=0660&group=4242");
                struct via_listener *listener = NULL;
                int status;
                pid_t pid;

                fflush(stdout);
                pid = fork();
                if (pid == 0) {
                        prctl(PR_SET_PDEATHSIG, SIGKILL);
                        for (;;) {
                                struct stat st = stat_of(line->file);

                                if ((st.st_mode & 0066) && (st.st_mode & 0006 || st.st_gid != TEAM))
                                        _exit(1);
                        }
                }
                for (int i = 0; i < 1000; i++) {
                        REQUIRE(links_listen(endpoint, &listener) == 0);
                        links_shut(&listener);
                }
                if (waitpid(pid, &status, WNOHANG) != 0)
                        test_fail(__FILE__, __LINE__, "%s: was open to others", line->scheme);
                kill(pid, SIGKILL);
                waitpid(pid, NULL, 0);
                links_folder_end();
        }
}

/* --- from a file --- */

/* Those that have files get the group, the others pass it over; the query of a URI wins. */
TEST(the_group_of_a_configuration) {
        struct via_server *server = via_server_new(NULL);
        struct via_error err = VIA_ERROR_INIT;
        char path[128];
        gid_t group = geteuid() == 0 ? TEAM : getegid();
        FILE *file;

        snprintf(path, sizeof(path), "%s/endpoints.conf", links_folder());
        file = fopen(path, "we");
        REQUIRE(file);
        fprintf(file, "all = unix:%s/a, tcp://127.0.0.1:0, unix:%s/b?mode=0600, shm:x\n",
                links_folder(), links_folder());
        fprintf(file, "bad = unix:%s/c?group=via-no-such-group\n", links_folder());
        fprintf(file, "[options]\ngroup = %u\n", group);
        REQUIRE(fclose(file) == 0);
        setenv("VIA_CONFIG", path, 1);

        CHECK_INT(via_server_listen(server, "all", &err), ==, VIA_OK);
        CHECK_INT(links_mode_of("a"), ==, 0660);
        CHECK_INT(stat_of("a").st_gid, ==, group);
        CHECK_INT(links_mode_of("b"), ==, 0600);
        CHECK_INT(stat_of("b").st_gid, ==, group);
        CHECK_INT(links_mode_of("via/shm-x.sock"), ==, 0660);
        CHECK_INT(stat_of("via/shm-x.sock").st_gid, ==, group);
        via_server_free(server);
        via_error_fini(&err);
        server = via_server_new(NULL);
        CHECK_INT(via_server_listen(server, "bad", &err), ==, VIA_INVALID_ARGUMENT);
        CHECK(strstr(err.message, "endpoints.conf") && strstr(err.message, "via-no-such-group"));
        via_error_fini(&err);
        via_server_free(server);
        unlink(path);
        links_folder_end();
}
