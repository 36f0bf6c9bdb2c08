/*
 * client_error.c - what went wrong with a client's call or link, in words
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "client_impl.h"
#include "failure.h"

/* "unix:/run/hello, Greeter.greet": the endpoint, and the method without its modules. */
static char *where(const struct via_client *client, const struct via_method *method) {
        const char *name = method->name, *slash = strchr(name, '/');
        char *text = NULL;

        for (const char *p = name; slash && p < slash; p++)
                if (*p == '.')
                        name = p + 1;
        if (!slash || asprintf(&text, "%s, %.*s.%s", client->endpoint, (int)(slash - name),
                               name, slash + 1) < 0)
                return NULL;
        return text;
}

/*
 * Sets @err (which may be NULL) to @code and a sentence, and says where it happened; returns
 * @code.
 */
int via_client_fail(struct via_error *err, const struct via_client *client,
                    const struct via_method *method, int code, const char *format, ...) {
        va_list args;
        char *text;

        if (!err)
                return code;
        va_start(args, format);
        if (vasprintf(&text, format, args) < 0)
                text = NULL;
        va_end(args);
        via_error_fini(err);
        err->code = (enum via_code)code;
        err->message = text;
        err->where = where(client, method);
        return code;
}

static const struct via_type *find_exception(const struct via_method *method, uint64_t id) {
        for (unsigned i = 0; i < method->n_raises; i++)
                if (via_method_id(method->raises[i]->desc.name) == id)
                        return method->raises[i];
        return NULL;
}

static int take_exception(struct via_error *err, const struct via_client *client,
                          const struct via_type *type, const struct via_failure *f) {
        struct via_arena arena;
        void *message;
        int code;

        via_arena_init(&arena, 0);
        message = via_arena_alloc(&arena, type->desc.sizeof_message);
        code = message ? via_message_decode(type, f->body, f->body_size, &client->limits,
                                            &arena, message, NULL)
                       : VIA_RESOURCE_EXHAUSTED;
        if (!code) {
                err->exception = via_message_dup(type, message, NULL);
                if (err->exception)
                        err->type = type;
        }
        via_arena_fini(&arena);
        return code;
}

/* Sets @err to what the server's reply @ev says went wrong; returns the code. */
int via_client_answer(struct via_error *err, const struct via_client *client,
                      const struct via_method *method, const struct via_event *ev) {
        const struct via_type *type;
        struct via_failure f;
        int code = ev->value <= VIA_UNAUTHENTICATED ? (int)ev->value : VIA_UNKNOWN;

        if (via_failure_get(ev->body, ev->size, &f) < 0)
                return via_client_fail(err, client, method, VIA_INTERNAL,
                                       "the server's error could not be decoded");
        if (!err)
                return code;
        via_client_fail(err, client, method, code, "%s", via_code_text(code));
        if (f.text_size) {
                char *text = via_failure_text(&f);

                if (text) {
                        free(err->message);
                        err->message = text;
                }
        }
        type = f.exception ? find_exception(method, f.exception) : NULL;
        if (type && take_exception(err, client, type, &f))
                return via_client_fail(err, client, method, VIA_INTERNAL,
                                       "the exception %s could not be decoded",
                                       type->desc.name);
        return code;
}

/*
 * The link has ended by the fault @r: says so to every call in flight, and to all that come
 * later.
 */
void via_client_lost(struct via_client *client, int r) {
        const struct via_conn *conn = &client->session->pump.conn;
        struct via_error *dead = &client->dead;
        bool greeted = conn->state & VIA_CONN_HELLO_SEEN;

        if (dead->code)
                return;
        if (conn->state & VIA_CONN_GOAWAY_SEEN)
                via_error_set(dead,
                              conn->goaway_code == VIA_RESOURCE_EXHAUSTED
                                      ? VIA_RESOURCE_EXHAUSTED
                                      : VIA_UNAVAILABLE,
                              "the server ended the link: %s", conn->why);
        else if (r == -EPROTO || r == -EPROTONOSUPPORT)
                via_error_set(dead, VIA_UNAVAILABLE, "the server broke the protocol: %s",
                              conn->why);
        else if ((r == -EPIPE || r == -ECONNRESET) && !greeted)
                via_error_set(
                        dead, VIA_UNAVAILABLE,
                        "the other end closed the link without a hello: is it a Via server?");
        else if (r == -EPIPE || r == -ECONNRESET)
                via_error_set(dead, VIA_UNAVAILABLE, "the server closed the link, or died");
        else if (r == -ETIMEDOUT && conn->why[0])
                via_error_set(dead, VIA_UNAVAILABLE, "%s", conn->why);
        /* of our own want of something, or else the link's */
        else
                via_error_set(dead,
                              r == -EMFILE || r == -ENFILE || r == -ENOMEM
                                      ? VIA_RESOURCE_EXHAUSTED
                                      : VIA_UNAVAILABLE,
                              "the link broke: %s", strerror(-r));
        if (!dead->code)
                dead->code = VIA_UNAVAILABLE;
        dead->where = strdup(client->endpoint);
        client->alert = client->barred = true;
        via_links_lost(client);
        via_client_end_all(client, dead);
        if (client->links.state == VIA_CLIENT_BACKING_OFF ||
            client->links.state == VIA_CLIENT_CLOSED)
                via_waiting_end(client, dead, client->links.state == VIA_CLIENT_CLOSED);
}
