/*
 * suggest.c - which word was meant
 *
 * The distance is Damerau and Levenshtein's, in its simple form: how many letters must be put
 * in, left out, replaced or swapped with their neighbour. Upper and lower case are the same.
 * Never guesses wildly: a third of the letters may be wrong, but one always.
 */
#include <stdint.h>
#include <string.h>
#include <via/uri.h>

enum { WORD_MAX = 63 };                         /* longer ones are no typing errors of ours */

static unsigned least(unsigned a, unsigned b) {
        return a < b ? a : b;
}

static char lower(char c) {
        return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/*
 * Both at most WORD_MAX long. rows[i % 3][j] is the distance of the first i letters of @a to
 * the first j of @b.
 */
static unsigned distance(const char *a, size_t a_size, const char *b, size_t b_size) {
        uint8_t rows[3][WORD_MAX + 1];

        for (size_t j = 0; j <= b_size; j++)
                rows[0][j] = (uint8_t)j;
        for (size_t i = 1; i <= a_size; i++) {
                uint8_t *row = rows[i % 3], *above = rows[(i + 2) % 3],
                        *two_above = rows[(i + 1) % 3];

                row[0] = (uint8_t)i;
                for (size_t j = 1; j <= b_size; j++) {
                        char x = lower(a[i - 1]), y = lower(b[j - 1]);
                        unsigned best = above[j - 1] + (x != y ? 1u : 0u);

                        best = least(best, least(above[j], row[j - 1]) + 1u);
                        if (i > 1 && j > 1 && x == lower(b[j - 2]) && y == lower(a[i - 2]))
                                best = least(best, two_above[j - 2] + 1u);
                        row[j] = (uint8_t)best;
                }
        }
        return rows[a_size % 3][b_size];
}

bool via_did_you_mean(const char *text, const char *words, char *ret, size_t size) {
        size_t text_size = strnlen(text, WORD_MAX + 1), best_size = 0;
        unsigned most = text_size < 6 ? 1 : (unsigned)text_size / 3, best_distance = most + 1;
        const char *best = NULL;

        if (text_size > WORD_MAX)
                return false;
        for (const char *word = words; *word;) {
                size_t word_size = strcspn(word, " ");

                if (word_size > 0 && word_size <= WORD_MAX && word_size < size) {
                        unsigned d = distance(text, text_size, word, word_size);

                        /* One letter for another that makes all the difference is no hint. */
                        if (d < best_distance && d < word_size) {
                                best_distance = d;
                                best = word;
                                best_size = word_size;
                        }
                }
                word += word_size + (word[word_size] == ' ');
        }
        if (!best)
                return false;
        memcpy(ret, best, best_size);
        ret[best_size] = 0;
        return true;
}
