/*
 * ask.c - the weather in each of the cities given, and that to come in the last of them
 */
#include <stdio.h>
#include <via/via.h>
#include "weather.h"

static void on_current(void *user, int code, const struct weather_Report *report,
                       const struct via_error *err) {
        if (code)
                fprintf(stderr, "%s: %s\n", (const char *)user, err->message);
        else
                printf("%s: %.1f\n", report->city, report->celsius);
}

int main(int argc, char **argv) {
        struct via_error err = VIA_ERROR_INIT;
        struct weather_Report *report;
        struct via_client *client;
        struct via_stream *stream;

        if (argc < 3)
                return fprintf(stderr, "usage: ask ENDPOINT CITY...\n"), 2;
        if (via_client_open(&client, argv[1], NULL, &err))
                return via_error_report(&err);

        for (int i = 2; i < argc; i++)          /* all are on their way at once */
                weather_Station_current_async(client, argv[i], NULL, on_current, argv[i]);
        if (weather_Station_forecast_open(client, argv[argc - 1], 3, &stream, &err) == 0) {
                while (weather_Station_forecast_read(stream, &report, NULL) == VIA_OK) {
                        printf("then %.1f\n", report->celsius);
                        weather_Report_free(report);
                }
                weather_Station_forecast_finish(stream, &err);  /* how it ended */
        }
        while (via_client_pending(client) && via_client_turn(client, 1000, NULL) == VIA_OK)
                ;
        via_client_close(client);
        return err.code ? via_error_report(&err) : 0;
}
