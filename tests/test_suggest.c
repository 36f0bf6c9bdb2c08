/*
 * test_suggest.c - which word was meant
 */
#include <via/uri.h>
#include "test.h"

/* What @text was meant to be, or NULL. Static. */
static const char *meant(const char *text, const char *words) {
        static char word[32];

        return via_did_you_mean(text, words, word, sizeof(word)) ? word : NULL;
}

TEST(typing_errors) {
        CHECK_STR(meant("unx", "unix tcp inproc"), "unix");
        CHECK_STR(meant("tpc", "unix tcp inproc"), "tcp");
        CHECK_STR(meant("inprocc", "unix tcp inproc"), "inproc");
        CHECK_STR(meant("mod", "mode backlog"), "mode");
        CHECK_STR(meant("baclkog", "mode backlog"), "backlog");
        CHECK_STR(meant("max_mesage", "max_message max_memory"), "max_message");
        CHECK_STR(meant("MODE", "mode backlog"), "mode");
}

TEST(the_nearest_wins) {
        CHECK_STR(meant("max_cals", "max_links max_calls max_queue"), "max_calls");
        CHECK_STR(meant("abd", "abc abe"), "abc");              /* the first, if it is a draw */
}

TEST(no_wild_guesses) {
        CHECK_STR(meant("http", "unix tcp inproc"), NULL);
        CHECK_STR(meant("x", "y z"), NULL);
        CHECK_STR(meant("", "a mode"), NULL);
        CHECK_STR(meant("mode", ""), NULL);
        CHECK_STR(meant("something", "unix"), NULL);
}

TEST(odd_lists_and_lengths) {
        char longest[65], word[8] = "before";

        CHECK_STR(meant("unx", "  unix  tcp "), "unix");
        CHECK(!via_did_you_mean("unx", "unix", word, 4));       /* does not fit */
        CHECK_STR(word, "before");
        CHECK(via_did_you_mean("unx", "unix", word, 5));

        memset(longest, 'a', sizeof(longest));
        longest[64] = 0;
        CHECK_STR(meant(longest, "aaaa"), NULL);
        CHECK_STR(meant("aaaa", longest), NULL);
        longest[63] = 0;
        CHECK_STR(meant(longest, longest), NULL);               /* does not fit */
        CHECK(via_did_you_mean(longest, longest, (char[64]){ 0 }, 64));
}
