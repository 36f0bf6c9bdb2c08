/*
 * workshop.c - a server of services.idl in a thread, and clients of it by each driver
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include "test.h"
#include "workshop.h"

/* --- the log --- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static char log_text[16384];
static size_t log_size;

void say(const char *format, ...) {
        va_list args;
        int n;

        pthread_mutex_lock(&lock);
        va_start(args, format);
        n = vsnprintf(log_text + log_size, sizeof(log_text) - log_size, format, args);
        va_end(args);
        if (n > 0 && (size_t)n < sizeof(log_text) - log_size)
                log_size += (size_t)n;
        pthread_mutex_unlock(&lock);
}

void said(char *buf, size_t size) {
        pthread_mutex_lock(&lock);
        snprintf(buf, size, "%.*s", (int)log_size, log_text);
        log_size = 0;
        pthread_mutex_unlock(&lock);
}

/* --- the server --- */

static struct via_call *waiting;
static const char *other;                       /* whom relay() asks */

struct via_call *put_off(void) {
        struct via_call *call;
        struct timespec until;

        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += 20 * test_slow();
        pthread_mutex_lock(&lock);
        while (!waiting)                        /* a call that was overdue before never comes */
                REQUIRE(pthread_cond_timedwait(&changed, &lock, &until) == 0);
        call = waiting;
        waiting = NULL;
        pthread_mutex_unlock(&lock);
        return call;
}

int answer_text(struct via_call *call, const char *text) {
        struct msg_text response = { .s = (char *)(uintptr_t)text };

        via_message_init(op("echo")->response, &response);
        response.s = (char *)(uintptr_t)text;
        return via_call_reply(call, &response);
}

static int echo(struct via_call *call, const char *s, char **ret_result) {
        say("echo ");
        return via_call_strdup(call, ret_result, s);
}

static int fail(struct via_call *call, const char *s, int32_t code, char **ret_result) {
        struct svc_Sorry sorry;

        (void)ret_result;
        say("fail ");
        if (code != VIA_UNKNOWN)
                return via_call_fail(call, (enum via_code)code, "%s", s);
        svc_Sorry_init(&sorry);
        via_call_strdup(call, &sorry.why, s);
        return svc_Sorry_raise(call, &sorry);
}

static int later(struct via_call *call, const char *s, char **ret_result) {
        int code = via_call_defer(call);

        (void)s;
        (void)ret_result;
        say("later ");
        pthread_mutex_lock(&lock);
        waiting = call;
        pthread_cond_broadcast(&changed);
        pthread_mutex_unlock(&lock);
        return code;
}

static int do_work(struct via_call *call, void *user) {
        say("work ");
        answer_text(call, user);
        return VIA_OK;
}

static int work(struct via_call *call, const char *s, char **ret_result) {
        (void)ret_result;
        return via_call_offload(call, do_work, (void *)(uintptr_t)s);
}

static int note(struct via_call *call, const char *s) {
        (void)call;
        (void)s;
        say("note ");
        return VIA_OK;
}

static int count(struct via_call *call, const char *s, uint32_t n, struct via_stream *stream) {
        int code = VIA_OK;

        say("count ");
        for (uint32_t i = 0; i < n && !code; i++)
                code = svc_Work_count_write(stream, s, NULL);
        (void)call;
        return code;
}

struct adding {
        struct via_call *call;
        char text[256];
};

static void on_ready(void *user, struct via_stream *stream) {
        struct adding *adding = user;
        struct via_call *call = adding->call;
        char *item;
        int code;

        while ((code = svc_Work_sum_read(stream, &item, NULL)) == VIA_OK) {
                strncat(adding->text, item, sizeof(adding->text) - strlen(adding->text) - 1);
                free(item);
        }
        if (code == VIA_LATER)
                return;
        if (code == VIA_END)
                answer_text(call, adding->text);
        else
                via_call_end(call, code);
}

static int sum(struct via_call *call, const char *s, struct via_stream *stream, char **ret_result) {
        struct adding *adding = via_call_alloc(call, sizeof(*adding));

        (void)ret_result;
        say("sum ");
        if (!adding)
                return VIA_RESOURCE_EXHAUSTED;
        adding->call = call;
        snprintf(adding->text, sizeof(adding->text), "%s", s);
        via_stream_on_ready(stream, on_ready, adding);
        return via_call_defer(call);
}

/* Blocks the whole server, which is for tests alone. "later" is what it is never answered. */
static int relay(struct via_call *call, const char *s, char **ret_result) {
        const struct via_method *method = op(strcmp(s, "later") == 0 ? s : "echo");
        struct via_call_options options = { .parent = call };
        struct msg_text request, response = { 0 };
        struct via_client *client;
        int code = via_client_open(&client, other, NULL, NULL);

        say("relay ");
        if (code)
                return code;
        via_message_init(method->request, &request);
        request.s = (char *)(uintptr_t)s;
        code = via_client_call(client, method, &options, &request, &response, NULL);
        if (!code) {
                code = via_call_strdup(call, ret_result, response.s);
                via_message_fini(op("echo")->response, &response);
        }
        via_client_close(client);
        return code;
}

static int nothing(struct via_call *call) {
        (void)call;
        say("nothing ");
        return VIA_OK;
}

static int shaky(struct via_call *call, const char *s, char **ret_result) {
        static bool tried;

        say("shaky ");
        tried = !tried;
        if (tried)
                return via_call_fail(call, VIA_UNAVAILABLE, "once more");
        return via_call_strdup(call, ret_result, s);
}

static const struct svc_Work_ops ops = {
        .echo = echo,
        .fail = fail,
        .later = later,
        .work = work,
        .note = note,
        .count = count,
        .sum = sum,
        .relay = relay,
        .nothing = nothing,
        .shaky = shaky,
};

unsigned workshop_workers;
struct via_server_options workshop_options;

static void *run(void *user) {
        if (workshop_workers)
                CHECK_INT(via_server_run_workers(user, workshop_workers, NULL), ==, VIA_OK);
        else
                via_server_run(user);
        return NULL;
}

void workshop_open(struct workshop *shop, const char *endpoint,
                   void (*before_run)(struct via_server *server)) {
        struct via_error err = VIA_ERROR_INIT;

        shop->server = via_server_new(&workshop_options);
        if (svc_Work_serve(shop->server, &ops, NULL, &err) ||
            via_server_listen(shop->server, endpoint, &err)) {
                via_error_report(&err);
                exit(TEST_FAILED);
        }
        snprintf(shop->endpoint, sizeof(shop->endpoint), "%s",
                 via_server_endpoint(shop->server, 0));
        if (before_run)
                before_run(shop->server);
        other = endpoint;
        REQUIRE(pthread_create(&shop->thread, NULL, run, shop->server) == 0);
        shop->runs = true;
}

void workshop_stop(struct workshop *shop) {
        via_server_stop(shop->server);
        pthread_join(shop->thread, NULL);
        shop->runs = false;
        shop->server = via_server_free(shop->server);
}

void workshop_close(struct workshop *shop) {
        if (shop->runs)
                workshop_stop(shop);
}

/* --- clients --- */

const struct via_method *op(const char *name) {
        for (unsigned i = 0; i < svc_Work_interface.n_methods; i++)
                if (strcmp(strchr(svc_Work_interface.methods[i].name, '/') + 1, name) == 0)
                        return &svc_Work_interface.methods[i];
        test_fail(__FILE__, __LINE__, "no operation is called %s", name);
        exit(TEST_FAILED);
}

void visitor_open(struct visitor *visitor, enum how how, const char *endpoint) {
        struct via_client_options options = { .timeout_ms = 20000 };

        visitor->how = how;
        if (how == LOOP) {
                REQUIRE(uv_loop_init(&visitor->loop) == 0);
                options.loop = &visitor->loop;
        }
        REQUIRE(via_client_open(&visitor->client, endpoint, &options, NULL) == VIA_OK);
}

void visitor_close(struct visitor *visitor) {
        via_client_close(visitor->client);
        if (visitor->how != LOOP)
                return;
        uv_run(&visitor->loop, UV_RUN_DEFAULT);
        CHECK_INT(uv_loop_close(&visitor->loop), ==, 0);
}

void visitor_turn(struct visitor *visitor) {
        if (visitor->how == LOOP)
                uv_run(&visitor->loop, UV_RUN_ONCE);
        else
                via_client_turn(visitor->client, 1000, NULL);
}

static void end(struct ending *ending, int code, const struct msg_text *response,
                const struct via_error *err) {
        ending->n++;
        ending->code = code;
        if (response)
                ending->text = strdup(response->s ? response->s : "");
        if (err)
                via_error_copy(&ending->err, err);
}

static void on_reply(via_any_fn on_done, void *user, int code, const void *response,
                     const struct via_error *err) {
        struct ending *ending = user;

        CHECK(on_done == NULL);
        CHECK((code == VIA_OK) == (err == NULL));
        say("told ");
        end(ending, code, response, err);
}

/* The request of @method out of @s and @n, as many of them as it has. */
static void fill(const struct via_method *method, struct msg_text_number *request, const char *s,
                 int32_t n) {
        via_message_init(method->request, request);
        if (method->request->desc.n_fields > 0)
                request->s = (char *)(uintptr_t)s;
        if (method->request->desc.n_fields > 1)
                request->n = n;
}

static void ending_init(struct ending *ending) {
        *ending = (struct ending){ .err = VIA_ERROR_INIT };
}

static bool has_text(const struct via_method *method) {
        return method->response && method->response->desc.n_fields;
}

static void on_reply_empty(via_any_fn on_done, void *user, int code, const void *response,
                           const struct via_error *err) {
        (void)response;
        on_reply(on_done, user, code, NULL, err);
}

struct via_handle *start(struct visitor *visitor, const char *name,
                         const struct via_call_options *options, const char *s, int32_t n,
                         struct ending *ending) {
        struct msg_text_number request;

        ending_init(ending);
        fill(op(name), &request, s, n);
        return via_client_async(visitor->client, op(name), options, &request,
                                has_text(op(name)) ? on_reply : on_reply_empty, NULL, ending);
}

void await(struct visitor *visitor, struct ending *ending) {
        for (int i = 0; i < 5000 && !ending->n; i++)
                visitor_turn(visitor);
        CHECK_INT(ending->n, ==, 1);
}

int ask(struct visitor *visitor, const char *name, const struct via_call_options *options,
        const char *s, int32_t n, struct ending *ending) {
        struct msg_text_number request;
        struct msg_text response = { .s = NULL };
        int code;

        if (visitor->how != CALL) {
                start(visitor, name, options, s, n, ending);
                await(visitor, ending);
                return ending->code;
        }
        ending_init(ending);
        fill(op(name), &request, s, n);
        code = via_client_call(visitor->client, op(name), options, &request,
                               op(name)->response ? &response : NULL, &ending->err);
        say("told ");
        end(ending, code, !code && has_text(op(name)) ? &response : NULL, NULL);
        if (!code && has_text(op(name)) && !(options && options->arena))
                via_message_fini(op(name)->response, &response);
        return code;
}

void ending_fini(struct ending *ending) {
        free(ending->text);
        ending->text = NULL;
        via_error_fini(&ending->err);
}

struct via_stream *open_stream(struct visitor *visitor, const char *name,
                               const struct via_call_options *options, const char *s, int32_t n) {
        struct via_error err = VIA_ERROR_INIT;
        struct msg_text_number request;
        struct via_stream *stream = NULL;

        fill(op(name), &request, s, n);
        if (via_stream_open(visitor->client, op(name), options, &request, &stream, &err)) {
                say("not opened: %s ", via_code_name((int)err.code));
                via_error_fini(&err);
        }
        return stream;
}

int finish_stream(struct visitor *visitor, struct via_stream *stream, const char *name,
                  struct ending *ending) {
        struct msg_text response = { .s = NULL };
        int code;

        ending_init(ending);
        while ((code = via_stream_finish(stream, op(name), &response, &ending->err)) == VIA_LATER)
                visitor_turn(visitor);
        say("told ");
        end(ending, code, !code && has_text(op(name)) ? &response : NULL, NULL);
        if (!code)
                via_message_fini(op(name)->response, &response);
        return code;
}
