/*
 * show.c - a source line, and beneath it what is meant
 *
 * The line may hold anything: tabs are kept in the margin below so that any tab stop works, wide
 * characters take two columns, what would confuse a terminal becomes '?'. Very long lines are
 * shown around the place only.
 */
#include <string.h>
#include "diag.h"
#include "utf8.h"

#define SHOWN_MAX    160                /* bytes of a line, and ... */
#define SHOWN_BEFORE 60                 /* ... before the place, if there are more */

/* Prints one character of @line, returns its bytes and the columns it took. */
static unsigned put_char(FILE *out, const char *line, unsigned left, unsigned *ret_columns) {
        uint32_t c;
        unsigned n = utf8_decode(line, left, &c);

        *ret_columns = 1;
        if (n == 0 || (c < 0x20 && c != '\t') || (c >= 0x7f && c < 0xa0) ||
            (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069)) {
                if (out)
                        fputc('?', out);
                return n ? n : 1;
        }
        *ret_columns = utf8_columns(c);
        if (out)
                fwrite(line, 1, n, out);
        return n;
}

void diag_show(const struct diag *diag, const struct place *place, struct span at) {
        const char *line = place->line_text;
        unsigned len = place->line_len, from = 0, to, mark, columns, i, n;
        const char *base = place->source->raw;
        uint32_t begin = at.begin - place->source->base, end;
        bool first = true;

        mark = base + begin > line ? (unsigned)(base + begin - line) : 0;
        if (mark > len)
                mark = len;
        end = at.end > at.begin ? mark + (at.end - at.begin) : mark + 1;
        if (len > SHOWN_MAX && mark > SHOWN_BEFORE)
                from = mark - SHOWN_BEFORE;
        while (from && from < len && ((unsigned char)line[from] & 0xc0) == 0x80)
                from++;
        to = len - from > SHOWN_MAX ? from + SHOWN_MAX : len;

        fprintf(diag->out, "%5u | %s", place->line, from ? "..." : "");
        for (i = from; i < to; i += put_char(diag->out, line + i, len - i, &columns))
                ;
        fprintf(diag->out, "%s\n      | %s", to < len ? "..." : "", from ? "   " : "");
        for (i = from; i < mark; i += n) {
                n = put_char(NULL, line + i, len - i, &columns);
                if (line[i] == '\t')
                        fputc('\t', diag->out);
                else
                        fprintf(diag->out, "%*s", (int)columns, "");
        }
        if (diag->color)
                fputs("\033[1;32m", diag->out);
        for (i = mark; first || (i < end && i < to && line[i] != '\t'); i += n) {
                n = i < len ? put_char(NULL, line + i, len - i, &columns) : (columns = 1);
                for (; columns; columns--, first = false)
                        fputc(first ? '^' : '~', diag->out);
                first = false;
        }
        fprintf(diag->out, "%s\n", diag->color ? "\033[0m" : "");
}
