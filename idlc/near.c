/*
 * near.c - "did you mean": the name a person probably had in mind
 *
 * Damerau and Levenshtein's distance: a letter too many, too few, another, or two swapped count
 * one each.
 */
#include <ctype.h>
#include <string.h>
#include "near.h"

#define NEAR_LEN 64                     /* nobody mistypes longer names by hand */

struct near near_start(const char *wanted, size_t len) {
        struct near near = { .wanted = wanted, .len = len };

        near.distance = len < 3 ? 1 : len < 6 ? 2 : 3;         /* one more than what is accepted */
        if (len == 0 || len > NEAR_LEN)
                near.distance = 0;
        return near;
}

static unsigned smaller(unsigned a, unsigned b) {
        return a < b ? a : b;
}

static unsigned distance(const char *a, size_t n, const char *b, size_t m) {
        unsigned rows[3][NEAR_LEN + 4], *row, *up = rows[0], *above = rows[1];

        for (size_t j = 0; j <= m; j++)
                up[j] = (unsigned)j;
        for (size_t i = 1; i <= n; i++) {
                row = rows[(i) % 3];
                up = rows[(i - 1) % 3];
                above = rows[(i + 1) % 3];
                row[0] = (unsigned)i;
                for (size_t j = 1; j <= m; j++) {
                        unsigned differ = a[i - 1] != b[j - 1];

                        row[j] = smaller(smaller(up[j], row[j - 1]) + 1, up[j - 1] + differ);
                        if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                                row[j] = smaller(row[j], above[j - 2] + 1);
                }
        }
        return rows[n % 3][m];
}

void near_offer(struct near *near, const char *candidate) {
        size_t len = strlen(candidate);
        size_t apart = len > near->len ? len - near->len : near->len - len;
        char a[NEAR_LEN + 4], b[NEAR_LEN + 4];
        unsigned d;

        if (near->distance == 0 || apart >= near->distance || len == 0)
                return;
        /* Case alone is a small mistake, so it is not counted, but breaks ties. */
        for (size_t i = 0; i < near->len; i++)
                a[i] = (char)tolower((unsigned char)near->wanted[i]);
        for (size_t i = 0; i < len; i++)
                b[i] = (char)tolower((unsigned char)candidate[i]);
        d = distance(a, near->len, b, len);
        if (d >= near->distance || d >= len)
                return;
        near->distance = d;
        near->best = candidate;
}
