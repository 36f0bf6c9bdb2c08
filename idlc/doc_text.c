/*
 * doc_text.c - what a comment says, without what makes it one
 */
#include <string.h>
#include "doc_text.h"
#include "utf8.h"

/* Adds one line without what decorates it. */
static void add_line(struct buf *buf, const char *line, size_t len, bool first) {
        uint32_t c;
        unsigned n;

        while (len && strchr(" \t\r", line[len - 1]) && line[len - 1])
                len--;
        if (!first)
                buf_putc(buf, '\n');
        for (size_t i = 0; i < len; i += n) {
                n = utf8_decode(line + i, len - i, &c);
                if (n == 0 || (c < 0x20 && c != '\t'))
                        buf_putc(buf, '?');
                else
                        buf_add(buf, line + i, n);
                n = n ? n : 1;
        }
}

void doc_add_line(struct buf *buf, const char *text, size_t len) {
        size_t i = 2;

        while (i < len && (text[i] == '/' || text[i] == '!'))
                i++;
        i += i < len && text[i] == '<';
        i += i < len && text[i] == ' ';
        add_line(buf, text + i, len - i, buf->len == 0);
}

void doc_add_block(struct buf *buf, const char *text, size_t len) {
        const char *end = text + len - 2, *line, *next;
        bool first = true;

        text += 2;
        while (text < end && (*text == '*' || *text == '!'))
                text++;
        text += text < end && *text == '<';
        for (line = text; line < end; line = next) {
                next = memchr(line, '\n', (size_t)(end - line));
                next = next ? next + 1 : end;
                while (line < next && strchr(" \t\r\n", *line) && *line)
                        line++;
                if (line < next && *line == '*' && line > text)
                        line += 1 + (line + 1 < next && line[1] == ' ');
                len = (size_t)(next - line);
                while (len && strchr(" \t\r\n*", line[len - 1]) && line[len - 1])
                        len--;
                if (first && len == 0)
                        continue;               /* empty lines at the beginning */
                add_line(buf, line, len, first);
                first = false;
        }
        while (buf->len && buf->data[buf->len - 1] == '\n')
                buf->data[--buf->len] = '\0';
}
