#pragma once
/*
 * args.h - the client's command line, understood before anything else is done
 */
#include "procs.h"

enum command {
        COMMAND_HELP,
        COMMAND_LIST,
        COMMAND_GET,
        COMMAND_SUMMARY,
        COMMAND_SIGNAL,
        COMMAND_BENCH,
        COMMAND_WATCH,
};

struct args {
        enum command         command;
        const char          *endpoint;
        struct procs_Filter  filter;            /* its texts are argv's */
        int32_t              pid, signal;
        uint32_t             calls;
};

extern const char args_usage[];

/* Fills in *@ret. Returns 0; or -EINVAL, after a sentence on standard error. */
int args_parse(int argc, char **argv, struct args *ret);
