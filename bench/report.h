#pragma once
/*
 * report.h - the results, for people or for programs
 */
#include <stdio.h>

struct bench_plan;
struct watch;

/* A table a placement; the last columns say how each system compares with its floor. */
void report_table(const struct bench_plan *plan, const struct watch *watch, FILE *out);

/* Lines `system⇥transport⇥placement⇥case⇥metric⇥value`, medians over the rounds. */
void report_tsv(const struct bench_plan *plan, FILE *out);

/* Prints what failed (not what was skipped) on @out; returns how many cells. */
unsigned report_failures(const struct bench_plan *plan, FILE *out);
