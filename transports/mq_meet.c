/*
 * mq_meet.c - how the two ends of a mq: link find each other, and part
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "fd.h"
#include "mq_meet.h"
#include "note.h"

/* mq_overview(7): a slash, then anything but a slash. The lifeline looks at the rest. */
static int check_name(const struct via_uri *uri, struct via_note *note) {
        int r = via_note_unless_path(uri, note);

        if (r)
                return r;
        if (uri->path[0] != '/')
                return via_note(note, -EINVAL, "the name of a queue begins with a slash: mq:/%s",
                                uri->path);
        if (strchr(uri->path + 1, '/'))
                return via_note(note, -EINVAL, "the name of a queue has one slash, its first");
        if (!uri->path[1])
                return via_note(note, -EINVAL, "a name should follow the slash");
        return 0;
}

int via_mq_listen(struct via_listener *listener, const struct via_uri *uri,
                  struct via_note *note) {
        struct via_mq_listener *self = (struct via_mq_listener *)listener;
        struct via_mq_size size;
        int r = check_name(uri, note);

        r = r ? r : via_mq_size_of(&size, uri, note);
        r = r ? r : via_lifeline_listen(&self->lifeline, uri, uri->path + 1, note);
        if (r == 0)
                via_mq_clean();
        return r;
}

void via_mq_watch(struct via_listener *listener, struct via_wait *ret_wait) {
        via_lifeline_watch(&((struct via_mq_listener *)listener)->lifeline, ret_wait);
}

void via_mq_name(const struct via_listener *listener, char *buf, size_t size) {
        snprintf(buf, size, "mq:/%s", ((const struct via_mq_listener *)listener)->lifeline.name);
}

void via_mq_shut(struct via_listener *listener) {
        via_lifeline_shut(&((struct via_mq_listener *)listener)->lifeline);
}

static int make_kept(struct mq_link *self) {
        self->kept = malloc(self->pair.size.msgsize);
        return self->kept ? 0 : -ENOMEM;
}

int via_mq_accept(struct via_listener *listener, struct via_link *link) {
        struct via_mq_listener *at = (struct via_mq_listener *)listener;
        struct mq_link *self = mq_link(link);
        struct via_hello hello;
        int r = via_lifeline_accept(&at->lifeline, &self->lifeline, &hello);

        if (r)
                return r;
        VIA_POINT("mq: heard hello");
        r = via_mq_pair_check(&self->pair, &hello);
        if (r) {
                via_hello_drop(&hello, 0);
                return via_fd_drop(&self->lifeline, -ECONNABORTED);
        }
        r = make_kept(self);
        if (r)
                via_lifeline_put_back(&at->lifeline, self->lifeline, &hello);
        return r;
}

int via_mq_connect(struct via_link *link, const struct via_uri *uri, int timeout_ms,
                   struct via_note *note) {
        struct mq_link *self = mq_link(link);
        struct via_hello hello = { .n_fds = 0 };
        struct via_mq_size size;
        int r = check_name(uri, note);

        r = r ? r : via_mq_size_of(&size, uri, note);
        r = r ? r : via_lifeline_connect(uri, uri->path + 1, timeout_ms, &self->lifeline, note);
        if (r)
                return r;
        r = via_mq_pair_make(&self->pair, &size, note);
        if (r)
                return via_fd_drop(&self->lifeline, r);
        via_mq_pair_offer(&self->pair, &hello);
        r = make_kept(self);
        VIA_POINT("mq: has queues, said nothing");
        r = r ? r : via_lifeline_say(self->lifeline, &hello);
        VIA_POINT("mq: said hello");
        if (r) {
                free(self->kept);
                via_mq_pair_close(&self->pair);
                return via_fd_drop(&self->lifeline, r);
        }
        return 0;
}

void via_mq_close(struct via_link *link) {
        struct mq_link *self = mq_link(link);

        send(self->lifeline, "", VIA_MQ_BYE_SIZE, MSG_DONTWAIT | MSG_NOSIGNAL);
        VIA_POINT("mq: said goodbye");
        via_fd_drop(&self->lifeline, 0);
        via_mq_pair_close(&self->pair);
        free(self->kept);
        self->kept = NULL;
}

void via_mq_peer(const struct via_link *link, struct via_peer *ret_peer) {
        via_local_peer(((const struct mq_link *)link)->lifeline, ret_peer);
}
