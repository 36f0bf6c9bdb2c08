/*
 * test_fifo.c - what only fifo: can do or suffer: folders, modes, what dead servers leave
 */
#include "fifos.h"
#include "paths.h"

TEST(what_a_dead_server_left_is_taken_over) {
        paths_dead("fifo");
}

TEST(a_living_server_is_named) {
        paths_living("fifo");
}

TEST(racing_servers) {
        paths_race(endpoint("s", ""), 20);
        links_folder_end();
}

TEST(other_files_are_left_alone) {
        struct via_listener *listener = NULL;
        struct via_link *link = NULL;
        int fd = open(links_file("s"), O_CREAT | O_RDWR | O_CLOEXEC, 0600);

        REQUIRE(write(fd, "precious", 8) == 8);
        CHECK_INT(links_listen(endpoint("s", ""), &listener), ==, -EEXIST);
        CHECK(strstr(links_note.text, "no FIFO"));
        CHECK(!links_exists("s.lock"));
        CHECK_INT(links_connect(endpoint("s", ""), 1000, &link), ==, -ECONNREFUSED);
        CHECK(strstr(links_note.text, "no FIFO"));
        CHECK(links_exists("s"));
        CHECK_INT(lseek(fd, 0, SEEK_END), ==, 8);
        close(fd);
        unlink(links_file("s"));

        /* Nor is what took our file's place while we served. */
        REQUIRE(links_listen(endpoint("s", ""), &listener) == 0);
        unlink(links_file("s"));
        REQUIRE(mkfifo(links_file("s"), 0600) == 0);
        links_shut(&listener);
        CHECK(links_exists("s"));
        CHECK(!links_exists("s.lock"));
        unlink(links_file("s"));

        /* A link is not followed, even to a FIFO that somebody reads. */
        REQUIRE(links_listen(endpoint("t", ""), &listener) == 0);
        REQUIRE(symlink("t", links_file("s")) == 0);
        CHECK_INT(links_connect(endpoint("s", ""), 1000, &link), ==, -ECONNREFUSED);
        links_shut(&listener);
        CHECK_INT(links_listen(endpoint("s", ""), &listener), ==, -EEXIST);
        unlink(links_file("s"));
        links_folder_end();
}

static void nobody_listens(void) {
        struct via_listener *listener = NULL;

        CHECK_INT(links_listen(endpoint("theirs", ""), &listener), ==, -EEXIST);
        CHECK(strstr(links_note.text, "uid 0"));
        CHECK(links_exists("theirs"));
}

static void nobody_may(void) {
        struct via_listener *listener = NULL;
        struct via_link *link = NULL;

        CHECK_INT(links_listen(endpoint("s", ""), &listener), ==, -EACCES);
        CHECK(strstr(links_note.text, "s.lock"));
        CHECK_INT(links_connect(endpoint("theirs", ""), 1000, &link), ==, -EACCES);
        CHECK(strstr(links_note.text, "closed to uid 65534"));
}

TEST(a_fifo_of_somebody_else) {
        struct via_listener *listener = NULL;

        if (geteuid() != 0)
                SKIP("needs to be root, to be somebody else");
        links_folder();
        REQUIRE(chown(links_folder(), 0, 65534) == 0 && chmod(links_folder(), 0770) == 0);
        REQUIRE(mkfifo(links_file("theirs"), 0600) == 0);
        links_as_nobody(nobody_listens);
        unlink(links_file("theirs"));

        REQUIRE(chmod(links_folder(), 0711) == 0);
        REQUIRE(links_listen(endpoint("theirs", "?mode=0600"), &listener) == 0);
        links_as_nobody(nobody_may);
        links_shut(&listener);
        links_folder_end();
}

TEST(folders_for_everybody_are_refused) {
        struct via_listener *listener = NULL;
        struct via_link *link = NULL;
        int fd;

        REQUIRE(chmod(links_folder(), 01777) == 0);
        CHECK_INT(links_listen(endpoint("s", ""), &listener), ==, -EPERM);
        CHECK(strstr(links_note.text, "XDG_RUNTIME_DIR"));
        CHECK(!links_exists("s"));
        CHECK(!links_exists("s.lock"));

        /* Somebody else makes the FIFO there, and reads it: our client says nothing to him. */
        REQUIRE(mkfifo(links_file("s"), 0666) == 0);
        fd = open(links_file("s"), O_RDWR | O_NONBLOCK | O_CLOEXEC);
        CHECK_INT(links_connect(endpoint("s", ""), 1000, &link), ==, -EPERM);
        close(fd);
        unlink(links_file("s"));
        links_folder_end();
}

TEST(folders_and_names) {
        struct via_listener *listener = NULL;
        struct via_link *link = NULL;
        char name[512], longest[320], cwd[256];

        CHECK_INT(links_listen(endpoint("no/s", ""), &listener), ==, -ENOENT);
        CHECK(strstr(links_note.text, "there is no folder"));
        CHECK_INT(links_connect(endpoint("no/s", ""), 1000, &link), ==, -ENOENT);
        CHECK_INT(links_connect(endpoint("s", ""), 1000, &link), ==, -ENOENT);
        CHECK(strstr(links_note.text, "is the server running?"));
        CHECK_INT(links_listen(endpoint("", ""), &listener), ==, -EINVAL);
        CHECK_INT(links_listen(endpoint("..", ""), &listener), ==, -EINVAL);
        CHECK_INT(links_connect(endpoint("..", ""), 1000, &link), ==, -EINVAL);
        memset(longest, 'x', sizeof(longest));
        longest[300] = 0;
        CHECK_INT(links_listen(endpoint(longest, ""), &listener), ==, -ENAMETOOLONG);
        CHECK(strstr(links_note.text, "300"));
        CHECK_INT(links_connect(endpoint(longest, ""), 1000, &link), ==, -ENAMETOOLONG);
        longest[250] = 0;                       /* as long as they may be */
        CHECK_INT(links_listen(endpoint(longest, ""), &listener), ==, 0);
        CHECK_INT(links_connect(endpoint(longest, ""), 1000, &link), ==, 0);
        links_close(&link);
        links_shut(&listener);

        CHECK_INT(links_listen(endpoint("a%20b%3f%25", ""), &listener), ==, 0);
        CHECK(links_exists("a b?%"));
        listener->by->name(listener, name, sizeof(name));
        CHECK_STR(name, endpoint("a b%3F%25", ""));
        CHECK_INT(links_connect(name, 1000, &link), ==, 0);
        links_close(&link);
        links_shut(&listener);

        /* Relative to the folder at that time. */
        REQUIRE(mkdir(links_file("in"), 0700) == 0);
        REQUIRE(getcwd(cwd, sizeof(cwd)) && chdir(links_file("in")) == 0);
        CHECK_INT(links_listen("fifo:s", &listener), ==, 0);
        CHECK(links_exists("in/s"));
        REQUIRE(chdir(cwd) == 0);
        CHECK_INT(links_connect(endpoint("in/../in/s", ""), 1000, &link), ==, 0);
        links_close(&link);
        links_shut(&listener);
        CHECK_INT(rmdir(links_file("in")), ==, 0);
        links_folder_end();
}

/* Whoever may write may connect; nobody else may read, whatever the mode says. */
TEST(modes) {
        static const struct {
                const char *query;
                mode_t umask;
                unsigned mode;
        } cases[] = { { "?mode=0666", 077, 0622 }, { "?mode=0600", 0, 0600 },
                      { "?mode=0020", 0, 0620 }, { "", 0, 0622 },
                      { "", 022, 0600 }, { "", 002, 0620 } };
        struct via_listener *listener = NULL;

        links_folder();
        for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
                mode_t old = umask(cases[i].umask);

                REQUIRE(links_listen(endpoint("s", cases[i].query), &listener) == 0);
                CHECK_INT(links_mode_of("s"), ==, cases[i].mode);
                links_shut(&listener);
                umask(old);
        }
        CHECK_INT(links_listen(endpoint("s", "?mode=rw"), &listener), ==, -EINVAL);
        CHECK(strstr(links_note.text, "0660"));
        links_folder_end();
}

TEST(a_forked_child_does_not_clean_up) {
        struct via_link *waiting = NULL, *server = NULL;
        struct via_listener *listener = NULL;
        pid_t pid;

        REQUIRE(links_listen(endpoint("s", ""), &listener) == 0);
        REQUIRE(links_connect(endpoint("s", ""), 1000, &waiting) == 0);
        pid = fork();
        if (pid == 0) {
                links_close(&waiting);
                links_shut(&listener);
                _exit(0);
        }
        waitpid(pid, NULL, 0);
        CHECK(links_exists("s"));
        CHECK_INT(pairs_in(links_folder()), ==, 1);
        CHECK_INT(links_accept(listener, &server), ==, 0);
        CHECK_INT(pairs_in(links_folder()), ==, 0);
        links_close(&server);
        links_close(&waiting);
        links_shut(&listener);
        links_folder_end();
}
