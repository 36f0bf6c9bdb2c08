/*
 * service.c - a server of conformance.idl: what its handlers do
 */
#include <pthread.h>
#include <string.h>
#include <time.h>
#include "service.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;        /* of the notes */

static void keep(struct via_call *call, uint32_t n) {
        struct service *service = via_call_self(call);

        pthread_mutex_lock(&lock);
        if (service->n_notes < SERVICE_NOTES)
                service->notes[service->n_notes++] = n;
        pthread_mutex_unlock(&lock);
}

static int echo(struct via_call *call, size_t n_data, const uint8_t *data, size_t *ret_n_result,
                uint8_t **ret_result) {
        (void)call;
        *ret_n_result = n_data;
        *ret_result = (uint8_t *)(uintptr_t)data;       /* lives as long as the call */
        return VIA_OK;
}

static int make(struct via_call *call, uint32_t size, size_t *ret_n_result, uint8_t **ret_result) {
        uint8_t *data = via_call_alloc(call, size);

        if (!data)
                return VIA_RESOURCE_EXHAUSTED;
        keep(call, size);
        for (uint32_t i = 0; i < size; i++)
                data[i] = (uint8_t)(i % 251);
        *ret_n_result = size;
        *ret_result = data;
        return VIA_OK;
}

static int take(struct via_call *call, size_t n_data, const uint8_t *data, uint32_t *ret_result) {
        (void)call;
        for (size_t i = 0; i < n_data; i++)
                if (data[i] != i % 251)
                        return via_call_fail(call, VIA_DATA_LOSS, "byte %zu is %u", i, data[i]);
        *ret_result = (uint32_t)n_data;
        return VIA_OK;
}

static int text(struct via_call *call, const char *s, char **ret_result) {
        return via_call_strdup(call, ret_result, s);
}

static int nap(struct via_call *call, uint32_t ms, uint32_t *ret_result) {
        struct timespec left = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

        keep(call, ms);
        *ret_result = via_call_time_left(call);
        while (nanosleep(&left, &left) < 0)             /* a signal is no reason to get up */
                ;
        return VIA_OK;
}

static int refuse(struct via_call *call, const char *why, int32_t code, char **ret_result) {
        struct conf_Refused refused;

        (void)ret_result;
        conf_Refused_init(&refused);
        via_call_strdup(call, &refused.why, why);
        refused.code = code;
        return conf_Refused_raise(call, &refused);
}

static int betray(struct via_call *call) {
        struct conf_Secret secret;

        conf_Secret_init(&secret);
        secret.what = (char *)(uintptr_t) "hidden";
        return conf_Secret_raise(call, &secret);
}

static int fail(struct via_call *call, int32_t code, const char *sentence) {
        if (*sentence)
                return via_call_fail(call, (enum via_code)code, "%s", sentence);
        return code;
}

static int note(struct via_call *call, uint32_t n) {
        keep(call, n);
        return VIA_OK;
}

static int drop(struct via_call *call, size_t n_data, const uint8_t *data) {
        uint32_t n;

        keep(call, (uint32_t)n_data);
        return take(call, n_data, data, &n);
}

static int noted(struct via_call *call, size_t *ret_n_result, uint32_t **ret_result) {
        struct service *service = via_call_self(call);

        pthread_mutex_lock(&lock);
        *ret_n_result = service->n_notes;
        pthread_mutex_unlock(&lock);
        *ret_result = service->notes;           /* those before n_notes stay as they are */
        return VIA_OK;
}

static int who(struct via_call *call, struct conf_Peer *ret_result) {
        struct via_peer peer;

        via_call_peer(call, &peer);
        ret_result->known = peer.known;
        ret_result->uid = peer.uid;
        ret_result->gid = peer.gid;
        ret_result->pid = (uint32_t)peer.pid;
        return via_call_strdup(call, &ret_result->address, peer.address);
}

/* What it is given lives as long as the call, and so may be what it gives. */
static int same(struct via_call *call, bool b, char c, uint8_t o, int8_t i8, int16_t i16,
                uint16_t u16, int32_t i32, uint32_t u32, int64_t i64, uint64_t u64, float f,
                double d, enum conf_Sky sky, const char *s, const struct conf_Peer *peer,
                size_t n_octets, const uint8_t *octets, size_t n_numbers, const int64_t *numbers,
                size_t n_words, char *const *words, size_t n_peers,
                struct conf_Peer *const *peers, const int32_t grid[6], bool *ret_b, char *ret_c,
                uint8_t *ret_o, int8_t *ret_i8, int16_t *ret_i16, uint16_t *ret_u16,
                int32_t *ret_i32, uint32_t *ret_u32, int64_t *ret_i64, uint64_t *ret_u64,
                float *ret_f, double *ret_d, enum conf_Sky *ret_sky, char **ret_s,
                struct conf_Peer *ret_peer, size_t *ret_n_octets, uint8_t **ret_octets,
                size_t *ret_n_numbers, int64_t **ret_numbers, size_t *ret_n_words,
                char ***ret_words, size_t *ret_n_peers, struct conf_Peer ***ret_peers,
                int32_t ret_grid[6]) {
        (void)call;
        *ret_b = b;
        *ret_c = c;
        *ret_o = o;
        *ret_i8 = i8;
        *ret_i16 = i16;
        *ret_u16 = u16;
        *ret_i32 = i32;
        *ret_u32 = u32;
        *ret_i64 = i64;
        *ret_u64 = u64;
        *ret_f = f;
        *ret_d = d;
        *ret_sky = sky;
        *ret_s = (char *)(uintptr_t)s;
        *ret_peer = *peer;
        *ret_n_octets = n_octets;
        *ret_octets = (uint8_t *)(uintptr_t)octets;
        *ret_n_numbers = n_numbers;
        *ret_numbers = (int64_t *)(uintptr_t)numbers;
        *ret_n_words = n_words;
        *ret_words = (char **)(uintptr_t)words;
        *ret_n_peers = n_peers;
        *ret_peers = (struct conf_Peer **)(uintptr_t)peers;
        memcpy(ret_grid, grid, 6 * sizeof(*grid));
        return VIA_OK;
}

static int here(struct via_call *call, char **ret_result) {
        return via_call_printf(call, ret_result, "%s %s", via_call_endpoint(call),
                               via_call_method(call));
}

static int name(struct via_call *call, char **ret_result) {
        return via_call_strdup(call, ret_result, "the other one");
}

static const struct conf_Basic_ops basic = {
        .echo = echo,
        .make = make,
        .take = take,
        .text = text,
        .nap = nap,
        .refuse = refuse,
        .betray = betray,
        .fail = fail,
        .note = note,
        .drop = drop,
        .noted = noted,
        .who = who,
        .same = same,
        .here = here,
};
static const struct conf_Other_ops other = { .name = name };

/* @service is lent until the server is freed. */
int service_add(struct via_server *server, struct service *service, struct via_error *err) {
        int code = conf_Basic_serve(server, &basic, service, err);

        code = code ? code : conf_Other_serve(server, &other, service, err);
        code = code ? code : service_add_streams(server, service, err);
        return code ? code : service_add_later(server, service, err);
}
