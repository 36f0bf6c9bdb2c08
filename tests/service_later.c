/*
 * service_later.c - a server of conformance.idl: handlers that answer later, or ask in return
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "service.h"

static void sleep_ms(uint32_t ms) {
        struct timespec left = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

        while (nanosleep(&left, &left) < 0)
                ;
}

/* --- another thread, and the pool --- */

struct job {
        struct via_call *call;
        uint32_t         n, ms;
};

static void *thread_main(void *arg) {
        struct job job = *(struct job *)arg;

        free(arg);
        sleep_ms(job.ms);
        conf_Later_thread_reply(job.call, job.n);
        return NULL;
}

static struct job *job_new(struct via_call *call, uint32_t n, uint32_t ms) {
        struct job *job = malloc(sizeof(*job));

        if (job)
                *job = (struct job){ .call = call, .n = n, .ms = ms };
        return job;
}

static int thread(struct via_call *call, uint32_t n, uint32_t ms, uint32_t *ret_result) {
        struct job *job = job_new(call, n, ms);
        pthread_attr_t attr;
        pthread_t id;
        int code;

        (void)ret_result;
        code = job ? via_call_defer(call) : VIA_RESOURCE_EXHAUSTED;
        pthread_attr_init(&attr);
        pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
        if (code != VIA_DEFERRED || pthread_create(&id, &attr, thread_main, job) != 0) {
                free(job);
                code = code == VIA_DEFERRED ? VIA_RESOURCE_EXHAUSTED : code;
        }
        pthread_attr_destroy(&attr);
        return code;
}

static int pool_work(struct via_call *call, void *user) {
        struct job *job = user;
        uint32_t n = job->n;

        sleep_ms(job->ms);
        free(job);
        return conf_Later_pool_reply(call, n);
}

static int pool(struct via_call *call, uint32_t n, uint32_t ms, uint32_t *ret_result) {
        struct job *job = job_new(call, n, ms);
        int code = job ? via_call_offload(call, pool_work, job) : VIA_RESOURCE_EXHAUSTED;

        (void)ret_result;
        if (code != VIA_DEFERRED)
                free(job);
        return code;
}

/* --- nobody waits --- */

static void on_cancel(void *user, struct via_call *call) {
        struct service *service = user;

        service->n_given_up++;
        via_call_end(call, VIA_CANCELLED);
}

int service_wait_in_vain(struct via_call *call) {
        int code = via_call_defer(call);

        if (code == VIA_DEFERRED)
                via_call_on_cancel(call, on_cancel, via_call_self(call));
        return code;
}

static int never(struct via_call *call) {
        return service_wait_in_vain(call);
}

static int given_up(struct via_call *call, uint32_t *ret_result) {
        struct service *service = via_call_self(call);

        *ret_result = service->n_given_up;
        return VIA_OK;
}

static int twice(struct via_call *call, uint32_t *ret_result) {
        struct service *service = via_call_self(call);
        int code;

        *ret_result = service->second_answer;
        if (!*ret_result) {                     /* the next one is told what became of this one */
                code = via_call_defer(call);
                if (code != VIA_DEFERRED)
                        return code;
                conf_Later_twice_reply(call, 1);
                service->second_answer = (uint32_t)conf_Later_twice_reply(call, 2);
                return VIA_DEFERRED;
        }
        service->second_answer = 0;
        return VIA_OK;
}

/* --- beside a call --- */

static int metadata(struct via_call *call, const char *key, int32_t code, char **ret_result) {
        const struct via_metadata *md = via_call_metadata(call);
        const char *value = md ? via_metadata_get(md, key) : NULL;

        via_call_add_header(call, "seen", value ? value : "nothing");
        via_call_add_header_bin(call, "bytes-bin", "\0\1\377", 3);
        via_call_add_trailer(call, "count", "1");
        via_call_add_trailer(call, "count", "2");
        if (code)
                return via_call_fail(call, (enum via_code)code, "as you like it");
        return via_call_strdup(call, ret_result, value ? value : "");
}

/* --- calls back --- */

static void on_twofold(void *user, int code, uint32_t result, const struct via_error *err) {
        struct via_call *call = user;

        if (code)
                via_call_end(call, via_call_fail(call, (enum via_code)code, "the client says: %s",
                                                 err->message));
        else
                conf_Later_ask_reply(call, result);
}

static int ask(struct via_call *call, uint32_t n, uint32_t *ret_result) {
        struct via_call_options options = { .parent = call };
        int code = via_call_defer(call);

        (void)ret_result;
        if (code == VIA_DEFERRED)
                conf_Listener_twofold_async(via_call_client(call), n, &options, on_twofold, call);
        return code;
}

static void on_down(void *user, int code, uint32_t result, const struct via_error *err) {
        struct via_call *call = user;

        (void)err;
        if (code)
                via_call_end(call, code);
        else
                conf_Later_down_reply(call, result + 1);
}

static int down(struct via_call *call, uint32_t depth, uint32_t *ret_result) {
        int code;

        *ret_result = 0;
        if (!depth)
                return VIA_OK;
        code = via_call_defer(call);
        if (code == VIA_DEFERRED)
                conf_Listener_down_async(via_call_client(call), depth - 1, NULL, on_down, call);
        return code;
}

static const struct conf_Later_ops later = {
        .thread = thread,
        .pool = pool,
        .never = never,
        .given_up = given_up,
        .twice = twice,
        .metadata = metadata,
        .ask = ask,
        .down = down,
};

int service_add_later(struct via_server *server, struct service *service, struct via_error *err) {
        return conf_Later_serve(server, &later, service, err);
}
