/*
 * station.c - makes weather up, at the endpoint given, until SIGTERM
 */
#include <stdio.h>
#include <via/via.h>
#include "weather.h"

static double celsius(const char *city, uint32_t day) {
        uint32_t tenths = day * 13;

        for (const char *p = city; *p; p++)
                tenths = tenths * 31 + (unsigned char)*p;
        return (double)(tenths % 350) / 10 - 5;
}

static int current(struct via_call *call, const char *city, struct weather_Report *ret_result) {
        ret_result->celsius = celsius(city, 0);
        return via_call_strdup(call, &ret_result->city, city);
}

/*
 * Writes before it returns, which few items are for: there is room for some KiB in any case.
 * What is larger, or lasts, waits for on_ready (examples/tail) or is offloaded.
 */
static int forecast(struct via_call *call, const char *city, uint32_t days,
                    struct via_stream *stream) {
        struct weather_Report report = { .city = (char *)city };

        if (days > 14)
                return via_call_fail(call, VIA_OUT_OF_RANGE, "nobody knows more than 14 days");
        for (uint32_t day = 1; day <= days; day++) {
                int code;

                report.celsius = celsius(city, day);
                code = weather_Station_forecast_write(stream, &report, NULL);
                if (code)
                        return code;
        }
        return VIA_OK;
}

static const struct weather_Station_ops ops = { .current = current, .forecast = forecast };

int main(int argc, char **argv) {
        struct via_error err = VIA_ERROR_INIT;
        struct via_server *server;

        if (argc != 2)
                return fprintf(stderr, "usage: station ENDPOINT\n"), 2;

        server = via_server_new(NULL);
        if (weather_Station_serve(server, &ops, NULL, &err) == 0 &&
            via_server_handle_signals(server, NULL, NULL, &err) == 0 &&
            via_server_listen(server, argv[1], &err) == 0) {
                puts(via_server_endpoint(server, 0));
                fflush(stdout);
                via_server_run(server);
        }
        via_server_free(server);
        return err.code ? via_error_report(&err) : 0;
}
