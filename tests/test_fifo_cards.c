/*
 * test_fifo_cards.c - what may come through the FIFO of a fifo: server, into which many may write
 */
#include "fifo_pair.h"
#include "fifos.h"
#include "pipe.h"

static int accept_once(struct via_listener *listener) {
        struct via_link *link = calloc(1, listener->by->link_size);
        int r;

        link->by = listener->by;
        r = listener->by->accept(listener, link);
        if (r == 0)
                links_close(&link);
        free(link);
        return r;
}

TEST(rubbish_before_a_card) {
        static const size_t sizes[] = { 1, 5, 11, 84, 86, 87, 4096, 5000, 60000 };
        struct via_listener *listener = NULL;
        unsigned char rubbish[60000];
        int fd;

        memset(rubbish, 'v', sizeof(rubbish));
        for (size_t i = 0; i < sizeof(rubbish); i += 7)
                memcpy(rubbish + i, "via-fif", sizeof(rubbish) - i < 7 ? sizeof(rubbish) - i : 7);
        REQUIRE(links_listen(endpoint("s", ""), &listener) == 0);
        fd = open(links_file("s"), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
        for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
                struct via_link *client = NULL, *server = NULL;
                ssize_t end;

                REQUIRE(write(fd, rubbish, sizes[i]) == (ssize_t)sizes[i]);
                REQUIRE(links_connect(endpoint("s", ""), 1000, &client) == 0);
                REQUIRE(links_accept(listener, &server) == 0);
                CHECK_INT(links_stuff(client, 0, 100), ==, 100);
                CHECK_INT(links_drain(server, 0, 100, &end), ==, 100);
                links_close(&client);
                links_close(&server);
        }
        close(fd);
        links_shut(&listener);
        links_folder_end();
}

static struct via_fifo_card card_of(const char *folder) {
        struct via_fifo_card card = { .magic = VIA_FIFO_MAGIC };

        snprintf(card.folder, sizeof(card.folder), "%s", folder);
        memset(card.secret, '7', 32);
        return card;
}

TEST(cards_that_lie) {
        static const char folder[] = "via-00000000000000000000000000000001";
        char to[128], from[128], another[512], secret[33] = "";
        struct via_listener *listener = NULL;
        struct via_fifo_card card;
        int fd, reader, writer;

        memset(secret, '7', 32);
        snprintf(to, sizeof(to), "%s/to-%s", folder, secret);
        snprintf(from, sizeof(from), "%s/from-%s", folder, secret);
        REQUIRE(links_listen(endpoint("s", ""), &listener) == 0);
        fd = open(links_file("s"), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
#define LIE(how) do { \
                struct via_fifo_card lie_ = (how); \
                REQUIRE(write(fd, &lie_, sizeof(lie_)) == sizeof(lie_)); \
                CHECK_INT(accept_once(listener), ==, -ECONNABORTED); \
                CHECK_INT(accept_once(listener), ==, -EAGAIN); \
        } while (0)
        LIE(card_of(folder));                           /* there is none */
        LIE(card_of(".."));
        LIE(card_of("via-../../../../../../../../etc/pass"));
        card = card_of(folder);
        memset(card.folder, 'a', sizeof(card.folder));  /* not terminated */
        LIE(card);
        card = card_of(folder);
        card.in_tmp = 1;
        LIE(card);

        /* A folder that leads elsewhere. */
        REQUIRE(mkdir(links_file("elsewhere"), 0700) == 0);
        REQUIRE(symlink("elsewhere", links_file(folder)) == 0);
        LIE(card_of(folder));
        unlink(links_file(folder));
        rmdir(links_file("elsewhere"));

        /* One in which others may put things. */
        REQUIRE(mkdir(links_file(folder), 0700) == 0 && chmod(links_file(folder), 0777) == 0);
        LIE(card_of(folder));
        CHECK(links_exists(folder));
        REQUIRE(chmod(links_file(folder), 0700) == 0);

        /* What is no FIFO, what has other names, what nobody has signed, what nobody reads. */
        close(open(links_file(to), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
        LIE(card_of(folder));
        mkdir(links_file(folder), 0700);
        snprintf(another, sizeof(another), "%s", links_file("another"));
        REQUIRE(mkfifo(another, 0600) == 0 && link(another, links_file(to)) == 0);
        LIE(card_of(folder));
        CHECK(links_exists("another"));
        unlink(links_file("another"));
        mkdir(links_file(folder), 0700);
        REQUIRE(mkfifo(links_file(to), 0600) == 0 && mkfifo(links_file(from), 0600) == 0);
        LIE(card_of(folder));
        CHECK_INT(pairs_in(links_folder()), ==, 0);

        /* All is well but one thing: it is not signed, or has a second name; then all is well. */
        for (int lie = 0; lie < 3; lie++) {
                REQUIRE(mkdir(links_file(folder), 0700) == 0);
                REQUIRE(mkfifo(links_file(to), 0600) == 0 && mkfifo(links_file(from), 0600) == 0);
                snprintf(another, sizeof(another), "%s", links_file("another"));
                REQUIRE(lie != 1 || link(links_file(to), another) == 0);
                reader = open(links_file(from), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
                writer = open(links_file(to), O_RDWR | O_NONBLOCK | O_CLOEXEC);
                if (lie != 0)
                        via_pipe_sign(writer);
                card = card_of(folder);
                REQUIRE(write(fd, &card, sizeof(card)) == sizeof(card));
                CHECK_INT(accept_once(listener), ==, lie < 2 ? -ECONNABORTED : 0);
                close(reader);
                close(writer);
                CHECK(unlink(another) == 0 || lie != 1);
        }
        CHECK_INT(pairs_in(links_folder()), ==, 0);
        close(fd);
        links_shut(&listener);
        links_folder_end();
}

TEST(a_server_that_accepts_nobody) {
        struct via_link *link = NULL, *server = NULL;
        struct via_listener *listener = NULL;
        char rubbish[1000] = "";
        int fd;

        REQUIRE(links_listen(endpoint("s", ""), &listener) == 0);
        fd = open(links_file("s"), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
        while (write(fd, rubbish, sizeof(rubbish)) > 0)
                ;
        while (write(fd, rubbish, 1) > 0)
                ;
        CHECK_INT(links_connect(endpoint("s", ""), 50, &link), ==, -ETIMEDOUT);
        CHECK(strstr(links_note.text, "stuck"));
        CHECK_INT(pairs_in(links_folder()), ==, 0);
        CHECK_INT(accept_once(listener), ==, -EAGAIN);
        CHECK_INT(links_connect(endpoint("s", ""), 50, &link), ==, 0);
        CHECK_INT(links_accept(listener, &server), ==, 0);
        close(fd);
        links_close(&link);
        links_close(&server);
        links_shut(&listener);
        links_folder_end();
}
