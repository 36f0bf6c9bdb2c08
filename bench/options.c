/*
 * options.c - the command line of the benchmark
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bench.h"
#include "options.h"
#include "plan.h"

#define ROUNDS_MAX 1000

#ifndef BENCH_IDLC
#define BENCH_IDLC NULL
#endif

static const char help[] =
        "usage: bench [--quick] [--rounds N] [--system NAME] [--transport NAME]\n"
        "             [--placement NAME] [--case NAME] [--tsv] [--check] [--idlc PATH]\n"
        "\n"
        "Measures Via's calls and the floors under them side by side, in interleaved\n"
        "rounds, and prints medians over the rounds, ratios to the floors, and Via's bounds.\n"
        "\n"
        "  --quick           64 bytes, and what the bounds need, in less than a minute\n"
        "                    (all of it takes about four)\n"
        "  --rounds N        how many rounds; more are steadier, each is then shorter\n"
        "  --system NAME     only this one; likewise --transport, --placement and --case\n"
        "  --tsv             no table: lines of system, transport, placement, case,\n"
        "                    metric, value\n"
        "  --check           exit with 1 if a bound is missed\n"
        "  --idlc PATH       the compiler to measure\n"
        "  --help            this\n"
        "\n"
        "Exit status: 0; 1 if a cell failed or, with --check, a bound is missed; 2 for\n"
        "a wrong option.\n";

static const char *system_name(unsigned i) {
        return i < bench_n_systems ? bench_systems[i].name : NULL;
}

static const char *transport_name(unsigned i) {
        return i < bench_n_systems ? bench_systems[i].transport : NULL;
}

static const char *placement_name(unsigned i) {
        return i < BENCH_PLACEMENTS ? bench_placement_names[i] : NULL;
}

static const char *case_name(unsigned i) {
        return i < bench_n_cases ? bench_cases[i].name : NULL;
}

/* Sets *@ret if @name is one of @names; else says which there are. */
static int choose(const char *what, const char *name, const char *(*names)(unsigned),
                  const char **ret) {
        for (unsigned i = 0; names(i); i++) {
                if (strcmp(names(i), name) == 0) {
                        *ret = names(i);
                        return 0;
                }
        }

        fprintf(stderr, "bench: there is no %s '%s'; there is:", what, name);
        for (unsigned i = 0, j; names(i); i++) {
                for (j = 0; strcmp(names(j), names(i)) != 0; j++)
                        ;
                if (j == i)             /* named for the first time */
                        fprintf(stderr, " %s", names(i));
        }
        fputc('\n', stderr);
        return -EINVAL;
}

static int rounds(const char *text, unsigned *ret) {
        char *end;
        unsigned long n = strtoul(text, &end, 10);

        if (*text < '0' || *text > '9' || *end || n < 1 || n > ROUNDS_MAX) {
                fprintf(stderr, "bench: --rounds wants a number from 1 to %d, not '%s'\n",
                        ROUNDS_MAX, text);
                return -EINVAL;
        }
        *ret = (unsigned)n;
        return 0;
}

int options_parse(struct bench_options *options, int argc, char **argv) {
        static const struct option longs[] = {
                { "quick", no_argument, NULL, 'q' },
                { "rounds", required_argument, NULL, 'r' },
                { "system", required_argument, NULL, 's' },
                { "transport", required_argument, NULL, 't' },
                { "placement", required_argument, NULL, 'p' },
                { "case", required_argument, NULL, 'c' },
                { "tsv", no_argument, NULL, 'v' },
                { "check", no_argument, NULL, 'k' },
                { "idlc", required_argument, NULL, 'i' },
                { "help", no_argument, NULL, 'h' },
                { 0 },
        };
        int option, r = 0;

        *options = (struct bench_options){ .idlc = BENCH_IDLC };
        while (r == 0 && (option = getopt_long(argc, argv, "h", longs, NULL)) != -1) {
                switch (option) {
                case 'q':
                        options->quick = true;
                        break;
                case 'v':
                        options->tsv = true;
                        break;
                case 'k':
                        options->check = true;
                        break;
                case 'i':
                        options->idlc = optarg;
                        break;
                case 'r':
                        r = rounds(optarg, &options->rounds);
                        break;
                case 's':
                        r = choose("system", optarg, system_name, &options->system);
                        break;
                case 't':
                        r = choose("transport", optarg, transport_name, &options->transport);
                        break;
                case 'p':
                        r = choose("placement", optarg, placement_name, &options->placement);
                        break;
                case 'c':
                        r = choose("case", optarg, case_name, &options->kind);
                        break;
                case 'h':
                        fputs(help, stdout);
                        return OPTIONS_HELP;
                default:
                        r = -EINVAL;    /* getopt has said what is wrong */
                }
        }
        if (r == 0 && optind < argc) {
                fprintf(stderr, "bench: '%s' is not an option\n", argv[optind]);
                r = -EINVAL;
        }
        if (r < 0)
                fputs("bench: see bench --help\n", stderr);
        return r;
}
