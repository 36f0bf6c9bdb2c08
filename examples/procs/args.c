/*
 * args.c - the client's command line, understood before anything else is done
 */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "args.h"

const char args_usage[] =
        "usage: procs-client ENDPOINT COMMAND [ARGUMENT...]\n"
        "\n"
        "  summary             the machine: load, memory, counts\n"
        "  list [OPTION...]    its processes, as a table\n"
        "      --user=NAME         only those that run as NAME\n"
        "      --name=TEXT         only those with TEXT in their name\n"
        "      --min-cpu=PERCENT   only those that use at least so much of a core\n"
        "      --min-mem=BYTES     only those that occupy at least so much (100M, 2G)\n"
        "      --sort=ORDER        cpu (as without), memory, pid or name\n"
        "      --limit=N           only the first N\n"
        "  watch [OPTION...]   those of them that start and end, as they do, until Ctrl-C\n"
        "      options as of list; --limit=N: until there were N\n"
        "  get PID             one process\n"
        "  signal PID SIGNAL   TERM, KILL, 15, ...; 0 only asks whether it could\n"
        "  bench N             N calls of get, and how long they took\n"
        "\n"
        "ENDPOINT is where a procs-server serves: unix:PATH, tcp://HOST:PORT, ...\n"
        "With inproc:NAME the client serves itself, in a thread of its own.\n";

static const struct {
        const char   *name;
        enum command  command;
        int           operands;
} commands[] = {
        { "list",    COMMAND_LIST,    0 },
        { "get",     COMMAND_GET,     1 },
        { "summary", COMMAND_SUMMARY, 0 },
        { "signal",  COMMAND_SIGNAL,  2 },
        { "bench",   COMMAND_BENCH,   1 },
        { "watch",   COMMAND_WATCH,   0 },
};

static const struct {
        const char *name;
        int         number;
} signals[] = {
        { "HUP",  SIGHUP  }, { "INT",  SIGINT  }, { "QUIT", SIGQUIT }, { "KILL", SIGKILL },
        { "USR1", SIGUSR1 }, { "USR2", SIGUSR2 }, { "ALRM", SIGALRM }, { "TERM", SIGTERM },
        { "CONT", SIGCONT }, { "STOP", SIGSTOP }, { "TSTP", SIGTSTP }, { "WINCH", SIGWINCH },
};

static const struct {
        const char       *name;
        enum procs_Order  order;
} orders[] = {
        { "cpu",  procs_Order_BY_CPU }, { "memory", procs_Order_BY_MEMORY },
        { "pid",  procs_Order_BY_PID }, { "name",   procs_Order_BY_NAME   },
};

static int wrong(const char *what, const char *text) {
        fprintf(stderr, "procs-client: %s: \"%s\" (see procs-client --help)\n", what, text);
        return -EINVAL;
}

static int parse_number(const char *text, const char *what, uint32_t min, uint32_t max,
                        uint32_t *ret) {
        unsigned long long value;
        char *end;

        errno = 0;
        value = strtoull(text, &end, 10);
        if (text[0] < '0' || text[0] > '9' || *end || errno || value < min || value > max)
                return wrong(what, text);
        *ret = (uint32_t)value;
        return 0;
}

static int parse_percent(const char *text, double *ret) {
        char *end;
        double value = strtod(text, &end);

        if (end == text || *end || !isfinite(value) || value < 0)
                return wrong("not a percentage", text);
        *ret = value;
        return 0;
}

static int parse_bytes(const char *text, uint64_t *ret) {
        static const char units[] = "KMG";
        unsigned long long value;
        const char *unit;
        unsigned shift;
        char *end;

        errno = 0;
        value = strtoull(text, &end, 10);
        unit = *end ? strchr(units, *end) : NULL;
        shift = unit ? (unsigned)(unit - units + 1) * 10 : 0;
        end += unit != NULL;
        if (text[0] < '0' || text[0] > '9' || *end || errno || value > UINT64_MAX >> shift)
                return wrong("not a number of bytes", text);
        *ret = (uint64_t)value << shift;
        return 0;
}

static int parse_signal(const char *text, int32_t *ret) {
        const char *name = strncmp(text, "SIG", 3) == 0 ? text + 3 : text;
        uint32_t number;

        for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
                if (strcmp(signals[i].name, name) == 0) {
                        *ret = signals[i].number;
                        return 0;
                }
        }
        if (parse_number(text, "not a signal", 0, 64, &number))
                return -EINVAL;
        *ret = (int32_t)number;
        return 0;
}

static int parse_order(const char *text, enum procs_Order *ret) {
        for (size_t i = 0; i < sizeof(orders) / sizeof(*orders); i++) {
                if (strcmp(orders[i].name, text) == 0) {
                        *ret = orders[i].order;
                        return 0;
                }
        }
        return wrong("not an order", text);
}

static int parse_option(int option, char *value, struct procs_Filter *filter) {
        switch (option) {
        case 'u':
                filter->user = value;
                return 0;
        case 'n':
                filter->name = value;
                return 0;
        case 'c':
                return parse_percent(value, &filter->min_cpu);
        case 'm':
                return parse_bytes(value, &filter->min_memory);
        case 's':
                return parse_order(value, &filter->sort_by);
        case 'l':
                return parse_number(value, "not a limit", 1, UINT32_MAX, &filter->limit);
        default:
                return -EINVAL;
        }
}

static int parse_filter(int argc, char **argv, struct procs_Filter *filter) {
        static const struct option options[] = {
                { "user",    required_argument, NULL, 'u' },
                { "name",    required_argument, NULL, 'n' },
                { "min-cpu", required_argument, NULL, 'c' },
                { "min-mem", required_argument, NULL, 'm' },
                { "sort",    required_argument, NULL, 's' },
                { "limit",   required_argument, NULL, 'l' },
                { NULL, 0, NULL, 0 },
        };
        int option;

        opterr = 0;
        while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
                if (option == ':')
                        return wrong("an option without its value", argv[optind - 1]);
                if (option == '?')
                        return wrong("no such option", argv[optind - 1]);
                if (parse_option(option, optarg, filter))
                        return -EINVAL;
        }
        return optind < argc ? wrong("one argument too many", argv[optind]) : 0;
}

static int parse_operands(char **argv, struct args *args) {
        uint32_t pid = 0;
        int r = 0;

        if (args->command == COMMAND_GET || args->command == COMMAND_SIGNAL)
                r = parse_number(argv[0], "not a pid", 1, INT32_MAX, &pid);
        if (!r && args->command == COMMAND_SIGNAL)
                r = parse_signal(argv[1], &args->signal);
        if (!r && args->command == COMMAND_BENCH)
                r = parse_number(argv[0], "not a number of calls", 1, 10000000, &args->calls);
        args->pid = (int32_t)pid;
        return r;
}

int args_parse(int argc, char **argv, struct args *ret) {
        if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
                *ret = (struct args){ .command = COMMAND_HELP };
                return 0;
        }
        if (argc < 3)
                return fputs(args_usage, stderr), -EINVAL;

        *ret = (struct args){ .endpoint = argv[1] };
        procs_Filter_init(&ret->filter);
        for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
                if (strcmp(commands[i].name, argv[2]) != 0)
                        continue;
                ret->command = commands[i].command;
                if (ret->command == COMMAND_LIST || ret->command == COMMAND_WATCH)
                        return parse_filter(argc - 2, argv + 2, &ret->filter);
                if (argc - 3 != commands[i].operands)
                        return wrong("too few arguments, or too many, for", argv[2]);
                return parse_operands(argv + 3, ret);
        }
        return wrong("no such command", argv[2]);
}
