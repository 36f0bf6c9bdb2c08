/*
 * doc.c - which comment documents what
 *
 * The one directly above (of the kinds that begin with / * * or //), or else the // on the same
 * line behind it. Found by position, long after scanning, so the grammar knows nothing of
 * comments.
 */
#include <string.h>
#include "check.h"
#include "doc_text.h"

/* The last of the comments that end at or before @offset, as an index + 1. */
static uint32_t comments_before(const struct source *source, uint32_t offset) {
        uint32_t low = 0, high = source->n_comments, middle;

        while (low < high) {
                middle = low + (high - low) / 2;
                if (source->comments[middle].end <= offset)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

/* Whether only spaces and at most @lines line ends are between two places. */
static bool only_space(const struct source *source, uint32_t from, uint32_t to, unsigned lines) {
        for (; from < to; from++) {
                if (source->raw[from] == '\n' && lines-- == 0)
                        return false;
                if (!strchr(" \t\r\n\f\v", source->raw[from]) || !source->raw[from])
                        return false;
        }
        return true;
}

static bool first_on_line(const struct source *source, uint32_t offset) {
        while (offset && strchr(" \t", source->raw[offset - 1]) && source->raw[offset - 1])
                offset--;
        return offset == 0 || source->raw[offset - 1] == '\n' ||
               (offset == 3 && !memcmp(source->raw, "\xef\xbb\xbf", 3));
}

static bool is_line(const struct source *source, const struct comment *comment) {
        return source->raw[comment->begin + 1] == '/';
}

static bool is_doc(const struct source *source, const struct comment *comment) {
        const char *text = source->raw + comment->begin;

        return text[1] == '/' || (text[2] == '*' && text[3] != '/') || text[2] == '!';
}

static char *finish(struct checker *c, struct buf *buf) {
        char *doc = NULL;

        if (buf->len && buf->data[0] != '@')    /* `//@key` is somebody's annotation */
                doc = arena_strndup(c->arena, buf->data, buf->len);
        buf_fini(buf);
        return doc;
}

static char *doc_above(struct checker *c, const struct source *source, uint32_t begin) {
        uint32_t last = comments_before(source, begin), first, from = begin;
        const struct comment *comment;
        struct buf buf = { 0 };

        if (last == 0)
                return NULL;
        comment = &source->comments[last - 1];
        if (!only_space(source, comment->end, begin, 1) || !is_doc(source, comment) ||
            !first_on_line(source, comment->begin))
                return NULL;
        if (!is_line(source, comment)) {
                doc_add_block(&buf, source->raw + comment->begin, comment->end - comment->begin);
                return finish(c, &buf);
        }
        for (first = last; first > 0; first--) {
                comment = &source->comments[first - 1];
                if (!is_line(source, comment) || !first_on_line(source, comment->begin) ||
                    !only_space(source, comment->end, from, 1))
                        break;
                from = comment->begin;
        }
        for (; first < last; first++) {
                comment = &source->comments[first];
                doc_add_line(&buf, source->raw + comment->begin, comment->end - comment->begin);
        }
        return finish(c, &buf);
}

static char *doc_behind(struct checker *c, const struct source *source, uint32_t end) {
        const struct comment *comment;
        struct buf buf = { 0 };
        uint32_t next;

        while (end < source->raw_len && (source->raw[end] == ' ' || source->raw[end] == '\t'))
                end++;
        end += source->raw[end] == ',' || source->raw[end] == ';';
        next = comments_before(source, end);
        if (next == source->n_comments)
                return NULL;
        comment = &source->comments[next];
        if (!only_space(source, end, comment->begin, 0) || comment->begin < end ||
            !is_doc(source, comment))
                return NULL;
        if (is_line(source, comment))
                doc_add_line(&buf, source->raw + comment->begin, comment->end - comment->begin);
        else if (source->raw[comment->begin + 3] == '<')
                doc_add_block(&buf, source->raw + comment->begin, comment->end - comment->begin);
        return finish(c, &buf);
}

char *doc_find(struct checker *c, struct span at) {
        struct source *source = text_source(c->text, at.begin);
        char *doc;

        if (!source || source->n_comments == 0)
                return NULL;
        if (c->doc_at.begin == at.begin && c->doc_at.end == at.end)
                return c->doc;
        doc = doc_above(c, source, at.begin - source->base);
        if (!doc && at.end > at.begin && at.end - source->base <= source->raw_len)
                doc = doc_behind(c, source, at.end - source->base);
        c->doc_at = at;
        return c->doc = doc;
}

const char *doc_opening(struct checker *c, const struct source *source) {
        uint32_t begin = source->raw_len >= 3 && !memcmp(source->raw, "\xef\xbb\xbf", 3) ? 3 : 0;
        struct comment *comment = source->comments;
        struct buf buf = { 0 };

        if (source->n_comments == 0 || !only_space(source, begin, comment->begin, UINT32_MAX))
                return NULL;
        if (!is_line(source, comment)) {
                doc_add_block(&buf, source->raw + comment->begin, comment->end - comment->begin);
                return finish(c, &buf);
        }
        for (uint32_t i = 0; i < source->n_comments && is_line(source, &comment[i]); i++) {
                if (i && !only_space(source, comment[i - 1].end, comment[i].begin, 1))
                        break;
                doc_add_line(&buf, source->raw + comment[i].begin,
                             comment[i].end - comment[i].begin);
        }
        return finish(c, &buf);
}
