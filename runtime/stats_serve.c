/*
 * stats_serve.c - the statistics of a server, for its own program and for others
 */
#include <string.h>
#include <via/services.h>
#include "serve.h"
#include "server_impl.h"
#include "stats.h"

/* Counts from now on: 0, or -1, no memory. */
int via_server_count(struct via_server *server) {
        if (!server->stats)
                server->stats = via_stats_new();
        return server->stats ? via_stats_cover(server->stats, server->first.dispatch) : -1;
}

bool via_stats_read(struct via_server *server, unsigned index, struct via_method_stats *ret_stats) {
        return server->stats && via_stats_sum(server->stats, index, ret_stats);
}

void via_stats_server(struct via_server *server, struct via_server_stats *ret_stats) {
        *ret_stats = (struct via_server_stats){
                .links = via_server_links(server),
                .accepted = atomic_load(&server->accepted),
                .turned_away = atomic_load(&server->turned_away),
                .refused = server->stats ? via_stats_refusals(server->stats) : 0,
        };
}

/* --- for others --- */

/* One method's numbers as a message that lives as long as @call: NULL, no memory. */
static struct via_Stats_Method *method_of(struct via_call *call,
                                          const struct via_method_stats *from) {
        struct via_Stats_Method *to = via_call_new(call, &via_Stats_Method_type);

        if (!to || via_call_strdup(call, &to->name, from->method))
                return NULL;
        to->calls = from->calls;
        to->in_flight = from->in_flight;
        to->bytes_in = from->bytes_in;
        to->bytes_out = from->bytes_out;
        to->us = from->us;
        to->codes = via_call_alloc(call, sizeof(from->codes));
        to->latency = via_call_alloc(call, sizeof(from->latency));
        if (!to->codes || !to->latency)
                return NULL;
        to->n_codes = VIA_STATS_CODES;
        memcpy(to->codes, from->codes, sizeof(from->codes));
        to->n_latency = VIA_STATS_BUCKETS;
        memcpy(to->latency, from->latency, sizeof(from->latency));
        return to;
}

static int methods(struct via_call *call, size_t *ret_n_result,
                   struct via_Stats_Method ***ret_result) {
        struct via_server *server = via_call_self(call);
        struct via_method_stats stats;
        unsigned n = 0;

        while (via_stats_read(server, n, &stats))
                n++;
        *ret_result = via_call_alloc(call, (n + 1) * sizeof(**ret_result));
        if (!*ret_result)
                return VIA_RESOURCE_EXHAUSTED;
        for (unsigned i = 0; i < n && via_stats_read(server, i, &stats); i++) {
                struct via_Stats_Method *method = method_of(call, &stats);

                if (!method)
                        return VIA_RESOURCE_EXHAUSTED;
                (*ret_result)[(*ret_n_result)++] = method;
        }
        return VIA_OK;
}

static int whole(struct via_call *call, struct via_Stats_Server *ret_result) {
        struct via_server_stats stats;

        via_stats_server(via_call_self(call), &stats);
        ret_result->links = stats.links;
        ret_result->accepted = stats.accepted;
        ret_result->turned_away = stats.turned_away;
        ret_result->refused = stats.refused;
        return VIA_OK;
}

static int bounds(struct via_call *call, size_t *ret_n_result, uint64_t **ret_result) {
        *ret_result = via_call_alloc(call, VIA_STATS_BUCKETS * sizeof(**ret_result));
        if (!*ret_result)
                return VIA_RESOURCE_EXHAUSTED;
        for (unsigned i = 0; i < VIA_STATS_BUCKETS; i++)
                (*ret_result)[i] = via_stats_bound(i);
        *ret_n_result = VIA_STATS_BUCKETS;
        return VIA_OK;
}

int via_stats_serve(struct via_server *server, struct via_error *err) {
        static const struct via_Stats_ops ops = { .methods = methods,
                                                  .whole = whole,
                                                  .bounds = bounds };
        int code = via_Stats_serve(server, &ops, server, err);

        if (!code && via_server_count(server) < 0)
                code = via_error_set(err, VIA_RESOURCE_EXHAUSTED, "no memory for statistics");
        return code;
}
