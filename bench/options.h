#pragma once
/*
 * options.h - the command line of the benchmark
 */
struct bench_options;

enum { OPTIONS_HELP = 1 };              /* help was asked for, and printed */

/* 0, OPTIONS_HELP, or -EINVAL after a sentence on standard error that names what is wrong. */
int options_parse(struct bench_options *options, int argc, char **argv);
