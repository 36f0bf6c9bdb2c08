/*
 * emit_comment.c - what a person wrote in an .idl, as comments of C
 */
#include <string.h>
#include "emit.h"
#include "gen_c.h"

/*
 * The length of the UTF-8 character at @s that a compiler takes in a comment without a word; or
 * 0.
 */
static unsigned plain(const unsigned char *s) {
        unsigned n = *s < 0x80 ? 1 : *s >= 0xc2 && *s < 0xe0 ? 2 : (*s & 0xf0) == 0xe0 ? 3
                             : *s >= 0xf0 && *s < 0xf5 ? 4 : 0;

        if (n == 1)
                return *s >= ' ' && *s != 0x7f;
        for (unsigned i = 1; i < n; i++)
                if ((s[i] & 0xc0) != 0x80)
                        return 0;
        /* Characters that turn the direction of writing hide code from its reader. */
        if (n == 3 && s[0] == 0xe2 && ((s[1] == 0x80 && s[2] >= 0xaa && s[2] <= 0xae) ||
                                       (s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9)))
                return 0;
        return n;
}

/* A backslash at the end of a line would join it to the next. */
static char *trim(char *begin, char *end) {
        while (end > begin && (end[-1] == ' ' || end[-1] == '\\'))
                end--;
        return end;
}

const char *emit_clean(struct arena *arena, const char *text) {
        const unsigned char *s = (const unsigned char *)text;
        char *clean, *to;
        unsigned n;

        if (!text)
                return NULL;
        clean = to = arena_alloc(arena, 2 * strlen(text) + 1);
        for (; *s; s += n) {
                n = plain(s);
                if (*s == '\n')
                        to = trim(clean, to);
                if (to > clean && ((to[-1] == '*' && *s == '/') || (to[-1] == '/' && *s == '*') ||
                                   (to[-1] == '?' && *s == '?')))
                        *to++ = ' ';
                if (n) {
                        memcpy(to, s, n);
                        to += n;
                } else {
                        *to++ = *s == '\n' ? '\n' : *s == '\t' ? ' ' : '?';
                        n = 1;
                }
        }
        to = trim(clean, to);
        while (to > clean && to[-1] == '\n')
                to = trim(clean, to - 1);
        *to = '\0';
        return *clean ? clean : NULL;
}

/*
 * How much of @line goes into @room columns: all of it, or up to the last space that leaves it
 * short.
 */
static size_t fit(const char *line, size_t len, size_t room) {
        size_t cut = room;

        if (len <= room)
                return len;
        while (cut && line[cut] != ' ')
                cut--;
        if (cut > strspn(line, " "))
                return cut;
        for (cut = room; cut < len && line[cut] != ' '; cut++)
                ;
        return cut;
}

void emit_comment(struct buf *out, unsigned indent, const char *text) {
        size_t room = GEN_WIDTH - indent - 3, len, take;
        const char *end;

        if (!text)
                return;
        if (!strchr(text, '\n') && strlen(text) + 6 + indent <= GEN_WIDTH) {
                buf_printf(out, "%*s/* %s */\n", (int)indent, "", text);
                return;
        }

        buf_printf(out, "%*s/*\n", (int)indent, "");
        for (;;) {
                end = strchr(text, '\n');
                len = end ? (size_t)(end - text) : strlen(text);
                if (!len)
                        buf_printf(out, "%*s *\n", (int)indent, "");
                while (len) {
                        take = fit(text, len, room);
                        buf_printf(out, "%*s * %.*s\n", (int)indent, "", (int)take, text);
                        text += take;
                        len -= take;
                        while (len && *text == ' ')
                                text++, len--;
                }
                if (!end)
                        break;
                text = end + 1;
        }
        buf_printf(out, "%*s */\n", (int)indent, "");
}
